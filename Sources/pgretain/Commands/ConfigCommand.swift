import ArgumentParser
import Retention

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "The effective configuration, and where each value came from.",
        discussion: """
            EXAMPLES
              pgretain config
              pgretain config --config ./pgretain.yaml --json

            Passwords are masked.
            """)

    @OptionGroup var common: CommonOptions

    func run() throws {
        let configuration = try common.configuration()
        let settings = configuration.settings.map(SettingLine.init)
        guard !common.json else {
            common.console.out(try JSONDocument.text("settings", settings))
            return
        }
        var table = TextTable([.left, .left, .left], indent: "")
        for setting in settings { table.add(setting.key, setting.value, setting.source) }
        common.console.out("# \(configuration.file)\n" + table.text)
    }
}

private struct SettingLine: Encodable {
    var key: String
    var value: String
    var source: String

    init(_ setting: Configuration.Setting) {
        key = setting.key
        value = setting.key == "database" ? ConnectionText.masked(setting.value) : setting.value
        source =
            switch setting.source {
            case .flag(let name): "flag \(name)"
            case .environment(let name): "environment \(name)"
            case .file(let line): line.map { "line \($0)" } ?? "file"
            case .default: "default"
            }
    }
}

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
        let all = try common.configurations()
        let settings = all.map { $0.settings.map(SettingLine.init) }
        guard !common.json else {
            let text =
                all.count == 1
                ? try JSONDocument.text("settings", settings[0])
                : try JSONDocument.text(
                    ofDatabases: "settings", zip(all, settings).map { ($0.name, .success($1)) })
            return common.console.out(text)
        }
        for (configuration, settings) in zip(all, settings) {
            var console = common.console
            console.database = all.count > 1 ? configuration.name : nil
            var table = TextTable([.left, .left, .left], indent: "")
            for setting in settings { table.add(setting.key, setting.value, setting.source) }
            console.out("# \(configuration.file)\n" + table.text)
        }
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

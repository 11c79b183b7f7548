import ArgumentParser
import Maintenance

struct UninstallCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "uninstall",
        abstract: "What is left in the database, and how to be rid of each of it.",
        discussion: """
            EXAMPLES
              pgretain uninstall --print

            Lists detached partitions that wait, constraints and triggers that were
            left on tables, holds, pins and pauses, each with the command or the
            SQL that ends it, and what removes the schema in the end. It changes
            nothing. Archives stay, and need no pgretain to be read.
            """)

    @OptionGroup var common: CommonOptions

    @Flag(name: .long, help: "Print it; there is nothing else to do with it.")
    var print = false

    func validate() throws {
        guard print else { throw ValidationError("say --print") }
    }

    func run() throws {
        let found = try Uninstallation.look(site: try common.site())
        common.console.out(
            common.json
                ? try JSONDocument.text("uninstallation", found) : UninstallText.text(found))
    }
}

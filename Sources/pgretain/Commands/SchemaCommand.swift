import ArgumentParser
import Maintenance

struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "The ledger's schema as SQL, for those whose DBAs apply DDL themselves.",
        discussion: """
            EXAMPLES
              pgretain schema --print | psql -1 service=logs
            """)

    @OptionGroup var common: CommonOptions

    @Flag(name: .long, help: "Print it; there is nothing else to do with it.")
    var print = false

    func validate() throws {
        guard print else { throw ValidationError("say --print") }
    }

    func run() throws {
        common.console.out(LedgerSchema.sql)
    }
}

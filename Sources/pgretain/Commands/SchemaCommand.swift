import ArgumentParser
import Maintenance

struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "The ledger's schema as SQL, for those whose DBAs apply DDL themselves.",
        discussion: """
            EXAMPLES
              pgretain schema --print | psql -1 service=logs
              pgretain schema upgrade
              pgretain schema upgrade --print
            """,
        subcommands: [Whole.self, Upgrade.self], defaultSubcommand: Whole.self)
}

extension SchemaCommand {
    /// What `schema` is without another word.
    struct Whole: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "All of it, whatever the database has.")

        @OptionGroup var common: CommonOptions

        @Flag(name: .long, help: "Print it; there is nothing else to do with it.")
        var print = false

        func validate() throws {
            guard print else { throw ValidationError("say --print, or upgrade") }
        }

        func run() throws {
            common.console.out(LedgerSchema.sql)
        }
    }

    struct Upgrade: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make what an earlier release, or none, has left to be made.",
            discussion: """
                Any command that writes to the ledger does the same by itself. Nothing
                that is there is changed, and an older program goes on with it.
                """)

        @OptionGroup var common: CommonOptions

        @Flag(name: .long, help: "Print the SQL, and change nothing.")
        var print = false

        func run() throws {
            let site = try common.siteAsWritten()
            let console = common.console
            let missing = try LedgerSchema.missing(site: site)
            guard !print else { return console.out(missing ?? "-- nothing is missing\n") }
            if missing != nil { try LedgerSchema.upgrade(site: site) }
            if !common.quiet {
                console.out(missing == nil ? "nothing is missing\n" : "upgraded\n")
            }
        }
    }
}

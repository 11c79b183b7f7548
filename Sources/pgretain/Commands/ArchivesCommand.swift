import ArgumentParser
import Maintenance
import Retention

struct ArchivesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "archives", abstract: "List, show, verify, expire and erase archives.",
        discussion: """
            EXAMPLES
              pgretain archives list
              pgretain archives show --table public.system_logs --period 2025-01
              pgretain archives verify
              pgretain archives verify --sample 5%
              pgretain archives expire --dry-run
              pgretain archives erase --table system_logs --where user_id=4711
              pgretain archives export-ddl --engine duckdb --table system_logs
            """,
        subcommands: [
            List.self, Show.self, Verify.self, Expire.self, Erase.self, Accept.self, Diff.self,
            ExportDDL.self,
        ])
}

extension ArchivesCommand {
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Every archive: range, rows, size.",
            discussion: """
                EXAMPLES
                  pgretain archives list
                  pgretain archives list --table public.system_logs --json
                """)

        @OptionGroup var common: CommonOptions
        @OptionGroup var tables: TableOption

        func run() throws {
            let site = try tables.narrow(try common.siteAsWritten())
            let shelf = try ArchiveShelf(site: site, table: tables.table, .short)
            let lost = shelf.lost(site: site, tables: site.tableNames)
            let entries = shelf.entries
            let console = common.console
            console.out(
                common.json
                    ? try JSONDocument.text("archives", entries) : ArchivesText.list(entries))
            console.tell(lost)
            let problems = entries.compactMap(\.problem) + shelf.strangerProblems + lost.problems
            for problem in problems { console.tell(problem) }
            throw EarlyExit(status: .of(problems.map(\.status)))
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "One archive's manifest, and the command that restores it.",
            discussion: """
                EXAMPLES
                  pgretain archives show --table public.system_logs --period 2025-01
                  pgretain archives show --table public.system_logs --period 2025-01 \\
                      --generation 1

                Says which other generations of the archive are kept beside it.
                """)

        @OptionGroup var common: CommonOptions

        @Option(name: .long, help: "The table, as SQL writes it.", transform: TableName.parse)
        var table: QualifiedName

        @Option(name: .long, help: "The period: 2025-01, 2025-w01, 2025-q1, 2025, 2025-01-05.")
        var period: String

        @Option(
            name: .long, help: "An older archive that was kept, by its number in the manifest.")
        var generation: Int?

        func run() throws {
            let site = try common.siteAsWritten()
            let slice = try ArchiveShelf.slice(site: site, table: table, period: period)
            let shown = try ArchiveShelf.Shown(slice, generation, site: site)
            common.console.out(
                common.json
                    ? try JSONDocument.text("manifest", shown)
                    : ArchivesText.show(shown, period: period, generation: generation))
        }
    }
}

extension Console {
    /// That nothing is lost is not known where no database has said so.
    func tell(_ lost: ArchiveShelf.Lost) {
        guard let reason = lost.unasked else { return }
        say("note: lost archives were not looked for: \(reason)")
    }
}

/// A table's name on the command line.
enum TableName {
    static func parse(_ text: String) throws -> QualifiedName {
        guard let name = QualifiedName(sql: text) else {
            throw ValidationError("`\(text)` is not a table's name as SQL writes it")
        }
        return name
    }
}

import ArgumentParser
import Maintenance
import Retention

extension ArchivesCommand {
    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read archives back from the store and prove each.",
            discussion: """
                EXAMPLES
                  pgretain archives verify
                  pgretain archives verify --table public.system_logs --period 2025-01
                  pgretain archives verify --table public.system_logs --period 2025-01 \\
                      --generation 1
                  pgretain archives verify --sample 5%

                Proves size, sha256, gzip form, every line and value, and the
                digest of all rows. Ends in 65 when one does not verify, and
                in 66 when one that the ledger names is not there.

                --sample reads a share of all bytes, a whole archive at least:
                first what was not good the last time, then what was not read
                for longest. What was read, by --sample or without it, is kept
                in the store's root.
                """)

        @OptionGroup var common: CommonOptions
        @OptionGroup var tables: TableOption

        @Option(name: .long, help: "One period: 2025-01, 2025-w01, 2025-q1, 2025, 2025-01-05.")
        var period: String?

        @Option(
            name: .long,
            help: "With --period: one archive of it, by its number in the manifest; else all.")
        var generation: Int?

        @Option(
            name: .long, help: "A share of the store, such as 5%, oldest-checked first.",
            transform: { text in
                guard text.hasSuffix("%"), let percent = Double(text.dropLast()), percent > 0,
                    percent <= 100
                else { throw ValidationError("`\(text)` is no share; write it like 5%") }
                return percent / 100
            })
        var sample: Double?

        func validate() throws {
            if period != nil, sample != nil {
                throw ValidationError("say either --period or --sample")
            }
            if period != nil, tables.table == nil {
                throw ValidationError("--period needs --table")
            }
            if generation != nil, period == nil {
                throw ValidationError("--generation needs --period")
            }
        }

        func run() throws {
            let console = common.console
            let site = try tables.narrow(try common.siteAsWritten())
            let shelf = try ArchiveShelf(site: site, table: tables.table, .long)
            var choice = ArchiveShelf.Choice.all
            if let period, let table = tables.table {
                choice = .slice(
                    try ArchiveShelf.slice(site: site, table: table, period: period),
                    generation: generation)
            } else if let sample {
                choice = .sample(sample)
            }
            let progress = ProgressLine(console)
            var verified: [ArchiveShelf.Entry] = []
            let tell = { (entry: ArchiveShelf.Entry, seconds: Double) in
                verified.append(entry)
                for note in entry.notes ?? [] { console.say("note: \(entry.slice): \(note)") }
                guard !common.json, !common.quiet else { return }
                console.out(ArchivesText.verified(entry, seconds: seconds))
            }
            let found = try shelf.verify(
                choice, site: site, now: common.now, workers: site.workersInMemory,
                interruption: Surroundings.interruption, progress: progress.sink, each: tell)
            progress.end()
            var problems = found.problems
            if period == nil {
                let lost = shelf.lost(site: site, tables: site.tableNames)
                console.tell(lost)
                problems += lost.problems
            }
            if common.json { console.out(try JSONDocument.text("verified", verified)) }
            if let sample = found.sample, !common.json, !common.quiet {
                console.out(ArchivesText.sample(sample))
            }
            if let unrecorded = found.unrecorded, !common.quiet {
                console.say("note: what was read is not written down: " + unrecorded.message)
            }
            for problem in problems { console.tell(problem) }
            throw EarlyExit(status: .of(problems.map(\.status)))
        }
    }
}

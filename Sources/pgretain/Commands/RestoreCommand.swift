import ArgumentParser
import Maintenance
import Retention
import RowCoding

struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Bring rows back: a period or a time range, into a table or in their place.",
        discussion: """
            EXAMPLES
              pgretain restore --table system_logs --period 2025-01
              pgretain restore --table system_logs --period 2025-01 --into back --indexes
              pgretain restore --table system_logs --period 2025-01 --attach
              pgretain restore --table system_logs --from 2025-01-05T10:00 \\
                  --to 2025-01-05T12:00 --where level=ERROR
              pgretain restore --table system_logs --period 2025-01 \\
                  --into findings --append --map msg=message
              pgretain restore --table system_logs --period 2025-01 \\
                  --into findings --append --on-conflict skip
              pgretain restore dump.ndjson.gz more.ndjson --into findings --append
              pgretain restore dump.ndjson.gz --into findings --append --on-conflict skip
              pgretain restore --table system_logs --period 2025-01 --attach --dry-run
              pgretain restore --table system_logs --period 2025-01 --create \\
                  --into system_logs --archives /mnt/old --database service=empty
              pgretain restore --table system_logs --period 2025-01 --generation 1
              pgretain restore --table system_logs --period 2025-01 --release
              pgretain restore --drill

            Without --into and --attach the rows go to a new table beside their
            own, such as system_logs_restored_2025_01 or, of a time range,
            system_logs_restored_20250105t1000_20250105t1200; with --where, _where
            comes behind it.

            A time range may span archives; only parts that can hold rows of it
            are read. Each part is read to its end and compared with its manifest;
            what was loaded is read back and compared by digest with what was
            read, and only then is anything to be seen of it. All of it, or
            nothing.

            One that was killed is gone on with by the same command within a day: parts
            that were loaded are not read again. Told to end, it leaves nothing.

            Where rows have vanished from a table, the archive that had them is kept beside
            the newer one. A restore says so; --generation brings the older one back, by
            the number that archives list and show give.

            A whole period that comes back is pinned: retention leaves it alone
            until the pin ends, or is released.

            On a server that has never seen the table --create makes its schema and does
            without types and functions that are not there; --archives and
            --database then take the place of a configuration.

            FILES are of other programs: a JSON object a line, gzipped or not, keys
            named as the columns. What has no digest is proven by its number of
            rows alone.
            """)

    @OptionGroup var common: CommonOptions

    @Argument(help: "Files of other programs, for a table that is there.")
    var files: [String] = []

    @Option(
        name: .long, help: "The table whose archives are read, as SQL writes it.",
        transform: TableName.parse)
    var table: QualifiedName?

    @Option(name: .long, help: "The period: 2025-01, 2025-w01, 2025-q1, 2025, 2025-01-05.")
    var period: String?

    @Option(
        name: .long,
        help: "With --period: an older archive of it that was kept, by its number in the manifest.")
    var generation: Int?

    @OptionGroup var time: TimeOptions

    @Option(
        name: .customLong("where"),
        help: "Rows that meet a condition, as search has it; may be given more than once.",
        transform: RowCondition.parse)
    var conditions: [RowCondition] = []

    @Option(
        name: .long,
        help: "A new table: columns, defaults and NOT NULL. With --append, one that is there.",
        transform: TableName.parse)
    var into: QualifiedName?

    @Flag(name: .long, help: "With --into: add the rows to those of a table that is there.")
    var append = false

    @Option(
        name: .long,
        help:
            "With --append: refuse (the default) where the table has a key already, or skip such rows."
    )
    var onConflict: RestoreRequest.OnConflict?

    @Flag(name: .long, help: "As a partition of its table again.")
    var attach = false

    @Flag(name: .long, help: "Restore nothing: let retention have again what was restored.")
    var release = false

    @Flag(
        name: .long,
        help:
            "Bring an archive that chance picks back, prove it, measure how long it takes, and drop it."
    )
    var drill = false

    @Flag(name: .long, help: "Restore nothing: say what it would read, load and need.")
    var dryRun = false

    @Flag(name: .long, help: "A new table's indexes and unique constraints too.")
    var indexes = false

    @Flag(
        name: .long,
        help: "On a server without the table's schema, types or functions: make do without.")
    var create = false

    @Option(
        name: .long, help: "OLD=NEW: the archive's column OLD is the table's NEW.",
        transform: ColumnRenaming.parse)
    var map: [ColumnRenaming] = []

    @Option(
        name: .long,
        help: "Columns whose values are left behind, since the table has none; commas between them."
    )
    var allowMissing: [String] = []

    @Option(
        name: .long,
        help:
            "Of FILES: json, or copy where COPY … TO STDOUT printed them and doubled backslashes.",
        transform: { text in
            guard let form = ForeignLines.Form(rawValue: text) else {
                throw ValidationError("`\(text)` is no form of lines; say json or copy")
            }
            return form
        })
    var form: ForeignLines.Form?

    @Option(
        name: .long, help: "How long retention leaves a period that came back alone.",
        transform: Span.parse)
    var pin = Span(days: 30)

    func validate() throws {
        guard files.isEmpty else { return try validateFiles() }
        guard !drill else { return try validateDrill() }
        let isRange = time.isGiven
        guard form == nil else { throw ValidationError("--form is of files") }
        guard table != nil else { throw ValidationError("say --table, or name files") }
        guard period != nil || isRange || !conditions.isEmpty else {
            throw ValidationError("say which rows: --period, --from and --to, or --where")
        }
        guard period == nil || !isRange else {
            throw ValidationError("say either --period, or --from and --to")
        }
        guard generation == nil || period != nil && !release else {
            throw ValidationError(
                "--generation is of what --period restores; archives show lists them")
        }
        guard [attach, into != nil, release].count(where: { $0 }) <= 1 else {
            throw ValidationError("say one of --into TABLE, --attach and --release")
        }
        guard !release || !dryRun else {
            throw ValidationError("--release restores nothing: there is no --dry-run of it")
        }
        guard !append || into != nil else {
            throw ValidationError("--append needs --into TABLE, the one to add to")
        }
        guard onConflict == nil || append else {
            throw ValidationError("--on-conflict goes with --append")
        }
        guard !attach && !release || period != nil && conditions.isEmpty else {
            throw ValidationError(
                "--attach and --release are of a whole --period: a partition holds all of its rows")
        }
        guard append || attach || map.isEmpty && allowMissing.isEmpty else {
            throw ValidationError(
                "--map and --allow-missing fit columns to a table that is there: they go with "
                    + "--append, and --map with --attach")
        }
        guard !attach || allowMissing.isEmpty else {
            throw ValidationError(
                "a partition without values that its archive has could never leave again: use "
                    + "--into instead of --attach, or give the table the column back")
        }
        guard !(append || attach) || !indexes && !create else {
            throw ValidationError("--indexes and --create are for a new table")
        }
    }

    private func validateDrill() throws {
        let others =
            time.isGiven || into != nil || append || attach || release || dryRun
            || indexes || create || onConflict != nil || !conditions.isEmpty
            || generation != nil
        guard !others, period == nil || table != nil else {
            throw ValidationError(
                "a --drill leaves nothing behind; it takes --table, and with it --period, alone")
        }
    }

    private func validateFiles() throws {
        let others =
            table != nil || period != nil || generation != nil || time.isGiven || attach
            || release || indexes || create || !conditions.isEmpty
        guard into != nil, append, !others else {
            throw ValidationError(
                "files go into a table that is there (in SQL: CREATE TABLE new (LIKE old)): FILE … "
                    + "--into TABLE --append, with --map, --allow-missing, --on-conflict and "
                    + "--dry-run at most")
        }
    }
}

/// `old=new`
struct ColumnRenaming {
    let old: String
    let new: String

    static func parse(_ text: String) throws -> ColumnRenaming {
        let parts = text.split(separator: "=", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else {
            throw ValidationError("`\(text)` is no renaming; write it like old=new")
        }
        return ColumnRenaming(old: String(parts[0]), new: String(parts[1]))
    }
}

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
              pgretain restore --table system_logs --from 2025-01-05T10:00 --to 2025-01-05T12:00 --where level=ERROR
              pgretain restore --table system_logs --period 2025-01 --into findings --append --map msg=message
              pgretain restore dump.ndjson.gz more.ndjson --into findings --append
              pgretain restore --table system_logs --period 2025-01 --attach --dry-run
              pgretain restore --table system_logs --period 2025-01 --into public.system_logs --create \\
                  --archives /mnt/archives --database service=empty
              pgretain restore --table system_logs --period 2025-01 --release

            Without --into and --attach the rows go to a new table beside their
            own, such as system_logs_restored_2025_01 or, of a time range,
            system_logs_restored_20250105t1000_20250105t1200.

            A time range may span archives; only parts that can hold rows of it
            are read. Each part is read to its end and compared with its manifest;
            what was loaded is read back and compared by digest with what was
            read, and only then is anything to be seen of it. All of it, or
            nothing.

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
        name: .long, help: "Rows from this time on: 2025-01-05, 2025-01-05T13:30, or with a zone.",
        transform: Moment.parse)
    var from: Moment?

    @Option(name: .long, help: "Rows before this time.", transform: Moment.parse)
    var to: Moment?

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

    @Flag(name: .long, help: "As a partition of its table again.")
    var attach = false

    @Flag(name: .long, help: "Restore nothing: let retention have again what was restored.")
    var release = false

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
        name: .long, help: "How long retention leaves it alone.", transform: Span.parse)
    var pin = Span(days: 30)

    func validate() throws {
        guard files.isEmpty else { return try validateFiles() }
        let isRange = from != nil || to != nil
        guard form == nil else { throw ValidationError("--form is of files") }
        guard table != nil else { throw ValidationError("say --table, or name files") }
        guard period != nil || isRange || !conditions.isEmpty else {
            throw ValidationError("say which rows: --period, --from and --to, or --where")
        }
        guard period == nil || !isRange else {
            throw ValidationError("say either --period, or --from and --to")
        }
        guard [attach, into != nil, release].count(where: { $0 }) <= 1 else {
            throw ValidationError("say one of --into TABLE, --attach and --release")
        }
        guard !append || into != nil else {
            throw ValidationError("--append needs --into TABLE, the one to add to")
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

    private func validateFiles() throws {
        let others =
            table != nil || period != nil || from != nil || to != nil || attach || release
            || indexes || create || !conditions.isEmpty
        guard into != nil, append, !others else {
            throw ValidationError(
                "files go into a table that is there: FILE … --into TABLE --append, with --map, "
                    + "--allow-missing and --dry-run at most")
        }
    }

    private func unpin(_ site: Site, _ table: QualifiedName, _ period: String) throws {
        let orders = try Orders(site: site, host: Surroundings.host)
        let pins = try orders.unpin(table, .period(period))
        if common.json { return common.console.out(try JSONDocument.text("released", pins)) }
        guard !common.quiet else { return }
        for pin in pins { common.console.out("released: \(pin.relation) \(pin.bounds)\n") }
        if pins.isEmpty { common.console.out("nothing of it is pinned\n") }
    }

    private var fit: ColumnFit {
        ColumnFit(
            renamed: Dictionary(map.map { ($0.old, $0.new) }) { $1 },
            left: Set(allowMissing.flatMap { $0.split(separator: ",").map(String.init) }))
    }

    private func request(_ table: QualifiedName) -> RestoreRequest {
        let target: RestoreRequest.Target =
            if attach { .attach } else if append, let into { .append(into) } else { .new(into) }
        return RestoreRequest(
            table: table, period: period, from: from, to: to, conditions: conditions,
            target: target, withIndexes: indexes, makesDo: create, pin: pin,
            fit: fit)
    }

    func run() throws {
        let site = try common.siteOfArchives()
        guard let table else { return try runFiles(site) }
        if release, let period { return try unpin(site, table, period) }
        let console = common.console
        let progress = ProgressLine(console)
        let restore = Restore(
            site: site, interruption: Surroundings.interruption, progress: progress.sink,
            host: Surroundings.host)
        let request = request(table)
        let plan = try restore.plan(request)
        if dryRun {
            console.out(
                common.json ? try JSONDocument.text("restore", plan) : RestoreText.plan(plan))
            throw EarlyExit(status: .of(plan.obstacles.map(\.status)))
        }
        if plan.columns.contains(where: { $0.verdict == .missing }) {
            tell(plan.columns, of: "archive", plan.kind == .append ? plan.relation : plan.table)
        }
        let result: Restore.Result
        do {
            defer { progress.end() }
            result = try restore.run(plan, as: request)
        }
        if common.json {
            console.out(try JSONDocument.text("restored", result))
        } else if !common.quiet {
            console.out(RestoreText.result(result))
            for note in plan.notes { console.say("  note: \(note)") }
            for gap in plan.gaps { console.say("  note: no archive covers \(gap)") }
        }
    }
}

extension RestoreCommand {
    private func tell(_ columns: [ColumnMatch], of source: String, _ table: QualifiedName) {
        common.console.say("columns of the \(source), and of \(table):")
        common.console.say(String(RestoreText.columns(columns).dropLast()))
    }

    private func runFiles(_ site: Site) throws {
        guard let into else { return }
        let console = common.console
        let restore = FileRestore(
            files, form: form, into: into, fit: fit, site: site,
            interruption: Surroundings.interruption,
            host: Surroundings.host)
        if dryRun {
            let plan = try restore.plan()
            console.out(
                common.json ? try JSONDocument.text("restore", plan) : RestoreText.plan(plan))
            throw EarlyExit(status: .of(plan.obstacles.map(\.status)))
        }
        let result = try restore.run(refused: { tell($0.columns, of: "files", into) })
        if common.json {
            console.out(try JSONDocument.text("restored", result))
        } else if !common.quiet {
            console.out(RestoreText.result(result))
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

extension RowCondition {
    static func parse(_ text: String) throws -> RowCondition {
        guard let condition = RowCondition(text) else {
            throw ValidationError(
                "`\(text)` is no condition; write it like level=ERROR or 'message~time ?out'")
        }
        return condition
    }
}

import ArgumentParser
import Maintenance
import Retention
import RowCoding

struct SearchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search", abstract: "Rows in archives, with no database.",
        discussion: """
            EXAMPLES
              pgretain search --table system_logs --where request_id=3f0c51e0-88a4-4c7e-9d0a-1b2c3d4e5f60
              pgretain search --table system_logs --from 2025-01-05 --to 2025-01-06 --where 'http_status>=500'
              pgretain search --table system_logs --where 'message~time ?out' --columns created_at,message --format csv
              pgretain search --table system_logs --where extra_metadata.headers.host=api.example --limit 10
              pgretain search --table system_logs --where level=ERROR --count

            A condition is a column, one of = != < <= > >= ~ !~ and a value; a row
            has to meet all of them. ~ is a POSIX extended regular expression
            anywhere in the text. NULL meets none. Numbers and times are compared
            as such, all else byte by byte. Behind a column, a dot and a name
            reach into the JSON that it holds, be it jsonb or text; text that is
            no JSON is found under .raw.

            Rows come in the order of the archives and of the rows in them. Only
            parts that can hold rows of the time range are read. Ends in 65 when
            an archive cannot be read; what the others hold is printed.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case ndjson, csv, table
    }

    @OptionGroup var common: CommonOptions

    @Option(name: .long, help: "The table, as SQL writes it.", transform: TableName.parse)
    var table: QualifiedName

    @OptionGroup var time: TimeOptions

    @Option(
        name: .customLong("where"), help: "A condition; may be given more than once.",
        transform: RowCondition.parse)
    var conditions: [RowCondition] = []

    @Option(name: .long, help: "What is printed of each row, with commas between the names.")
    var columns: String?

    @Option(name: .long, help: "Stop after so many rows.")
    var limit: Int?

    @Flag(name: .long, help: "Only how many there are.")
    var count = false

    @Option(name: .long, help: "ndjson, csv or table.")
    var format: Format = .ndjson

    func validate() throws {
        if let limit, limit < 1 { throw ValidationError("--limit is a number from 1 on") }
    }

    func run() throws {
        let console = common.console
        let search = Search(
            site: try common.siteAsWritten(), interruption: Surroundings.interruption)
        let selection = count ? [] : columns?.split(separator: ",").map(String.init)
        let query = Search.Query(
            table: table, from: time.from, to: time.to, conditions: conditions,
            selection: selection,
            form: count ? .json : format.form, limit: limit ?? .max)
        var page = SearchPage(format: format, console: console)
        let summary = try search.run(
            query,
            begin: { if !count, !common.json { page.begin($0.selection ?? []) } },
            give: { if !count, !common.json { page.add($0) } })
        page.end()
        if common.json {
            console.out(try JSONDocument.text("search", summary))
        } else if count {
            console.out("\(summary.rows)\n")
        }
        console.detail(
            "\(Quantities.plural(summary.rows, "row")); read \(Quantities.count(summary.partsRead)) of "
                + "\(Quantities.plural(summary.parts, "part")), "
                + "\(Quantities.bytes(summary.bytesRead)) of \(Quantities.bytes(summary.bytes))")
        for gap in summary.gaps.prefix(3) { console.say("note: no archive covers \(gap)") }
        if summary.gaps.count > 3 {
            console.say("note: nor \(Quantities.plural(summary.gaps.count - 3, "more range"))")
        }
        // Who leaves an end open, or finds nothing, is told where the archives end: without a database
        // nobody knows where they should.
        if let covered = summary.covered, time.from == nil || time.to == nil,
            time.isGiven || summary.rows == 0
        {
            console.say("note: no archive covers anything outside of \(covered)")
        }
        for note in summary.notes { console.say("note: \(note)") }
        for problem in summary.problems { console.tell(problem) }
        throw EarlyExit(status: .of(summary.problems.map(\.status)))
    }
}

extension SearchCommand.Format {
    fileprivate var form: RowFilter.Form {
        switch self {
        case .ndjson: .json
        case .csv: .csv
        case .table: .cells
        }
    }
}

/// Rows as they are found, on standard output.
private struct SearchPage {
    let format: SearchCommand.Format
    let console: Console
    private var header: [String] = []
    /// Of a table, whose columns are as wide as their widest cell: so many rows at a time.
    private var rows: [[String]] = []
    private static let rowsAtOnce = 500

    init(format: SearchCommand.Format, console: Console) {
        self.format = format
        self.console = console
    }

    mutating func begin(_ names: [String]) {
        header = names
        if format == .csv { console.out(names.map(Self.quoted).joined(separator: ",") + "\n") }
    }

    mutating func add(_ lines: UnsafeRawBufferPointer) {
        guard format == .table else { return console.out(lines) }
        for line in lines.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .dropLast()
        {
            rows.append(
                line.split(separator: RowFilter.separator, omittingEmptySubsequences: false).map {
                    String(decoding: $0, as: UTF8.self)
                })
            if rows.count == Self.rowsAtOnce { end() }
        }
    }

    mutating func end() {
        guard !rows.isEmpty else { return }
        var table = TextTable(header.map { _ in .left }, indent: "")
        table.add(header)
        for row in rows { table.add(row) }
        console.out(table.text)
        rows = []
    }

    private static func quoted(_ name: String) -> String {
        let isPlain = name.allSatisfy { !"\",\r\n".contains($0) }
        return isPlain ? name : "\"" + name.map { $0 == "\"" ? "\"\"" : String($0) }.joined() + "\""
    }
}

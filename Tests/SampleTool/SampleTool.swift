import ArgumentParser
import Glibc
import Retention
import SampleLogs

/// Makes the first user's tables and fills them; for the demo, the benchmarks and the tests.
@main
struct SampleTool: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sample-logs",
        abstract: "Seeded sample data: system_logs and its sisters.",
        discussion: """
            EXAMPLES
              sample-logs ddl --from 2025-01 --months 14 | psql
              sample-logs rows --from 2025-01 --months 14 --rows 500000 |
                  psql -c 'COPY public.system_logs FROM STDIN'
              sample-logs sisters --from 2025-01 --months 14 --rows 10000 | psql
            """,
        subcommands: [Definition.self, Rows.self, SistersCommand.self])

    struct Definition: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ddl", abstract: "SQL that makes public.system_logs.")
        @OptionGroup var options: ShapeOptions

        func run() throws {
            try writeAll(Array(SystemLogsDefinition(options.shape).sql.utf8))
        }
    }

    struct Rows: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Rows of public.system_logs, as COPY text.")
        @OptionGroup var options: ShapeOptions

        func run() throws {
            var rows = SystemLogsRows(options.shape)
            try rows.write(to: writeAll)
        }
    }

    struct SistersCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "sisters",
            abstract: "An SQL script that makes and fills llm_logs and user_invitations.")
        @OptionGroup var options: ShapeOptions

        func run() throws { try writeAll(Sisters(options.shape).script().bytes) }
    }
}

struct ShapeOptions: ParsableArguments {
    @Option(help: "The first month, such as 2025-01.")
    var from: String
    @Option(help: "How many months.")
    var months = 14
    @Option(help: "How many rows in all.")
    var rows = 500_000
    @Option(help: "The same seed, the same rows.")
    var seed: UInt64 = 1
    @Option(help: "The type of extra_metadata: text or jsonb.")
    var metadata = SampleShape.Metadata.jsonb
    @Flag(help: "A plain table, as the application makes it.")
    var plain = false
    @Flag(help: "With a DEFAULT partition, and keys that are infinite in it.")
    var defaultPartition = false
    @Flag(help: "With foreign keys to users and companies.")
    var foreignKeys = false
    @Flag(help: "Without the rows that bite an exporter.")
    var noEdgeRows = false

    func validate() throws {
        guard Period.month.firstDay(named: from) != nil else {
            throw ValidationError("--from \(from): a month such as 2025-01 is meant")
        }
        guard (1...1200).contains(months), rows >= 0 else {
            throw ValidationError("--months is 1 to 1200, and --rows no negative number")
        }
    }

    var shape: SampleShape {
        // Validated above.
        var shape = SampleShape(firstMonth: Period.month.firstDay(named: from)!, months: months)
        shape.rows = rows
        shape.seed = seed
        shape.metadata = metadata
        shape.isPlain = plain
        shape.hasDefaultPartition = defaultPartition
        shape.hasForeignKeys = foreignKeys
        shape.hasEdgeRows = !noEdgeRows
        return shape
    }
}

extension SampleShape.Metadata: ExpressibleByArgument {}

private func writeAll(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes(writeAll) }

/// To standard output, whole.
private func writeAll(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
        let written = Glibc.write(1, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if written < 0, errno == EINTR { continue }
        guard written > 0 else { throw ExitCode(74) }
        rest = rest.dropFirst(written)
    }
}

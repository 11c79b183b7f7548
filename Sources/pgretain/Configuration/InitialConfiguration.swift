import Maintenance
import Retention

/// The configuration that `init` writes: commented, and mild.
enum InitialConfiguration {
    static func text(database: String, name: String, archives: String, tables: [Discovery])
        -> String
    {
        let place = archives.hasPrefix("s3://") ? "A prefix in a bucket" : "A directory of our own"
        var text = """
            # pgretain: what is kept, for how long, and where the rest goes.
            # pgretain plan shows what it means for the database \(comment(name)); every key is in
            # docs/configuration.md.

            # Whatever libpq understands; empty leaves it to PGHOST, PGSERVICE and kin.
            database: \(quoted(database))
            # \(place), on another disk than the database.
            archives: \(quoted(archives))

            tables:

            """
        let managed = tables.filter(\.isPartitioned)
        for table in managed { text += entry(table) }
        if managed.isEmpty { text += "  # none of the tables is partitioned by time\n" }
        for table in tables where table.hasHeirs {
            text += """

                  # \(comment(table.table.description)) has children by inheritance (a hypertable of
                  # TimescaleDB, or partitions as they were before PostgreSQL 10), and can't be managed
                  # here: leave it to who made them, or move its rows into a table PARTITION BY RANGE.

                """
        }
        for table in tables where !table.isPartitioned && !table.hasHeirs {
            text += "\n  # A plain table. Take the marks away, then see what\n"
            text +=
                "  # pgretain adopt --dry-run \(comment(table.table.description.shellWord)) says.\n"
            for line in entry(table).split(separator: "\n") { text += "  #\(line)\n" }
        }
        text += """

            limits:
              # The longest wait for a lock that stops the application, in one attempt.
              lock_timeout: 800 ms
              lock_attempts: 20

            """
        return text
    }

    private static func entry(_ table: Discovery) -> String {
        var text = "  # "
        if table.isPartitioned { text += "\(Quantities.plural(table.partitions, "partition")), " }
        text += "\(Quantities.bytes(table.bytes))"
        if let rows = table.estimatedRows { text += ", about \(Quantities.plural(rows, "row"))" }
        text += "\n"
        if !table.otherKeys.isEmpty {
            text += "  # other time columns: \(comment(table.otherKeys.joined(separator: ", ")))\n"
        }
        let partman = table.partman
        if let partman {
            text += handover(of: table, from: partman)
        }
        for owner in table.otherOwners where partman == nil {
            text += "  # \(owner) manages it too: let only one of the two drop partitions\n"
        }
        text += "  - table: \(quoted(table.table.description))\n"
        text += "    key: \(quoted(table.key))\n"
        if let type = table.keyType { text += "    key_type: \(type.rawValue)\n" }
        text += "    period: \(table.period.rawValue)\n"
        text += "    # A partition is archived once all of it is older than this.\n"
        text += "    retain: \(partman?.span ?? Span(days: 90))\n"
        if let partman { text += "    premake: \(min(max(partman.premake, 0), 1000))\n" }
        text +=
            "    # keep: archive only. Later, when the archives are trusted: detach, then drop.\n"
        text += "    then: keep\n"
        text += "    # Between detach and drop.\n"
        text += "    grace: 7 days\n"
        text += "    # Whose midnight bounds a \(table.period.rawValue).\n"
        text += "    timezone: UTC\n"
        return text
    }

    /// What pg_partman does with a table, and how it is told to leave that to us.
    private static func handover(of table: Discovery, from partman: PartmanSettings) -> String {
        let takesAway = partman.retention.map {
            "\(partman.keepsTables ? "detaches" : "drops") partitions after \(comment($0))"
        }
        let parent = "\(table.table.schema).\(table.table.name)".replacing("'", with: "''")
        var text = "  # pg_partman manages it too: it makes \(partman.premake) ahead, and "
        text += "\(takesAway ?? "takes none away").\n"
        if partman.retention != nil {
            text += """
                  # Before the first night let it take none away, for that is in no archive:
                  #   UPDATE \(comment(partman.config.description)) SET retention = NULL
                  #   WHERE parent_table = '\(comment(parent))';

                """
        }
        text += "  # It may go on making partitions: each of the two takes those of the other.\n"
        return text
    }

    /// As YAML's double-quoted scalar, where it has to be.
    private static func quoted(_ text: String) -> String {
        let isPlain =
            !text.isEmpty
            && text.utf8.allSatisfy {
                switch $0 {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "_./".utf8.contains($0)
                }
            } && text.first?.isLetter ?? text.hasPrefix("/")
        guard !isPlain, !(text.hasPrefix("/") && !text.contains(" ") && !text.contains("\"")) else {
            return text
        }
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            default:
                if scalar.value < 0x20 {
                    let hex = String(scalar.value, radix: 16)
                    result += "\\x" + (hex.count == 1 ? "0" : "") + hex
                } else {
                    result.unicodeScalars.append(scalar)
                }
            }
        }
        return result + "\""
    }

    /// On one line, whatever a name holds.
    private static func comment(_ text: String) -> String {
        String(text.map { $0.isNewline ? " " : $0 })
    }
}

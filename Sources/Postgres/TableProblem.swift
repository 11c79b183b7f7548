import Retention

/// Why a table cannot be under a policy.
enum TableProblem {
    static func missing(_ name: QualifiedName) -> Problem {
        Problem(
            "table.missing", .missing,
            "There is no table \(name) in this database. Nothing was done.",
            hint: "Unquoted names fold to lower case, and no schema means public; "
                + "`pgretain init` lists what there is.")
    }

    static func notATable(_ name: QualifiedName) -> Problem {
        Problem(
            "table.kind", .configuration, "\(name) is no table. Nothing was done.",
            hint: "`table:` names a table that is partitioned by time.")
    }

    static func plain(_ name: QualifiedName) -> Problem {
        Problem(
            "table.plain", .configuration,
            "\(name) is not partitioned. Nothing was done; writes go on.",
            hint: "pgretain adopt --dry-run \(name.description.shellWord) shows how it becomes "
                + "partitioned while the application goes on; `partitioned: false` keeps it plain.")
    }

    static func notPlain(_ name: QualifiedName) -> Problem {
        Problem(
            "table.not-plain", .configuration,
            "\(name) is partitioned, and `partitioned: false` says that it is not. Nothing was done.",
            hint: "Take that line out of its policy.")
    }

    static func keyMissing(_ name: QualifiedName, key: String) -> Problem {
        Problem(
            "key.missing", .configuration, "\(name) has no column \(key). Nothing was done.",
            hint: "`key:` is the column's name, verbatim.")
    }

    static func keyPartitioning(_ name: QualifiedName, key: String, found: String) -> Problem {
        Problem(
            "key.partitioning", .configuration,
            "\(name) is not partitioned by RANGE on the column \(key) alone, but by \(found). "
                + "Nothing was done; writes go on.",
            hint: "Make `key:` the partition key, or partition the table anew; `pgretain adopt` "
                + "does that for plain tables.")
    }

    static func keyType(_ name: QualifiedName, key: String, type: String, stated: KeyType?)
        -> Problem
    {
        let statement = stated.map { ", which `key_type: \($0.rawValue)` does not fit" } ?? ""
        return Problem(
            "key.type", .configuration,
            "The key \(key) of \(name) is of type \(type)\(statement). Nothing was done.",
            hint: "A key is timestamptz, timestamp or date, without `key_type:`; or a bigint with "
                + "`key_type: epoch_seconds`, epoch_milliseconds or epoch_microseconds, or an "
                + "integer with epoch_seconds.")
    }

    static func plainEpoch(_ name: QualifiedName, key: String, _ type: KeyType) -> Problem {
        Problem(
            "key.plain", .configuration,
            "The key \(key) of \(name) holds \(type.rawValue), and \(name) is not partitioned: "
                + "that is not supported. Nothing was done; writes go on.",
            hint: "Partition it by RANGE (\(key)) by hand; then a policy with "
                + "`key_type: \(type.rawValue)` looks after it.")
    }

    /// What epochs are said to count is not what their partitions' bounds show: in a unit that is too
    /// large they lie beyond the year 9999, in one that is too small all of them lie about 1970, and
    /// whatever there is would be expired.
    static func unit(of table: PartitionedTable, _ partitions: [Partition]) -> Problem? {
        guard table.keyType.isEncoded else { return nil }
        var latest: Instant?
        for partition in partitions {
            let ends: [Instant?] =
                switch partition.extent {
                case .range(let bounds): [bounds.from, bounds.to]
                case .open(let from, let to): [from, to]
                case .default: []
                }
            if ends.first == TimeText.latest { return wrongUnit(table, partition) }
            for end in ends.compactMap({ $0 }) where end != TimeText.latest {
                latest = max(latest ?? end, end)
            }
        }
        let oldest = Instant(microseconds: 631_152_000 * Instant.microsecondsPerSecond)
        guard let latest, latest < oldest,
            let partition = partitions.first(where: { $0.extent != .default })
        else { return nil }
        return wrongUnit(table, partition)
    }

    private static func wrongUnit(_ table: PartitionedTable, _ partition: Partition) -> Problem {
        Problem(
            "key.unit", .configuration,
            "Read as \(table.keyType.rawValue), the partitions of \(table.name) lie before 1990 or "
                + "after 9999: \(partition.name) is \(partition.boundsSQL). Nothing was done; "
                + "writes go on.",
            hint: "`key_type:` of its policy names another unit than the one its keys have.")
    }
}

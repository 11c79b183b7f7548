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
                + "integer with epoch_seconds; or a uuid with uuidv7; or a text, varchar or char "
                + "with ulid.")
    }

    /// A table that stays as it is, or would be adopted.
    static func plain(_ name: QualifiedName, key: String, _ type: KeyType) -> Problem {
        let alternative = type.isSelfEvident ? "; or leave it plain, with `partitioned: false`" : ""
        return Problem(
            "key.plain", .configuration,
            "The key \(key) of \(name) holds \(type.rawValue), and \(name) is not partitioned: "
                + "that is not supported. Nothing was done; writes go on.",
            hint: "Partition it by RANGE (\(key)) by hand; then a policy with "
                + "`key_type: \(type.rawValue)` looks after it\(alternative).")
    }

    /// The order of a text may be other than that of the times in it.
    static func collation(_ name: QualifiedName, key: String, isPlain: Bool) -> Problem {
        Problem(
            "key.collation", .configuration,
            "The key \(key) of \(name) holds ulid, and is not compared byte by byte. Nothing was "
                + "done; writes go on.",
            hint:
                "A column of ULIDs has to be made with COLLATE \"C\", and the table partitioned by "
                + "it as it is" + (isPlain ? "; ALTER COLUMN … TYPE text COLLATE \"C\"." : "."))
    }

    /// What epochs are said to count is not what their partitions' bounds show: in a unit that is too
    /// large they lie beyond the year 9999, in one that is too small about 1970, and whatever there is
    /// would be expired. Each partition is asked: those of this century may have been made ahead by
    /// the wrong unit itself.
    static func unit(of table: PartitionedTable, _ partitions: [Partition]) -> Problem? {
        guard table.keyType.microsecondsPerUnit != nil else { return nil }
        var latest: Instant?
        for partition in partitions {
            let ends: [Instant?] =
                switch partition.extent {
                case .range(let bounds): [bounds.from, bounds.to]
                case .open(let from, let to): [from, to]
                case .default: []
                }
            let isBeyond =
                ends.first == TimeText.latest
                || partition.extent == .open(from: nil, to: nil) && !partition.isWithoutEnd
            let finite = ends.compactMap(\.self).filter { $0 != TimeText.latest }
            if isBeyond || isOfCoarserUnit(finite, table.keyType) {
                return wrongUnit(table, partition)
            }
            for end in finite { latest = max(latest ?? end, end) }
        }
        guard let latest, latest < year1990,
            let partition = partitions.first(where: { $0.extent != .default })
        else { return nil }
        return wrongUnit(table, partition)
    }

    /// Bounds that are not the first identifiers of an instant cannot be met by those that are; and
    /// partitions that begin in a far future share all values there are, such as UUIDs of version 4.
    static func identifiers(of table: PartitionedTable, _ partitions: [Partition]) -> Problem? {
        guard table.keyType.isIdentifier else { return nil }
        for partition in partitions where !partition.isWholeTable {
            let extent = PartitionBoundsText.extent(partition.boundsSQL, of: table.keyType)
            let from: Instant? =
                switch extent {
                case .range(let bounds): bounds.from
                case .open(let from, _): from
                case .default, nil: nil
                }
            if extent == nil || from.map({ $0 >= year2100 }) ?? false {
                return Problem(
                    "key.bounds", .configuration,
                    "The bounds of \(partition.name) are not those of \(table.keyType.rawValue): "
                        + "\(partition.boundsSQL). Nothing was done; writes go on.",
                    hint: "A bound is a time, not far ahead, and zeros, such as "
                        + "\(table.keyType.literal(year2025)) for 2025-01-01 00:00 UTC.")
            }
        }
        return nil
    }

    /// Whether the bounds of a partition lie about 1970, and would not in another unit.
    private static func isOfCoarserUnit(_ ends: [Instant], _ type: KeyType) -> Bool {
        guard !ends.isEmpty, ends.allSatisfy({ $0 < year1990 }) else { return false }
        return type.coarser.contains { coarser in
            ends.allSatisfy { end in
                type.epoch(of: end).flatMap(coarser.instant).map {
                    (year1990..<year2100).contains($0)
                }
                    ?? false
            }
        }
    }

    private static let year1990 = Instant(microseconds: 631_152_000_000_000)
    private static let year2025 = Instant(microseconds: 1_735_689_600_000_000)
    private static let year2100 = Instant(microseconds: 4_102_444_800_000_000)

    private static func wrongUnit(_ table: PartitionedTable, _ partition: Partition) -> Problem {
        Problem(
            "key.unit", .configuration,
            "Read as \(table.keyType.rawValue), partitions of \(table.name) lie before 1990 or "
                + "after 9999: \(partition.name) is \(partition.boundsSQL). Nothing was done; "
                + "writes go on.",
            hint: unitHint)
    }

    /// Of rows in DEFAULT.
    static func unit(of table: PartitionedTable, insteadOf fitting: KeyType) -> Problem {
        Problem(
            "key.unit", .configuration,
            "Read as \(table.keyType.rawValue), rows in DEFAULT of \(table.name) lie out of all "
                + "periods, and read as \(fitting.rawValue) in them. Nothing was done.",
            hint: unitHint)
    }

    private static let unitHint =
        "`key_type:` of its policy names another unit than the one its keys have."
}

extension Partition {
    /// As far as 64 bits go, too.
    fileprivate var isWithoutEnd: Bool {
        boundsSQL.contains("TO (MAXVALUE)") || boundsSQL.contains("TO ('\(Int64.max)')")
    }
}

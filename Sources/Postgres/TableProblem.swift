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

    static func keyType(_ name: QualifiedName, key: String, type: String) -> Problem {
        Problem(
            "key.type", .configuration,
            "The key \(key) of \(name) is of type \(type). Nothing was done.",
            hint: "A key is timestamptz, timestamp or date.")
    }
}

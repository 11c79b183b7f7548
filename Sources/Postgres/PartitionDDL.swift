import Retention

/// Changes of a table's partitions. Each is one transaction, retried on the lock ladder, and
/// leaves either everything done or nothing.
public struct PartitionDDL {
    let connection: Connection

    /// The tables beside parent and partition that DDL on partitions locks.
    struct Bystanders {
        /// The DEFAULT partition, whose rows or constraint have to be looked at.
        var defaultPartition: Relation?
        var foreignKeyTargets: [ForeignKeyTarget]

        var wanted: [WantedLock] {
            var locks = foreignKeyTargets.wanted(.shareRowExclusive)
            if let defaultPartition {
                locks.append(WantedLock(table: defaultPartition.oid, mode: .accessExclusive))
            }
            return locks
        }
    }

    func bystanders(of parent: PartitionedTable, partition: UInt32? = nil) throws -> Bystanders {
        let found = try connection.run(
            "ddl.default-partition",
            """
            SELECT c.oid, n.nspname, c.relname
            FROM pg_catalog.pg_partitioned_table AS p
            JOIN pg_catalog.pg_class AS c ON c.oid = p.partdefid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE p.partrelid = \(value: parent.oid)::oid
            """)
        var targets = try connection.foreignKeyTargets(of: parent.oid)
        if let partition {
            let own = try connection.foreignKeyTargets(of: partition)
            targets += own.filter { target in
                !targets.contains { $0.relation.oid == target.relation.oid }
            }
            targets = targets.filter { $0.relation.oid != parent.oid }
        }
        return Bystanders(
            defaultPartition: try found.first.map {
                Relation(oid: try $0.oid(0), name: try $0.name(1))
            },
            foreignKeyTargets: targets.sorted { $0.relation.oid < $1.relation.oid })
    }

    /// Nobody may wait behind us for these while we wait for anything else.
    func lockForeignKeyTargets(_ bystanders: Bystanders) throws {
        try connection.lock(bystanders.foreignKeyTargets, .shareRowExclusive)
    }

    /// Whether the parent is still the table that was planned for; to be called under its lock.
    func requireParent(_ parent: PartitionedTable) throws {
        guard let found = try connection.catalog.relation(named: parent.name),
            found.oid == parent.oid
        else {
            throw Problem(
                "table.changed", .tryLater,
                "\(parent.name) is not the table with OID \(parent.oid) any more. It was left alone.",
                hint: "Run it again; the plan is made anew.")
        }
    }
}

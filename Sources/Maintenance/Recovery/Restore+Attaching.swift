import Postgres
import Retention

// A partition of its table again.
extension Restore {
    func planPartition(
        _ request: RestoreRequest, _ archived: ArchivedColumns, _ plan: inout RestorePlan,
        _ connection: Connection
    ) throws {
        let manifest = plan.sources[0].manifest
        let parent = try connection.catalog.partitionedTable(
            request.table, key: manifest.key, keyType: manifest.keyType.encoded)
        let partitions = try connection.catalog.partitions(of: parent)
        plan.relation = try partitionName(manifest, of: parent, beside: partitions, connection)
        if let other = partitions.first(where: { $0.overlaps(manifest.bounds) }) {
            let range = other.bounds == manifest.bounds ? "" : ", which takes \(other.boundsSQL)"
            plan.obstacles.append(
                Problem(
                    "restore.overlap", .cannotCreate,
                    "\(manifest.bounds) of \(parent.name) is there already, as \(other.name)"
                        + "\(range). Nothing was restored.",
                    hint: "pgretain restore --into a new table instead."))
        } else if try connection.catalog.relation(named: plan.relation) != nil {
            plan.obstacles.append(
                Problem(
                    "restore.exists", .partial,
                    "There is a table \(plan.relation) already, which is no partition of this range. "
                        + "Nothing was restored.",
                    hint: "Rename that table; or pgretain restore --into a new one."))
        }
        do {
            try connection.ddl.refuseRowsInDefault(bounds: manifest.bounds, of: parent)
        } catch let problem as Problem {
            plan.obstacles.append(problem)
        }
        try fit(
            request, parent.name, try connection.catalog.definition(of: parent.oid).columns,
            archived, &plan, connection)
    }

    /// The name that the archived partition had; that of its period where somebody has the name, or
    /// where it was a wide one's, of which these rows were a part.
    private func partitionName(
        _ manifest: Manifest, of parent: PartitionedTable, beside partitions: [Partition],
        _ connection: Connection
    ) throws -> QualifiedName {
        let former = manifest.partition
        guard let policy = try site.settingsIfAny(of: parent.name)?.policy else {
            return former.name
        }
        let calendar = TableCalendar(
            policy: policy, keyType: parent.keyType, now: try connection.serverClock())
        guard calendar.period.matches(manifest.bounds, in: calendar.zone) else {
            return former.name
        }
        let isTaken = try connection.catalog.relation(named: former.name) != nil
        let wasSlice =
            try connection.ledger.state() != .absent
            && connection.ledger.hasDeleted(manifest.bounds, from: former.oid)
        guard isTaken || wasSlice else { return former.name }
        let first = calendar.period.firstDay(of: manifest.bounds, in: calendar.zone)
        return QualifiedName(
            schema: parent.name.schema, name: calendar.namePattern(of: partitions).name(first))
    }
}

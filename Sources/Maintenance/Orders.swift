import Postgres
import Retention

/// What operators say about ranges and tables, whatever the policy says: holds, pauses, pins. Each
/// word, and each release, is in the ledger with who and why.
public struct Orders {
    let site: Site
    let connection: Connection
    private let run: RunIdentity

    public init(site: Site, host: String) throws {
        self.site = site
        connection = try site.connect(as: "pgretain: orders")
        try connection.ledger.prepare()
        run = RunIdentity(newOn: host, tool: site.tool)
    }

    /// A range as an operator names it.
    public enum Range: Sendable {
        /// `2025-01`, in the table's own period.
        case period(String)
        case moments(from: Moment, to: Moment)
    }

    // MARK: Holds

    public func hold(
        _ table: QualifiedName, _ range: Range, reason: String, until: Moment?
    ) throws -> Hold {
        let policy = try site.settings(of: table).policy
        let bounds = try bounds(of: range, policy)
        let end = try end(until, in: policy.zone)
        return try connection.together {
            let hold = try connection.ledger.addHold(
                table: table, bounds: bounds, reason: reason, until: end)
            try record(.held, of: table, bounds: bounds, ["hold": "\(hold.id)", "reason": reason])
            return hold
        }
    }

    /// Those of a table, or all: a table may have left the configuration, and its holds stand. A
    /// problem where nothing is known of the table at all.
    public func holds(of table: QualifiedName?) throws -> [Hold] {
        let holds = try connection.ledger.holds(of: table)
        if let table, holds.isEmpty { _ = try site.settings(of: table) }
        return holds
    }

    public func releaseHold(_ id: Int64, reason: String) throws -> Hold {
        let all = try holds(of: nil)
        guard let hold = all.first(where: { $0.id == id }) else {
            throw Problem(
                "hold.unknown", .missing, "There is no hold \(id), or it was released before.",
                hint: "pgretain hold list")
        }
        try connection.together {
            guard try connection.ledger.releaseHold(id) else { return }
            try record(
                .released, of: hold.table, bounds: hold.bounds,
                ["hold": "\(id)", "reason": reason])
        }
        return hold
    }

    // MARK: Pauses

    /// Stops the retirement of a table, or of every table, on every host.
    public func pause(_ table: QualifiedName?, reason: String, until: Moment?) throws {
        let zone = try table.map { try site.settings(of: $0).policy.zone } ?? .utc
        let end = try end(until, in: zone)
        try connection.together {
            try connection.ledger.addPause(table: table, reason: reason, until: end)
            try recordForEach(table, .paused, reason)
        }
    }

    /// How many pauses ended. A pause of every table goes on while only one is named.
    public func resume(_ table: QualifiedName?, reason: String?) throws -> Int {
        try connection.together {
            let count = try connection.ledger.releasePauses(table: table)
            if count > 0 { try recordForEach(table, .resumed, reason ?? "") }
            return count
        }
    }

    // MARK: Pins

    /// Lets retention have again what was restored of a range; what had been pinned.
    public func unpin(_ table: QualifiedName, _ range: Range) throws -> [Pin] {
        let policy = try site.settings(of: table).policy
        let bounds = try bounds(of: range, policy)
        return try connection.together {
            let pins = try connection.ledger.pins(of: table).filter { $0.bounds.overlaps(bounds) }
            try connection.ledger.releasePins(pins.map(\.id))
            for pin in pins {
                try record(.released, of: table, bounds: pin.bounds, ["pin": "\(pin.id)"])
            }
            return pins
        }
    }

    // MARK: Reattaching

    public struct Reattached: Sendable, Encodable {
        public var relation: QualifiedName
        public var bounds: PartitionBounds
        public var pinnedUntil: Instant
    }

    /// Undoes the detach of a partition that waits in quarantine: it has its names, indexes and
    /// rows again, those that came since among them, and is pinned.
    public func reattach(
        _ table: QualifiedName, _ range: Range, pin: Span, interruption: Interruption
    )
        throws -> Reattached
    {
        let policy = try site.settings(of: table).policy
        let bounds = try bounds(of: range, policy)
        let parent = try connection.catalog.partitionedTable(
            table, key: policy.key, keyType: policy.keyType)
        let lock = try RunLock(on: connection, table: Relation(parent))
        let found = try requireQuarantined(bounds, of: table, otherwise: "reattach.missing")
        let until = pin.after(try connection.serverClock(), in: .utc)
        let back = try connection.ddl.reattach(
            found, to: parent, event: LedgerEvent(.reattached, table: table), by: run,
            ladder: site.ladder(interruption)
        ) { back in
            try connection.ledger.addPin(
                table: table, relation: back.name, bounds: found.bounds, until: until)
        }
        try lock.release()
        return Reattached(relation: back.name, bounds: found.bounds, pinnedUntil: until)
    }

    // MARK: Helpers

    /// What has ended already would hold nothing, and look as though it did.
    private func end(_ until: Moment?, in zone: Zone) throws -> Instant? {
        guard let end = until?.instant(in: zone) else { return nil }
        guard end > (try connection.serverClock()) else {
            throw Problem(
                "order.past", .usage,
                "--until \(end) is in the past: nothing would be held or paused. Nothing was done.",
                hint: "It ends at that instant; a day by itself is its midnight in \(zone.name).")
        }
        return end
    }

    @discardableResult
    func requireQuarantined(
        _ bounds: PartitionBounds, of table: QualifiedName, otherwise id: String
    ) throws -> Quarantined {
        let waiting = try connection.ledger.quarantine(of: table)
        if let found = waiting.first(where: { $0.bounds == bounds }) { return found }
        let names = waiting.map { "\($0.formerName.name) \($0.bounds)" }
        throw Problem(
            id, .missing,
            "No partition \(bounds) of \(table) waits in quarantine. "
                + (names.isEmpty ? "None does." : "There are: \(names.joined(separator: ", "))."),
            hint: "Where it was dropped: pgretain restore --attach.")
    }

    /// As partitions have them: where keys have no zone, midnights are UTC's.
    func bounds(of range: Range, _ policy: RetentionPolicy) throws -> PartitionBounds {
        let table = try connection.catalog.partitionedTable(
            policy.table, key: policy.key, keyType: policy.keyType,
            plain: policy.isPlain)
        let zone = table.keyType.isNaive ? Zone.utc : policy.zone
        switch range {
        case .period(let name):
            return policy.period.bounds(
                containing: zone.instant(.init(date: try policy.firstDay(of: name))), in: zone)
        case .moments(let from, let to):
            guard
                let bounds = PartitionBounds(from: from.instant(in: zone), to: to.instant(in: zone))
            else {
                throw Problem(
                    "range.empty", .usage, "--from has to be before --to. Nothing was done.",
                    hint: "Give a range such as --from 2025-01-01 --to 2025-02-01.")
            }
            return bounds
        }
    }

    private func recordForEach(
        _ table: QualifiedName?, _ kind: LedgerEvent.Kind, _ reason: String
    ) throws {
        for table in table.map({ [$0] }) ?? site.tables.map(\.policy.table) {
            try record(kind, of: table, bounds: nil, ["reason": reason])
        }
    }

    private func record(
        _ kind: LedgerEvent.Kind, of table: QualifiedName, bounds: PartitionBounds?,
        _ details: [String: String]
    ) throws {
        try record(LedgerEvent(kind, table: table, bounds: bounds, details: details))
    }

    func record(_ event: LedgerEvent) throws {
        try connection.ledger.append(event, by: run)
    }
}

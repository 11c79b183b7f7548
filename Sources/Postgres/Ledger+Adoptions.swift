import Retention

/// An adoption that has begun, as the ledger has it.
public struct RecordedAdoption: Equatable, Sendable {
    public var table: QualifiedName
    /// The plain table: once it is adopted, the wide partition.
    public var oid: UInt32
    /// Where the wide partition ends, in the key's own calendar.
    public var to: Instant
    /// Whether the key could be NULL before.
    public var wasNullable: Bool
    /// Columns of the primary key before; empty where there was none, or it stayed.
    public var primaryKey: [String]
    public var aside: QualifiedName?
    /// Whether the table is partitioned now.
    public var isDone: Bool

    var details: [String: String] {
        var details = ["to": to.description, "nullable": wasNullable ? "yes" : "no"]
        for (number, column) in primaryKey.enumerated() { details["key \(number)"] = column }
        details["aside schema"] = aside?.schema
        details["aside name"] = aside?.name
        return details
    }

    init?(_ event: LedgerEvent) {
        guard event.kind == .adopting || event.kind == .adopted, let oid = event.relationOID,
            let to = event.details["to"].flatMap({ Instant(iso: $0) })
        else { return nil }
        table = event.table
        self.oid = oid
        self.to = to
        wasNullable = event.details["nullable"] == "yes"
        primaryKey = (0...).lazy.map { event.details["key \($0)"] }.prefix { $0 != nil }
            .compactMap { $0 }
        if let schema = event.details["aside schema"], let name = event.details["aside name"] {
            aside = QualifiedName(schema: schema, name: name)
        }
        isDone = event.kind == .adopted
    }

    init(_ table: PlainTable, to: Instant, aside: QualifiedName?) {
        self.table = table.relation.name
        oid = table.relation.oid
        self.to = to
        wasNullable = table.isKeyNullable
        primaryKey = table.primaryKey.map { $0.holdsKey ? [] : $0.columns } ?? []
        self.aside = aside
        isDone = false
    }
}

extension Ledger {
    /// The adoption that is under way or done; nil where there is none, or it was undone.
    public func adoption(of table: QualifiedName) throws -> RecordedAdoption? {
        try events(
            """
            WHERE \(Self.isOf(table)) AND l.kind IN ('adopting', 'adopted', 'unadopted')
            ORDER BY l.id DESC LIMIT 1
            """
        ).first.flatMap { RecordedAdoption($0.event) }
    }

    /// Those of all tables that have begun and are not done.
    public func adoptionsUnderWay() throws -> [RecordedAdoption] {
        try events(
            """
            WHERE l.kind = 'adopting' AND l.id IN (
                SELECT pg_catalog.max(m.id) FROM pgretain.ledger AS m
                WHERE m.kind IN ('adopting', 'adopted', 'unadopted')
                GROUP BY m.table_schema, m.table_name)
            """
        ).compactMap { RecordedAdoption($0.event) }
    }
}

import Postgres
import Retention

/// All that is of ours in a database, each with its way out. Nothing is changed.
public struct Uninstallation: Sendable, Encodable {
    public var database: String
    public var server: String
    /// To be gone before the schema is.
    public var belongings: [Belonging]
    /// Configured tables, and the end of what has been made ahead for each: whoever writes later needs
    /// somebody else to make partitions.
    public var madeAhead: [MadeAhead]
    /// What takes the ledger and the schema away; empty where there is none.
    public var removal: [String]
    /// Roots of archives. They need no pgretain to be read, and no command removes them.
    public var archives: [String]

    public struct MadeAhead: Sendable, Encodable {
        public var table: QualifiedName
        /// Nil: no partition has an end, or the table is a plain one.
        public var to: Instant?
    }

    public static func look(site: Site) throws -> Uninstallation {
        let connection = try site.connect(as: "pgretain: uninstall")
        var found = Uninstallation(
            database: connection.facts.database, server: connection.facts.version,
            belongings: try connection.catalog.leftOnTables(), madeAhead: [], removal: [],
            archives: [site.archives] + site.copies)
        let now = try connection.serverClock()
        for settings in site.tables {
            let seen = TableObservation.observe(settings, on: connection, store: nil, now: now)
            found.madeAhead.append(
                MadeAhead(
                    table: settings.policy.table,
                    to: seen.partitions.compactMap(\.bounds).map(\.to).max()))
        }
        guard try connection.ledger.state() != .absent else { return found }
        found.removal = Ledger.removalSQL
        try found.addKept(connection)
        try found.addOrders(connection, site)
        return found
    }

    /// Tables in our schema: every one is told, whether the ledger explains it or not.
    private mutating func addKept(_ connection: Connection) throws {
        let ledger = connection.ledger
        var waiting: [UInt32: (table: QualifiedName, what: Quarantined)] = [:]
        for table in try ledger.knownTables() {
            for what in try ledger.quarantine(of: table) { waiting[what.oid] = (table, what) }
        }
        let leftovers = Dictionary(
            try ledger.leftovers().map { ($0.relation.oid, $0) }
        ) { $1 }
        let besides = Set(leftovers.values.flatMap(\.besides))
        for (relation, bytes) in try connection.catalog.tablesKept()
        where !besides.contains(relation.name) {
            let size = ByteCount(bytes)
            if let (table, what) = waiting[relation.oid] {
                belongings.append(
                    Belonging(
                        .quarantine, "\(what.formerName) \(what.bounds)",
                        note: "\(size) in \(what.name), detached \(what.detachedAt.dateText)"
                            + (what.isSettled
                                ? "." : ". It may hold rows that came after its archive was made."),
                        ways: Self.commands(of: what, table: table)
                            + Ledger.waysOut(of: what, table: table)))
            } else if let leftover = leftovers[relation.oid] {
                belongings.append(
                    Belonging(
                        .unfinished, "\(relation.name)",
                        note: leftover.isUnderWay
                            ? "\(size); a restore as \(leftover.target) is at it."
                            : "\(size); a restore as \(leftover.target) was killed. The same command "
                                + "goes on with it.",
                        ways: Ledger.waysOut(of: leftover)))
            } else {
                belongings.append(
                    Belonging(
                        .table, "\(relation.name)", note: "\(size); look at it before.",
                        ways: Ledger.waysOut(of: relation.name)))
            }
        }
    }

    private static func commands(of waiting: Quarantined, table: QualifiedName) -> [Belonging.Way] {
        let which =
            "--table \(table.description.shellWord) --from \(waiting.bounds.from) "
            + "--to \(waiting.bounds.to)"
        return [
            .init("back into its table, pinned", "pgretain reattach \(which)"),
            .init(
                "prove its archive once more, and drop it",
                "pgretain drop \(which) --skip-grace --reason uninstall"),
        ]
    }

    /// What operators said. It goes with the schema, and is told since somebody wanted it.
    private mutating func addOrders(_ connection: Connection, _ site: Site) throws {
        let ledger = connection.ledger
        for table in try ledger.knownTables() {
            belongings += try ledger.holds(of: table).map { hold in
                Belonging(
                    .hold, "\(hold.id) of \(table) \(hold.bounds)",
                    note: "By \(hold.by): \(hold.reason)",
                    ways: [.init("end it", "pgretain hold release \(hold.id) --reason uninstall")])
            }
            let policy = site.tables.first { $0.policy.table == table }?.policy
            belongings += try ledger.pins(of: table).map { pin in
                let period = policy.map { policy in
                    policy.period.name(ofFirstDay: policy.zone.civil(pin.bounds.from).date)
                }
                return Belonging(
                    .pin, "\(pin.relation) \(pin.bounds)",
                    note: "Restored; retention leaves it alone until \(pin.until.dateText). "
                        + "The table stays when the pin goes.",
                    ways: [
                        .init(
                            "let retention have it again",
                            "pgretain restore --release --table \(table.description.shellWord) "
                                + "--period \(period ?? "…")")
                    ])
            }
        }
        belongings += try ledger.pauses().map { pause in
            let table = pause.table.map { " --table \($0.description.shellWord)" } ?? ""
            return Belonging(
                .pause, pause.table?.description ?? "every table",
                note: "By \(pause.by): \(pause.reason)",
                ways: [.init("end it", "pgretain resume\(table)")])
        }
    }
}

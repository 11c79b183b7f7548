import Archives
import Postgres
import Retention

/// An operator's word that a store is this database's, whatever its `_store.json` says: after
/// pg_upgrade, a restore of the database elsewhere, or the loss of that file.
public struct Rebinding: Sendable, Encodable {
    /// A database that a store can belong to.
    public struct Owner: Sendable, Encodable {
        public var database: String
        public var systemIdentifier: String
        public var ledger: String

        init(_ binding: StoreBinding) {
            database = binding.database
            systemIdentifier = binding.systemIdentifier
            ledger = binding.ledger
        }
    }

    public var store: String
    /// Nil where it belonged to nobody.
    public var from: Owner?
    public var to: Owner
    /// False where it was this database's already: nothing was done.
    public var isNew: Bool

    /// Gives the store to the database, and writes down why.
    public static func rebind(site: Site, reason: String, host: String) throws -> Rebinding {
        let connection = try site.connect(as: "pgretain: rebind")
        let store = try site.openStore()
        try connection.ledger.prepare()
        let found = try store.binding()
        let own = try site.binding(of: connection, uuid: found?.uuid)
        let rebinding = Rebinding(
            store: store.root, from: found.map(Owner.init), to: Owner(own), isNew: found != own)
        guard rebinding.isNew else { return rebinding }
        let run = RunIdentity(newOn: host, tool: site.tool)
        // Before the store: a reason without a rebinding harms nobody.
        for settings in site.tables {
            var details = ["reason": reason, "store": store.root]
            details["from database"] = found?.database
            details["from system"] = found?.systemIdentifier
            details["from ledger"] = found?.ledger
            try connection.ledger.append(
                LedgerEvent(.rebound, table: settings.policy.table, details: details), by: run)
        }
        try store.bind(own, rebind: true)
        return rebinding
    }
}

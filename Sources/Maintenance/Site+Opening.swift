import Archives
import FailPoints
import Postgres
import Retention

/// Where archives are, and where they are once more.
struct Stores: Sendable {
    let main: DirectoryStore
    let copies: [DirectoryStore]
}

extension Site {
    func connect(as application: String = "pgretain") throws -> Connection {
        try Connection(
            ConnectionSettings(
                conninfo: database, password: password, role: role, applicationName: application))
    }

    func openStore(
        _ access: DirectoryStore.Access = .write, _ patience: Patience = .long
    ) throws -> DirectoryStore {
        try openStore(at: archives, access, patience)
    }

    /// The stores that get each archive too, in the order of the configuration.
    func openCopies(_ patience: Patience = .long) throws -> [DirectoryStore] {
        guard !copies.isEmpty else { return [] }
        var opened = [try openStore(.write, patience)]
        for root in copies {
            let copy = try openStore(at: root, .write, patience)
            for other in opened where try copy.overlaps(other) {
                throw Problem(
                    "copy.same", .configuration,
                    "The store \(root) and the store \(other.root) are one, or one lies in the "
                        + "other: that is no second copy. Nothing was archived, nothing was dropped.",
                    hint: "Give copies: a directory of its own, on another disk, or another bucket."
                )
            }
            opened.append(copy)
        }
        return Array(opened.dropFirst())
    }

    /// The store of the archives and those of their copies, bound to the database.
    func openStores(for connection: Connection, by run: RunIdentity) throws -> Stores {
        try requireVersions()
        let stores = Stores(main: try openStore(), copies: try openCopies())
        // The store may be another than the one that was bound: one at another endpoint.
        for store in [stores.main] + stores.copies { try store.requireConditions() }
        try bind(stores.main, to: connection)
        try bindCopies(stores, to: connection, by: run)
        return stores
    }

    /// Takes the stores of the copies into use, and writes down that they are.
    private func bindCopies(_ stores: Stores, to connection: Connection, by run: RunIdentity) throws
    {
        guard let bound = try stores.main.binding() else { return }
        for copy in stores.copies {
            try checkCopy(copy, connection)
            if try copy.binding() == nil { try copy.bind(bound) }
            FailPoint.pass("night.copy-bound")
            guard try !connection.ledger.hasUsed(copy: copy.root) else { continue }
            for settings in tables {
                try connection.ledger.append(
                    LedgerEvent(
                        .copying, table: settings.policy.table, details: ["store": copy.root]),
                    by: run)
            }
        }
    }

    /// Refuses a store that is another database's, or that is not what it was: an empty directory
    /// where a disk was mounted.
    func checkCopy(_ copy: DirectoryStore, _ connection: Connection) throws {
        if let found = try copy.binding() {
            let own = try binding(of: connection, uuid: found.uuid)
            return try Self.require(found, toBe: own, root: copy.root)
        }
        guard try connection.ledger.hasUsed(copy: copy.root) else { return }
        throw Problem(
            "copy.unbound", .unavailable,
            "The ledger knows copies of archives in \(copy.root), and the store there is "
                + "empty and belongs to nobody. Nothing was archived, nothing was dropped.",
            hint: "Is it mounted, and the right place? To begin a new one all the same: "
                + "pgretain rebind --archives \(copy.root.shellWord) --reason …")
    }

    /// The lock ladder, which a signal ends.
    func ladder(_ interruption: Interruption) -> LockLadder {
        LockLadder(
            longestMilliseconds: lockTimeoutMilliseconds, attempts: lockAttempts,
            beforeAttempt: { try interruption.check() })
    }

    /// Binds a store that belongs to nobody yet, and refuses one that belongs to another database.
    func bind(_ store: DirectoryStore, to connection: Connection) throws {
        if let found = try store.binding() {
            let own = try binding(of: connection, uuid: found.uuid)
            try Self.require(found, toBe: own, root: archives)
        } else {
            guard try !connection.ledger.hasArchives() else {
                throw Problem(
                    "store.unbound", .unavailable,
                    "The ledger knows archives, and the store \(archives) has none and belongs to "
                        + "nobody: it is not the store they are in. Nothing was archived, nothing "
                        + "was dropped.",
                    hint: "Is it mounted, and the right place? After a move, bring the whole store "
                        + "along, _store.json with it; to begin a new one all the same: "
                        + "pgretain rebind --reason …")
            }
            try store.bind(try binding(of: connection, uuid: nil))
        }
    }

    /// Refuses a store that belongs to another database; one that is not bound yet passes.
    func checkBinding(of store: DirectoryStore, to connection: Connection) throws {
        guard let found = try store.binding(), try connection.ledger.state() != .absent else {
            return
        }
        try Self.require(found, toBe: binding(of: connection, uuid: found.uuid), root: store.root)
    }

    /// Whether a store is known to be this database's.
    func isBound(_ store: DirectoryStore, to connection: Connection) throws -> Bool {
        guard try store.binding() != nil, try connection.ledger.state() != .absent else {
            return false
        }
        do {
            try checkBinding(of: store, to: connection)
            return true
        } catch let problem as Problem where problem.id == "store.bound" {
            return false
        }
    }

    /// What a store of this database says; `uuid` nil for one that is new.
    func binding(of connection: Connection, uuid: String?) throws -> StoreBinding {
        guard let ledger = try connection.ledger.uuid() else {
            throw Problem(
                "ledger.missing", .unavailable, "The ledger has no identity. Nothing was done.",
                hint: "Look at the table pgretain.meta.")
        }
        return StoreBinding(
            uuid: uuid ?? ledger, systemIdentifier: connection.facts.systemIdentifier ?? "",
            database: connection.facts.database, ledger: ledger)
    }

    private static func require(_ found: StoreBinding, toBe own: StoreBinding, root: String)
        throws(Problem)
    {
        // Where the system identifier may not be read, the ledger's own identity has to do.
        let sameServer =
            found.systemIdentifier.isEmpty || own.systemIdentifier.isEmpty
            || found.systemIdentifier == own.systemIdentifier
        guard found.ledger == own.ledger, found.database == own.database, sameServer else {
            throw Problem(
                "store.bound", .unavailable,
                "The store \(root) belongs to the database \(found.database) of system "
                    + "\(found.systemIdentifier), ledger \(found.ledger); this is "
                    + "\(own.database) of system \(own.systemIdentifier), ledger \(own.ledger). "
                    + "Nothing was done.",
                hint: "Give this database an archive root of its own (archives:). After "
                    + "pg_upgrade or a move: pgretain rebind --reason …")
        }
    }
}

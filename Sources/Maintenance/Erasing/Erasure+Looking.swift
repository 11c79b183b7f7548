import Archives
import Postgres
import Retention
import RowCoding

extension Erasure {
    /// The archives that may have such rows.
    func subjects(
        _ archives: [(stored: StoredArchive, manifest: Manifest)], _ selection: RowSelection,
        _ result: inout Result
    ) throws -> [ErasureSubject] {
        let admitted = archives.filter { selection.admits($0.manifest.bounds) }
        do {
            // What is nonsense is said where the range has no archive, too.
            return try RowSelection.ready(
                admitted.isEmpty ? archives : admitted, slice: \.stored.slice,
                notes: &result.unreached
            ) {
                try ErasureSubject($0.stored, $0.manifest, selection)
            }
        } catch let fault as ConditionFault {
            throw Problem(
                "erase.condition", .usage,
                "\(fault.condition): \(fault.reason). Nothing was erased.",
                hint: "pgretain search --help has examples of conditions.")
        }
    }

    /// The first table that still has rows that are meant where an archive is of them, and how many.
    func countLive(
        _ subject: ErasureSubject, _ selection: RowSelection, of table: ErasedTable,
        on connection: Connection
    ) throws -> (rows: UInt64, name: QualifiedName)? {
        for live in try table.live(in: subject.manifest.bounds, on: connection) {
            let rows = try count(selection, of: subject, in: live, on: connection)
            if rows > 0 { return (rows, live.relation.name) }
        }
        return nil
    }

    private func count(
        _ selection: RowSelection, of subject: ErasureSubject, in live: LiveRange,
        on connection: Connection
    ) throws -> UInt64 {
        let snapshot = try TableSnapshot(
            of: live.relation, rows: live.rows, on: connection, ladder: site.ladder(interruption))
        let columns = CodedColumn.of(snapshot.definition, hex: [])
        guard var filter = rowFilter(selection, subject.manifest, columns, snapshot.definition)
        else {
            try snapshot.end()
            return 0
        }
        var encoder = RowEncoder(columns: columns, key: nil, checksUTF8: false)
        var lines = OutputBuffer()
        var nothing = OutputBuffer()
        let block = CopyBlock()
        let copy = try snapshot.copyOut(columns: columns.map(\.name))
        var rows: UInt64 = 0
        do {
            while try copy.fill(block, budget: 1 << 20, rowOverhead: 0) {
                try interruption.check()
                lines.removeAll()
                _ = try encoder.encode(block.bytes, into: &lines)
                rows += UInt64(try filter.filter(lines.bytes, limit: .max, into: &nothing))
                block.removeAll()
            }
        } catch {
            copy.abandon()
            throw error
        }
        try snapshot.end()
        return rows
    }

    /// Nil where no row of a table can be meant: it has not such columns, or not of such a type.
    private func rowFilter(
        _ selection: RowSelection, _ manifest: Manifest, _ columns: [CodedColumn],
        _ definition: TableDefinition
    ) -> RowFilter? {
        do {
            let (conditions, canBeMet) = try selection.conditions(
                in: manifest, columns, of: definition)
            guard canBeMet else { return nil }
            return try RowFilter(columns, conditions: conditions, selection: [])
        } catch {
            return nil
        }
    }

    /// What an erasure in the main store does not reach in others: archives that are not its own.
    private func copiesThatDiffer(
        in stores: Stores, _ concerns: (PartitionBounds?) -> Bool
    ) throws -> [String] {
        func published(in store: DirectoryStore) throws -> [StoredArchive] {
            try store.archives(of: query.table).filter { $0.superseded == nil }
        }
        guard !stores.copies.isEmpty else { return [] }
        var own: [Slice: Manifest] = [:]
        for archive in try published(in: stores.main) {
            if case .success(let manifest) = archive.manifest { own[archive.slice] = manifest }
        }
        return try stores.copies.flatMap(published).compactMap { archive in
            if case .success(let manifest) = archive.manifest {
                guard manifest != own[archive.slice], concerns(manifest.bounds) else { return nil }
            }
            return
                "\(archive.directory.path), which is not the archive that \(stores.main.root) has"
        }
    }

    /// Archives that may have such rows, and are not there to be asked.
    func lost(
        in store: DirectoryStore, among present: Set<Slice>, _ selection: RowSelection,
        on connection: Connection
    ) throws -> [Problem] {
        return try connection.ledger.lostArchives(of: query.table, among: present)
            .filter { $0.bounds.map(selection.admits) ?? true }
            .map { lost in
                var problem = lost.problem(in: store)
                problem.message += " Whether it has such rows cannot be known."
                problem.hint = "Bring it back from another copy of the store, and erase once more."
                return problem
            }
    }

    /// Where rows like these may be that no archive's erasure reaches, a sentence each.
    func unreached(
        _ selection: RowSelection, stores: Stores, on connection: Connection
    ) throws -> [String] {
        func concerns(_ bounds: PartitionBounds?) -> Bool {
            bounds.map(selection.admits) ?? true
        }
        let (ledger, table) = (connection.ledger, query.table)
        var places = ["\(table) itself, and what others hold of its rows: DELETE them there"]
        for waiting in try ledger.quarantine(of: table) where concerns(waiting.bounds) {
            places.append(
                "\(waiting.name), where \(waiting.formerName.name) waits to be dropped")
        }
        for pin in try ledger.pins(of: table) where concerns(pin.bounds) {
            places.append("\(pin.relation), restored and pinned until \(pin.until.dateText)")
        }
        for event in try ledger.restoredTables(of: table) where concerns(event.bounds) {
            guard let name = event.relation else { continue }
            let place = "\(name), which rows were restored to"
            if !places.contains(place) { places.append(place) }
        }
        for leftover in try ledger.leftovers()
        where leftover.event.table == table && concerns(leftover.event.bounds) {
            places.append(
                "\(leftover.relation.name), which a restore fills, or was killed while it did")
        }
        let stored = try ([stores.main] + stores.copies).flatMap { try $0.archives(of: table) }
        for archive in stored where archive.superseded != nil {
            if case .success(let manifest) = archive.manifest, !concerns(manifest.bounds) {
                continue
            }
            places.append("\(archive.directory.path), an older generation that was kept")
        }
        places += try copiesThatDiffer(in: stores, concerns)
        for slice in try stores.main.slicesUnderWay(of: table) {
            places.append("what is exported so far of \(slice), whose rows are still in the table")
        }
        for root in try ledger.storesOfCopies(of: table) where !site.copies.contains(root) {
            places.append("\(root), which had copies of archives and is not under copies: any more")
        }
        places.append(
            "backups, snapshots and object versions of the store and of the database, WAL archives, "
                + "replicas of the store made by other programs")
        return places
    }
}

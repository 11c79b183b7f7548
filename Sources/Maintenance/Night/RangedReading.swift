import Postgres
import Retention
import RowCoding

/// What a relation holds, as one can compare it with an archive.
struct TableContents {
    /// Of the columns to compare.
    let digest: ContentDigest
    /// All columns, in their order.
    let columns: [String]
    let witness: TableWitness
    let fingerprint: SchemaFingerprint
}

extension TableDefinition {
    /// The columns in which the table can be compared with an archive of it, by name: the
    /// archive's where the table has come to have more, else its own.
    func columnsToCompare(with old: Manifest) -> [String] {
        let own = columns.map(\.name)
        let archived = old.definition.columns.map(\.name)
        return own != archived && Set(archived).isSubset(of: own) ? archived : own
    }

    /// Leaves out of some columns' values what an archive has not.
    func redactor(of names: [String], like old: Manifest) -> RowRedactor? {
        guard !old.redacted.isEmpty else { return nil }
        return RowRedactor(
            old.redacted, of: names.compactMap { name in columns.first { $0.name == name } })
    }
}

/// The contents of a relation that is too large for one snapshot: read range by range, each under
/// a snapshot of its own, until the row versions that one last snapshot sees are those that were
/// read. No row is decoded for that: it takes a second for every few GB.
struct RangedReading {
    let session: TableSession
    let subject: Departing
    /// The archive that the contents are to be compared with.
    let old: Manifest

    private struct Tile {
        let pages: PageRange
        let digest: ContentDigest
        let witness: RangeWitness
    }

    func run() throws -> TableContents {
        try session.timeBudget.require(
            session.timeBudget.secondsToRead(subject.bytes), to: "comparing \(subject.name.name)")
        var tiles: [Tile] = []
        var seen: (heap: Heap, fingerprint: SchemaFingerprint)?
        var limit = Int64.max
        for _ in 0..<RangeRounds.most {
            while true {
                let age = session.snapshotAge()
                let snapshot = try session.snapshot(of: subject)
                let heap = try snapshot.heap()
                if seen?.heap.fileNode != heap.fileNode
                    || seen?.fingerprint != snapshot.fingerprint
                {
                    tiles = []
                }
                seen = (heap, snapshot.fingerprint)
                let count = min(limit, session.pagesPerRange(of: subject, pages: heap.pages))
                guard
                    let pages = PageRange.firstHole(
                        in: heap.pages, between: tiles.map(\.pages), atMost: count)
                else {
                    if let result = try finish(tiles, snapshot, heap, age) {
                        return result
                    }
                    tiles = try tiles.filter { try isCurrent($0, snapshot, age) }
                    try snapshot.end()
                    break
                }
                do {
                    tiles.append(try read(pages, heap, snapshot, age))
                    try snapshot.end()
                } catch is SnapshotTooOld {
                    limit = try RangeRounds.smaller(than: pages)
                }
            }
        }
        throw RangeRounds.tooBusy(subject)
    }

    private func read(
        _ pages: PageRange, _ heap: Heap, _ snapshot: TableSnapshot, _ age: SnapshotAge
    ) throws -> Tile {
        let stopwatch = Stopwatch()
        let columns = snapshot.definition.columnsToCompare(with: old)
        let digest = try ContentDigest(
            copy: try snapshot.copyOut(columns: columns, pages: pages),
            redactor: snapshot.definition.redactor(of: columns, like: old),
            interruption: session.interruption, pace: session.pace, age: age)
        let witness = try snapshot.witness(pages: pages)
        session.timeBudget.noteReading(
            of: pages.count * subject.bytesPerPage(of: heap.pages), seconds: stopwatch.seconds)
        return Tile(pages: pages, digest: digest, witness: witness)
    }

    private func isCurrent(_ tile: Tile, _ snapshot: TableSnapshot, _ age: SnapshotAge) throws
        -> Bool
    {
        try session.interruption.check()
        try age.check()
        return try snapshot.witness(pages: tile.pages).isSame(as: tile.witness)
    }

    /// Nil when rows have come or gone since they were read.
    private func finish(
        _ tiles: [Tile], _ snapshot: TableSnapshot, _ heap: Heap, _ age: SnapshotAge
    ) throws -> TableContents? {
        let tail = try snapshot.witness(from: tiles.map(\.pages.to).max() ?? 0)
        guard tail.rows == 0, try tiles.allSatisfy({ try isCurrent($0, snapshot, age) }),
            let witness = TableWitness(
                sumOf: tiles.map(\.witness) + [tail], fileNode: heap.fileNode, seenBy: snapshot)
        else { return nil }
        try snapshot.end()
        var digest = ContentDigest()
        for tile in tiles { digest.add(tile.digest) }
        return TableContents(
            digest: digest, columns: snapshot.definition.columns.map(\.name), witness: witness,
            fingerprint: snapshot.fingerprint)
    }
}

/// How long one goes after a table that does not hold still.
enum RangeRounds {
    static let most = 10

    static func tooBusy(_ subject: Departing) -> Problem {
        Problem(
            "export.busy", .tryLater,
            "\(subject.name) was written to whenever all of it had been read: \(most) times. "
                + "What was exported is kept; nothing was dropped.",
            hint: "Find out what writes to so old a partition; the next run goes on.")
    }

    /// Half of what took too long, in pages.
    static func smaller(than pages: PageRange) throws -> Int64 {
        guard pages.count > 1 else { throw SnapshotTooOld().problem }
        return pages.count / 2
    }
}

import Archives
import Postgres
import Retention
import RowCoding

/// How the rows of an archive and of the table that has its range differ.
public struct ArchiveDiff: Sendable, Encodable {
    public var slice: Slice
    /// The partition, the quarantined table, or the table of which it is a range.
    public var relation: QualifiedName
    public var inBoth: UInt64 = 0
    public var onlyArchived: UInt64 = 0
    public var onlyLive: UInt64 = 0

    public var isSame: Bool { onlyArchived == 0 && onlyLive == 0 }
}

extension Orders {
    /// Compares an archive with the live rows of its range, as one snapshot sees them, row by row and
    /// in the archive's columns. Changes nothing.
    public func diff(
        _ table: QualifiedName, _ range: Range, interruption: Interruption
    ) throws -> ArchiveDiff {
        let policy = try site.settings(of: table).policy
        let bounds = try bounds(of: range, policy)
        let parent = try connection.catalog.partitionedTable(
            table, key: policy.key, keyType: policy.keyType,
            plain: policy.isPlain)
        let zone = parent.keyType.isNaive ? Zone.utc : policy.zone
        let store = try site.openStore(.readOnly)
        let made = try store.archives(of: table).first { archive in
            guard archive.superseded == nil, case .success(let manifest) = archive.manifest
            else { return false }
            return manifest.bounds == bounds
        }
        let slice =
            made?.slice
            ?? Slice(table: table, path: policy.period.slicePath(of: bounds, in: zone))
        guard let (directory, manifest) = try store.published(slice) else {
            throw Problem(
                "archive.missing", .missing, "There is no archive \(slice) in \(store.root).",
                hint: "pgretain archives list")
        }
        guard let live = try connection.live(bounds, of: parent) else {
            throw Problem(
                "diff.missing", .missing,
                "No table has the range \(bounds) of \(parent.name): its rows are in the archive "
                    + "alone.",
                hint: "pgretain archives verify; pgretain restore brings them back.")
        }
        let snapshot = try TableSnapshot(
            of: live.relation, rows: live.rows, on: connection, ladder: site.ladder(interruption))
        let columns = manifest.definition.columns.map(\.name)
        let missing = Set(columns).subtracting(snapshot.definition.columns.map(\.name))
        guard missing.isEmpty else {
            throw Problem(
                "diff.columns", .data,
                "\(live.relation.name) has not all columns of the archive \(slice): "
                    + "\(missing.sorted().joined(separator: ", ")) came or went since. They cannot be "
                    + "compared.",
                hint: "pgretain restore --into a table of its own, and compare by SQL.")
        }
        var diff = ArchiveDiff(slice: slice, relation: live.name)
        let side = RowSets.Side(
            manifest: manifest, directory: directory, parts: manifest.parts[...])
        for share in RowSets.shares(of: manifest.digest.rows) {
            let archived = try RowSets.hashes(of: side, share) { try interruption.check() }
            let live = try RowSets.hashes(
                of: try snapshot.copyOut(columns: columns), share,
                redactor: snapshot.definition.redactor(of: columns, like: manifest), interruption)
            let missing = RowSets.countMissing(from: live, of: archived)
            diff.onlyArchived += missing
            diff.inBoth += UInt64(archived.count) - missing
            diff.onlyLive += RowSets.countMissing(from: archived, of: live)
        }
        try snapshot.end()
        return diff
    }
}

extension RowSets {
    /// The hashes of one share of the rows that a COPY sends, sorted.
    static func hashes(
        of copy: CopyOut, _ share: Share, redactor: consuming RowRedactor?,
        _ interruption: Interruption
    ) throws -> [UInt128] {
        let block = CopyBlock()
        var hashes: [UInt128] = []
        var redacted = OutputBuffer()
        do {
            while try copy.fill(block, budget: 8 << 20, rowOverhead: 0, pace: nil) {
                try interruption.check()
                redacted.removeAll()
                try redactor?.redact(block.bytes, into: &redacted)
                RowDigest.hashes(
                    redactor == nil ? block.bytes : redacted.bytes, bucket: share.bucket,
                    mask: share.mask, into: &hashes)
                block.removeAll()
            }
        } catch {
            copy.abandon()
            throw error
        }
        hashes.sort()
        return hashes
    }
}

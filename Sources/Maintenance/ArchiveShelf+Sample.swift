import Archives
import Retention

/// The nightly scrub: a share of the store, what was not looked at for longest first.
extension ArchiveShelf {
    public struct Sample: Sendable, Encodable {
        /// How many archives were read, of how many.
        public var archives = 0
        public var all = 0
        public var bytes: Int64 = 0
        /// When the archive was read last that has waited longest now; nil while some never were.
        public var oldest: Instant?
    }

    func sample(_ chosen: [StoredArchive], _ record: CheckRecord) -> Sample {
        let last = stored.map { store.check(of: $0, in: record)?.at }
        return Sample(
            archives: chosen.count, all: stored.count,
            bytes: chosen.reduce(0) { $0 + $1.bytes },
            oldest: last.contains(nil) ? nil : last.compactMap { $0 }.min())
    }

    /// Those come first that were not good the last time; then those that were never read, or longest
    /// ago.
    func choose(_ share: Double, by record: CheckRecord) -> [StoredArchive] {
        func rank(_ archive: StoredArchive) -> (Int, Instant) {
            guard let check = store.check(of: archive, in: record) else { return (1, .distantPast) }
            return (check.isGood ? 2 : 0, check.at)
        }
        let ordered = stored.map { (archive: $0, rank: rank($0)) }.enumerated().sorted { a, b in
            a.element.rank != b.element.rank
                ? a.element.rank < b.element.rank : a.offset < b.offset
        }.map(\.element.archive)
        let wanted = Double(stored.reduce(0) { $0 + $1.bytes }) * share
        var taken: Int64 = 0
        return ordered.filter { archive in
            // What cannot even be listed costs nothing to look at.
            guard archive.bytes > 0 else { return true }
            guard taken == 0 || Double(taken) < wanted else { return false }
            taken += archive.bytes
            return true
        }
    }
}

extension DirectoryStore {
    fileprivate func check(
        of archive: StoredArchive, in record: CheckRecord
    ) -> CheckRecord.Check? {
        record.checks[place(of: archive.directory)].flatMap {
            $0.generation == archive.generation ?? 0 ? $0 : nil
        }
    }

    /// What a scrub found damaged, and none has found good since.
    func archivesThatFailed(of inventory: StoreInventory) throws -> [Slice] {
        let record = try checkRecord()
        return inventory.archives.filter { check(of: $0, in: record)?.isGood == false }
            .map(\.slice)
    }
}

extension StoredArchive {
    fileprivate var bytes: Int64 {
        if case .success(let manifest) = manifest { manifest.bytes } else { 0 }
    }
}

extension Instant {
    fileprivate static let distantPast = Instant(microseconds: .min)
}

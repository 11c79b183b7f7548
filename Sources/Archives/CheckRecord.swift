import Retention

/// When which archive was read back last, and whether it was good: the file `.checks` in the root of
/// a store. It is of this copy of the store, on this disk, and is needed where no database answers:
/// so it is here, and not in the ledger. Nothing depends on it but the order in which archives are
/// read.
public struct CheckRecord: Equatable, Sendable {
    public struct Check: Equatable, Sendable {
        /// Another generation is another archive.
        public var generation: Int
        public var at: Instant
        public var isGood: Bool

        public init(generation: Int, at: Instant, isGood: Bool) {
            self.generation = generation
            self.at = at
            self.isGood = isGood
        }
    }

    /// By the place below the root.
    public var checks: [String: Check] = [:]

    public init() {}

    static let fileName = ".checks"
    private static let title = "pgretain checks 1"

    /// A line each, by place: `2026-03-01T02:17:00Z 1 good public.logs/year=2025/month=01`.
    func encoded() -> [UInt8] {
        let lines = checks.sorted { $0.key < $1.key }.map { place, check in
            "\(check.at) \(check.generation) \(check.isGood ? "good" : "bad") \(place)\n"
        }
        return Array(([Self.title + "\n"] + lines).joined().utf8)
    }

    /// What of it can be read: an archive that is not in it is read sooner, and that is all.
    init(decoding bytes: [UInt8]) {
        let lines = bytes.split(separator: UInt8(ascii: "\n"))
        guard lines.first?.elementsEqual(Self.title.utf8) == true else { return }
        for line in lines.dropFirst() {
            let words = String(decoding: line, as: UTF8.self)
                .split(separator: " ", maxSplits: 3).map(String.init)
            guard words.count == 4, let at = Instant(iso: words[0]), let generation = Int(words[1]),
                words[2] == "good" || words[2] == "bad"
            else { continue }
            checks[words[3]] = Check(generation: generation, at: at, isGood: words[2] == "good")
        }
    }
}

extension DirectoryStore {
    /// Empty where nothing was ever written down.
    public func checkRecord() throws(ArchiveError) -> CheckRecord {
        do throws(ArchiveError) {
            let bytes = try volume.contents(of: "\(root)/\(CheckRecord.fileName)", limit: 1 << 28)
            return bytes.map(CheckRecord.init(decoding:)) ?? CheckRecord()
        } catch .damaged {
            return CheckRecord()
        }
    }

    /// Replaces it, durably. Whoever may look at the store may read it: root may have written it last.
    public func write(_ record: CheckRecord) throws(ArchiveError) {
        try requireWritable()
        _ = try volume.put(
            record.encoded(), at: "\(root)/\(CheckRecord.fileName)", mode: 0o644, replacing: true)
        try volume.syncDirectory(root)
    }

    /// An archive's place below the root.
    public func place(of directory: ArchiveDirectory) -> String {
        String(directory.path.dropFirst(root.count + 1))
    }
}

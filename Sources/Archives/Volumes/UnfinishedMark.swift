import Retention

/// The object that says of a directory in a bucket that something is under way with it: it is being
/// moved here, or removed. Beside a manifest it changes nothing, for the archive is whole. Without
/// one the directory is the rest of a move or of a removal: nobody sees it, and healing removes it.
struct UnfinishedMark: Equatable {
    /// Hidden from query engines, as filters are.
    static let fileName = ".pgretain-unfinished"
    static let limit: Int64 = 1 << 16
    private static let title = "pgretain unfinished 1"

    /// Names who set it: whoever takes a directory over sets another.
    let id: String
    /// From where it is being moved here, below the store's root; nil for a removal.
    let source: String?

    init(source: String? = nil) {
        id = DirectoryStore.randomSuffix()
        self.source = source
    }

    /// Lines: the title, the id, and perhaps a place.
    func encoded() -> [UInt8] {
        Array(([Self.title, id] + (source.map { [$0] } ?? [])).map { $0 + "\n" }.joined().utf8)
    }

    /// Nil for anything but what `encoded` makes.
    init?(decoding bytes: [UInt8]) {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        guard (2...3).contains(lines.count), lines[0] == Self.title else { return nil }
        id = lines[1]
        source = lines.count == 3 ? lines[2] : nil
        guard encoded() == bytes else { return nil }
    }
}

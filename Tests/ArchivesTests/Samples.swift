import Glibc
import Retention
import Testing

@testable import Archives

/// A directory of its own for a test, removed with it.
final class Scratch: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/pgretain-archives-XXXXXX".utf8CString)
        let made = try #require(mkdtemp(&template))
        path = String(cString: made)
    }

    deinit {
        do {
            try File.removeTree(path)
        } catch {
            print("\(path) stays behind: \(error)")
        }
    }

    /// A store in it, of mode 0750 whatever the umask.
    func store(_ name: String = "store") throws -> DirectoryStore {
        let root = "\(path)/\(name)"
        if try File.status(of: root) == nil { try File.makeDirectory(root, mode: 0o750) }
        return try DirectoryStore(root: root)
    }

    /// A store on a file system that knows neither the flags of renameat2 nor links.
    func plainStore() throws -> DirectoryStore {
        let root = try store().root
        let names = NameOperations(refusesFlags: true, refusesLinks: true)
        return try DirectoryStore(root: root, volume: FileVolume(root: root, names: names))
    }
}

/// What a store may be in.
enum Place: CaseIterable {
    /// A file system that can swap and link, and one that cannot.
    case files, plainFiles
    case bucket

    func store(_ scratch: Scratch) throws -> DirectoryStore {
        switch self {
        case .files: try scratch.store()
        case .plainFiles: try scratch.plainStore()
        case .bucket: try BucketStoreTests.store(in: MemoryBucket())
        }
    }
}

let logs = QualifiedName(schema: "public", name: "system_logs")
let january = Slice(table: logs, path: "year=2025/month=01")

func instant(_ text: String) -> Instant {
    guard let instant = Instant(iso: text) else { fatalError("\(text) is no time") }
    return instant
}

/// `count` lines, told apart by `seed`.
func lines(_ count: Int, seed: Int = 0) -> [UInt8] {
    Array((0..<count).map { "{\"id\":\($0 + seed),\"level\":\"INFO\"}\n" }.joined().utf8)
}

func digest(of ndjson: [UInt8]) -> ContentDigest {
    var digest = ContentDigest()
    for line in ndjson.split(separator: UInt8(ascii: "\n")) {
        digest.add(hash: line.reduce(UInt128(1)) { $0 &* 31 &+ UInt128($1) })
    }
    return digest
}

/// Writes a part, and says what a manifest says of it.
func write(
    _ ndjson: [UInt8], index: Int, into archive: StagedArchive,
    compression: Compression = .lines
) throws -> Manifest.Part {
    var writer = PartWriter(compression: compression)
    writer.begin()
    ndjson.withUnsafeBytes { writer.append($0) }
    let written = try writer.finish(index: index, into: archive)
    return Manifest.Part(
        file: written.file, bytes: written.bytes, sha256: written.sha256,
        ndjsonBytes: written.ndjsonBytes, digest: digest(of: ndjson), smallestKey: nil,
        largestKey: nil)
}

func read(_ part: Manifest.Part, in directory: ArchiveDirectory) throws -> [UInt8] {
    var reader = PartReader()
    return Array(try reader.read(part, in: directory))
}

/// A sealed archive of one part for each block of lines.
func staged(
    _ blocks: [[UInt8]], in store: DirectoryStore, of slice: Slice = january, generation: Int = 1
) throws -> (StagedArchive, Manifest) {
    let archive = try store.stage(slice)
    var parts: [Manifest.Part] = []
    for block in blocks { parts.append(try write(block, index: parts.count, into: archive)) }
    let sealed = manifest(parts, generation: generation, of: slice)
    try archive.seal(sealed)
    return (archive, sealed)
}

func manifest(
    _ parts: [Manifest.Part], generation: Int = 1, of slice: Slice = january
) -> Manifest {
    var digest = ContentDigest()
    for part in parts { digest.add(part.digest) }
    let claimed = SlicePath.claimedBounds(of: slice.path)!
    return Manifest(
        tool: "pgretain 0.1.0", generation: generation,
        table: .init(name: slice.table, oid: 16385),
        partition: .init(
            name: QualifiedName(schema: "public", name: "system_logs_2025_01"), oid: 16412),
        key: "created_at", keyType: .timestampWithTimeZone,
        bounds: PartitionBounds(from: claimed.from, to: claimed.to)!, digest: digest, parts: parts,
        definition: TableDefinition(columns: [], constraints: [], indexes: []), encodings: [],
        origin: .init(
            serverVersion: "15.8", encoding: "UTF8", systemIdentifier: "7312345678901234567",
            database: "logs"),
        exportedAt: instant("2025-05-01T02:00:00.25Z"), warnings: [])
}

/// The error that a block must throw, as the operator sees it.
func problem(_ body: () throws -> Void) -> Problem? {
    do {
        try body()
        return nil
    } catch {
        return Problem(explaining: error)
    }
}

func names(in path: String) throws -> [String] {
    try (File.entries(of: path) ?? []).map(\.name)
}

/// In a bucket a directory that holds nothing is none.
func names(in path: String, of store: DirectoryStore) throws -> [String] {
    try (store.volume.entries(of: path) ?? []).map(\.name)
}

func mode(of path: String) throws -> mode_t? { try File.status(of: path)?.mode }

func overwrite(_ path: String, with bytes: [UInt8]) throws {
    try File.remove(path)
    try File.write(bytes, to: path, mode: 0o640)
}

func contents(of path: String) throws -> [UInt8] {
    try #require(try File.contents(of: path, limit: 1 << 30))
}

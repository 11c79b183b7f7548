import FailPoints
import Glibc
import ObjectStorage

/// The keys of a bucket below a prefix. A directory is there when an object is below it.
struct BucketVolume: Volume {
    /// `s3://bucket/prefix`
    let root: String
    /// `s3://bucket/`, by which every path begins.
    private let start: String
    /// By which servers the bucket is answered for; nil is AWS.
    let endpoint: String?
    let bucket: any ObjectBucket
    /// What is asked of objects that stay: what is read back and soon removed again has neither another
    /// storage class nor a lock.
    let options: WritingOptions

    init(
        root: String, endpoint: String?, bucket: any ObjectBucket,
        options: WritingOptions = WritingOptions()
    ) {
        self.root = root
        self.endpoint = endpoint
        self.bucket = bucket
        self.options = options
        let name = root.dropFirst(Self.scheme.count).prefix { $0 != "/" }
        start = "\(Self.scheme)\(name)/"
    }

    static let scheme = "s3://"

    // MARK: The whole

    func require(_ access: DirectoryStore.Access) throws(ArchiveError) {
        _ = try ask(root) { () throws(StorageError) in try bucket.list(key(root + "/")) }
    }

    func freeBytes() -> Int64? { nil }

    func deviceID() -> UInt64? { nil }

    func overlaps(_ other: any Volume) -> Bool {
        guard let other = other as? BucketVolume, other.endpoint == endpoint else { return false }
        let (one, two) = (root + "/", other.root + "/")
        return one.hasPrefix(two) || two.hasPrefix(one)
    }

    // MARK: Looking

    func status(of path: String) throws(ArchiveError) -> ItemStatus? {
        if try entries(of: path) != nil { return ItemStatus(kind: .directory, bytes: 0) }
        return try status(ofFile: path)
    }

    func status(ofFile path: String) throws(ArchiveError) -> ItemStatus? {
        try ask(path) { () throws(StorageError) in try bucket.status(of: key(path)) }
            .map { ItemStatus(kind: .regular, bytes: $0.bytes) }
    }

    /// What is the rest of a move or a removal is not there.
    func entries(of path: String) throws(ArchiveError) -> [DirectoryEntry]? {
        let prefix = key(path + "/")
        let (objects, prefixes) = try ask(path) { () throws(StorageError) in
            try bucket.list(prefix)
        }
        let files = objects.map { (name: $0.key.after(prefix), size: $0.bytes) }
        if Self.isRest(files.map(\.name)) { return nil }
        var entries = files.filter { $0.name != UnfinishedMark.fileName }
            .map { DirectoryEntry($0.name, .regular, size: $0.size) }
        entries += prefixes.map {
            DirectoryEntry(String($0.after(prefix).dropLast()), .directory)
        }
        // An object with the name of the directory itself is what a console makes of "new folder".
        entries.removeAll { $0.name.isEmpty }
        // The root is there with its bucket, and an unfinished archive from when it is named.
        if entries.isEmpty, path != root, !Self.isPartial(path) { return nil }
        return entries.sorted { $0.name < $1.name }
    }

    /// An object of that name hides no directory.
    func directory(_ path: String) throws(ArchiveError) -> [DirectoryEntry]? {
        try entries(of: path)
    }

    /// - Parameter names: of all that is directly in a directory.
    static func isRest(_ names: [String]) -> Bool {
        names.contains(UnfinishedMark.fileName) && !names.contains(ManifestFile.name)
    }

    // MARK: Reading

    func contents(of path: String, limit: Int64) throws(ArchiveError) -> [UInt8]? {
        try ask(path) { () throws(StorageError) in
            try bucket.contents(of: key(path), limit: Int(limit) - 1)
        }
    }

    /// Without TLS nothing else notices what a network changes; and not all stores keep checksums.
    let readings = 3

    func load(_ path: String, bytes: Int64, into buffer: inout ByteBuffer) throws(ArchiveError) {
        guard let size = try status(ofFile: path)?.bytes else {
            throw .damaged(path: path, reason: "it is not there")
        }
        guard size == bytes else {
            throw .damaged(path: path, reason: "it has \(size) bytes, not \(bytes)")
        }
        buffer.resize(to: Int(bytes))
        let room = buffer.mutableBytes
        try ask(path) { () throws(StorageError) in
            try bucket.read(key(path), from: 0, into: room)
        }
    }

    func reading<Result>(
        _ path: String, _ body: (PieceReader) throws(ArchiveError) -> Result
    ) throws(ArchiveError) -> Result? {
        guard let size = try status(ofFile: path)?.bytes else { return nil }
        var buffer = ByteBuffer()
        return try body { (count, place) throws(ArchiveError) in
            let there = max(0, min(count, Int(size) - place))
            buffer.resize(to: there)
            let room = buffer.mutableBytes
            try ask(path) { () throws(StorageError) in
                try bucket.read(key(path), from: Int64(place), into: room)
            }
            return Array(buffer.bytes)
        }
    }

    // MARK: Writing

    func makeDirectory(_ path: String) {}

    func write(_ bytes: UnsafeRawBufferPointer, to path: String) throws(ArchiveError) {
        try change("put", path) { () throws(StorageError) in
            try bucket.write(bytes, to: key(path), ifAbsent: false, options: options(for: path))
        }
    }

    func put(
        _ bytes: [UInt8], at path: String, mode: mode_t, replacing: Bool
    ) throws(ArchiveError) -> Bool {
        if replacing {
            try write(bytes, to: path)
            return true
        }
        return try writeIfAbsent(bytes, to: path)
    }

    /// Returns false where there is an object of that name.
    func writeIfAbsent(_ bytes: [UInt8], to path: String) throws(ArchiveError) -> Bool {
        let result: Result<Void, ArchiveError> = bytes.withUnsafeBytes { raw in
            do throws(ArchiveError) {
                return .success(
                    try change("put", path) { () throws(StorageError) in
                        try bucket.write(
                            raw, to: key(path), ifAbsent: true, options: options(for: path))
                    })
            } catch {
                return .failure(error)
            }
        }
        do throws(ArchiveError) {
            try result.get()
            return true
        } catch .storage(_, .exists) {
            return false
        }
    }

    /// A store that ignores `If-None-Match` would let two runs publish at one place; one without a clock
    /// would let no healing end.
    func requireConditions() throws(ArchiveError) {
        let path = "\(root)/\(DirectoryStore.probePrefix)\(DirectoryStore.randomSuffix())"
        let isFirst = try writeIfAbsent([1], to: path)
        let isSecond = try writeIfAbsent([2], to: path)
        let probe = try ask(path) { () throws(StorageError) in
            try bucket.status(of: key(path))
        }
        try remove(path)
        guard let probe, probe.answeredAt != nil, probe.modifiedAt > 0 else {
            throw .storage(
                path: root,
                .invalid(
                    what: "the object store",
                    reason: "it does not say what time it is (Date, Last-Modified)"))
        }
        guard isFirst, !isSecond else {
            throw .storage(
                path: root,
                .invalid(
                    what: "the object store",
                    reason: "it ignores If-None-Match, by which nothing is written over"))
        }
    }

    /// Copies on the server: there are no links, and nothing passes through here.
    func link(_ existing: String, as path: String) throws(ArchiveError) -> Bool {
        try copy([(from: existing, to: path)])
        return true
    }

    func seal(_ directory: String) {}

    func syncDirectory(_ path: String) {}

    // MARK: Removing

    func remove(_ path: String) throws(ArchiveError) {
        try remove(all: [path])
    }

    func removeIfEmpty(_ path: String) -> Bool { true }

    // MARK: Requests

    func key(_ path: String) -> String { path.after(start) }

    func path(_ key: String) -> String { start + key }

    /// The place below the root.
    func place(of path: String) -> String { path.after(root + "/") }

    /// Whether it stays where it is: all that is hidden is moved or removed again, but for superseded
    /// archives.
    private func stays(_ path: String) -> Bool {
        place(of: path).split(separator: "/").allSatisfy { step in
            !step.hasPrefix(".") || SupersededName(String(step)) != nil
        }
    }

    private func options(for path: String) -> WritingOptions {
        stays(path) ? options : WritingOptions()
    }

    func copy(_ pairs: [(from: String, to: String)]) throws(ArchiveError) {
        for stay in [true, false] {
            let chosen = pairs.filter { stays($0.to) == stay }
            guard let first = chosen.first else { continue }
            try change("copy", first.to) { () throws(StorageError) in
                try bucket.copy(
                    chosen.map { (from: key($0.from), to: key($0.to)) },
                    options: options(for: first.to))
            }
        }
    }

    func remove(all paths: [String]) throws(ArchiveError) {
        guard let first = paths.first else { return }
        try change("delete", first) { () throws(StorageError) in
            try bucket.remove(paths.map(key))
        }
    }

    /// All that is below a directory, by path.
    func objects(below path: String) throws(ArchiveError) -> [StoredObject] {
        try ask(path) { () throws(StorageError) in try bucket.listAll(key(path + "/")) }
    }

    private func change(
        _ request: String, _ path: String, _ body: () throws(StorageError) -> Void
    ) throws(ArchiveError) {
        if FailPoint.fails(at: "bucket.\(request).before") { throw Self.failed(path) }
        try ask(path, body)
        if FailPoint.fails(at: "bucket.\(request).after") { throw Self.failed(path) }
    }

    private static func failed(_ path: String) -> ArchiveError {
        .storage(path: path, .unreachable(store: "the store", reason: "a test says so"))
    }

    func ask<Answer>(
        _ path: String, _ body: () throws(StorageError) -> Answer
    ) throws(ArchiveError) -> Answer {
        do throws(StorageError) {
            return try body()
        } catch {
            throw ArchiveError(error, at: path)
        }
    }
}

extension String {
    /// What follows a beginning, byte for byte: to Swift a slash and an accent are one character.
    func after(_ beginning: String) -> String {
        String(decoding: utf8.dropFirst(beginning.utf8.count), as: UTF8.self)
    }
}

extension DirectoryEntry {
    fileprivate init(_ name: String, _ kind: FileKind, size: Int64? = nil) {
        self.init(bytes: Array(name.utf8CString), name: name, kind: kind, size: size)
    }
}

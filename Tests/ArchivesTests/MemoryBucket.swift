import ObjectStorage
import Synchronization

@testable import Archives

/// A bucket as a model: every request that changes something can be the last one, done or not.
final class MemoryBucket: ObjectBucket {
    enum End: CaseIterable {
        /// The process dies, and the request was not carried out; or it was.
        case deadBefore, deadAfter
        /// The one request fails, and was not carried out; or it was, and the answer was lost.
        case failsBefore, failsAfter

        var isCarriedOut: Bool { self == .deadAfter || self == .failsAfter }
        var isDeath: Bool { self == .deadBefore || self == .deadAfter }
    }

    struct State {
        var objects: [String: [UInt8]] = [:]
        /// Seconds since 1970, and when each object was written.
        var time: Int64 = 1_000_000
        var written: [String: Int64] = [:]
        /// Of a class that has to be thawed.
        var cold: Set<String> = []
        /// Requests that change something, since it was last armed.
        var changes = 0
        var end: (number: Int, kind: End)?
        var isDead = false
        /// Whether `If-None-Match` is looked at.
        var knowsConditions = true
        /// Whether copies on the server come out with another byte.
        var spoilsCopies = false
        /// What is answered to who asks for uploads.
        var uploads: StorageError?
        /// What lists do not show.
        var unlisted: Set<String> = []
        var broken: [String] = []
        /// What others do while the program sleeps, before a request.
        var sleep: (number: Int, others: @Sendable () -> Void)?
        /// What somebody else does after each request.
        var overtake: (@Sendable (inout [String: [UInt8]]) -> Void)?
        /// Looks at every state that there ever is: says what is wrong with it.
        var law: (@Sendable ([String: [UInt8]]) -> String?)?
    }

    let state = Mutex(State())

    var objects: [String: [UInt8]] { state.withLock { $0.objects } }

    func pass(seconds: Int64) { state.withLock { $0.time += seconds } }

    func arm(_ end: (number: Int, kind: End)? = nil) {
        state.withLock {
            $0.end = end
            $0.changes = 0
            $0.isDead = false
        }
    }

    // MARK: Requests that change nothing

    private func looking<Answer>(
        _ body: (State) throws(StorageError) -> Answer
    ) throws(StorageError) -> Answer {
        try state.withLock { state throws(StorageError) in
            if state.isDead { throw Self.gone }
            return try body(state)
        }
    }

    private static let gone = StorageError.unreachable(store: "the model", reason: "it is dead")

    func status(of key: String) throws(StorageError) -> StoredObject? {
        try looking { state throws(StorageError) in
            state.objects[key].map { Self.object(key, $0, state) }
        }
    }

    private static func object(_ key: String, _ bytes: [UInt8], _ state: State) -> StoredObject {
        let isCold = state.cold.contains(key)
        return StoredObject(
            key: key, bytes: Int64(bytes.count), storageClass: isCold ? "GLACIER" : "STANDARD",
            isCold: isCold, modifiedAt: state.written[key] ?? 0, answeredAt: state.time)
    }

    func read(
        _ key: String, from offset: Int64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(StorageError) {
        let bytes = try looking { state throws(StorageError) in
            if state.cold.contains(key) { throw .cold(key: key, storageClass: "GLACIER") }
            return state.objects[key]
        }
        guard let bytes else { throw .missing(key: key) }
        let piece = bytes.dropFirst(Int(offset)).prefix(buffer.count)
        guard piece.count == buffer.count else { throw .damaged(key: key, reason: "too short") }
        buffer.copyBytes(from: piece)
    }

    func contents(of key: String, limit: Int) throws(StorageError) -> [UInt8]? {
        try looking { state throws(StorageError) in
            if state.cold.contains(key) { throw .cold(key: key, storageClass: "GLACIER") }
            return state.objects[key]
        }
    }

    func list(_ prefix: String) throws(StorageError) -> (
        objects: [StoredObject], prefixes: [String]
    ) {
        let all = try listAll(prefix)
        var prefixes: Set<String> = []
        var objects: [StoredObject] = []
        for object in all {
            let rest = object.key.dropFirst(prefix.count)
            if let slash = rest.firstIndex(of: "/") {
                prefixes.insert(prefix + rest[...slash])
            } else {
                objects.append(object)
            }
        }
        return (objects, prefixes.sorted())
    }

    func listAll(_ prefix: String) throws(StorageError) -> [StoredObject] {
        try looking { state throws(StorageError) in
            state.objects.keys.filter { $0.hasPrefix(prefix) && !state.unlisted.contains($0) }
                .sorted()
                .map { Self.object($0, state.objects[$0]!, state) }
        }
    }

    func removeUnfinishedUploads(
        below prefix: String, olderThan seconds: Int64
    ) throws(StorageError) -> Int {
        try looking { state throws(StorageError) in
            if let refusal = state.uploads { throw refusal }
            return 0
        }
    }

    // MARK: Requests that change something

    private func changing(
        _ body: (inout State) throws(StorageError) -> Void
    ) throws(StorageError) {
        let others = state.withLock { state in
            let sleep = state.sleep
            guard let sleep, sleep.number == state.changes + 1 else { return nil as (() -> Void)? }
            state.sleep = nil
            return sleep.others
        }
        others?()
        try state.withLock { state throws(StorageError) in
            if state.isDead { throw Self.gone }
            state.changes += 1
            let kind = state.end?.number == state.changes ? state.end?.kind : nil
            if kind?.isDeath ?? false { state.isDead = true }
            if kind?.isCarriedOut ?? true {
                try body(&state)
                state.overtake?(&state.objects)
                if let broken = state.law?(state.objects) { state.broken.append(broken) }
            }
            if kind != nil { throw Self.gone }
        }
    }

    func write(
        _ bytes: UnsafeRawBufferPointer, to key: String, ifAbsent: Bool, options: WritingOptions?
    ) throws(StorageError) {
        try changing { state throws(StorageError) in
            if ifAbsent, state.knowsConditions, state.objects[key] != nil {
                throw .exists(key: key)
            }
            state.objects[key] = Array(bytes)
            state.written[key] = state.time
        }
    }

    func copy(
        _ pairs: [(from: String, to: String)], options: WritingOptions?
    ) throws(StorageError) {
        for pair in pairs {
            try changing { state throws(StorageError) in
                if state.cold.contains(pair.from) {
                    throw .cold(key: pair.from, storageClass: "GLACIER")
                }
                guard let bytes = state.objects[pair.from] else { throw .missing(key: pair.from) }
                state.objects[pair.to] = bytes
                state.written[pair.to] = state.time
                if state.spoilsCopies { state.objects[pair.to]?[0] ^= 1 }
            }
        }
    }

    func remove(_ keys: [String]) throws(StorageError) {
        for key in keys {
            try changing { state throws(StorageError) in state.objects[key] = nil }
        }
    }
}

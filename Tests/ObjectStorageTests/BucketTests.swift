import Checksums
import Glibc
import TestSupport
import Testing

@testable import ObjectStorage

/// What a bucket does when nothing goes wrong. Every request's signature, body and checksum is looked
/// at by the proxy.
@Suite struct Buckets {
    private let bucket: Bucket
    /// Of this test only.
    private let prefix: String

    init() throws {
        bucket = try StoreServer.shared.bucket()
        prefix = "t\(UInt32.random(in: 0...UInt32.max))/"
    }

    private func bytes(_ count: Int, seed: UInt8 = 0) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 / 256) ^ seed }
    }

    /// Each byte that a signature could get wrong, in paths, queries and copy sources.
    @Test func anyKeyIsSignedAsItIs() throws {
        let names = [
            "schema=public/table=logs/2025-01", "a+b", "a b", "100%", "%20", "%2F", "a&b=c;d,e",
            "Grüße/日本語/🙂", "~tilde-_.", "'()*!@:$", "<&>\"", "#?", "[x]{y}|z^`\\",
        ]
        for name in names {
            let key = prefix + name
            try bucket.write(Array(name.utf8), to: key)
            #expect(try bucket.contents(of: key, limit: 100) == Array(name.utf8), "\(name)")
            #expect(try bucket.status(of: key)?.key == key)
            try bucket.copy(key, to: key + ".copy")
            #expect(try bucket.list(key).objects.map(\.key) == [key, key + ".copy"], "\(name)")
        }
        let keys = names.flatMap { [prefix + $0, prefix + $0 + ".copy"] }
        let sorted = keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        #expect(try bucket.listAll(prefix).map(\.key) == sorted)
        try bucket.remove(keys)
        #expect(try bucket.listAll(prefix) == [])
    }

    @Test func whatIsWrittenIsReadInAnyRange() throws {
        let bytes = bytes(5000)
        try bucket.write(bytes, to: prefix + "x")
        #expect(try bucket.read(prefix + "x", from: 0, 5000) == bytes)
        #expect(try bucket.read(prefix + "x", from: 0, 1) == [bytes[0]])
        #expect(try bucket.read(prefix + "x", from: 4321, 679) == Array(bytes[4321...]))
        #expect(try bucket.read(prefix + "x", from: 9999, 0) == [])
        let status = try #require(try bucket.status(of: prefix + "x"))
        #expect(status.bytes == 5000 && status.storageClass == "STANDARD" && !status.isCold)
        #expect(status.sha256 == Checksum.sha256(of: bytes))
        #expect(abs(status.modifiedAt - Int64(time(nil))) < 600)
        // From a mebibyte on the store is asked before the body is sent.
        let large = [UInt8](repeating: 7, count: 3 << 20)
        try bucket.write(large, to: prefix + "large")
        #expect(try bucket.read(prefix + "large", from: 0, large.count) == large)
        // Nothing at all is an object too.
        try bucket.write([], to: prefix + "empty")
        #expect(try bucket.contents(of: prefix + "empty", limit: 0) == [])
        #expect(try bucket.status(of: prefix + "empty")?.bytes == 0)
    }

    @Test func anObjectOfAnotherSizeIsDamaged() throws {
        try bucket.write(bytes(100), to: prefix + "x")
        for (offset, count) in [(0, 101), (50, 51), (100, 1)] {
            guard
                case .damaged? = failure({
                    _ = try bucket.read(prefix + "x", from: Int64(offset), count)
                })
            else {
                Issue.record("\(count) bytes from \(offset) on")
                continue
            }
        }
        guard
            case .damaged? = failure({
                _ = try bucket.contents(of: prefix + "x", limit: 99)
            })
        else {
            Issue.record("larger than the limit")
            return
        }
    }

    @Test func whatIsNotThereIsMissing() throws {
        let key = prefix + "none"
        #expect(try bucket.status(of: key) == nil)
        #expect(try bucket.contents(of: key, limit: 10) == nil)
        #expect(
            failure { _ = try bucket.read(key, from: 0, 1) }
                == .missing(key: key))
        #expect(
            failure { try bucket.copy(key, to: key + "2") }
                == .missing(key: key))
        try bucket.remove([key])
        let nowhere = try StoreServer.shared.bucket("nowhere")
        #expect(
            failure { _ = try nowhere.listAll("") }
                == .bucketMissing(bucket: "nowhere"))
        #expect(
            failure { try nowhere.write([1], to: "x") }
                == .bucketMissing(bucket: "nowhere"))
    }

    @Test func aConditionalWriteNeverReplaces() throws {
        let key = prefix + "once"
        try bucket.write([1], to: key, ifAbsent: true)
        #expect(
            failure { try bucket.write([2], to: key, ifAbsent: true) }
                == .exists(key: key))
        // Not even by the same: another one may have written it.
        #expect(
            failure { try bucket.write([1], to: key, ifAbsent: true) }
                == .exists(key: key))
        #expect(try bucket.contents(of: key, limit: 10) == [1])
        try bucket.write([3], to: key)
        #expect(try bucket.contents(of: key, limit: 10) == [3])
    }

    @Test func whatIsLargeGoesInPieces() throws {
        let bucket = try StoreServer.shared.bucket(
            sizes: RequestSizes(threshold: 10_000, pieceBytes: 3000))
        let bytes = bytes(10_001)
        try bucket.write(bytes, to: prefix + "large", ifAbsent: true)
        #expect(try bucket.read(prefix + "large", from: 0, bytes.count) == bytes)
        #expect(
            failure {
                try bucket.write(bytes, to: prefix + "large", ifAbsent: true)
            } == .exists(key: prefix + "large"))
        let requests = try StoreServer.shared.report().requests.filter { $0.contains(prefix) }
        // Twice four pieces; what was uploaded in vain is gone.
        #expect(requests.count { $0.hasPrefix("PUT") && $0.contains("partNumber=") } == 8)
        #expect(requests.count { $0.hasPrefix("DELETE") && $0.contains("uploadId=") } == 1)
    }

    @Test func unfinishedUploadsAreRemoved() throws {
        for name in ["a=1/x", "a=2/y"] {
            var request = Request(.post, prefix + name)
            request.query = [("uploads", "")]
            _ = try bucket.transport.perform(request)
        }
        func uploads() throws -> Int {
            var request = Request(.get, nil)
            request.query = [("uploads", ""), ("prefix", prefix)]
            let body = try bucket.transport.perform(request).body
            return try #require(XMLElement(parsing: body)).all("Upload").count
        }
        #expect(try uploads() == 2)
        // Moto says of each that it was begun in 2010.
        let century: Int64 = 100 * 366 * 86_400
        #expect(try bucket.removeUnfinishedUploads(below: prefix, olderThan: century) == 0)
        #expect(try uploads() == 2)
        #expect(try bucket.removeUnfinishedUploads(below: prefix + "a=1/", olderThan: 86_400) == 1)
        #expect(try uploads() == 1)
    }

    @Test func listsHavePagesAndDirectories() throws {
        let bucket = try StoreServer.shared.bucket(sizes: RequestSizes(keysOfAList: 10))
        let keys = (0..<63).map { "\(prefix)d\($0 % 3)/\($0)" }
        try Crew.work(keys.count, threads: 4) { index throws(StorageError) in
            try bucket.write([], to: keys[index])
        }
        try bucket.write([1, 2], to: prefix + "top")
        let sorted = keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        #expect(try bucket.listAll(prefix).map(\.key) == sorted + [prefix + "top"])
        let (objects, prefixes) = try bucket.list(prefix)
        #expect(objects.map(\.key) == [prefix + "top"] && objects.map(\.bytes) == [2])
        #expect(prefixes == (0..<3).map { "\(prefix)d\($0)/" })
        #expect(try bucket.list(prefix + "d1/").objects.count == 21)
        #expect(try bucket.list(prefix + "d").prefixes == prefixes)
    }

    /// It is there and whole, only not to be read now: nothing that a restore from a backup would mend.
    @Test func anObjectInAColdTierIsNotDamaged() throws {
        let key = prefix + "cold"
        try bucket.write([1, 2, 3], to: key, options: WritingOptions(storageClass: "DEEP_ARCHIVE"))
        #expect(try bucket.status(of: key)?.isCold == true)
        #expect(try bucket.listAll(prefix).map(\.isCold) == [true])
        for body: () throws -> Void in [
            { _ = try bucket.read(key, from: 0, 3) },
            { _ = try bucket.contents(of: key, limit: 3) },
            { try bucket.copy(key, to: key + ".copy") },
        ] {
            guard case .cold(key, _)? = failure(body) else {
                Issue.record("\(String(describing: failure(body)))")
                continue
            }
        }
    }

    @Test func aLockIsAskedFor() throws {
        let locked = try StoreServer.shared.bucket("locked")
        let until = Int64(time(nil)) + 86_400
        try locked.write(
            [1], to: prefix + "x",
            options: WritingOptions(
                storageClass: "STANDARD_IA", objectLock: .init(mode: .governance, until: until)))
        let head = try locked.transport.perform(Request(.head, prefix + "x"))
        #expect(head.headers["x-amz-object-lock-mode"] == "GOVERNANCE")
        #expect(
            head.headers["x-amz-object-lock-retain-until-date"].flatMap(StoreTime.seconds) == until)
        #expect(try locked.status(of: prefix + "x")?.storageClass == "STANDARD_IA")
    }

    @Test func thereAreTwoStylesAndTLS() throws {
        let server = StoreServer.shared
        var location = server.location()
        // libcurl resolves every name below localhost to this host.
        location.endpoint = server.endpoint.replacing("127.0.0.1", with: "localhost")
        location.usesPathStyle = false
        let virtual = try Bucket(
            location, credentials: CredentialChain(StoreServer.keys), policy: .quick)
        try virtual.write([1], to: prefix + "v=1")
        #expect(try bucket.contents(of: prefix + "v=1", limit: 9) == [1])
        #expect(try virtual.listAll(prefix).map(\.key) == [prefix + "v=1"])

        location = server.location()
        location.endpoint = try server.endpointOverTLS()
        let stranger = try Bucket(
            location, credentials: CredentialChain(StoreServer.keys), policy: .quick)
        guard
            case .unreachable(_, let reason)? = failure({
                _ = try stranger.listAll("")
            })
        else {
            Issue.record("a certificate of nobody's was trusted")
            return
        }
        #expect(reason.contains("certificate") && !reason.contains("attempts"))
        location.certificateAuthorities = server.authorities
        let known = try Bucket(
            location, credentials: CredentialChain(StoreServer.keys), policy: .quick)
        #expect(try known.contents(of: prefix + "v=1", limit: 9) == [1])
    }
}

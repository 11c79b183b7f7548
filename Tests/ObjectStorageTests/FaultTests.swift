import Foundation
import SampleLogs
import TestSupport
import Testing

@testable import ObjectStorage

/// The same, while requests fail in each way that networks and stores have.
@Suite(.serialized) struct Faults {
    private static let server = StoreServer()
    private var server: StoreServer { Self.server }

    /// Whatever fails, each answer is what a store that never fails would say.
    ///
    /// `PGRETAIN_S3_FAULTS` is how many, in all; `PGRETAIN_S3_SEED` repeats a run.
    @Test func answersAreThoseOfAStoreThatNeverFails() throws {
        let environment = ProcessInfo.processInfo.environment
        let wanted = environment["PGRETAIN_S3_FAULTS"].flatMap { Int($0) } ?? 200
        let seed = environment["PGRETAIN_S3_SEED"].flatMap { UInt64($0) } ?? UInt64(time(nil))
        print("PGRETAIN_S3_FAULTS=\(wanted) PGRETAIN_S3_SEED=\(seed)")
        try server.tell("faults 0.3 \(seed)")
        let bucket = try server.bucket(sizes: RequestSizes(threshold: 4000, pieceBytes: 1500))
        var round: UInt64 = 0
        while try injected() < wanted {
            round += 1
            let number = round
            try Crew.work(4, threads: 4) { worker throws(StorageError) in
                var story = Story(
                    bucket, prefix: "w=\(worker) \(number)/",
                    random: SplitMix64(seed: seed &+ number &* 1000 &+ UInt64(worker)))
                for _ in 0..<25 { try story.goOn() }
                try story.end()
            }
        }
        try server.tell("faults 0 0")
        let report = try server.report()
        print("injected: \(report.faults.sorted { $0.key < $1.key }), in \(report.requests.count)")
        #expect(report.refusals.isEmpty, "\(Set(report.refusals))")
        #expect(try bucket.listAll("w=") == [])
    }

    private func injected() throws -> Int { try server.report().faults.values.reduce(0, +) }

    /// The first attempt succeeds without an answer, and the second is told that there is an object.
    /// Where a kept connection is closed without a word, some versions of curl try again by themselves.
    @Test(arguments: [100, 5000])
    func aConditionalWriteKnowsItsOwnObject(_ count: Int) throws {
        let bucket = try server.bucket(sizes: RequestSizes(threshold: 4000, pieceBytes: 1500))
        let bytes = [UInt8](repeating: 7, count: count)
        let others = [UInt8](repeating: 8, count: count)
        for round in 0..<12 {
            let key = "own \(count) \(round)"
            try server.tell("faults 0.5 \(round) reset-after,close-after,flip")
            try bucket.write(bytes, to: key, ifAbsent: true)
            #expect(
                failure {
                    try bucket.write(others, to: key, ifAbsent: true)
                } == .exists(key: key))
            try server.tell("faults 0 0")
            #expect(try bucket.contents(of: key, limit: count) == bytes)
        }
    }

    @Test func whatNeverPassesIsSaid() throws {
        let bucket = try server.bucket(policy: .once)
        for (kind, words) in [
            ("500", "500 InternalError"), ("503", "503 SlowDown"), ("reset-before", "reset"),
            ("stall", "too slow"),
        ] {
            try server.tell("faults 1 1 \(kind)")
            let failed = failure { _ = try bucket.listAll("") }
            guard case .unreachable(_, let reason)? = failed else {
                Issue.record("\(kind): \(String(describing: failed))")
                continue
            }
            #expect(reason.contains(words), "\(kind): \(reason)")
        }
        var policy = RetryPolicy.quick
        policy.attempts = 3
        policy.longestDelaySeconds = 0.5
        let patient = try server.bucket(policy: policy)
        try server.tell("faults 1 1 503")
        let failed = failure { try patient.write([1], to: "never") }
        guard case .unreachable(_, let reason)? = failed else {
            Issue.record("\(String(describing: failed))")
            return
        }
        #expect(reason.contains("after 3 attempts"))
        try server.tell("faults 0 0")
    }

    @Test func aListThatGoesRoundEnds() throws {
        let bucket = try server.bucket()
        try server.tell("faults 1 1 turns")
        defer { #expect(throws: Never.self) { try server.tell("faults 0 0") } }
        for failed in [
            failure { _ = try bucket.listAll("") },
            failure { _ = try bucket.removeUnfinishedUploads(below: "", olderThan: 0) },
        ] {
            guard case .refused(_, _, _, "it does not get to its end")? = failed else {
                Issue.record("\(String(describing: failed))")
                continue
            }
        }
    }

    /// A web server is no empty store.
    @Test func whatIsNoStoreIsSaid() throws {
        let bucket = try server.bucket(policy: .once)
        try server.tell("faults 1 1 stranger")
        defer { #expect(throws: Never.self) { try server.tell("faults 0 0") } }
        #expect(
            failure { _ = try bucket.listAll("") }
                == .unreachable(store: server.endpoint, reason: "no object store answers there"))
    }

    /// What is read whole may take as long as its bytes do.
    @Test func aLargeObjectHasItsTime() throws {
        var policy = RetryPolicy.once
        policy.stallSeconds = 5
        policy.attemptSeconds = -4
        let bucket = try server.bucket(policy: policy)
        try bucket.write([UInt8](repeating: 1, count: 100_000), to: "large")
        try server.tell("faults 1 1 stall")
        defer { #expect(throws: Never.self) { try server.tell("faults 0 0") } }
        #expect(try bucket.contents(of: "large", limit: 100_000)?.count == 100_000)
    }

    /// A flipped bit in an object that is read whole is noticed where the store knows the SHA-256.
    @Test func aFlippedBitIsNoticed() throws {
        let bucket = try server.bucket()
        try bucket.write([UInt8](repeating: 1, count: 1000), to: "flipped")
        try server.tell("faults 1 1 flip")
        defer { #expect(throws: Never.self) { try server.tell("faults 0 0") } }
        guard
            case .damaged("flipped", _)? = failure({
                _ = try bucket.contents(of: "flipped", limit: 1000)
            })
        else {
            Issue.record("not noticed")
            return
        }
    }

    /// Half of one and half of another would be neither.
    @Test func aReadThatGoesOnIsOfOneObject() throws {
        let bucket = try server.bucket()
        try bucket.write([UInt8](repeating: 0, count: 20_000), to: "replaced")
        try server.tell("faults 0.5 2 cut")
        try Crew.work(2, threads: 2) { worker throws(StorageError) in
            for round in 1...25 as ClosedRange<UInt8> {
                if worker == 0 {
                    try bucket.write([UInt8](repeating: round, count: 20_000), to: "replaced")
                } else {
                    let found = try bucket.read("replaced", from: 0, 20_000)
                    #expect(found.allSatisfy { $0 == found[0] })
                }
            }
        }
        try server.tell("faults 0 0")
    }

    @Test func anInterruptionEndsWaiting() throws {
        let bucket = try Bucket(
            server.location(), credentials: CredentialChain(StoreServer.keys), policy: .quick,
            isInterrupted: { true })
        #expect(failure { _ = try bucket.listAll("") } == .interrupted)
    }

    @Test func theClockAndTheRegionAreNamed() throws {
        let bucket = try server.bucket()
        try server.tell("clock 3600")
        guard
            case .clockSkewed? = failure({ _ = try bucket.listAll("") })
        else {
            Issue.record("another error")
            return
        }
        try server.tell("clock 0")
        var location = server.location()
        location.region = "eu-central-1"
        let elsewhere = try Bucket(
            location, credentials: CredentialChain(StoreServer.keys), policy: .quick)
        #expect(
            failure { _ = try elsewhere.listAll("") }
                == .elsewhere(bucket: "logs", region: "us-east-1"))
        let stranger = try server.bucket(
            credentials: CredentialChain(Credentials(accessKey: "AKIDOTHER", secretKey: "secret")))
        guard
            case .denied(_, "InvalidAccessKeyId", _)? = failure({
                _ = try stranger.listAll("")
            })
        else {
            Issue.record("another error")
            return
        }
    }

    @Test func rolesAreRenewed() throws {
        let metadata = try CredentialChain(
            AmazonEnvironment(["AWS_EC2_METADATA_SERVICE_ENDPOINT": server.endpoint]))
        let container = try CredentialChain(
            AmazonEnvironment([
                "AWS_CONTAINER_CREDENTIALS_FULL_URI": server.endpoint + "/role",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN": "agent token",
            ]))
        for chain in [metadata, container] {
            let bucket = try server.bucket(credentials: chain)
            let before = try server.report().credentials
            try bucket.write([1], to: "by a role")
            #expect(try bucket.contents(of: "by a role", limit: 9) == [1])
            #expect(try server.report().credentials == before + 1)
            // The store refuses them before their time: once with a reason, once in answer to HEAD.
            try server.tell("expire")
            try bucket.write([2], to: "by a role")
            try server.tell("expire")
            #expect(try bucket.status(of: "by a role")?.bytes == 1)
            #expect(try server.report().credentials == before + 3)
        }
        // The clock says when they have to be fetched anew.
        let clock = Clock()
        let chain = try CredentialChain(
            AmazonEnvironment(["AWS_EC2_METADATA_SERVICE_ENDPOINT": server.endpoint]),
            clock: { clock.now() })
        let before = try server.report().credentials
        for ahead in [0, 3000, 3400, 3400] as [Int64] {
            clock.ahead.withLock { $0 = ahead }
            _ = try chain.current()
        }
        #expect(try server.report().credentials == before + 3)
    }
}

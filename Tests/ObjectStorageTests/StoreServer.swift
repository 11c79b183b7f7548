import Foundation
import TestSupport
import Testing

@testable import ObjectStorage

/// The store of `s3-faults.py`: moto's, behind a proxy that checks what a real one checks.
final class StoreServer: Sendable {
    /// For tests that do not change how it behaves.
    static let shared = StoreServer()

    static let keys = Credentials(
        accessKey: "AKIDEXAMPLE", secretKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")

    private let script: SupportScript

    init() {
        do { script = try SupportScript("s3-faults.py", []) } catch {
            fatalError("no object store: \(error)")
        }
    }

    var endpoint: String { "http://127.0.0.1:\(script.port)" }
    var authorities: String { script.place + "/ca.pem" }

    func endpointOverTLS() throws -> String {
        "https://127.0.0.1:\(try String(contentsOfFile: script.place + "/tls", encoding: .utf8))"
    }

    func tell(_ command: String) throws { try script.tell(command) }

    func location(_ bucket: String = "logs") -> BucketLocation {
        BucketLocation(bucket: bucket, endpoint: endpoint)
    }

    func bucket(
        _ name: String = "logs", credentials: CredentialChain = CredentialChain(keys),
        options: WritingOptions = WritingOptions(), policy: RetryPolicy = .quick,
        sizes: RequestSizes = RequestSizes()
    ) throws -> Bucket {
        try Bucket(
            location(name), credentials: credentials, options: options, policy: policy,
            sizes: sizes, isInterrupted: { false })
    }

    /// What it has seen so far.
    func report() throws -> Report {
        try script.tell("report")
        let data = try Data(contentsOf: URL(fileURLWithPath: script.place + "/report.json"))
        return try JSONDecoder().decode(Report.self, from: data)
    }

    struct Report: Decodable {
        var faults: [String: Int]
        /// `METHOD target`, in their order.
        var requests: [String]
        /// What it answered to those that a real store would refuse.
        var refusals: [String]
        /// How often temporary credentials were given out.
        var credentials: Int
    }
}

extension RetryPolicy {
    /// Many attempts, and hardly any wait.
    static var quick: RetryPolicy {
        var policy = RetryPolicy()
        policy.attempts = 40
        policy.firstDelaySeconds = 0.002
        policy.longestDelaySeconds = 0.02
        policy.connectSeconds = 2
        policy.stallSeconds = 5
        return policy
    }

    static var once: RetryPolicy {
        var policy = RetryPolicy.quick
        policy.attempts = 1
        policy.stallSeconds = 1
        return policy
    }
}

extension Bucket {
    func write(
        _ bytes: [UInt8], to key: String, ifAbsent: Bool = false, options: WritingOptions? = nil
    ) throws(StorageError) {
        let result = bytes.withUnsafeBytes { raw in
            Result { () throws(StorageError) in
                try write(raw, to: key, ifAbsent: ifAbsent, options: options)
            }
        }
        try result.get()
    }

    func read(_ key: String, from offset: Int64, _ count: Int) throws(StorageError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let result = bytes.withUnsafeMutableBytes { raw in
            Result { () throws(StorageError) in try read(key, from: offset, into: raw) }
        }
        try result.get()
        return bytes
    }
}

/// The error that it throws; nil when it throws none.
func failure(_ body: () throws -> Void) -> StorageError? {
    do {
        try body()
        return nil
    } catch let error as StorageError {
        return error
    } catch {
        Issue.record("\(error)")
        return nil
    }
}

import Foundation
import Synchronization

/// The object store of `s3-faults.py`, which lives as long as the value.
public final class ObjectStoreServer: Sendable {
    /// For tests that do not make it fail.
    public static let shared = ObjectStoreServer()

    /// Where a program finds its credentials.
    public static let environment = [
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        "AWS_EC2_METADATA_DISABLED": "true",
    ]

    private let script: SupportScript
    /// Tests that run at once tell it one thing after the other.
    private let turn = Mutex(())

    public init() {
        do { script = try SupportScript("s3-faults.py", []) } catch {
            fatalError("no object store: \(error)")
        }
    }

    public func tell(_ command: String) throws {
        try turn.withLock { _ in try script.tell(command) }
    }

    public var endpoint: String { "http://127.0.0.1:\(script.port)" }

    /// Writes what is below a prefix to a directory that has nothing else.
    public func download(_ prefix: String, to directory: String) throws {
        try tell("download \(prefix) \(directory)")
    }

    /// How many requests it has made fail so far.
    public func faults() throws -> Int {
        try tell("report")
        let data = try Data(contentsOf: URL(fileURLWithPath: script.place + "/report.json"))
        return try JSONDecoder().decode(Report.self, from: data).faults.values.reduce(0, +)
    }

    private struct Report: Decodable {
        var faults: [String: Int]
    }
}

import FoundationEssentials
import Retention

/// To whom a store belongs: one root, one database. The file `_store.json` in the root.
public struct StoreBinding: Equatable, Sendable {
    public static let currentFormat = 1
    static let fileName = "_store.json"

    public var format: Int
    /// Names the store itself, wherever it is mounted.
    public var uuid: String
    /// From `pg_control_system()`, as decimal digits; empty where it may not be read.
    public var systemIdentifier: String
    public var database: String
    /// Names the ledger in that database.
    public var ledger: String

    public init(
        format: Int = currentFormat, uuid: String, systemIdentifier: String, database: String,
        ledger: String
    ) {
        self.format = format
        self.uuid = uuid
        self.systemIdentifier = systemIdentifier
        self.database = database
        self.ledger = ledger
    }

    /// The file, in its one form.
    func encoded() -> [UInt8] {
        JSONWriter.document { json in
            json.member("format", format)
            json.member("uuid", uuid)
            json.member("system_identifier", systemIdentifier)
            json.member("database", database)
            json.member("ledger", ledger)
        }
    }

    init(decoding bytes: [UInt8], path: String) throws(ArchiveError) {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let document: Document
        do {
            let format = try decoder.decode(ManifestFormat.self, from: Data(bytes)).format
            guard format <= Self.currentFormat else {
                throw ArchiveError.newerFormat(path: path, format: format)
            }
            document = try decoder.decode(Document.self, from: Data(bytes))
        } catch let error as ArchiveError {
            throw error
        } catch {
            throw .damaged(path: path, reason: "it cannot be read: \(error)")
        }
        self.init(
            format: document.format, uuid: document.uuid,
            systemIdentifier: document.systemIdentifier, database: document.database,
            ledger: document.ledger)
        guard encoded() == bytes else {
            throw .damaged(path: path, reason: "it is not in the form a writer gives it")
        }
    }

    private struct Document: Decodable {
        var format: Int
        var uuid: String
        var systemIdentifier: String
        var database: String
        var ledger: String
    }
}

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
        if let format = ManifestFile.format(of: bytes), format > Self.currentFormat {
            throw .newerFormat(path: path, format: format)
        }
        do throws(JSONReader.Misfit) {
            self = try JSONReader.document(bytes) { json throws(JSONReader.Misfit) in
                StoreBinding(
                    format: try json.member("format"), uuid: try json.member("uuid"),
                    systemIdentifier: try json.member("system_identifier"),
                    database: try json.member("database"), ledger: try json.member("ledger"))
            }
        } catch {
            throw .damaged(path: path, reason: "it cannot be read: \(error)")
        }
        guard encoded() == bytes else {
            throw .damaged(path: path, reason: "it is not in the form a writer gives it")
        }
    }
}

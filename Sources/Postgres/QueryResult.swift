import CLibPQ
import Retention

/// What one statement gave back; its owner.
final class QueryResult {
    private let pointer: OpaquePointer
    let statement: String
    let count: Int

    init(_ pointer: OpaquePointer, statement: String) {
        self.pointer = pointer
        self.statement = statement
        count = Int(PQntuples(pointer))
    }

    deinit { PQclear(pointer) }

    /// `COPY 5`, `COMMIT`
    var commandTag: String { String(cString: PQcmdStatus(pointer)) }

    /// How many rows a statement changed.
    var affected: Int64 { Int64(String(cString: PQcmdTuples(pointer))) ?? 0 }

    var rows: some Sequence<Row> { (0..<count).lazy.map { Row(result: self, index: Int32($0)) } }

    var first: Row? { count > 0 ? Row(result: self, index: 0) : nil }

    /// The only row of a statement that always gives one.
    func one() throws -> Row {
        guard count == 1, let first else {
            throw PostgresError.unexpected("\(count) rows instead of one", statement: statement)
        }
        return first
    }

    struct Row {
        fileprivate let result: QueryResult
        fileprivate let index: Int32

        func optionalText(_ column: Int32) -> String? {
            guard PQgetisnull(result.pointer, index, column) == 0 else { return nil }
            return String(cString: PQgetvalue(result.pointer, index, column))
        }

        func text(_ column: Int32) throws -> String { try known(optionalText(column), column) }

        func int(_ column: Int32) throws -> Int64 { try known(optionalInt(column), column) }

        func optionalInt(_ column: Int32) throws -> Int64? {
            try optionalText(column).map { try known(Int64($0), column) }
        }

        func oid(_ column: Int32) throws -> UInt32 { try known(optionalOID(column), column) }

        func optionalOID(_ column: Int32) throws -> UInt32? {
            try optionalText(column).map { try known(UInt32($0), column) }
        }

        func bool(_ column: Int32) throws -> Bool { try text(column) == "t" }

        func instant(_ column: Int32) throws -> Instant {
            try known(optionalInstant(column), column)
        }

        /// A `timestamptz` printed in UTC.
        func optionalInstant(_ column: Int32) throws -> Instant? {
            try optionalText(column).map { text in
                switch text {
                case "infinity": TimeText.latest
                case "-infinity": TimeText.earliest
                default: try known(TimeText.instant(text), column)
                }
            }
        }

        /// Two `timestamptz` columns, both NULL or both not.
        func optionalBounds(_ column: Int32) throws -> PartitionBounds? {
            guard let from = try optionalInstant(column), let to = try optionalInstant(column + 1)
            else { return nil }
            return try known(PartitionBounds(from: from, to: to), column)
        }

        func bounds(_ column: Int32) throws -> PartitionBounds {
            try known(optionalBounds(column), column)
        }

        /// Two columns: schema and name.
        func name(_ column: Int32) throws -> QualifiedName {
            QualifiedName(schema: try text(column), name: try text(column + 1))
        }

        private func known<Value>(_ value: Value?, _ column: Int32) throws -> Value {
            guard let value else {
                throw PostgresError.unexpected(
                    "column \(column + 1) is not of the form expected", statement: result.statement)
            }
            return value
        }
    }
}

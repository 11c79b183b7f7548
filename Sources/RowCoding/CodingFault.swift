import Retention

/// A row that cannot be coded. It says where and what, never what the row holds.
public struct CodingFault: Error, Equatable, Sendable {
    /// The row within the block that was handed in, from 0.
    public var row: Int
    /// The column, from 0, where one is to blame.
    public var column: Int?
    public var reason: Reason

    public enum Reason: UInt8, Error, Sendable, CaseIterable {
        /// The block does not end in a newline.
        case unterminated
        /// A COPY line has too few or too many fields.
        case fieldCount
        /// A backslash before something that COPY does not write there.
        case copyEscape
        /// A byte that COPY never sends, or that JSON does not allow in a string.
        case control
        /// Bytes that are not UTF-8; the column can be encoded as `ColumnForm.hex` instead.
        case invalidUTF8
        case number
        case boolean
        case jsonb
        case hex
        /// The expected key is missing, repeated, unknown or out of order.
        case key
        /// A value that is no string where only a string or null can be.
        case string
        /// An escape in a string that the encoder does not write.
        case stringEscape
        case array
        /// A value in another form than the encoder gives it.
        case notCanonical
        /// Something other than `}` and a newline after the last value.
        case lineEnd
    }

    public init(row: Int, column: Int?, reason: Reason) {
        self.row = row
        self.column = column
        self.reason = reason
    }
}

extension CodingFault.Reason {
    var sentence: String {
        switch self {
        case .unterminated: "the rows do not end in a newline"
        case .fieldCount: "the number of fields is not the number of columns"
        case .copyEscape: "a backslash stands before a byte that COPY does not escape"
        case .control: "a control byte stands where none can be"
        case .invalidUTF8: "the bytes are not UTF-8"
        case .number: "the value is not a number as the server writes it"
        case .boolean: "the value is not a boolean"
        case .jsonb: "the value is not one complete JSON value"
        case .hex: "the value is not lower-case hexadecimal"
        case .key: "the expected key is missing, repeated, unknown or out of order"
        case .string: "the value is neither a string nor null"
        case .stringEscape: "a string holds an escape that is never written"
        case .array: "the value is neither an array nor a string"
        case .notCanonical: "the value is not in the form in which it would be written"
        case .lineEnd: "the line does not end after its last column"
        }
    }
}

extension CodingFault: Explainable {
    public var problem: Problem {
        let place = column.map { "row \(row + 1) of its block, column \($0 + 1)" }
        return Problem(
            "archive.row", .data,
            "A row cannot be coded (\(place ?? "row \(row + 1) of its block")): \(reason.sentence)."
                + " Nothing was dropped.",
            hint: reason == .invalidUTF8
                ? "Encode the column as hex."
                : "For an archive: pgretain archives verify. For a table: run again.")
    }
}

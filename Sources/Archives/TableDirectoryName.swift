import Checksums
import Retention

/// The name of a table's directory: schema and table with a dot between them, bytes other than
/// ASCII letters, digits, `_` and `-` as `%` and two hexadecimal digits. Over 200 bytes it is cut,
/// and gets `~` and the first 16 hexadecimal digits of the SHA-256 of the uncut (encoded) name.
enum TableDirectoryName {
    private static let longest = 200
    private static let hashDigits = 16

    static func of(_ table: QualifiedName) -> String {
        let full = "\(encoded(table.schema)).\(encoded(table.name))"
        guard full.utf8.count > longest else { return full }
        let hash = Checksum.sha256(of: full.utf8).prefix(hashDigits)
        var kept = full.prefix(longest - 1 - hashDigits)
        // An escape is kept whole or not at all.
        if let percent = kept.suffix(2).lastIndex(of: "%") { kept = kept[..<percent] }
        return "\(kept)~\(hash)"
    }

    /// The table that a directory is of; of a cut name what is left of it, and the `~` and the
    /// digits. Nil when no table's directory has this name.
    static func table(of directory: String) -> QualifiedName? {
        let parts = directory.utf8.split(
            separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count <= 2, let schema = decoded(parts[0]) else { return nil }
        if isCut(directory) {
            // Where the schema alone was too long, nothing is left of the name but the hash.
            let name =
                parts.count == 2 ? decoded(parts[1]) : Array(directory.utf8.suffix(1 + hashDigits))
            return name.map {
                QualifiedName(
                    schema: String(decoding: schema, as: UTF8.self),
                    name: String(decoding: $0, as: UTF8.self))
            }
        }
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty,
            let schema = String(validating: schema, as: UTF8.self),
            let name = decoded(parts[1]).flatMap({ String(validating: $0, as: UTF8.self) })
        else { return nil }
        let table = QualifiedName(schema: schema, name: name)
        return of(table) == directory ? table : nil
    }

    /// Whether the manifest alone has the table's name.
    static func isCut(_ directory: String) -> Bool {
        let bytes = directory.utf8
        return (longest - 2...longest).contains(bytes.count)
            && bytes.firstIndex(of: UInt8(ascii: "~"))
                == bytes.index(bytes.endIndex, offsetBy: -1 - hashDigits)
    }

    private static func encoded(_ part: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var result: [UInt8] = []
        for byte in part.utf8 {
            if isPlain(byte) {
                result.append(byte)
            } else {
                result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func decoded(_ part: Substring.UTF8View) -> [UInt8]? {
        var result: [UInt8] = []
        var rest = part
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                result.append(byte)
                continue
            }
            guard let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            else { return nil }
            result.append(value)
            rest = rest.dropFirst(2)
        }
        return result
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}

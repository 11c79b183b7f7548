/// The name of a table: schema and table, as the catalogue spells them.
public struct QualifiedName: Hashable, Sendable, Codable {
    public var schema: String
    public var name: String

    public init(schema: String, name: String) {
        self.schema = schema
        self.name = name
    }

    /// Reads a name as SQL does: unquoted parts fold to lower case, quoted ones keep, and a
    /// missing schema means `public`. Nil when it is not one or two identifiers.
    /// (PostgreSQL manual, 4.1.1 Identifiers and Key Words.)
    public init?(sql text: String) {
        var parts: [String] = []
        var rest = Substring(text)
        while true {
            guard let part = Self.takeIdentifier(&rest) else { return nil }
            parts.append(part)
            if rest.isEmpty { break }
            guard rest.unicodeScalars.removeFirst() == "." else { return nil }
        }
        switch parts.count {
        case 1: self.init(schema: "public", name: parts[0])
        case 2: self.init(schema: parts[0], name: parts[1])
        default: return nil
        }
    }

    private static func takeIdentifier(_ rest: inout Substring) -> String? {
        guard let first = rest.unicodeScalars.first else { return nil }
        var result = ""
        guard first == "\"" else {
            while let scalar = rest.unicodeScalars.first, isUnquoted(scalar, first: result.isEmpty)
            {
                let isUpper = ("A"..."Z").contains(scalar)
                result.unicodeScalars.append(
                    isUpper ? Unicode.Scalar(UInt8(scalar.value) + 32) : scalar)
                rest.unicodeScalars.removeFirst()
            }
            return result.isEmpty ? nil : result
        }
        rest.unicodeScalars.removeFirst()
        while let scalar = rest.unicodeScalars.popFirst() {
            if scalar == "\"" {
                guard rest.unicodeScalars.first == "\"" else {
                    return result.isEmpty ? nil : result
                }
                rest.unicodeScalars.removeFirst()
            }
            result.unicodeScalars.append(scalar)
        }
        return nil
    }

    private static func isUnquoted(_ scalar: Unicode.Scalar, first: Bool) -> Bool {
        switch scalar {
        case "a"..."z", "A"..."Z", "_": true
        case "0"..."9", "$": !first
        default: scalar.value >= 0x80
        }
    }
}

extension QualifiedName: CustomStringConvertible {
    /// As one would write it in SQL: parts are quoted where they have to be.
    public var description: String {
        "\(Self.quotedIfNeeded(schema)).\(Self.quotedIfNeeded(name))"
    }

    private static func quotedIfNeeded(_ part: String) -> String {
        var rest = Substring(part)
        if part.unicodeScalars.first != "\"", let read = takeIdentifier(&rest), rest.isEmpty,
            read.utf8.elementsEqual(part.utf8)
        {
            return part
        }
        return "\"" + part.escaping(["\""], with: "\"") + "\""
    }
}

extension QualifiedName {
    // The catalogue compares bytes; Swift's strings compare what they look like, and would take
    // two tables for one.
    public static func == (a: QualifiedName, b: QualifiedName) -> Bool {
        a.schema.utf8.elementsEqual(b.schema.utf8) && a.name.utf8.elementsEqual(b.name.utf8)
    }

    public func hash(into hasher: inout Hasher) {
        for part in [schema, name] {
            for byte in part.utf8 { hasher.combine(byte) }
            hasher.combine(UInt8(0))
        }
    }
}

extension QualifiedName: Comparable {
    public static func < (a: QualifiedName, b: QualifiedName) -> Bool {
        (a.schema, a.name) < (b.schema, b.name)
    }
}

extension String {
    /// The text on one line, and harmless to what reads lines: monitoring takes `|` for the beginning
    /// of perfdata, web pages `<` for that of a tag, terminals control characters for commands, and
    /// readers what turns the direction of writing for the text itself.
    public var plainLine: String {
        var line = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            if Self.isHarmless(scalar) {
                line.append(scalar)
            } else {
                line.append(contentsOf: "\\u{\(String(scalar.value, radix: 16))}".unicodeScalars)
            }
        }
        return String(line)
    }

    private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "|", "<", ">": return false
        default: break
        }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse,
            .unassigned:
            return false
        default: return true
        }
    }
}

extension QualifiedName {
    /// The name in ASCII letters, digits, `_`, `-` and one dot; every other byte is `%` and two
    /// digits. Two tables never share one.
    public var plainLabel: String { "\(Self.plain(schema)).\(Self.plain(name))" }

    private static func plain(_ part: String) -> String {
        part.utf8.reduce(into: "") { text, byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                text += "%" + (digits.utf8.count == 1 ? "0" : "") + digits
            }
        }
    }
}

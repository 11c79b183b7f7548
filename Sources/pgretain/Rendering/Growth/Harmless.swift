/// Text of the database's, which anybody may have put there, for a form that people look at.
enum Harmless {
    /// No longer than a word has to be, and without what moves a cursor or turns the line around.
    static func text(_ text: String) -> String {
        var result = ""
        var count = 0
        for scalar in text.unicodeScalars {
            count += 1
            guard count <= 200 else { return result + "…" }
            if isDangerous(scalar) {
                result += "\\u{" + String(scalar.value, radix: 16) + "}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Controls, line ends of Unicode, and marks of direction (Unicode 9, UAX #9).
    private static func isDangerous(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F...0x9F, 0x061C, 0x200B...0x200F, 0x2028...0x202E, 0x2066...0x2069,
            0xFEFF:
            true
        default: false
        }
    }

    /// For HTML, in text and in quoted attributes.
    static func html(_ text: String) -> String {
        Self.text(text).reduce(into: "") { result, character in
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.append(character)
            }
        }
    }

    /// For a cell of a Markdown table: no mark of it means anything.
    static func markdown(_ text: String) -> String {
        Self.text(text).reduce(into: "") { result, character in
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\\", "|", "`", "*", "_", "[", "]", "!", "#", "~":
                result += "\\"
                result.append(character)
            default: result.append(character)
            }
        }
    }

    /// A field of a CSV file (RFC 4180). What a spreadsheet would take for a formula begins with an
    /// apostrophe.
    static func csv(_ text: String) -> String {
        let safe = Self.text(text)
        let isFormula = safe.first.map { "=+-@".contains($0) } ?? false
        let field = isFormula ? "'" + safe : safe
        guard field.contains(where: { ",\"\n\r".contains($0) }) else { return field }
        return "\""
            + field.split(separator: "\"", omittingEmptySubsequences: false)
            .joined(separator: "\"\"") + "\""
    }

    /// The value of a Prometheus label (exposition format 0.0.4).
    static func label(_ text: String) -> String {
        Self.text(text).reduce(into: "") { result, character in
            if character == "\\" || character == "\"" { result += "\\" }
            result.append(character)
        }
    }
}

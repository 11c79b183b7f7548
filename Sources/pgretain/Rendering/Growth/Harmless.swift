/// Text of the database's, which anybody may have put there, for a form that people look at.
enum Harmless {
    /// Enough for a sentence with two names in it.
    private static let longest = 400

    /// No longer than a word has to be, and without what moves a cursor or turns the line around.
    static func text(_ text: String, longest: Int = longest) -> String {
        var result = String.UnicodeScalarView()
        for (index, scalar) in text.unicodeScalars.enumerated() {
            guard index < longest else { return String(result) + "…" }
            if isDangerous(scalar) {
                let number = String(scalar.value, radix: 16)
                result.append(contentsOf: "\\u{\(number)}".unicodeScalars)
            } else {
                result.append(scalar)
            }
        }
        return String(result)
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

    // Scalar by scalar: to Swift a `<` and an accent that combines with it are one character, which
    // is not `<`.

    /// For HTML, in text and in quoted attributes.
    static func html(_ text: String) -> String {
        replacing(text) { scalar in
            switch scalar {
            case "&": "&amp;"
            case "<": "&lt;"
            case ">": "&gt;"
            case "\"": "&quot;"
            case "'": "&#39;"
            default: nil
            }
        }
    }

    /// For a cell of a Markdown table: no mark of it means anything.
    static func markdown(_ text: String) -> String {
        replacing(text) { scalar in
            switch scalar {
            case "&": "&amp;"
            case "<": "&lt;"
            case ">": "&gt;"
            case "\\", "|", "`", "*", "_", "[", "]", "!", "#", "~": "\\\(scalar)"
            default: nil
            }
        }
    }

    /// A field of a CSV file (RFC 4180). What a spreadsheet would take for a formula begins with an
    /// apostrophe.
    static func csv(_ text: String) -> String {
        let isFormula = text.unicodeScalars.first.map { "=+-@".unicodeScalars.contains($0) }
        let field = (isFormula ?? false ? "'" : "") + replacing(text) { $0 == "\"" ? "\"\"" : nil }
        let isPlain = !field.unicodeScalars.contains { $0 == "," || $0 == "\"" }
        return isPlain ? field : "\"" + field + "\""
    }

    /// The value of a Prometheus label (exposition format 0.0.4).
    static func label(_ text: String) -> String {
        replacing(text) { $0 == "\\" || $0 == "\"" ? "\\\($0)" : nil }
    }

    private static func replacing(_ text: String, by other: (Unicode.Scalar) -> String?) -> String {
        var result = String.UnicodeScalarView()
        for scalar in Self.text(text).unicodeScalars {
            if let other = other(scalar) {
                result.append(contentsOf: other.unicodeScalars)
            } else {
                result.append(scalar)
            }
        }
        return String(result)
    }
}

extension String {
    /// The text with `mark` before each of `special`.
    ///
    /// By scalars, as servers and files read text: to `replacing` a quote with a combining accent
    /// behind it is another character, and no quote.
    public func escaping(_ special: Set<Unicode.Scalar>, with mark: Unicode.Scalar) -> String {
        var escaped = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            if special.contains(scalar) { escaped.append(mark) }
            escaped.append(scalar)
        }
        return String(escaped)
    }
}

extension String {
    /// The text as one word for a POSIX shell: commands that are printed are there to be pasted.
    public var shellWord: String {
        let isPlain =
            !isEmpty
            && utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "_./-".utf8.contains(byte)
                }
            }
        guard !isPlain else { return self }
        var word = "'"
        for scalar in unicodeScalars {
            if scalar == "'" { word += "'\\''" } else { word.unicodeScalars.append(scalar) }
        }
        return word + "'"
    }
}

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

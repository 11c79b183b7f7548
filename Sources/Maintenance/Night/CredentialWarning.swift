/// What is said of an archive that seems to hold credentials.
enum CredentialWarning {
    private static let beginning = "values of "

    static func text(_ keys: [String], in column: String) -> String {
        beginning + keys.map { "`\($0)`" }.joined(separator: ", ")
            + " were seen in the JSON of \(column), in the first rows of some part, the only ones "
            + "looked at; redact: keeps such values out of archives"
    }

    static func isOne(_ warning: String) -> Bool { warning.hasPrefix(beginning) }
}

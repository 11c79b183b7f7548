/// A connection string without its secrets.
enum ConnectionText {
    /// Masks the password of a URI (`postgresql://user:secret@host/db?password=…`) and of a keyword
    /// string (`password=… sslpassword='…'`).
    static func masked(_ text: String) -> String {
        var result = text
        // The keyword form, its value quoted or not, and the same word among a URI's parameters.
        let keyword = /(?i)((?:ssl)?password\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&']+)/
        result = result.replacing(keyword) { $0.output.1 + "***" }
        let uri = /^([a-z]+:\/\/[^:@\/?]*:)([^@]*)@/
        return result.replacing(uri) { $0.output.1 + "***@" }
    }
}

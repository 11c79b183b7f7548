import FoundationEssentials
import Glibc

/// What the environment says; and, where it has no keys, the shared files (`~/.aws/credentials`,
/// `~/.aws/config`), as the programs of AWS read them.
public struct AmazonEnvironment: Sendable {
    let variables: [String: String]
    /// Of the chosen profile, from both files; what is in `credentials` comes first.
    let profile: [String: String]
    let profileName: String

    /// - Parameter variables: those of the process.
    public init(_ variables: [String: String]) throws(StorageError) {
        let variables = variables.filter { !$0.value.isEmpty }
        let profileName = variables["AWS_PROFILE"] ?? "default"
        guard variables["AWS_ACCESS_KEY_ID"] == nil, variables["AWS_SECRET_ACCESS_KEY"] == nil
        else {
            self.variables = variables
            self.profileName = profileName
            profile = [:]
            return
        }
        func path(_ variable: String, _ file: String) -> String? {
            variables[variable] ?? variables["HOME"].map { "\($0)/.aws/\(file)" }
        }
        let credentials = try Self.sections(path("AWS_SHARED_CREDENTIALS_FILE", "credentials"))
        let config = try Self.sections(path("AWS_CONFIG_FILE", "config"))
        let configured = config["profile \(profileName)"] ?? config[profileName]
        let found = credentials[profileName]
        if found == nil, configured == nil, variables["AWS_PROFILE"] != nil {
            throw .credentials(
                reason: "AWS_PROFILE names the profile \(profileName), which is in no file")
        }
        self.variables = variables
        self.profileName = profileName
        profile = (configured ?? [:]).merging(found ?? [:]) { $1 }
    }

    /// The region to use where nothing else names one.
    public var region: String? {
        variables["AWS_REGION"] ?? variables["AWS_DEFAULT_REGION"] ?? profile["region"]
    }

    /// The endpoint to use where nothing else names one.
    public var endpoint: String? {
        variables["AWS_ENDPOINT_URL_S3"] ?? variables["AWS_ENDPOINT_URL"]
            ?? profile["endpoint_url"]
    }

    /// A file's sections; none where there is no such file.
    private static func sections(
        _ path: String?
    ) throws(StorageError) -> [String: [String: String]] {
        guard let path, let bytes = try bytes(of: path) else { return [:] }
        return ProfileText.sections(String(decoding: bytes, as: UTF8.self))
    }

    /// Nil where there is no such file.
    private static func bytes(of path: String) throws(StorageError) -> Data? {
        // Nor is there one below a home that is /dev/null.
        if access(path, F_OK) != 0, errno == ENOENT || errno == ENOTDIR { return nil }
        do {
            return try Data(contentsOf: URL(fileURLWithPath: path))
        } catch {
            throw .credentials(reason: "\(path) cannot be read")
        }
    }

    /// A small file whose whole contents are one word, such as a token.
    static func word(in path: String) throws(StorageError) -> String {
        guard let bytes = try bytes(of: path) else {
            throw .credentials(reason: "there is no file \(path)")
        }
        return String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
            .joined(separator: " ")
    }
}

/// The form of the shared files: sections in brackets, and `name = value` below them.
enum ProfileText {
    static func sections(_ text: String) -> [String: [String: String]] {
        var sections: [String: [String: String]] = [:]
        var current: String?
        for line in text.split(whereSeparator: \.isNewline) {
            guard let first = line.first, first != "#", first != ";" else { continue }
            if first == "[" {
                let words = line.dropFirst().prefix { $0 != "]" }.split(
                    whereSeparator: \.isWhitespace)
                current = words.joined(separator: " ")
                continue
            }
            // What is indented belongs to the setting above it: `s3 =` has some of its own.
            guard !first.isWhitespace, let current, let equals = line.firstIndex(of: "=") else {
                continue
            }
            let name = trimmed(line[..<equals]).lowercased()
            sections[current, default: [:]][name] = value(line[line.index(after: equals)...])
        }
        return sections
    }

    private static func trimmed(_ text: Substring) -> String {
        let start = text.drop(while: \.isWhitespace)
        return String(start.reversed().drop(while: \.isWhitespace).reversed())
    }

    /// Without a comment, which begins with a space.
    private static func value(_ text: Substring) -> String {
        var end = text.endIndex
        for index in text.indices.dropFirst() where text[index] == "#" || text[index] == ";" {
            guard text[text.index(before: index)].isWhitespace else { continue }
            end = index
            break
        }
        return trimmed(text[..<end])
    }
}

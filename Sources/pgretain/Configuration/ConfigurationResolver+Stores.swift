import Maintenance
import Retention
import Yams

// Where archives are: directories, and buckets of object stores.
extension ConfigurationResolver {
    mutating func archives(_ node: Node?) -> String {
        if let flag = overrides.archives {
            return note("archives", root(flag, key: "--archives", at: nil), .flag("--archives"))
        }
        if let value = environment["PGRETAIN_ARCHIVES"] {
            return note(
                "archives", root(value, key: "PGRETAIN_ARCHIVES", at: nil),
                .environment("PGRETAIN_ARCHIVES"))
        }
        guard let node, let path = reader.text(node, key: "archives"), !path.isEmpty else {
            reader.complain(
                "is required: the directory, or the s3://bucket/prefix, that archives go to",
                key: "archives", at: node)
            return ""
        }
        return note("archives", root(path, key: "archives", at: node), source(node))
    }

    /// One place, or a list of them.
    mutating func copies(_ node: Node?) -> [String] {
        guard let node else { return [] }
        let nodes = node.sequence.map(Array.init) ?? [node]
        var roots: [String] = []
        for node in nodes {
            guard let path = reader.text(node, key: "copies"), !path.isEmpty else { continue }
            let root = root(path, key: "copies", at: node)
            if roots.contains(root) {
                reader.complain("`\(path)` is there twice", key: "copies", at: node)
            }
            roots.append(root)
        }
        _ = note("copies", roots.joined(separator: ", "), source(node))
        return roots
    }

    /// The root of a store as it is believed: without slashes at its end where it is in a bucket.
    private func root(_ text: String, key: String, at node: Node?) -> String {
        guard !text.hasPrefix("/") else { return text }
        guard text.hasPrefix("s3://") else {
            reader.complain(
                text.contains("://")
                    ? "`\(text)`: of object stores only s3://bucket/prefix is known"
                    : "`\(text)` must be an absolute path, or s3://bucket/prefix",
                key: key, at: node)
            return text
        }
        var root = text
        while root.hasSuffix("/"), root != "s3://" { root.removeLast() }
        let steps = root.dropFirst("s3://".count)
            .split(separator: "/", omittingEmptySubsequences: false)
        let isPlain = steps.allSatisfy { step in
            !step.isEmpty && !step.hasPrefix(".")
                && step.utf8.allSatisfy {
                    switch $0 {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"),
                        UInt8(ascii: "A")...UInt8(ascii: "Z"),
                        UInt8(ascii: "0")...UInt8(ascii: "9"):
                        true
                    default: "-_.=".utf8.contains($0)
                    }
                }
        }
        if !isPlain {
            reader.complain(
                "`\(text)` must be s3://bucket/prefix, of letters, digits, `-`, `_`, `.` and `=`",
                key: key, at: node)
        }
        return root
    }

    // MARK: How object stores are spoken to

    private static let bucketKeys = [
        "endpoint", "region", "path_style", "storage_class", "object_lock", "versioned", "ca_file",
    ]
    private static let lockKeys = ["mode", "days"]

    mutating func objectStores(_ node: Node?) -> ObjectStoreSettings {
        var settings = ObjectStoreSettings()
        guard let node else { return settings }
        let entries = reader.entries(node, of: "s3", known: Self.bucketKeys + ["buckets"])
        settings.common = bucket(entries, "s3")
        guard let buckets = entries["buckets"] else { return settings }
        guard case .mapping(let mapping) = buckets else {
            reader.complain("must be a mapping of buckets", key: "s3.buckets", at: buckets)
            return settings
        }
        for (name, node) in mapping {
            guard let name = name.string else { continue }
            let path = "s3.buckets.\(name)"
            settings.buckets[name] = bucket(
                reader.entries(node, of: path, known: Self.bucketKeys), path)
        }
        return settings
    }

    private mutating func bucket(
        _ entries: [String: Node], _ path: String
    ) -> ObjectStoreSettings.Bucket {
        var bucket = ObjectStoreSettings.Bucket()
        bucket.endpoint = endpoint(entries["endpoint"], "\(path).endpoint")
        bucket.region = optional(entries["region"], key: "\(path).region")
        if entries["path_style"] != nil {
            bucket.usesPathStyle = flag(
                entries["path_style"], "\(path).path_style", default: true)
        }
        bucket.storageClass = storageClass(entries["storage_class"], "\(path).storage_class")
        bucket.lock = lock(entries["object_lock"], "\(path).object_lock")
        if entries["versioned"] != nil {
            bucket.isVersioned = flag(entries["versioned"], "\(path).versioned", default: false)
        }
        bucket.certificateAuthorities = optional(entries["ca_file"], key: "\(path).ca_file")
        return bucket
    }

    private mutating func endpoint(_ node: Node?, _ key: String) -> String? {
        guard let node, let url = reader.text(node, key: key) else { return nil }
        let isURL = ["https://", "http://"].contains { url.hasPrefix($0) && url != $0 }
        guard isURL, !url.contains("@"), !url.contains("?"), !url.contains("#") else {
            // It is not shown: somebody may have written a password into it.
            reader.complain(
                "must be a URL such as https://minio.example:9000, without a user: credentials "
                    + "come from the environment or a file of their own", key: key, at: node)
            return nil
        }
        return note(key, url, source(node))
    }

    private mutating func storageClass(_ node: Node?, _ key: String) -> String? {
        guard let node, let name = optional(node, key: key) else { return nil }
        if ["GLACIER", "DEEP_ARCHIVE"].contains(name) {
            reader.complain(
                "`\(name)` cannot be read before it is thawed, and archives are read back; let a "
                    + "lifecycle rule of the bucket move what is old there", key: key, at: node)
        }
        return name
    }

    private mutating func lock(_ node: Node?, _ path: String) -> ObjectStoreSettings.Lock? {
        guard let node else { return nil }
        let entries = reader.entries(node, of: path, known: Self.lockKeys)
        guard let days = entries["days"] else {
            reader.complain("is required", key: "\(path).days", at: node)
            return nil
        }
        return ObjectStoreSettings.Lock(
            mode: choice(entries["mode"], "\(path).mode", default: .governance),
            days: number(days, "\(path).days", 1...36_500, default: 1))
    }
}

/// Where a bucket is, and how it is spoken to.
public struct BucketLocation: Sendable, Hashable {
    public var bucket: String
    public var region: String
    /// Such as `https://minio.example:9000`; without one it is AWS.
    public var endpoint: String?
    /// `https://endpoint/bucket/key` instead of `https://bucket.endpoint/key`.
    public var usesPathStyle: Bool
    /// A PEM file with the authorities to trust, instead of the system's.
    public var certificateAuthorities: String?

    /// - Parameter usesPathStyle: nil is what fits: path style where an endpoint is given or the bucket's
    ///   name has dots, which no certificate of a wildcard covers.
    public init(
        bucket: String, region: String = "us-east-1", endpoint: String? = nil,
        usesPathStyle: Bool? = nil, certificateAuthorities: String? = nil
    ) {
        self.bucket = bucket
        self.region = region
        self.endpoint = endpoint
        self.usesPathStyle = usesPathStyle ?? (endpoint != nil || bucket.utf8.contains(46))
        self.certificateAuthorities = certificateAuthorities
    }
}

/// A location in the form that requests need.
struct BucketAddress: Sendable {
    let scheme: String
    /// With the port, and with the bucket where it belongs there.
    let host: String
    /// Without a slash at its end.
    let path: String
    let bucket: String
    let region: String
    let certificateAuthorities: String?

    init(_ location: BucketLocation) throws(StorageError) {
        guard (3...63).contains(location.bucket.utf8.count),
            location.bucket.utf8.allSatisfy(Self.isNameByte), !location.bucket.hasPrefix("."),
            !location.bucket.hasSuffix(".")
        else {
            throw .invalid(
                what: "the bucket name \(location.bucket.debugDescription)",
                reason: "names have 3 to 63 letters, digits, dots and hyphens")
        }
        guard (1...64).contains(location.region.utf8.count),
            location.region.utf8.allSatisfy(Self.isNameByte)
        else {
            throw .invalid(
                what: "the region \(location.region.debugDescription)",
                reason: "regions are named like eu-central-1")
        }
        let endpoint = try Endpoint(location.endpoint ?? Self.amazon(location.region))
        scheme = endpoint.scheme
        host = location.usesPathStyle ? endpoint.host : "\(location.bucket).\(endpoint.host)"
        path = endpoint.path + (location.usesPathStyle ? "/\(location.bucket)" : "")
        bucket = location.bucket
        region = location.region
        certificateAuthorities = location.certificateAuthorities
    }

    /// Without a key it is the bucket itself.
    func url(key: String?, query: [(name: String, value: String)]) -> String {
        var url = "\(scheme)://\(host)\(path)/\(URLText.path(key ?? ""))"
        if !query.isEmpty { url += "?" + URLText.query(query) }
        return url
    }

    private static func amazon(_ region: String) -> String {
        "https://s3.\(region).amazonaws.com" + (region.hasPrefix("cn-") ? ".cn" : "")
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        URLText.isUnreserved(byte) && byte != UInt8(ascii: "~")
    }
}

/// The URL of a server: a scheme, a host, perhaps a port and a path.
struct Endpoint {
    var scheme: String
    var host: String
    /// Without a slash at its end.
    var path: String

    /// Without a scheme it is https.
    init(_ text: String) throws(StorageError) {
        var rest = text[...]
        scheme = "https"
        if let range = Self.separator(in: text) {
            scheme = text[..<range.lowerBound].lowercased()
            rest = text[range.upperBound...]
        }
        let host = rest.prefix { $0 != "/" }
        path = String(rest.dropFirst(host.count))
        while path.hasSuffix("/") { path.removeLast() }
        self.host = host.lowercased()
        let allowed = Set("abcdefghijklmnopqrstuvwxyz0123456789.-_:[]".utf8)
        guard scheme == "https" || scheme == "http", !host.isEmpty,
            self.host.utf8.allSatisfy(allowed.contains),
            path.utf8.allSatisfy({ URLText.isUnreserved($0) || $0 == UInt8(ascii: "/") })
        else {
            // It is not quoted: somebody may have written a password into it.
            throw .invalid(
                what: "the endpoint",
                reason: "it has to be a URL such as https://minio.example:9000, without a user")
        }
    }

    private static func separator(in text: String) -> Range<String.Index>? {
        guard let colon = text.firstIndex(of: ":") else { return nil }
        guard text[colon...].hasPrefix("://") else { return nil }
        return colon..<text.index(colon, offsetBy: 3)
    }

    /// Without the port.
    var name: Substring {
        if host.hasPrefix("["), let end = host.firstIndex(of: "]") { return host[...end] }
        return host.prefix { $0 != ":" }
    }
}

extension Bucket {
    /// What is directly below a prefix that is empty or ends in a slash: objects, and the prefixes
    /// of what is deeper, each of which ends in a slash. Both are in the order of their bytes.
    public func list(
        _ prefix: String
    ) throws(StorageError) -> (objects: [StoredObject], prefixes: [String]) {
        try pages(prefix, delimiter: "/")
    }

    /// All objects below a prefix, at any depth, in the order of their keys' bytes.
    public func listAll(_ prefix: String) throws(StorageError) -> [StoredObject] {
        try pages(prefix, delimiter: nil).objects
    }

    private func pages(
        _ prefix: String, delimiter: String?
    ) throws(StorageError) -> (objects: [StoredObject], prefixes: [String]) {
        var request = Request(.get, nil)
        request.mayFailInBody = true
        request.headers = [("x-amz-optional-object-attributes", "RestoreStatus")]
        var objects: [StoredObject] = []
        var prefixes: [String] = []
        var token: String?
        var seen: Set<String> = []
        repeat {
            request.query = [
                ("encoding-type", "url"), ("list-type", "2"), ("max-keys", "\(sizes.keysOfAList)"),
                ("prefix", prefix),
            ]
            if let delimiter { request.query.append(("delimiter", delimiter)) }
            if let token { request.query.append(("continuation-token", token)) }
            let page = try ListPage(try transport.perform(request).body, prefix: prefix)
            objects += page.objects
            prefixes += page.prefixes
            token = page.nextToken
            if let token, !seen.insert(token).inserted {
                throw ListPage.nonsense(prefix, "it does not get to its end")
            }
        } while token != nil
        // Some stores have an order of their own.
        objects.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        prefixes.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        return (objects, prefixes)
    }
}

/// An answer to ListObjectsV2.
struct ListPage {
    var objects: [StoredObject] = []
    var prefixes: [String] = []
    /// Nil on the last page.
    var nextToken: String?

    init(_ body: [UInt8], prefix: String) throws(StorageError) {
        guard let document = XMLElement(parsing: body), document.name == "ListBucketResult" else {
            throw Self.nonsense(prefix, "it is no list")
        }
        func name(_ text: String?) throws(StorageError) -> String {
            guard let text, let name = document.decoded(text) else {
                throw Self.nonsense(prefix, "it has a key that cannot be read")
            }
            guard name.utf8.starts(with: prefix.utf8) else {
                throw Self.nonsense(prefix, "it has keys that were not asked for")
            }
            return name
        }
        for element in document.all("Contents") {
            objects.append(try Self.object(element, key: try name(element["Key"]), prefix))
        }
        for element in document.all("CommonPrefixes") {
            prefixes.append(try name(element["Prefix"]))
        }
        if document["IsTruncated"] == "true" {
            guard let token = document["NextContinuationToken"], !token.isEmpty else {
                throw Self.nonsense(prefix, "it is cut, and does not say how it goes on")
            }
            nextToken = token
        }
    }

    private static func object(
        _ element: XMLElement, key: String, _ prefix: String
    ) throws(StorageError) -> StoredObject {
        guard let bytes = element["Size"].flatMap({ Int64($0) }),
            let modifiedAt = element["LastModified"].flatMap(StoreTime.seconds)
        else { throw nonsense(prefix, "it has an object without size or time") }
        let storageClass = element["StorageClass"] ?? "STANDARD"
        let restoration = element.all("RestoreStatus").first
        return StoredObject(
            key: key, bytes: bytes, storageClass: storageClass,
            isCold: StoredObject.isCold(storageClass) && restoration?["RestoreExpiryDate"] == nil,
            modifiedAt: modifiedAt)
    }

    static func nonsense(_ prefix: String, _ reason: String) -> StorageError {
        .refused(
            what: "the list of \(prefix.isEmpty ? "the bucket" : prefix)", status: 200, code: "",
            message: reason)
    }
}

extension XMLElement {
    /// A key in a list; nil where it is none.
    func decoded(_ text: String) -> String? {
        self["EncodingType"] == "url" ? URLText.decode(text) : text
    }
}

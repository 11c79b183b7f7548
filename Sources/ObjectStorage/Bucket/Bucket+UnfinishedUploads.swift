extension Bucket {
    /// Removes the pieces of uploads below a prefix that were begun so long ago, by the store's clock,
    /// and never completed: of programs that died. No list of objects shows them, and they cost what
    /// objects cost. Returns how many there were; none where the store does not say what time it is.
    public func removeUnfinishedUploads(
        below prefix: String, olderThan seconds: Int64
    ) throws(StorageError) -> Int {
        var removed = 0
        var markers: [(name: String, value: String)] = []
        var seen: Set<[String]> = []
        while true {
            var request = Request(.get, nil)
            request.query =
                [("encoding-type", "url"), ("prefix", prefix), ("uploads", "")] + markers
            request.mayFailInBody = true
            let response = try transport.perform(request)
            guard let list = XMLElement(parsing: response.body),
                list.name == "ListMultipartUploadsResult"
            else { throw ListPage.nonsense(prefix, "it is no list of uploads") }
            guard let now = response.headers["date"].flatMap(StoreTime.seconds) else {
                return removed
            }
            for element in list.all("Upload") {
                guard let text = element["Key"], let key = list.decoded(text),
                    let identifier = element["UploadId"],
                    let begun = element["Initiated"].flatMap(StoreTime.seconds)
                else { throw ListPage.nonsense(prefix, "it has an upload that cannot be read") }
                guard now - begun > seconds, key.utf8.starts(with: prefix.utf8) else { continue }
                try transport.abort(key, identifier)
                removed += 1
            }
            guard list["IsTruncated"] == "true" else { return removed }
            let next = [
                list["NextKeyMarker"].flatMap(list.decoded) ?? "",
                list["NextUploadIdMarker"] ?? "",
            ]
            guard seen.insert(next).inserted else {
                throw ListPage.nonsense(prefix, "it does not get to its end")
            }
            markers = [("key-marker", next[0]), ("upload-id-marker", next[1])]
        }
    }
}

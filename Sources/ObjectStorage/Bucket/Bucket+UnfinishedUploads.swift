extension Bucket {
    /// Removes the pieces of uploads below a prefix that were begun before a time and never
    /// completed: of programs that died. Nothing lists them, and they cost what objects cost.
    ///
    /// - Parameter time: seconds since 1970.
    public func removeUnfinishedUploads(
        below prefix: String, begunBefore time: Int64
    ) throws(StorageError) {
        var markers: [(name: String, value: String)] = []
        while true {
            var request = Request(.get, nil)
            request.query =
                [("encoding-type", "url"), ("prefix", prefix), ("uploads", "")] + markers
            request.mayFailInBody = true
            let list = XMLElement(parsing: try transport.perform(request).body)
            guard let list, list.name == "ListMultipartUploadsResult" else {
                throw ListPage.nonsense(prefix, "it is no list of uploads")
            }
            for element in list.all("Upload") {
                guard let text = element["Key"], let key = list.decoded(text),
                    let identifier = element["UploadId"],
                    let begun = element["Initiated"].flatMap(StoreTime.seconds)
                else { throw ListPage.nonsense(prefix, "it has an upload that cannot be read") }
                guard begun < time, key.utf8.starts(with: prefix.utf8) else { continue }
                try transport.abort(key, identifier)
            }
            guard list["IsTruncated"] == "true" else { return }
            let next = [
                ("key-marker", list["NextKeyMarker"].flatMap(list.decoded) ?? ""),
                ("upload-id-marker", list["NextUploadIdMarker"] ?? ""),
            ]
            guard !next.elementsEqual(markers, by: ==) else {
                throw ListPage.nonsense(prefix, "it does not get to its end")
            }
            markers = next
        }
    }
}

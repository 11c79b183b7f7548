extension Bucket {
    /// On the server, without the bytes passing through here. What was at the other key is replaced.
    /// Stores copy up to 5 GB in this way.
    ///
    /// - Parameter options: instead of the bucket's.
    public func copy(
        _ key: String, to other: String, options: WritingOptions? = nil
    ) throws(StorageError) {
        let options = options ?? self.options
        try options.check()
        try Self.check(key)
        try Self.check(other)
        var request = Request(.put, other)
        request.mayFailInBody = true
        request.acceptedStatuses = [404]
        request.headers =
            options.headers + [
                ("x-amz-copy-source", "/\(location.bucket)/\(URLText.path(key))"),
                ("x-amz-checksum-algorithm", "SHA256"),
            ]
        // Stores take no lock without it.
        if options.objectLock != nil {
            request.headers.append(("x-amz-sdk-checksum-algorithm", "SHA256"))
        }
        let response: Response
        do { response = try transport.perform(request) } catch .cold(_, let storageClass) {
            throw .cold(key: key, storageClass: storageClass)
        }
        guard response.status == 404 else { return }
        throw response.code == "NoSuchBucket"
            ? .bucketMissing(bucket: location.bucket) : .missing(key: key)
    }

    /// Several at a time. With an error some may be copied and others not.
    public func copy(
        _ pairs: [(from: String, to: String)], options: WritingOptions?
    ) throws(StorageError) {
        try Crew.work(pairs.count, threads: 8) { index throws(StorageError) in
            try copy(pairs[index].from, to: pairs[index].to, options: options)
        }
    }
}

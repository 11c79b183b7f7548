extension Bucket {
    /// That one is not there is no error. With an error some may be gone and others not.
    ///
    /// In a bucket with versions the older versions stay, as the bucket's lifecycle says.
    public func remove(_ keys: [String]) throws(StorageError) {
        for key in keys { try Self.check(key) }
        try Crew.work(keys.count, threads: 8) { index throws(StorageError) in
            // One by one: not all stores know the request for many at once, and of those that do,
            // some want an MD5 with it.
            var request = Request(.delete, keys[index])
            request.acceptedStatuses = [404]
            let response = try transport.perform(request)
            if response.status == 404, response.code == "NoSuchBucket" {
                throw .bucketMissing(bucket: location.bucket)
            }
        }
    }
}

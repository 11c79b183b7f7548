import ObjectStorage

extension DirectoryStore {
    /// The bucket that a root such as `s3://bucket/prefix` is in; nil for a directory.
    public static func bucketName(of root: String) -> String? {
        guard root.hasPrefix(BucketVolume.scheme) else { return nil }
        return String(root.dropFirst(BucketVolume.scheme.count).prefix { $0 != "/" })
    }

    /// A store in a bucket.
    ///
    /// - Parameters:
    ///   - root: `s3://bucket/prefix`, without a slash at its end.
    ///   - options: of the objects that stay.
    public init(
        root: String, in bucket: Bucket, asking options: WritingOptions, access: Access = .write
    ) throws(ArchiveError) {
        try self.init(
            root: root, access: access,
            volume: BucketVolume(
                root: root, endpoint: bucket.location.endpoint, bucket: bucket, options: options))
    }
}

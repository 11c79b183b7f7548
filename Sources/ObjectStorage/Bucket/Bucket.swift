import Checksums

/// A bucket of an S3-compatible store, with the connections to it. Any number of threads may use it
/// at once.
///
/// What fails in passing is tried again, as `RetryPolicy` says, before any of its methods throws.
public final class Bucket: Sendable {
    public let location: BucketLocation
    /// What is asked for where a call says nothing else.
    public let options: WritingOptions
    let transport: Transport
    let sizes: RequestSizes

    /// - Parameter isInterrupted: looked at while waiting and during transfers, about once a second
    ///   from any thread; once it says true, all calls throw `.interrupted`.
    public convenience init(
        _ location: BucketLocation, credentials: CredentialChain,
        options: WritingOptions = WritingOptions(), policy: RetryPolicy = RetryPolicy(),
        isInterrupted: @escaping @Sendable () -> Bool = { false }
    ) throws(StorageError) {
        try self.init(
            location, credentials: credentials, options: options, policy: policy,
            sizes: RequestSizes(), isInterrupted: isInterrupted)
    }

    init(
        _ location: BucketLocation, credentials: CredentialChain, options: WritingOptions,
        policy: RetryPolicy, sizes: RequestSizes, isInterrupted: @escaping @Sendable () -> Bool
    ) throws(StorageError) {
        try options.check()
        self.location = location
        self.options = options
        self.sizes = sizes
        transport = Transport(
            try BucketAddress(location), credentials: credentials, policy: policy,
            isInterrupted: isInterrupted)
    }

    /// What the store says of an object; nil when there is none.
    ///
    /// Whether there is a bucket is not said by this one: no object is in a bucket that is missing.
    public func status(of key: String) throws(StorageError) -> StoredObject? {
        try Self.check(key)
        var request = Request(.head, key)
        request.headers = [("x-amz-checksum-mode", "ENABLED")]
        request.acceptedStatuses = [404]
        let response = try transport.perform(request)
        return response.status == 404 ? nil : try Self.object(key, response.headers)
    }

    /// What the head of an answer says of an object.
    static func object(
        _ key: String, _ headers: [String: String]
    ) throws(StorageError) -> StoredObject {
        guard let bytes = headers["content-length"].flatMap({ Int64($0) }) else {
            throw .refused(
                what: "HEAD of \(key)", status: 200, code: "", message: "it does not say the size")
        }
        let storageClass = headers["x-amz-storage-class"] ?? "STANDARD"
        let isThawed = headers["x-amz-restore"]?.contains("ongoing-request=\"false\"") ?? false
        return StoredObject(
            key: key, bytes: bytes, storageClass: storageClass,
            isCold: !isThawed
                && (StoredObject.isCold(storageClass) || headers["x-amz-archive-status"] != nil),
            modifiedAt: headers["last-modified"].flatMap(StoreTime.seconds) ?? 0,
            answeredAt: headers["date"].flatMap(StoreTime.seconds),
            sha256: headers["x-amz-checksum-sha256"].flatMap(Digest.init(base64:))?.hexadecimal)
    }

    /// Throws for keys that stores do not take.
    static func check(_ key: String) throws(StorageError) {
        guard (1...1024).contains(key.utf8.count), !key.utf8.contains(0) else {
            throw .invalid(
                what: "the key \(key.prefix(80).debugDescription)",
                reason: "keys have 1 to 1024 bytes")
        }
    }
}

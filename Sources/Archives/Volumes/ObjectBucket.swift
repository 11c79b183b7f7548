import ObjectStorage

/// What a `BucketVolume` asks of a bucket. `Bucket` is the real one; a test has a model that dies
/// wherever it is told to.
protocol ObjectBucket: Sendable {
    func status(of key: String) throws(StorageError) -> StoredObject?
    func contents(of key: String, limit: Int) throws(StorageError) -> [UInt8]?
    func read(
        _ key: String, from offset: Int64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(StorageError)
    func write(
        _ bytes: UnsafeRawBufferPointer, to key: String, ifAbsent: Bool, options: WritingOptions?
    ) throws(StorageError)
    /// On the server, several at a time.
    func copy(
        _ pairs: [(from: String, to: String)], options: WritingOptions?
    ) throws(StorageError)
    func remove(_ keys: [String]) throws(StorageError)
    func list(_ prefix: String) throws(StorageError) -> (
        objects: [StoredObject], prefixes: [String]
    )
    func listAll(_ prefix: String) throws(StorageError) -> [StoredObject]
    func removeUnfinishedUploads(
        below prefix: String, olderThan seconds: Int64
    ) throws(StorageError) -> Int
}

extension Bucket: ObjectBucket {}

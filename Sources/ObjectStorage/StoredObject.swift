import Checksums

/// What a store says of an object, without reading it.
public struct StoredObject: Sendable, Hashable {
    public var key: String
    public var bytes: Int64
    /// STANDARD, where the store says nothing.
    public var storageClass: String
    /// Whether it has to be thawed before it can be read.
    public var isCold: Bool
    /// Seconds since 1970, by the store's clock.
    public var modifiedAt: Int64
    /// When the store said so, in seconds since 1970 by the same clock; nil where it does not say.
    public var answeredAt: Int64?
    /// 64 hexadecimal digits; nil where the store does not know it of the object as a whole. Lists
    /// never say it.
    public var sha256: String?

    public init(
        key: String, bytes: Int64, storageClass: String, isCold: Bool, modifiedAt: Int64,
        answeredAt: Int64? = nil, sha256: String? = nil
    ) {
        self.key = key
        self.bytes = bytes
        self.storageClass = storageClass
        self.isCold = isCold
        self.modifiedAt = modifiedAt
        self.answeredAt = answeredAt
        self.sha256 = sha256
    }

    /// The classes whose objects cannot be read as they are.
    static func isCold(_ storageClass: String) -> Bool {
        storageClass == "GLACIER" || storageClass == "DEEP_ARCHIVE"
    }

    /// Whether a checksum that a store says is a digest's. One that it does not say, or that is of an
    /// object's pieces, contradicts nothing.
    static func agrees(_ said: String?, _ digest: Digest) -> Bool {
        guard let said, !said.contains("-") else { return true }
        return said == digest.base64
    }
}

/// What is asked for objects that are written.
public struct WritingOptions: Sendable, Hashable {
    /// Such as STANDARD_IA; without one it is the store's default.
    public var storageClass: String?
    public var objectLock: ObjectLock?

    public init(storageClass: String? = nil, objectLock: ObjectLock? = nil) {
        self.storageClass = storageClass
        self.objectLock = objectLock
    }

    /// Until when nobody may remove or overwrite an object's version.
    public struct ObjectLock: Sendable, Hashable {
        public enum Mode: String, Sendable {
            /// Whoever has the right for it may lift the lock.
            case governance = "GOVERNANCE"
            /// Nobody may.
            case compliance = "COMPLIANCE"
        }

        public var mode: Mode
        /// Seconds since 1970.
        public var until: Int64

        public init(mode: Mode, until: Int64) {
            self.mode = mode
            self.until = until
        }
    }

    var headers: [Request.Header] {
        var headers: [Request.Header] = []
        if let storageClass { headers.append(("x-amz-storage-class", storageClass)) }
        if let objectLock {
            headers.append(("x-amz-object-lock-mode", objectLock.mode.rawValue))
            headers.append(
                ("x-amz-object-lock-retain-until-date", StoreTime.text(of: objectLock.until)))
        }
        return headers
    }

    func check() throws(StorageError) {
        guard let storageClass else { return }
        let isName = storageClass.utf8.allSatisfy {
            (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F
        }
        guard isName, !storageClass.isEmpty else {
            throw .invalid(
                what: "the storage class \(storageClass.debugDescription)",
                reason: "classes are named like STANDARD_IA")
        }
    }
}

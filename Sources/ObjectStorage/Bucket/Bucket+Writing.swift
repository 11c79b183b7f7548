import Checksums

extension Bucket {
    /// Writes the whole object; its SHA-256 is sent, and the store checks it. After an error there is
    /// all of it or what was there before, never a part.
    ///
    /// - Parameters:
    ///   - ifAbsent: throws `.exists` when there is an object already. It needs a store that knows
    ///     `If-None-Match`, as AWS and MinIO do. One that is byte for byte the same and may have come
    ///     from an attempt of this very call is no error.
    ///   - options: instead of the bucket's.
    public func write(
        _ bytes: UnsafeRawBufferPointer, to key: String, ifAbsent: Bool,
        options: WritingOptions? = nil
    ) throws(StorageError) {
        try Self.check(key)
        let options = options ?? self.options
        try options.check()
        if bytes.count > sizes.threshold {
            try writeInPieces(bytes, to: key, ifAbsent: ifAbsent, options)
        } else {
            try writeAtOnce(bytes, to: key, ifAbsent: ifAbsent, options)
        }
    }

    private func writeAtOnce(
        _ bytes: UnsafeRawBufferPointer, to key: String, ifAbsent: Bool, _ options: WritingOptions
    ) throws(StorageError) {
        let digest = Checksum.digest(of: bytes)
        var request = Request(.put, key)
        request.body = bytes
        request.digest = digest
        request.headers = options.headers + Request.checksum(digest)
        if ifAbsent {
            request.headers.append(("if-none-match", "*"))
            request.acceptedStatuses = [412]
        }
        let response = try transport.perform(request)
        if response.status == 412 {
            guard response.wasRepeated,
                try holds(key, bytes, checksum: digest.base64)
            else { throw .exists(key: key) }
        } else if let said = response.headers["x-amz-checksum-sha256"], said != digest.base64 {
            throw .damaged(key: key, reason: "the store says another SHA-256 than was sent")
        }
    }

    /// Whether an object is there that has exactly these bytes.
    ///
    /// - Parameter checksum: what the store says of these bytes where it says anything.
    func holds(
        _ key: String, _ bytes: UnsafeRawBufferPointer, checksum: String
    ) throws(StorageError) -> Bool {
        var request = Request(.head, key)
        request.headers = [("x-amz-checksum-mode", "ENABLED")]
        request.acceptedStatuses = [404]
        let response = try transport.perform(request)
        guard response.status != 404 else { return false }
        let object = try Self.object(key, response.headers)
        guard object.bytes == Int64(bytes.count) else { return false }
        if response.headers["x-amz-checksum-sha256"] == checksum { return true }
        // In another number of pieces it would have another checksum: the bytes decide.
        guard !object.isCold else { return false }
        return try equals(key, bytes)
    }

    private func equals(
        _ key: String, _ bytes: UnsafeRawBufferPointer
    ) throws(StorageError) -> Bool {
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: min(bytes.count, 1 << 20), alignment: 16)
        defer { buffer.deallocate() }
        var offset = 0
        while offset < bytes.count {
            let count = min(buffer.count, bytes.count - offset)
            let window = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
            let ours = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count])
            guard try equals(key, from: Int64(offset), ours, window) else { return false }
            offset += count
        }
        return true
    }

    /// A difference is believed when it is read twice: it may come from the way here.
    private func equals(
        _ key: String, from offset: Int64, _ ours: UnsafeRawBufferPointer,
        _ window: UnsafeMutableRawBufferPointer
    ) throws(StorageError) -> Bool {
        var found: Digest?
        for _ in 0..<10 {
            try read(key, from: offset, into: window)
            if window.elementsEqual(ours) { return true }
            let digest = Checksum.digest(of: UnsafeRawBufferPointer(window))
            if digest == found { return false }
            found = digest
        }
        throw .damaged(key: key, reason: "it is read in another way each time")
    }
}

import Checksums

extension Bucket {
    /// Reads `buffer.count` bytes from `offset` on, exactly. A transfer that breaks goes on where it
    /// broke, as long as it is the same object.
    ///
    /// Stores say no SHA-256 of a range: the caller has to know by itself what it should be.
    public func read(
        _ key: String, from offset: Int64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(StorageError) {
        guard buffer.count > 0 else { return }
        try Self.check(key)
        var patience = transport.patience()
        var reading = PartialRead(key: key, offset: offset, buffer: buffer)
        while true {
            let exchange = Exchange(
                body: UnsafeRawBufferPointer(start: nil, count: 0), destination: reading.rest,
                bodyLimit: 1 << 16)
            let reason: String
            var asked: Double?
            switch try transport.send(reading.request, exchange, patience) {
            case .answer(let response):
                guard let problem = try reading.take(exchange, response) else { return }
                reason = problem
            case .again(let problem, let seconds):
                try reading.keep(exchange)
                // Only the answer's end was missing.
                if reading.rest.isEmpty { return }
                reason = problem
                asked = seconds
            }
            try patience.wait(reason, asked: asked)
        }
    }

    /// The whole of a small object; nil when there is none. Its SHA-256 is compared where the store
    /// knows it.
    ///
    /// - Parameter limit: the size in bytes that such an object never exceeds.
    public func contents(of key: String, limit: Int) throws(StorageError) -> [UInt8]? {
        try Self.check(key)
        var request = Request(.get, key)
        request.headers = [("x-amz-checksum-mode", "ENABLED")]
        request.acceptedStatuses = [404]
        request.answerLimit = max(limit, 1 << 16)
        request.expectedBytes = limit
        // What has changed on the way here has not when it is asked again.
        for _ in 0..<3 {
            let response = try transport.perform(request)
            if response.status == 404 {
                if response.code == "NoSuchBucket" {
                    throw .bucketMissing(bucket: location.bucket)
                }
                return nil
            }
            guard response.body.count <= limit else {
                throw .damaged(key: key, reason: "it is larger than it should be")
            }
            let digest = response.body.withUnsafeBytes { Checksum.digest(of: $0) }
            if StoredObject.agrees(response.headers["x-amz-checksum-sha256"], digest) {
                return response.body
            }
        }
        throw .damaged(key: key, reason: "it has another SHA-256 than the store says")
    }
}

/// A range of an object, as far as it has been read.
private struct PartialRead {
    let key: String
    let offset: Int64
    let buffer: UnsafeMutableRawBufferPointer
    private var filled = 0
    /// Of the object that the bytes so far are of.
    private var entityTag: String?

    init(key: String, offset: Int64, buffer: UnsafeMutableRawBufferPointer) {
        self.key = key
        self.offset = offset
        self.buffer = buffer
    }

    var rest: UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
    }

    private var first: Int64 { offset + Int64(filled) }
    private var last: Int64 { offset + Int64(buffer.count) - 1 }

    var request: Request {
        var request = Request(.get, key)
        request.expectedBytes = buffer.count - filled
        request.acceptedStatuses = [412]
        request.headers = [("range", "bytes=\(first)-\(last)")]
        if let entityTag { request.headers.append(("if-match", entityTag)) }
        return request
    }

    /// Keeps what came before the transfer broke.
    mutating func keep(_ exchange: Exchange) throws(StorageError) {
        guard exchange.status == 206, exchange.received > 0,
            let tag = exchange.headers["etag"], !tag.isEmpty
        else { return }
        try checkSpan(exchange.headers)
        entityTag = tag
        filled += exchange.received
    }

    private mutating func startOver() {
        filled = 0
        entityTag = nil
    }

    /// After an answer that came whole: nil when all is read, or why it has to be asked again.
    mutating func take(
        _ exchange: Exchange, _ response: Response
    ) throws(StorageError) -> String? {
        if response.status == 412 {
            startOver()
            return "the object was replaced while it was read"
        }
        try checkSpan(response.headers)
        guard exchange.received == rest.count else {
            startOver()
            return "an answer that is not whole"
        }
        return nil
    }

    /// Checks that the answer is about the bytes that were asked for.
    private func checkSpan(_ headers: [String: String]) throws(StorageError) {
        guard let range = headers["content-range"] else {
            // All of it, from a store that knows no ranges.
            guard let size = headers["content-length"].flatMap({ Int64($0) }), offset == 0,
                filled == 0, size == Int64(buffer.count)
            else {
                throw .refused(
                    what: "GET of \(key)", status: 200, code: "",
                    message: "the store does not answer requests for ranges")
            }
            return
        }
        let numbers = range.split { !$0.isNumber }.compactMap { Int64($0) }
        guard numbers.count >= 2, numbers[0] == first, numbers[1] <= last else {
            throw .refused(
                what: "GET of \(key)", status: 206, code: "",
                message: "bytes \(first)-\(last) were asked for, and the answer is \(range)")
        }
        guard numbers[1] == last else {
            throw .damaged(
                key: key,
                reason: "it ends after \(numbers[1] + 1) bytes, where \(last + 1) were expected")
        }
    }
}

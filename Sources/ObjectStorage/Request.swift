import Checksums

/// One thing asked of a store.
struct Request {
    typealias Header = (name: String, value: String)

    enum Method: String {
        case get = "GET"
        case head = "HEAD"
        case put = "PUT"
        case post = "POST"
        case delete = "DELETE"
    }

    var method: Method
    /// Nil: it is about the bucket.
    var key: String?
    var query: [(name: String, value: String)] = []
    /// Each name once. All of them are signed, by lines sorted as a whole (curl 7.88): no name may be
    /// another one's beginning. None has an empty value: curl would sign it, and not send it.
    var headers: [Header] = []
    /// It has to live as long as the request is performed.
    var body = UnsafeRawBufferPointer(start: nil, count: 0)
    /// The body's, where whoever asks has it already.
    var digest: Digest?
    /// How much is awaited, for the time that it may take.
    var expectedBytes = 0
    /// How large an answer may be; lists of a thousand long keys are the largest but objects.
    var answerLimit = 1 << 24
    /// Whether an answer with status 200 may turn out to be an error.
    var mayFailInBody = false
    /// Of those that are errors else: they come back as answers.
    var acceptedStatuses: Set<Int> = []

    init(_ method: Method, _ key: String?) {
        self.method = method
        self.key = key
    }

    /// What lets the store check the body, and know its SHA-256 from then on.
    static func checksum(_ digest: Digest) -> [Header] {
        [
            ("x-amz-checksum-sha256", digest.base64),
            ("x-amz-sdk-checksum-algorithm", "SHA256"),
        ]
    }
}

/// What came back.
struct Response {
    var status: Int
    /// By lower-case names.
    var headers: [String: String]
    /// Of what was read into the caller's memory it has nothing.
    var body: [UInt8]
    /// Whether it was sent before without an answer that was understood: then the store may have done
    /// already what was asked.
    var wasRepeated: Bool

    init(_ exchange: Exchange) {
        status = exchange.status
        headers = exchange.headers
        body = exchange.responseBody
        wasRepeated = exchange.timesSent > 1
    }

    /// Of an error; empty where there is none.
    var code: String {
        guard let document = XMLElement(parsing: body), document.name == "Error" else { return "" }
        return document["Code"] ?? ""
    }
}

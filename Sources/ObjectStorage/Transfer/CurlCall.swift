/// A request in the terms of curl.
struct CurlCall {
    var url: String
    var method: Request.Method
    var headers: [Request.Header]
    /// Nil: it is not signed.
    var signer: (credentials: Credentials, region: String)?
    var certificateAuthorities: String?
    var connectSeconds = 10.0
    /// How long nothing may move.
    var stallSeconds = 60.0
    var longestSeconds = 600.0
    var ignoresProxies = false

    init(url: String, method: Request.Method, headers: [Request.Header]) {
        self.url = url
        self.method = method
        self.headers = headers
    }
}

/// How an attempt ended.
enum CurlOutcome {
    /// With an answer, whole, whatever its status.
    case answered
    case failed(CurlFailure)
}

/// Why there was no answer.
struct CurlFailure {
    enum Kind {
        /// It may be otherwise a moment later.
        case passing
        case lasting
        case interruption
        /// More came than was to be taken.
        case overflow
    }

    /// One line.
    var reason: String
    var kind: Kind
}

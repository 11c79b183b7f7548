import CCurl

/// libcurl's easy handle, with the connections that it keeps open. One thread uses it at a time.
final class CurlHandle: @unchecked Sendable {
    private let handle: UnsafeMutableRawPointer
    /// Where libcurl writes what went wrong.
    private let message: UnsafeMutablePointer<CChar>

    /// curl_global_init(3) wants to be called once, before all else.
    private static let isInitialized: Void = {
        guard curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK else {
            fatalError("libcurl cannot be initialized")
        }
    }()

    init() {
        Self.isInitialized
        guard let handle = curl_easy_init() else { fatalError("libcurl has no memory") }
        self.handle = handle
        message = .allocate(capacity: Int(CURL_ERROR_SIZE))
    }

    deinit {
        curl_easy_cleanup(handle)
        message.deallocate()
    }

    /// Sends the request and takes the answer; once.
    func perform(
        _ call: CurlCall, _ exchange: Exchange, isInterrupted: @escaping () -> Bool
    ) -> CurlOutcome {
        var lines: UnsafeMutablePointer<curl_slist>?
        defer { curl_slist_free_all(lines) }
        for header in call.headers {
            guard let longer = curl_slist_append(lines, "\(header.name): \(header.value)") else {
                fatalError("libcurl has no memory")
            }
            lines = longer
        }
        curl_easy_reset(handle)
        message.pointee = 0
        exchange.begin()
        exchange.isInterrupted = isInterrupted
        return withExtendedLifetime(exchange) {
            setTransport(call)
            setMethod(call.method, bytes: exchange.bodyBytes)
            must(ccurl_set_list(handle, CURLOPT_HTTPHEADER, lines))
            sign(call)
            connect(exchange)
            let code = curl_easy_perform(handle)
            return code == CURLE_OK ? .answered : .failed(failure(code, exchange))
        }
    }

    private func setTransport(_ call: CurlCall) {
        set(CURLOPT_URL, call.url)
        // Exactly these bytes are signed.
        set(CURLOPT_PATH_AS_IS, 1)
        set(CURLOPT_PROTOCOLS_STR, call.url.hasPrefix("https:") ? "https" : "http")
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        set(CURLOPT_FOLLOWLOCATION, 0)
        set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1)
        set(CURLOPT_SSL_VERIFYPEER, 1)
        set(CURLOPT_SSL_VERIFYHOST, 2)
        set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        if let path = call.certificateAuthorities { set(CURLOPT_CAINFO, path) }
        if call.ignoresProxies { set(CURLOPT_NOPROXY, "*") }
        set(CURLOPT_USERAGENT, "pgretain")
        // Signals are other threads' business.
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_TCP_KEEPALIVE, 1)
        set(CURLOPT_CONNECTTIMEOUT_MS, Int(call.connectSeconds * 1000))
        set(CURLOPT_TIMEOUT_MS, Int(call.longestSeconds * 1000))
        set(CURLOPT_LOW_SPEED_LIMIT, 1)
        set(CURLOPT_LOW_SPEED_TIME, max(1, Int(call.stallSeconds)))
        set(CURLOPT_BUFFERSIZE, 1 << 17)
        set(CURLOPT_UPLOAD_BUFFERSIZE, 1 << 18)
        must(ccurl_set_pointer(handle, CURLOPT_ERRORBUFFER, message))
    }

    /// A body is always sent as an upload, which takes it from where it is.
    private func setMethod(_ method: Request.Method, bytes: Int) {
        switch method {
        case .get: set(CURLOPT_HTTPGET, 1)
        case .head: set(CURLOPT_NOBODY, 1)
        case .delete: set(CURLOPT_CUSTOMREQUEST, "DELETE")
        case .put, .post:
            set(CURLOPT_UPLOAD, 1)
            must(ccurl_set_size(handle, CURLOPT_INFILESIZE_LARGE, curl_off_t(bytes)))
            // libcurl asks whether it may send, and would wait a second for stores that do not say.
            set(CURLOPT_EXPECT_100_TIMEOUT_MS, 1)
            if method == .post { set(CURLOPT_CUSTOMREQUEST, "POST") }
        }
    }

    private func sign(_ call: CurlCall) {
        guard let signer = call.signer else { return }
        set(CURLOPT_AWS_SIGV4, "aws:amz:\(signer.region):s3")
        set(CURLOPT_USERNAME, signer.credentials.accessKey)
        set(CURLOPT_PASSWORD, signer.credentials.secretKey)
    }

    private func connect(_ exchange: Exchange) {
        let context = Unmanaged.passUnretained(exchange).toOpaque()
        for option in [CURLOPT_READDATA, CURLOPT_WRITEDATA, CURLOPT_HEADERDATA] {
            must(ccurl_set_pointer(handle, option, context))
        }
        must(ccurl_set_pointer(handle, CURLOPT_SEEKDATA, context))
        must(ccurl_set_pointer(handle, CURLOPT_XFERINFODATA, context))
        must(
            ccurl_set_bytes_function(handle, CURLOPT_READFUNCTION) { bytes, size, count, context in
                Exchange.of(context).read(
                    into: UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
            })
        must(
            ccurl_set_bytes_function(handle, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
                let buffer = UnsafeRawBufferPointer(start: bytes, count: size * count)
                // Another number than there were ends the transfer.
                return Exchange.of(context).take(buffer) ? buffer.count : buffer.count + 1
            })
        must(
            ccurl_set_bytes_function(handle, CURLOPT_HEADERFUNCTION) {
                bytes, size, count, context in
                Exchange.of(context).takeHeader(
                    UnsafeRawBufferPointer(start: bytes, count: size * count))
                return size * count
            })
        must(
            ccurl_set_seek_function(handle) { context, offset, origin in
                let isDone = origin == SEEK_SET && Exchange.of(context).rewind(to: Int(offset))
                return isDone ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL
            })
        must(ccurl_set_pointer(handle, CURLOPT_PREREQDATA, context))
        must(
            ccurl_set_prereq_function(handle) { context, _, _, _, _ in
                Exchange.of(context).countSending()
                return CURL_PREREQFUNC_OK
            })
        set(CURLOPT_NOPROGRESS, 0)
        must(
            ccurl_set_progress_function(handle) { context, _, _, _, _ in
                Exchange.of(context).isInterrupted() ? 1 : 0
            })
    }

    private func set(_ option: CURLoption, _ value: Int) {
        must(ccurl_set_number(handle, option, value))
    }

    private func set(_ option: CURLoption, _ value: String) {
        must(ccurl_set_text(handle, option, value))
    }

    private func must(_ code: CURLcode) {
        guard code == CURLE_OK else {
            fatalError("libcurl refuses an option: \(String(cString: curl_easy_strerror(code)))")
        }
    }

    private func failure(_ code: CURLcode, _ exchange: Exchange) -> CurlFailure {
        let detail = String(cString: message)
        let text = detail.isEmpty ? String(cString: curl_easy_strerror(code)) : detail
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return switch code {
        case CURLE_ABORTED_BY_CALLBACK:
            CurlFailure(reason: "interrupted", kind: .interruption)
        case CURLE_WRITE_ERROR where exchange.overflowed:
            CurlFailure(reason: "it is larger than it should be", kind: .overflow)
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_URL_MALFORMAT,
            CURLE_UNSUPPORTED_PROTOCOL, CURLE_SSL_ENGINE_NOTFOUND, CURLE_BAD_FUNCTION_ARGUMENT:
            CurlFailure(reason: line, kind: .lasting)
        default: CurlFailure(reason: line, kind: .passing)
        }
    }
}

extension Exchange {
    /// Curl's context back.
    fileprivate static func of(_ context: UnsafeMutableRawPointer?) -> Exchange {
        Unmanaged<Exchange>.fromOpaque(context!).takeUnretainedValue()
    }
}

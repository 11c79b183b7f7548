import Glibc

/// A small service on this host or beside it. It answers at once or not at all.
enum LocalService {
    private static let attempts = 3

    /// The body of an answer with status 200.
    ///
    /// - Parameter who: whoever is asked, for the message.
    static func fetch(
        _ url: String, method: Request.Method = .get, headers: [Request.Header], who: String
    ) throws(StorageError) -> [UInt8] {
        guard headers.allSatisfy({ $0.value.utf8.allSatisfy { (0x20...0x7E).contains($0) } })
        else {
            throw .credentials(reason: "the token for \(who) has characters that tokens never have")
        }
        let exchange = Exchange(
            body: UnsafeRawBufferPointer(start: nil, count: 0), destination: nil,
            bodyLimit: 1 << 16)
        var call = CurlCall(url: url, method: method, headers: headers)
        call.connectSeconds = 1
        call.stallSeconds = 2
        call.longestSeconds = 4
        call.ignoresProxies = true
        let handle = CurlHandle()
        var reason = ""
        for attempt in 1...attempts {
            switch handle.perform(call, exchange, isInterrupted: { false }) {
            case .answered where exchange.status == 200:
                return exchange.responseBody
            case .answered:
                reason = "answers with status \(exchange.status)"
                // 4xx is what it will say again.
                if exchange.status < 500 { throw .credentials(reason: "\(who) \(reason)") }
            case .failed(let failure):
                reason = "does not answer: \(failure.reason)"
            }
            if attempt < attempts { usleep(200_000) }
        }
        throw .credentials(reason: "\(who) \(reason)")
    }
}

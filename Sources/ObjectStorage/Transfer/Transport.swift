import Checksums
import Synchronization

/// Sends requests to one store, signed: tries again what passes, and says what does not.
final class Transport: Sendable {
    let address: BucketAddress
    private let credentials: CredentialChain
    private let policy: RetryPolicy
    private let isInterrupted: @Sendable () -> Bool
    /// Those that nobody uses now; the last one used first, since its connection is the youngest.
    private let idle = Mutex<[CurlHandle]>([])

    init(
        _ address: BucketAddress, credentials: CredentialChain, policy: RetryPolicy,
        isInterrupted: @escaping @Sendable () -> Bool
    ) {
        self.address = address
        self.credentials = credentials
        self.policy = policy
        self.isInterrupted = isInterrupted
    }

    /// For one request and all that is tried for it.
    ///
    /// - Parameter isTidying: on the way out, interrupted or not; then it is short.
    func patience(isTidying: Bool = false) -> Patience {
        let store = "\(address.scheme)://\(address.host)"
        guard isTidying else { return Patience(policy, store: store, isInterrupted) }
        return Patience(policy.brief, store: store, { false })
    }

    /// Sends until there is an answer that is for good.
    func perform(
        _ request: Request, isTidying: Bool = false
    ) throws(StorageError) -> Response {
        let exchange = Exchange(
            body: request.body, destination: nil, bodyLimit: request.answerLimit)
        var request = request
        request.digest = request.digest ?? Checksum.digest(of: request.body)
        var patience = patience(isTidying: isTidying)
        while true {
            switch try send(request, exchange, patience) {
            case .answer(let response): return response
            case .again(let reason, let asked): try patience.wait(reason, asked: asked)
            }
        }
    }

    enum Outcome {
        case answer(Response)
        case again(reason: String, askedSeconds: Double?)
    }

    /// Sends once; twice where it is the credentials that had expired.
    func send(
        _ request: Request, _ exchange: Exchange, _ patience: Patience
    ) throws(StorageError) -> Outcome {
        var hasRenewed = false
        while true {
            let signer = try credentials.current()
            switch attempt(call(request, signer, patience.policy), exchange, patience.isInterrupted)
            {
            case .failed(let failure):
                switch failure.kind {
                case .passing: return .again(reason: failure.reason, askedSeconds: nil)
                case .interruption: throw .interrupted
                case .overflow: throw .damaged(key: request.key ?? "", reason: failure.reason)
                case .lasting:
                    throw .unreachable(store: patience.store, reason: failure.reason)
                }
            case .answered:
                let response = Response(exchange)
                switch Answer(response, to: request, in: address) {
                case .done: return .answer(response)
                case .passing(let reason, let asked):
                    return .again(reason: reason, askedSeconds: asked)
                case .expired(let failure):
                    guard !hasRenewed, try credentials.renew(signer) else { throw failure }
                    hasRenewed = true
                case .failed(let failure): throw failure
                }
            }
        }
    }

    private func call(
        _ request: Request, _ signer: Credentials, _ policy: RetryPolicy
    ) -> CurlCall {
        var headers = request.headers
        let digest = request.digest ?? Checksum.digest(of: request.body)
        headers.append(("x-amz-content-sha256", digest.hexadecimal))
        if let token = signer.sessionToken { headers.append(("x-amz-security-token", token)) }
        var call = CurlCall(
            url: address.url(key: request.key, query: request.query), method: request.method,
            headers: headers)
        call.signer = (signer, address.region)
        call.certificateAuthorities = address.certificateAuthorities
        call.connectSeconds = policy.connectSeconds
        call.stallSeconds = policy.stallSeconds
        call.longestSeconds = policy.attemptSeconds(
            bytes: request.body.count + request.expectedBytes)
        return call
    }

    private func attempt(
        _ call: CurlCall, _ exchange: Exchange, _ stop: @escaping @Sendable () -> Bool
    ) -> CurlOutcome {
        let handle = idle.withLock { $0.popLast() } ?? CurlHandle()
        defer { idle.withLock { $0.append(handle) } }
        return handle.perform(call, exchange, isInterrupted: stop)
    }
}

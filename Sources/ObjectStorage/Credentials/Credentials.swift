/// Who asks. Nothing that prints it shows a secret.
public struct Credentials: Sendable, Equatable {
    public let accessKey: String
    let secretKey: String
    /// Of temporary ones.
    let sessionToken: String?
    /// Seconds since 1970; nil where they stay valid.
    let expiresAt: Int64?

    public init(
        accessKey: String, secretKey: String, sessionToken: String? = nil, expiresAt: Int64? = nil
    ) {
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.sessionToken = sessionToken
        self.expiresAt = expiresAt
    }

    /// Whether they could be a request's: nothing in them would end a header.
    var isWellFormed: Bool {
        [accessKey, secretKey, sessionToken ?? "-"].allSatisfy { text in
            !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        }
    }
}

extension Credentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "credentials of \(accessKey)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["accessKey": accessKey]) }
}

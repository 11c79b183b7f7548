/// A container's agent that gives out its role's credentials (ECS, EKS).
struct CredentialEndpoint {
    private let url: String
    private let token: Token?

    private enum Token {
        case value(String)
        /// It is read anew each time: it changes.
        case file(String)
    }

    /// Nil where the environment names none.
    init?(_ variables: [String: String]) throws(StorageError) {
        if let path = variables["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] {
            guard path.hasPrefix("/") else {
                throw .credentials(
                    reason: "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with a slash")
            }
            url = "http://169.254.170.2" + path
        } else if let full = variables["AWS_CONTAINER_CREDENTIALS_FULL_URI"] {
            guard Self.isTrusted(full) else {
                throw .credentials(
                    reason:
                        "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor this host's or "
                        + "the agent's address")
            }
            url = full
        } else {
            return nil
        }
        token =
            variables["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"].map(Token.file)
            ?? variables["AWS_CONTAINER_AUTHORIZATION_TOKEN"].map(Token.value)
    }

    /// Secrets must not cross a network in the clear, whoever set the variable.
    private static func isTrusted(_ url: String) -> Bool {
        let beforeQuery = url.prefix { $0 != "?" && $0 != "#" }
        let endpoint: Endpoint
        do { endpoint = try Endpoint(String(beforeQuery)) } catch { return false }
        return endpoint.scheme == "https"
            || ["localhost", "127.0.0.1", "[::1]", "169.254.170.2", "169.254.170.23"].contains(
                endpoint.name)
            || endpoint.name == "[fd00:ec2::23]"
    }

    func fetch() throws(StorageError) -> Credentials {
        var headers: [Request.Header] = []
        switch token {
        case .value(let value): headers.append(("Authorization", value))
        case .file(let path):
            headers.append(("Authorization", try AmazonEnvironment.word(in: path)))
        case nil: break
        }
        let body = try LocalService.fetch(url, headers: headers, who: "the container's agent")
        return try CredentialAnswer.credentials(in: body, from: "the container's agent")
    }
}

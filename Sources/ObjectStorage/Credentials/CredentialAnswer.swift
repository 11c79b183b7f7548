import FoundationEssentials

/// What a container's agent and an instance's metadata answer: temporary credentials, as JSON.
struct CredentialAnswer: Decodable {
    /// Of an instance only: `Success`.
    private var code: String?
    private var accessKey: String?
    private var secretKey: String?
    private var token: String?
    private var expiration: String?

    private enum CodingKeys: String, CodingKey {
        case code = "Code"
        case accessKey = "AccessKeyId"
        case secretKey = "SecretAccessKey"
        case token = "Token"
        case expiration = "Expiration"
    }

    /// - Parameter who: whoever answered, for the message.
    static func credentials(in body: [UInt8], from who: String) throws(StorageError) -> Credentials
    {
        let answer: CredentialAnswer
        do {
            answer = try JSONDecoder().decode(CredentialAnswer.self, from: Data(body))
        } catch {
            // The decoder's error may quote what it read.
            throw .credentials(reason: "\(who) answered something that is no JSON of credentials")
        }
        guard answer.code == nil || answer.code == "Success", let access = answer.accessKey,
            let secret = answer.secretKey
        else {
            throw .credentials(reason: "\(who) answered without credentials")
        }
        var end: Int64?
        if let text = answer.expiration {
            end = StoreTime.seconds(of: text)
            guard end != nil else {
                throw .credentials(reason: "\(who) named an expiration that is no time")
            }
        }
        return Credentials(
            accessKey: access, secretKey: secret, sessionToken: answer.token, expiresAt: end)
    }
}

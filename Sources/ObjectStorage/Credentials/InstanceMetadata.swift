/// The metadata service of an EC2 instance, version 2, which gives out its role's credentials.
struct InstanceMetadata {
    private let endpoint: String

    /// Nil where the environment forbids it.
    init?(_ variables: [String: String]) throws(StorageError) {
        if variables["AWS_EC2_METADATA_DISABLED"]?.lowercased() == "true" { return nil }
        let address =
            try Endpoint(variables["AWS_EC2_METADATA_SERVICE_ENDPOINT"] ?? "http://169.254.169.254")
        endpoint = "\(address.scheme)://\(address.host)\(address.path)"
    }

    func fetch() throws(StorageError) -> Credentials {
        let who = "the instance's metadata service"
        let token = try LocalService.fetch(
            endpoint + "/latest/api/token", method: .put,
            headers: [("X-aws-ec2-metadata-token-ttl-seconds", "300")],
            who: "\(who) (the last place to look: nothing else names credentials)")
        let headers = [("X-aws-ec2-metadata-token", String(decoding: token, as: UTF8.self))]
        let roles = endpoint + "/latest/meta-data/iam/security-credentials/"
        let names = try LocalService.fetch(
            roles, headers: headers, who: "\(who), asked for this instance's role,")
        let role = String(decoding: names, as: UTF8.self).split(whereSeparator: \.isNewline).first
        guard let role else { throw .credentials(reason: "this instance has no role") }
        let body = try LocalService.fetch(
            roles + URLText.path(String(role)), headers: headers, who: who)
        return try CredentialAnswer.credentials(in: body, from: who)
    }
}

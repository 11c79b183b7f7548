import Foundation
import TestSupport
import Testing

@testable import ObjectStorage

/// Where credentials, region and endpoint come from.
@Suite struct Credentialing {
    private let directory = TemporaryDirectory()

    private func environment(
        credentials: String = "", config: String = "", _ more: [String: String] = [:]
    ) throws -> AmazonEnvironment {
        let home = directory.path + "/.aws"
        try FileManager.default.createDirectory(
            atPath: home, withIntermediateDirectories: true)
        for (name, text) in [("credentials", credentials), ("config", config)] where text != "" {
            try text.write(toFile: "\(home)/\(name)", atomically: true, encoding: .utf8)
        }
        return try AmazonEnvironment(["HOME": directory.path].merging(more) { $1 })
    }

    private static let files = (
        credentials: """
        # comment
        [default]
        aws_access_key_id = AKIADEFAULT
        aws_secret_access_key=default/+secret  # comment
        [ archive ]
        aws_access_key_id=AKIAARCHIVE
        aws_secret_access_key=archive=secret
        aws_session_token = token
        """,
        config: """
        [default]
        region = eu-west-1
        s3 =
          endpoint_url = https://nested.example
        [profile archive]
        region = eu-central-1
        endpoint_url = https://store.example:9000
        [profile process]
        credential_process = /bin/true
        """
    )

    @Test func theOrderIsTheUsualOne() throws {
        let files = Self.files
        let both = try environment(credentials: files.credentials, config: files.config)
        #expect(
            try CredentialChain(both).current()
                == Credentials(accessKey: "AKIADEFAULT", secretKey: "default/+secret"))
        #expect(both.region == "eu-west-1" && both.endpoint == nil)

        let named = try environment(["AWS_PROFILE": "archive"])
        #expect(
            try CredentialChain(named).current()
                == Credentials(
                    accessKey: "AKIAARCHIVE", secretKey: "archive=secret", sessionToken: "token"))
        #expect(named.region == "eu-central-1" && named.endpoint == "https://store.example:9000")

        let variables = try environment([
            "AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "env",
            "AWS_REGION": "us-west-2", "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9",
        ])
        #expect(
            try CredentialChain(variables).current()
                == Credentials(accessKey: "AKIAENV", secretKey: "env"))
        #expect(variables.region == "us-west-2" && variables.endpoint == "http://127.0.0.1:9")
    }

    @Test func whatCannotBeUsedIsSaidWithoutSecrets() throws {
        let files = Self.files
        func reason(_ variables: [String: String]) -> String {
            let failed = failure {
                let environment = try self.environment(
                    credentials: files.credentials, config: files.config, variables)
                _ = try CredentialChain(environment).current()
            }
            guard case .credentials(let reason)? = failed else {
                return "\(String(describing: failed))"
            }
            return reason
        }
        #expect(reason(["AWS_PROFILE": "none"]).contains("none, which is in no file"))
        #expect(reason(["AWS_PROFILE": "process"]).contains("credential_process"))
        #expect(reason(["AWS_ACCESS_KEY_ID": "AKIAENV"]).contains("only one of"))
        let broken = reason(["AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "se\ncret"])
        #expect(broken.contains("characters") && !broken.contains("cret"))
        let nowhere = ["AWS_SHARED_CREDENTIALS_FILE": "/none", "AWS_CONFIG_FILE": "/none"]
        #expect(
            reason(nowhere.merging(["AWS_EC2_METADATA_DISABLED": "true"]) { $1 })
                .contains("AWS_EC2_METADATA_DISABLED"))
        #expect(
            reason(nowhere.merging(["AWS_WEB_IDENTITY_TOKEN_FILE": "/run/token"]) { $1 })
                .contains("AWS_WEB_IDENTITY_TOKEN_FILE"))
        // A token would cross the network in the clear.
        #expect(
            reason(
                nowhere.merging([
                    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1.example.com/role"
                ]) { $1 }
            ).contains("neither https nor this host's"))
        #expect(
            reason(
                nowhere.merging(["AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://127.0.0.1:1"]) { $1 }
            ).contains("the last place to look"))
    }

    /// Who runs as a service may have a home that is none, or that may not be read.
    @Test func filesAreReadOnlyWhereThereAreNoKeys() throws {
        let keys = ["AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "env"]
        let unreadable = ["AWS_CONFIG_FILE": directory.path, "AWS_PROFILE": "none"]
        let found = try environment(keys.merging(unreadable) { $1 })
        #expect(try CredentialChain(found).current().accessKey == "AKIAENV")
        #expect(
            failure { _ = try environment(unreadable) }
                == .credentials(reason: "\(directory.path) cannot be read"))
        #expect(try AmazonEnvironment(["HOME": "/dev/null"]).region == nil)
    }

    @Test func nothingPrintsASecret() {
        let credentials = Credentials(
            accessKey: "AKIA", secretKey: "hidden", sessionToken: "hidden")
        var dumped = ""
        dump(credentials, to: &dumped)
        dump(CredentialChain(credentials), to: &dumped)
        for text in ["\(credentials)", String(reflecting: credentials), dumped] {
            #expect(!text.contains("hidden"), "\(text)")
        }
    }
}

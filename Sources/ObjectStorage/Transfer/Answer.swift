/// What an answer of a store means.
enum Answer {
    case done
    /// It may be otherwise a moment later.
    case passing(reason: String, retryAfterSeconds: Double?)
    /// Other credentials may be let in.
    case expired(StorageError)
    case failed(StorageError)

    init(_ response: Response, to request: Request, in bucket: BucketAddress) {
        if request.acceptedStatuses.contains(response.status) {
            self = .done
            return
        }
        let document = XMLElement(parsing: response.body)
        let error = document?.name == "Error" ? document : nil
        if (200...299).contains(response.status) {
            guard request.mayFailInBody else {
                self = .done
                return
            }
            if let document, error == nil, document.name != "html" {
                self = .done
                return
            }
            guard error != nil else {
                self = .passing(reason: "an answer that is not whole", retryAfterSeconds: nil)
                return
            }
        }
        let said = Said(response, error)
        if Self.isPassing(said) {
            self = .passing(
                reason: "\(response.status) \(said.code)",
                retryAfterSeconds: response.headers["retry-after"].flatMap(Double.init))
        } else {
            let failure = Self.failure(said, request, bucket)
            self = Self.isExpiry(said) ? .expired(failure) : .failed(failure)
        }
    }

    /// The store's words.
    private struct Said {
        let status: Int
        let code: String
        /// One line.
        let message: String
        let region: String?
        let storageClass: String?

        init(_ response: Response, _ error: XMLElement?) {
            status = response.status
            code = String((error?["Code"] ?? "").prefix(80))
            let words = (error?["Message"] ?? "").split(whereSeparator: \.isWhitespace)
            message = String(words.joined(separator: " ").prefix(300))
            region = response.headers["x-amz-bucket-region"] ?? error?["Region"]
            storageClass = error?["StorageClass"]
        }
    }

    private static func isPassing(_ said: Said) -> Bool {
        let codes = [
            "BadDigest", "ConditionalRequestConflict", "InternalError", "OperationAborted",
            "RequestTimeout", "ServiceUnavailable", "SlowDown", "Throttling",
            "ThrottlingException", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch",
        ]
        return codes.contains(said.code) || [408, 429, 500, 502, 503, 504].contains(said.status)
    }

    /// An answer to HEAD has no code.
    private static func isExpiry(_ said: Said) -> Bool {
        ["ExpiredToken", "ExpiredTokenException", "InvalidToken", "TokenRefreshRequired"].contains(
            said.code) || (said.code.isEmpty && (said.status == 403 || said.status == 400))
    }

    private static func failure(
        _ said: Said, _ request: Request, _ bucket: BucketAddress
    ) -> StorageError {
        let key = request.key ?? ""
        let what = "\(request.method.rawValue) of s3://\(bucket.bucket)/\(key)"
        let isElsewhere =
            said.status == 301 || said.status == 307
            || ["AuthorizationHeaderMalformed", "PermanentRedirect", "TemporaryRedirect"].contains(
                said.code)
            || (said.status == 400 && said.code.isEmpty && said.region != nil)
        if isElsewhere, said.region != bucket.region {
            return .elsewhere(bucket: bucket.bucket, region: said.region)
        }
        switch (said.status, said.code) {
        case (_, "NoSuchBucket"): return .bucketMissing(bucket: bucket.bucket)
        case (404, "") where request.key == nil:
            return .unreachable(
                store: "\(bucket.scheme)://\(bucket.host)", reason: "no object store answers there")
        case (404, "NoSuchKey"), (404, ""): return .missing(key: key)
        case (412, _): return .exists(key: key)
        case (_, "InvalidObjectState"), (_, "ObjectNotInActiveTierError"):
            return .cold(key: key, storageClass: said.storageClass ?? "of an archive")
        case (_, "RequestTimeTooSkewed"): return .clockSkewed(message: said.message)
        case (416, _): return .damaged(key: key, reason: "it is shorter than it should be")
        case (401, _), (403, _):
            return .denied(what: what, code: said.code, message: said.message)
        default:
            return .refused(
                what: what, status: said.status, code: said.code, message: said.message)
        }
    }
}

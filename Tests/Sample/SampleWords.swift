/// What the application's rows are made of. All of it needs no escape in COPY text, but for the
/// stack traces, which come escaped.
struct SampleWords {
    /// A path of the API; where it has a number in it, the parts before and after.
    struct Route {
        let method: String
        let path: String
        let pathEnd: String
        let action: String
        let actionEnd: String
        let component: String
        let successes: [Int]
        let hasNumber: Bool

        /// From a form such as `GET /jobs/#/applicants`.
        init(_ form: String) {
            let words = form.split(separator: " ").map(String.init)
            let parts = words[1].split(separator: "#", omittingEmptySubsequences: false)
            func action(_ path: Substring) -> String {
                String(path.map { $0 == "/" || $0 == "-" ? "_" : $0 })
            }
            method = words[0]
            path = String(parts[0])
            pathEnd = parts.count > 1 ? String(parts[1]) : ""
            self.action = words[0].lowercased() + action(parts[0])
            actionEnd = parts.count > 1 ? action(parts[1]) : ""
            component = words.count > 2 ? words[2] : "api"
            hasNumber = parts.count > 1
            successes =
                switch words[0] {
                case "POST": [200, 201, 201]
                case "GET": [200, 200, 200, 200, 200, 200, 200, 200, 307]
                default: [200]
                }
        }
    }

    struct Failure {
        let type: String
        let message: String
    }

    struct Audit {
        let component: String
        let action: String
        let message: String
    }

    let routes: [Route] = [
        "GET /profiles/", "GET /jobs/", "GET /jobs/#", "GET /users/me", "GET /health",
        "POST /auth/login auth", "GET /profiles/#", "GET /search/candidates search",
        "GET /companies/#/jobs", "PATCH /jobs/#", "POST /users/#/invite",
        "GET /cv/#/download cv", "POST /cv/upload cv", "POST /jobs/", "DELETE /jobs/#",
        "PUT /profiles/#", "GET /jobs/#/applicants", "POST /interviews/#/start",
        "GET /interviews/#", "GET /notifications", "PATCH /notifications/#",
        "GET /companies/#", "POST /auth/refresh auth", "POST /auth/logout auth",
        "GET /stats/daily", "POST /search/reindex search", "GET /settings", "PUT /settings",
        "GET /invitations/", "DELETE /invitations/#",
    ].map(Route.init)

    let failures = [
        Failure(type: "ValueError", message: "invalid literal for int() with base 10: 'abc'"),
        Failure(type: "KeyError", message: "'candidate_id'"),
        Failure(type: "OperationalError", message: "server closed the connection unexpectedly"),
        Failure(type: "TimeoutError", message: "upstream took more than 30 s"),
        Failure(type: "IntegrityError", message: "duplicate key value violates unique constraint"),
        Failure(type: "UnicodeDecodeError", message: "'utf-8' codec can't decode byte 0xe9"),
    ]

    let audits = [
        Audit(component: "auth", action: "login", message: "User logged in:"),
        Audit(component: "auth", action: "signup", message: "User signed up:"),
        Audit(component: "jobs", action: "update_job", message: "Job updated by"),
        Audit(component: "cv", action: "parse_cv", message: "CV parsed for"),
    ]

    let loggers = ["uvicorn.error", "sqlalchemy.pool", "app.workers.mail", "unknown"]

    let agents = [
        """
        Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
        Chrome/131.0.0.0 Safari/537.36
        """,
        """
        Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) \
        Version/18.1 Safari/605.1.15
        """,
        "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
        """
        Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 \
        (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1
        """,
        "python-httpx/0.27.2",
        "kube-probe/1.30",
    ]

    // MARK: Metadata: the request and all its headers, about 950 bytes

    let metadataHead = "{\"request_id\": \""
    let metadataQuery = "\", \"query_params\": {\"page\": \""
    /// One a user agent.
    let metadataHeaders: [String]
    let metadataTrace = "\", \"x-forwarded-proto\": \"https\", \"x-trace-id\": \""
    let metadataEnd = "\"}, \"api_version\": \"v1\"}"

    init() {
        metadataHeaders = agents.map { agent in
            """
            ", "per_page": "25", "sort": "-created_at"}, "headers": {"host": "api.example.com", \
            "accept": "application/json, text/plain, */*", "accept-encoding": \
            "gzip, deflate, br, zstd", "accept-language": "en-GB,en;q=0.9,de;q=0.8", \
            "authorization": "[REDACTED]", "cookie": "[REDACTED]", "x-api-key": "[REDACTED]", \
            "connection": "keep-alive", "content-type": "application/json", "origin": \
            "https://app.example.com", "referer": "https://app.example.com/", \
            "sec-ch-ua-mobile": "?0", "sec-ch-ua-platform": "Windows", "sec-fetch-dest": "empty", \
            "sec-fetch-mode": "cors", "sec-fetch-site": "same-site", "user-agent": "\(agent)", \
            "x-forwarded-for": "
            """
        }
    }

    // MARK: Stack traces

    /// As Python prints it, escaped for COPY: 2 to 8 kB with newlines, quotes, backslashes and
    /// non-ASCII.
    func stackTrace(of failure: Failure, depth: Int) -> [UInt8] {
        var copy = CopyText()
        copy.escaped("Traceback (most recent call last):\n")
        for frame in 0..<depth {
            copy.escaped(
                """
                  File "/app/venv/lib/python3.12/site-packages/starlette/routing_\(frame).py", \
                line \(100 + frame * 37), in handle
                    await self.app(scope, receive, send)  # größer als\tC:\\temp\\é

                """)
            if frame % 5 == 4 { copy.escaped("    raise exc from None  # \"re-raised\"\n") }
        }
        copy.escaped("\(failure.type): \(failure.message)\n")
        return copy.bytes
    }
}

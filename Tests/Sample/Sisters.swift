import Retention

/// The tables beside `system_logs`: `llm_logs`, like it and with a 64-bit key, and
/// `user_invitations`, small and plain, which expires by `expires_at`.
public struct Sisters {
    private let shape: SampleShape

    public init(_ shape: SampleShape) { self.shape = shape }

    /// A script for psql that makes both tables and fills them, data inline.
    public func script() -> CopyText {
        var random = SplitMix64(seed: shape.seed)
        var copy = CopyText()
        copy.raw(Self.tables)
        copy.raw("COPY public.llm_logs FROM STDIN;\n")
        for id in 1...max(1, shape.rows) { appendCall(id, &random, to: &copy) }
        copy.raw("\\.\nCOPY public.user_invitations FROM STDIN;\n")
        for id in 1...max(1, shape.rows / 20) { appendInvitation(id, &random, to: &copy) }
        copy.raw("\\.\n")
        for (table, key) in [("llm_logs", "id"), ("user_invitations", "id")] {
            copy.raw(
                """
                SELECT setval(pg_get_serial_sequence('public.\(table)', '\(key)'), max(\(key)))
                FROM public.\(table);

                """)
        }
        return copy
    }

    private static let tables = """
        CREATE TABLE public.llm_logs (
            id BIGSERIAL PRIMARY KEY, created_at TIMESTAMPTZ DEFAULT now(), level VARCHAR(20),
            component VARCHAR(50), action VARCHAR(100), message TEXT, user_id INTEGER,
            company_id INTEGER, interview_id INTEGER, error_type VARCHAR(100),
            error_message TEXT, extra_metadata JSONB, deployment_version VARCHAR(50),
            deployment_environment VARCHAR(50));
        CREATE TABLE public.user_invitations (
            id SERIAL PRIMARY KEY, email VARCHAR NOT NULL, token VARCHAR NOT NULL UNIQUE,
            role VARCHAR, department VARCHAR, company_id INTEGER, status VARCHAR,
            sent_at TIMESTAMPTZ, expires_at TIMESTAMPTZ NOT NULL, accepted_at TIMESTAMPTZ,
            invited_by INTEGER, invited_user_id INTEGER, email_sent BOOLEAN,
            email_sent_at TIMESTAMPTZ, email_error TEXT, extra_metadata TEXT,
            created_at TIMESTAMPTZ DEFAULT now(), updated_at TIMESTAMPTZ);

        """

    /// A time in the shape's months.
    private func moment(_ random: inout SplitMix64) -> CivilDateTime {
        let first = shape.firstMonth.daysSinceEpoch
        let day = first + Int64(random.below(Int(shape.end.daysSinceEpoch - first)))
        return CivilDateTime(
            date: CivilDate(daysSinceEpoch: day),
            microseconds: Int64(random.below(86_400)) * Instant.microsecondsPerSecond)
    }

    private static func text(_ time: CivilDateTime) -> String { time.text(separator: " ") + "+00" }

    private func appendCall(_ id: Int, _ random: inout SplitMix64, to copy: inout CopyText) {
        let hasFailed = random.below(50) == 0
        copy.number(id)
        copy.text(Self.text(moment(&random)))
        copy.text(hasFailed ? "ERROR" : "INFO")
        copy.text("interview")
        copy.text(random.pick(["generate_question", "score_answer", "summarize"]))
        copy.text("model call of \(200 + random.below(4000)) tokens")
        copy.number(1 + random.below(SystemLogsRows.users))
        copy.number(1 + random.below(SystemLogsRows.companies))
        copy.number(1 + random.below(9000))
        copy.text(hasFailed ? "RateLimitError" : nil)
        copy.text(hasFailed ? "429: try again in \(random.below(60)) s" : nil)
        copy.text(
            "{\"tokens\": {\"in\": \(random.below(4000)), \"out\": \(random.below(900))}}")
        copy.text("1.18.2")
        copy.text("production")
        copy.endRow()
    }

    private func appendInvitation(_ id: Int, _ random: inout SplitMix64, to copy: inout CopyText) {
        let sent = moment(&random)
        let expires = CivilDateTime(
            date: sent.date.adding(days: 7), microseconds: sent.microseconds)
        let isAccepted = random.below(3) > 0
        copy.number(id)
        copy.text("user\(id)@example.com")
        copy.field { $0.uuid(random.next(), random.next()) }
        copy.text(random.pick(["admin", "recruiter", "viewer"]))
        copy.text(random.pick([nil, "HR", "R&D", ""]))
        copy.number(1 + random.below(SystemLogsRows.companies))
        copy.text(isAccepted ? "accepted" : "pending")
        copy.text(Self.text(sent))
        copy.text(Self.text(expires))
        copy.text(isAccepted ? Self.text(sent) : nil)
        copy.number(1 + random.below(SystemLogsRows.users))
        if isAccepted { copy.number(id) } else { copy.null() }
        copy.text("t")
        copy.text(Self.text(sent))
        copy.null()
        copy.text(id % 10 == 0 ? "{\"note\": \"re-invited\\nonce\"}" : nil)
        copy.text(Self.text(sent))
        copy.text(Self.text(sent))
        copy.endRow()
    }
}

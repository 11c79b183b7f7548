import Retention

/// What `check` found: the verdict, and the numbers that it was made of.
public struct HealthReport: Sendable, Encodable {
    public var verdict: HealthVerdict
    /// Nil: nothing could be measured.
    public var measures: HealthMeasures?
    /// Nothing was measured, and nothing had to be: the server is a standby (`on_standby: skip`).
    public private(set) var isOnStandby = false

    public var state: HealthVerdict.State { verdict.state }

    /// Nothing is known, and why.
    public init(unknown problem: Problem) {
        // What is wrong with a configuration is a list.
        let message = problem.message.split(separator: "\n").map { $0.drop { $0 == " " } }
            .joined(separator: " ")
        let finding = Finding(
            .checkFailed, .unknown, "\(message) [\(problem.id)]", hint: problem.hint)
        verdict = HealthVerdict([finding])
    }

    /// It took too long to find anything out.
    public init(timeoutSeconds seconds: Int) {
        verdict = HealthVerdict([
            Finding(
                .checkTimeout, .unknown,
                "Nothing was found out within \(seconds) s: the server, the network or the disk of "
                    + "the archives does not answer.",
                hint:
                    "Try each: pgretain status, pgretain archives list; check: {timeout: …} allows "
                    + "more time.")
        ])
    }

    static var standby: Self {
        var report = Self(verdict: HealthVerdict([]))
        report.isOnStandby = true
        return report
    }

    private init(verdict: HealthVerdict) { self.verdict = verdict }

    /// Something that went wrong besides.
    public mutating func add(_ finding: Finding?) {
        guard let finding else { return }
        verdict.add(finding)
    }

    init(_ facts: HealthFacts, _ thresholds: HealthThresholds) {
        verdict = HealthJudge(thresholds).verdict(on: facts)
        measures = HealthMeasures(facts, thresholds)
    }

    private enum CodingKeys: String, CodingKey {
        case status, exitStatus, findings, ignored, measures, isOnStandby
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(state, forKey: .status)
        try container.encode(state.exitCode, forKey: .exitStatus)
        try container.encode(verdict.findings, forKey: .findings)
        try container.encode(verdict.ignored, forKey: .ignored)
        try container.encodeIfPresent(measures, forKey: .measures)
        if isOnStandby { try container.encode(true, forKey: .isOnStandby) }
    }
}

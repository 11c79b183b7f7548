/// What `check` says in the end.
public struct HealthVerdict: Equatable, Sendable, Codable {
    /// As monitoring plugins end (Monitoring Plugins Development Guidelines, "Plugin Return Codes").
    public enum State: String, Sendable, Codable, CaseIterable {
        case ok, warning, critical, unknown

        public var exitCode: Int32 {
            switch self {
            case .ok: 0
            case .warning: 1
            case .critical: 2
            case .unknown: 3
            }
        }
    }

    /// Worst first; among equals in the order in which they were found.
    public var findings: [Finding]
    /// Of those, how many would be worse had the configuration not said to ignore them.
    public var ignored: Int

    /// `ignoring`: kinds that are told, and raise no alarm. That nothing is known is never ignored.
    public init(_ found: [Finding], ignoring: Set<Finding.ID> = []) {
        ignored = 0
        var findings = found
        for index in findings.indices where ignoring.contains(findings[index].id) {
            guard findings[index].severity != .unknown, findings[index].severity != .info else {
                continue
            }
            findings[index].severity = .info
            findings[index].message += " (ignored)"
            ignored += 1
        }
        self.findings = Self.worstFirst(findings)
    }

    public mutating func add(_ finding: Finding) {
        findings = Self.worstFirst(findings + [finding])
    }

    private static func worstFirst(_ findings: [Finding]) -> [Finding] {
        findings.enumerated().sorted {
            ($1.element.severity, $0.offset) < ($0.element.severity, $1.offset)
        }.map(\.element)
    }

    public var state: State {
        switch findings.map(\.severity).max() {
        case nil, .info: .ok
        case .warning: .warning
        case .unknown: .unknown
        case .critical: .critical
        }
    }

    public func count(of severity: Severity) -> Int {
        findings.count { $0.severity == severity }
    }
}

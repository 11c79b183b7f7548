import Retention

/// What the configuration says about `check`.
public struct CheckSettings: Equatable, Sendable {
    public var thresholds: HealthThresholds
    /// After that the answer is that nothing is known.
    public var timeoutSeconds: Int

    public static let defaultTimeoutSeconds = 30

    public init(
        thresholds: HealthThresholds = HealthThresholds(),
        timeoutSeconds: Int = defaultTimeoutSeconds
    ) {
        self.thresholds = thresholds
        self.timeoutSeconds = timeoutSeconds
    }
}

/// From when on something is bad. The few that an operator may set are in the configuration.
public struct HealthThresholds: Equatable, Sendable {
    /// So long without a run that did all it might: a night and two hours.
    public var missedWarningSeconds: Int64
    /// Two nights and two hours.
    public var missedCriticalSeconds: Int64
    /// Told, and no alarm.
    public var ignored: Set<Finding.ID>

    public static let hour: Int64 = 3600
    public static let day: Int64 = 86_400

    /// What is left of the months that were made ahead, at least.
    static let premakeCriticalSeconds = 3 * day
    static let premakeCriticalPeriods = 2
    static let pauseWarningSeconds = 7 * day
    /// A backlog that is worked off within a week is a beginning, and no trouble.
    static let backlogWarningNights = 7
    static let sequenceWarningPercent = 80
    static let sequenceCriticalPercent = 90

    public init(
        missedWarningSeconds: Int64 = 26 * hour, missedCriticalSeconds: Int64 = 50 * hour,
        ignored: Set<Finding.ID> = []
    ) {
        self.missedWarningSeconds = missedWarningSeconds
        self.missedCriticalSeconds = missedCriticalSeconds
        self.ignored = ignored
    }
}

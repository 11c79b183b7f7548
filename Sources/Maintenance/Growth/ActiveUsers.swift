import Capacity
import Retention

/// How many different users a table's rows are of.
public struct ActiveUsers: Sendable, Encodable {
    public struct Day: Sendable, Encodable {
        public var date: String
        public var users: Int64
    }

    public var column: String
    /// In the last 24 hours.
    public var lastDay: Int64
    /// Of each whole day, oldest first, fourteen at most.
    public var days: [Day]
    /// Rows were sampled: there are at least so many. Nobody who was not seen is reckoned with.
    public var isAtLeast: Bool
}

extension GrowthDriversLook {
    private static let daysOfUsers = 14

    /// Nil where no column says whose a row is.
    func activeUsers(_ columns: [DriverColumn], percent: Double) throws -> ActiveUsers? {
        guard let user = columns.first(where: \.isUser) else { return nil }
        let today = calendar.zone.civil(calendar.now).date
        let first = today.adding(days: -Self.daysOfUsers)
        let counted = try connection.catalog.distinctValues(
            of: user.name, in: table, zone: calendar.zone, from: calendar.zone.instant(first),
            latest: calendar.now.advanced(bySeconds: -86_400), to: calendar.now, percent: percent,
            milliseconds: milliseconds)
        return ActiveUsers(
            column: user.name, lastDay: counted.latest,
            days: counted.days.filter { $0.day < today }.map {
                .init(date: $0.day.description, users: $0.values)
            }, isAtLeast: percent < 100)
    }
}

extension DriverColumn {
    fileprivate var isUser: Bool { ["user_id", "account_id", "actor_id"].contains(name) }
}

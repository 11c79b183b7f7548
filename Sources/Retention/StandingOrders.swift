/// What operators have said about a table, whatever its policy says. It may change while a night is
/// under way: it is looked at when the plan is made, and again before anything is taken away.
public struct StandingOrders: Equatable, Sendable {
    public var holds: [Hold]
    public var pins: [Pin]
    /// Of the table, and of all tables.
    public var pauses: [Pause]

    public init(holds: [Hold] = [], pins: [Pin] = [], pauses: [Pause] = []) {
        self.holds = holds
        self.pins = pins
        self.pauses = pauses
    }

    /// Why a range stays; nil when nobody has said so.
    public func reasonToKeep(_ bounds: PartitionBounds, at now: Instant) -> Verdict.Reason? {
        if let pause = pauses.first(where: { $0.until.map { $0 > now } ?? true }) {
            return .paused(by: pause.by, reason: pause.reason)
        }
        let held = holds.first {
            $0.bounds.overlaps(bounds) && ($0.until.map { $0 > now } ?? true)
        }
        if let held { return .held(by: held.by, reason: held.reason) }
        if let pin = pins.first(where: { $0.bounds.overlaps(bounds) && $0.until > now }) {
            return .pinned(until: pin.until)
        }
        return nil
    }
}

import Retention

/// The last time that an archive of a table came back whole: the recovery time that was measured.
public struct LastDrill: Sendable, Encodable {
    public var at: Instant
    public var archive: String
    public var rows: UInt64
    /// Until its rows were in a table, and proven.
    public var seconds: Double

    /// Nil where none ever did.
    init?(of outcomes: [Slice: DrillOutcome]) {
        let succeeded = outcomes.values.filter { $0.measure != nil }
        guard let last = succeeded.max(by: { $0.at < $1.at }), let measure = last.measure else {
            return nil
        }
        at = last.at
        archive = last.slice.path
        rows = measure.rows
        seconds = measure.seconds
    }

    /// What more rows would take at that pace; nil where none were brought back.
    public func seconds(forRows count: UInt64) -> Double? {
        rows > 0 ? seconds * Double(count) / Double(rows) : nil
    }
}

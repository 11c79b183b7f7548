import Retention

/// How a night spares a server that others use meanwhile.
public struct ThrottleSettings: Equatable, Sendable {
    /// Bytes of COPY text a second that are read; nil as fast as it goes.
    public var rate: ByteCount?
    /// Beyond these it waits.
    public var pressure: PressureLimits
    /// How long a run waits, all its waits taken together.
    public var pressureWait: Span
    /// No snapshot is older: it pins what VACUUM may remove in the whole database.
    public var snapshotAge: Span

    public init(
        rate: ByteCount? = nil, pressure: PressureLimits = PressureLimits(),
        pressureWait: Span = Span(microseconds: 600_000_000),
        snapshotAge: Span = Span(microseconds: 3_600_000_000)
    ) {
        self.rate = rate
        self.pressure = pressure
        self.pressureWait = pressureWait
        self.snapshotAge = snapshotAge
    }
}

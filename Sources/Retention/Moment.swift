/// A time as an operator writes it: `2025-01-05`, `2025-01-05T13:30`, which are of the table's own
/// calendar, or with a zone, `2025-01-05T13:30:00+01:00`, which is the same everywhere.
public enum Moment: Equatable, Sendable {
    case civil(CivilDateTime)
    case instant(Instant)

    /// Nil where it is none of these.
    public init?(_ text: String) {
        let seconds = Self.hasNoSeconds(text) ? text + ":00" : text
        guard let instant = Instant(iso: seconds) else { return nil }
        // Only what has no zone can be given one.
        let isCivil = Instant(iso: seconds + "Z") != nil
        self = isCivil ? .civil(CivilDateTime(utc: instant)) : .instant(instant)
    }

    /// `2025-01-05T13:30`
    private static func hasNoSeconds(_ text: String) -> Bool {
        text.utf8.count == 16 && text.utf8.dropFirst(13).first == UInt8(ascii: ":")
    }

    public func instant(in zone: Zone) -> Instant {
        switch self {
        case .civil(let civil): zone.instant(civil)
        case .instant(let instant): instant
        }
    }
}

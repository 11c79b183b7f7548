import Retention

/// How the key's field of a COPY line is read as time.
enum KeyForm {
    case time
    case epoch(unit: Int64)
    case uuidv7
    case ulid

    init(_ type: KeyType) {
        switch type {
        case .timestampWithTimeZone, .timestamp, .date: self = .time
        case .epochSeconds, .epochMilliseconds, .epochMicroseconds:
            self = .epoch(unit: type.microsecondsPerUnit ?? 1)
        case .uuidv7: self = .uuidv7
        case .ulid: self = .ulid
        }
    }

    /// Since 1970-01-01 00:00 UTC; see `KeyRange`. Nil where the field holds no key.
    @inline(__always)
    func microseconds(_ field: Source) -> Int64? {
        switch self {
        case .time: Timestamp.microseconds(field)
        case .epoch(let unit): Epoch.microseconds(field, unit: unit)
        case .uuidv7: IdentifierTime.microseconds(ofUUID: field)
        case .ulid: IdentifierTime.microseconds(ofULID: field)
        }
    }
}

import Retention

extension KeyType {
    /// The type of a column; nil where its values are no times, or only what `stated` says of them
    /// makes them times.
    init?(typeOID: UInt32, stated: KeyType?) {
        let own: KeyType? =
            switch typeOID {
            case 1184: .timestampWithTimeZone
            case 1114: .timestamp
            case 1082: .date
            case 20: stated?.microsecondsPerUnit != nil ? stated : nil
            case 23: stated == .epochSeconds ? stated : nil
            case 2950: stated == .uuidv7 ? stated : nil
            case 25, 1042, 1043: stated == .ulid ? stated : nil
            default: nil
            }
        guard let own, stated == nil || stated == own else { return nil }
        self = own
    }

    /// An expression of this type as one of type `timestamptz`.
    func time(_ expression: SQL) -> SQL {
        func sinceEpoch(_ count: SQL, unit: Int64) -> SQL {
            "('epoch'::timestamptz + \(count) * \(literal: "\(unit) microseconds")::interval)"
        }
        switch self {
        case .timestampWithTimeZone, .timestamp, .date: return "\(expression)::timestamptz"
        case .epochSeconds, .epochMilliseconds, .epochMicroseconds:
            return sinceEpoch(expression, unit: microsecondsPerUnit ?? 1)
        case .uuidv7:
            return sinceEpoch(
                """
                ('x' || pg_catalog.left((\(expression))::text, 8)
                    || pg_catalog.substr((\(expression))::text, 10, 4))::bit(48)::bigint
                """, unit: 1000)
        case .ulid:
            return sinceEpoch(
                """
                (SELECT pg_catalog.sum(
                    (pg_catalog.strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ',
                        pg_catalog.substr(\(expression), i, 1)) - 1)::bigint << (50 - 5 * i))
                FROM pg_catalog.generate_series(1, 10) AS i)
                """, unit: 1000)
        }
    }

    /// Whether a value of the key has a time, so that it ages; nil where all that can be compared do.
    func hasTime(_ key: Identifier) -> SQL? {
        switch self {
        case .uuidv7:
            """
            (pg_catalog.get_byte(pg_catalog.uuid_send(\(key)), 6) / 16 = 7
                AND pg_catalog.get_byte(pg_catalog.uuid_send(\(key)), 8) / 64 = 2)
            """
        case .ulid: "\(key) ~ '^[0-7][0-9A-HJKMNP-TV-Z]{25}$'"
        default: nil
        }
    }
}

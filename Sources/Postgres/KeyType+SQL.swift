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
            case 20: stated?.isEncoded == true ? stated : nil
            case 23: stated == .epochSeconds ? stated : nil
            default: nil
            }
        guard let own, stated == nil || stated == own else { return nil }
        self = own
    }

    /// An expression of this type as one of type `timestamptz`.
    func time(_ expression: SQL) -> SQL {
        guard let microsecondsPerUnit else { return "\(expression)::timestamptz" }
        return """
            ('epoch'::timestamptz
                + \(expression) * \(literal: "\(microsecondsPerUnit) microseconds")::interval)
            """
    }
}

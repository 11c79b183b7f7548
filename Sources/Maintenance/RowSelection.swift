import Retention
import RowCoding

/// Which rows of a table's archives are wanted, as `search` and `restore` understand it: those of a
/// time range, `[from, to)`, that meet all conditions.
struct RowSelection {
    let from: Instant?
    let to: Instant?
    let conditions: [RowCondition]
    /// Whose midnights are meant.
    let zone: Zone

    /// What a wanted row of an archive meets, its time among it. None can where a condition is about
    /// a column that the archive has not: it is NULL, as it were.
    func conditions(in manifest: Manifest, _ columns: [CodedColumn])
        -> (met: [(RowCondition, FieldPath)], canBeMet: Bool)
    {
        var wanted = conditions.map { $0.normalized(columns, zone) }
        if let from {
            wanted.append(.init(manifest.key, .greaterOrEqual, manifest.keyType.json(from)))
        }
        if let to { wanted.append(.init(manifest.key, .less, manifest.keyType.json(to))) }
        let met = wanted.compactMap { condition in
            FieldPath(condition.subject, in: columns).map { (condition, $0) }
        }
        return (met, met.count == wanted.count)
    }

    /// What a condition is about that no archive has a column for: a slip of the pen, not a condition
    /// that nothing meets.
    func unknownSubject(in manifests: [Manifest]) throws -> String? {
        try conditions.first { condition in
            try !manifests.contains {
                FieldPath(condition.subject, in: try $0.codedColumns()) != nil
            }
        }?.subject
    }

    /// The parts whose keys may lie in the range.
    func parts(of manifest: Manifest) -> [Manifest.Part] {
        manifest.parts.filter { part in
            guard let smallest = part.smallestKey, let largest = part.largestKey else {
                return true
            }
            return from.map { largest >= $0 } ?? true && to.map { smallest < $0 } ?? true
        }
    }
}

extension KeyType {
    /// An instant as a line has it; texts of this form are ordered as the times are.
    func json(_ instant: Instant) -> String {
        switch self {
        case .timestampWithTimeZone: instant.text(separator: "T", zone: "+00:00")
        case .timestamp: instant.text(separator: "T", zone: "")
        case .date:
            CivilDateTime(utc: instant).microseconds == 0
                ? CivilDateTime(utc: instant).date.description : CivilDateTime(utc: instant).text()
        }
    }
}

extension RowCondition {
    /// A time is compared as a line has it, however it was written.
    func normalized(_ columns: [CodedColumn], _ zone: Zone) -> RowCondition {
        guard comparison != .matches, comparison != .matchesNot,
            let path = FieldPath(subject, in: columns), path.keys.isEmpty,
            let moment = Moment(operand)
        else { return self }
        switch columns[path.column].form {
        case .timestampWithTimeZone:
            return .init(
                subject, comparison, KeyType.timestampWithTimeZone.json(moment.instant(in: zone)))
        case .timestamp:
            return .init(subject, comparison, KeyType.timestamp.json(moment.instant(in: .utc)))
        default: return self
        }
    }
}

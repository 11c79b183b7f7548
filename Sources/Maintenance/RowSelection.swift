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
    ///
    /// - Parameter columns: of lines of rows of `definition`, in its order.
    func conditions(
        in manifest: Manifest, _ columns: [CodedColumn], of definition: TableDefinition
    ) throws(ConditionFault) -> (met: [(RowCondition, FieldPath)], canBeMet: Bool) {
        var wanted: [RowCondition] = []
        for condition in conditions {
            wanted.append(try condition.normalized(columns, of: definition, zone))
        }
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

    /// A range that ends before it begins has no rows, and whoever asks for it means another.
    func requireRange(undone: String) throws(Problem) {
        guard let from, let to, from >= to else { return }
        throw Problem(
            "range.empty", .usage, "--from has to be before --to. \(undone)",
            hint: "Give a range such as --from 2025-01-01 --to 2025-02-01.")
    }

    /// Whether rows of that range may be wanted.
    func admits(_ bounds: PartitionBounds) -> Bool {
        from.map { bounds.to > $0 } ?? true && to.map { bounds.from < $0 } ?? true
    }

    /// What the conditions come to, archive by archive; nil for one that no row of can meet them. What
    /// is nonsense for the columns that some archives have, as a UUID where numbers were, is met by no
    /// row of these: a note. Where it is so for all, it is a fault.
    static func ready<Archive, Ready>(
        _ archives: [Archive], slice: (Archive) -> Slice, notes: inout [String],
        _ ready: (Archive) throws -> Ready?
    ) throws -> [Ready] {
        var found: [Ready] = []
        var faults: [(slice: Slice, fault: ConditionFault)] = []
        for archive in archives {
            do {
                if let one = try ready(archive) { found.append(one) }
            } catch let fault as ConditionFault {
                faults.append((slice(archive), fault))
            }
        }
        if let first = faults.first, found.isEmpty { throw first.fault }
        notes += faults.map {
            "no row of \($0.slice.path) can meet \($0.fault.condition): \($0.fault.reason)"
        }
        return found
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
        case .epochSeconds, .epochMilliseconds, .epochMicroseconds, .uuidv7, .ulid:
            literal(instant)
        case .timestampWithTimeZone: instant.text(separator: "T", zone: "+00:00")
        case .timestamp: instant.text(separator: "T", zone: "")
        case .date:
            CivilDateTime(utc: instant).microseconds == 0
                ? CivilDateTime(utc: instant).date.description : CivilDateTime(utc: instant).text()
        }
    }
}

extension RowCondition {
    /// A time or a UUID is compared as a line has it, however it was written. What is none would be
    /// compared byte by byte, and meet rows that nobody means.
    func normalized(
        _ columns: [CodedColumn], of definition: TableDefinition, _ zone: Zone
    ) throws(ConditionFault) -> RowCondition {
        guard comparison != .matches, comparison != .matchesNot,
            let path = FieldPath(subject, in: columns), path.keys.isEmpty
        else { return self }
        let form = columns[path.column].form
        let type = definition.columns[path.column].baseTypeOID
        if type == Self.uuid { return .init(subject, comparison, operand.lowercased()) }
        guard form == .timestamp || form == .timestampWithTimeZone || type == Self.date,
            operand != "infinity", operand != "-infinity"
        else { return self }
        guard let moment = Moment(operand) else {
            throw ConditionFault(
                condition: self,
                reason: "`\(operand)` is no time; write it like 2025-01-05 or 2025-01-05T13:30")
        }
        let text =
            switch form {
            case .timestampWithTimeZone:
                KeyType.timestampWithTimeZone.json(moment.instant(in: zone))
            case .timestamp: KeyType.timestamp.json(moment.instant(in: .utc))
            default: KeyType.date.json(moment.instant(in: .utc))
            }
        return .init(subject, comparison, text)
    }

    /// `pg_type.dat`
    private static let date: UInt32 = 1082
    private static let uuid: UInt32 = 2950
}

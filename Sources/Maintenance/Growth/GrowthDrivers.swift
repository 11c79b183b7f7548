import Capacity
import Postgres
import Retention

/// How many of a table's rows a report may read to say what fills it.
public enum RowReading: Sendable {
    case none
    /// Some pages, picked evenly, for a few seconds at most.
    case sample
    case all

    /// Pages of 8 kB that a sample takes of a table: 64 MB.
    static let pages = 8000.0
    static let milliseconds = 3000
}

/// What a table is filled with: the last seven days against the seven before.
public struct GrowthDrivers: Sendable, Encodable {
    public struct Value: Sendable, Encodable {
        /// Nil for NULL.
        public var value: String?
        /// Of the whole table, reckoned from the sample.
        public var rows: Int64
        /// What these rows take in heap and TOAST; indexes and the room between rows are not in it.
        public var bytes: Int64
        /// Of all rows in the window, and of what all of them take.
        public var percent: Double
        public var bytesPercent: Double
        /// In the window before.
        public var rowsBefore: Int64
        public var bytesBefore: Int64
    }

    public struct Column: Sendable, Encodable {
        public var column: String
        /// The five commonest, and those of the three that take most which are not among them; the
        /// commonest first.
        public var values: [Value]
    }

    /// Of the pages; 100: all of them were read.
    public var sampledPercent: Double
    public var columns: [Column]
    /// Nil where no column says whose a row is.
    public var activeUsers: ActiveUsers?
}

/// Reads rows to say what fills a table, within what is allowed.
struct GrowthDriversLook {
    let connection: Connection
    let table: PartitionedTable
    let calendar: TableCalendar
    let parts: [TableGrowth.Part]
    let reading: RowReading

    static let daysShown = 90

    var milliseconds: Int? { reading == .all ? nil : RowReading.milliseconds }

    private func ago(_ days: Int) -> Instant {
        calendar.now.advanced(bySeconds: Int64(-86_400 * days))
    }

    /// How many of the pages since a time are read.
    private func percent(since: Instant) -> Double {
        if reading == .all { return 100 }
        let bytes = parts.filter { $0.bounds.map { $0.to > since } ?? true }
            .reduce(0) { $0 + $1.heapBytes }
        return min(100, 100 * RowReading.pages / max(1, Double(bytes) / 8192))
    }

    func drivers() throws -> GrowthDrivers? {
        let all = try connection.catalog.definition(of: table.oid).columns
        let columns = DriverColumn.among(all)
        guard !columns.isEmpty else { return nil }
        let percent = percent(since: ago(14))
        let counts = try connection.catalog.commonValues(
            of: table, columns: columns.map { ($0.name, $0.isFolded) }, all: all.map(\.name),
            from: ago(14), middle: ago(7), to: calendar.now, percent: percent,
            milliseconds: milliseconds)
        func scaled(_ count: Int64) -> Int64 { Int64((Double(count) * 100 / percent).rounded()) }
        var drivers = GrowthDrivers(sampledPercent: percent, columns: [])
        for column in columns {
            let values = counts.filter { $0.column == column.name }.map { one in
                GrowthDrivers.Value(
                    value: one.value, rows: scaled(one.rows), bytes: scaled(one.bytes),
                    percent: 100 * Double(one.rows) / Double(max(1, one.total)),
                    bytesPercent: 100 * Double(one.bytes) / Double(max(1, one.totalBytes)),
                    rowsBefore: scaled(one.before), bytesBefore: scaled(one.bytesBefore))
            }
            if !values.isEmpty {
                drivers.columns.append(.init(column: column.name, values: values))
            }
        }
        guard !drivers.columns.isEmpty else { return nil }
        drivers.activeUsers = try activeUsers(columns, percent: percent)
        return drivers
    }

    /// What the rows are that a day has beyond the four weeks before it: `92 % of the extra rows are
    /// level=ERROR, 88 % component=api`; nil where they are like the others.
    func explanation(of one: Anomaly) throws -> String? {
        let columns = DriverColumn.among(
            try connection.catalog.definition(of: table.oid).columns)
        guard one.value > one.usual, !columns.isEmpty else { return nil }
        let start = calendar.zone.instant(one.date)
        let weeks = 4
        let from = calendar.zone.instant(one.date.adding(days: -7 * weeks))
        let percent = percent(since: from)
        let counts = try connection.catalog.commonValues(
            of: table, columns: columns.map { ($0.name, $0.isFolded) }, all: [],
            from: from, middle: start, to: calendar.zone.instant(one.date.adding(days: 1)),
            percent: percent, milliseconds: milliseconds)
        let extra = one.value - one.usual
        let shares = columns.compactMap { column -> (words: String, share: Double)? in
            let best = counts.filter { $0.column == column.name }.map { count in
                let usual = Double(count.before) / Double(7 * weeks)
                let share = (Double(count.rows) - usual) * 100 / percent / extra
                return (words: "\(column.name)=\(count.value ?? "NULL")", share: min(1, share))
            }.max { $0.share < $1.share }
            return best.flatMap { $0.share >= 0.5 ? $0 : nil }
        }
        guard !shares.isEmpty else { return nil }
        // Of equals the first: level and component say more than a version that all rows have.
        let told = shares.enumerated().sorted {
            ($1.element.share, $0.offset) < ($0.element.share, $1.offset)
        }.prefix(2).map(\.element)
        return told.enumerated().map { place, one in
            let percent = Int((100 * one.share).rounded())
            return "\(percent) % \(place == 0 ? "of the extra rows are " : "")\(one.words)"
        }.joined(separator: ", ")
    }

    /// Rows of each day, reckoned from the sample; days without any are left out.
    func rowsByDay(since days: Int) throws -> [CivilDate: Int64] {
        let percent = percent(since: ago(days))
        return try connection.catalog.rowsByDay(
            of: table, zone: calendar.zone, from: ago(days), to: calendar.now, percent: percent,
            milliseconds: milliseconds
        ).reduce(into: [:]) { $0[$1.day] = Int64((Double($1.rows) * 100 / percent).rounded()) }
    }
}

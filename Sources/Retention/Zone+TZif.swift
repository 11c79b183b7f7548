extension Zone {
    /// Reads a zone out of a TZif file of version 2 or later (RFC 9636); nil when it is not one.
    public init?(name: String, tzif bytes: [UInt8]) {
        var reader = TZifReader(bytes: bytes)
        guard let old = reader.header(), old.version >= 2 else { return nil }
        reader.skip(old.bodyLength(timeBytes: 4))
        guard let header = reader.header() else { return nil }
        guard let times = reader.integers(header.transitions, bytes: 8),
            let types = reader.integers(header.transitions, bytes: 1),
            let records = reader.records(header.types)
        else { return nil }
        reader.skip(header.characters + header.leaps * 12 + header.standard + header.utc)
        guard let first = records.first, let footer = reader.footer() else { return nil }

        var transitions: [Transition] = []
        for (at, type) in zip(times, types) {
            guard records.indices.contains(Int(type)) else { return nil }
            transitions.append(Transition(at: at, offset: records[Int(type)]))
        }
        if !footer.isEmpty {
            guard let rule = PosixZoneRule(footer) else { return nil }
            let last = transitions.last?.at ?? 0
            transitions += rule.transitions(after: last)
        }
        guard zip(transitions, transitions.dropFirst()).allSatisfy({ $0.at < $1.at }) else {
            return nil
        }
        self.init(name: name, firstOffset: first, transitions: transitions)
    }
}

private struct TZifReader {
    struct Header {
        var version: Int
        var utc, standard, leaps, transitions, types, characters: Int

        func bodyLength(timeBytes: Int) -> Int {
            transitions * (timeBytes + 1) + types * 6 + characters + leaps * (timeBytes + 4)
                + standard + utc
        }
    }

    let bytes: [UInt8]
    var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func skip(_ count: Int) { position += count }

    mutating func header() -> Header? {
        guard position >= 0, position + 44 <= bytes.count,
            bytes[position..<position + 4].elementsEqual("TZif".utf8)
        else { return nil }
        let version = Int(bytes[position + 4]) - 48
        position += 20
        guard let counts = integers(6, bytes: 4) else { return nil }
        guard counts.allSatisfy({ (0...1_000_000).contains($0) }) else { return nil }
        let numbers = counts.map(Int.init)
        return Header(
            version: version, utc: numbers[0], standard: numbers[1], leaps: numbers[2],
            transitions: numbers[3], types: numbers[4], characters: numbers[5])
    }

    /// Big-endian numbers; signed when they take eight bytes.
    mutating func integers(_ count: Int, bytes width: Int) -> [Int64]? {
        guard position + count * width <= bytes.count else { return nil }
        var result: [Int64] = []
        for _ in 0..<count {
            var value: UInt64 = 0
            for byte in bytes[position..<position + width] { value = value << 8 | UInt64(byte) }
            result.append(Int64(bitPattern: value))
            position += width
        }
        return result
    }

    /// The offsets from UTC, in seconds, of the local time types.
    mutating func records(_ count: Int) -> [Int64]? {
        var result: [Int64] = []
        for _ in 0..<count {
            guard let offset = integers(1, bytes: 4), integers(2, bytes: 1) != nil else {
                return nil
            }
            result.append(Int64(Int32(truncatingIfNeeded: offset[0])))
        }
        return result
    }

    /// The rule for all later years, between two newlines.
    func footer() -> String? {
        guard position < bytes.count, bytes[position] == 10,
            let end = bytes[(position + 1)...].firstIndex(of: 10)
        else { return nil }
        return String(decoding: bytes[position + 1..<end], as: UTF8.self)
    }
}

/// A POSIX TZ string, such as `CET-1CEST,M3.5.0,M10.5.0/3` (RFC 9636, section 3.3).
private struct PosixZoneRule {
    enum Day {
        case month(Int, week: Int, weekday: Int)
        /// 1 to 365; 29 February is never counted.
        case julian(Int)
        /// 0 to 365.
        case ordinal(Int)
    }

    struct Change {
        var day: Day
        /// After midnight of the wall that is in force before.
        var seconds: Int64
    }

    var standard: Int64
    var summer: (offset: Int64, begins: Change, ends: Change)?

    init?(_ text: String) {
        var rest = Substring(text)
        guard Self.name(&rest), let west = Self.time(&rest) else { return nil }
        standard = -west
        guard !rest.isEmpty else { return }
        guard Self.name(&rest) else { return nil }
        var offset = standard + 3600
        if rest.first != "," {
            guard let west = Self.time(&rest) else { return nil }
            offset = -west
        }
        guard let begins = Self.change(&rest), let ends = Self.change(&rest), rest.isEmpty else {
            return nil
        }
        summer = (offset, begins, ends)
    }

    /// Until the year 2200: no table is kept for longer.
    func transitions(after last: Int64) -> [Zone.Transition] {
        guard let summer else { return [] }
        var result: [Zone.Transition] = []
        let firstYear = CivilDate(daysSinceEpoch: last / 86_400).year
        for year in firstYear...2200 {
            let begin = Self.second(of: summer.begins, year: year) - standard
            let end = Self.second(of: summer.ends, year: year) - summer.offset
            result.append(.init(at: begin, offset: summer.offset))
            result.append(.init(at: end, offset: standard))
        }
        return result.filter { $0.at > last }.sorted { $0.at < $1.at }
    }

    private static func second(of change: Change, year: Int) -> Int64 {
        let january = CivilDate(year: year, month: 1)
        let date: CivilDate
        switch change.day {
        case .ordinal(let day): date = january.adding(days: day)
        case .julian(let day):
            let leap = CivilDate.days(in: 2, of: year) == 29 && day >= 60
            date = january.adding(days: day - (leap ? 0 : 1))
        case .month(let month, let week, let weekday):
            let first = CivilDate(year: year, month: month)
            let toWeekday = (weekday - first.weekday % 7 + 7) % 7
            let last = CivilDate.days(in: month, of: year)
            var day = toWeekday + (week - 1) * 7
            while day >= last { day -= 7 }
            date = first.adding(days: day)
        }
        return date.daysSinceEpoch * 86_400 + change.seconds
    }

    private static func name(_ rest: inout Substring) -> Bool {
        if rest.first == "<" {
            guard let end = rest.firstIndex(of: ">") else { return false }
            rest = rest[rest.index(after: end)...]
            return true
        }
        let letters = rest.prefix { $0.isLetter }
        rest.removeFirst(letters.count)
        return letters.count >= 3
    }

    private static func number(_ rest: inout Substring) -> Int? {
        let digits = rest.prefix { $0.isNumber }
        rest.removeFirst(digits.count)
        return Int(digits)
    }

    /// `[+-]hh[:mm[:ss]]`, in seconds.
    private static func time(_ rest: inout Substring) -> Int64? {
        var sign: Int64 = 1
        if let first = rest.first, first == "-" || first == "+" {
            rest.removeFirst()
            if first == "-" { sign = -1 }
        }
        guard let hours = number(&rest) else { return nil }
        var seconds = hours * 3600
        for unit in [60, 1] where rest.first == ":" {
            rest.removeFirst()
            guard let value = number(&rest) else { return nil }
            seconds += value * unit
        }
        return sign * Int64(seconds)
    }

    /// `,M3.5.0/2`, `,J60` or `,59`
    private static func change(_ rest: inout Substring) -> Change? {
        guard rest.popFirst() == "," else { return nil }
        let day: Day
        switch rest.first {
        case "M":
            rest.removeFirst()
            guard let month = number(&rest), rest.popFirst() == ".", let week = number(&rest),
                rest.popFirst() == ".", let weekday = number(&rest),
                (1...12).contains(month), (1...5).contains(week), (0...6).contains(weekday)
            else { return nil }
            day = .month(month, week: week, weekday: weekday)
        case "J":
            rest.removeFirst()
            guard let number = number(&rest) else { return nil }
            day = .julian(number)
        default:
            guard let number = number(&rest) else { return nil }
            day = .ordinal(number)
        }
        guard rest.first == "/" else { return Change(day: day, seconds: 7200) }
        rest.removeFirst()
        return time(&rest).map { Change(day: day, seconds: $0) }
    }
}

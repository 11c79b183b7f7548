extension Timestamp {
    /// The microseconds since 1970-01-01 00:00 UTC of a COPY field that holds a timestamp or a
    /// date as the server writes it under `DateStyle=ISO, TimeZone=UTC`; nil when it holds
    /// something else, or an instant that does not fit.
    static func microseconds(_ source: Source) -> Int64? {
        var source = source
        if source.byte == ASCII.minus {
            source.at += 1
            return takeInfinity(&source) ? .min : nil
        }
        if takeInfinity(&source) { return .max }

        let yearDigits = source.word().nonDigits.firstMarked
        guard 4...7 ~= yearDigits, var year = takeNumber(&source, yearDigits),
            take(&source, ASCII.minus), let month = takeNumber(&source, 2), 1...12 ~= month,
            take(&source, ASCII.minus), let day = takeNumber(&source, 2), 1...31 ~= day
        else { return nil }

        var time: Int64 = 0
        if source.byte == ASCII.space, ASCII.isDigit(source.at[1]) {
            source.at += 1
            guard let hour = takeNumber(&source, 2), hour < 24,
                take(&source, ASCII.colon), let minute = takeNumber(&source, 2), minute < 60,
                take(&source, ASCII.colon), let second = takeNumber(&source, 2), second < 60
            else { return nil }
            time = ((hour * 60 + minute) * 60 + second) * 1_000_000
            if take(&source, ASCII.dot) {
                guard let fraction = takeFraction(&source) else { return nil }
                time += fraction
            }
            if source.byte == ASCII.plus {
                guard source.word() & 0xff_ffff == 0x30_302b else { return nil }
                source.at += 3
            }
        }
        // " BC": the year 1 BC is the year 0 of the arithmetic.
        if source.word() & 0xff_ffff == 0x43_4220 {
            source.at += 3
            year = 1 - year
        }
        guard source.isAtFieldEnd else { return nil }

        let (start, overflow) = days(year, month, day).multipliedReportingOverflow(
            by: 86_400_000_000)
        let (instant, pastEnd) = start.addingReportingOverflow(time)
        // The two ends of the scale mean the infinities.
        guard !overflow, !pastEnd, instant != .max, instant != .min else { return nil }
        return instant
    }

    /// Days from 1970-01-01 in the proleptic Gregorian calendar
    /// (https://howardhinnant.github.io/date_algorithms.html, `days_from_civil`).
    private static func days(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    @inline(__always)
    private static func take(_ source: inout Source, _ byte: UInt8) -> Bool {
        guard source.byte == byte else { return false }
        source.at += 1
        return true
    }

    @inline(__always)
    private static func takeNumber(_ source: inout Source, _ digits: Int) -> Int64? {
        var value: Int64 = 0
        for _ in 0..<digits {
            guard ASCII.isDigit(source.byte) else { return nil }
            value = value * 10 + Int64(source.byte - ASCII.zero)
            source.at += 1
        }
        return value
    }

    /// One to six digits behind the point, as microseconds.
    @inline(__always)
    private static func takeFraction(_ source: inout Source) -> Int64? {
        var value: Int64 = 0
        var unit: Int64 = 1_000_000
        while ASCII.isDigit(source.byte), unit > 1 {
            value = value * 10 + Int64(source.byte - ASCII.zero)
            unit /= 10
            source.at += 1
        }
        return unit < 1_000_000 ? value * unit : nil
    }

    /// `infinity`, whole.
    private static func takeInfinity(_ source: inout Source) -> Bool {
        guard source.word() == 0x7974_696e_6966_6e69 else { return false }
        source.at += 8
        return source.isAtFieldEnd
    }
}

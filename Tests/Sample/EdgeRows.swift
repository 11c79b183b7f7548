import Retention

/// The rows that bite an exporter: hostile text and metadata, values of 1 MB and 16 MB, months'
/// ends, hours around a change to or from summer time, ids near 2^31; and where the table's
/// form allows them, a NULL key and an infinite one.
struct EdgeRows {
    private let shape: SampleShape

    init(_ shape: SampleShape) { self.shape = shape }

    var all: [EdgeRow] { hostile + large + times + keys }

    private var first: String { "\(shape.firstMonth.adding(days: 1)) 03:00:00" }

    private var hostile: [EdgeRow] {
        let metadata: [EdgeRow.Metadata] = [
            .onlyText("six characters: \\u0000"), .onlyText("not JSON"), .onlyText(""),
            .onlyText("{\"a\":1,  \"a\" : 2,\t\"b\":[ ]\r\n}"), .onlyText("{\"cut\": \"off"),
            .json("null"), .json("\"\""), .json("{}"), .json("[1e400, -0, 0.10, 1E+2]"),
            .json("{\"\\\\u0000\": \"\\\\N\", \"é\\u2028\": [null, true, {\"x\": \"\\\"\"}]}"),
            .json("9007199254740993"),
        ]
        let texts = [
            "", " ", "\\N", "\\.", "\\", "\"", "'", "null", "line\nbreak", "tab\tstop",
            "CR\rLF\r\n",
            "a\\nb", "C:\\temp\\new", "{\"json\": true}", "\u{2028}\u{2029}", "👩‍👩‍👧‍👦 🏳️‍🌈",
            "e\u{301} o\u{308}",
            "\u{feff}BOM", "\u{1}\u{8}\u{c}\u{1f}\u{7f}\u{85}", "\u{10ffff}", "日本語 العربية",
            "\\u0041", "%s %d $1 ; -- /* */",
        ]
        let trace = "Traceback:\n\tFile \"C:\\app\\naïve.py\"\r\n    raise E('\\'') # \u{2028}😀\\\n"
        return texts.enumerated().map { index, text in
            EdgeRow(
                message: text, userAgent: index % 2 == 0 ? text : nil, errorType: text,
                errorMessage: index % 2 == 1 ? text : nil, stackTrace: index % 3 == 0 ? trace : nil,
                createdAt: first + ".\(index * 40_009 + 1)+00")
        }
            + metadata.map { EdgeRow(metadata: $0, createdAt: first + ".617207+00") }
    }

    /// A value of 1 MB, and a line of over 16 MB, which no part of the usual size shares well.
    private var large: [EdgeRow] {
        func filler(_ bytes: Int) -> String {
            let piece = "0123456789 \"quoted\" back\\slash\n\té "
            return String(repeating: piece, count: bytes / piece.utf8.count + 1)
        }
        return [
            EdgeRow(message: "1 MB", stackTrace: filler(1 << 20), createdAt: first + ".5+00"),
            EdgeRow(
                message: "over 16 MB", stackTrace: filler(17 << 20), createdAt: first + ".6+00"),
        ]
    }

    private var times: [EdgeRow] {
        var times: [String] = []
        for month in 0..<shape.months {
            let start = shape.firstMonth.adding(months: month)
            times.append("\(start) 00:00:00+00")
            times.append("\(start.adding(months: 1).adding(days: -1)) 23:59:59.999999+00")
            // Europe changes on the last Sunday of March and October at 01:00 UTC, and New York
            // on the second of March and the first of November at 07:00 and 06:00 UTC.
            let changes: [CivilDate] =
                switch start.month {
                case 3: [sunday(2, of: start), lastSunday(of: start)]
                case 10: [lastSunday(of: start)]
                case 11: [sunday(1, of: start)]
                default: []
                }
            for day in changes {
                for halfHour in 0..<20 {
                    times.append("\(day) 0\(halfHour / 2):\(halfHour % 2 * 3)0:00.000001+00")
                }
            }
        }
        return times.map { EdgeRow(message: "time \($0)", createdAt: $0) }
    }

    private var keys: [EdgeRow] {
        var rows = [2_147_483_646, 2_147_483_647].map {
            EdgeRow(id: $0, message: "id near its end", createdAt: first + "+00")
        }
        if shape.isPlain {
            rows.append(EdgeRow(message: "no key", createdAt: nil))
            rows.append(EdgeRow(message: "no key", createdAt: nil))
        }
        if shape.isPlain || shape.hasDefaultPartition {
            rows.append(EdgeRow(message: "never", createdAt: "infinity"))
            rows.append(EdgeRow(message: "always", createdAt: "-infinity"))
        }
        return rows
    }

    private func sunday(_ ordinal: Int, of month: CivilDate) -> CivilDate {
        month.adding(days: 7 - month.weekday + 7 * (ordinal - 1))
    }

    private func lastSunday(of month: CivilDate) -> CivilDate {
        let last = month.adding(months: 1).adding(days: -1)
        return last.adding(days: -(last.weekday % 7))
    }
}

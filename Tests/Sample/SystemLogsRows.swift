import Retention

/// Rows of `public.system_logs` as COPY text: 92 % api successes, 5 % refusals (4xx), 0.5 %
/// exceptions with a stack trace, 2 % audit rows, 0.5 % of plain loggers; and the edge rows.
public struct SystemLogsRows {
    static let users = 5000
    static let companies = 200

    private let shape: SampleShape
    private var random: SplitMix64
    private var copy = CopyText()
    private var nextID = 1
    private let words = SampleWords()
    /// What all rows of a day share.
    private var date = ""
    private var version = ""

    public init(_ shape: SampleShape) {
        self.shape = shape
        random = SplitMix64(seed: shape.seed)
    }

    /// Makes all rows, handing on whole lines in blocks of about a mebibyte.
    public mutating func write(to sink: (UnsafeRawBufferPointer) throws -> Void) throws {
        if shape.hasEdgeRows {
            for row in EdgeRows(shape).all {
                row.write(to: &copy, id: row.id ?? nextID, metadata: shape.metadata)
                if row.id == nil { nextID += 1 }
                try flush(past: 1 << 20, to: sink)
            }
        }
        let traffic = Traffic(rows: max(0, shape.rows - copy.rows), over: shape)
        for day in traffic.days {
            date = "\(day.date) "
            version = Self.version(of: day.date)
            for index in 0..<day.rows {
                appendRow(at: time(of: index, in: day))
                try flush(past: 1 << 20, to: sink)
            }
        }
        try flush(past: 0, to: sink)
    }

    private mutating func flush(
        past limit: Int, to sink: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        guard copy.bytes.count > limit else { return }
        try copy.bytes.withUnsafeBytes(sink)
        copy.removeAll()
    }

    /// Microseconds of the day: rows of an hour lie evenly, each a little off its place.
    private mutating func time(of index: Int, in day: Traffic.Day) -> Int {
        let share =
            (Double(index) + Double(random.below(1 << 20)) / Double(1 << 20))
            / Double(day.rows)
        let hour = day.hours.lastIndex { $0 <= share }.map { min($0, 23) } ?? 0
        let within = (share - day.hours[hour]) / (day.hours[hour + 1] - day.hours[hour])
        return min(Int((Double(hour) + within) * 3_600_000_000), 86_399_999_999)
    }

    /// A new one every four days.
    private static func version(of date: CivilDate) -> String {
        let release = date.daysSinceEpoch / 4
        let plain = "1.\(release / 25 % 40).\(release % 25)"
        let stamp = date.description.filter { $0 != "-" }
        return release % 3 == 0 ? "\(plain)-\(stamp).2059" : plain
    }

    // MARK: One row

    private mutating func appendRow(at microseconds: Int) {
        switch random.below(1000) {
        case ..<920: appendRequest(at: microseconds, outcome: .success)
        case ..<970: appendRequest(at: microseconds, outcome: .refusal)
        case ..<975: appendRequest(at: microseconds, outcome: .exception)
        case ..<995: appendAudit(at: microseconds)
        default: appendLogger(at: microseconds)
        }
    }

    private enum Outcome { case success, refusal, exception }

    private mutating func appendRequest(at microseconds: Int, outcome: Outcome) {
        let route = words.routes[min(random.below(words.routes.count), random.below(40))]
        let number = route.hasNumber ? 1 + random.below(90_000) : 0
        let (high, low) = (random.next(), random.next())
        let agent = random.below(words.agents.count)
        let address = random.below(20_000)
        let status =
            switch outcome {
            case .success: route.successes[random.below(route.successes.count)]
            case .refusal: random.pick([401, 401, 403, 404, 404, 422, 422])
            case .exception: 500
            }
        let failure = outcome == .exception ? random.pick(words.failures) : nil

        copy.number(nextID)
        nextID += 1
        copy.text(outcome == .success ? "INFO" : "ERROR")
        copy.text(route.component)
        copy.field {
            $0.raw(outcome == .success ? route.action : "post_error")
            if number > 0, outcome == .success {
                $0.digits(number)
                $0.raw(route.actionEnd)
            }
        }
        copy.field {
            $0.raw(route.method + " " + route.path)
            if number > 0 {
                $0.digits(number)
                $0.raw(route.pathEnd)
            }
            if let failure {
                $0.raw(" - Error: ")
                $0.raw(failure.message)
            } else {
                $0.raw(" - ")
                $0.digits(status)
            }
        }
        copy.null()
        copy.null()
        copy.field { $0.uuid(high, low) }
        copy.null()
        copy.text(route.method)
        copy.field {
            $0.raw(route.path)
            if number > 0 {
                $0.digits(number)
                $0.raw(route.pathEnd)
            }
        }
        copy.number(status)
        copy.number(responseTime())
        copy.field { Self.append(address: address, to: &$0) }
        copy.field { $0.raw(words.agents[agent]) }
        if let failure {
            copy.field { $0.raw(failure.type) }
            copy.field { $0.raw(failure.message) }
            let depth = 8 + random.below(28)
            copy.field { $0.raw(words.stackTrace(of: failure, depth: depth)) }
        } else {
            copy.null()
            copy.null()
            copy.null()
        }
        let (page, trace, span) = (random.below(40), random.next(), random.next())
        copy.field {
            $0.raw(words.metadataHead)
            $0.uuid(high, low)
            $0.raw(words.metadataQuery)
            $0.digits(page)
            $0.raw(words.metadataHeaders[agent])
            Self.append(address: address, to: &$0)
            $0.raw(words.metadataTrace)
            $0.hex(trace, nibbles: 16)
            $0.hex(span, nibbles: 16)
            $0.raw(words.metadataEnd)
        }
        appendTail(at: microseconds)
    }

    private mutating func appendAudit(at microseconds: Int) {
        let user = 1 + random.below(Self.users)
        let audit = random.pick(words.audits)
        appendPlain(
            level: "INFO", component: audit.component, action: audit.action,
            message: "\(audit.message) user\(user)@example.com", user: user,
            company: 1 + user % Self.companies)
        copy.field {
            $0.raw("{\"entity_id\": ")
            $0.digits(user)
            $0.raw(", \"source\": \"web\"}")
        }
        appendTail(at: microseconds)
    }

    private mutating func appendLogger(at microseconds: Int) {
        let logger = random.pick(words.loggers)
        let seconds = random.below(900)
        appendPlain(
            level: random.pick(["DEBUG", "INFO", "WARNING", "WARNING", "CRITICAL"]),
            component: logger, action: "unknown",
            message: "\(logger): retried after \(seconds) s, giving up in 5", user: nil,
            company: nil)
        copy.null()
        appendTail(at: microseconds)
    }

    /// The fields from `id` to `stack_trace` of a row without a request.
    private mutating func appendPlain(
        level: String, component: String, action: String, message: String, user: Int?,
        company: Int?
    ) {
        copy.number(nextID)
        nextID += 1
        for text in [level, component, action, message] { copy.field { $0.raw(text) } }
        for number in [user, company] {
            if let number { copy.number(number) } else { copy.null() }
        }
        for _ in 8...18 { copy.null() }
    }

    /// The last three fields.
    private mutating func appendTail(at microseconds: Int) {
        copy.field { $0.raw(version) }
        copy.field {
            let place = microseconds % 100
            $0.raw(place < 90 ? "production" : place < 97 ? "staging" : "development")
        }
        copy.field {
            let seconds = microseconds / 1_000_000
            $0.raw(date)
            $0.digits(seconds / 3600, width: 2)
            $0.raw(":")
            $0.digits(seconds / 60 % 60, width: 2)
            $0.raw(":")
            $0.digits(seconds % 60, width: 2)
            $0.raw(".")
            $0.digits(microseconds % 1_000_000, width: 6)
            $0.raw("+00")
        }
        copy.endRow()
    }

    /// Milliseconds, roughly log-normal: the product of uniform factors is.
    private mutating func responseTime() -> Int {
        var time = 24.0
        for _ in 0..<6 { time *= 0.45 + 1.4 * Double(random.below(1 << 16)) / 65_536 }
        return max(1, Int(time))
    }

    private static func append(address: Int, to copy: inout CopyText) {
        copy.raw("10.")
        copy.digits(address / 7 % 40)
        copy.raw(".")
        copy.digits(address / 250 % 250)
        copy.raw(".")
        copy.digits(1 + address % 250)
    }
}

import ArgumentParser
import Maintenance
import Retention
import RowCoding

/// A period, or a range of its own.
struct RangeOptions: ParsableArguments {
    @Option(name: .long, help: "The period: 2025-01, 2025-w01, 2025-q1, 2025, 2025-01-05.")
    var period: String?

    @Option(
        name: .long, help: "From this time on: 2025-01-05, 2025-01-05T13:30, or with a zone.",
        transform: Moment.parse)
    var from: Moment?

    @Option(name: .long, help: "Up to this time, without it.", transform: Moment.parse)
    var to: Moment?

    func validate() throws {
        guard (period != nil) != (from != nil), (from != nil) == (to != nil) else {
            throw ValidationError("say either --period, or --from and --to")
        }
    }

    var range: Orders.Range {
        if let from, let to { return .moments(from: from, to: to) }
        return .period(period ?? "")
    }
}

/// Rows of a time, open at either end.
struct TimeOptions: ParsableArguments {
    @Option(
        name: .long, help: "Rows from this time on: 2025-01-05, 2025-01-05T13:30, or with a zone.",
        transform: Moment.parse)
    var from: Moment?

    @Option(name: .long, help: "Rows before this time.", transform: Moment.parse)
    var to: Moment?

    var isGiven: Bool { from != nil || to != nil }
}

extension Moment {
    static func parse(_ text: String) throws -> Moment {
        guard let moment = Moment(text) else {
            throw ValidationError(
                "`\(text)` is no time; write it like 2025-01-05, 2025-01-05T13:30 or "
                    + "2025-01-05T13:30:00Z")
        }
        return moment
    }
}

extension Span {
    static func parse(_ text: String) throws -> Span {
        guard let span = Span(text) else {
            throw ValidationError("`\(text)` is no length of time; write it like 30 days")
        }
        return span
    }
}

extension RowCondition {
    static func parse(_ text: String) throws -> RowCondition {
        guard let condition = RowCondition(text) else {
            throw ValidationError(
                "`\(text)` is no condition; write it like level=ERROR or 'message~time ?out'")
        }
        return condition
    }
}

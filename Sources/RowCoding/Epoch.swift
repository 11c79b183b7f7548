/// Integers that count from 1970-01-01 00:00 UTC.
enum Epoch {
    /// The microseconds of a COPY field that holds an integer of so many each; nil when it holds
    /// something else. What is too large for them is `Int64.max`, what is too small `Int64.min`, as the
    /// infinities of times are.
    static func microseconds(_ source: Source, unit: Int64) -> Int64? {
        var source = source
        let isNegative = source.byte == ASCII.minus
        if isNegative { source.at += 1 }
        guard ASCII.isDigit(source.byte) else { return nil }
        let beyond: Int64 = isNegative ? .min : .max
        var value: Int64 = 0
        while ASCII.isDigit(source.byte) {
            let digit = Int64(source.byte - ASCII.zero)
            let tenfold = value.multipliedReportingOverflow(by: 10)
            let next = tenfold.partialValue.addingReportingOverflow(isNegative ? -digit : digit)
            guard !tenfold.overflow, !next.overflow else { return beyond }
            value = next.partialValue
            source.at += 1
        }
        guard source.isAtFieldEnd else { return nil }
        let product = value.multipliedReportingOverflow(by: unit)
        return product.overflow ? beyond : product.partialValue
    }
}

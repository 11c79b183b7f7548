/// Numbers drawn with characters.
enum Bars {
    private static let heights = Array("▁▂▃▄▅▆▇█")
    private static let eighths = Array("▏▎▍▌▋▊▉█")

    /// One character a value, the largest at full height.
    static func spark(_ values: [Double], top: Double? = nil) -> String {
        guard let top = top ?? values.max(), top > 0 else {
            return String(repeating: "▁", count: values.count)
        }
        return String(
            values.map { value in
                heights[min(7, max(0, Int(value / top * 8)))]
            })
    }

    /// A bar as long as its share of `width` characters, to an eighth.
    static func bar(_ share: Double, width: Int) -> String {
        let parts = Int((min(1, max(0, share)) * Double(width) * 8).rounded())
        let rest = parts % 8
        return String(repeating: "█", count: parts / 8)
            + (rest > 0 ? String(eighths[rest - 1]) : "")
    }
}

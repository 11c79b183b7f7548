/// A number of things as people say it: `412`, `1.9 M`.
public enum CountText {
    public static func rounded(_ count: Double) -> String {
        let units = ["", " k", " M", " G"]
        var value = count
        var unit = 0
        while value >= 999.5, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        if unit == 0 || value >= 99.5 { return "\(Int64(value.rounded()))\(units[unit])" }
        let tenths = Int64((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)\(units[unit])"
    }
}

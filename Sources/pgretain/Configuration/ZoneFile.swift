import Glibc
import Retention

/// The system's time zones: the TZif files that every program of the host reads.
enum ZoneFile {
    /// Nil when the system has no such zone.
    static func load(_ name: String, directory: String = "/usr/share/zoneinfo") -> Zone? {
        if name == "UTC" { return .utc }
        let isPlain = name.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "/_+-".utf8.contains($0)
            }
        }
        guard isPlain, !name.isEmpty, !name.hasPrefix("/") else { return nil }
        guard let file = fopen("\(directory)/\(name)", "re") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        return Zone(name: name, tzif: Array(bytes[..<count]))
    }
}

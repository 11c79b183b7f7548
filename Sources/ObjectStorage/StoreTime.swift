import CCurl
import Glibc

/// Times in the forms that stores write them.
enum StoreTime {
    /// Seconds since 1970 of `2026-11-26T17:05:49.000Z` or `Thu, 26 Nov 2026 17:05:49 GMT`; nil
    /// where it is neither.
    static func seconds(of text: String) -> Int64? {
        var text = text
        if text.utf8.count >= 19, text.utf8.dropFirst(10).first == UInt8(ascii: "T") {
            // curl_getdate(3) reads this form without hyphens only.
            let date = text.prefix(10).filter { $0 != "-" }
            text = "\(date) \(text.dropFirst(11).prefix(8)) GMT"
        }
        let seconds = curl_getdate(text, nil)
        return seconds < 0 ? nil : Int64(seconds)
    }

    /// `2026-11-26T17:05:49Z`.
    static func text(of seconds: Int64) -> String {
        var time = time_t(seconds)
        var fields = tm()
        gmtime_r(&time, &fields)
        let bytes = [UInt8](unsafeUninitializedCapacity: 40) { buffer, count in
            count = buffer.withMemoryRebound(to: CChar.self) {
                strftime($0.baseAddress!, $0.count, "%Y-%m-%dT%H:%M:%SZ", &fields)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
enum WellFormedUTF8 {
    static func holds(_ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>) -> Bool {
        var at = start
        while at < end {
            while end - at >= 8,
                UnsafeRawPointer(at).loadUnaligned(as: UInt64.self) & UInt64.tops == 0
            { at += 8 }
            guard at < end else { return true }
            let first = at.pointee
            if first < 0x80 {
                at += 1
                continue
            }
            let left = end - at
            let second = left > 1 ? at[1] : 0
            switch first {
            case 0xc2...0xdf:
                guard isTrailing(second) else { return false }
                at += 2
            case 0xe0...0xef:
                guard left > 2, isTrailing(second), isTrailing(at[2]) else { return false }
                if first == 0xe0, second < 0xa0 { return false }
                if first == 0xed, second > 0x9f { return false }
                at += 3
            case 0xf0...0xf4:
                guard left > 3, isTrailing(second), isTrailing(at[2]), isTrailing(at[3])
                else { return false }
                if first == 0xf0, second < 0x90 { return false }
                if first == 0xf4, second > 0x8f { return false }
                at += 4
            default:
                return false
            }
        }
        return true
    }

    @inline(__always)
    private static func isTrailing(_ byte: UInt8) -> Bool { byte & 0xc0 == 0x80 }
}

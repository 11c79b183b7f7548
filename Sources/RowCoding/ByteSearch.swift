/// Finds a string of bytes: Horspool's search (Practical fast searching in strings, 1980), which skips
/// almost as many bytes as the string is long.
struct ByteSearch {
    let needle: [UInt8]
    private let skips: [Int]

    init(_ needle: [UInt8]) {
        self.needle = needle
        var skips = [Int](repeating: needle.count, count: 256)
        for (index, byte) in needle.dropLast().enumerated() {
            skips[Int(byte)] = needle.count - 1 - index
        }
        self.skips = skips
    }

    /// Where the first occurrence begins; nil where there is none.
    func first(
        from start: UnsafePointer<UInt8>, to end: UnsafePointer<UInt8>
    ) -> UnsafePointer<UInt8>? {
        let length = needle.count
        guard length > 0 else { return start }
        return needle.withUnsafeBufferPointer { needle in
            skips.withUnsafeBufferPointer { skips in
                let last = needle[length - 1]
                var at = start
                while end - at >= length {
                    let byte = at[length - 1]
                    if byte == last, (0..<(length - 1)).allSatisfy({ at[$0] == needle[$0] }) {
                        return at
                    }
                    at += skips[Int(byte)]
                }
                return nil
            }
        }
    }
}

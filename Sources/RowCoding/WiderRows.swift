/// Rows of a table from before it got more columns.
public enum WiderRows {
    /// Appends COPY text lines, each ended by a newline, with `count` more columns behind their own:
    /// all of them NULL.
    public static func append(
        _ lines: UnsafeRawBufferPointer, nulls count: Int, to output: inout OutputBuffer
    ) {
        var rest = lines
        while let end = rest.firstIndex(of: ASCII.newline) {
            output.append(contentsOf: UnsafeRawBufferPointer(rebasing: rest[..<end]))
            for _ in 0..<count {
                output.append(ASCII.tab)
                output.append(ASCII.backslash)
                output.append(UInt8(ascii: "N"))
            }
            output.append(ASCII.newline)
            rest = UnsafeRawBufferPointer(rebasing: rest[(end + 1)...])
        }
    }
}

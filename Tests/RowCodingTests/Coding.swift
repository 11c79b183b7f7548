import RowCoding

// What the tests share: bytes in, bytes out, and COPY's escapes written a second time.

/// Bytes in memory of exactly their size, so that a sanitizer sees a read past the end.
struct Block: ~Copyable {
    let bytes: UnsafeRawBufferPointer

    init(_ contents: [UInt8]) {
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: contents.count, alignment: 1)
        memory.copyBytes(from: contents)
        bytes = UnsafeRawBufferPointer(memory)
    }

    deinit { bytes.deallocate() }
}

func encode(
    _ lines: [UInt8], _ columns: [CodedColumn], key: Int? = nil, checksUTF8: Bool = false
) throws(CodingFault) -> (lines: [UInt8], summary: RowsSummary) {
    var encoder = RowEncoder(columns: columns, key: key, checksUTF8: checksUTF8)
    var output = OutputBuffer()
    let block = Block(lines)
    let summary = try encoder.encode(block.bytes, into: &output)
    return (Array(output.bytes), summary)
}

func decode(
    _ lines: [UInt8], _ columns: [CodedColumn], key: Int? = nil, leavingOut: [Bool] = []
) throws(CodingFault) -> (lines: [UInt8], summary: RowsSummary) {
    var decoder = RowDecoder(columns: columns, key: key)
    var output = OutputBuffer()
    let block = Block(lines)
    let summary = try decoder.decode(block.bytes, into: &output, leavingOut: leavingOut)
    return (Array(output.bytes), summary)
}

/// The one field's value in the line, encoded; nil when it is a fault.
func value(_ field: String, _ form: ColumnForm) -> String? {
    let columns = [CodedColumn(name: "c", form: form)]
    guard let line = try? encode(Array((field + "\n").utf8), columns).lines else { return nil }
    let text = String(decoding: line, as: UTF8.self)
    guard text != "{}\n" else { return "" }
    return String(text.dropFirst(5).dropLast(2))
}

/// The COPY field of a JSON value; nil when it is a fault.
func field(_ value: String, _ form: ColumnForm) -> String? {
    let columns = [CodedColumn(name: "c", form: form)]
    let line = value.isEmpty ? "{}\n" : "{\"c\":\(value)}\n"
    guard let copy = try? decode(Array(line.utf8), columns).lines else { return nil }
    return String(decoding: copy.dropLast(), as: UTF8.self)
}

func digest(_ lines: [UInt8]) -> RowsSummary {
    RowsSummary(digest: lines.withUnsafeBytes { RowDigest.of($0) })
}

/// As CopyAttributeOutText sends a value.
func copyEscaped(_ value: [UInt8]) -> [UInt8] {
    let letters: [UInt8: Character] = [
        8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 0x5c: "\\",
    ]
    return value.flatMap { byte in
        letters[byte].map { [0x5c, $0.asciiValue!] } ?? [byte]
    }
}

/// SplitMix64: the same rows for the same seed, everywhere.
struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }

    mutating func one<T>(of values: [T]) -> T { values[below(values.count)] }
}

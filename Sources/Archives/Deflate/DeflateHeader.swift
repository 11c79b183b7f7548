/// What a block with codes of its own begins with: the lengths of all codewords, themselves
/// compressed (RFC 1951, 3.2.7).
struct DeflateHeader: ~Copyable {
    /// Lengths 0 to 15; 16 repeats the last one, 17 and 18 repeat 0.
    private static let symbols = 19
    private static let longestCode = 7
    /// In the order of the RFC.
    private static let order: [Int] = [
        16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
    ]

    private struct Run {
        var symbol: UInt8
        var extra: UInt8
    }

    private let code = HuffmanCode(symbols: symbols, longest: longestCode)
    private let runs: UnsafeMutablePointer<Run>
    private var runCount = 0
    private let order: UnsafeMutablePointer<Int>

    init() {
        runs = .allocate(
            capacity: DeflateAlphabet.literalsAndLengths + DeflateAlphabet.distances)
        order = .allocate(capacity: Self.symbols)
        order.initialize(from: Self.order, count: Self.symbols)
    }

    deinit {
        runs.deallocate()
        order.deallocate()
    }

    mutating func write(
        _ literals: borrowing HuffmanCode, _ distances: borrowing HuffmanCode, isLast: Bool,
        to writer: inout BitWriter
    ) {
        let literalCount = Self.usedCount(literals, atLeast: 257)
        let distanceCount = Self.usedCount(distances, atLeast: 1)
        runCount = 0
        code.clearFrequencies()
        addRuns(of: literals.lengths, literalCount)
        addRuns(of: distances.lengths, distanceCount)
        code.build()
        var lengthCount = Self.symbols
        while lengthCount > 4, code.lengths[order[lengthCount - 1]] == 0 { lengthCount -= 1 }

        // BFINAL, BTYPE 10, HLIT, HDIST, HCLEN.
        writer.put(isLast ? 0b101 : 0b100, 3)
        writer.put(UInt64(literalCount - 257), 5)
        writer.put(UInt64(distanceCount - 1), 5)
        writer.put(UInt64(lengthCount - 4), 4)
        for index in 0..<lengthCount { writer.put(UInt64(code.lengths[order[index]]), 3) }
        for index in 0..<runCount {
            let run = runs[index]
            writer.put(UInt64(code.codewords[Int(run.symbol)]), Int(code.lengths[Int(run.symbol)]))
            switch run.symbol {
            case 16: writer.put(UInt64(run.extra), 2)
            case 17: writer.put(UInt64(run.extra), 3)
            case 18: writer.put(UInt64(run.extra), 7)
            default: break
            }
        }
    }

    private static func usedCount(_ code: borrowing HuffmanCode, atLeast least: Int) -> Int {
        var count = code.symbols
        while count > least, code.lengths[count - 1] == 0 { count -= 1 }
        return count
    }

    private mutating func addRuns(of lengths: UnsafeMutablePointer<UInt8>, _ count: Int) {
        var index = 0
        while index < count {
            let length = lengths[index]
            var same = 1
            while index + same < count, lengths[index + same] == length { same += 1 }
            index += same
            if length == 0 {
                while same >= 3 {
                    let taken = min(same, 138)
                    if taken < 11 { add(17, extra: taken - 3) } else { add(18, extra: taken - 11) }
                    same -= taken
                }
            } else if same >= 4 {
                add(Int(length), extra: 0)
                same -= 1
                while same >= 3 {
                    let taken = min(same, 6)
                    add(16, extra: taken - 3)
                    same -= taken
                }
            }
            for _ in 0..<same { add(Int(length), extra: 0) }
        }
    }

    private mutating func add(_ symbol: Int, extra: Int) {
        runs[runCount] = Run(symbol: UInt8(symbol), extra: UInt8(extra))
        runCount += 1
        code.frequencies[symbol] += 1
    }
}

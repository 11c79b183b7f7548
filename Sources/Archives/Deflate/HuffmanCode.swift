/// A Huffman code of limited length, in the canonical form of RFC 1951, 3.2.2. It owns its memory
/// and is used again for block after block.
struct HuffmanCode: ~Copyable {
    let symbols: Int
    private let longest: Int
    /// How often each symbol occurs in the block at hand.
    let frequencies: UnsafeMutablePointer<UInt32>
    /// The bits of each symbol's codeword; 0 for those that do not occur.
    let lengths: UnsafeMutablePointer<UInt8>
    /// The codewords, their first bit in the lowest.
    let codewords: UnsafeMutablePointer<UInt16>
    /// Symbols in the order of their frequencies, each with its frequency above 16 bits.
    private let order: UnsafeMutablePointer<UInt64>
    private let tree: UnsafeMutablePointer<Int>

    init(symbols: Int, longest: Int) {
        self.symbols = symbols
        self.longest = longest
        frequencies = .allocate(capacity: symbols)
        frequencies.initialize(repeating: 0, count: symbols)
        lengths = .allocate(capacity: symbols)
        codewords = .allocate(capacity: symbols)
        order = .allocate(capacity: symbols)
        tree = .allocate(capacity: symbols)
    }

    deinit {
        frequencies.deallocate()
        lengths.deallocate()
        codewords.deallocate()
        order.deallocate()
        tree.deallocate()
    }

    func clearFrequencies() {
        frequencies.update(repeating: 0, count: symbols)
    }

    /// Makes lengths and codewords from the frequencies. There are always two codewords at least,
    /// since not every decoder takes a code of fewer.
    func build() {
        lengths.update(repeating: 0, count: symbols)
        var used = 0
        for symbol in 0..<symbols where frequencies[symbol] > 0 {
            order[used] = UInt64(frequencies[symbol]) << 16 | UInt64(symbol)
            used += 1
        }
        if used < 2 {
            let only = used == 1 ? Int(order[0] & 0xffff) : 0
            lengths[only] = 1
            lengths[only == 0 ? 1 : 0] = 1
        } else {
            sortOrder(used)
            measureTree(used)
            assignLengths(used)
        }
        assignCodewords()
    }

    /// Shell's sort: in place, and quick for what nearly is in order.
    private func sortOrder(_ count: Int) {
        for gap in [132, 57, 23, 10, 4, 1] {
            var index = gap
            while index < count {
                let key = order[index]
                var hole = index
                while hole >= gap, order[hole - gap] > key {
                    order[hole] = order[hole - gap]
                    hole -= gap
                }
                order[hole] = key
                index += 1
            }
        }
    }

    /// Leaves in `tree` the depth of each symbol of `order`, the rarest first (A. Moffat, J.
    /// Katajainen, "In-place calculation of minimum-redundancy codes", 1995).
    private func measureTree(_ count: Int) {
        for index in 0..<count { tree[index] = Int(order[index] >> 16) }
        var root = 0
        var leaf = 2
        tree[0] += tree[1]
        for next in stride(from: 1, to: count - 1, by: 1) {
            for isSecond in [false, true] {
                let weight: Int
                let mayTakeRoot = isSecond ? root < next : true
                if leaf >= count || (mayTakeRoot && tree[root] < tree[leaf]) {
                    weight = tree[root]
                    tree[root] = next
                    root += 1
                } else {
                    weight = tree[leaf]
                    leaf += 1
                }
                tree[next] = isSecond ? tree[next] + weight : weight
            }
        }
        tree[count - 2] = 0
        for next in stride(from: count - 3, through: 0, by: -1) {
            tree[next] = tree[tree[next]] + 1
        }
        var available = 1
        var depth = 0
        root = count - 2
        var next = count - 1
        while available > 0 {
            var inner = 0
            while root >= 0, tree[root] == depth {
                inner += 1
                root -= 1
            }
            while available > inner {
                tree[next] = depth
                next -= 1
                available -= 1
            }
            available = 2 * inner
            depth += 1
        }
    }

    /// Cuts what is too deep, and lengthens the cheapest others until the code is exactly full
    /// again (Kraft's sum is 1).
    private func assignLengths(_ count: Int) {
        withUnsafeTemporaryAllocation(of: Int.self, capacity: longest + 1) { counts in
            counts.initialize(repeating: 0)
            var sum = 0
            for index in 0..<count {
                let length = min(tree[index], longest)
                counts[length] += 1
                sum += 1 << (longest - length)
            }
            while sum > 1 << longest {
                var length = longest - 1
                while counts[length] == 0 { length -= 1 }
                counts[length] -= 1
                counts[length + 1] += 1
                sum -= 1 << (longest - length - 1)
            }
            while sum < 1 << longest {
                counts[longest] -= 1
                counts[longest - 1] += 1
                sum += 1
            }
            var index = 0
            for length in stride(from: longest, to: 0, by: -1) {
                for _ in 0..<counts[length] {
                    lengths[Int(order[index] & 0xffff)] = UInt8(length)
                    index += 1
                }
            }
        }
    }

    private func assignCodewords() {
        withUnsafeTemporaryAllocation(of: Int.self, capacity: longest + 2) { next in
            next.initialize(repeating: 0)
            for symbol in 0..<symbols where lengths[symbol] > 0 {
                next[Int(lengths[symbol]) + 1] += 1
            }
            for length in 1...longest + 1 { next[length] = (next[length] + next[length - 1]) << 1 }
            for symbol in 0..<symbols where lengths[symbol] > 0 {
                let length = Int(lengths[symbol])
                let code = UInt16(truncatingIfNeeded: next[length])
                next[length] += 1
                codewords[symbol] = Self.reversed(code) >> UInt16(16 - length)
            }
        }
    }

    private static func reversed(_ bits: UInt16) -> UInt16 {
        var result = bits
        result = (result & 0x5555) << 1 | (result & 0xaaaa) >> 1
        result = (result & 0x3333) << 2 | (result & 0xcccc) >> 2
        result = (result & 0x0f0f) << 4 | (result & 0xf0f0) >> 4
        return result << 8 | result >> 8
    }
}

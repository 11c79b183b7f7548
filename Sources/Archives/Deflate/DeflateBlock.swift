/// Tokens of one block, and the block made of them, with Huffman codes of its own (RFC 1951,
/// 3.2.7). It owns its memory and is used again for block after block.
struct DeflateBlock: ~Copyable {
    /// A literal byte, or a match: `isMatch`, the length less 3, the distance less 1.
    typealias Token = UInt32

    /// More tokens make longer blocks, whose codes cost less and fit less well.
    static let capacity = 1 << 15
    /// No token takes more: a length of 15 and 5 bits, a distance of 15 and 13.
    private static let largestToken = 6
    private static let largestHeader = 512
    /// Bytes that a block may take, and that a `BitWriter` writes ahead.
    static let largestBytes = capacity * largestToken + largestHeader + 16

    private static let isMatch: Token = 1 << 31

    private let tokens: UnsafeMutablePointer<Token>
    private(set) var count = 0
    private let literals = HuffmanCode(
        symbols: DeflateAlphabet.literalsAndLengths, longest: DeflateAlphabet.longestCode)
    private let distances = HuffmanCode(
        symbols: DeflateAlphabet.distances, longest: DeflateAlphabet.longestCode)
    private var header = DeflateHeader()
    /// For each length less 3: its codeword with the extra bits behind it, and how many in all.
    private let lengthBits: UnsafeMutablePointer<UInt32>
    private let lengthBitCounts: UnsafeMutablePointer<UInt8>

    init() {
        tokens = .allocate(capacity: Self.capacity)
        lengthBits = .allocate(capacity: 256)
        lengthBitCounts = .allocate(capacity: 256)
    }

    deinit {
        tokens.deallocate()
        lengthBits.deallocate()
        lengthBitCounts.deallocate()
    }

    /// Whether another round of the match finder might not fit.
    var isFull: Bool {
        @inline(__always) get { count > Self.capacity &- MatchFinder.mostTokensAtOnce }
    }

    @inline(__always)
    mutating func append(literal byte: UInt8) {
        tokens[count] = Token(byte)
        count &+= 1
    }

    @inline(__always)
    mutating func append(length: Int, distance: Int) {
        tokens[count] =
            Self.isMatch | Token(truncatingIfNeeded: length &- 3) &<< 16
            | Token(truncatingIfNeeded: distance &- 1)
        count &+= 1
    }

    mutating func removeAll() { count = 0 }

    /// Writes the block and forgets the tokens. There has to be room for `largestBytes`.
    mutating func write(isLast: Bool, to writer: inout BitWriter) {
        countSymbols()
        literals.build()
        distances.build()
        header.write(literals, distances, isLast: isLast, to: &writer)
        layLengthsOut()
        writeTokens(to: &writer)
        removeAll()
    }

    private func countSymbols() {
        literals.clearFrequencies()
        distances.clearFrequencies()
        let (literals, distances) = (literals.frequencies, distances.frequencies)
        for index in 0..<count {
            let token = tokens[index]
            if token & Self.isMatch == 0 {
                literals[Int(token)] &+= 1
            } else {
                literals[DeflateAlphabet.length(excess: Self.lengthExcess(token)).symbol] &+= 1
                distances[DeflateAlphabet.distance(excess: Self.distanceExcess(token)).symbol] &+= 1
            }
        }
        literals[DeflateAlphabet.endOfBlock] = 1
    }

    private func layLengthsOut() {
        for excess in 0..<256 {
            let coded = DeflateAlphabet.length(excess: excess)
            let bits = Int(literals.lengths[coded.symbol])
            lengthBits[excess] =
                UInt32(literals.codewords[coded.symbol]) | UInt32(coded.extra) << UInt32(bits)
            lengthBitCounts[excess] = UInt8(bits + coded.extraBits)
        }
    }

    private func writeTokens(to target: inout BitWriter) {
        // A copy, so that the bits stay in registers.
        var writer = target
        let (codewords, lengths) = (literals.codewords, literals.lengths)
        for index in 0..<count {
            let token = tokens[index]
            if token & Self.isMatch == 0 {
                writer.put(UInt64(codewords[Int(token)]), Int(lengths[Int(token)]))
                continue
            }
            let excess = Self.lengthExcess(token)
            let distance = DeflateAlphabet.distance(excess: Self.distanceExcess(token))
            var bits = UInt64(lengthBits[excess])
            var bitCount = Int(lengthBitCounts[excess])
            bits |= UInt64(distances.codewords[distance.symbol]) &<< UInt64(bitCount)
            bitCount &+= Int(distances.lengths[distance.symbol])
            bits |= distance.extra &<< UInt64(bitCount)
            writer.put(bits, bitCount &+ distance.extraBits)
        }
        let end = DeflateAlphabet.endOfBlock
        writer.put(UInt64(codewords[end]), Int(lengths[end]))
        target = writer
    }

    @inline(__always)
    private static func lengthExcess(_ token: Token) -> Int { Int(token &>> 16) & 0xff }

    @inline(__always)
    private static func distanceExcess(_ token: Token) -> Int { Int(token & 0x7fff) }
}

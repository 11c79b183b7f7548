/// LZ77 (RFC 1951, 2) for lines that resemble the ones before them.
///
/// General compressors enter every byte into their tables, and spend most of their time there
/// when nearly all bytes are part of long matches. Here the inside of a long match is entered
/// sparsely: the lines that follow will match from the same places on. So chains hold fewer
/// places, and better ones.
struct MatchFinder: ~Copyable {
    /// A match has to be this long: shorter ones cost more than the literals of identifiers and
    /// hexadecimal digits do.
    private static let shortest = 5
    /// How many earlier places are looked at.
    private static let depth = 16
    /// After a match shorter than this, a longer one that begins a byte later is looked for.
    private static let lazyBelow = 64
    /// Of a match longer than this, only one place in `step` is entered.
    private static let densest = 16
    private static let step = 8
    /// Bytes that a hash reads.
    static let hashReads = 8
    private static let hashBits = 16

    /// The latest position of each hash, and for each position of the window the one before it
    /// with the same hash. Positions count from `firstPosition`, so that zero is far away.
    private let heads: UnsafeMutablePointer<UInt32>
    private let chain: UnsafeMutablePointer<UInt32>
    private var lastDistance = 0

    static let firstPosition: UInt32 = 1 << 17
    private static let window = UInt32(DeflateAlphabet.windowBytes)
    /// Tokens that may be appended after a block was found not to be full.
    static let mostTokensAtOnce = lazyBelow + 1

    init() {
        heads = .allocate(capacity: 1 << Self.hashBits)
        chain = .allocate(capacity: DeflateAlphabet.windowBytes)
        chain.initialize(repeating: 0, count: DeflateAlphabet.windowBytes)
        forget()
    }

    deinit {
        heads.deallocate()
        chain.deallocate()
    }

    /// Forgets all it has seen.
    mutating func forget() {
        heads.update(repeating: 0, count: 1 << Self.hashBits)
        lastDistance = 0
    }

    /// Appends tokens for the bytes from `index` to `end`, until the block is full; leaves in
    /// `index` where it stopped. The position of `text[0]` is `origin`; before `index` lies what
    /// went before, as far back as the window.
    mutating func tokenize(
        _ text: UnsafePointer<UInt8>, from index: inout Int, to end: Int, origin: UInt32,
        into block: inout DeflateBlock
    ) {
        var at = index
        // Matches may go on to the end; they cannot begin where a hash would read beyond it.
        let limit = end &- Self.hashReads
        while at < limit, !block.isFull {
            var best = Match(length: Self.shortest &- 1, distance: 0)
            if lastDistance > 0, lastDistance <= at {
                let length = Self.matchLength(
                    text + at, text + (at &- lastDistance), Self.most(at, end))
                if length > best.length { best = Match(length: length, distance: lastDistance) }
            }
            search(text, at, end, origin, depth: Self.depth, &best)
            enter(text, at, origin)
            guard best.distance > 0 else {
                block.append(literal: text[at])
                at &+= 1
                continue
            }
            while best.length < Self.lazyBelow, at &+ 1 < limit {
                var later = Match(length: best.length, distance: 0)
                search(text, at &+ 1, end, origin, depth: Self.depth / 2, &later)
                guard later.distance > 0 else { break }
                block.append(literal: text[at])
                at &+= 1
                enter(text, at, origin)
                best = later
            }
            block.append(length: best.length, distance: best.distance)
            lastDistance = best.distance
            let next = at &+ best.length
            let step = best.length > Self.densest ? Self.step : 1
            at &+= 1
            while at < min(next, limit) {
                enter(text, at, origin)
                at &+= step
            }
            at = next
        }
        while at >= limit, at < end, !block.isFull {
            block.append(literal: text[at])
            at &+= 1
        }
        index = at
    }

    private struct Match {
        var length: Int
        /// 0: none.
        var distance: Int
    }

    /// The longest match among the earlier places with the same hash, if it is longer than `best`.
    @inline(__always)
    private func search(
        _ text: UnsafePointer<UInt8>, _ at: Int, _ end: Int, _ origin: UInt32, depth: Int,
        _ best: inout Match
    ) {
        let most = Self.most(at, end)
        guard best.length < most else { return }
        let here = text + at
        let position = origin &+ UInt32(truncatingIfNeeded: at)
        var place = heads[Self.hash(here)]
        var distance = position &- place
        var left = depth
        while distance <= Self.window {
            let there = here - Int(distance)
            // A longer match has these four bytes too, and seldom does another.
            let tail = best.length &- 3
            if Self.word32(there + tail) == Self.word32(here + tail) {
                let length = Self.matchLength(here, there, most)
                if length > best.length {
                    best = Match(length: length, distance: Int(distance))
                    if length == most { return }
                }
            }
            left &-= 1
            guard left > 0 else { return }
            place = chain[Int(place & (Self.window &- 1))]
            let farther = position &- place
            // A slot that has been used again leads nearer, not farther.
            guard farther > distance else { return }
            distance = farther
        }
    }

    @inline(__always)
    private func enter(_ text: UnsafePointer<UInt8>, _ at: Int, _ origin: UInt32) {
        let hash = Self.hash(text + at)
        let position = origin &+ UInt32(truncatingIfNeeded: at)
        chain[Int(position & (Self.window &- 1))] = heads[hash]
        heads[hash] = position
    }

    @inline(__always)
    private static func most(_ at: Int, _ end: Int) -> Int {
        min(DeflateAlphabet.longestMatch, end &- at)
    }

    /// Of the five bytes from here on.
    @inline(__always)
    private static func hash(_ here: UnsafePointer<UInt8>) -> Int {
        let five = word64(here) &<< 24
        return Int(
            truncatingIfNeeded: (five &* 0x9e37_79b1_85eb_ca87) &>> UInt64(64 &- hashBits))
    }

    @inline(__always)
    private static func matchLength(
        _ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ most: Int
    ) -> Int {
        var length = 0
        while length &+ 8 <= most {
            let difference = word64(a + length) ^ word64(b + length)
            if difference != 0 { return length &+ difference.trailingZeroBitCount &>> 3 }
            length &+= 8
        }
        while length < most, a[length] == b[length] { length &+= 1 }
        return length
    }

    @inline(__always)
    private static func word64(_ at: UnsafePointer<UInt8>) -> UInt64 {
        UInt64(littleEndian: UnsafeRawPointer(at).loadUnaligned(as: UInt64.self))
    }

    @inline(__always)
    private static func word32(_ at: UnsafePointer<UInt8>) -> UInt32 {
        UnsafeRawPointer(at).loadUnaligned(as: UInt32.self)
    }
}

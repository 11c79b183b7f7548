import Retention

extension PartFilter {
    /// A value that a column has to have.
    public struct Question: Sendable {
        public var column: String
        public var hash: UInt64

        public init(column: String, hash: UInt64) {
            self.column = column
            self.hash = hash
        }
    }

    public struct Answer: Sendable {
        /// False only where no row of the part has all of the values.
        public var mayHold = true
        public var bytesRead: Int64 = 0
    }

    /// Asks the filter beside a part. What cannot be believed answers that the part is to be read.
    public static func ask(
        _ questions: [Question], of part: Manifest.Part, in archive: ArchiveDirectory
    ) -> Answer {
        var answer = Answer()
        guard !questions.isEmpty else { return answer }
        do {
            let path = archive.path(of: fileName(of: part.file))
            let mayHold = try archive.volume.reading(path) { read throws(ArchiveError) in
                try ask(questions, part, read, &answer.bytesRead)
            }
            answer.mayHold = mayHold ?? true
        } catch {
            // The part itself is read, and whatever is wrong with the disk is said then.
            answer.mayHold = true
        }
        return answer
    }

    private static func ask(
        _ questions: [Question], _ part: Manifest.Part, _ read: PieceReader,
        _ bytesRead: inout Int64
    ) throws(ArchiveError) -> Bool {
        var start = try read(usualHeader, 0)
        bytesRead += Int64(start.count)
        guard let length = FilterHeader.length(start) else { return true }
        if length > start.count {
            start = try read(length, 0)
            bytesRead += Int64(start.count)
        }
        let bytes = Array(start.prefix(length))
        guard let header = FilterHeader(bytes), header.partSHA256 == part.sha256 else {
            return true
        }
        let check = Array(bytes.suffix(checkLength))
        for question in questions {
            guard let (column, start) = header.place(of: question.column) else { continue }
            // Every value is NULL.
            guard column.blocks > 0 else { return false }
            let size = column.blockBytes + checkLength
            let place = start + column.block(of: question.hash) * size
            let block = try read(size, place)
            bytesRead += Int64(block.count)
            let bits = Array(block.prefix(column.blockBytes))
            guard block.count == size,
                block.suffix(checkLength).elementsEqual(
                    Self.check(of: bits, at: place, header: check))
            else { continue }
            let isThere = FilterBits.forEach(
                question.hash, of: bits.count * 8, probes: column.probes
            ) { bits[$0 >> 3] & 1 << UInt8($0 & 7) != 0 }
            if !isThere { return false }
        }
        return true
    }

    /// Most are shorter.
    private static let usualHeader = 512

    /// What is wrong with the filter beside a part, as a reason; nil where there is none, or nothing.
    public static func flaw(
        of part: Manifest.Part, in archive: ArchiveDirectory
    ) throws(ArchiveError) -> String? {
        let name = fileName(of: part.file)
        let bytes: [UInt8]
        do throws(ArchiveError) {
            guard
                let found = try archive.volume.contents(of: archive.path(of: name), limit: limit)
            else { return nil }
            bytes = found
        } catch .damaged(_, let reason) {
            return "\(name): \(reason)"
        }
        guard let length = FilterHeader.length(bytes),
            let header = FilterHeader(Array(bytes.prefix(length)))
        else { return "\(name) does not begin as a filter does" }
        guard header.partSHA256 == part.sha256 else { return "\(name) is of another part" }
        let check = Array(bytes[..<length].suffix(checkLength))
        var place = length
        for column in header.columns {
            for _ in 0..<column.blocks {
                let end = place + column.blockBytes + checkLength
                guard end <= bytes.count else { return "\(name) is too short" }
                let bits = Array(bytes[place..<(end - checkLength)])
                guard
                    bytes[(end - checkLength)..<end].elementsEqual(
                        Self.check(of: bits, at: place, header: check))
                else { return "\(name) is damaged" }
                place = end
            }
        }
        return place == bytes.count ? nil : "\(name) is too long"
    }
}

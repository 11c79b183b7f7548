import Archives
import Retention
import RowCoding

/// Makes parts of COPY text lines, one after the other: without what is redacted, encoded, compressed,
/// and with their filters beside them. One a thread.
struct PartMaker: ~Copyable {
    private let columns: [CodedColumn]
    private let searched: [Int]
    private var encoder: RowEncoder
    private var writer: PartWriter
    private var redactor: RowRedactor?
    private var redacted = OutputBuffer()
    private var lines = OutputBuffer()
    private var summary = RowsSummary()

    /// - Parameters:
    ///   - key: the name of the key column, and what it holds.
    ///   - searched: columns whose values get filters, by their place.
    ///   - redactor: for lines that hold what the archive is not to hold.
    init(
        columns: [CodedColumn], key: (name: String, type: KeyType), searched: [Int],
        compression: Compression,
        redactor: consuming RowRedactor? = nil
    ) {
        self.columns = columns
        self.searched = searched
        self.redactor = redactor
        // Whatever the database promises: a cast without a function puts any bytes into a text,
        // and a part that is not UTF-8 is no JSON, nor could a restore hand it to a server.
        encoder = RowEncoder(
            columns: columns, key: columns.firstIndex { $0.name == key.name },
            keyType: key.type, checksUTF8: true, searched: searched)
        writer = PartWriter(compression: compression)
    }

    /// See `RowEncoder.rowOverhead`.
    var rowOverhead: Int { encoder.rowOverhead }

    mutating func begin() {
        summary = RowsSummary()
        writer.begin()
    }

    /// - Parameter chunk: whole lines that fit into a processor's cache.
    mutating func append(_ chunk: UnsafeRawBufferPointer) throws {
        lines.removeAll()
        summary.add(try encoder.encode(try withoutRedacted(chunk), into: &lines))
        writer.append(lines.bytes)
    }

    /// The lines as they are archived; valid until the next call.
    mutating func withoutRedacted(
        _ chunk: UnsafeRawBufferPointer
    ) throws -> UnsafeRawBufferPointer {
        guard redactor != nil else { return chunk }
        redacted.removeAll()
        try redactor?.redact(chunk, into: &redacted)
        return redacted.bytes
    }

    mutating func finish(index: Int, into staged: StagedArchive) throws -> Manifest.Part {
        let written = try writer.finish(index: index, into: staged)
        try PartFilter.write(encoder.takeValues(columns, searched), of: written, into: staged)
        return Manifest.Part(written, summary)
    }
}

extension RowEncoder {
    /// What a part's filter is made of.
    fileprivate mutating func takeValues(_ columns: [CodedColumn], _ searched: [Int])
        -> [PartFilter.Values]
    {
        var values: [PartFilter.Values] = []
        for column in searched {
            guard let hashes = takeHashes(of: column) else { continue }
            values.append(PartFilter.Values(column: columns[column].name, hashes: hashes))
        }
        return values
    }
}

extension Manifest.Part {
    fileprivate init(_ written: WrittenPart, _ summary: RowsSummary) {
        // Infinities say nothing about where a key may be found.
        let keys = [summary.keys?.smallest, summary.keys?.largest].compactMap { $0 }
            .filter { $0 != .max && $0 != .min }.map(Instant.init(microseconds:))
        self.init(
            file: written.file, bytes: written.bytes, sha256: written.sha256,
            ndjsonBytes: written.ndjsonBytes, digest: summary.digest,
            smallestKey: keys.count == 2 ? keys[0] : nil,
            largestKey: keys.count == 2 ? keys[1] : nil)
    }
}

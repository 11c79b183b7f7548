import Checksums
import Retention

/// What is true of every manifest, beyond its form.
enum ManifestRules {
    /// The first rule that a manifest breaks, as a reason; nil when it keeps them all.
    static func firstBroken(by manifest: Manifest) -> String? {
        if manifest.format != Manifest.format(keyType: manifest.keyType) {
            return "format \(manifest.format) with a key of \(manifest.keyType.rawValue)"
        }
        if manifest.generation < 1 { return "generation \(manifest.generation)" }
        if !(manifest.bounds.from < manifest.bounds.to) { return "its bounds hold nothing" }
        let times = [manifest.bounds.from, manifest.bounds.to, manifest.exportedAt]
        for instant in times + manifest.erased.map(\.at) {
            if let reason = brokenTime(instant) { return reason }
        }
        let names = manifest.definition.columns.map(\.name)
        if let value = manifest.redacted.first(where: { !names.contains($0.column) }) {
            return "it has no column \(value.column), which it says is redacted"
        }
        let columns = manifest.definition.columns.count
        if manifest.encodings.count != columns {
            return "\(columns) columns and \(manifest.encodings.count) encodings"
        }
        if !(0...manifest.parts.count).contains(manifest.firstOwnPart) {
            return
                "\(manifest.parts.count) parts, the first of its own being \(manifest.firstOwnPart)"
        }
        return brokenParts(manifest)
    }

    /// Whether a name is one that `PartWriter` gives.
    static func isPartFile(_ name: String) -> Bool {
        let digits = name.dropFirst(5).prefix { $0 != "." }
        guard let index = Int(digits), index >= 0 else { return false }
        return name.utf8.elementsEqual(PartWriter.fileName(index: index).utf8)
    }

    private static func brokenParts(_ manifest: Manifest) -> String? {
        var rows: UInt64 = 0
        var sum: UInt128 = 0
        for (index, part) in manifest.parts.enumerated() {
            if let reason = broken(part, at: index) { return "part \(index): \(reason)" }
            let (total, overflow) = rows.addingReportingOverflow(part.digest.rows)
            if overflow { return "its parts have more rows than can be counted" }
            rows = total
            sum &+= part.digest.sum
        }
        if rows != manifest.digest.rows {
            return "its parts have \(rows) rows, and it has \(manifest.digest.rows)"
        }
        if sum != manifest.digest.sum { return "its parts' digests do not add up to its own" }
        return nil
    }

    private static func broken(_ part: Manifest.Part, at index: Int) -> String? {
        let file = PartWriter.fileName(index: index)
        if !part.file.utf8.elementsEqual(file.utf8) { return "its file is not named \(file)" }
        if !Checksum.isWellFormed(part.sha256) { return "its SHA-256 is none" }
        if !GzipReader.isPossible(inflated: part.ndjsonBytes, in: part.bytes) {
            return "\(part.ndjsonBytes) bytes of rows cannot come out of \(part.bytes) bytes"
        }
        // The shortest line is `{}` and a newline.
        if part.digest.rows > UInt64(part.ndjsonBytes) / 3
            || part.digest.rows == 0 && part.ndjsonBytes != 0
        {
            return "\(part.digest.rows) rows in \(part.ndjsonBytes) bytes"
        }
        switch (part.smallestKey, part.largestKey) {
        case (nil, nil): return nil
        case (let smallest?, let largest?):
            if largest < smallest { return "its smallest key is larger than its largest" }
            return brokenTime(smallest) ?? brokenTime(largest)
        default: return "it has one of its smallest and largest keys without the other"
        }
    }

    /// A time is written as ISO 8601; one that cannot be read back (BC) must not be written.
    private static func brokenTime(_ instant: Instant) -> String? {
        Instant(iso: instant.description) == instant
            ? nil : "the time \(instant) cannot be written as ISO 8601"
    }
}

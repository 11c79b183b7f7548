import Glibc
import Retention

/// Reads manifests, one after the other. Those of one table have the same columns, byte for byte, and
/// these are most of each: they are parsed once for as long as they stay the same. (Constraints and
/// indexes have each partition's own names.) What is made of a file is written again and compared
/// with it, so that nothing can be taken for something else.
public struct ManifestReader {
    private var shape: ArraySlice<UInt8> = []
    private var columns: [Column] = []
    private var encodings: [String] = []

    public init() {}

    /// - Parameter path: what the file is called in an error.
    mutating func decode(_ bytes: [UInt8], path: String) throws(ArchiveError) -> Manifest {
        let body = try ManifestFile.verifiedBody(of: bytes, path: path)
        let checksum = ManifestFile.claimedChecksum(of: bytes, body: body)
        let place = Self.shape(in: bytes)
        let isKnown = place.map { bytes[$0].elementsEqual(shape) } ?? false
        let text =
            if let place, isKnown {
                Array(bytes[..<place.lowerBound] + Self.noShape + bytes[place.upperBound...])
            } else { bytes }
        var manifest = try parse(text, path: path)
        let isInForm = ManifestDocument.write(manifest, checksum: checksum) == text
        if isKnown {
            manifest.definition.columns = columns
            manifest.encodings = encodings
        }
        if manifest.format > Manifest.currentFormat {
            throw .newerFormat(path: path, format: manifest.format)
        }
        if let reason = ManifestRules.firstBroken(by: manifest) {
            throw .damaged(path: path, reason: reason)
        }
        guard isInForm else {
            throw .damaged(
                path: path, reason: "its \(body) bytes are not in the form a writer gives them")
        }
        // These bytes are in the form of a writer, and need not be written again to know it.
        if let place, !isKnown {
            shape = bytes[place]
            columns = manifest.definition.columns
            encodings = manifest.encodings
        }
        return manifest
    }

    /// Where the member `columns` is. No text in JSON holds a newline, so that these lines are what
    /// they look like.
    private static func shape(in bytes: [UInt8]) -> Range<Int>? {
        guard let start = place(of: Array("\n  \"columns\": [".utf8), in: bytes, from: 0),
            let end = place(of: Array("\n  \"constraints\": [".utf8), in: bytes, from: start)
        else { return nil }
        return start..<end
    }

    private static let noShape = Array("\n  \"columns\": [],".utf8)

    /// Where a line begins, at its newline.
    private static func place(of line: [UInt8], in bytes: [UInt8], from: Int) -> Int? {
        bytes.withUnsafeBytes { all in
            line.withUnsafeBytes { wanted in
                var at = from
                while at + wanted.count <= all.count,
                    let found = memchr(
                        all.baseAddress! + at, Int32(UInt8(ascii: "\n")), all.count - at)
                {
                    at = UnsafeRawPointer(found) - all.baseAddress!
                    guard at + wanted.count <= all.count else { return nil }
                    if memcmp(found, wanted.baseAddress!, wanted.count) == 0 { return at }
                    at += 1
                }
                return nil
            }
        }
    }

    private func parse(_ bytes: [UInt8], path: String) throws(ArchiveError) -> Manifest {
        do {
            return try ManifestDocument.read(bytes)
        } catch {
            // A later format may have another shape; that it is a later one, is what to say then.
            if let format = ManifestFile.format(of: bytes), format > Manifest.currentFormat {
                throw .newerFormat(path: path, format: format)
            }
            throw .damaged(path: path, reason: "it cannot be read: \(error)")
        }
    }
}

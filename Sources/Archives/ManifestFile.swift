import Checksums
import Retention

/// The manifest as a file: JSON in exactly one form.
///
/// Its last line but one is its last member, `  "checksum": "…"`, and that is the SHA-256 of all
/// bytes before that line. A reader requires the file to be, byte for byte, what a writer makes of
/// its contents. Of every format to come, these stay: that the first member is `format`, and what
/// `checksum` is.
public enum ManifestFile {
    public static let name = "_manifest.json"

    /// A file as large as this is none of ours.
    static let limit: Int64 = 1 << 28

    private static let checksumStart = Array(#"  "checksum": ""#.utf8)
    private static let checksumEnd = Array("\"\n}\n".utf8)

    public static func encode(_ manifest: Manifest) throws(ArchiveError) -> [UInt8] {
        if let reason = ManifestRules.firstBroken(by: manifest) {
            throw .invalid(what: "\(manifest.partition.name)", reason: reason)
        }
        return form(of: manifest)
    }

    /// - Parameter path: what the file is called in an error.
    public static func decode(
        _ bytes: [UInt8], path: String = name
    ) throws(ArchiveError) -> Manifest {
        var reader = ManifestReader()
        return try reader.decode(bytes, path: path)
    }

    /// Requires the checksum to be right. Returns the number of bytes that it covers.
    static func verifiedBody(
        of bytes: [UInt8], path: String
    ) throws(ArchiveError) -> Int {
        let body = bytes.count - checksumStart.count - 64 - checksumEnd.count
        guard body > 0, bytes[body...].starts(with: checksumStart),
            bytes.suffix(checksumEnd.count).elementsEqual(checksumEnd)
        else { throw .damaged(path: path, reason: "it does not end in a checksum") }
        let claimed = bytes[(body + checksumStart.count)...].prefix(64)
        let actual = bytes.withUnsafeBytes {
            Checksum.sha256(of: UnsafeRawBufferPointer(rebasing: $0[..<body]))
        }
        guard claimed.elementsEqual(actual.utf8) else {
            throw .damaged(path: path, reason: "its checksum does not match its contents")
        }
        return body
    }

    /// What every format begins with; nil when a file does not.
    static func format(of bytes: [UInt8]) -> Int? {
        do throws(JSONReader.Misfit) {
            return try JSONReader.beginning(of: bytes) { json throws(JSONReader.Misfit) in
                try json.member("format")
            }
        } catch {
            return nil
        }
    }

    /// The checksum that a file claims, which covers so many bytes.
    static func claimedChecksum(of bytes: [UInt8], body: Int) -> String {
        String(decoding: bytes[(body + checksumStart.count)...].prefix(64), as: UTF8.self)
    }

    private static func form(of manifest: Manifest) -> [UInt8] {
        // The checksum is written blank first: it has the same length, and stands at the end.
        let blank = String(repeating: "0", count: 64)
        var bytes = ManifestDocument.write(manifest, checksum: blank)
        let body = bytes.count - checksumStart.count - 64 - checksumEnd.count
        let checksum = bytes.withUnsafeBytes {
            Checksum.sha256(of: UnsafeRawBufferPointer(rebasing: $0[..<body]))
        }
        let start = body + checksumStart.count
        bytes.replaceSubrange(start..<start + 64, with: checksum.utf8)
        return bytes
    }
}

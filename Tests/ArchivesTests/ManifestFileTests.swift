import Checksums
import Retention
import Testing

@testable import Archives

@Suite struct ManifestFileTests {
    @Test func theFormIsGolden() throws {
        let bytes = try ManifestFile.encode(.golden)
        #expect(String(decoding: bytes, as: UTF8.self) == goldenManifest)
        #expect(bytes.elementsEqual(goldenManifest.utf8), "byte for byte")
        #expect(try ManifestFile.decode(Array(goldenManifest.utf8)) == .golden)
    }

    @Test func anEmptyArchiveIsLegal() throws {
        let empty = manifest([])
        #expect(try ManifestFile.decode(try ManifestFile.encode(empty)) == empty)
    }

    /// What is the same in each is read once, and nothing else is.
    @Test func oneReaderReadsManyAsEachIs() throws {
        var others = [Manifest.golden, .golden, .golden, .golden, .golden]
        others[1].partition.name.name = "another"
        others[1].definition.constraints = []
        others[1].definition.indexes = [
            .init(name: "another_idx", isUnique: true, definition: "USING btree (id)")
        ]
        others[2].definition.columns[0].isNullable.toggle()
        others[3].definition.columns = []
        others[3].encodings = []
        others[3].redacted = []
        var reader = ManifestReader()
        for manifest in others + others.reversed() {
            let bytes = try ManifestFile.encode(manifest)
            #expect(try reader.decode(bytes, path: "x") == manifest)
        }
    }

    @Test func everyCorruptionIsDetected() throws {
        let good = Array(goldenManifest.utf8)
        var reader = ManifestReader()
        _ = try reader.decode(good, path: "x")
        for index in good.indices {
            for change in [0x01, 0x20, 0x80] as [UInt8] {
                var bytes = good
                bytes[index] ^= change
                #expect(throws: ArchiveError.self) { try ManifestFile.decode(bytes) }
                #expect(throws: ArchiveError.self) { try reader.decode(bytes, path: "x") }
            }
            #expect(throws: ArchiveError.self) { try ManifestFile.decode(Array(good[..<index])) }
            #expect(throws: ArchiveError.self) {
                try ManifestFile.decode(Array(good[index...].dropFirst()))
            }
        }
        for tail in ["\n", " ", "\0", "{}", goldenManifest] {
            #expect(throws: ArchiveError.self) { try ManifestFile.decode(good + Array(tail.utf8)) }
        }
    }

    /// With a checksum that is right, so that it is the form that is refused.
    @Test(arguments: [
        ("\"generation\": 2", "\"generation\":  2"),
        ("\"generation\": 2", "\"generation\": 2.0"),
        ("\"generation\": 2", "\"generation\": 2,\n  \"generation\": 2"),
        ("\"generation\": 2", "\"generation\": 2,\n  \"more\": 2"),
        ("\"generation\": 2,\n  ", ""),
        ("\"generation\": 2", "\"generation\": \"2\""),
        ("\"generation\": 2", "\"generation\": 99999999999999999999"),
        ("pgretain 0.1.0", "pgretain\\u00200.1.0"),
        ("2025-02-01T00:00:00Z", "2025-02-01T00:00:00+00:00"),
        ("\"smallest_key\": null", "\"smallest_key\": \"2025-01-02T00:00:00Z\""),
        ("\"format\": 1", "\"format\": 0"),
        ("part-00001", "part-00002"), ("part-00001", "../part-01"), ("part-00001", "part-00000"),
        ("\"rows\": 3,", "\"rows\": 4,"),
        ("\"rows\": 2,", "\"rows\": 18446744073709551615,"),
        ("0000000000000000000000000000000a", "0000000000000000000000000000000b"),
        ("\"ndjson_bytes\": 40", "\"ndjson_bytes\": 40000000"),
        ("\"ndjson_bytes\": 40", "\"ndjson_bytes\": -1"),
        ("2025-02-01T00:00:00Z", "2025-01-01T00:00:00Z"),
        ("\"first_own_part\": 1", "\"first_own_part\": 3"),
        ("timestamptz\"\n", "timestampz\"\n"),
    ])
    func everyOtherFormIsRefused(text: String, by other: String) throws {
        let changed = goldenManifest.replacing(text, with: other, maxReplacements: 1)
        try #require(changed != goldenManifest)
        let found = try #require(
            problem { _ = try ManifestFile.decode(withChecksum(changed), path: "x") })
        #expect(found.id == "archive.damaged")
        var reader = ManifestReader()
        _ = try reader.decode(Array(goldenManifest.utf8), path: "x")
        #expect(problem { _ = try reader.decode(withChecksum(changed), path: "x") } == found)
    }

    /// What a reader has read before makes no difference to what it reads.
    @Test func oneAfterTheOtherIsReadAsAlone() throws {
        var others = [Manifest.golden, .golden, .golden, .golden, .golden]
        others[1].generation = 7
        others[1].warnings = ["\n  \"columns\": [", "\n  \"origin\": {"]
        others[2].definition.columns[0].name = "another"
        others[3].definition.indexes = []
        others[4].encodings[0] = "hex"
        var reader = ManifestReader()
        for manifest in others + others.reversed() + [others[1], others[0], manifest([])] {
            let bytes = try ManifestFile.encode(manifest)
            #expect(try reader.decode(bytes, path: "x") == manifest)
        }
    }

    @Test func aNewerFormatIsNamed() throws {
        let newer = goldenManifest.replacing("\"format\": 1", with: "\"format\": 3")
            .replacing("\"key\"", with: "\"keys\"")
        let found = try #require(
            problem { _ = try ManifestFile.decode(withChecksum(newer), path: "x") })
        #expect(found.id == "archive.format")
        #expect(found.message.contains("format 3"))
    }

    private func withChecksum(_ text: String) -> [UInt8] {
        let end = Array(text.utf8).count - "  \"checksum\": \"\"\n}\n".utf8.count - 64
        let body = Array(text.utf8)[..<end]
        return body + Array("  \"checksum\": \"\(Checksum.sha256(of: body))\"\n}\n".utf8)
    }

    @Test(arguments: [
        "\"", "\\", "\n", "\r\n", "\t", "\u{1}", "\u{1F}", "\u{7F}", "é", "e\u{301}", "\u{2028}",
        "\u{FEFF}", "𝄞", "\u{FFFF}", "/", "</script>", "%s", "'; DROP TABLE x; --", " ", "null",
        "\u{8}\u{C}", "🏳️‍🌈", "\u{202E}",
    ])
    func hostileNamesSurvive(name: String) throws {
        var hostile = Manifest.golden
        hostile.table.name = QualifiedName(schema: name, name: name)
        hostile.partition.name.name = name
        hostile.key = name
        hostile.definition.columns[0].name = name
        hostile.definition.columns[0].expression = name
        hostile.definition.indexes[0].definition = name
        hostile.origin.database = name
        hostile.warnings = [name, name]
        let read = try ManifestFile.decode(try ManifestFile.encode(hostile))
        #expect(read == hostile)
        #expect(read.key.utf8.elementsEqual(name.utf8))
        #expect(read.warnings[1].utf8.elementsEqual(name.utf8))
    }

    @Test func whatBreaksARuleIsNotWritten() {
        let breaks: [(inout Manifest) -> Void] = [
            { $0.format = 2 }, { $0.generation = 0 }, { $0.firstOwnPart = 3 },
            { $0.firstOwnPart = -1 }, { $0.encodings.removeLast() },
            { $0.bounds.to = $0.bounds.from }, { $0.digest.add(hash: 0) },
            { $0.parts.swapAt(0, 1) }, { $0.parts.removeLast() }, { $0.parts[0].sha256 = "x" },
            { $0.parts[0].file = "_manifest.json" }, { $0.parts[0].largestKey = nil },
            { $0.exportedAt = Instant(microseconds: -70_000 * 365 * Instant.microsecondsPerDay) },
            { $0.parts[0].largestKey = instant("2024-12-31T00:00:00Z") },
        ]
        for change in breaks {
            var broken = Manifest.golden
            change(&broken)
            #expect(problem { _ = try ManifestFile.encode(broken) }?.id == "archive.invalid")
        }
    }
}

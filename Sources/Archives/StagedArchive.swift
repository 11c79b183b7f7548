import Checksums
import Retention

/// An archive that is being written, in a hidden directory beside its final place. It holds names
/// only: workers share it. It ends in exactly one of `publish`, `replace`, `supersede` and
/// `discard`; a run that dies before leaves what `heal` removes.
public struct StagedArchive: Sendable {
    let store: DirectoryStore
    public let slice: Slice
    /// Where it is until it is published.
    public let directory: ArchiveDirectory
    let final: ArchiveDirectory
    /// The directory that holds both.
    var parent: String { final.parent }
    /// The last of the slice's path.
    var component: String { final.component }

    /// Takes the first parts of the published archive in, for a generation that goes on from them:
    /// as hard links, or as copies where the file system knows none. Returns them as its manifest
    /// has them; new parts are numbered on from their count.
    public func adoptParts(of existing: Slice, first count: Int = .max)
        throws(ArchiveError) -> [Manifest.Part]
    {
        guard let manifest = try store.manifest(of: existing) else {
            throw .missing(path: try store.directory(of: existing).path)
        }
        let source = try store.directory(of: existing)
        let adopted = Array(manifest.parts.prefix(count))
        for part in adopted {
            try take(part, named: part.file, of: source)
        }
        return adopted
    }

    /// Copies the parts of an archive in another store, and their filters: files of their own,
    /// whatever the file systems are. `goOn` is called before each.
    public func copyParts(
        of manifest: Manifest, from source: ArchiveDirectory, _ goOn: () throws -> Void
    ) throws {
        for part in manifest.parts {
            try goOn()
            try copyFilter(part, named: part.file, of: source)
            try copy(part, from: source.path(of: part.file), of: source.volume)
        }
    }

    /// Takes one part of an archive of the same store in, under its own name, with its filter: for a
    /// generation in which other parts are other ones.
    public func adopt(_ part: Manifest.Part, of source: ArchiveDirectory) throws(ArchiveError) {
        try take(part, named: part.file, of: source)
    }

    /// Links a part and its filter, or copies them where the file system knows no links.
    func take(
        _ part: Manifest.Part, named file: String, of source: ArchiveDirectory
    ) throws(ArchiveError) {
        try takeFilter(part, named: file, of: source)
        let (old, new) = (source.path(of: file), directory.path(of: part.file))
        if try store.volume.link(old, as: new) { return }
        try copy(part, from: old, of: source.volume)
    }

    private func copy(
        _ part: Manifest.Part, from old: String, of volume: any Volume
    ) throws(ArchiveError) {
        guard let bytes = try volume.contents(of: old, limit: part.bytes + 1),
            bytes.withUnsafeBytes({ Checksum.sha256(of: $0) }) == part.sha256
        else { throw .damaged(path: old, reason: "its SHA-256 is not \(part.sha256)") }
        try store.volume.write(bytes, to: directory.path(of: part.file))
    }

    /// A part may have none; and one that is damaged is worth no more.
    private func takeFilter(
        _ part: Manifest.Part, named file: String, of source: ArchiveDirectory
    ) throws(ArchiveError) {
        let old = source.path(of: PartFilter.fileName(of: file))
        guard try source.volume.status(ofFile: old)?.kind == .regular,
            try !store.volume.link(
                old, as: directory.path(of: PartFilter.fileName(of: part.file)))
        else { return }
        try copyFilter(part, named: file, of: source)
    }

    private func copyFilter(
        _ part: Manifest.Part, named file: String, of source: ArchiveDirectory
    ) throws(ArchiveError) {
        let old = source.path(of: PartFilter.fileName(of: file))
        guard let status = try source.volume.status(ofFile: old), status.kind == .regular,
            status.bytes < PartFilter.limit,
            let bytes = try source.volume.contents(of: old, limit: PartFilter.limit)
        else { return }
        try store.volume.write(
            bytes, to: directory.path(of: PartFilter.fileName(of: part.file)))
    }

    /// Writes the commit record, after which the archive is complete and durable under its hidden
    /// name. The directory has to hold exactly what the manifest names.
    public func seal(_ manifest: Manifest) throws(ArchiveError) {
        let bytes = try ManifestFile.encode(manifest)
        let table = DirectoryStore.directoryName(for: slice.table)
        if let reason = DirectoryStore.misplacement(of: manifest, in: table, at: slice.path) {
            throw .invalid(what: "\(slice)", reason: reason)
        }
        // What cannot be read back must not be written.
        guard try ManifestFile.decode(bytes) == manifest else {
            throw .invalid(what: "\(slice)", reason: "its manifest does not survive its form")
        }
        guard let entries = try store.volume.entries(of: directory.path) else {
            throw .missing(path: directory.path)
        }
        try directory.require(entries, toBe: manifest, and: nil, checkingFiles: true)
        try store.volume.write(bytes, to: directory.path(of: ManifestFile.name))
        try store.volume.seal(directory.path)
    }

    /// Removes it, and the directories above that were made for it. It may be gone already.
    public func discard() throws(ArchiveError) {
        try store.volume.removeTree(directory.path)
        try store.removeEmptyParents(of: slice)
    }
}

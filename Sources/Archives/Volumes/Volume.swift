import Glibc
import Retention

/// Where a store is: names with slashes, and files below them that are written once and read. All
/// paths begin with the store's root.
///
/// There are two: `FileVolume`, a directory tree; and `BucketVolume`, which has neither directories
/// nor renames, and makes do with objects.
protocol Volume: Sendable {
    // MARK: The whole

    /// Requires the root to be there, and that this process may use it.
    func require(_ access: DirectoryStore.Access) throws(ArchiveError)

    /// Bytes that may still be written; nil where there is no such limit.
    func freeBytes() throws(ArchiveError) -> Int64?

    /// Tells which file system of this host it is on; nil where it is on none.
    func deviceID() throws(ArchiveError) -> UInt64?

    /// Whether one of two is the other, or lies in it, by whatever names.
    func overlaps(_ other: any Volume) throws(ArchiveError) -> Bool

    // MARK: Looking

    /// Nil where there is nothing of that name.
    func status(of path: String) throws(ArchiveError) -> ItemStatus?

    /// Nil where there is no file of that name; a directory need not be seen.
    func status(ofFile path: String) throws(ArchiveError) -> ItemStatus?

    /// What is in a directory, sorted by name; nil when there is none.
    func entries(of path: String) throws(ArchiveError) -> [DirectoryEntry]?

    /// The same; throws for what is there and is no directory.
    func directory(_ path: String) throws(ArchiveError) -> [DirectoryEntry]?

    // MARK: Reading

    /// Reads a regular file whole; nil when there is none.
    ///
    /// - Parameter limit: the size in bytes that such a file never has.
    func contents(of path: String, limit: Int64) throws(ArchiveError) -> [UInt8]?

    /// How often a file is read before it is believed that what was read is what is kept.
    var readings: Int { get }

    /// Reads a file of exactly `bytes` bytes, from where it is kept and not from any cache.
    func load(_ path: String, bytes: Int64, into buffer: inout ByteBuffer) throws(ArchiveError)

    /// Reads pieces of a regular file; nil when there is none.
    func reading<Result>(
        _ path: String, _ body: (PieceReader) throws(ArchiveError) -> Result
    ) throws(ArchiveError) -> Result?

    // MARK: Writing

    /// Makes a directory.
    func makeDirectory(_ path: String) throws(ArchiveError)

    /// Writes a new file, durably except for its name in the directory.
    func write(_ bytes: UnsafeRawBufferPointer, to path: String) throws(ArchiveError)

    /// Puts a file in its place at once: nobody sees it half written. Returns false where there is
    /// one already and it was not to be replaced.
    func put(
        _ bytes: [UInt8], at path: String, mode: mode_t, replacing: Bool
    ) throws(ArchiveError) -> Bool

    /// Requires that `put` finds what is there already, by writing a file and removing it.
    func requireConditions() throws(ArchiveError)

    /// Gives a file a second name. Returns false when the volume cannot.
    func link(_ existing: String, as path: String) throws(ArchiveError) -> Bool

    /// Makes what was written into a directory, and its permissions, durable.
    func seal(_ directory: String) throws(ArchiveError)

    /// Makes a directory's entries durable.
    func syncDirectory(_ path: String) throws(ArchiveError)

    // MARK: Moving

    /// Moves a directory to a name that must be free (EEXIST).
    func move(_ from: String, to path: String) throws(ArchiveError)

    /// Moves a directory for a healing, or does nothing more where it is at both places. Where a run that
    /// has lost the table's lock may still remove what it saw at `path`, it stays where it was as well,
    /// until a later healing.
    func bring(_ from: String, to path: String) throws(ArchiveError)

    /// Whether the same archive is at two places, as far as manifests say.
    func isCopy(_ path: String, of source: String) throws(ArchiveError) -> Bool

    /// Requires that none of them has been brought there so lately that it is elsewhere too.
    func requireSettled(_ paths: [String]) throws(ArchiveError)

    /// Swaps two directories. Returns false when the volume cannot.
    func exchange(_ a: String, with b: String) throws(ArchiveError) -> Bool

    /// Takes a directory away from its name at once, in order to remove it: what a run that dies
    /// leaves, healing removes. Returns the path at which it is until then, `hidden` where it moves.
    func hide(_ path: String, as hidden: String) throws(ArchiveError) -> String

    /// Requires that an archive's parts are what its manifest says, where what moved them may have
    /// changed them.
    func requireKept(_ manifest: Manifest, at path: String) throws(ArchiveError)

    // MARK: Removing

    /// Removes a file; that it is gone already is no error.
    func remove(_ path: String) throws(ArchiveError)

    /// Removes a directory and all that is in it; that it is gone already is no error.
    func removeTree(_ path: String) throws(ArchiveError)

    /// The same for a healing: where a run that has lost the table's lock may still remove what it saw
    /// there, nothing is moved there until a later healing.
    func bury(_ path: String) throws(ArchiveError)

    /// Removes a directory if it is empty. Returns whether it is gone.
    func removeIfEmpty(_ path: String) throws(ArchiveError) -> Bool

    /// Ends the moves and removals below a directory that a run which died has left halfway.
    /// Returns sentences of what was done. Nothing is to be done where these happen at once.
    func settle(below path: String) throws(ArchiveError) -> [String]
}

/// Gives as many bytes as there are from a place on, up to a count.
typealias PieceReader = (_ count: Int, _ place: Int) throws(ArchiveError) -> [UInt8]

/// What a name in a volume stands for.
struct ItemStatus: Equatable, Sendable {
    let kind: FileKind
    let bytes: Int64
}

extension Volume {
    /// Writes a new file, durably except for its name in the directory.
    func write(_ bytes: [UInt8], to path: String) throws(ArchiveError) {
        let result: Result<Void, ArchiveError> = bytes.withUnsafeBytes { raw in
            do throws(ArchiveError) {
                return .success(try write(raw, to: path))
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }
}

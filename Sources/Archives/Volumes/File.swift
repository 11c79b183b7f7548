import CSystem
import Glibc

/// An open file. With `File+Names.swift` the only place that asks the operating system for
/// anything; each call is the plain C one, so that a test can put a failing one before it.
struct File: ~Copyable {
    private var descriptor: Int32
    let path: String

    /// Opens an existing file for reading.
    ///
    /// - Parameter followingLinks: whether a last component that is a symbolic link is followed;
    ///   inside a store it never is.
    init(reading path: String, followingLinks: Bool = false) throws(ArchiveError) {
        // Without O_NONBLOCK a FIFO in the place of a file would hang us.
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | (followingLinks ? 0 : O_NOFOLLOW)
        try self.init(path, flags, mode: 0)
    }

    /// Makes a new file; that there is one already is an error.
    ///
    /// - Parameter mode: the permissions, whatever the umask.
    static func creating(_ path: String, mode: mode_t) throws(ArchiveError) -> File {
        try change("create", path) { true }
        let file = try File(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode: 0o600)
        guard fchmod(file.descriptor, mode) == 0 else { throw file.failure("fchmod") }
        return file
    }

    /// Opens a directory, to make its entries durable.
    init(directory path: String) throws(ArchiveError) {
        try self.init(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, mode: 0)
    }

    private init(_ path: String, _ flags: Int32, mode: UInt32) throws(ArchiveError) {
        descriptor = try Self.open(path, flags, mode: mode)
        self.path = path
    }

    private static func open(
        _ path: String, _ flags: Int32, mode: UInt32
    ) throws(ArchiveError) -> Int32 {
        while true {
            let descriptor = csystem_open(path, flags, mode)
            if descriptor >= 0 { return descriptor }
            if errno != EINTR { throw .system(call: "open", path: path, errno: errno) }
        }
    }

    /// Only on the way out of another error is a file closed here, and what it holds abandoned.
    deinit {
        if descriptor >= 0 { _ = Glibc.close(descriptor) }
    }

    private func failure(_ call: String) -> ArchiveError {
        .system(call: call, path: path, errno: errno)
    }

    /// Writes all of it.
    func write(_ bytes: UnsafeRawBufferPointer) throws(ArchiveError) {
        try Self.change("write", path) { true }
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = Glibc.write(
                descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
            if written < 0 {
                if errno == EINTR { continue }
                throw failure("write")
            }
            // Nothing written and no error would go on for ever.
            guard written > 0 else {
                throw ArchiveError.system(call: "write", path: path, errno: EIO)
            }
            rest = rest.dropFirst(written)
        }
    }

    /// Reads once, as many bytes as there are up to the buffer's size; 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            if errno != EINTR { throw failure("read") }
        }
    }

    /// Fills the buffer unless the file ends first. Returns the number of bytes read.
    func readAll(into buffer: UnsafeMutableRawBufferPointer) throws(ArchiveError) -> Int {
        var filled = 0
        while filled < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            let count = try read(into: rest)
            if count == 0 { break }
            filled += count
        }
        return filled
    }

    /// As many bytes as there are from there on, up to `count`.
    func read(_ count: Int, at place: Int) throws(ArchiveError) -> [UInt8] {
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let read = pread(
                    descriptor, buffer.baseAddress! + filled, count - filled,
                    off_t(place + filled))
                if read < 0, errno == EINTR { continue }
                guard read > 0 else {
                    if read < 0 { filled = 0 }
                    return
                }
                filled += read
            }
        }
        return bytes
    }

    func status() throws(ArchiveError) -> FileStatus {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("fstat") }
        return FileStatus(status)
    }

    /// Asks the kernel to forget the file's pages, so that it is the disk that answers.
    func dropCache() throws(ArchiveError) {
        let code = csystem_drop_cache(descriptor)
        guard code == 0 else {
            throw ArchiveError.system(call: "posix_fadvise", path: path, errno: code)
        }
    }

    /// Makes the contents durable. A failure is final: the kernel may have thrown the dirty pages
    /// away, and a second fsync would then succeed without them.
    func sync() throws(ArchiveError) {
        try Self.change("fsync", path) { fsync(descriptor) == 0 }
    }

    /// Closes, and says so when the file system had a late error to report.
    consuming func close() throws(ArchiveError) {
        let closing = descriptor
        descriptor = -1
        // An interrupted close has freed the descriptor (close(2), Linux); what matters was
        // fsynced before.
        try Self.change("close", path) { Glibc.close(closing) == 0 || errno == EINTR }
    }

    /// Writes a new file, durably except for its name in the directory.
    static func write(
        _ bytes: UnsafeRawBufferPointer, to path: String, mode: mode_t
    ) throws(ArchiveError) {
        let file = try File.creating(path, mode: mode)
        try file.write(bytes)
        try file.sync()
        try file.close()
    }

    /// Writes a new file, durably except for its name in the directory.
    static func write(_ bytes: [UInt8], to path: String, mode: mode_t) throws(ArchiveError) {
        let result: Result<Void, ArchiveError> = bytes.withUnsafeBytes { raw in
            do throws(ArchiveError) {
                return .success(try write(raw, to: path, mode: mode))
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    /// Opens a file that must be a regular one, and no link to one; nil when there is none.
    static func regular(_ path: String) throws(ArchiveError) -> File? {
        let file: File
        do {
            file = try File(reading: path)
        } catch .system(_, _, ENOENT) {
            return nil
        } catch .system(_, _, ELOOP) {
            throw .damaged(path: path, reason: "it is a symbolic link")
        }
        guard try file.status().kind == .regular else {
            throw ArchiveError.damaged(path: path, reason: "it is not a regular file")
        }
        return file
    }

    /// Reads a regular file whole; nil when there is none.
    ///
    /// - Parameter limit: the size in bytes that such a file never has.
    static func contents(of path: String, limit: Int64) throws(ArchiveError) -> [UInt8]? {
        guard let file = try regular(path) else { return nil }
        let size = try file.status().bytes
        guard size < limit else {
            throw ArchiveError.damaged(path: path, reason: "it has \(size) bytes")
        }
        var buffer = ByteBuffer()
        buffer.resize(to: Int(size))
        let count = try file.readAll(into: buffer.mutableBytes)
        try file.close()
        return Array(buffer.bytes.prefix(count))
    }

    /// Makes a directory's entries durable.
    static func syncDirectory(_ path: String) throws(ArchiveError) {
        let directory = try File(directory: path)
        try directory.sync()
        try directory.close()
    }
}

import Glibc
import Retention

/// A small file that others read at any time: they find the old one or the new one, never a part.
enum AtomicFile {
    /// Readable by all (0644), whatever the umask.
    static func write(_ text: String, to path: String) throws(Problem) {
        // Collectors read what ends in `.prom`: the temporary name does not.
        let temporary = "\(path).\(getpid()).new"
        // One that was killed under the same number may have left its own.
        unlink(temporary)
        let descriptor = open(
            temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw failure(path, errno) }
        var failed: Int32 = 0
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty, failed == 0 {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 { rest = rest.dropFirst(count) } else if errno != EINTR { failed = errno }
        }
        if failed == 0, fchmod(descriptor, 0o644) != 0 || fsync(descriptor) != 0 { failed = errno }
        if close(descriptor) != 0, failed == 0 { failed = errno }
        if failed == 0, rename(temporary, path) != 0 { failed = errno }
        guard failed == 0 else {
            unlink(temporary)
            throw failure(path, failed)
        }
    }

    private static func failure(_ path: String, _ code: Int32) -> Problem {
        Problem(
            "textfile.unwritten", .cannotCreate,
            "Nothing was written to \(path): \(String(cString: strerror(code))). The file that was "
                + "there stays.",
            hint: "Give the user that runs pgretain a directory of its own below the collector's.")
    }
}

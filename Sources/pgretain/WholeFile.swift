import Glibc
import Retention

/// A file that others read while it is replaced: they see the old one or the new one, whole.
enum WholeFile {
    /// Readable by everybody (0644), whatever the umask; nothing is left behind when it fails.
    static func write(_ text: String, to path: String) throws(Problem) {
        // In the same directory, and under a name that a textfile collector does not take.
        let temporary = "\(path).\(getpid()).tmp"
        let descriptor = open(
            temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw problem("open", temporary) }
        var failed = fill(descriptor, text)
        if failed == nil, fchmod(descriptor, 0o644) != 0 { failed = problem("fchmod", temporary) }
        if failed == nil, fsync(descriptor) != 0 { failed = problem("fsync", temporary) }
        if close(descriptor) != 0, failed == nil { failed = problem("close", temporary) }
        if failed == nil, rename(temporary, path) != 0 { failed = problem("rename", path) }
        if let failed {
            unlink(temporary)
            throw failed
        }
    }

    private static func fill(_ descriptor: Int32, _ text: String) -> Problem? {
        var text = text
        return text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
                if count < 0 {
                    guard errno == EINTR else { return problem("write", "the file") }
                    continue
                }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
            return nil
        }
    }

    private static func problem(_ call: String, _ path: String) -> Problem {
        let reason = String(cString: strerror(errno))
        return Problem(
            "file.write", errno == EACCES || errno == EPERM ? .permission : .inputOutput,
            "\(call) of \(path) failed: \(reason). What was there before is still there.",
            hint: "Look at the directory's rights and room.")
    }
}

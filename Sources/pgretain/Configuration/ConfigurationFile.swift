import Glibc
import Retention

/// Finds and reads the file.
enum ConfigurationFile {
    /// The file named by a flag or `$PGRETAIN_CONFIG`, or the first that exists of the usual
    /// places. One in a directory that may not be looked into is taken to exist: reading it says why
    /// not.
    static func locate(flag: String?, environment: [String: String]) throws(Problem) -> String {
        if let named = flag ?? environment["PGRETAIN_CONFIG"] { return named }
        let places = self.places(environment)
        for place in places where access(place, F_OK) == 0 || errno == EACCES { return place }
        throw Problem(
            "configuration.missing", .configuration,
            "There is no configuration: none of \(places.joined(separator: ", ")) exists.",
            hint: "pgretain init > pgretain.yaml, then name it with --config or $PGRETAIN_CONFIG.")
    }

    private static func places(_ environment: [String: String]) -> [String] {
        var places: [String] = []
        if let home = environment["XDG_CONFIG_HOME"] ?? environment["HOME"].map({ $0 + "/.config" })
        {
            places.append("\(home)/pgretain/pgretain.yaml")
        }
        return places + ["/etc/pgretain/pgretain.yaml"]
    }

    /// The file's text. A file that others may write is refused: they would decide what is
    /// dropped.
    static func read(_ path: String) throws(Problem) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw Problem(
                "configuration.unreadable", errno == EACCES ? .permission : .configuration,
                "The configuration \(path) cannot be read: \(String(cString: strerror(errno))).",
                hint: "pgretain init writes one; --config names another.")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw Problem(
                "configuration.unreadable", .configuration,
                "The configuration \(path) is not a regular file.",
                hint: "Name a file with --config.")
        }
        guard status.st_mode & S_IWOTH == 0 else {
            throw Problem(
                "configuration.writable", .permission,
                "The configuration \(path) may be written by everybody. Nothing was done.",
                hint: "chmod o-w \(path)")
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw Problem(
                    "configuration.unreadable", .inputOutput,
                    "The configuration \(path) cannot be read: \(String(cString: strerror(errno))).",
                    hint: "Look at the disk.")
            }
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Problem(
                "configuration.encoding", .configuration,
                "The configuration \(path) is not UTF-8.", hint: "Save it as UTF-8.")
        }
        return text
    }
}

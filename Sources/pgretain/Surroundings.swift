import Glibc
import Maintenance
import Retention

/// What the process is given: the environment, the host, the signals. Read here, at the edge, and
/// handed on as values.
enum Surroundings {
    static let version = "0.1.0"
    static let tool = "pgretain \(version)"

    static let interruption = Interruption()

    static var environment: [String: String] {
        var result: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let text = String(cString: entry)
            if let equals = text.firstIndex(of: "=") {
                result[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            next += 1
        }
        return result
    }

    static var host: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
        return String(
            decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    static var processors: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

    /// The first line that a shell command prints.
    static func output(ofCommand command: String) throws(Problem) -> String {
        guard let pipe = popen(command, "re") else {
            throw Problem(
                "password.command", .configuration, "password_command cannot be started.",
                hint: "Run it by hand.")
        }
        var line = [CChar](repeating: 0, count: 4096)
        let isRead = fgets(&line, Int32(line.count), pipe) != nil
        let status = pclose(pipe)
        guard status == 0, isRead else {
            throw Problem(
                "password.command", .configuration,
                "password_command ended with status \(status >> 8 & 0xFF) and "
                    + (isRead ? "a password was ignored." : "printed nothing."),
                hint: "Run it by hand: it must print the password on one line and exit 0.")
        }
        let bytes = line.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A command has said all it has to say; the status is all that is left.
struct EarlyExit: Error {
    let status: Retention.ExitStatus
}

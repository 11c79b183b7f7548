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

    /// A path of the command line, as seen from the directory it was typed in; a URL as it is.
    static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), !path.contains("://"), let directory = getcwd(nil, 0) else {
            return path
        }
        defer { free(directory) }
        return String(cString: directory) + "/" + path
    }

    static var processors: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

    /// The first line that a shell command prints.
    static func output(ofCommand command: String) throws(Problem) -> String {
        var line = [CChar](repeating: 0, count: 4096)
        var isRead = false
        let status: Int32? = Interruption.whileSignalsEndAtOnce {
            guard let pipe = popen(command, "re") else { return nil }
            isRead = fgets(&line, Int32(line.count), pipe) != nil
            return pclose(pipe)
        }
        guard let status else {
            throw Problem(
                "password.command", .configuration, "password_command cannot be started.",
                hint: "Run it by hand.")
        }
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
    let code: Int32

    init(status: Retention.ExitStatus) { code = status.rawValue }

    /// For `check` alone, whose statuses are those of monitoring plugins.
    init(state: HealthVerdict.State) { code = state.exitCode }
}

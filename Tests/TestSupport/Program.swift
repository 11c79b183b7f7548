import Foundation

/// How a program ended.
public struct Outcome: Sendable {
    public let status: Int32
    public let stdout: String
    public let stderr: String

    public init(status: Int32, stdout: String, stderr: String) {
        self.status = status
        self.stdout = stdout
        self.stderr = stderr
    }
}

/// Programs, run as a person or cron would run them.
public enum Program {
    /// The `pgretain` that was built beside these tests.
    public static let pgretain: String = {
        if let named = ProcessInfo.processInfo.environment["PGRETAIN_BINARY"] { return named }
        let bundle = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        let beside = bundle.appendingPathComponent("pgretain").path
        if FileManager.default.isExecutableFile(atPath: beside) { return beside }
        return Cluster.repository.appendingPathComponent(".build/debug/pgretain").path
    }()

    /// Runs pgretain with an environment as bare as cron's.
    public static func run(
        _ arguments: [String], environment: [String: String] = [:], input: Data = Data()
    ) throws -> Outcome {
        try run(pgretain, arguments, environment: environment, input: input)
    }

    public static func run(
        _ program: String, _ arguments: [String], environment: [String: String] = [:],
        input: Data = Data()
    ) throws -> Outcome {
        let running = try Running(program, arguments, environment: environment, input: input)
        return running.wait()
    }

    public static func start(_ program: String, _ arguments: [String]) throws -> Running {
        try Running(program, arguments, environment: [:], input: Data())
    }

    public static func start(_ arguments: [String], environment: [String: String] = [:]) throws
        -> Running
    {
        try Running(pgretain, arguments, environment: environment, input: Data())
    }
}

/// A program that was started and has not been waited for.
public final class Running: @unchecked Sendable {
    private let process = Process()
    private let out = TemporaryDirectory()

    fileprivate init(
        _ program: String, _ arguments: [String], environment: [String: String], input: Data
    ) throws {
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        var bare = ["PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"]
        bare.merge(environment) { $1 }
        process.environment = bare
        // Files, not pipes: nothing that is read too late can block the program.
        let stdin = out.path + "/stdin"
        try input.write(to: URL(fileURLWithPath: stdin))
        process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: stdin))
        process.standardOutput = try Self.file(out.path + "/stdout")
        process.standardError = try Self.file(out.path + "/stderr")
        try process.run()
    }

    private static func file(_ path: String) throws -> FileHandle {
        try Data().write(to: URL(fileURLWithPath: path))
        return try FileHandle(forWritingTo: URL(fileURLWithPath: path))
    }

    public var isRunning: Bool { process.isRunning }

    public func signal(_ number: Int32) { kill(process.processIdentifier, number) }

    public func wait() -> Outcome {
        process.waitUntilExit()
        func text(_ name: String) -> String {
            let data = FileManager.default.contents(atPath: out.path + "/" + name) ?? Data()
            return String(decoding: data, as: UTF8.self)
        }
        let status = process.terminationStatus
        return Outcome(
            status: process.terminationReason == .exit ? status : 128 + status,
            stdout: text("stdout"), stderr: text("stderr"))
    }
}

/// A directory of mode 0700 that is removed with the value.
public final class TemporaryDirectory: Sendable {
    public let path: String

    public init() {
        var template = Array("/tmp/pgretain-test-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { fatalError("mkdtemp: \(errno)") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        // The store's files are read-only, and its directories are ours: root or not, rm -rf can.
        let removal = Process()
        removal.executableURL = URL(fileURLWithPath: "/bin/rm")
        removal.arguments = ["-rf", path]
        do {
            try removal.run()
            removal.waitUntilExit()
        } catch { print("left behind: \(path): \(error)") }
    }
}

/// A psql that stays open: an application's session.
public final class PsqlSession {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var rest = ""

    init(_ database: Database) throws {
        process.executableURL = URL(fileURLWithPath: Cluster.psqlProgram)
        process.arguments =
            ["-XqAt", "-h", database.cluster.socketDirectory]
            + ["-p", database.cluster.port, "-U", "postgres", "-d", database.name]
        process.standardInput = input
        process.standardOutput = output
        process.standardError = output
        try process.run()
    }

    deinit {
        input.fileHandleForWriting.closeFile()
        process.waitUntilExit()
    }

    /// Sends without waiting.
    public func send(_ sql: String) {
        input.fileHandleForWriting.write(Data((sql + "\n").utf8))
    }

    /// Sends and waits for the answer, errors among it.
    @discardableResult
    public func ask(_ sql: String) -> String {
        send(sql)
        return answer()
    }

    /// Waits for all that was sent, and gives what came.
    public func answer() -> String {
        let mark = "--mark-\(UUID().uuidString)--"
        send("\\echo \(mark)")
        while true {
            if let range = rest.range(of: mark + "\n") {
                let answer = String(rest[..<range.lowerBound])
                rest = String(rest[range.upperBound...])
                return answer.hasSuffix("\n") ? String(answer.dropLast()) : answer
            }
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { return rest }
            rest += String(decoding: data, as: UTF8.self)
        }
    }
}

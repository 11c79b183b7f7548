import Foundation

/// A script of `Tests/Support` that runs beside the tests: it says READY and two words, takes commands,
/// and ends with its standard input, however this process ends.
public final class SupportScript: Sendable {
    /// The two words after READY: where it listens, and the port.
    public let place: String
    public let port: String
    private let process = Process()
    private let lifeline = Pipe()
    private let answers: FileHandle

    public init(_ name: String, _ arguments: [String]) throws {
        let output = Pipe()
        process.executableURL = Cluster.repository.appendingPathComponent("Tests/Support/\(name)")
        process.arguments = arguments
        process.standardInput = lifeline
        process.standardOutput = output
        try process.run()
        answers = output.fileHandleForReading
        let words = try Self.line(from: answers, of: name).split(whereSeparator: \.isWhitespace)
            .map(String.init)
        guard words.count == 3, words[0] == "READY" else {
            throw ScriptError(message: "\(name) says \(words)")
        }
        place = words[1]
        port = words[2]
    }

    /// Sends a command, and waits until it is done.
    public func tell(_ command: String) throws {
        lifeline.fileHandleForWriting.write(Data((command + "\n").utf8))
        let answer = try Self.line(from: answers, of: command)
        guard answer == "DONE\n" else {
            throw ScriptError(message: "\(command): \(answer)")
        }
    }

    /// Ends it, and waits until it has cleaned up.
    public func end() {
        lifeline.fileHandleForWriting.closeFile()
        process.waitUntilExit()
    }

    private static func line(from handle: FileHandle, of what: String) throws -> String {
        var line = ""
        while !line.hasSuffix("\n") {
            let data = handle.availableData
            guard !data.isEmpty else { throw ScriptError(message: "\(what) failed: \(line)") }
            line += String(decoding: data, as: UTF8.self)
        }
        return line
    }
}

struct ScriptError: Error, CustomStringConvertible {
    let message: String
    var description: String { message }
}

import Glibc
import Retention

/// The two streams: stdout is data, stderr is messages. Written by descriptor, at once.
struct Console: Sendable {
    var isQuiet = false
    var isVerbose = false
    /// Which of several databases each line is about; it begins with that.
    var database: String?

    private static let standardOutput: Int32 = 1
    private static let standardError: Int32 = 2

    /// Whether a person watches the messages.
    let showsProgress = isatty(standardError) == 1
    /// Whether a person reads the data.
    let isTerminal = isatty(standardOutput) == 1
    /// Whether messages are coloured (no-color.org).
    private let coloursMessages = isatty(standardError) == 1 && getenv("NO_COLOR") == nil

    /// A text with the name of the database before each line.
    func marked(_ text: String) -> String {
        guard let database else { return text }
        return text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.isEmpty ? "" : "\(database): \($0)" }.joined(separator: "\n")
    }

    /// Data. A stdout that cannot take it ends the program: a truncated answer is no answer.
    func out(_ text: String) {
        var text = marked(text)
        text.withUTF8 { out(UnsafeRawBufferPointer($0)) }
    }

    func out(_ bytes: UnsafeRawBufferPointer) {
        guard write(bytes, to: Self.standardOutput) else {
            _ = write("pgretain: standard output: \(String(cString: strerror(errno)))\n", to: 2)
            exit(Retention.ExitStatus.inputOutput.rawValue)
        }
    }

    /// A message, one line or more.
    func say(_ text: String) {
        // Where even stderr is gone there is nobody to tell.
        _ = write(marked(text) + "\n", to: Self.standardError)
    }

    /// A message for those who asked for more.
    func detail(_ text: String) {
        if isVerbose { say(text) }
    }

    /// A line that replaces the one before it; only where a person watches.
    func progress(_ line: String, isFinal: Bool) {
        _ = write("\r\u{1B}[K" + marked(line) + (isFinal ? "\n" : ""), to: Self.standardError)
    }

    func tell(_ problem: Problem, about subject: String? = nil) {
        let about = subject.map { " \($0):" } ?? ""
        let start = coloursMessages ? "\u{1B}[31m" : ""
        let end = coloursMessages ? "\u{1B}[0m" : ""
        say("pgretain:\(about) \(start)\(problem.message)\(end) [\(problem.id)]")
        say("  next: \(problem.hint)")
    }

    private func write(_ text: String, to descriptor: Int32) -> Bool {
        var text = text
        return text.withUTF8 { write(UnsafeRawBufferPointer($0), to: descriptor) }
    }

    private func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
            if count < 0 {
                guard errno == EINTR else { return false }
                continue
            }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
        return true
    }
}

/// Something an operator has to know: what happened, what was not done, and what to do next.
public struct Problem: Error, Equatable, Sendable, Codable {
    /// A stable identifier that scripts and runbooks refer to, such as `archive.damaged`.
    public var id: String
    /// The status that a run with this problem ends with, unless another is worse.
    public var status: ExitStatus
    /// One sentence of what happened, with names and numbers, and what was not done.
    public var message: String
    /// The next command or action.
    public var hint: String

    public init(_ id: String, _ status: ExitStatus, _ message: String, hint: String) {
        self.id = id
        self.status = status
        self.message = message
        self.hint = hint
    }
}

/// An error that can say what an operator has to know.
public protocol Explainable: Error {
    var problem: Problem { get }
}

extension Problem: Explainable {
    public var problem: Problem { self }

    /// What is said of any error: its own explanation, or the admission of a bug.
    public init(explaining error: any Error) {
        if let known = error as? any Explainable {
            self = known.problem
        } else {
            self.init(
                "bug.unexplained", .bug, "An error nobody foresaw: \(error). Nothing was dropped.",
                hint: "Please report it with the output of the same command and -v.")
        }
    }
}

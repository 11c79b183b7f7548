/// One request's bytes on their way, and what has come back so far. It is curl's for as long as the
/// transfer lasts.
final class Exchange {
    private let body: UnsafeRawBufferPointer
    private var sent = 0
    /// How often the request was sent: curl may repeat it by itself where a connection that was kept
    /// turns out to be closed.
    private(set) var timesSent = 0

    private let destination: UnsafeMutableRawBufferPointer?
    private let bodyLimit: Int
    private(set) var status = 0
    private(set) var headers: [String: String] = [:]
    private(set) var responseBody: [UInt8] = []
    /// How many bytes are in the destination.
    private(set) var received = 0
    /// Whether more came than was asked for.
    private(set) var overflowed = false
    var isInterrupted: () -> Bool = { false }

    /// - Parameters:
    ///   - destination: where the body of a successful answer goes; without one it is `responseBody`.
    ///   - bodyLimit: how large `responseBody` may become.
    init(
        body: UnsafeRawBufferPointer, destination: UnsafeMutableRawBufferPointer?, bodyLimit: Int
    ) {
        self.body = body
        self.destination = destination
        self.bodyLimit = bodyLimit
    }

    var bodyBytes: Int { body.count }

    /// Before each attempt.
    func begin() {
        sent = 0
        forgetAnswer()
        overflowed = false
    }

    private func forgetAnswer() {
        status = 0
        headers = [:]
        responseBody = []
        received = 0
    }

    /// The request is about to be sent.
    func countSending() { timesSent += 1 }

    /// Gives the next bytes of the request.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(buffer.count, body.count - sent)
        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: body[sent..<sent + count]))
        sent += count
        return count
    }

    /// The connection was found dead, and the request begins again.
    func rewind(to offset: Int) -> Bool {
        guard (0...body.count).contains(offset) else { return false }
        sent = offset
        return true
    }

    /// Takes a line of the answer's head.
    func takeHeader(_ line: UnsafeRawBufferPointer) {
        let text = String(decoding: line, as: UTF8.self)
        if text.hasPrefix("HTTP/") {
            // There may have been another head before: 100 Continue.
            forgetAnswer()
            status = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
            return
        }
        guard let colon = text.firstIndex(of: ":") else { return }
        let value = text[text.index(after: colon)...].drop(while: \.isWhitespace)
        headers[text[..<colon].lowercased()] = String(
            value.reversed().drop(while: \.isWhitespace).reversed())
    }

    /// Takes bytes of the answer's body; false where they are too many.
    func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        if let destination, status == 200 || status == 206 {
            guard bytes.count <= destination.count - received else {
                overflowed = true
                return false
            }
            UnsafeMutableRawBufferPointer(rebasing: destination[received...]).copyMemory(
                from: bytes)
            received += bytes.count
            return true
        }
        guard bytes.count <= bodyLimit - responseBody.count else {
            overflowed = true
            return false
        }
        responseBody.append(contentsOf: bytes)
        return true
    }
}

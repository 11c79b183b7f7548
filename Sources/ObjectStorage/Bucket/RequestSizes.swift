/// How much goes into one request.
struct RequestSizes: Sendable {
    /// An object that is larger is written in pieces.
    var threshold = 1 << 24
    var pieceBytes = 1 << 23
    /// The most that stores answer at once.
    var keysOfAList = 1000
}

import CLibPQ

/// Ends the statement that a session runs, from any thread, over a connection of its own.
public final class Canceller: @unchecked Sendable {
    // Never changed once it is made; PQcancel is documented as safe from other threads.
    private let handle: OpaquePointer

    init(_ handle: OpaquePointer) { self.handle = handle }

    deinit { PQfreeCancel(handle) }

    /// Whether the request was sent; the statement, if there still is one, fails with 57014.
    @discardableResult
    public func cancel() -> Bool {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { message in
            PQcancel(handle, message.baseAddress, 256) == 1
        }
    }
}

import Glibc
import Synchronization

/// Threads that share numbered pieces of work. They are threads of their own, since a transfer blocks.
enum Crew {
    /// Does the pieces 0 to `count` - 1, each once, in any order, and returns when no thread is at work
    /// any more. After an error no further piece is begun, and the first error is thrown.
    static func work(
        _ count: Int, threads: Int, _ piece: @Sendable (Int) throws(StorageError) -> Void
    ) throws(StorageError) {
        let list = WorkList(count)
        // They have ended when this returns, however it does.
        let failure = withoutActuallyEscaping(piece) { piece in
            let loop: @Sendable () -> Void = {
                while let index = list.next() {
                    do throws(StorageError) { try piece(index) } catch { list.fail(error) }
                }
            }
            // Where the system gives no thread, fewer do it.
            let started = (1..<max(1, min(threads, count))).compactMap { _ in start(loop) }
            loop()
            for thread in started { pthread_join(thread, nil) }
            return list.failure
        }
        if let failure { throw failure }
    }

    private final class WorkList: Sendable {
        private let count: Int
        private let begun = Atomic(0)
        private let firstFailure = Mutex<StorageError?>(nil)

        init(_ count: Int) { self.count = count }

        var failure: StorageError? { firstFailure.withLock { $0 } }

        func next() -> Int? {
            let index = begun.add(1, ordering: .relaxed).oldValue
            return index < count ? index : nil
        }

        /// No further piece is begun.
        func fail(_ error: StorageError) {
            firstFailure.withLock { if $0 == nil { $0 = error } }
            begun.store(count, ordering: .relaxed)
        }
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private static func start(_ run: @escaping @Sendable () -> Void) -> pthread_t? {
        var thread = pthread_t()
        let body = Unmanaged.passRetained(Body(run))
        let status = pthread_create(
            &thread, nil,
            { context in
                Unmanaged<Body>.fromOpaque(context!).takeRetainedValue().run()
                return nil
            }, body.toOpaque())
        guard status == 0 else {
            body.release()
            return nil
        }
        return thread
    }
}

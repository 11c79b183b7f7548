import Glibc
import Retention
import Synchronization

/// Threads of our own: libpq and the disk block, and nothing here may block Swift's shared pool.
enum Threads {
    /// Runs `work` on `count` threads while `lead` runs on this one, and returns once all have
    /// ended. The first error thrown anywhere is thrown here; `stop` is called with it at once,
    /// so that the others can be woken.
    static func run(
        _ count: Int, work: @escaping @Sendable () throws -> Void,
        stop: @escaping @Sendable () -> Void, lead: () throws -> Void
    ) throws {
        let firstError = FirstError(stop: stop)
        var threads: [pthread_t] = []
        do {
            for _ in 0..<count {
                threads.append(
                    try start {
                        do { try work() } catch { firstError.record(error) }
                    })
            }
            try lead()
        } catch {
            firstError.record(error)
        }
        for thread in threads { pthread_join(thread, nil) }
        if let error = firstError.error { throw error }
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Starts one thread; the caller joins or detaches it.
    static func start(_ run: @escaping @Sendable () -> Void) throws(Problem) -> pthread_t {
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
            throw Problem(
                "thread.refused", .tryLater,
                "The system gave no thread: \(String(cString: strerror(status))). What was under "
                    + "way was not finished, and nothing was dropped.",
                hint: "Look at `ulimit -u` and the memory, or set fewer workers:.")
        }
        return thread
    }
}

private final class FirstError: Sendable {
    private let stored = Mutex<(any Error)?>(nil)
    private let stop: @Sendable () -> Void

    init(stop: @escaping @Sendable () -> Void) { self.stop = stop }

    var error: (any Error)? { stored.withLock { $0 } }

    func record(_ error: any Error) {
        stored.withLock { if $0 == nil { $0 = error } }
        stop()
    }
}

/// A queue between threads. Once closed, what is in it is still taken out; then `pop` gives nil.
final class BlockingQueue<Element: Sendable>: @unchecked Sendable {
    private var elements: [Element] = []
    private var isClosed = false
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    init(_ elements: [Element] = []) {
        self.elements = elements
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    func push(_ element: Element) {
        pthread_mutex_lock(mutex)
        elements.append(element)
        pthread_cond_signal(changed)
        pthread_mutex_unlock(mutex)
    }

    /// An element, if there is one by now.
    func popIfAny() -> Element? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return elements.isEmpty ? nil : elements.removeFirst()
    }

    /// Waits for an element; nil once the queue is closed and empty.
    func pop() -> Element? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while elements.isEmpty, !isClosed { pthread_cond_wait(changed, mutex) }
        return elements.isEmpty ? nil : elements.removeFirst()
    }

    /// Whether more may come.
    var isOpen: Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return !isClosed
    }

    func close() {
        pthread_mutex_lock(mutex)
        isClosed = true
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(mutex)
    }

    /// Closes and forgets what is in it.
    func abandon() {
        pthread_mutex_lock(mutex)
        elements.removeAll()
        isClosed = true
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(mutex)
    }
}

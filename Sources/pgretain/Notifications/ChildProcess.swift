import Glibc

/// A program that is started with something to read, and has to end in time.
struct ChildProcess {
    enum End: Equatable {
        case exited(Int32)
        case signalled(Int32)
        /// It took too long and was killed, with all that it had started in its group.
        case late
    }

    private let pid: pid_t

    /// Starts it, found in PATH. It reads `input` and then the end of the file, whether it reads all
    /// of it or nothing. What it prints goes to our standard error, or nowhere. Signals are its own:
    /// it has none blocked, ignores none, and a group for itself. Throws the error number.
    init(
        _ arguments: [String], input: String, environment: [String: String], isHeard: Bool
    ) throws(Failure) {
        // In memory, since it may be a full disk that it is to tell of; closed in what we start.
        let name = "/pgretain-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        let descriptor = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0o600)
        guard descriptor >= 0 else { throw Failure(number: errno) }
        defer { close(descriptor) }
        shm_unlink(name)
        try Self.fill(descriptor, with: input)

        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        posix_spawn_file_actions_adddup2(&files, descriptor, 0)
        if isHeard {
            posix_spawn_file_actions_adddup2(&files, 2, 1)
        } else {
            posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0)
            posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0)
        }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        var defaults = none
        sigaddset(&defaults, SIGPIPE)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &defaults)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))

        var words = arguments.map { strdup($0) } + [nil]
        var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for word in words + variables { free(word) } }
        var pid: pid_t = 0
        let status = posix_spawnp(&pid, words[0]!, &files, &attributes, &words, &variables)
        guard status == 0 else { throw Failure(number: status) }
        self.pid = pid
    }

    struct Failure: Error {
        let number: Int32
    }

    private static func fill(_ descriptor: Int32, with text: String) throws(Failure) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            guard count >= 0 || errno == EINTR else { throw Failure(number: errno) }
            bytes = bytes.dropFirst(max(0, count))
        }
        guard lseek(descriptor, 0, SEEK_SET) == 0 else { throw Failure(number: errno) }
    }

    /// Waits for its end, for so many seconds at most.
    func wait(seconds: Int) -> End {
        let steps = max(1, seconds * 100)
        for step in 0...steps {
            var status: Int32 = 0
            let found = waitpid(pid, &status, step < steps ? WNOHANG : 0)
            if found == pid {
                if step == steps { return .late }
                let signal = status & 0x7F
                return signal == 0 ? .exited(status >> 8 & 0xFF) : .signalled(signal)
            }
            if step == steps - 1 { kill(-pid, SIGKILL) }
            usleep(10_000)
        }
        return .late
    }
}

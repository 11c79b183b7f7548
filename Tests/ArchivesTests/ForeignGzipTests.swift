import Glibc
import Testing

@testable import Archives

/// What others make of our files, and we of theirs.
@Suite struct ForeignGzipTests {
    /// Runs a program in a directory; nil when there is no such program.
    private static func run(_ arguments: [String], output: String) throws -> Int32? {
        var actions = posix_spawn_file_actions_t()
        try #require(posix_spawn_file_actions_init(&actions) == 0)
        let flags = O_WRONLY | O_CREAT | O_TRUNC
        try #require(
            posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, flags, 0o600) == 0)
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) }
        pointers.append(nil)
        var process = pid_t()
        let code = posix_spawnp(&process, arguments[0], &actions, nil, pointers, environ)
        for pointer in pointers { free(pointer) }
        try #require(posix_spawn_file_actions_destroy(&actions) == 0)
        guard code == 0 else {
            print("\(arguments[0]) is not run: \(String(cString: strerror(code)))")
            return nil
        }
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 { try #require(errno == EINTR) }
        if status >> 8 == 127 {
            print("\(arguments[0]) is not run: there is none")
            return nil
        }
        return status
    }

    private static let python = """
        import gzip, sys
        sys.stdout.buffer.write(gzip.open(sys.argv[1]).read())
        """

    @Test(arguments: [
        ["python3", "-c", python], ["zcat"], ["gzip", "-dc"], ["pigz", "-dc"],
    ])
    func othersReadOurs(command: [String]) throws {
        let scratch = try Scratch()
        let file = "\(scratch.path)/part.gz"
        let output = "\(scratch.path)/output"
        for bytes in [lines(0), lines(3), lines(50_000)] {
            try overwrite(file, with: GzipTests.compressed(bytes))
            guard let status = try Self.run(command + [file], output: output) else { return }
            #expect(status == 0)
            #expect(try contents(of: output) == bytes)
        }
    }

    @Test(arguments: [["gzip", "-c"], ["gzip", "-9", "-c"], ["pigz", "-c"]])
    func weReadOthers(command: [String]) throws {
        let scratch = try Scratch()
        let bytes = lines(50_000)
        try File.write(bytes, to: "\(scratch.path)/plain", mode: 0o600)
        let output = "\(scratch.path)/output.gz"
        guard try Self.run(command + ["\(scratch.path)/plain"], output: output) != nil else {
            return
        }
        let file = try contents(of: output)
        #expect(try GzipTests.streamed(file + file, chunk: 5000) == bytes + bytes)
        #expect(throws: ArchiveError.self, "it has a name, which ours never has") {
            try GzipTests.inflated(file, expecting: bytes.count)
        }
    }
}

import ArgumentParser
import Glibc
import Maintenance
import Retention

// Else the first file or socket to be opened would take the place of a stream that is closed.
while case let descriptor = open("/dev/null", O_RDWR), descriptor >= 0 {
    if descriptor > 2 {
        close(descriptor)
        break
    }
}

do {
    // Before any thread exists: threads inherit which signals are blocked.
    try Surroundings.interruption.listen()
    var command = try Pgretain.parseAsRoot()
    try command.run()
} catch let early as EarlyExit {
    exit(early.code)
} catch let error as any Explainable {
    let console = Console()
    console.tell(error.problem)
    exit(error.problem.status.rawValue)
} catch {
    Pgretain.exit(withError: error)
}

import ArgumentParser
import Glibc
import Maintenance
import Retention

// Before any thread exists: threads inherit which signals are blocked.
Surroundings.interruption.listen()

do {
    var command = try Pgretain.parseAsRoot()
    try command.run()
} catch let status as EarlyExit {
    exit(status.status.rawValue)
} catch let error as any Explainable {
    let console = Console()
    console.tell(error.problem)
    exit(error.problem.status.rawValue)
} catch {
    Pgretain.exit(withError: error)
}

import Postgres
import Retention

/// Makes the partitions of the periods ahead, each in a transaction of its own.
struct Premaking {
    let connection: Connection
    let ladder: LockLadder
    let drainsDefault: Bool

    /// What was made, and what could not be: one failure does not stop the others.
    func run(_ plan: TablePlan, of table: PartitionedTable, newestSibling: UInt32?)
        -> (done: [Report.Entry], problems: [Problem])
    {
        var done: [Report.Entry] = []
        var problems: [Problem] = []
        for premake in plan.premakes {
            let stopwatch = Stopwatch()
            do {
                try connection.setStep("premake \(premake.name)")
                let drained = try connection.ddl.premake(
                    premake.name, bounds: premake.bounds, of: table, like: newestSibling,
                    draining: drainsDefault, ladder: ladder)
                done.append(
                    Report.Entry(
                        .premake, premake.name, bounds: premake.bounds, seconds: stopwatch.seconds,
                        note: drained > 0 ? "\(drained) rows moved out of DEFAULT" : ""))
            } catch {
                problems.append(Problem(explaining: error))
            }
        }
        return (done, problems)
    }
}

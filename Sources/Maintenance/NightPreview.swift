import Archives
import Postgres
import Retention

/// What a run would do, and whether it could.
public struct NightPreview: Sendable, Encodable {
    public var plan: Plan
    /// Rights, space and the store: what would stop the run.
    public var checks: [Problem]
    public var warnings: [String]
    /// The next safe step, as a sentence or a command.
    public var nextStep: String

    /// Looks at everything, and changes nothing but for a probe file that comes and goes.
    public static func look(
        site: Site, tables: [QualifiedName], maxRetire: Int?, now: Instant?
    ) throws -> NightPreview {
        let connection = try site.connect(as: "pgretain: plan")
        var checks: [Problem] = []
        func check(_ body: () throws -> Void) {
            do { try body() } catch { checks.append(Problem(explaining: error)) }
        }
        var store: DirectoryStore?
        check {
            try site.requireVersions()
            let opened = try site.openStore(.write, .short)
            try opened.probeWrite()
            try site.checkBinding(of: opened, to: connection)
            store = opened
        }
        check {
            for copy in try site.openCopies(.short) {
                try copy.probeWrite()
                guard try connection.ledger.state() != .absent else { continue }
                try site.checkCopy(copy, connection)
            }
        }
        check { try connection.requireTrustworthyPages() }
        let settings = try tables.map { table throws(Problem) in try site.settings(of: table) }
        let now = try now ?? connection.serverClock()
        let observation = Observation(
            now: now,
            tables: settings.map {
                TableObservation.observe($0, on: connection, store: store, now: now)
            })
        let plan = Planner(maxRetire: maxRetire).plan(observation)

        let found = site.matching?.findings ?? PatternFindings()
        checks += found.problems
        var warnings = found.notes
        for (seen, settings) in zip(observation.tables, settings) {
            guard let table = seen.table else { continue }
            check {
                checks += try connection.catalog.missingRights(
                    on: table, premakes: settings.policy.premake > 0 && !table.isPlain,
                    then: settings.policy.then)
            }
            let definition = try connection.catalog.definition(of: table.oid)
            check {
                _ = try definition.redacted(settings.redact, of: table.name, key: table.key)
            }
            warnings += definition.warnings.map { "\(table.name): \($0)" }
            warnings += settings.unsearchable(in: definition).map {
                "\(table.name): no filter can be made for the search column \($0)"
            }
            for owner in try connection.catalog.otherOwners(of: table.name) {
                warnings.append(
                    "\(owner) manages \(table.name) too; let only one of the two drop partitions")
            }
        }
        if !site.throttle.pressure.areNone {
            check { warnings += try pressures(on: site) }
        }
        if let store {
            check { try requireSpace(for: plan, in: store) }
            for seen in observation.tables {
                check {
                    let lost = try LostArchive.problem(of: seen.lostArchives, in: store)
                    if let lost { warnings.append(lost.message) }
                }
            }
        }
        return NightPreview(
            plan: plan, checks: checks, warnings: warnings,
            nextStep: nextStep(plan, checks: checks))
    }

    private static func requireSpace(for plan: Plan, in store: DirectoryStore) throws {
        let bytes = plan.tables.flatMap(\.retirements).reduce(0) { $0 + $1.partition.bytes }
        if let free = try store.freeBytes(), free < bytes / 2 {
            throw Problem(
                "store.full", .inputOutput,
                "The store \(store.root) has \(ByteCount(free)) free, and tonight's archives may need "
                    + "\(ByteCount(bytes / 2)).",
                hint: "Make room in \(store.root), or move archives: to a larger disk.")
        }
    }

    /// What a run would wait for now.
    private static func pressures(on site: Site) throws -> [String] {
        let watching = try site.connectToWatch()
        let load = try watching.catalog.load()
        let throttle = site.throttle
        let hidden = throttle.hiddenNote(load, watching)
        return throttle.pressure.exceeded(by: load).map {
            "\($0.key): \($0.sentence); a run would wait up to \(throttle.pressureWait)"
        } + (hidden.map { [$0] } ?? [])
    }

    /// The ladder of a careful operator: keep for a month, then detach, then drop.
    private static func nextStep(_ plan: Plan, checks: [Problem]) -> String {
        if let first = checks.first { return first.hint }
        let problems = plan.tables.flatMap(\.problems)
        if let approval = problems.first(where: { $0.status == .brake }) { return approval.hint }
        if let first = problems.first { return first.hint }
        guard !plan.tables.isEmpty else { return "correct match:, or make the tables it is for" }
        switch plan.tables.map(\.then).min() ?? .keep {
        case .keep:
            return "pgretain run; once a month of archives has been looked at, "
                + "set then: detach and approve it"
        case .detach:
            return "pgretain run; once nobody has missed a detached month, "
                + "set then: drop and approve it"
        case .drop:
            return "pgretain run"
        }
    }

    /// 0, unless tables could not be looked at: what a plan shows is no failure of its own.
    public var exitStatus: ExitStatus {
        .of(
            (plan.tables.filter { !$0.isSeen }.flatMap(\.problems)
                + checks.filter { $0.id == Finding.ID.matchAmbiguous.rawValue }).map(\.status))
    }
}

import ArgumentParser
import Maintenance
import Retention

extension RestoreRequest.OnConflict: ExpressibleByArgument {}

extension RestoreCommand {
    func run() throws {
        let site = try common.siteOfArchives()
        if drill { return try runDrill(site) }
        guard let table else { return try runFiles(site) }
        if release, let period { return try unpin(site, table, period) }
        try restore(table, site)
    }

    /// What is restored, or would be.
    private func restore(_ table: QualifiedName, _ site: Site) throws {
        let console = common.console
        let progress = ProgressLine(console)
        let restore = Restore(
            site: site, interruption: Surroundings.interruption, progress: progress.sink,
            host: Surroundings.host)
        let request = request(table)
        let plan = try restore.plan(request)
        if dryRun {
            console.out(
                common.json ? try JSONDocument.text("restore", plan) : RestoreText.plan(plan))
            throw EarlyExit(status: .of(plan.obstacles.map(\.status)))
        }
        if plan.columns.contains(where: { $0.verdict == .missing }) {
            tell(plan.columns, of: "archive", plan.kind == .append ? plan.relation : plan.table)
        }
        let result: Restore.Result
        do {
            defer { progress.end() }
            result = try restore.run(plan, as: request) { loaded, all in
                guard loaded > 0, !common.quiet else { return }
                console.say(
                    "goes on with \(RestoreText.goneOn("\(loaded)", of: "\(all)")) that were "
                        + "loaded before")
            }
        } catch {
            tellNotes(plan)
            throw error
        }
        if common.json {
            console.out(try JSONDocument.text("restored", result))
        } else if !common.quiet {
            console.out(RestoreText.result(result))
        }
        tellNotes(plan)
    }

    private func tellNotes(_ plan: RestorePlan) {
        guard !common.quiet else { return }
        for note in plan.notes { common.console.say("  note: \(note)") }
        for gap in plan.gaps { common.console.say("  note: no archive covers \(gap)") }
    }

    private func unpin(_ site: Site, _ table: QualifiedName, _ period: String) throws {
        let orders = try Orders(site: site, host: Surroundings.host)
        let pins = try orders.unpin(table, .period(period))
        if common.json { return common.console.out(try JSONDocument.text("released", pins)) }
        guard !common.quiet else { return }
        for pin in pins { common.console.out("released: \(pin.relation) \(pin.bounds)\n") }
        if pins.isEmpty { common.console.out("nothing of it is pinned\n") }
    }

    private var fit: ColumnFit {
        ColumnFit(
            renamed: Dictionary(map.map { ($0.old, $0.new) }) { $1 },
            left: Set(allowMissing.flatMap { $0.split(separator: ",").map(String.init) }))
    }

    private func request(_ table: QualifiedName) -> RestoreRequest {
        let target: RestoreRequest.Target =
            if attach { .attach } else if append, let into { .append(into) } else { .new(into) }
        return RestoreRequest(
            table: table, period: period, generation: generation, from: time.from, to: time.to,
            conditions: conditions, target: target, onConflict: onConflict ?? .refuse,
            withIndexes: indexes, makesDo: create, pin: pin, fit: fit)
    }

    private func tell(_ columns: [ColumnMatch], of source: String, _ table: QualifiedName) {
        common.console.say("columns of the \(source), and of \(table):")
        common.console.say(String(RestoreText.columns(columns).dropLast()))
    }

    private func runDrill(_ site: Site) throws {
        let console = common.console
        let progress = ProgressLine(console)
        let restore = Restore(
            site: site, interruption: Surroundings.interruption, progress: progress.sink,
            host: Surroundings.host)
        let result: Drill.Result
        do {
            defer { progress.end() }
            result = try Drill(restore).run(table, period: period)
        }
        if common.json {
            console.out(try JSONDocument.text("drill", result))
        } else if !common.quiet {
            console.out(
                "drilled \(result.slice): \(Quantities.plural(result.rows, "row")) back, identical to "
                    + "the archive by digest, in \(Quantities.duration(result.seconds)); "
                    + "the table is dropped again\n")
            for note in result.missing { console.say("  note: \(note)") }
        }
    }

    private func runFiles(_ site: Site) throws {
        guard let into else { return }
        let console = common.console
        let restore = FileRestore(
            files, form: form, into: into, fit: fit, onConflict: onConflict ?? .refuse, site: site,
            interruption: Surroundings.interruption, host: Surroundings.host)
        if dryRun {
            let plan = try restore.plan()
            console.out(
                common.json ? try JSONDocument.text("restore", plan) : RestoreText.plan(plan))
            throw EarlyExit(status: .of(plan.obstacles.map(\.status)))
        }
        let result = try restore.run(refused: { tell($0.columns, of: "files", into) })
        if common.json {
            console.out(try JSONDocument.text("restored", result))
        } else if !common.quiet {
            console.out(RestoreText.result(result))
        }
    }
}

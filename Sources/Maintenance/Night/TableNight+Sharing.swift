import FailPoints
import Retention

// A table's night beside other hosts.
extension TableNight {
    /// Takes what this host can claim: partitions and quarantined tables. All else a night does alone.
    mutating func work(together plan: TablePlan) {
        for entry in plan.unsettled {
            guard goOn() else { return }
            let subject = Departing(entry.table, slice: entry.slice)
            guard mayTake(subject) else { continue }
            attempt(subject) { night in
                _ = try night.archive(subject)
                try night.recordSettled(subject)
            }
            guard halt == nil else { return }
        }
        for drop in plan.drops {
            guard goOn() else { return }
            let subject = Departing(drop.table, slice: drop.slice)
            guard mayTake(subject) else { continue }
            attempt(subject) { night in try night.dropProven(subject) }
            guard halt == nil else { return }
        }
        _ = retire(
            plan.retirements,
            hasDefault: plan.entries.contains { $0.partition.extent == .default })
    }

    /// Whether a relation is this host's to work on: always, where no other is at the table.
    mutating func mayTake(_ subject: Departing) -> Bool {
        guard let share = session.share else { return true }
        var isTaken = false
        attempt { night in isTaken = try share.claim(subject, in: night.session) }
        if isTaken { FailPoint.pass("night.claimed") }
        return isTaken
    }

    /// A step of one relation. What another try may bring about is no failure beside other hosts: it
    /// is tried again, alone. What is not done stays claimed, so that none of them tries it at once.
    mutating func attempt(_ subject: Departing, _ step: (inout TableNight) throws -> Void) {
        let before = report.problems.count
        attempt { night in
            do {
                try step(&night)
                try night.session.share?.night.letGo(of: subject.slice)
            } catch {
                guard night.isForLater(error) else { throw error }
            }
        }
        if report.problems.count > before { failed.insert(subject.slice) }
    }

    private func isForLater(_ error: any Error) -> Bool {
        session.share != nil && session.interruption.status == nil
            && !session.connection.isBroken && Problem(explaining: error).status == .tryLater
    }
}

extension TablePlan {
    /// As though some slices were not there.
    func without(_ slices: Set<Slice>) -> TablePlan {
        guard !slices.isEmpty else { return self }
        var plan = self
        plan.entries.removeAll { $0.slice.map(slices.contains) ?? false }
        plan.quarantine.removeAll { slices.contains($0.slice) }
        return plan
    }
}

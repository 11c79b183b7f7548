import Retention

// Whether a step may begin, and what is said of those that may not.
extension TableNight {
    /// Waits until the server is at ease; false, and remembers why, when that takes too long.
    mutating func serverIsAtEase() throws -> Bool {
        switch try session.pressure.pass(keepingAlive: session.connection) {
        case .free(let notes):
            for note in notes where !report.notes.contains(note) { report.notes.append(note) }
            return true
        case .pressed(let pressure, let patience):
            halt(for: pressure, patience)
            return false
        }
    }

    private mutating func halt(for pressure: Pressure, _ patience: String) {
        halt = "\(pressure.key): \(pressure.sentence)\(patience)"
        pressed = pressure
    }

    /// What keeps a partition for another night; time for others, which are smaller, may be left.
    mutating func note(_ postponed: Postponed) {
        if let reached = postponed.reached { report.done.append(reached) }
        switch postponed.cause {
        case .deadline(let note): self.postponed.append(note)
        case .waiting(let note): report.notes.append(note)
        case .pressure(let pressure, let patience): halt(for: pressure, patience)
        }
    }

    /// Says what waits for another run, and why. Where nothing at all was done for the table, that
    /// is a problem: somebody has to hear of it.
    mutating func tellWhatWaits(_ names: [String]) {
        if !postponed.isEmpty, !hasRetired {
            report.problems.append(
                Problem(
                    "deadline.short", .tryLater,
                    postponed.joined(separator: ". ") + ". Nothing was retired.",
                    hint: "Give it a longer --deadline, or a lower slice_over; the next run tries "
                        + "again."))
        } else {
            report.notes += postponed
        }
        guard let halt, let next = names.first else { return }
        let rest =
            names.count == 1
            ? "\(next) waits for the next run"
            : "\(next) and \(names.count - 1) more wait for the next run"
        guard let pressed, !hasRetired else {
            report.notes.append("\(halt): \(rest)")
            return
        }
        report.problems.append(
            Problem(
                "pressure.wait", .tryLater, "\(halt). Nothing was retired: \(rest).",
                hint: "Look at \(pressed.view); the next night tries again."))
    }

    private var hasRetired: Bool {
        let retiring: Set<Report.Entry.Action> = [.archive, .detach, .drop, .delete]
        return report.done.contains { retiring.contains($0.action) }
    }

    /// What an archive holds that it had better not.
    mutating func noteValues(of manifest: Manifest, isNew: Bool) {
        var notes = isNew ? manifest.warnings.filter(CredentialWarning.isOne) : []
        let kept = RedactedValue.missing(session.settings.redact, from: manifest.redacted)
        if !kept.isEmpty {
            notes.append(
                "its archive was begun before redact: had \(kept.joined(separator: ", ")), and keeps "
                    + "to what it was begun with")
        }
        report.notes += notes.map { "\(manifest.partition.name.name): \($0)" }
    }

    /// On an archive: how it came about, and what slowed it.
    mutating func note(on archived: borrowing Archived) -> String {
        var parts: [String] = []
        let generation = archived.proof.manifest.generation
        if archived.exportSeconds == nil {
            parts.append("was archived; proven again")
        } else if generation > 1 {
            parts.append("generation \(generation)")
        }
        if let pace = session.pace, pace.sleptSeconds > secondsHeldBack {
            let tenths = Int64(((pace.sleptSeconds - secondsHeldBack) * 10).rounded(.up))
            secondsHeldBack = pace.sleptSeconds
            parts.append(
                "limits.rate of \(pace.rate)/s held it back \(Span(microseconds: tenths * 100_000))"
            )
        }
        return parts.joined(separator: "; ")
    }
}

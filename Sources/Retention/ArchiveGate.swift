/// Decides which archives may go: theirs are the only copies of rows, so whatever is not understood
/// means keep.
struct ArchiveGate {
    private let seen: TableObservation
    private let calendar: TableCalendar
    private let isApproved: Bool
    /// An archive of a range that ends at or before it is older than archives are kept.
    private let cutoff: Instant

    /// Nil where archives are kept for ever.
    init?(_ seen: TableObservation, calendar: TableCalendar) {
        guard let keep = seen.policy.keepArchives else { return nil }
        self.seen = seen
        self.calendar = calendar
        cutoff = keep.before(calendar.now, in: calendar.zone)
        isApproved = seen.approved?.allowsExpiry(by: seen.policy, at: calendar.wallClock) ?? false
    }

    /// Oldest first.
    var aged: [TableObservation.AgedArchive] {
        seen.agedArchives.filter { $0.bounds.to <= cutoff }
            .sorted { ($0.bounds, $0.slice) < ($1.bounds, $1.slice) }
    }

    func verdict(of archive: TableObservation.AgedArchive) -> Verdict {
        if let reason = seen.orders.reasonToKeep(archive.bounds, at: calendar.wallClock) {
            return .keep(because: reason)
        }
        if seen.superseded.contains(archive.slice) { return .keep(because: .rowsVanished) }
        guard archive.isOnRecord else { return .keep(because: .notOnRecord) }
        guard rowsAreGone(archive) else { return .keep(because: .rowsRemain) }
        return isApproved ? .retire(steps: [.expire]) : .keep(because: .awaitingApproval)
    }

    private func rowsAreGone(_ archive: TableObservation.AgedArchive) -> Bool {
        let lives =
            seen.partitions.contains { $0.bounds?.overlaps(archive.bounds) ?? false }
            || seen.quarantine.contains { $0.bounds.overlaps(archive.bounds) }
            || seen.agedPeriods.contains { $0.bounds.overlaps(archive.bounds) }
        guard !lives else { return false }
        guard let state = seen.states[archive.bounds] else { return false }
        return state.rowsAreGone && state.condition == nil || state.kind == .expiring
    }

    /// What is to be said where somebody has to say yes first.
    var problems: [Problem] {
        let due = aged
        guard !isApproved, !due.isEmpty else { return [] }
        let bytes = due.reduce(0) { $0 + $1.bytes }
        return [
            Problem(
                "policy.archives", .brake,
                "keep_archives of \(seen.policy.table) was never approved as it is: it would remove "
                    + "archives of what lies wholly before \(cutoff.dateText), which today are "
                    + "\(due.count) of \(ByteCount(bytes)). No archive was removed.",
                hint: "pgretain approve --table \(seen.policy.table.description.shellWord)")
        ]
    }
}

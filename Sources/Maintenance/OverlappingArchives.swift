import Retention

/// Two archives of one table that may both have the same wanted row, as where the period was changed
/// and rows that stayed in the table were archived again under the new one.
struct OverlappingArchives {
    let slices: (Slice, Slice)
    /// What both are of, as far as it is wanted.
    let bounds: PartitionBounds

    /// A part of what was asked for may come twice.
    func problem(andMore count: Int, undone: String) -> Problem {
        let more = count > 0 ? ", and so have \(count) more pairs" : ""
        return Problem(
            "archive.overlap", .data,
            "The archives \(slices.0) and \(slices.1) both have rows of \(bounds)\(more): a row may "
                + "be in either, or in both. \(undone)",
            hint: "pgretain restore --period takes one of them; pgretain archives list --table "
                + "\(slices.0.table.description.shellWord) shows all.")
    }
}

extension RowSelection {
    /// One for all such pairs; nil where there are none.
    func overlap(among archives: [(slice: Slice, manifest: Manifest)], undone: String) -> Problem? {
        var pairs: [OverlappingArchives] = []
        // Of those before, which may reach into the next.
        var open: [(slice: Slice, manifest: Manifest)] = []
        for archive in archives.sorted(by: { $0.manifest.bounds < $1.manifest.bounds }) {
            open.removeAll { $0.manifest.bounds.to <= archive.manifest.bounds.from }
            for other in open {
                if let common = wanted(of: archive.manifest, and: other.manifest) {
                    pairs.append(.init(slices: (other.slice, archive.slice), bounds: common))
                }
            }
            open.append(archive)
        }
        return pairs.first?.problem(andMore: pairs.count - 1, undone: undone)
    }

    /// What both are of and may have wanted rows of; where one has no row of it, nothing can come twice.
    private func wanted(of one: Manifest, and other: Manifest) -> PartitionBounds? {
        guard
            let common = PartitionBounds(
                from: max(one.bounds.from, other.bounds.from, from ?? one.bounds.from),
                to: min(one.bounds.to, other.bounds.to, to ?? one.bounds.to))
        else { return nil }
        let rows = RowSelection(from: common.from, to: common.to, conditions: [], zone: zone)
        return [one, other].allSatisfy { !rows.parts(of: $0).isEmpty } ? common : nil
    }
}

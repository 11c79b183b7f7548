/// Where the archive of each range of a table is, or is to be made.
///
/// What was archived once stays in its place, whatever the policy has said of periods and zones
/// since: a second archive of the same range beside it would have its rows twice, and know nothing of
/// rows that have vanished since the first.
struct ArchivePlaces {
    /// Of ranges that the store or the ledger has archives of.
    private let known: [PartitionBounds: Set<Slice>]
    private let calendar: TableCalendar

    init(_ known: [PartitionBounds: Set<Slice>], calendar: TableCalendar) {
        self.known = known
        self.calendar = calendar
    }

    func slice(of bounds: PartitionBounds) -> Slice {
        let usual = Slice(
            table: calendar.table, path: calendar.period.slicePath(of: bounds, in: calendar.zone))
        guard let places = known[bounds], !places.contains(usual) else { return usual }
        return places.min() ?? usual
    }
}

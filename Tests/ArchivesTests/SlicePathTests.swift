import Retention
import Testing

@testable import Archives

@Suite struct SlicePathTests {
    /// What `Period` names, `SlicePath` admits, wherever midnight is; and never for a neighbour.
    @Test(arguments: Period.allCases)
    func admitsWhatThePeriodNames(period: Period) throws {
        let hour = 3600 * Instant.microsecondsPerSecond
        for day in stride(from: Int64(-40_000), to: 60_000, by: 97) {
            let noon = Instant(microseconds: day * Instant.microsecondsPerDay + 12 * hour)
            let bounds = period.bounds(containing: noon, in: .utc)
            let path = period.slicePath(of: bounds, in: .utc)
            #expect(SlicePath.isPath(path))
            for offset in [-14, 0, 12] as [Int64] {
                let local = try #require(
                    PartitionBounds(
                        from: Instant(microseconds: bounds.from.microseconds + offset * hour),
                        to: Instant(microseconds: bounds.to.microseconds + offset * hour)))
                #expect(SlicePath.admits(local, at: path), "\(bounds) at \(path)")
            }
            for step in [-1, 1] {
                let other = period.bounds(containing: noon, plus: step, in: .utc)
                #expect(!SlicePath.admits(other, at: path), "\(other) at \(path)")
            }
        }
    }

    @Test func boundsOfTheirOwnAreExact() throws {
        let from = instant("2025-01-05T00:00:00.5Z")
        let to = instant("2025-01-20T00:00:00Z")
        let bounds = try #require(PartitionBounds(from: from, to: to))
        let path = Period.month.slicePath(of: bounds, in: .utc)
        #expect(path == "from=20250105T000000.5Z/to=20250120T000000Z")
        #expect(SlicePath.admits(bounds, at: path))
        let later = try #require(
            PartitionBounds(from: Instant(microseconds: from.microseconds + 1), to: to))
        #expect(!SlicePath.admits(later, at: path))
    }

    @Test(arguments: [
        "", "/", "year=2025/", "/year=2025", "year=2025//month=01", "..", "year=2025/..",
        "year=2025/.hidden=1", ".partial-month=01", "_x=1", "year", "year=", "=2025", "year=20 25",
        "year=2025/month=01\n", "year=2025=1", "Year=2025", "year=2025/month=%30",
    ])
    func hostilePathsAreNone(path: String) {
        #expect(!SlicePath.isPath(path))
    }

    @Test(arguments: [
        "year=2025/month=13", "year=2025/month=02/day=30", "year=2025/quarter=5", "month=01",
        "year=2025/hour=01", "from=20250105/to=20250120T000000Z", "year=999999999999", "key=value",
    ])
    func whatIsNoPeriodIsNotStaged(path: String) throws {
        let scratch = try Scratch()
        let store = try scratch.store()
        let slice = Slice(table: logs, path: path)
        #expect(problem { _ = try store.stage(slice) }?.id == "archive.invalid")
        #expect(try names(in: store.root).isEmpty)
    }
}

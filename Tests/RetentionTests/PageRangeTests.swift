import Retention
import Testing

@Suite struct PageRangeTests {
    /// Filling hole after hole covers every page once, whatever was there before.
    @Test func holesAreFilledOnceEach() {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<2000 {
            let pages = Int64.random(in: 0...60, using: &generator)
            var taken: [PageRange] = []
            for _ in 0..<Int.random(in: 0...5, using: &generator) {
                let from = Int64.random(in: 0...60, using: &generator)
                let to = from + Int64.random(in: 1...20, using: &generator)
                guard let range = PageRange(from: from, to: to) else { continue }
                if !taken.contains(where: { $0.overlaps(range) }) { taken.append(range) }
            }
            let count = Int64.random(in: 1...30, using: &generator)
            while let hole = PageRange.firstHole(in: pages, between: taken, atMost: count) {
                #expect(hole.count <= count && hole.to <= pages)
                #expect(!taken.contains { $0.overlaps(hole) })
                taken.append(hole)
            }
            for page in 0..<pages {
                #expect(taken.count { $0.from <= page && page < $0.to } == 1)
            }
        }
    }

    @Test func anEmptyHeapHasNoHole() {
        #expect(PageRange.firstHole(in: 0, between: [], atMost: 5) == nil)
        #expect(PageRange(from: 3, to: 3) == nil)
        #expect(PageRange(from: -1, to: 3) == nil)
    }
}

import Testing

@testable import Postgres

@Suite struct PageSpans {
    @Test func everyPageIsInExactlyOneRange() {
        for pages in Int64(0)...40 {
            for step in Int64(1)...12 {
                let ranges = PageSpan.cut(pages: pages, every: step)
                // Beyond the end too: a table may have grown since it was measured.
                for page in 0..<(pages + 3) {
                    let holders = ranges.filter {
                        ($0.from.map { $0 <= page } ?? true) && ($0.to.map { page < $0 } ?? true)
                    }
                    #expect(holders.count == 1, "page \(page) of \(pages), every \(step)")
                }
                #expect(ranges.count == max(1, Int((pages + step - 1) / step)))
            }
        }
    }

    @Test func aRangeIsAConditionOnCtid() {
        let texts = PageSpan.cut(pages: 5, every: 2).map(\.test.text)
        #expect(
            texts == [
                "ctid < '(2,0)'", "ctid >= '(2,0)' AND ctid < '(4,0)'",
                "ctid >= '(4,0)'",
            ])
        #expect(PageSpan.all.test.text == "true")
    }
}

import Capacity
import Retention
import Testing

@Suite struct IndexReviewTests {
    private func index(
        _ name: String, _ keys: String..., option: Int = 0, predicate: String? = nil,
        isConstraint: Bool = false, included: [String] = []
    ) -> TableIndex {
        TableIndex(
            name: name, method: "btree",
            keys: keys.map { .init(text: $0, operatorClass: 1, collation: 0, option: option) },
            included: included, predicate: predicate, isConstraint: isConstraint, bytes: 8192)
    }

    private func findings(_ indexes: TableIndex...) -> [String] {
        IndexReview.findings(indexes + [index("by_time", "at")], key: "at")
    }

    @Test func whatIsTheSameIsADuplicate() {
        #expect(
            findings(index("a", "id"), index("b", "id"))
                == ["the index b (8 KiB) duplicates a"])
        #expect(
            findings(index("a", "id"), index("pkey", "id", isConstraint: true))
                == ["the index a (8 KiB) duplicates pkey"])
        #expect(
            findings(index("a", "id"), index("b", "id", option: 3)).count == 1, "backwards")
        #expect(findings(index("a", "id"), index("b", "id", option: 1)).isEmpty, "NULLs elsewhere")
    }

    @Test func whatAnotherBeginsWithIsNotNeeded() {
        #expect(
            findings(index("a", "id"), index("pkey", "id", "at", isConstraint: true))
                == ["the index a (8 KiB) is the beginning of pkey"])
        #expect(
            findings(index("u", "id", isConstraint: true), index("b", "id", "at")).isEmpty,
            "what enforces something stays")
        #expect(findings(index("a", "level"), index("b", "component", "level")).isEmpty)
        #expect(findings(index("a", "id", predicate: "id > 1"), index("b", "id")).isEmpty)
        #expect(
            findings(index("a", "id", included: ["x"]), index("b", "id")) == [
                "the index b (8 KiB) is the beginning of a"
            ])
    }

    @Test func aTimeColumnWithoutAnIndexIsSaid() {
        let found = IndexReview.findings([index("a", "level", "at")], key: "at")
        #expect(
            found == ["no index begins with at: whoever asks for a time reads whole partitions"])
    }

    @Test func whatNobodyReadsIsUnusedUnlessItEnforcesSomething() {
        var read = index("read", "level")
        read.scans = 1
        var empty = index("empty", "level")
        empty.bytes = 0
        let all = [read, empty, index("pkey", "id", isConstraint: true), index("a", "id")]
        #expect(IndexReview.unused(all).map(\.name) == ["a"])
    }

    @Test func partitionsThatLackOneAreNamed() {
        var lacking = index("a", "level")
        lacking.isValid = false
        lacking.missingFrom = ["p1", "p2", "p3", "p4"]
        #expect(findings(lacking) == ["the index a is missing on p1, p2, p3 and 1 more"])
        lacking.missingFrom = []
        #expect(
            findings(lacking) == ["the index a is invalid: it was never built to its end"])
    }
}

import Testing

@testable import Postgres

@Suite("The lock ladder")
struct LockLadderTests {
    @Test(
        "rungs double from 100 ms up to the longest",
        arguments: [
            (800, [100, 200, 400, 800, 800]), (500, [100, 200, 400, 500, 500]), (50, [50, 50]),
        ])
    func rungs(_ longest: Int, _ expected: [Int]) {
        let ladder = LockLadder(longestMilliseconds: longest)
        #expect(expected.indices.map(ladder.rung) == expected)
    }

    @Test("no number of attempts overflows")
    func far() {
        #expect(LockLadder().rung(Int.max) == 800)
        #expect(LockLadder(longestMilliseconds: 0, attempts: 0).rung(-1) == 1)
        #expect(LockLadder(attempts: 0).attempts == 1)
    }

    /// The table of the PostgreSQL manual, 13.3.1, row by row.
    @Test("lock modes conflict as the manual says")
    func conflicts() {
        let expected: [LockMode: Set<LockMode>] = [
            .accessShare: [.accessExclusive],
            .rowShare: [.exclusive, .accessExclusive],
            .rowExclusive: [.share, .shareRowExclusive, .exclusive, .accessExclusive],
            .shareUpdateExclusive: [
                .shareUpdateExclusive, .share, .shareRowExclusive, .exclusive, .accessExclusive,
            ],
            .share: [
                .rowExclusive, .shareUpdateExclusive, .shareRowExclusive, .exclusive,
                .accessExclusive,
            ],
            .shareRowExclusive: [
                .rowExclusive, .shareUpdateExclusive, .share, .shareRowExclusive, .exclusive,
                .accessExclusive,
            ],
            .exclusive: Set(LockMode.allCases).subtracting([.accessShare]),
            .accessExclusive: Set(LockMode.allCases),
        ]
        for mode in LockMode.allCases {
            #expect(Set(mode.conflictingModes) == expected[mode])
        }
    }
}

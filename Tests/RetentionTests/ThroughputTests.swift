import Retention
import Testing

/// How long things will take, from how long they took.
@Suite struct Throughputs {
    @Test(arguments: [
        (1.0, "1 s"), (42.2, "43 s"), (300, "5 min"), (3_600, "60 min"), (11_400, "3 h 10 min"),
        (7_200, "2 h"),
    ])
    func anEstimateIsReadAtAGlance(seconds: Double, text: String) {
        #expect(Throughput.text(seconds: seconds) == text)
    }

    @Test func itIsBelievedWhenItRestsOnEnough() {
        var throughput = Throughput()
        #expect(!throughput.isMeasured)
        throughput.add(bytes: Throughput.fewestBytes, seconds: 2)
        #expect(throughput.isMeasured)
        let needed = throughput.secondsNeeded(for: 10 * Throughput.fewestBytes)
        #expect(needed >= 20, "never less than it took before")
        #expect(throughput.bytesDone(in: needed) == 10 * Throughput.fewestBytes)
    }
}

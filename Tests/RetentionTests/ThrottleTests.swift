import Retention
import Testing

@Suite struct Throttling {
    /// Whatever sizes come and however late a sleeper wakes: no more than the rate allows, and
    /// little less when there is always something to send.
    @Test(arguments: [10_000, 1_000_000, 50_000_000, 3_000_000_000])
    func aRateIsKeptOverAnyStretch(rate: Int64) {
        var random = SeededGenerator(seed: 9)
        var bucket = TokenBucket(bytesPerSecond: rate)
        var now: Int64 = 5_000_000_000
        var sent: [(at: Int64, bytes: Int)] = []
        for step in 0..<2000 {
            let bytes = Int.random(in: 1...200_000, using: &random)
            sent.append((now, bytes))
            now += bucket.take(bytes, at: now)
            // Sleepers wake late; and once in a while the source itself is slow.
            now += Int64.random(in: 0...2_000_000, using: &random)
            if step % 500 == 499 { now += 3_000_000_000 }
        }
        let burst = Double(rate) / 4
        for start in stride(from: 0, to: sent.count, by: 97) {
            var bytes = 0
            for entry in sent[start...] {
                // What came last has not been waited for yet.
                let seconds = Double(entry.at - sent[start].at) * 1e-9
                #expect(Double(bytes) <= seconds * Double(rate) + burst + 200_000)
                bytes += entry.bytes
            }
        }
    }

    @Test func nothingIsLostWhenSleepersWakeLate() {
        // The rate is a rate and not a pause after each portion.
        var bucket = TokenBucket(bytesPerSecond: 1_000_000)
        var now: Int64 = 0
        for _ in 0..<1000 {
            now += bucket.take(10_000, at: now)
            now += 5_000_000
        }
        #expect(now < 10_200_000_000 && now > 9_700_000_000, "10 MB at 1 MB/s, each nap 5 ms late")
    }

    @Test(arguments: [
        ("10 GB", 10_000_000_000), ("512MiB", 536_870_912), ("0 B", 0), ("1 kB", 1000),
        ("7 tb", 7_000_000_000_000),
    ])
    func sizesAreRead(text: String, bytes: Int64) {
        #expect(ByteCount(text)?.bytes == bytes)
    }

    @Test(arguments: ["", "10", "GB", "1.5 GB", "-1 GB", "10 GB/s", "9223372036854775807 kB"])
    func whatIsNoSizeIsNone(text: String) {
        #expect(ByteCount(text) == nil)
    }

    @Test func exactSizesReadBack() {
        for text in ["10 GB", "512 MiB", "50 MB", "999 B", "16 TiB", "1234 kB"] {
            #expect(ByteCount(text)?.description == text)
        }
        #expect(ByteCount(12_345_678_901).description == "12 GB")
    }

    @Test func onlyWhatIsNamedIsAPressure() {
        let load = ServerLoad(
            replicas: [
                .init(name: "near", lag: Span(microseconds: 1_000_000)),
                .init(name: "far", lag: Span(microseconds: 90_000_000)),
            ],
            slots: [.init(name: "idle", retained: ByteCount(5_000_000_000))],
            unarchivedFile: "000000010000000000000042")
        #expect(PressureLimits().exceeded(by: load).isEmpty)

        var limits = PressureLimits(replicaLag: Span(microseconds: 30_000_000))
        #expect(limits.exceeded(by: load).map(\.key) == ["limits.replica_lag"])
        #expect(
            limits.exceeded(by: load).first?.sentence
                == "the replica far lags 90 s (limit 30 s)")
        limits.replicaLag = Span(microseconds: 90_000_000)
        #expect(limits.exceeded(by: load).isEmpty, "at the limit is not beyond it")

        limits = PressureLimits(slotWAL: ByteCount(4_000_000_000), waitsForArchiver: true)
        #expect(
            limits.exceeded(by: load).map(\.key) == ["limits.slot_wal", "limits.archive_failures"])
        #expect(limits.exceeded(by: ServerLoad(hiddenReplicas: 3)).isEmpty)
    }
}

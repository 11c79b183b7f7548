import Foundation
import SampleLogs
import TestSupport
import Testing

/// A host that shares a night dies, and the others do what it was at.
///
/// `PGRETAIN_FAULTS=N` tries N places and moments (0: all places); `PGRETAIN_FAULTS_SEED` chooses which.
@Suite struct TakingOver {
    private func expectDone(_ scene: Scene, by host: Running, _ what: String) throws {
        let outcome = host.wait()
        #expect(outcome.status == 0, "\(what): \(outcome.stderr)")
        #expect(try scene.aged() == [], "\(what)")
        #expect(try scene.quarantined() == 0, "\(what)")
        #expect(try scene.unfinished() == [], "\(what)")
        try scene.expectLinked()
    }

    @Test func aClaimIsFreeWhenItsHolderDies() throws {
        let scene = try Scene.backlog()
        let rows = try Conservation(scene)
        let mark = scene.newMark()
        let dying = try scene.host(
            "--max-retire", "99", failing: "night.claimed#1=pause:\(mark)")
        try scene.waitFor(mark, of: dying)
        let other = try scene.host("--max-retire", "99")
        try scene.waitForStep("pgretain: wait for other hosts")
        #expect(try scene.aged() == ["logs_2025_01"], "all but what is claimed")
        dying.signal(SIGKILL)
        _ = dying.wait()
        try expectDone(scene, by: other, "killed with a claim")
        try rows.expectHealed("a claim of a dead host")
    }

    /// What a living host is writing is not removed by one that has nothing else to do, nor by one that
    /// comes later; what a dead one was writing is.
    @Test(arguments: ["night.exported", "night.verified", "night.published"], [false, true])
    func theLivingAreLeftAlone(place: String, dies: Bool) throws {
        let scene = try Scene.backlog(months: 4)
        let rows = try Conservation(scene)
        let mark = scene.newMark()
        let slow = try scene.host("--max-retire", "99", failing: "\(place)#1=pause:\(mark)")
        try scene.waitFor(mark, of: slow)
        let before = try scene.archiveFiles().filter { $0.contains("month=01") }
        #expect(!before.isEmpty)
        let others = try (0..<2).map { _ in try scene.host("--max-retire", "99") }
        try scene.wait(
            for: "2",
            from: """
                SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                    AND application_name = 'pgretain: wait for other hosts'
                """)
        #expect(try scene.aged() == ["logs_2025_01"])
        let now = try scene.archiveFiles().filter { $0.contains("month=01") }
        #expect(now == before)
        if dies {
            slow.signal(SIGKILL)
            _ = slow.wait()
        } else {
            try scene.letGo(mark)
            try expectDone(scene, by: slow, place)
        }
        for other in others { try expectDone(scene, by: other, place) }
        try rows.expectHealed(place)
    }

    /// In a bucket an archive is moved object by object.
    @Test func inABucketToo() throws {
        for place in ["night.exported", "night.verified", "night.published"] {
            let scene = try Scene.backlog(months: 3, in: .shared)
            let rows = try Conservation(scene)
            let dying = try scene.host("--max-retire", "99", failing: "\(place)#1=crash")
            let other = try scene.host("--max-retire", "99")
            _ = dying.wait()
            let outcome = other.wait()
            #expect(outcome.status == 0, "\(place): \(outcome.stderr)")
            try rows.expectNothingLost(place)
            #expect(try scene.aged() == [], "\(place)")
        }
    }

    @Test(arguments: [false, true])
    func oneMayDieAnywhere(isRanged: Bool) throws {
        func scene() throws -> Scene {
            let scene = try Scene.backlog(
                months: 3, rows: isRanged ? 250 : 40, extra: "limits: { snapshot_age: 1 s }")
            if isRanged { try scene.makeSlow() }
            return scene
        }
        let trace = try scene()
        let file = trace.configuration + ".trace"
        let whole = try trace.pgretain(
            "run", "--share", "--max-retire", "99", environment: ["PGRETAIN_FAIL_TRACE": file])
        #expect(whole.status == 0, "\(whole.stderr)")
        let places = try Place.passed(file)
        #expect(Set(places.map(\.name)).isSuperset(of: ["night.claimed", "night.alone"]))
        for place in Faults.chosen(places, of: { $0.name }) {
            let what = "\(place)=crash"
            let scene = try scene()
            let rows = try Conservation(scene)
            let dying = try scene.host("--max-retire", "99", failing: what)
            let other = try scene.host("--max-retire", "99")
            let dead = dying.wait()
            #expect(dead.status == 0 || dead.status == 128 + 9, "\(what): \(dead.stderr)")
            let outcome = other.wait()
            #expect(outcome.status == 0, "\(what): \(outcome.stderr)")
            #expect(try scene.aged() == [], "\(what)")
            try rows.expectHealed(what)
            try scene.expectLinked()
        }
    }

    /// Of three hosts two are killed, at moments that nobody chose.
    @Test func twoOfThreeDieAtAnyMoment() throws {
        func scene() throws -> Scene {
            try Scene.backlog(months: 5, rows: 2500, extra: "part_size: 1 MiB\njobs: 2")
        }
        let usual = try scene()
        let begin = Date()
        #expect(try usual.host("--max-retire", "99").wait().status == 0)
        let seconds = Date().timeIntervalSince(begin)
        var random = SplitMix64(seed: Faults.seed)
        for _ in 0..<Faults.count(otherwise: 4) {
            let moments = (0..<2).map { _ in Double.random(in: 0...seconds, using: &random) }
                .sorted()
            let what = "kill -9 after \(moments)"
            let scene = try scene()
            let rows = try Conservation(scene)
            let hosts = try (0..<3).map { _ in try scene.host("--max-retire", "99") }
            let start = Date()
            for (host, moment) in zip(hosts, moments) {
                Thread.sleep(forTimeInterval: max(0, moment - Date().timeIntervalSince(start)))
                host.signal(SIGKILL)
            }
            for host in hosts.dropLast() { _ = host.wait() }
            let outcome = hosts[2].wait()
            #expect(outcome.status == 0, "\(what): \(outcome.stderr)")
            #expect(try scene.aged() == [], "\(what)")
            try rows.expectHealed(what)
        }
    }
}

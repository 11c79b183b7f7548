import Foundation
import SampleLogs
import TestSupport
import Testing

extension Slices {
    /// Writers in every window of a slice's way, and nights that end anywhere on it.
    @Suite(.serialized) struct UnderFire {
        private func rows(_ scene: Scene, where condition: String) throws -> [String] {
            try scene.database.superuser(
                "SELECT row_to_json(t) FROM logs AS t WHERE \(condition) ORDER BY id"
            ).split(separator: "\n").map(String.init)
        }

        /// Nights until nothing is left to do, and one more.
        private func finish(_ scene: Scene, _ what: String) throws {
            for _ in 0..<3 {
                let night = try scene.night(nil, "--max-retire", "9")
                #expect(night.status == 0, "\(what): \(night.stderr)")
            }
            #expect(try Slices.old(scene) == 0, "\(what)")
        }

        static let places = [
            "night.exported", "night.verified", "night.published", "night.recorded",
            "night.deleting",
            "night.batch-deleted", "night.deleted",
        ]

        @Test(arguments: places)
        func lateRowsAreNeverLost(place: String) throws {
            let scene = try Slices.wide()
            var conservation = try Conservation(scene)
            let night = try scene.night(standingAt: place) {
                try scene.database.psql(
                    """
                    INSERT INTO logs (level, message, created_at)
                        SELECT 'LATE', 'late ' || n, timestamptz '2025-01-31 12:00+00'
                        FROM generate_series(1, 20) AS n
                    """)
                conservation.note(try rows(scene, where: "level = 'LATE'"))
            }
            #expect(night.status == 0, "\(night.stderr)")
            try conservation.expectNothingLost(place)
            try finish(scene, place)
            try conservation.expectEachOnce("after \(place)")
        }

        /// What a row was when it was archived and what it is now are both kept; where the archive was
        /// not deleted against yet, nothing more is until somebody has looked.
        @Test(arguments: places)
        func updatesAreNeverLost(place: String) throws {
            let scene = try Slices.wide()
            var conservation = try Conservation(scene)
            let night = try scene.night(standingAt: place) {
                try scene.database.psql(
                    """
                    UPDATE logs SET level = 'CHANGED'
                        WHERE created_at BETWEEN '2025-01-01 00:00+00' AND '2025-02-01 00:00+00'
                        AND id % 7 = 0
                    """)
                let hasBegun = ["night.deleting", "night.batch-deleted", "night.deleted"].contains(
                    place)
                // Before the deletion begins the table has all rows that there are.
                if !hasBegun { conservation = try Conservation(scene) }
                conservation.note(hasBegun ? try rows(scene, where: "level = 'CHANGED'") : [])
            }
            #expect(
                night.status == 0 || night.stderr.contains("archive.vanished"), "\(night.stderr)")
            try conservation.expectNothingLost(place)
            for _ in 0..<2 {
                let next = try scene.night(nil, "--max-retire", "9")
                #expect(next.status == night.status, "\(next.stderr)")
            }
            try conservation.expectNothingLost("after \(place)")
            #expect(
                try Slices.old(scene) == (night.status == 0 ? 0 : 300),
                "January stays, and is said to")
        }

        /// An UPDATE that changes nothing makes young rows of archived ones: they stay, and the next
        /// night finds them in the archive. Beside a row that is new it says so, and what ends it.
        @Test(arguments: [false, true])
        func updatesThatChangeNothing(besideOneThatIsNew: Bool) throws {
            let scene = try Slices.wide()
            let conservation = try Conservation(scene)
            let night = try scene.night(standingAt: "night.deleting") {
                try scene.database.psql(
                    """
                    UPDATE logs SET level = level
                        WHERE created_at < '2025-02-01 00:00+00' AND id % 7 = 0
                    """)
                guard besideOneThatIsNew else { return }
                try scene.database.psql(
                    "INSERT INTO logs (level, created_at) VALUES ('LATE', '2025-01-31 12:00+00')")
            }
            #expect(night.status == 0, "\(night.stderr)")
            guard besideOneThatIsNew else {
                #expect(try Slices.old(scene) > 600, "some of January are there")
                try conservation.expectNothingLost("before the next night")
                try finish(scene, "written again")
                return try conservation.expectEachOnce("in the end")
            }
            let next = try scene.night(nil)
            let accept = "archives accept --table public.logs --period 2025-01 --reason"
            #expect(next.status == 65 && next.stderr.contains("are there again"), "\(next.stderr)")
            #expect(next.stderr.contains("pgretain \(accept)"), "\(next.stderr)")
            let words = accept.split(separator: " ").map(String.init) + ["a migration"]
            #expect(try scene.pgretain(words, environment: [:]).status == 0)
            try finish(scene, "accepted")
        }

        /// A writer that was under way at the snapshot is older than it by its number, and its rows
        /// are not in the archive.
        @Test(arguments: [
            "", "SAVEPOINT a;",
            "SAVEPOINT a; INSERT INTO logs VALUES (DEFAULT, 'x', 'y', '2025-01-02 00:00+00'); SAVEPOINT b;",
        ])
        func rowsOfATransactionThatEndsLateStay(start: String) throws {
            let scene = try Slices.wide()
            var conservation = try Conservation(scene)
            let writer = try scene.database.session()
            defer { writer.ask("ROLLBACK;") }
            writer.ask(
                "BEGIN; \(start) INSERT INTO logs (level, message, created_at) "
                    + "VALUES ('SLOW', 'slow', '2025-01-15 00:00+00');")
            // Others come and go after it, so that its number is old.
            for _ in 0..<5 { try scene.database.psql("SELECT pg_current_xact_id()") }
            let night = try scene.night(standingAt: "night.deleting") {
                writer.ask("COMMIT;")
                conservation.note(try rows(scene, where: "level IN ('SLOW', 'x')"))
            }
            #expect(night.status == 0, "\(night.stderr)")
            try conservation.expectNothingLost("its transaction ended late")
            try finish(scene, "late")
            try conservation.expectEachOnce("in the end")
        }

        /// Deletes of others, a rewrite of the table, and one that undoes itself.
        @Test(arguments: [
            "DELETE FROM logs WHERE id % 5 = 0", "VACUUM FULL logs_old",
            "CLUSTER logs_old USING logs_old_pkey",
            "BEGIN; UPDATE logs SET level = 'NEVER'; ROLLBACK", "VACUUM (FREEZE) logs_old",
        ])
        func whatElseHappensMeanwhile(statement: String) throws {
            for place in ["night.recorded", "night.batch-deleted"] {
                let scene = try Slices.wide()
                let conservation = try Conservation(scene)
                let night = try scene.night(standingAt: place) {
                    try scene.database.superuser(statement)
                }
                #expect([0, 65, 75].contains(night.status), "\(place): \(night.stderr)")
                guard !statement.hasPrefix("DELETE") else { continue }
                try conservation.expectNothingLost("\(statement) at \(place)")
                try finish(scene, "\(statement) at \(place)")
                try conservation.expectEachOnce("\(statement) at \(place)")
            }
        }

        /// `PGRETAIN_FAULTS=N` tries N moments.
        @Test func killedAtAnyMoment() throws {
            let usual = try Slices.wide(rows: 2000)
            let begin = Date()
            #expect(try usual.night(nil, "--max-retire", "9").status == 0)
            let seconds = Date().timeIntervalSince(begin)
            var random = SplitMix64(seed: Faults.seed)
            for _ in 0..<Faults.count(otherwise: 3) {
                let moment = Double.random(in: 0...seconds, using: &random)
                let scene = try Slices.wide(rows: 2000)
                let conservation = try Conservation(scene)
                let night = try scene.start("run", "--max-retire", "9")
                Thread.sleep(forTimeInterval: moment)
                night.signal(SIGKILL)
                _ = night.wait()
                try conservation.expectNothingLost("kill -9 after \(moment) s")
                let healed = try scene.nightOnceFree("--max-retire", "9")
                #expect(healed.status == 0, "after \(moment) s: \(healed.stderr)")
                #expect(try Slices.old(scene) == 0, "after \(moment) s")
                try conservation.expectEachOnce("kill -9 after \(moment) s")
            }
        }

        @Test(arguments: ["crash", "error"])
        func aNightThatEndsAnywhereIsFinishedByTheNext(action: String) throws {
            let all = try Slices.wide(rows: 60).placesOfANight().filter {
                action == "crash" || !$0.name.hasPrefix("night.")
            }
            try #require(all.contains { $0.name.hasPrefix("sql.slice.delete.") })
            for place in Faults.chosen(all, costing: 2, of: { $0.name }) {
                let what = "\(place)=\(action)"
                let scene = try Slices.wide(rows: 60)
                var conservation = try Conservation(scene)
                let broken = try scene.pgretain(["run"], environment: ["PGRETAIN_FAIL_AT": what])
                #expect(broken.status != 0 || action == "error", "\(what)")
                try conservation.expectNothingLost(what)
                try scene.database.psql(
                    """
                    INSERT INTO logs (level, message, created_at)
                    VALUES ('LATE', 'late', '2025-01-20 00:00+00')
                    """)
                conservation.note(try rows(scene, where: "level = 'LATE'"))
                try finish(scene, "after \(what)")
                try conservation.expectEachOnce("after \(what)")
                #expect(try scene.unfinished().isEmpty, "after \(what)")
            }
        }
    }
}

import Foundation
import TestSupport
import Testing

/// What an operator says when the program has stopped and waits: go on all the same, for a reason.
@Suite struct OperatorsWord {
    private func reasons(_ scene: Scene, _ kind: String) throws -> String {
        try scene.database.superuser(
            """
            SELECT string_agg(details ->> 'reason', ', ' ORDER BY id) FROM pgretain.ledger
            WHERE kind = '\(kind)' AND actor <> '' AND host <> ''
            """)
    }

    // MARK: accept

    @Test func whatVanishedIsNoAlarmOnceItIsAccepted() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 2, rows: 50)
        try scene.configure(Scene.policy(grace: "1 s", more: ["premake: 0"]))
        try scene.approve()
        #expect(try scene.night(nil, "--only", "retire").status == 0)
        let waiting = try scene.database.superuser(
            "SELECT 'pgretain.' || relname FROM pg_class WHERE relname LIKE 'q\\_%' AND relkind = 'r'"
        )
        try scene.database.superuser("DELETE FROM \(waiting) WHERE id = 7")
        Thread.sleep(forTimeInterval: 1.2)
        for _ in 1...2 { #expect(try scene.night(nil, "--only", "retire").status == 65) }
        #expect(try scene.quarantined() == 1)

        func verdict() throws -> String {
            let findings = try JSONView(try scene.pgretain("check", "--json").stdout)["check"][
                "findings"]
            return findings.list.first { $0["id"].text == "archive.vanished" }?["severity"].text
                ?? ""
        }
        #expect(try verdict() == "critical")
        let accept = ["archives", "accept", "--table", "logs", "--period", "2025-01"]
        #expect(try scene.pgretain(accept).status == 64)
        let accepted = try scene.pgretain(accept + ["--reason", "failover"])
        #expect(accepted.status == 0, "\(accepted.stderr)")
        #expect(accepted.stdout.contains("superseded, number 1: 50 rows"), "\(accepted.stdout)")
        #expect(try scene.pgretain(accept + ["--reason", "again"]).status == 66)
        #expect(try reasons(scene, "accepted") == "failover")
        #expect(try verdict() == "info")

        let night = try scene.night(nil, "--only", "retire")
        #expect(night.status == 0, "\(night.stderr)")
        #expect(try scene.quarantined() == 0)
        let list = try scene.pgretain("archives", "list")
        #expect(list.status == 0 && list.stdout.contains("superseded, number 1"))
        #expect(list.stdout.contains("49 rows") && list.stdout.contains("50 rows"))
        #expect(try scene.night(nil).status == 0)
    }

    // MARK: drop

    @Test func aGraceIsSkippedAgainstTheSameProof() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 4, rows: 30)
        try scene.configure(Scene.policy(grace: "300 days", more: ["premake: 0"]))
        try scene.approve()
        #expect(try scene.night(nil, "--max-retire", "3").status == 0)
        #expect(try scene.quarantined() == 3)
        func drop(_ period: String) throws -> Outcome {
            try scene.pgretain(
                "drop", "--table", "logs", "--period", period, "--skip-grace", "--reason",
                "disk full")
        }
        #expect(
            try scene.pgretain("drop", "--table", "logs", "--period", "2025-01", "--reason", "x")
                .status == 64)
        #expect(try drop("2025-04").status == 66)

        try scene.pgretain(
            "hold", "add", "--table", "logs", "--period", "2025-01", "--reason", "case 4711")
        let held = try drop("2025-01")
        #expect(held.status == 76 && held.stderr.contains("case 4711"), "\(held.stderr)")
        #expect(try scene.quarantined() == 3)

        let dropped = try drop("2025-02")
        #expect(dropped.status == 0, "\(dropped.stderr)")
        #expect(dropped.stdout.contains("drop"), "\(dropped.stdout)")
        #expect(try scene.quarantined() == 2)
        #expect(try reasons(scene, "hastened") == "disk full")

        // The proof is the night's: an archive that is not what it was drops nothing.
        let part = scene.archives + "/public.logs/year=2025/month=03/part-00000.ndjson.gz"
        chmod(part, 0o640)
        let file = try #require(FileHandle(forUpdatingAtPath: part))
        try file.seek(toOffset: 30)
        try file.write(contentsOf: Data([0xff, 0xff]))
        try file.close()
        #expect(try drop("2025-03").status == 65)
        #expect(try scene.quarantined() == 2)
        try scene.pgretain("pause", "--reason", "migration")
        #expect(try drop("2025-03").status == 76)
    }

    // MARK: diff

    @Test func whatIsOnOneSideOnlyIsCounted() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 3, rows: 40)
        try scene.configure(Scene.policy(grace: "300 days", more: ["premake: 0"]))
        try scene.approve()
        #expect(try scene.night(nil, "--max-retire", "1").status == 0)
        try scene.configure(Scene.policy(then: "keep", more: ["premake: 0"]))
        #expect(try scene.night(nil).status == 0)
        func diff(_ month: String) throws -> (status: Int32, rows: [Int?]) {
            let outcome = try scene.pgretain(
                "archives", "diff", "--table", "logs", "--period", "2025-\(month)", "--json")
            guard outcome.status == 0 || outcome.status == 65 else { return (outcome.status, []) }
            let view = try JSONView(outcome.stdout)["diff"]
            return (
                outcome.status,
                ["in_both", "only_archived", "only_live"].map { view[$0].number }
            )
        }
        #expect(try diff("01").rows == [40, 0, 0], "in quarantine")
        #expect(try diff("02") == (0, [40, 0, 0]))
        try scene.database.psql(
            """
            DELETE FROM logs_2025_02 WHERE id % 40 IN (1, 2);
            UPDATE logs_2025_02 SET level = 'LATE' WHERE id % 40 = 3;
            INSERT INTO logs (level, created_at) SELECT 'NEW', '2025-02-20' FROM generate_series(1, 5)
            """)
        #expect(try diff("02") == (65, [37, 3, 6]))
        #expect(try diff("07").status == 66)
    }

    // MARK: verify --sample

    @Test func theScrubGoesRoundAndComesBackToWhatWasBad() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 5, rows: 30)
        try scene.configure(Scene.policy(then: "keep", more: ["premake: 0"]))
        #expect(try scene.night(nil).status == 0)
        func scrub(_ share: String, _ day: Int) throws -> (status: Int32, months: [String]) {
            let outcome = try scene.pgretain(
                "archives", "verify", "--sample", share, "--now", "2026-01-0\(day)T00:00:00Z")
            let months = outcome.stdout.split(separator: "\n").dropLast()
                .compactMap { $0.split(separator: "=").last?.prefix(2) }.map(String.init)
            return (outcome.status, months)
        }
        #expect(try scrub("1%", 1).months == ["01"])
        #expect(try scrub("30%", 2).months == ["02", "03"])
        #expect(try scrub("1%", 3).months == ["04"])
        #expect(try scrub("1%", 4).months == ["05"])
        let part = scene.archives + "/public.logs/year=2025/month=02/part-00000.ndjson.gz"
        let good = try Data(contentsOf: URL(fileURLWithPath: part))
        chmod(part, 0o640)
        try (good.prefix(40) + [good[40] ^ 1] + good.dropFirst(41)).write(
            to: URL(fileURLWithPath: part))
        #expect(try scrub("100%", 5).status == 65)
        let again = try scrub("1%", 6)
        #expect(again.status == 65 && again.months == ["02"])
        let check = try scene.pgretain("check")
        #expect(check.status == 2 && check.stdout.contains("archive.damaged"), "\(check.stdout)")
        try good.write(to: URL(fileURLWithPath: part))
        #expect(try scrub("1%", 7).status == 0)
        // What cannot be read of the record is read again sooner.
        try Data("pgretain checks 1\nrubbish".utf8).write(
            to: URL(fileURLWithPath: scene.archives + "/.checks"))
        #expect(try scrub("1%", 8).months == ["01"])
        #expect(try scene.pgretain("archives", "verify", "--sample", "0%").status == 64)
        #expect(try scene.pgretain("archives", "verify").status == 0)
    }

    /// Regression: only a scrub was written down, so that it said "never read" of what was just
    /// verified; and what could not be read counted as bad.
    @Test func whatIsVerifiedIsWrittenDownHoweverItWasChosen() throws {
        let scene = try Scene()
        try scene.makeLogs(from: "2025-01-01", months: 4, rows: 30)
        try scene.configure(Scene.policy(then: "keep", more: ["premake: 0"]))
        #expect(try scene.night(nil).status == 0)
        func verify(_ day: Int, _ more: String...) throws -> Outcome {
            try scene.pgretain(
                ["archives", "verify", "--now", "2026-01-0\(day)T00:00:00Z"] + more)
        }
        #expect(try verify(1).status == 0)
        let scrub = try verify(2, "--sample", "1%")
        #expect(scrub.stdout.contains("each was read since 2026-01-01"), "\(scrub.stdout)")

        let month = scene.archives + "/public.logs/year=2025/month="
        let part = month + "03/part-00000.ndjson.gz"
        let good = try Data(contentsOf: URL(fileURLWithPath: part))
        chmod(part, 0o640)
        try (good.prefix(40) + [good[40] ^ 1] + good.dropFirst(41)).write(
            to: URL(fileURLWithPath: part))
        #expect(try verify(3, "--table", "logs", "--period", "2025-03").status == 65)
        let again = try verify(4, "--sample", "1%")
        #expect(again.status == 65 && again.stdout.contains("month=03"), "\(again.stdout)")
        try good.write(to: URL(fileURLWithPath: part))
        #expect(try verify(5, "--table", "logs", "--period", "2025-03").status == 0)

        let library = URL(fileURLWithPath: Program.pgretain).deletingLastPathComponent()
            .appendingPathComponent("libFaultyIO.so").path
        let unread = try scene.pgretain(
            ["archives", "verify"],
            environment: [
                "LD_PRELOAD": library, "FAULTY_IO_ROOT": month + "02/part-",
                "FAULTY_IO_CALL": "open", "FAULTY_IO_N": "1", "FAULTY_IO_ERRNO": "\(EIO)",
                "FAULTY_IO_EVER": "1",
            ])
        #expect(unread.status == 74, "\(unread.stderr)")
        let record = try String(contentsOfFile: scene.archives + "/.checks", encoding: .utf8)
        #expect(record.contains("good") && !record.contains("bad"), "\(record)")

        #expect(chmod(scene.archives, 0o777) == 0)
        let unwritten = try verify(6)
        #expect(unwritten.status == 0, "\(unwritten.stderr)")
        #expect(unwritten.stderr.contains("is not written down"), "\(unwritten.stderr)")
        #expect(try verify(7, "--sample", "1%").status == 77)
    }
}

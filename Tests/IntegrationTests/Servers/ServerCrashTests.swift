import Foundation
import TestSupport
import Testing

extension MisbehavingServers {
    /// The server is stopped at once while the night is at some place, and started again.
    @Suite struct ServerCrashes {
        enum Return: CaseIterable {
            /// Before the night goes on.
            case atOnce
            /// After the night has ended.
            case afterwards
        }

        private let server = MisbehavingServers.server

        @Test(arguments: Return.allCases)
        func aServerThatCrashesAnywhereLosesNothing(comesBack: Return) throws {
            let places = try MisbehavingServers.scene().placesOfANight()
            for place in Faults.chosen(places, costing: 6, of: { $0.name }) {
                let scene = try MisbehavingServers.scene()
                let rows = try Conservation(scene)
                let what = "a crash of the server at \(place), back \(comesBack)"
                let night = try scene.night(standingAt: place.name, place.number) {
                    try server.crash()
                    if comesBack == .atOnce { try server.start() }
                }
                if comesBack == .afterwards { try server.start() }
                if night.status == 0 {
                    let aged = try scene.partitions().filter { $0.hasPrefix("logs_2025") }
                    #expect(aged.isEmpty, "\(what): said to be done")
                } else {
                    #expect(night.status == 69, "\(what): \(night.status) \(night.stderr)")
                    #expect(night.stderr.contains("next: "), "\(what): \(night.stderr)")
                }
                try rows.expectHealed(what)
            }
        }

        /// A database may say `synchronous_commit = off`; what we have done is durable all the same.
        @Test(arguments: ["recorded": "archived", "dropped": "dropped"])
        func whatWasDoneIsStillDoneAfterACrash(place: String, kind: String) throws {
            let scene = try MisbehavingServers.scene()
            try commitAsynchronously(scene)
            let rows = try Conservation(scene)
            let night = try scene.night(standingAt: "night.\(place)") {
                #expect(try scene.events(of: "logs_2025_01").last == kind)
                try server.crash()
                try server.start()
                #expect(try scene.events(of: "logs_2025_01").last == kind, "a crash undid it")
            }
            #expect(night.status == 69, "\(night.stderr)")
            try rows.expectHealed("a crash after \(place)")
        }

        @Test func aYesIsStillAYesAfterACrash() throws {
            let scene = try MisbehavingServers.scene()
            try commitAsynchronously(scene)
            try scene.configure(Scene.policy(retain: "80 days", more: ["premake: 0"]))
            try scene.approve()
            try server.crash()
            try server.start()
            #expect(try scene.night(nil).status == 0)
        }

        /// Rows that their writer did not wait for are seen and exported, and a crash takes them back;
        /// then others stand in the same places under the same transaction ids.
        @Test func rowVersionsThatAreHandedOutTwiceFoolNobody() throws {
            let scene = try MisbehavingServers.scene()
            let versions = "SELECT ctid, xmin FROM logs_2025_01 WHERE message ="
            var rows: Conservation?
            let exporting = try beforeTheSnapshot()
            let night = try scene.night(standingAt: [
                (exporting, { try insertAsynchronously("first", scene) }),
                (
                    Place(name: "night.exported", number: 1),
                    {
                        let before = try scene.database.superuser("\(versions) 'first'")
                        try server.crash()
                        try server.start()
                        try insertAsynchronously("second", scene)
                        let after = try scene.database.superuser("\(versions) 'second'")
                        #expect(before == after, "they are handed out twice")
                        rows = try Conservation(scene)
                    }
                ),
            ])
            #expect(night.status == 69, "\(night.stderr)")
            try #require(rows).expectHealed("a crash that took exported rows back")
        }

        /// An archive that is published holds nothing that a crash could take back.
        @Test func whatIsPublishedIsDurableInTheServerToo() throws {
            let scene = try MisbehavingServers.scene()
            var rows: Conservation?
            let exporting = try beforeTheSnapshot()
            let night = try scene.night(standingAt: [
                (exporting, { try insertAsynchronously("first", scene) }),
                (
                    Place(name: "night.published", number: 1),
                    {
                        rows = try Conservation(scene)
                        try server.crash()
                        try server.start()
                    }
                ),
            ])
            #expect(night.status == 69, "\(night.stderr)")
            try #require(rows).expectHealed("a crash after an archive was published")
        }

        /// The last moment before the snapshot of the first export: the night commits nothing between.
        private func beforeTheSnapshot() throws -> Place {
            let places = try MisbehavingServers.scene().placesOfANight()
            let export = try #require(places.firstIndex { $0.name == "copy.out" })
            return try #require(
                places[..<export].last { $0.name == "sql.transaction.begin.before" })
        }

        /// Ten rows, each of which commits and does not wait for the disk. They are less than a page of
        /// WAL, and begin one: a page that is full would be written for its own sake.
        private func insertAsynchronously(_ message: String, _ scene: Scene) throws {
            try scene.database.superuser(
                """
                SELECT pg_switch_wal();
                SET synchronous_commit = off;
                DO $$ BEGIN
                    FOR n IN 1..10 LOOP
                        INSERT INTO logs (id, level, message, created_at)
                            VALUES (5000 + n, 'INFO', '\(message)', '2025-01-20 12:00+00');
                        COMMIT;
                    END LOOP;
                END $$;
                """)
        }

        /// Whoever connects to the database, but for those who say otherwise.
        private func commitAsynchronously(_ scene: Scene) throws {
            try scene.database.superuser(
                "ALTER DATABASE \(scene.database.name) SET synchronous_commit = off")
        }
    }
}

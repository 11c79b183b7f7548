import Foundation
import TestSupport
import Testing

extension MisbehavingServers {
    /// A standby is no place to work; once promoted, it is one, whatever of the last night had not
    /// reached it.
    @Suite struct Standbys {
        @Test func aStandbyIsRefused() throws {
            let scene = try MisbehavingServers.scene()
            #expect(try scene.night(nil, "--max-retire", "1").status == 0)
            let before = try scene.picture()
            let standby = Cluster(standbyOf: MisbehavingServers.server, settings: [])
            defer { standby.end() }
            let there = scene.served(by: standby)
            try there.configure(MisbehavingServers.policy)
            try MisbehavingServers.expectRefusal(
                there, 69, ["database.standby", "is a standby", "Nothing was touched", "primary"])
            // Where each host has the same job, one of them works and the others say nothing.
            try there.configure(
                MisbehavingServers.policy, extra: "on_standby: skip\non_success: echo told >&2")
            let night = try there.night(nil, "--json")
            #expect(night.status == 0 && night.stderr == "", "\(night.stderr)")
            #expect(try JSONView(night.stdout)["report"]["is_on_standby"].flag == true)
            let check = try there.pgretain("check")
            #expect(check.status == 0 && check.stdout.contains("OK - the server is a standby"))
            #expect(try there.pgretain("plan").status == 69)
            #expect(try scene.picture() == before)
        }

        /// Of several hosts the primary is found, wherever it stands; one that is gone is passed over.
        @Test func thePrimaryOfSeveralHostsIsFound() throws {
            let scene = try MisbehavingServers.scene()
            let standby = Cluster(standbyOf: MisbehavingServers.server, settings: [])
            defer { standby.end() }
            let both = [standby, MisbehavingServers.server]
            func hosts(_ all: [Cluster], _ attributes: String) -> String {
                "host=/nowhere,\(all.map(\.socketDirectory).joined(separator: ",")) "
                    + "port=1,\(all.map(\.port).joined(separator: ",")) \(attributes)"
            }
            for clusters in [both, both.reversed()] {
                for attributes in ["read-write", "primary"] {
                    try scene.configure(
                        MisbehavingServers.policy, extra: "on_standby: skip",
                        through: hosts(clusters, "target_session_attrs=\(attributes)"))
                    let night = try scene.night(nil, "--max-retire", "0", "--json")
                    #expect(night.status == 0, "\(night.stderr)")
                    #expect(try JSONView(night.stdout)["report"]["is_on_standby"].flag != true)
                    #expect(try scene.pgretain("plan").status == 0)
                }
            }
            // Without them it is the first that answers, and with none that can be written to none.
            try scene.configure(
                MisbehavingServers.policy, extra: "on_standby: skip", through: hosts(both, ""))
            let night = try scene.night(nil, "--json")
            #expect(try JSONView(night.stdout)["report"]["is_on_standby"].flag == true)
            try scene.configure(
                MisbehavingServers.policy, extra: "on_standby: skip",
                through: hosts([standby], "target_session_attrs=read-write"))
            #expect(try scene.night(nil).status == 69)
        }

        /// The replica hears nothing from some moment on; the night goes on to its end, or the primary
        /// dies on its way; then the replica is promoted.
        @Test(arguments: [true, false])
        func aStandbyThatMissedTheRestOfTheNightLosesNothing(nightEnds: Bool) throws {
            let places = try MisbehavingServers.scene().placesOfANight()
            for place in Faults.chosen(places, costing: 6, of: { $0.name }) {
                let scene = try MisbehavingServers.scene()
                let rows = try Conservation(scene)
                let standby = Cluster(standbyOf: MisbehavingServers.server, settings: [])
                defer { standby.end() }
                let what = "a promotion, cut off at \(place)" + (nightEnds ? "" : ", primary dead")
                let night = try scene.night(standingAt: place.name, place.number) {
                    try cutOff(standby)
                    if !nightEnds { try MisbehavingServers.server.crash() }
                }
                if nightEnds {
                    #expect(night.status == 0, "\(what): \(night.stderr)")
                } else {
                    try MisbehavingServers.server.start()
                }
                try standby.promote()
                let there = scene.served(by: standby)
                try there.configure(MisbehavingServers.policy)
                try rows.served(by: there).expectHealed(what)
            }
        }

        /// It has all until now, and gets no more.
        private func cutOff(_ standby: Cluster) throws {
            let reached = try MisbehavingServers.server.psql(
                "postgres", "SELECT pg_current_wal_flush_lsn()")
            try standby.wait(until: "pg_last_wal_replay_lsn() >= '\(reached)'")
            try standby.psql("postgres", "ALTER SYSTEM SET primary_conninfo = ''")
            try standby.psql("postgres", "SELECT pg_reload_conf()")
            try MisbehavingServers.server.wait(
                until: "NOT EXISTS (SELECT FROM pg_stat_replication)")
        }
    }
}

import Foundation
import TestSupport
import Testing

extension MisbehavingServers {
    /// A network between us and the server that forgets connections.
    @Suite struct BadNetworks {
        private let server = MisbehavingServers.server

        /// Through a network, with timeouts short enough for a test.
        private func configure(_ scene: Scene, through network: SupportScript) throws {
            try scene.configure(
                MisbehavingServers.policy,
                through: "host=\(network.place) port=\(network.port) connect_timeout=2 "
                    + "tcp_user_timeout=2000 keepalives_idle=1 keepalives_interval=1 "
                    + "keepalives_count=2")
        }

        @Test func aNetworkThatSwallowsEverythingEndsTheNightWithinItsTimeouts() throws {
            let places = try MisbehavingServers.scene().placesOfANight()
            for place in Faults.chosen(places, costing: 6, of: { $0.name }) {
                let scene = try MisbehavingServers.scene()
                let rows = try Conservation(scene)
                let network = try SupportScript("bad-network.py", [server.port])
                try configure(scene, through: network)
                let what = "packets swallowed at \(place)"
                let night = try scene.night(standingAt: place.name, place.number) {
                    try network.tell("swallow")
                }
                #expect(night.status == 69, "\(what): \(night.status) \(night.stderr)")
                #expect(night.stderr.contains("next: "), "\(what): \(night.stderr)")
                // The server knows nothing of it, and the table's lock is held until it does.
                network.end()
                try scene.configure(MisbehavingServers.policy)
                try waitForNobody(scene)
                try rows.expectHealed(what)
            }
        }

        /// While the server answers, and nothing is to be sent.
        @Test func aNetworkThatSwallowsAnAnswerEndsTheNightToo() throws {
            let scene = try MisbehavingServers.scene()
            let rows = try Conservation(scene)
            let network = try SupportScript("bad-network.py", [server.port])
            try configure(scene, through: network)
            let other = try scene.database.session()
            other.ask("BEGIN; LOCK TABLE pgretain.ledger IN ACCESS EXCLUSIVE MODE;")
            let night = try scene.start("run")
            try scene.waitForStatement("%pgretain.ledger%")
            try network.tell("swallow")
            let ended = night.wait()
            #expect(ended.status == 69, "\(ended.stderr)")
            other.ask("COMMIT;")
            network.end()
            try scene.configure(MisbehavingServers.policy)
            try waitForNobody(scene)
            try rows.expectHealed("an answer swallowed")
        }

        /// Load balancers cut what is silent for a while.
        @Test(
            arguments: Faults.chosen(
                ["night.exported", "night.verified", "night.recorded", "night.detached"], costing: 6
            ) { $0 })
        func aNetworkThatCutsWhatIsSilentLosesNothing(place: String) throws {
            let scene = try MisbehavingServers.scene()
            let rows = try Conservation(scene)
            let network = try SupportScript("bad-network.py", [server.port, "--idle", "0.7"])
            defer { network.end() }
            try configure(scene, through: network)
            let night = try scene.night(standingAt: place) { try waitForNobody(scene) }
            #expect(night.status == 69, "\(night.stderr)")
            try rows.expectHealed("silence at \(place)")
        }

        private func waitForNobody(_ scene: Scene) throws {
            try scene.waitUntil(
                """
                NOT EXISTS (SELECT FROM pg_stat_activity
                    WHERE datname = current_database() AND application_name LIKE 'pgretain%')
                """)
        }
    }
}

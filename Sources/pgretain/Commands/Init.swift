import ArgumentParser
import Maintenance
import Retention

struct Init: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a commented configuration by looking at the database.",
        discussion: """
            EXAMPLES
              pgretain init --database service=logs > pgretain.yaml

            What it writes removes nothing: then: keep archives only.
            """)

    @OptionGroup var common: CommonOptions

    func run() throws {
        let environment = Surroundings.environment
        let database = common.database ?? environment["PGRETAIN_DATABASE"] ?? ""
        let archives =
            common.archives ?? environment["PGRETAIN_ARCHIVES"] ?? "/var/lib/pgretain/archives"
        let site = Site(
            database: database, password: nil, role: nil, archives: archives, tables: [],
            workers: 1, jobs: 1, partBytes: 1 << 25, lockTimeoutMilliseconds: 800, lockAttempts: 1,
            throttle: ThrottleSettings(), tool: Surroundings.tool)
        let found = try Discovery.look(site: site)
        common.console.out(
            InitialConfiguration.text(
                database: database, name: found.database, archives: archives, tables: found.tables))
        if !found.tables.contains(where: \.isPartitioned) {
            common.console.say(
                "pgretain: \(found.database) has no table that is partitioned by time; "
                    + "the configuration names none")
        }
    }
}

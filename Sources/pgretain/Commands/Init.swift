import ArgumentParser
import Maintenance
import Retention

struct Init: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write a configuration by looking at the database; or make the table.",
        discussion: """
            EXAMPLES
              pgretain init --database service=logs > pgretain.yaml
              pgretain init --create system_logs --database service=logs
              pgretain init --create system_logs --metadata text --print

            What it writes removes nothing: then: keep archives only.
            With --create it makes the log table of a web application,
            partitioned by month from the start, with this month and three more;
            where it is there already, only what it lacks.
            """)

    @OptionGroup var common: CommonOptions

    @Option(name: .long, help: "Make this table.", transform: TableName.parse)
    var create: QualifiedName?

    @Option(name: .long, help: "With --create: the type of extra_metadata, jsonb or text.")
    var metadata: Creation.Metadata = .jsonb

    @Flag(name: .long, help: "With --create: print the SQL, and do nothing.")
    var print = false

    func validate() throws {
        guard create != nil || !print else { throw ValidationError("--print goes with --create") }
    }

    func run() throws {
        if print, let create {
            return common.console.out(Creation.sql(create, metadata: metadata))
        }
        let environment = Surroundings.environment
        let database = common.database ?? environment["PGRETAIN_DATABASE"] ?? ""
        let archives =
            common.archives ?? environment["PGRETAIN_ARCHIVES"] ?? "/var/lib/pgretain/archives"
        let site = Site(
            database: database, password: nil, role: nil, archives: archives, tables: [],
            workers: 1, jobs: 1, partBytes: 1 << 25, lockTimeoutMilliseconds: 800, lockAttempts: 1,
            throttle: ThrottleSettings(), tool: Surroundings.tool)
        if let create {
            let created = try Creation.create(
                site: site, table: create, metadata: metadata,
                interruption: Surroundings.interruption)
            if common.json {
                common.console.out(try JSONDocument.text("created", created))
            } else if !common.quiet {
                let made = created.partitions.joined(separator: ", ")
                common.console.out(
                    "\(create) is there, partitioned by month\n"
                        + (made.isEmpty ? "" : "  made: \(made)\n"))
            }
            return
        }
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

extension Creation.Metadata: ExpressibleByArgument {}

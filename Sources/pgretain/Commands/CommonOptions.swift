import ArgumentParser
import Maintenance
import Retention

/// What every command takes.
struct CommonOptions: ParsableArguments {
    @Option(name: .long, help: "The configuration file.")
    var config: String?

    @Option(
        name: .long,
        help: "A connection string or URI, in place of the configuration's; of several, its name.")
    var database: String?

    @Option(
        name: .long,
        help: "The archive root, or s3://bucket/prefix, in place of the configuration's.")
    var archives: String?

    @Option(
        name: .long, help: "The clock of this command, such as 2026-03-01T02:17:00Z.",
        transform: { text in
            guard let instant = Instant(iso: text) else {
                throw ValidationError("`\(text)` is no time; write it like 2026-03-01T02:17:00Z")
            }
            return instant
        })
    var now: Instant?

    @Flag(name: .long, help: "One JSON document on standard output.")
    var json = false

    @Flag(name: .shortAndLong, help: "Only errors.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "More on standard error.")
    var verbose = false

    var console: Console { Console(isQuiet: quiet, isVerbose: verbose) }

    /// The configuration of the one database that is meant.
    func configuration() throws -> Configuration {
        let all = try configurations()
        guard let one = all.first, all.count == 1 else {
            throw Problem(
                "database.which", .usage,
                "The configuration has \(all.count) databases, and this is about one of them. "
                    + "Nothing was done.",
                hint: "Say which with --database: \(Self.names(all)).")
        }
        return one
    }

    private static func names(_ all: [Configuration]) -> String {
        all.compactMap(\.name).joined(separator: ", ")
    }

    /// The configuration, read and believed: of each of its databases, or of the one that was chosen.
    func configurations() throws -> [Configuration] {
        let environment = Surroundings.environment
        let file = try ConfigurationFile.locate(flag: config, environment: environment)
        var resolver = ConfigurationResolver(
            file: file,
            overrides: Overrides(
                database: database, archives: archives.map(Surroundings.absolute)),
            environment: environment, processors: Surroundings.processors,
            tool: Surroundings.tool)
        let all = try resolver.resolve(try ConfigurationFile.read(file))
        guard all.contains(where: { $0.name != nil }) else { return all }
        if let chosen = database ?? environment["PGRETAIN_DATABASE"] {
            // It is not shown: it may be a connection string, with a password in it.
            guard let one = all.first(where: { $0.name == chosen }) else {
                throw Problem(
                    "database.unknown", .usage,
                    "--database or PGRETAIN_DATABASE names no database of the configuration, which has "
                        + "several. Nothing was done.", hint: "It has: \(Self.names(all)).")
            }
            return [one]
        }
        if all.count > 1, archives != nil || environment["PGRETAIN_ARCHIVES"] != nil {
            throw Problem(
                "database.which", .usage,
                "--archives or PGRETAIN_ARCHIVES is the store of one database, and the configuration "
                    + "has \(all.count). Nothing was done.",
                hint: "Say which with --database: \(Self.names(all)).")
        }
        return all
    }

    /// The site of a command that archives and a database are enough for: where there is no
    /// configuration at all, what the two flags name.
    func siteOfArchives() throws -> Site {
        do {
            return try site()
        } catch let problem as Problem
            where ["configuration.missing", "configuration.empty"].contains(problem.id)
            && database != nil && archives != nil
        {
            var resolver = ConfigurationResolver(
                file: "no configuration",
                overrides: Overrides(
                    database: database, archives: archives.map(Surroundings.absolute)),
                environment: Surroundings.environment, processors: Surroundings.processors,
                tool: Surroundings.tool, needsTables: false)
            return try resolver.resolve("{}")[0].completeSite()
        }
    }

    /// What the configuration says of the site, with the tables that its patterns stand for now.
    func site() throws -> Site {
        try siteAsWritten().matched()
    }

    /// The same, with its patterns as they are: for what needs no database, or asks it by itself.
    func siteAsWritten() throws -> Site {
        try configurationOfTables().completeSite()
    }

    /// The tables that are wanted of the one database.
    func site(of tables: TableOption) throws -> Site {
        try site(of: try configuration(), tables, console)
    }

    private func configurationOfTables() throws -> Configuration {
        let configuration = try configuration()
        try requireTables(configuration)
        return configuration
    }

    /// Refused where it names no table.
    func requireTables(_ configuration: Configuration) throws {
        guard configuration.site.isEmpty else { return }
        throw Problem(
            "configuration.empty", .configuration,
            "The configuration names no table yet; nothing was done.", hint: Self.beginning)
    }

    private static let beginning =
        "pgretain init --database … --archives … writes a configuration for a database."

    /// False where the list of tables is there and empty, as a package installs it: a night then has
    /// nothing to do, and is not to bother anybody with it. Only a console says so.
    func hasNight(
        _ configuration: Configuration, of tables: TableOption, telling console: Console?
    ) throws -> Bool {
        if json || tables.table != nil { try requireTables(configuration) }
        guard configuration.site.isEmpty else { return true }
        console?.out(
            "The configuration names no table yet: nothing to do.\nnext: \(Self.beginning)\n")
        return false
    }

    /// The site of a database with the tables that are wanted. What is amiss with patterns is told.
    func site(
        of configuration: Configuration, _ tables: TableOption, _ console: Console
    ) throws -> Site {
        try requireTables(configuration)
        let site = try tables.narrow(try configuration.completeSite().matched())
        if let found = site.matching?.findings {
            if !quiet { for note in found.notes { console.say("note: \(note)") } }
            if let problem = found.problems.first { throw problem }
        }
        return site
    }
}

extension Configuration {
    /// The site, with what `password_command` prints.
    func completeSite() throws -> Site {
        var site = site
        site.isInterrupted = { Surroundings.interruption.status != nil }
        if let passwordCommand {
            site.password = try Surroundings.output(ofCommand: passwordCommand)
        }
        return site
    }
}

/// For commands that look at one table, or at all.
struct TableOption: ParsableArguments {
    @Option(
        name: .long,
        help: "One table of the configuration, or of its patterns, as SQL writes it; else all.",
        transform: { text in
            guard let name = QualifiedName(sql: text) else {
                throw ValidationError("`\(text)` is not a table's name as SQL writes it")
            }
            return name
        })
    var table: QualifiedName?

    /// The site with that table alone; a problem when the configuration does not have it.
    func narrow(_ site: Site) throws -> Site {
        guard let table else { return site }
        return try site.narrowed(to: table)
    }
}

extension Site {
    var tableNames: [QualifiedName] { tables.map(\.policy.table) }
}

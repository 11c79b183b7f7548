import ArgumentParser
import Maintenance
import Retention

/// What every command takes.
struct CommonOptions: ParsableArguments {
    @Option(name: .long, help: "The configuration file.")
    var config: String?

    @Option(name: .long, help: "A connection string or URI, in place of the configuration's.")
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

    /// The configuration, read and believed.
    func configuration() throws -> Configuration {
        let environment = Surroundings.environment
        let file = try ConfigurationFile.locate(flag: config, environment: environment)
        var resolver = ConfigurationResolver(
            file: file,
            overrides: Overrides(
                database: database, archives: archives.map(Surroundings.absolute)),
            environment: environment, processors: Surroundings.processors,
            tool: Surroundings.tool)
        return try resolver.resolve(try ConfigurationFile.read(file))
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
            return try resolver.resolve("{}").completeSite()
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

    /// The tables that are wanted. What is amiss with the patterns is told.
    func site(of tables: TableOption) throws -> Site {
        let site = try tables.narrow(try site())
        if let found = site.matching?.findings {
            if !quiet { for note in found.notes { console.say("note: \(note)") } }
            if let problem = found.problems.first { throw problem }
        }
        return site
    }

    /// Refused where it names no table.
    private func configurationOfTables() throws -> Configuration {
        let configuration = try configuration()
        guard !configuration.site.isEmpty else {
            throw Problem(
                "configuration.empty", .configuration,
                "The configuration names no table yet; nothing was done.", hint: Self.beginning)
        }
        return configuration
    }

    private static let beginning =
        "pgretain init --database … --archives … writes a configuration for a database."

    /// Nil where the list of tables is there and empty, as a package installs it: a night then has
    /// nothing to do, and is not to bother anybody with it. Only `tells` says so.
    func configurationOfNight(of tables: TableOption, tells: Bool) throws -> Configuration? {
        let needsTables = json || tables.table != nil
        let configuration = try needsTables ? configurationOfTables() : configuration()
        guard configuration.site.isEmpty else { return configuration }
        if tells {
            console.out(
                "The configuration names no table yet: nothing to do.\nnext: \(Self.beginning)\n")
        }
        return nil
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

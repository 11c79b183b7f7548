import ArgumentParser

struct Pgretain: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pgretain",
        abstract: "Retention for PostgreSQL log tables: archive, prove, then drop.",
        discussion: """
            EXAMPLES
              pgretain init > pgretain.yaml   write a configuration to begin with
              pgretain adopt system_logs      make a plain table partitioned
              pgretain plan                   what tonight would do, and why
              pgretain approve                say yes to a policy that removes
              pgretain run                    tonight's work, from cron
              pgretain check                  one line for monitoring
              pgretain archives verify        read every archive back, prove it
              pgretain restore --table system_logs --period 2025-01 --into back
              pgretain report                 how big, how fast, until when
              pgretain search --table system_logs --where request_id=… --limit 1

            A configuration may have several databases: run, plan, check, status,
            report and config go through all of them, and --database NAME chooses
            one, as all other commands want it.

            EXIT STATUS
              0 done   1 something failed, the rest was finished   64 usage   65 data
              66 missing   69 database   70 bug   73 cannot create   74 input-output
              75 try later   76 a brake   77 permission   78 configuration
              130, 143 interrupted
              check alone: 0 ok   1 warning   2 critical   3 unknown
            """,
        version: Surroundings.tool,
        subcommands: [
            Run.self, PlanCommand.self, Approve.self, Status.self, CheckCommand.self,
            ReportCommand.self,
            ArchivesCommand.self,
            RestoreCommand.self, SearchCommand.self, HoldCommand.self, PauseCommand.self,
            ResumeCommand.self,
            ReattachCommand.self, DropCommand.self, AdoptCommand.self, ParkCommand.self,
            Rebind.self, Init.self,
            ConfigCommand.self,
            SchemaCommand.self, UninstallCommand.self,
        ])
}

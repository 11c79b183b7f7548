import ArgumentParser
import Maintenance
import Retention

extension ArchivesCommand {
    struct ExportDDL: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "export-ddl",
            abstract: "Print what another engine needs to read the archives where they are.",
            discussion: """
                EXAMPLES
                  pgretain archives export-ddl --engine duckdb --table system_logs | duckdb logs.db
                  pgretain archives export-ddl --engine athena --table system_logs \\
                      --location s3://bucket/archives/public.system_logs

                Columns and types are the archives'; year and month are columns of
                text. jsonb and arrays are JSON, or its text. A numeric without digits
                of its own, and times where the engine cannot read them, are text.
                """)

        @OptionGroup var common: CommonOptions

        @Option(name: .long, help: "duckdb, athena, trino, spark or clickhouse.")
        var engine: EngineDDL.Engine

        @Option(name: .long, help: "The table, as SQL writes it.", transform: TableName.parse)
        var table: QualifiedName

        @Option(name: .long, help: "Where the engine finds the table's directory, if elsewhere.")
        var location: String?

        func run() throws {
            let shelf = try ArchiveShelf(site: try common.siteAsWritten(), table: table, .short)
            var place = Substring(location ?? shelf.directory(of: table))
            while place.count > 1, place.hasSuffix("/") { place.removeLast() }
            let ddl = EngineDDL(try shelf.manifests(of: table), location: String(place))
            let text = ddl.text(for: engine)
            common.console.out(common.json ? try JSONDocument.text("ddl", text) : text)
        }
    }
}

extension EngineDDL.Engine: ExpressibleByArgument {}

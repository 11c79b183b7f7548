import ArgumentParser
import Maintenance

struct Rebind: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say that the store belongs to this database.",
        discussion: """
            EXAMPLES
              pgretain rebind --reason "pg_upgrade to 16"
              pgretain rebind --reason "moved to db2; db1 is switched off"

            A store belongs to one database, by system identifier, name and
            ledger. After pg_upgrade or a move it is refused (69) until you say
            so here. Never for a copy whose original still runs: two databases
            would write into one store. Give the copy an archives: of its own.
            """)

    @OptionGroup var common: CommonOptions

    @Option(name: .long, help: "Why, for the ledger.")
    var reason: String

    func run() throws {
        let rebinding = try Rebinding.rebind(
            site: try common.site(), reason: reason, host: Surroundings.host)
        let console = common.console
        guard !common.json else {
            console.out(try JSONDocument.text("rebinding", rebinding))
            return
        }
        guard !common.quiet else { return }
        console.out(Self.text(rebinding))
    }

    private static func text(_ rebinding: Rebinding) -> String {
        guard rebinding.isNew else {
            return "\(rebinding.store): is of \(text(rebinding.to)); there is nothing to do\n"
        }
        let before = rebinding.from.map { "was of \(text($0))" } ?? "belonged to nobody"
        return "\(rebinding.store): \(before)\n  is of \(text(rebinding.to)) now\n"
    }

    private static func text(_ owner: Rebinding.Owner) -> String {
        "\(owner.database) (system \(owner.systemIdentifier), ledger \(owner.ledger))"
    }
}

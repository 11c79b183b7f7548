import Maintenance
import Retention

/// What is left in a database, as a person reads it.
enum UninstallText {
    static func text(_ found: Uninstallation) -> String {
        var text = "What pgretain has in \(found.database) (PostgreSQL \(found.server)). "
        text += "Nothing is changed by this list.\n"
        for belonging in found.belongings {
            text += "\n\(belonging.kind.rawValue)  \(belonging.name)\n  \(belonging.note)\n"
            for way in belonging.ways { text += "  \(way.effect):\n    \(way.command)\n" }
        }
        if found.belongings.isEmpty { text += "\nNothing waits and nothing is held.\n" }
        for ahead in found.madeAhead {
            let end = ahead.to.map { "up to \($0.dateText); make others in time" } ?? "nothing"
            text += "\npartitions made ahead for \(ahead.table): \(end)\n"
        }
        if found.removal.isEmpty {
            text += "\nThere is no schema pgretain.\n"
        } else {
            text +=
                "\nin the end: the ledger and its schema, which refuses to go while a table is in it\n"
            text += "  keep the evidence:\n    pg_dump --schema=pgretain … >pgretain-ledger.sql\n"
            text += "  then:\n"
            text += found.removal.map { "    \($0)\n" }.joined()
        }
        text += "\narchives stay (docs/archive-format.md reads them without pgretain):\n"
        text += found.archives.map { "  \($0)\n" }.joined()
        return text
    }
}

import Maintenance
import Retention

/// What was erased, or would be, as a person reads it.
enum ErasureText {
    static func text(_ result: Erasure.Result) -> String {
        var text = ""
        for slice in result.finished { text += "ended what was begun in \(slice)\n" }
        guard !result.entries.isEmpty else {
            return text + "no archive of \(result.table) has such a row\n" + unreached(result)
        }
        var table = TextTable([.left, .left, .right, .left, .left], indent: "")
        for entry in result.entries {
            table.add(
                result.isDone ? "erased" : "would erase", entry.slice.description,
                Quantities.plural(entry.rows, "row"),
                "of \(Quantities.count(entry.rows + entry.rowsLeft))",
                "in \(entry.partsRewritten) of \(Quantities.plural(entry.parts, "part"))")
        }
        return text + table.text + unreached(result)
    }

    private static func unreached(_ result: Erasure.Result) -> String {
        "not reached\n" + result.unreached.map { "  \($0)\n" }.joined()
    }
}

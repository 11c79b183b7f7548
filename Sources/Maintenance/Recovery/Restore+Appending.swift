import Postgres
import Retention
import RowCoding

/// Rows of archives that were left out, since the table they were to be added to has their keys.
public struct SkippedRows: Sendable, Encodable {
    /// What they are, by the columns that the table was sent.
    var digest = ContentDigest()
    public var rows: UInt64 { digest.rows }
    /// Of these, rows that the table has with another value in some column.
    public var different: Int64 = 0

    /// As the ledger has them.
    var details: [String: String] { ["skipped": "\(rows)", "different": "\(different)"] }

    private enum CodingKeys: CodingKey { case rows, different }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(rows, forKey: .rows)
        try container.encode(different, forKey: .different)
    }
}

// A table that is there.
extension Restore {
    /// All in one transaction of one session, which waits for the rows to be complete before it
    /// touches the table. Every row that was sent is added or, where that was asked for, found to
    /// be in conflict: the two together have to be what the archives hold.
    func append(_ work: Work) throws -> (PartLoader.Tally, SkippedRows?) {
        let (connection, landing) = (work.connection, work.landing)
        guard let target = try connection.catalog.relation(named: work.plan.relation) else {
            throw Problem(
                "restore.missing", .missing,
                "There is no table \(work.plan.relation) any more. Nothing was restored.",
                hint: "Run it again.")
        }
        let crew = try RestoreCrew(lead: connection, wanted: 1) { connection }
        let appending = try Appending(to: target, on: connection)
        do {
            return try interruption.whileCancelling(crew.cancelling) {
                let waiting = try appending.makeRoom(for: landing.sent)
                let tally = try load(work, into: .atOnce(waiting), by: crew)
                try interruption.check()
                var skipped: SkippedRows?
                var found = ContentDigest()
                switch work.request.onConflict {
                case .refuse:
                    try refuseConflicts(appending, landing, in: target.name)
                    found = try add(appending, landing)
                case .skip:
                    var rows = SkippedRows()
                    found = try appending.addSkipping(
                        landing.sent, comparing: landing.columns, asBytea: landing.asBytea, &rows,
                        interruption: interruption)
                    found.add(rows.digest)
                    skipped = rows
                }
                try Self.require(found, toBe: tally.wanted)
                var done = work.event
                // Not by its OID: not all of its rows came out of an archive.
                done.relation = target.name
                done.digest = tally.wanted
                if let skipped {
                    done.digest = tally.wanted.without(skipped.digest)
                    done.details.merge(skipped.details) { $1 }
                }
                try appending.append(done, by: work.run)
                try interruption.check()
                try appending.commit()
                return (tally, skipped)
            }
        } catch {
            appending.rollback()
            try interruption.check()
            throw error
        }
    }

    /// What the table has of the rows then.
    private func add(_ appending: Appending, _ landing: Landing) throws -> ContentDigest {
        try ContentDigest(
            copy: try appending.add(landing.sent, givingBack: landing.columns),
            asBytea: landing.asBytea, interruption: interruption)
    }

    // MARK: Keys that are there already

    private func refuseConflicts(
        _ appending: Appending, _ landing: Landing, in table: QualifiedName
    ) throws {
        let found: [String] = try appending.uniqueKeys(landing.sent).compactMap { key in
            let rows = try appending.conflicts(on: key)
            guard rows > 0 else { return nil }
            return "\(rows) \(rows == 1 ? "row has a key" : "rows have keys") that \(key.index) "
                + "holds already"
        }
        guard !found.isEmpty else { return }
        throw Problem(
            "restore.conflict", .data,
            "\(found.joined(separator: ", and ")). Nothing was added to \(table).",
            hint: "Were they restored before? --on-conflict skip adds the others; restore --into a "
                + "new table to compare them.")
    }
}

extension Appending {
    /// Adds the rows that wait, but those whose keys the table has. Keys that come while this goes on
    /// are looked for once more, as long as any are found.
    ///
    /// - Parameters:
    ///   - sent: the columns of the rows that wait.
    ///   - columns: what rows are compared by, and which of them as bytes.
    func addSkipping(
        _ sent: [String], comparing columns: [String], asBytea: [Bool],
        _ skipped: inout SkippedRows, interruption: Interruption
    ) throws -> ContentDigest {
        let keys = try uniqueKeys(sent)
        guard !keys.isEmpty else {
            throw Problem(
                "restore.no-key", .usage,
                "\(target.name) has no unique index on plain columns that the rows have: which of them "
                    + "it has already is not to be known. Nothing was added to it.",
                hint: "Give it one, such as the primary key of the archived table; or leave "
                    + "--on-conflict away, and what is there already comes in twice.")
        }
        while true {
            let before = skipped.rows
            for key in keys {
                skipped.different += try differences(on: key, in: sent)
                skipped.digest.add(
                    try ContentDigest(
                        copy: try leaveOut(conflictingOn: key, giving: columns),
                        asBytea: asBytea, interruption: interruption))
            }
            let (added, conflict) = try unlessInConflict {
                try ContentDigest(
                    copy: try add(sent, givingBack: columns), asBytea: asBytea,
                    interruption: interruption)
            }
            if let added { return added }
            guard let conflict, skipped.rows == before else { continue }
            throw Problem(
                "restore.conflict", .data,
                "\(conflict.message): which rows that are is not to be known before they are added. "
                    + "Nothing was added to \(target.name).",
                hint: "Keys on expressions, some of the rows, or types of your own cannot be "
                    + "skipped, nor a key that comes twice: restore --into a new table, or load "
                    + "it into one, and choose there.")
        }
    }
}

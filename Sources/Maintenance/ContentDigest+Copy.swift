import Postgres
import Retention
import RowCoding

extension ContentDigest {
    /// The digest of all that a COPY sends, without writing any of it. Columns marked in `asBytea`
    /// count as the text whose bytes they hold; `redactor` leaves out what an archive has not; `age` is
    /// that of the snapshot that is read.
    init(
        copy: CopyOut, asBytea: [Bool] = [], redactor: consuming RowRedactor? = nil,
        interruption: Interruption, pace: Pace? = nil, age: SnapshotAge? = nil
    ) throws {
        let holdsText = asBytea.contains(true)
        self.init()
        let block = CopyBlock()
        var redacted = OutputBuffer()
        let budget = 8 << 20
        let pace = pace.map { pace in { try pace.spend($0) } }
        do {
            while try copy.fill(block, budget: budget, rowOverhead: 0, pace: pace) {
                try interruption.check()
                try age?.check()
                if redactor != nil {
                    for chunk in LineChunks(of: block.bytes) {
                        redacted.removeAll()
                        try redactor?.redact(chunk, into: &redacted)
                        add(RowDigest.of(redacted.bytes))
                    }
                } else {
                    add(
                        holdsText
                            ? try ByteaFields.digest(block.bytes, columns: asBytea)
                            : RowDigest.of(block.bytes))
                }
                block.removeAll()
            }
        } catch {
            copy.abandon()
            throw error
        }
    }
}

import Retention
import RowCoding

/// What an operator wants back, and where to.
public struct RestoreRequest: Sendable {
    public enum Target: Sendable {
        /// A table that does not exist yet; without a name, one that says what is in it.
        case new(QualifiedName?)
        /// A table that is there, beside the rows that it has.
        case append(QualifiedName)
        /// A partition of the archive's table.
        case attach
    }

    /// What becomes of rows with a key that the table they are added to has already.
    public enum OnConflict: String, Sendable, CaseIterable {
        /// Nothing is added at all.
        case refuse
        /// They are left out, and the table's rows stay as they are.
        case skip
    }

    public var table: QualifiedName
    /// One archive, by its period; nil for all that hold rows of the time range.
    public var period: String?
    /// Which of the archives of the period, as its manifest counts; nil for the published one.
    public var generation: Int?
    public var from: Moment?
    public var to: Moment?
    /// All of them are to be met.
    public var conditions: [RowCondition]
    public var target: Target
    public var onConflict: OnConflict
    public var withIndexes: Bool
    /// Whether what a new table lacks here (schema, types, functions) is made, or done without.
    public var makesDo: Bool
    /// How long retention leaves it alone.
    public var pin: Span
    public var fit: ColumnFit

    public init(
        table: QualifiedName, period: String?, generation: Int? = nil, from: Moment? = nil,
        to: Moment? = nil, conditions: [RowCondition] = [], target: Target,
        onConflict: OnConflict = .refuse, withIndexes: Bool = false, makesDo: Bool = false,
        pin: Span, fit: ColumnFit = ColumnFit()
    ) {
        self.table = table
        self.period = period
        self.generation = generation
        self.from = from
        self.to = to
        self.conditions = conditions
        self.target = target
        self.onConflict = onConflict
        self.withIndexes = withIndexes
        self.makesDo = makesDo
        self.pin = pin
        self.fit = fit
    }
}

/// What an operator says about columns that have changed since.
public struct ColumnFit: Sendable {
    /// Columns of the table, by their old names.
    public var renamed: [String: String]
    /// Columns whose values are left behind, since the table has none for them.
    public var left: Set<String>

    public init(renamed: [String: String] = [:], left: Set<String> = []) {
        self.renamed = renamed
        self.left = left
    }
}

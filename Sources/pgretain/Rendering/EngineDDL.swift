import Retention

/// What other engines have to be told to read a table's archives where they are.
struct EngineDDL {
    enum Engine: String, CaseIterable, Sendable {
        case duckdb, athena, trino, spark, clickhouse
    }

    /// A column as any archive has it; the newest one's type counts.
    private struct Column {
        let name: String
        let kind: Kind
    }

    /// What an engine has to know of how a column is written.
    private enum Kind {
        case small, whole, big
        case decimal(String)
        case single, double, boolean, timestamp, timestamptz
        /// JSON inline, arrays among it.
        case json
        case text
    }

    private let table: QualifiedName
    /// The table's directory, without a slash at its end.
    private let location: String
    private var columns: [Column] = []
    /// The names of the directories below it, such as `[year, month]`; each way there is.
    private var layouts: [[String]] = []

    /// - Parameter archives: all of one table, oldest first; one at least.
    init(_ archives: [(slice: Slice, manifest: Manifest)], location: String) {
        table = archives[0].slice.table
        self.location = location
        for (slice, manifest) in archives.reversed() {
            for (column, encoding) in zip(manifest.definition.columns, manifest.encodings)
            where !columns.contains(where: { $0.name == column.name }) {
                columns.append(Column(name: column.name, kind: Self.kind(column, encoding)))
            }
            let layout = slice.path.split(separator: "/").map { step in
                String(step.prefix { $0 != "=" })
            }
            if !layouts.contains(layout) { layouts.append(layout) }
        }
        layouts.sort { $0.lexicographicallyPrecedes($1) }
    }

    private static func kind(_ column: Retention.Column, _ encoding: String) -> Kind {
        switch (encoding, column.baseTypeOID) {
        case ("number", 21): return .small
        case ("number", 23): return .whole
        case ("number", 20): return .big
        case ("number", 700): return .single
        case ("number", 701): return .double
        case ("number", _):
            // Without digits of its own a numeric fits no engine's decimals: its text loses nothing.
            let digits = column.type.drop { $0 != "(" }
            return digits.isEmpty ? .text : .decimal("decimal\(digits)")
        case ("boolean", _): return .boolean
        case ("timestamp", _): return .timestamp
        case ("timestamptz", _): return .timestamptz
        case ("jsonb", _), ("number[]", _), ("boolean[]", _), ("text[]", _): return .json
        default: return .text
        }
    }

    func text(for engine: Engine) -> String {
        switch engine {
        case .duckdb: duckDB
        case .athena: hint + athena
        case .trino: hint + trino
        case .spark: hint + spark
        case .clickhouse: clickHouse
        }
    }

    /// An engine of many hosts seldom has the file system of this one.
    private var hint: String {
        guard location.hasPrefix("/") else { return "" }
        return "-- The location is a path of this host: replace it by the object store's URL of\n"
            + "-- the same directory, as --location s3://bucket/prefix/SCHEMA.TABLE does.\n"
    }

    // MARK: DuckDB

    private var duckDB: String {
        let fields = columns.map { column in
            let type =
                switch column.kind {
                case .small: "SMALLINT"
                case .whole: "INTEGER"
                case .big: "BIGINT"
                case .decimal(let type): type.uppercased()
                case .single: "FLOAT"
                case .double: "DOUBLE"
                case .boolean: "BOOLEAN"
                case .timestamp: "TIMESTAMP"
                case .timestamptz: "TIMESTAMPTZ"
                case .json: "JSON"
                case .text: "VARCHAR"
                }
            return "        \(Self.string(column.name)): \(Self.string(type))"
        }
        let selects = layouts.map { layout in
            """
            SELECT * FROM read_ndjson(\(Self.string(glob(layout))),
                hive_partitioning = \(isHive(layout)), hive_types_autocast = false,
                maximum_object_size = 67108864,
                columns = {
            \(fields.joined(separator: ",\n"))
                })
            """
        }
        return "CREATE OR REPLACE VIEW \(Self.doubleQuoted(table.name)) AS\n"
            + selects.joined(separator: "\nUNION ALL BY NAME\n") + ";\n"
    }

    // MARK: Hive's heirs

    private func hiveType(_ kind: Kind, text: String, timestamps: Bool) -> String {
        switch kind {
        case .small: "smallint"
        case .whole: text == "varchar" ? "integer" : "int"
        case .big: "bigint"
        case .decimal(let type): type
        case .single: text == "varchar" ? "real" : "float"
        case .double: "double"
        case .boolean: "boolean"
        case .timestamp, .timestamptz: timestamps ? "timestamp" : text
        case .json, .text: text
        }
    }

    private var athena: String {
        let fields = columns.map {
            "  \(Self.backquoted($0.name)) \(hiveType($0.kind, text: "string", timestamps: false))"
        }
        return layouts.enumerated().map { index, layout in
            let name = Self.backquoted(tableName(index))
            let partitions = layout.map { "\(Self.backquoted($0)) string" }
            return """
                CREATE EXTERNAL TABLE \(name) (
                \(fields.joined(separator: ",\n"))
                )
                PARTITIONED BY (\(partitions.joined(separator: ", ")))
                ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
                LOCATION \(Self.string(location + "/"));
                MSCK REPAIR TABLE \(name);

                """
        }.joined()
    }

    private var trino: String {
        let fields = columns.map {
            "  \(Self.doubleQuoted($0.name)) "
                + hiveType($0.kind, text: "varchar", timestamps: false)
        }
        return layouts.enumerated().map { index, layout in
            let partitions = layout.map { "  \(Self.doubleQuoted($0)) varchar" }
            let names = layout.map(Self.string).joined(separator: ", ")
            let name = Self.doubleQuoted(tableName(index))
            return """
                CREATE TABLE hive.default.\(name) (
                \((fields + partitions).joined(separator: ",\n"))
                )
                WITH (format = 'OPENX_JSON', external_location = \(Self.string(location)),
                  partitioned_by = ARRAY[\(names)]);
                CALL hive.system.sync_partition_metadata('default', \(Self.string(tableName(index))), 'ADD');

                """
        }.joined()
    }

    private var spark: String {
        let fields = columns.map {
            "  \(Self.backquoted($0.name)) "
                + hiveType($0.kind, text: "string", timestamps: true)
        }
        return layouts.enumerated().map { index, layout in
            let partitions = layout.map { "  \(Self.backquoted($0)) string" }
            let name = Self.backquoted(tableName(index))
            return """
                CREATE TABLE \(name) (
                \((fields + partitions).joined(separator: ",\n"))
                )
                USING json
                PARTITIONED BY (\(layout.map(Self.backquoted).joined(separator: ", ")))
                LOCATION \(Self.string(location));
                MSCK REPAIR TABLE \(name);

                """
        }.joined()
    }

    // MARK: ClickHouse

    private var clickHouse: String {
        let fields = columns.map { column in
            let type =
                switch column.kind {
                case .small: "Int16"
                case .whole: "Int32"
                case .big: "Int64"
                case .decimal(let type): "D" + type.dropFirst()
                case .single: "Float32"
                case .double: "Float64"
                case .boolean: "Bool"
                case .timestamp, .timestamptz: "DateTime64(6, \\'UTC\\')"
                case .json, .text: "String"
                }
            return "\(Self.backquoted(column.name)) Nullable(\(type))"
        }
        let function = location.hasPrefix("/") ? "file" : "s3"
        let selects = layouts.map { layout in
            """
            SELECT * FROM \(function)(\(Self.string(glob(layout))), 'JSONEachRow',
                '\(fields.joined(separator: ",\n     "))')
            SETTINGS use_hive_partitioning = 1, date_time_input_format = 'best_effort',
                input_format_json_read_objects_as_strings = 1,
                input_format_json_read_arrays_as_strings = 1,
                input_format_skip_unknown_fields = 1
            """
        }
        return layouts.indices.map { index in
            "CREATE VIEW \(Self.backquoted(tableName(index))) AS\n\(selects[index]);\n"
        }.joined()
    }

    // MARK: Words

    /// Directories of another layout, and what is hidden, match no pattern.
    private func glob(_ layout: [String]) -> String {
        location + "/" + layout.map { "\($0)=*/" }.joined() + "part-*.ndjson.gz"
    }

    /// A column of the table's own hides the directory of its name.
    private func isHive(_ layout: [String]) -> Bool {
        !columns.contains { layout.contains($0.name.lowercased()) }
    }

    private func tableName(_ index: Int) -> String {
        index == 0 ? table.name : "\(table.name)_\(layouts[index].joined(separator: "_"))"
    }

    private static func string(_ text: String) -> String { quoted(text, "'") }
    private static func doubleQuoted(_ text: String) -> String { quoted(text, "\"") }
    private static func backquoted(_ text: String) -> String { quoted(text, "`") }

    private static func quoted(_ text: String, _ quote: String) -> String {
        let inside = text.split(separator: quote.first ?? " ", omittingEmptySubsequences: false)
        return quote + inside.joined(separator: quote + quote) + quote
    }
}

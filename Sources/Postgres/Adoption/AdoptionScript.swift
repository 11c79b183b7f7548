import Retention

/// What an adoption calls the things it makes; all that it makes before the swap is found by these.
struct AdoptionNames {
    /// The CHECK that bounds what will be the wide partition. Its name says whose it is to whoever
    /// meets it in an error.
    static let bound = "pgretain_adopt_bound"

    let table: Relation
    /// What the plain table is called once it is a partition: `system_logs_to_2027_02`.
    let wide: QualifiedName

    init(_ table: Relation, wideName: String) {
        self.table = table
        wide = QualifiedName(schema: table.name.schema, name: wideName)
    }

    /// The partitioned table until it takes the name over.
    var parent: QualifiedName { own("") }
    /// The index that becomes the primary key of the wide partition.
    var keyIndex: QualifiedName {
        QualifiedName(schema: table.name.schema, name: Self.keyIndexName(of: table.oid))
    }

    static func keyIndexName(of table: UInt32) -> String { "pgretain_adopt_\(table)_key" }

    /// The parent's counterpart of something of the table's, until the swap.
    func parents(_ oid: UInt32) -> QualifiedName { own("_\(oid)") }

    /// What something that the table keeps is called after the swap.
    func wides(_ oid: UInt32) -> Identifier {
        var prefix = wide.name
        while prefix.utf8.count > 52 { prefix.removeLast() }
        return Identifier("\(prefix)_\(oid)")
    }

    private func own(_ suffix: String) -> QualifiedName {
        QualifiedName(schema: table.name.schema, name: "pgretain_adopt_\(table.oid)\(suffix)")
    }
}

/// The statements by which a plain table becomes a partitioned one: the same for those who want to
/// read them and for the server.
struct AdoptionScript {
    let table: PlainTable
    let names: AdoptionNames
    /// Where the wide partition ends.
    let to: Instant

    private var name: QualifiedName { table.relation.name }
    private var key: Identifier { Identifier(table.key) }
    private var bound: SQL { "\(literal: table.keyType.literal(to))" }

    init(_ table: PlainTable, wideName: String, to: Instant) {
        self.table = table
        names = AdoptionNames(table.relation, wideName: wideName)
        self.to = to
    }

    // MARK: Before the swap

    var addBound: [SQL] {
        let what =
            "Set by pgretain adopt: rows from then on belong to other partitions. Every run "
            + "of pgretain removes it a day before; pgretain adopt --undo at once."
        return [
            """
            ALTER TABLE \(name) ADD CONSTRAINT \(Identifier(AdoptionNames.bound))
                CHECK (\(key) IS NOT NULL AND \(key) < \(bound)) NOT VALID
            """,
            """
            COMMENT ON CONSTRAINT \(Identifier(AdoptionNames.bound)) ON \(name)
                IS \(literal: what)
            """,
        ]
    }

    var dropBound: SQL {
        "ALTER TABLE \(name) DROP CONSTRAINT \(Identifier(AdoptionNames.bound))"
    }

    func makeAside(_ aside: QualifiedName) -> SQL {
        """
        CREATE TABLE \(aside)
            (LIKE \(name) INCLUDING STORAGE INCLUDING COMPRESSION INCLUDING COMMENTS)
        """
    }

    func giveDefault(_ pages: PageSpan) -> SQL {
        """
        UPDATE ONLY \(name) AS t SET \(key) = DEFAULT
            WHERE \(pages.test) AND t.\(key) IS NULL
        """
    }

    func setAside(_ pages: PageSpan, into aside: QualifiedName) -> SQL {
        """
        WITH gone AS (
            DELETE FROM ONLY \(name) AS t
            WHERE \(pages.test) AND (t.\(key) IS NULL OR t.\(key) >= \(bound))
            RETURNING t.*)
        INSERT INTO \(aside) SELECT * FROM gone
        """
    }

    var validateBound: SQL {
        "ALTER TABLE \(name) VALIDATE CONSTRAINT \(Identifier(AdoptionNames.bound))"
    }

    /// Nil where there is no primary key, or it has the time column already.
    var makeKeyIndex: SQL? {
        guard let primary = table.primaryKey, !primary.holdsKey else { return nil }
        return """
            CREATE UNIQUE INDEX CONCURRENTLY \(Identifier(names.keyIndex.name)) ON \(name)
                (\(keyColumns(primary)))
            """
    }

    /// The server finds it proven by the CHECK, and reads nothing.
    var requireKey: SQL { "ALTER TABLE \(name) ALTER COLUMN \(key) SET NOT NULL" }

    var allowNullKey: SQL { "ALTER TABLE \(name) ALTER COLUMN \(key) DROP NOT NULL" }

    /// An empty partitioned table with all that the plain one has, but for what the swap brings.
    var makeParent: [SQL] {
        var script: [SQL] = [
            """
            CREATE TABLE \(names.parent)
                (LIKE \(name) INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING STORAGE
                    INCLUDING COMPRESSION INCLUDING COMMENTS)
                PARTITION BY RANGE (\(key))
            """
        ]
        if let comment = table.comment {
            script.append("COMMENT ON TABLE \(names.parent) IS \(literal: comment)")
        }
        for constraint in table.constraints {
            let constraintName = Identifier(constraint.name)
            script.append(
                """
                ALTER TABLE \(names.parent) ADD CONSTRAINT \(constraintName)
                    \(printed: constraint.definition)
                """)
            if let comment = constraint.comment {
                script.append(
                    """
                    COMMENT ON CONSTRAINT \(constraintName) ON \(names.parent)
                        IS \(literal: comment)
                    """)
            }
        }
        for index in table.indexes { script += make(index) }
        for sequence in table.sequences {
            guard let identity = sequence.identity else { continue }
            script.append(
                Self.makeIdentity(
                    sequence, identity, on: names.parent, as: names.parents(sequence.oid)))
        }
        return script
    }

    private func make(_ index: PlainIndex) -> [SQL] {
        let own = names.parents(index.oid)
        var script: [SQL]
        if index.isPrimary {
            script = [
                """
                ALTER TABLE \(names.parent) ADD CONSTRAINT \(Identifier(own.name))
                    PRIMARY KEY (\(keyColumns(index)))
                """
            ]
        } else if !index.isShareable {
            return []
        } else if let constraint = index.constraint {
            script = [
                """
                ALTER TABLE \(names.parent) ADD CONSTRAINT \(Identifier(own.name))
                    \(printed: constraint)
                """
            ]
        } else {
            let unique: SQL = index.isUnique ? "UNIQUE " : ""
            script = [
                """
                CREATE \(unique)INDEX \(Identifier(own.name)) ON \(names.parent)
                    \(printed: index.definition)
                """
            ]
        }
        if let comment = index.comment {
            script.append("COMMENT ON INDEX \(own) IS \(literal: comment)")
        }
        return script
    }

    private func keyColumns(_ primary: PlainIndex) -> SQL {
        var columns = primary.columns
        if !primary.holdsKey { columns.append(table.key) }
        return "\(columns.map(Identifier.init))"
    }

    // MARK: The swap

    /// Under ACCESS EXCLUSIVE, and metadata alone: nothing of it reads or writes a row.
    var swap: [SQL] {
        var script: [SQL] = []
        if let primary = table.primaryKey, !primary.holdsKey {
            script.append(
                """
                ALTER TABLE \(name) DROP CONSTRAINT \(Identifier(primary.name)),
                    ADD CONSTRAINT \(names.wides(primary.oid))
                    PRIMARY KEY USING INDEX \(Identifier(names.keyIndex.name))
                """)
        }
        // A key that the parent cannot have keeps its name: the application looks for it by that.
        for index in table.indexes where index.isShareable {
            script.append(
                "ALTER INDEX \(own(index.name)) RENAME TO \(names.wides(index.oid))")
        }
        for statistics in table.statistics {
            script.append(
                "ALTER STATISTICS \(statistics.name) RENAME TO \(names.wides(statistics.oid))")
        }
        for trigger in table.triggers {
            script.append("DROP TRIGGER \(Identifier(trigger.name)) ON \(name)")
        }
        script += [
            "ALTER TABLE \(name) RENAME TO \(Identifier(names.wide.name))",
            "ALTER TABLE \(names.parent) RENAME TO \(Identifier(name.name))",
        ]
        for index in table.indexes where index.isShareable || index.isPrimary {
            script.append(
                "ALTER INDEX \(names.parents(index.oid)) RENAME TO \(Identifier(index.name))")
        }
        for sequence in table.sequences { script += move(sequence) }
        script += [
            """
            ALTER TABLE \(name) ATTACH PARTITION \(names.wide)
                FOR VALUES FROM (MINVALUE) TO (\(bound))
            """,
            "ALTER TABLE \(names.wide) DROP CONSTRAINT \(Identifier(AdoptionNames.bound))",
        ]
        return script + Self.hangOn(name, table.statistics, table.triggers, table.views)
    }

    private func move(_ sequence: OwnedSequence) -> [SQL] {
        guard sequence.identity != nil else {
            return [
                """
                ALTER SEQUENCE \(sequence.name) OWNED BY
                    \(name).\(Identifier(sequence.column))
                """
            ]
        }
        return Self.moveIdentity(
            sequence, from: names.wide, to: names.parents(sequence.oid))
    }

    /// The numbers of an identity column go on where they are; `new` is the sequence that the
    /// other table's column has by now.
    static func moveIdentity(
        _ sequence: OwnedSequence, from table: QualifiedName, to new: QualifiedName
    ) -> [SQL] {
        let quoted = "\(Identifier(new.schema).quoted).\(Identifier(new.name).quoted)"
        return [
            // For its lock alone: nobody takes a number of it until the end.
            "ALTER SEQUENCE \(sequence.name) INCREMENT BY \(number: sequence.increment)",
            """
            SELECT pg_catalog.setval(\(literal: quoted), s.last_value, s.is_called)
                FROM \(sequence.name) AS s
            """,
            "ALTER TABLE \(table) ALTER COLUMN \(Identifier(sequence.column)) DROP IDENTITY",
            "ALTER SEQUENCE \(new) RENAME TO \(Identifier(sequence.name.name))",
        ]
    }

    static func makeIdentity(
        _ sequence: OwnedSequence, _ identity: String, on table: QualifiedName,
        as new: QualifiedName
    ) -> SQL {
        """
        ALTER TABLE \(table) ALTER COLUMN \(Identifier(sequence.column))
            ADD GENERATED \(printed: identity) AS IDENTITY
            (SEQUENCE NAME \(new) \(printed: sequence.options))
        """
    }

    private func own(_ index: String) -> QualifiedName {
        QualifiedName(schema: name.schema, name: index)
    }

    /// What holds on to a table by its OID, made for the one that has the name now.
    static func hangOn(
        _ table: QualifiedName, _ statistics: [PlainStatistics], _ triggers: [PlainTrigger],
        _ views: [DependentView]
    ) -> [SQL] {
        var script: [SQL] = []
        for statistics in statistics {
            script.append("\(printed: statistics.definition)")
        }
        for trigger in triggers {
            let triggerName = Identifier(trigger.name)
            script.append("\(printed: trigger.definition)")
            let enabling: SQL? =
                switch trigger.enabled {
                case "D": "DISABLE"
                case "R": "ENABLE REPLICA"
                case "A": "ENABLE ALWAYS"
                default: nil
                }
            if let enabling {
                script.append(
                    "ALTER TABLE \(table) \(enabling) TRIGGER \(triggerName)")
            }
            if let comment = trigger.comment {
                script.append(
                    """
                    COMMENT ON TRIGGER \(triggerName) ON \(table)
                        IS \(literal: comment)
                    """)
            }
        }
        for view in views {
            let options: SQL = view.options.map { " WITH (\(printed: $0))" } ?? ""
            script.append(
                "CREATE OR REPLACE VIEW \(view.name)\(options) AS \(printed: view.definition)")
        }
        return script
    }
}

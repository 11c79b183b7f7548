import Retention

extension Catalog {
    /// A plain table with all that has to move with it, or why there is none. What an adoption has
    /// put on it is left out.
    public func plainTable(
        _ name: QualifiedName, key: String, keyType stated: KeyType? = nil
    ) throws -> PlainTable {
        let result = try connection.run(
            "plain.table",
            """
            SELECT c.oid, c.relkind, pg_catalog.pg_get_userbyid(c.relowner), a.attnum, a.atttypid,
                pg_catalog.format_type(a.atttypid, a.atttypmod),
                pg_catalog.obj_description(c.oid, 'pg_class'),
                c.relpages * pg_catalog.current_setting('block_size')::bigint
            FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            LEFT JOIN pg_catalog.pg_attribute AS a
                ON a.attrelid = c.oid AND a.attname = \(value: key)
                AND a.attnum > 0 AND NOT a.attisdropped
            WHERE n.nspname = \(value: name.schema) AND c.relname = \(value: name.name)
            """)
        guard let row = result.first else { throw TableProblem.missing(name) }
        switch try row.text(1) {
        case "r": break
        case "p": throw Problem.alreadyPartitioned(name)
        default: throw TableProblem.notATable(name)
        }
        guard try row.optionalInt(3) != nil else { throw TableProblem.keyMissing(name, key: key) }
        guard let keyType = KeyType(typeOID: try row.oid(4), stated: stated) else {
            throw TableProblem.keyType(name, key: key, type: try row.text(5), stated: stated)
        }
        if keyType.isEncoded { throw TableProblem.plain(name, key: key, keyType) }
        let oid = try row.oid(0)
        return PlainTable(
            relation: Relation(oid: oid, name: name), key: key, keyType: keyType,
            owner: try row.text(2), bytes: try row.int(7),
            columns: try definition(of: oid).columns,
            indexes: try plainIndexes(of: oid, key: try row.int(3)),
            constraints: try plainConstraints(of: oid), triggers: try plainTriggers(of: oid),
            statistics: try plainStatistics(of: oid), sequences: try ownedSequences(of: oid),
            views: try dependentViews(of: oid), comment: row.optionalText(6))
    }

    private func plainIndexes(of oid: UInt32, key: Int64) throws -> [PlainIndex] {
        try connection.run(
            "plain.indexes",
            """
            SELECT c.oid, c.relname, i.indisunique, i.indisprimary,
                i.indisvalid AND i.indisready AND i.indislive, i.indisreplident,
                pg_catalog.pg_get_indexdef(c.oid),
                pg_catalog.format('CREATE %sINDEX %I ON %I.%I ',
                    CASE WHEN i.indisunique THEN 'UNIQUE ' END, c.relname, n.nspname, t.relname),
                pg_catalog.pg_get_constraintdef(k.oid),
                COALESCE(
                    pg_catalog.obj_description(k.oid, 'pg_constraint'),
                    pg_catalog.obj_description(c.oid, 'pg_class')),
                u.attname, u.attnum
            FROM pg_catalog.pg_index AS i
            JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
            JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid
            JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
            LEFT JOIN pg_catalog.pg_constraint AS k
                ON k.conindid = i.indexrelid AND k.conrelid = i.indrelid
                    AND k.contype IN ('u', 'p', 'x')
            LEFT JOIN LATERAL (
                SELECT a.attname, a.attnum, o.place
                FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS o (attnum, place)
                JOIN pg_catalog.pg_attribute AS a
                    ON a.attrelid = i.indrelid AND a.attnum = o.attnum
                WHERE o.place <= i.indnkeyatts
            ) AS u ON true
            WHERE i.indrelid = \(value: oid)::oid
                AND c.relname <> \(value: AdoptionNames.keyIndexName(of: oid))
            ORDER BY c.relname COLLATE "C", c.oid, u.place
            """
        ).rows.reduce(into: []) { indexes, row in
            let index = try row.oid(0)
            if indexes.last?.oid != index {
                let whole = try row.text(6)
                let beginning = try row.text(7)
                guard whole.hasPrefix(beginning) else {
                    throw PostgresError.unexpected(
                        "an index definition does not begin as expected",
                        statement: "plain.indexes")
                }
                indexes.append(
                    PlainIndex(
                        oid: index, name: try row.text(1), isUnique: try row.bool(2),
                        isPrimary: try row.bool(3), isValid: try row.bool(4), holdsKey: false,
                        definition: String(whole.dropFirst(beginning.count)),
                        constraint: row.optionalText(8), isReplicaIdentity: try row.bool(5),
                        columns: [], comment: row.optionalText(9)))
            }
            guard let column = row.optionalText(10) else { return }
            indexes[indexes.count - 1].columns.append(column)
            if try row.int(11) == key { indexes[indexes.count - 1].holdsKey = true }
        }
    }

    private func plainConstraints(of oid: UInt32) throws -> [PlainConstraint] {
        try connection.run(
            "plain.constraints",
            """
            SELECT k.conname, k.contype = 'f', k.convalidated, k.connoinherit AND k.contype = 'c',
                pg_catalog.pg_get_constraintdef(k.oid),
                pg_catalog.obj_description(k.oid, 'pg_constraint')
            FROM pg_catalog.pg_constraint AS k
            WHERE k.conrelid = \(value: oid)::oid AND k.contype IN ('c', 'f')
                AND k.conname <> \(value: AdoptionNames.bound)
            ORDER BY k.conname COLLATE "C"
            """
        ).rows.map { row in
            PlainConstraint(
                name: try row.text(0), isForeignKey: try row.bool(1),
                isValidated: try row.bool(2), isLocal: try row.bool(3),
                definition: try row.text(4), comment: row.optionalText(5))
        }
    }

    func plainTriggers(of oid: UInt32) throws -> [PlainTrigger] {
        try connection.run(
            "plain.triggers",
            """
            SELECT t.tgname, pg_catalog.pg_get_triggerdef(t.oid), t.tgenabled,
                (t.tgtype & 1) = 1 AND (t.tgoldtable IS NOT NULL OR t.tgnewtable IS NOT NULL),
                pg_catalog.obj_description(t.oid, 'pg_trigger')
            FROM pg_catalog.pg_trigger AS t
            WHERE t.tgrelid = \(value: oid)::oid AND NOT t.tgisinternal
            ORDER BY t.tgname COLLATE "C"
            """
        ).rows.map { row in
            PlainTrigger(
                name: try row.text(0), definition: try row.text(1), enabled: try row.text(2),
                hasRowTables: try row.bool(3), comment: row.optionalText(4))
        }
    }

    func plainStatistics(of oid: UInt32) throws -> [PlainStatistics] {
        try connection.run(
            "plain.statistics",
            """
            SELECT s.oid, n.nspname, s.stxname, pg_catalog.pg_get_statisticsobjdef(s.oid)
            FROM pg_catalog.pg_statistic_ext AS s
            JOIN pg_catalog.pg_namespace AS n ON n.oid = s.stxnamespace
            WHERE s.stxrelid = \(value: oid)::oid
            ORDER BY s.oid
            """
        ).rows.map { row in
            PlainStatistics(
                oid: try row.oid(0), name: try row.name(1), definition: try row.text(3))
        }
    }

    func ownedSequences(of oid: UInt32) throws -> [OwnedSequence] {
        try connection.run(
            "plain.sequences",
            """
            SELECT c.oid, n.nspname, c.relname, a.attname,
                CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' END,
                pg_catalog.format(
                    'START %s INCREMENT %s MINVALUE %s MAXVALUE %s CACHE %s%s', s.seqstart,
                    s.seqincrement, s.seqmin, s.seqmax, s.seqcache,
                    CASE WHEN s.seqcycle THEN ' CYCLE' END),
                s.seqincrement
            FROM pg_catalog.pg_depend AS d
            JOIN pg_catalog.pg_class AS c ON c.oid = d.objid AND c.relkind = 'S'
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            JOIN pg_catalog.pg_sequence AS s ON s.seqrelid = c.oid
            JOIN pg_catalog.pg_attribute AS a
                ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
            WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                AND d.refclassid = d.classid AND d.refobjid = \(value: oid)::oid
                AND d.deptype IN ('a', 'i')
            ORDER BY c.oid
            """
        ).rows.map { row in
            OwnedSequence(
                oid: try row.oid(0), name: try row.name(1), column: try row.text(3),
                identity: row.optionalText(4), options: try row.text(5),
                increment: try row.int(6))
        }
    }

    func dependentViews(of oid: UInt32) throws -> [DependentView] {
        try connection.run(
            "plain.views",
            """
            SELECT c.oid, n.nspname, c.relname, pg_catalog.pg_get_viewdef(c.oid),
                (SELECT pg_catalog.string_agg(
                        pg_catalog.format('%I = %L', o.option_name, o.option_value), ', ')
                    FROM pg_catalog.pg_options_to_table(c.reloptions) AS o),
                pg_catalog.pg_has_role(c.relowner, 'USAGE')
            FROM pg_catalog.pg_class AS c
            JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
            WHERE c.relkind = 'v' AND c.oid IN (
                SELECT r.ev_class
                FROM pg_catalog.pg_depend AS d
                JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid
                WHERE d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
                    AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                    AND d.refobjid = \(value: oid)::oid)
            ORDER BY c.oid
            """
        ).rows.map { row in
            var definition = try row.text(3)
            if definition.hasSuffix(";") { definition.removeLast() }
            return DependentView(
                oid: try row.oid(0), name: try row.name(1), definition: definition,
                options: row.optionalText(4), mayReplace: try row.bool(5))
        }
    }
}

extension Problem {
    static func alreadyPartitioned(_ name: QualifiedName) -> Problem {
        Problem(
            "adopt.partitioned", .configuration,
            "\(name) is partitioned already. Nothing was done.",
            hint: "`pgretain plan --table \(name.description.shellWord)` shows what a run does.")
    }
}

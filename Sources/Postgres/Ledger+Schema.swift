extension Ledger {
    /// All that the program keeps in a database, as SQL to be read before it is believed.
    public static var schemaSQL: String {
        createSchemaSQL + "\n" + createTablesSQL + "\n" + createChainSQL
    }

    static let createSchemaSQL = """
        CREATE SCHEMA pgretain;
        COMMENT ON SCHEMA pgretain IS 'Retention of log tables: ledger, and tables in quarantine';

        """

    static let createTablesSQL = """
        CREATE TABLE pgretain.meta (
            only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
            version integer NOT NULL,
            ledger uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid(),
            created_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()
        );
        INSERT INTO pgretain.meta (version) VALUES (1);

        -- One row an event, written in the transaction that does the thing. Bounds of keys without
        -- a time zone are kept as though they were UTC.
        CREATE TABLE pgretain.ledger (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
            run uuid NOT NULL,
            actor text NOT NULL DEFAULT session_user,
            host text NOT NULL,
            tool text NOT NULL,
            kind text NOT NULL,
            table_schema text NOT NULL,
            table_name text NOT NULL,
            relation_schema text,
            relation_name text,
            relation_oid oid,
            bounds_from timestamptz,
            bounds_to timestamptz,
            bounds_sql text,
            drop_after timestamptz,
            rows bigint,
            digest text,
            archive text,
            details jsonb NOT NULL DEFAULT '{}',
            CHECK (bounds_from < bounds_to),
            CHECK ((rows IS NULL) = (digest IS NULL))
        );
        CREATE INDEX ON pgretain.ledger (table_schema, table_name, kind, id);
        CREATE INDEX ON pgretain.ledger (relation_oid, id);

        CREATE FUNCTION pgretain.refuse_change() RETURNS trigger
            LANGUAGE plpgsql SET search_path = pg_catalog AS $body$
            BEGIN
                RAISE EXCEPTION 'the ledger is never changed, only added to'
                    USING ERRCODE = 'restrict_violation';
            END
            $body$;
        CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON pgretain.ledger
            FOR EACH STATEMENT EXECUTE FUNCTION pgretain.refuse_change();

        CREATE TABLE pgretain.runs (
            id uuid PRIMARY KEY,
            started_at timestamptz NOT NULL,
            finished_at timestamptz,
            host text NOT NULL,
            tool text NOT NULL,
            pid integer NOT NULL,
            status integer,
            report jsonb
        );
        CREATE INDEX ON pgretain.runs (started_at);

        -- Restored rows that retention leaves alone until a date.
        CREATE TABLE pgretain.pins (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            table_schema text NOT NULL,
            table_name text NOT NULL,
            relation_schema text NOT NULL,
            relation_name text NOT NULL,
            bounds_from timestamptz NOT NULL,
            bounds_to timestamptz NOT NULL,
            until timestamptz NOT NULL,
            made_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
            made_by text NOT NULL DEFAULT session_user,
            released_at timestamptz,
            released_by text,
            CHECK (bounds_from < bounds_to)
        );

        -- "Keep this range, whatever the policy says."
        CREATE TABLE pgretain.holds (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            table_schema text NOT NULL,
            table_name text NOT NULL,
            bounds_from timestamptz NOT NULL,
            bounds_to timestamptz NOT NULL,
            reason text NOT NULL,
            made_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
            made_by text NOT NULL DEFAULT session_user,
            until timestamptz,
            released_at timestamptz,
            released_by text,
            CHECK (bounds_from < bounds_to)
        );

        -- The stop switch; no table means every table.
        CREATE TABLE pgretain.pauses (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            table_schema text,
            table_name text,
            reason text NOT NULL,
            made_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
            made_by text NOT NULL DEFAULT session_user,
            until timestamptz,
            released_at timestamptz,
            released_by text,
            CHECK ((table_schema IS NULL) = (table_name IS NULL))
        );

        CREATE TABLE pgretain.growth (
            sampled_at timestamptz NOT NULL,
            run uuid NOT NULL,
            table_schema text NOT NULL,
            table_name text NOT NULL,
            partition_oid oid NOT NULL,
            partition_schema text NOT NULL,
            partition_name text NOT NULL,
            bounds_from timestamptz,
            bounds_to timestamptz,
            heap_bytes bigint NOT NULL,
            index_bytes bigint NOT NULL,
            toast_bytes bigint NOT NULL,
            estimated_rows bigint,
            PRIMARY KEY (table_schema, table_name, sampled_at, partition_oid)
        );

        """

    /// Beside the ledger, so that an older program goes on with it: what that writes is linked later.
    static let createChainSQL = """
        -- One row an entry of the ledger, made right after it was committed: a hash of the entry and
        -- of the hash before.
        CREATE TABLE pgretain.chain (
            number bigint PRIMARY KEY CHECK (number > 0),
            entry bigint NOT NULL UNIQUE,
            linked_at timestamptz NOT NULL,
            previous bytea NOT NULL CHECK (pg_catalog.octet_length(previous) = 32),
            hash bytea NOT NULL CHECK (pg_catalog.octet_length(hash) = 32)
        );
        CREATE TRIGGER never_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON pgretain.chain
            FOR EACH STATEMENT EXECUTE FUNCTION pgretain.refuse_change();

        """

    /// Whoever may add to the ledger, or read it, may do so with the chain.
    static let grantChainSQL = """
        DO $body$
            DECLARE
                allowed record;
            BEGIN
                FOR allowed IN
                    SELECT a.grantee, a.privilege_type
                    FROM pg_catalog.pg_class AS c
                    CROSS JOIN LATERAL pg_catalog.aclexplode(
                        COALESCE(c.relacl, pg_catalog.acldefault('r', c.relowner))) AS a
                    JOIN pg_catalog.pg_class AS n ON n.oid = 'pgretain.chain'::pg_catalog.regclass
                    WHERE c.oid = 'pgretain.ledger'::pg_catalog.regclass
                        AND a.grantee <> n.relowner AND a.privilege_type IN ('SELECT', 'INSERT')
                LOOP
                    EXECUTE pg_catalog.format(
                        'GRANT %s ON pgretain.chain TO %s', allowed.privilege_type,
                        CASE allowed.grantee WHEN 0 THEN 'PUBLIC'
                            ELSE allowed.grantee::pg_catalog.regrole::text END);
                END LOOP;
            END
        $body$
        """
}

import Foundation
import TestSupport
import Testing

/// Rows that came before their partition are in DEFAULT, and stand in its way.
@Suite struct DefaultPartitions {
    /// Three rows of this month are in DEFAULT, and some that no period takes.
    private func scene(_ more: String..., rows: Int = 3) throws -> Scene {
        let scene = try Scene()
        try scene.database.psql(
            """
            CREATE TABLE logs (id int GENERATED ALWAYS AS IDENTITY, gone int, message text NOT NULL,
                created_at timestamptz NOT NULL, upper text GENERATED ALWAYS AS (upper(message)) STORED)
                PARTITION BY RANGE (created_at);
            ALTER TABLE logs DROP COLUMN gone;
            CREATE TABLE logs_default (created_at timestamptz NOT NULL, message text NOT NULL,
                id int NOT NULL, upper text GENERATED ALWAYS AS (upper(message)) STORED);
            ALTER TABLE logs ATTACH PARTITION logs_default DEFAULT;
            INSERT INTO logs (message, created_at)
                SELECT 'now ' || n, date_trunc('month', now()) + n * interval '1 second'
                FROM generate_series(1, \(rows)) AS n;
            INSERT INTO logs (message, created_at) VALUES ('never', 'infinity'), ('old', '1999-01-01');
            """)
        try scene.configure(Scene.policy(then: "keep", more: ["premake: 1"] + more))
        return scene
    }

    private func inDefault(_ scene: Scene) throws -> String {
        try scene.database.superuser("SELECT count(*) FROM ONLY logs_default")
    }

    @Test func theyAreCountedAndStay() throws {
        let scene = try scene()
        let before = try scene.digest(of: "logs")
        let night = try scene.night(nil)
        #expect(night.status == 1 && night.stderr.contains("holds 3 rows of that range"))
        #expect(night.stderr.contains("default: drain"))
        #expect(night.stderr.contains("pgretain park"))
        #expect(try scene.digest(of: "logs") == before)
        #expect(try inDefault(scene) == "5")
    }

    @Test func theyAreMovedWhereThePolicySaysSo() throws {
        let scene = try scene("default: drain")
        let before = try scene.digest(of: "logs")
        let night = try scene.night(nil, "-v")
        #expect(night.status == 0, "\(night.stderr)")
        #expect(night.stderr.contains("3 rows moved out of DEFAULT"), "\(night.stderr)")
        #expect(try scene.digest(of: "logs") == before)
        #expect(try inDefault(scene) == "2", "what no period takes stays")
        #expect(try scene.partitions().count == 3)
        try scene.database.psql("INSERT INTO logs (message, created_at) VALUES ('new', now())")
        #expect(try inDefault(scene) == "2")
    }

    @Test func tooManyAreNot() throws {
        let scene = try scene("default: drain", rows: 10_001)
        let before = try scene.digest(of: "logs")
        let night = try scene.night(nil)
        #expect(night.status == 1 && night.stderr.contains("holds 10001 rows of that range"))
        #expect(try scene.digest(of: "logs") == before)
        #expect(try inDefault(scene) == "10003")
    }

    @Test func whatPointsAtThemIsNotCascadedTo() throws {
        let scene = try scene("default: drain")
        try scene.database.psql(
            """
            ALTER TABLE logs ADD PRIMARY KEY (id, created_at);
            CREATE TABLE notes (id int, at timestamptz,
                FOREIGN KEY (id, at) REFERENCES logs ON DELETE CASCADE);
            INSERT INTO notes SELECT id, created_at FROM logs;
            """)
        let night = try scene.night(nil)
        #expect(night.status == 1, "\(night.stderr)")
        #expect(try scene.database.superuser("SELECT count(*) FROM notes") == "5")
    }

    @Test func aNightThatEndsInTheMidstMovesAllOrNothing() throws {
        for place in [
            "sql.ddl.drain.after#1", "sql.ddl.attach.after#1", "sql.transaction.commit.before#2",
        ] {
            let scene = try scene("default: drain")
            let before = try scene.digest(of: "logs")
            let crashed = try scene.pgretain(
                ["run"], environment: ["PGRETAIN_FAIL_AT": "\(place)=crash"])
            #expect(crashed.status == 137, "\(place): \(crashed.stderr)")
            #expect(try scene.digest(of: "logs") == before, "\(place)")
            let night = try scene.night(nil)
            #expect(night.status == 0, "\(place): \(night.stderr)")
            #expect(try scene.digest(of: "logs") == before, "\(place)")
            #expect(try inDefault(scene) == "2")
        }
    }

    @Test func outliersAreParked() throws {
        let scene = try scene()
        let all = try scene.digest(of: "(SELECT id, message, created_at, upper FROM logs)")
        let park = ["park", "--table", "logs", "--aside", "\"logs; parked\""]
        let before = try scene.picture()
        let counted = try scene.pgretain(park + ["--dry-run"])
        #expect(counted.status == 0 && counted.stdout.contains("1 older, 1 later"), "\(counted)")
        #expect(try scene.picture() == before, "a dry run changes nothing")
        for moved in ["2 rows", "0 rows"] {
            let parked = try scene.pgretain(park)
            #expect(parked.status == 0 && parked.stdout.contains("parked\": \(moved)"), "\(parked)")
            #expect(try inDefault(scene) == "3", "what belongs to a period stays")
            #expect(
                try scene.digest(
                    of: """
                        (SELECT id, message, created_at, upper FROM logs UNION ALL
                            SELECT id, message, created_at, upper FROM "logs; parked")
                        """) == all)
        }
        #expect(
            try scene.database.superuser(
                "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname = 'logs; parked'")
                == "logs_owner")
        try scene.database.psql(
            "CREATE VIEW seen AS SELECT 1; INSERT INTO logs (message, created_at) VALUES ('x', 'infinity')"
        )
        let refused = try scene.pgretain("park", "--table", "logs", "--aside", "seen")
        #expect(refused.status == 73 && refused.stderr.contains("park.table"), "\(refused)")
        #expect(try inDefault(scene) == "4")
    }

    /// A table that swallows rows, or that parking has not made, gets none.
    @Test func whatIsParkedIsThere() throws {
        let scene = try scene()
        let park = ["park", "--table", "logs", "--aside", "parked"]
        try scene.database.psql("CREATE TABLE parked (LIKE logs)")
        let foreign = try scene.pgretain(park)
        #expect(foreign.status == 73 && foreign.stderr.contains("park.table"), "\(foreign)")
        try scene.database.psql("DROP TABLE parked; DELETE FROM logs WHERE message = 'old'")
        #expect(try scene.pgretain(park).status == 0)
        try scene.database.psql(
            """
            INSERT INTO logs (message, created_at) VALUES ('old', '1999-01-01');
            CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
            CREATE TRIGGER swallow BEFORE INSERT ON parked FOR EACH ROW EXECUTE FUNCTION swallow();
            """)
        let swallowed = try scene.pgretain(park)
        #expect(swallowed.status == 65 && swallowed.stderr.contains("park.swallowed"))
        #expect(try inDefault(scene) == "4")
        try scene.database.psql("DROP TRIGGER swallow ON parked")
        try scene.database.superuser("INSERT INTO pgretain.pauses (reason) VALUES ('no')")
        #expect(try scene.pgretain(park).status == 76)
    }

    /// Whom a policy hides rows from does not read them once they are parked.
    @Test func whatIsParkedStaysHidden() throws {
        let scene = try scene()
        try scene.database.psql(
            """
            GRANT SELECT ON logs TO PUBLIC;
            ALTER TABLE logs ENABLE ROW LEVEL SECURITY;
            """)
        #expect(try scene.pgretain("park", "--table", "logs", "--aside", "parked").status == 0)
        #expect(
            try scene.database.superuser(
                "SELECT count(*), has_table_privilege('logs_reader', 'parked', 'SELECT') FROM parked"
            )
                == "2|f")
    }
}

import Retention

extension Manifest {
    /// A small one with something of everything.
    static var golden: Manifest {
        let sha256 = String(repeating: "0123456789abcdef", count: 4)
        return Manifest(
            tool: "pgretain 0.1.0", generation: 2,
            table: .init(name: logs, oid: 16385),
            partition: .init(
                name: QualifiedName(schema: "public", name: "system_logs_2025_01"), oid: 16412),
            key: "created_at", keyType: .timestampWithTimeZone,
            bounds: PartitionBounds(
                from: instant("2025-01-01T00:00:00Z"), to: instant("2025-02-01T00:00:00Z"))!,
            digest: ContentDigest(rows: 3, sum: 9),
            parts: [
                Part(
                    file: "part-00000.ndjson.gz", bytes: 60, sha256: sha256, ndjsonBytes: 80,
                    digest: ContentDigest(rows: 2, sum: 10),
                    smallestKey: instant("2025-01-01T00:00:00Z"),
                    largestKey: instant("2025-01-31T23:59:59.999999Z")),
                Part(
                    file: "part-00001.ndjson.gz", bytes: 50, sha256: sha256, ndjsonBytes: 40,
                    digest: ContentDigest(rows: 1, sum: .max), smallestKey: nil, largestKey: nil),
            ],
            definition: TableDefinition(
                columns: [
                    Retention.Column(
                        name: "id", type: "integer", baseTypeOID: 23, isNullable: false,
                        isGenerated: false, expression: nil, identity: "BY DEFAULT",
                        collation: nil, isUnreadable: false),
                    Retention.Column(
                        name: "The \"Level\"\n\u{2028}", type: "character varying(20)",
                        baseTypeOID: 1043, isNullable: true, isGenerated: false,
                        expression: "'INFO'::character varying", identity: nil,
                        collation: "pg_catalog.\"C\"", isUnreadable: false),
                ],
                constraints: [
                    ConstraintDefinition(
                        name: "system_logs_pkey", kind: .primaryKey,
                        definition: "PRIMARY KEY (id, created_at)")
                ],
                indexes: [
                    IndexDefinition(
                        name: "ix_level", isUnique: false, definition: "USING btree (level)")
                ]),
            encodings: ["number", "string"],
            origin: .init(
                serverVersion: "15.8 (Debian 15.8-0+deb12u1)", encoding: "UTF8",
                systemIdentifier: "7312345678901234567", database: "logs"),
            exportedAt: instant("2025-05-01T02:00:00.25Z"), warnings: ["a warning"], firstOwnPart: 1
        )
    }
}

/// The file of `Manifest.golden`. When this has to change, the format has changed: give it a new
/// number, and keep reading the old one.
let goldenManifest = #"""
    {
      "format": 1,
      "tool": "pgretain 0.1.0",
      "generation": 2,
      "table": {
        "schema": "public",
        "name": "system_logs",
        "oid": 16385
      },
      "partition": {
        "schema": "public",
        "name": "system_logs_2025_01",
        "oid": 16412
      },
      "key": {
        "column": "created_at",
        "type": "timestamptz"
      },
      "bounds": {
        "from": "2025-01-01T00:00:00Z",
        "to": "2025-02-01T00:00:00Z"
      },
      "rows": 3,
      "digest": "00000000000000000000000000000009",
      "parts": [
        {
          "file": "part-00000.ndjson.gz",
          "bytes": 60,
          "sha256": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
          "ndjson_bytes": 80,
          "rows": 2,
          "digest": "0000000000000000000000000000000a",
          "smallest_key": "2025-01-01T00:00:00Z",
          "largest_key": "2025-01-31T23:59:59.999999Z"
        },
        {
          "file": "part-00001.ndjson.gz",
          "bytes": 50,
          "sha256": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
          "ndjson_bytes": 40,
          "rows": 1,
          "digest": "ffffffffffffffffffffffffffffffff",
          "smallest_key": null,
          "largest_key": null
        }
      ],
      "first_own_part": 1,
      "columns": [
        {
          "name": "id",
          "type": "integer",
          "base_type_oid": 23,
          "encoding": "number",
          "nullable": false,
          "generated": false,
          "expression": null,
          "identity": "BY DEFAULT",
          "collation": null,
          "unreadable": false
        },
        {
          "name": "The \"Level\"\n ",
          "type": "character varying(20)",
          "base_type_oid": 1043,
          "encoding": "string",
          "nullable": true,
          "generated": false,
          "expression": "'INFO'::character varying",
          "identity": null,
          "collation": "pg_catalog.\"C\"",
          "unreadable": false
        }
      ],
      "constraints": [
        {
          "name": "system_logs_pkey",
          "kind": "primaryKey",
          "definition": "PRIMARY KEY (id, created_at)"
        }
      ],
      "indexes": [
        {
          "name": "ix_level",
          "unique": false,
          "definition": "USING btree (level)"
        }
      ],
      "origin": {
        "server_version": "15.8 (Debian 15.8-0+deb12u1)",
        "encoding": "UTF8",
        "system_identifier": "7312345678901234567",
        "database": "logs"
      },
      "exported_at": "2025-05-01T02:00:00.25Z",
      "warnings": [
        "a warning"
      ],
      "checksum": "36b482cfae98c8eeb75c4e0af522919ccb8782ec291a0a52c35747c414fb5091"
    }

    """#

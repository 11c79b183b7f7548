import Foundation

extension Zoo {
    /// Text that bites a reader of COPY, of JSON, of lines or of arrays.
    static let hostile: [ZooColumn.Value] = [
        "", " ", "\\N", "\\.", "\\", "\"", "'", "null", "NULL", "{}", "{a,\"b\"}", "line\nbreak",
        "tab\tstop", "CR\rLF\r\n", "\u{1}\u{8}\u{b}\u{c}\u{1f}\u{7f}\u{85}", "\u{2028}\u{2029}",
        "👩‍👩‍👧‍👦", "e\u{301}", "\u{feff}BOM", "\u{fffe}\u{ffff}\u{10ffff}", "C:\\new\\\\x",
        "\\u0000 \\u2028", "1234567\"", "12345678\\", "%s $1 ; -- /* */ $$",
    ]

    static let text: [ZooColumn] = [
        ZooColumn("text", "text", hostile, random: "zoo_text()"),
        ZooColumn("varchar", "varchar", hostile, random: "zoo_text()"),
        ZooColumn("varchar(3)", "varchar(3)", ["", "日本語", "a  "]),
        ZooColumn("char(5)", "char(5)", ["", "a", "é\\\n", "12345"]),
        ZooColumn("char", "\"char\"", ["", "a", "\\", "\n", "\"", " ", .sql("(-56)::\"char\"")]),
        ZooColumn(
            "name", "name", ["", "odd \"name\"", .literal(String(repeating: "é", count: 31) + "x")]
        ),
        ZooColumn(
            "bytea", "bytea",
            ["", "\\x00ff5c0a", "abc\\000\\\\", .sql("decode(repeat('00ff', 5000), 'hex')")],
            random: "decode(md5(random()::text), 'hex')"),
        ZooColumn("citext", "citext", ["MiXed", "", "\\N"], random: "zoo_text()"),
        ZooColumn("refcursor", "refcursor", ["c", "", "<unnamed portal 1>"]),
        ZooColumn("mood", "mood", ["sad", "", "it's \"ok\", {really}\\\n"]),
        ZooColumn("mood[]", "mood[]", arrays("sad", "\"\"", #""it's \"ok\", {really}\\\#n""#)),
        ZooColumn("short_text", "short_text", ["", "a\tb", "\\"]),
        ZooColumn(
            "text[]", "text[]",
            arrays("\"\"", "\"NULL\"", #""a \"q\" \\ \#n,{}""#) + ["{null,NULL,\"nUlL\"}"],
            random: "(SELECT array_agg(zoo_text()) FROM generate_series(1, (random() * 3)::int))"),
        ZooColumn("varchar[]", "varchar[]", arrays("a", "\" \"", "\"\u{2028}\"")),
        ZooColumn("char(2)[]", "char(2)[]", arrays("a", "bc", "\"\"")),
        ZooColumn("\"char\"[]", "\"char\"[]", arrays("a", "\"\\\"\"", "\"\"")),
        ZooColumn("name[]", "name[]", arrays("a", "\"b c\"", "\"\"")),
        ZooColumn("bytea[]", "bytea[]", arrays(#""\\x00ff""#, #""\\x""#, #""\\x5c""#)),
        ZooColumn("citext[]", "citext[]", arrays("A", "\"b C\"", "é")),
        ZooColumn(
            "uuid", "uuid",
            ["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"],
            random: "gen_random_uuid()"),
        ZooColumn(
            "uuid[]", "uuid[]",
            arrays(
                "00000000-0000-0000-0000-000000000001", "ffffffff-ffff-ffff-ffff-ffffffffffff",
                "00000000-0000-0000-0000-000000000000")),
        ZooColumn(
            "tsvector", "tsvector",
            ["", "'a b':1A,2B 'c''d':3 '\\\\':4", "fat:2,4 cat:3 rat:5A"],
            random: "to_tsvector('pg_catalog.simple', zoo_text())"),
        ZooColumn("tsquery", "tsquery", ["", "'a b' & !'c''d' | e:*AB", "x <2> 'y\\\\'"]),
        ZooColumn("ltree", "ltree", ["", "Top.Science.a_b"]),
        ZooColumn("lquery", "lquery", ["Top.*{1,2}.!a|b*@%"]),
        ZooColumn(
            "hstore", "hstore",
            ["", "a=>NULL", #""b \"q\" \\"=>"NULL", c=>"", é=>"\#n""#],
            random: "public.hstore(zoo_text(), zoo_text())"),
        ZooColumn("hstore[]", "hstore[]", [#"{"\"a\"=>\"b\"",NULL}"#, "{}"]),
    ]
}

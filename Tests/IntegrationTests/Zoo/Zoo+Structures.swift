import Foundation

extension Zoo {
    static let structures: [ZooColumn] = [
        ZooColumn(
            "json", "json",
            [
                "null", "{\"a\": 1,\n\t\"a\" : 2 }", " [1e400, -0, 1E+2] ", "\"\\u0000 \\ud83d\"",
                "{}", "\"é\u{2028}\\/\"", "123",
            ], random: "to_json(zoo_text())"),
        ZooColumn(
            "jsonb", "jsonb",
            [
                "null", "{\"b\": [null, {\"x\": \"\\\"\"}], \"a\": 1.10}", "1e400", "-0", "[]",
                "{}", "\"\\u0001 \\\\N \\ud83d\\ude00 \\u2028\"", "{\"\": {\"\": [[[]]]}}", "true",
                "123456789012345678901234567890.1234567890", "\"\"", "[1,[2,[3]],\"\\n\"]",
                "{\"é\\\\\\\"\\t\": false}", "1E-10",
            ], random: "jsonb_build_object(zoo_text(), zoo_text(), zoo_text(), random())"),
        ZooColumn("jsonb[]", "jsonb[]", [#"{"{\"a\": [1, null]}",NULL,"null"}"#, "{}"]),
        ZooColumn("json[]", "json[]", [#"{"{\"a\": 1,  \"a\": 2}",NULL}"#]),
        ZooColumn("document", "document", ["{\"a\": \"\\\\\"}", "{}"]),
        ZooColumn("jsonpath", "jsonpath", ["$.\"a b\"[*] ? (@ > 1.10)", "strict $"]),
        ZooColumn(
            "xml", "xml",
            ["<a b=\"c\">d\n&amp;</a>", "plain text", "", "<a/><b/>", "<!-- é\u{2028} -->"]),
        ZooColumn(
            "xml, declared", "xml",
            ["<?xml version=\"1.0\" encoding=\"latin1\"?><a/>", "<?xml version=\"1.1\"?><b>é</b>"],
            losesBytes: true),
        ZooColumn("point", "point", ["(1.1,-0)", "(NaN,Infinity)", "(5e-324,1e308)"]),
        ZooColumn("line", "line", ["{1,-1,0.1}"]),
        ZooColumn("lseg", "lseg", ["[(0,0),(0.1,-5e-324)]"]),
        ZooColumn("box", "box", ["(1,1),(0,0.30000000000000004)"]),
        ZooColumn("path", "path", ["[(0,0),(1,1)]", "((0,0),(1,1),(2,0.1))"]),
        ZooColumn("polygon", "polygon", ["((0,0),(1,1),(2,0.1))"]),
        ZooColumn("circle", "circle", ["<(0.1,0.2),3>", "<(0,0),0>"]),
        ZooColumn("point[]", "point[]", arrays("\"(1,2)\"", "\"(0.1,-0)\"", "\"(0,0)\"")),
        ZooColumn("box[]", "box[]", ["{(1,1),(0,0);(2,2),(1,1)}", "{}"]),
        ZooColumn("inet", "inet", ["192.168.0.1/24", "::1", "::ffff:1.2.3.4/96", "0.0.0.0/0"]),
        ZooColumn("cidr", "cidr", ["10.0.0.0/8", "2001:db8::/32"]),
        ZooColumn("macaddr", "macaddr", ["08:00:2b:01:02:03"]),
        ZooColumn("macaddr8", "macaddr8", ["08:00:2b:01:02:03:04:05"]),
        ZooColumn("inet[]", "inet[]", arrays("10.0.0.1", "::/0", "1.2.3.4/8")),
        ZooColumn("bit(3)", "bit(3)", ["101", "000"]),
        ZooColumn(
            "varbit", "varbit", ["", "1", "10101010101010101"],
            random: "floor(random() * 1e9)::int::bit(32)"),
        ZooColumn("bit(2)[]", "bit(2)[]", arrays("10", "01", "00")),
        ZooColumn("cube", "cube", ["(1,0.1),(3,-4)", "(5e-324)", "()"]),
        ZooColumn("seg", "seg", ["1.5 .. 2.5", "~3.10", "< 4"]),
        ZooColumn("ean13", "ean13", ["978-0-393-04002-9"]),
        ZooColumn(
            "pair", "pair", ["(1,\"a \"\"q\"\" \\\\,()\")", "(,)", "(,\"\")", "(-1,NULL)"],
            random: "ROW(floor(random() * 100)::int, zoo_text())"),
        ZooColumn(
            "nested", "nested",
            [
                #"("(1,\"\"\"b\"\" c\")","{\"(2,d)\",NULL}","{\"a\": \"\"x\"\"}","2025-01-01")"#,
                "(,,,)", "(\"(,)\",{},null,-infinity)",
            ].map { value in
                // The array and the document inside need quotes of their own.
                .literal(
                    value.replacingOccurrences(
                        of: #""{\"a\": \"\"x\"\"}""#, with: #""{""a"": ""x""}""#))
            }),
        ZooColumn("pair[]", "pair[]", [#"{"(1,\"a b\")",NULL,"(,)"}"#, "{}", "[0:0]={\"(1,)\"}"]),
        ZooColumn("pairs", "pairs", [#"{"(1,x)"}"#, "{}"]),
    ]

    /// Names of things of the server: what they name may be gone when they come back.
    static let named: [ZooColumn] = [
        ZooColumn("regclass", "regclass", ["pg_class", "0", "99999999"], isUnreadable: true),
        ZooColumn("regtype", "regtype", ["int4[]", "\"char\"", "0"], isUnreadable: true),
        ZooColumn("regproc", "regproc", ["pg_backend_pid", "0"], isUnreadable: true),
        ZooColumn("regprocedure", "regprocedure", ["lower(text)", "0"], isUnreadable: true),
        ZooColumn("regoper", "regoper", ["||/", "0"], isUnreadable: true),
        ZooColumn("regoperator", "regoperator", ["+(int4,int4)", "0"], isUnreadable: true),
        ZooColumn("regrole", "regrole", ["logs_owner", "0"], isUnreadable: true),
        ZooColumn("regnamespace", "regnamespace", ["pg_catalog", "0"], isUnreadable: true),
        ZooColumn("regconfig", "regconfig", ["english", "0"], isUnreadable: true),
        ZooColumn("regdictionary", "regdictionary", ["simple", "0"], isUnreadable: true),
        ZooColumn("regcollation", "regcollation", ["\"C\"", "0"], isUnreadable: true),
        ZooColumn("regclass[]", "regclass[]", ["{pg_class,NULL}", "{}"], isUnreadable: true),
        ZooColumn("aclitem", "aclitem", ["logs_owner=r/postgres"], isUnreadable: true),
    ]

    /// Names that SQL, COPY or JSON would rather not have.
    static let oddlyNamed: [ZooColumn] = [
        ZooColumn("t", "text", ["t"]), ZooColumn("Select", "int4", ["1"]),
        ZooColumn("select", "int4", ["2"]), ZooColumn("a \"b\" 'c'", "text", ["q"]),
        ZooColumn("tab\there\nand\\there", "jsonb", ["{\"x\": 1}"]),
        ZooColumn("\u{2028}👩‍👩‍👧‍👦\u{7f}", "int4[]", ["{1}"]),
        ZooColumn(String(repeating: "x", count: 63), "bool", ["t"]),
        ZooColumn("$1", "text", ["$$"]), ZooColumn("a.b, c) FROM pg_class; --", "text", ["inj"]),
        ZooColumn("..", "text", ["dots"]), ZooColumn(" ", "numeric", ["1.0"]),
        ZooColumn(
            "made", "text", [], suffix: "GENERATED ALWAYS AS (text || E'\\t' || varchar) STORED"),
        ZooColumn(
            "made jsonb", "jsonb", [],
            suffix: "GENERATED ALWAYS AS (jsonb -> 'a') STORED"),
    ]
}

import Foundation

extension Zoo {
    static let numbers: [ZooColumn] = [
        ZooColumn(
            "int2", "int2", ["0", "-32768", "32767", "7"],
            random: "floor(random() * 65536) - 32768"),
        ZooColumn(
            "int4", "int4", ["0", "-2147483648", "2147483647", "1234567", "12345678"],
            random: "floor(random() * 4294967296) - 2147483648"),
        ZooColumn(
            "int8", "int8",
            ["0", "-9223372036854775808", "9223372036854775807", "9007199254740993", "100000000"],
            random: "floor((random() - 0.5) * 18446744073709549568::float8)"),
        ZooColumn(
            "numeric", "numeric",
            [
                "0", "0.00", "-0.000", "NaN", "Infinity", "-Infinity", "1.10", "1e400", "-1e-400",
                "12345678901234567890.12345678901234567890", "00012.50", "1e131071", "1e-16383",
                "10000", "0.0001", "99999999",
            ],
            random: "round((random() - 0.5)::numeric * 10::numeric ^ floor(random() * 60)::int, "
                + "floor(random() * 40)::int)"),
        ZooColumn("numeric(5,2)", "numeric(5,2)", ["999.99", "-0.01", "NaN", "1"]),
        ZooColumn("numeric(3,-2)", "numeric(3,-2)", ["99900", "-100", "0"]),
        ZooColumn(
            "float4", "float4",
            [
                "0", "-0", "NaN", "Infinity", "-Infinity", "1e-45", "1.17549435e-38",
                "3.4028235e38", "0.1", "16777217", "1e15", "-1.5e-7",
            ], random: "(random() - 0.5) * 10 ^ (random() * 70 - 35)"),
        ZooColumn(
            "float8", "float8",
            [
                "0", "-0", "NaN", "Infinity", "-Infinity", "5e-324", "2.2250738585072011e-308",
                "1.7976931348623157e308", "0.1", "9007199254740993", "1e15", "1e16",
                "0.30000000000000004", "-1e-5", "123456.75",
            ], random: "(random() - 0.5) * 10 ^ (random() * 600 - 300)"),
        ZooColumn(
            "money", "money", ["0", "-92233720368547758.08", "92233720368547758.07", "1234567.89"],
            random: "floor(random() * 1e12)::numeric / 100"),
        ZooColumn("bool", "bool", ["t", "f"], random: "random() < 0.5"),
        ZooColumn("oid", "oid", ["0", "4294967295", "2147483648"]),
        ZooColumn("xid", "xid", ["0", "4294967295", "3"]),
        ZooColumn("xid8", "xid8", ["0", "18446744073709551615"]),
        ZooColumn("cid", "cid", ["0", "4294967295"]),
        ZooColumn("tid", "tid", ["(0,1)", "(4294967295,65535)"]),
        ZooColumn("pg_lsn", "pg_lsn", ["0/0", "FFFFFFFF/FFFFFFFF", "16/B374D848"]),
        ZooColumn("pg_snapshot", "pg_snapshot", ["10:20:10,14,15", "1:1:"]),
        ZooColumn("txid_snapshot", "txid_snapshot", ["10:20:10,14,15", "1:1:"]),
        ZooColumn("oidvector", "oidvector", ["", "1 2 4294967295"]),
        ZooColumn("int2vector", "int2vector", ["", "1 -2 32767"]),
        ZooColumn("positive", "positive", ["1", "2147483647"]),
        ZooColumn("small_positive", "small_positive", ["1", "9"]),
        ZooColumn("int4[]", "int4[]", arrays("1", "-2147483648", "2147483647")),
        ZooColumn("int2[]", "int2[]", arrays("1", "-32768", "0")),
        ZooColumn("int8[]", "int8[]", arrays("9223372036854775807", "-1", "0")),
        ZooColumn("numeric[]", "numeric[]", arrays("NaN", "1.10", "-Infinity") + ["{1e400}"]),
        ZooColumn("float4[]", "float4[]", arrays("NaN", "-0", "1e-45")),
        ZooColumn("float8[]", "float8[]", arrays("Infinity", "5e-324", "0.1")),
        ZooColumn("bool[]", "bool[]", arrays("t", "f", "t")),
        ZooColumn("oid[]", "oid[]", arrays("1", "4294967295", "0")),
        ZooColumn("money[]", "money[]", arrays("\"$1,234.50\"", "-$0.01", "$0.00")),
        ZooColumn("positive[]", "positive[]", arrays("1", "2", "3")),
        ZooColumn("three_numbers", "three_numbers", ["{1,2,3}", "{NULL,1,2}", "[5:7]={1,2,3}"]),
        ZooColumn("int4range", "int4range", ["empty", "[1,5)", "(,5)", "[1,)", "(,)"]),
        ZooColumn("int8range", "int8range", ["[-9223372036854775808,9223372036854775807)"]),
        ZooColumn("numrange", "numrange", ["empty", "(1.10,2.200]", "[NaN,NaN]", "(,Infinity]"]),
        ZooColumn("int4multirange", "int4multirange", ["{}", "{[1,5),[7,9)}", "{(,)}"]),
        ZooColumn("nummultirange", "nummultirange", ["{(1.10,2.200],(3,)}"]),
        ZooColumn("int4range[]", "int4range[]", ["{empty,\"[1,5)\",NULL}", "{}"]),
        ZooColumn("floatrange", "floatrange", ["[-0,5e-324]", "(,1e308)"]),
    ]

    /// Arrays of every shape, of three elements.
    static func arrays(_ a: String, _ b: String, _ c: String) -> [ZooColumn.Value] {
        [
            "{}", "{\(a)}", "{\(a),\(b),\(c)}", "{NULL}", "{\(a),NULL,\(c)}",
            "{{\(a),\(b)},{\(c),NULL}}", "{{{\(a)},{\(b)}},{{\(c)},{\(a)}}}", "[0:1]={\(a),\(b)}",
            "[-3:-2][7:7]={{\(a)},{\(b)}}", "{{{{{{\(a)}}}}}}",
        ].map(ZooColumn.Value.literal)
    }
}

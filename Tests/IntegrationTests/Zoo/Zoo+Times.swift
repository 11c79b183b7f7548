import Foundation

extension Zoo {
    private static let anyTime =
        "timestamp '2000-01-01' + (random() - 0.2) * interval '30000 years'"

    static let times: [ZooColumn] = [
        ZooColumn(
            "timestamptz", "timestamptz",
            [
                "infinity", "-infinity", "2025-01-01 00:00:01.617207+00", "epoch",
                "4714-11-24 00:00:00+00 BC", "0001-12-31 23:59:59.999999+00 BC",
                "0001-01-01 00:00+00", "294276-12-31 23:59:59.999999+00", "10000-01-01 00:00+00",
                "99999-12-31 23:59:59+00", "2025-03-30 01:30:00.5+05:45", "1900-01-01 00:00+00",
            ], random: anyTime),
        ZooColumn(
            "timestamp", "timestamp",
            [
                "infinity", "-infinity", "2025-01-01 00:00:01.617207", "4714-11-24 00:00:00 BC",
                "0044-03-15 12:00:00 BC", "294276-12-31 23:59:59.999999", "12025-06-15 10:00:00.1",
                "1999-12-31 23:59:60",
            ], random: anyTime),
        ZooColumn("timestamptz(0)", "timestamptz(0)", ["2025-01-01 00:00:01.5+00", "infinity"]),
        ZooColumn(
            "date", "date",
            [
                "infinity", "-infinity", "4714-11-24 BC", "5874897-12-31", "2025-02-28",
                "0001-01-01",
            ],
            random: "date '2000-01-01' + floor((random() - 0.3) * 1000000)::int"),
        ZooColumn(
            "time", "time", ["00:00:00", "24:00:00", "23:59:59.999999", "12:34:56.5"],
            random: "make_interval(secs => random() * 86399)"),
        ZooColumn(
            "timetz", "timetz",
            ["00:00:00+15:59:59", "24:00:00-15:59", "12:34:56.000001+05:45", "12:00:00Z"]),
        ZooColumn(
            "interval", "interval",
            [
                "0", "1 year -2 mons +3 days -04:05:06.000001", "-178000000 years",
                "178000000 years", "-00:00:00.000001", "2147483647 days", "1 mon -1 day",
                "2562047788:00:54.775807", "-1 year", "@ 14 seconds ago",
            ],
            random: "make_interval(years => floor(random() * 200 - 100)::int, "
                + "months => floor(random() * 20 - 10)::int, days => floor(random() * 99 - 50)::int, "
                + "secs => (random() - 0.5) * 1e6)"),
        ZooColumn("interval day", "interval day to second(3)", ["3 days 04:05:06.789", "-1 day"]),
        ZooColumn("date[]", "date[]", arrays("2025-01-01", "infinity", "\"4714-11-24 BC\"")),
        ZooColumn(
            "timestamptz[]", "timestamptz[]",
            arrays("\"2025-01-01 00:00:00.000001+00\"", "infinity", "\"0044-03-15 00:00+00 BC\"")),
        ZooColumn("interval[]", "interval[]", arrays("\"1 mon -1 day\"", "0", "\"-00:00:01\"")),
        ZooColumn(
            "tsrange", "tsrange",
            ["[\"2025-01-01 00:00:00\",infinity)", "empty", "(,\"0044-03-15 00:00:00 BC\"]"]),
        ZooColumn(
            "tstzrange", "tstzrange", ["[\"2025-01-01 00:00:00+00\",)", "[-infinity,infinity]"]),
        ZooColumn("daterange", "daterange", ["[2025-01-01,2025-02-01)", "(,)", "empty"]),
        ZooColumn(
            "tstzmultirange", "tstzmultirange",
            ["{}", "{[\"2025-01-01 00:00+00\",\"2025-02-01 00:00+00\"),[infinity,)}"]),
        ZooColumn("datemultirange[]", "datemultirange[]", ["{\"{[2025-01-01,2025-02-01)}\",NULL}"]),
    ]
}

import Retention
import Testing

/// What `match:` understands.
@Suite struct TablePatterns {
    private static func name(_ text: String) -> QualifiedName { QualifiedName(sql: text)! }

    @Test(arguments: [
        ("tenant_%.events", ["tenant_1.events", "tenant_.events", #""tenant_a.b".events"#]),
        ("Tenant_%.Events", ["tenant_1.events"]),
        (#""Tenant"_%.events"#, ["\"Tenant_1\".events"]),
        (#"tenant\_%.events"#, ["tenant_1.events"]),
        ("events_%", ["events_eu", "public.events_us"]),
        ("%.%", ["a.b", "public.logs"]),
        ("%_log%.a%b%c", ["x_logs.abc", "_log.a1b2c", "a_log_log.abbcc"]),
        (#""100%".a%"#, ["\"100%\".a"]), (#"100\%.a%"#, ["\"100%\".a"]),
        ("é%.x", ["école.x"]), (#""a""b".%"#, [#""a""b".c"#]),
    ])
    func aPatternMatchesNames(pattern: String, names: [String]) throws {
        let pattern = try TablePattern(pattern)
        for name in names { #expect(pattern.matches(Self.name(name)), "\(name)") }
    }

    @Test(
        arguments: [
            (
                "tenant_%.events",
                ["tenants.events", "tenant-1.events", "tenant_1.events2", "events"]
            ),
            ("tenant_%.events", [#""Tenant_1".events"#, #"tenant_1."Events""#]),
            ("events_%", ["other.events_eu", "events"]),
            ("%ab%.x", ["a.x", "ba.x"]), ("ab%ba.x", ["aba.x"]), (#""%".a%"#, ["x.a"]),
            ("é%.x", ["e\u{301}cole.x"]),
        ] as [(String, [String])])
    func andNoOthers(pattern: String, names: [String]) throws {
        let pattern = try TablePattern(pattern)
        for name in names {
            guard let name = QualifiedName(sql: name) ?? name.split(separator: ".").pair else {
                Issue.record("\(name)")
                continue
            }
            #expect(!pattern.matches(name), "\(name)")
        }
    }

    @Test(arguments: [
        ("events", "table:"), ("a.b.c%", "a schema and a name"), ("%.", "a schema and a name"),
        ("", "a schema and a name"), ("tenant_*.events", "`*`"), ("tenant ?.x%", "` `"),
        (#""tenant_%.events"#, "quote"), (#"tenant\d%.x"#, "backslash"),
    ])
    func whatIsNoneIsRefused(text: String, why: String) {
        do throws(TablePattern.Fault) {
            let pattern = try TablePattern(text)
            Issue.record("\(pattern) is none")
        } catch { #expect(error.reason.contains(why), "\(error.reason)") }
    }
}

extension [Substring] {
    fileprivate var pair: QualifiedName? {
        count == 2 ? QualifiedName(schema: String(self[0]), name: String(self[1])) : nil
    }
}

import Retention
import Testing

@testable import Postgres

@Suite("Errors of the server")
struct PostgresErrorTests {
    @Test(
        "SQLSTATE decides the exit status",
        arguments: [
            ("42501", .permission), ("28P01", .unavailable), ("28000", .unavailable),
            ("55P03", .tryLater), ("40P01", .tryLater), ("57014", .tryLater),
            ("53100", .inputOutput),
            ("53300", .unavailable), ("57P01", .unavailable), ("08006", .unavailable),
            ("25006", .unavailable), ("3D000", .unavailable), ("42P01", .missing),
            ("22P02", .data), ("23505", .data), ("58030", .inputOutput), ("XX001", .inputOutput),
            ("54000", .data), ("42601", .bug), ("XX000", .bug), (nil, .unavailable),
        ] as [(String?, Retention.ExitStatus)])
    func statuses(_ state: String?, _ status: Retention.ExitStatus) {
        let error = PostgresError(sqlState: state, message: "m", statement: "s")
        #expect(error.problem.status == status)
        #expect(!error.problem.hint.isEmpty)
    }

    @Test("values of rows are cut out of messages")
    func values() {
        let error = PostgresError(
            sqlState: "22P02", message: "invalid input syntax for type integer: \"a \"b\" c\"",
            statement: "copy.in")
        #expect(error.message == "invalid input syntax for type integer: \"…\"")
    }

    @Test("a name in the data that is not there is the data's fault, and is not told")
    func missingNames() {
        for (state, message) in [
            ("42704", "role \"jane\" does not exist"),
            ("42725", "more than one function named \"f\""),
            ("42P01", "relation \"secret\" does not exist"),
        ] {
            let error = PostgresError(sqlState: state, message: message, statement: "copy.in")
            #expect(error.problem.status == .data && error.message.contains("\"…\""))
        }
    }

    @Test("the statement's name and the step are told")
    func names() {
        let error = PostgresError(
            sqlState: "55P03", message: "canceling statement\ndue to lock timeout",
            statement: "table.lock", step: "detach logs_2025_01")
        #expect(
            error.problem.message.hasPrefix(
                "table.lock during detach logs_2025_01: canceling statement due to lock timeout"))
    }
}

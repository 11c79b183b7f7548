import Retention
import Testing

@testable import Postgres

@Suite("SQL: identifiers and values are quoted by their type")
struct SQLTests {
    @Test(
        "identifiers",
        arguments: [
            ("logs", "\"logs\""), ("Logs x", "\"Logs x\""), ("a\"b", "\"a\"\"b\""),
            ("\"; DROP TABLE x; --", "\"\"\"; DROP TABLE x; --\""), ("é'\\", "\"é'\\\""),
            // To Swift the quote and the accent are one character.
            ("a\"\u{301}; --", "\"a\"\"\u{301}; --\""),
        ])
    func identifiers(_ name: String, _ quoted: String) {
        #expect(Identifier(name).quoted.unicodeScalars.elementsEqual(quoted.unicodeScalars))
    }

    @Test("qualified names quote both parts")
    func names() {
        let sql: SQL = "TABLE \(QualifiedName(schema: "a.b", name: "c\"d"))"
        #expect(sql.text == "TABLE \"a.b\".\"c\"\"d\"")
    }

    @Test(
        "literals",
        arguments: [
            ("a", "'a'"), ("it's", "'it''s'"), ("\\' --", "'\\'' --'"),
            ("a'\u{301}", "'a''\u{301}'"),
        ])
    func literals(_ value: String, _ quoted: String) {
        let sql: SQL = "\(literal: value)"
        #expect(sql.text.unicodeScalars.elementsEqual(quoted.unicodeScalars))
    }

    @Test("values become parameters, numbered through nested pieces")
    func parameters() {
        let inner: SQL = "a = \(value: "x") AND b = \(value: nil as String?)"
        let sql: SQL = "SELECT \(value: 7) WHERE \(inner) AND c = \(value: "y")"
        #expect(sql.text == "SELECT $1 WHERE a = $2 AND b = $3 AND c = $4")
        #expect(sql.parameters == ["7", "x", nil, "y"])
    }

    @Test("pieces are joined")
    func lists() {
        #expect(SQL.list(["a", "\(Identifier("b"))"]).text == "a, \"b\"")
        #expect(SQL.list([]).text == "")
        #expect(("a" + "b" as SQL).text == "ab")
    }

    @Test("arrays keep quotes, backslashes, braces and NULL apart")
    func arrays() {
        #expect(
            SQL.arrayText(["a", nil, "NULL", "b\"c\\d", "{,}", ""])
                == #"{"a",NULL,"NULL","b\"c\\d","{,}",""}"#)
    }
}

import Retention
import Testing

/// Text that others read is escaped by scalars, and a shell's word is one word.
@Suite struct Escaping {
    @Test(arguments: [
        ("a", "a"), ("a\"b", "a\"\"b"), ("\"", "\"\""), ("", ""),
        // To Swift the quote and the accent are one character.
        ("a\"\u{301}b", "a\"\"\u{301}b"),
    ])
    func everyQuoteIsDoubled(text: String, escaped: String) {
        let found = text.escaping(["\""], with: "\"")
        #expect(found.unicodeScalars.elementsEqual(escaped.unicodeScalars))
    }

    @Test(arguments: [
        ("public.system_logs", "public.system_logs"), ("", "''"), ("a b", "'a b'"),
        ("public.\"it's\"", #"'public."it'\''s"'"#), ("$(reboot)", "'$(reboot)'"),
        ("a'\u{301}; reboot", "'a'\\''\u{301}; reboot'"),
    ])
    func aWordIsOneWord(text: String, word: String) {
        #expect(text.shellWord.unicodeScalars.elementsEqual(word.unicodeScalars))
    }

    @Test func aNameThatBeginsWithAnAccentIsRead() throws {
        let name = QualifiedName(schema: "\u{301}s", name: "\"\u{301}\"")
        #expect(QualifiedName(sql: name.description) == name)
    }
}

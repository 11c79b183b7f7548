import Foundation
import Retention
import Testing

/// docs/runbook.md has a section for whatever may wake somebody, and for nothing else.
@Suite struct Runbook {
    private static let page: String = {
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let path = repository.appendingPathComponent("docs/runbook.md")
        do { return try String(contentsOf: path, encoding: .utf8) } catch { return "\(error)" }
    }()

    /// What stands in back-quotes in the headings of a part.
    private static func headings(of part: String) -> [String] {
        let pieces = page.components(separatedBy: "\n## ")
        guard let body = pieces.first(where: { $0.hasPrefix(part + "\n") }) else { return [] }
        return body.split(separator: "\n").filter { $0.hasPrefix("### `") }.compactMap {
            $0.split(separator: "`").dropFirst().first.map(String.init)
        }
    }

    @Test func everyFindingHasItsSectionAndNoOther() {
        #expect(Self.headings(of: "Findings of check") == Finding.ID.allCases.map(\.rawValue))
    }

    @Test func everyExitStatusHasItsSectionAndNoOther() {
        let own = Retention.ExitStatus.allCases.map { "\($0.rawValue)" }
        #expect(Self.headings(of: "Exit statuses") == own)
        #expect(
            Self.headings(of: "Exit statuses of check")
                == HealthVerdict.State.allCases.map { "\($0.exitCode)" })
    }

    @Test func everySectionSaysWhatToType() {
        for part in Self.page.components(separatedBy: "\n### ").dropFirst() {
            let title = part.prefix { $0 != "\n" }
            let body = part.dropFirst(title.count).components(separatedBy: "\n## ")[0]
            #expect(body.count > 120, "\(title)")
            #expect(body.contains("`"), "\(title) names no command")
        }
    }
}

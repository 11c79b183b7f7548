import Foundation
import Retention
import TestSupport

/// What tests of `check` begin with, and how they read its answer.
enum CheckScene {
    static let now = "2025-06-10T00:00:00Z"

    /// The archives of tests are on the disk of the server of tests.
    static let ignoring = "check: {ignore: [store.same-disk]}"

    static func scene(
        policy: String = Scene.policy(then: "keep"), extra: String = ignoring, rows: Int = 20
    ) throws -> Scene {
        let scene = try Scene()
        try scene.makeLogs(months: 6, rows: rows)
        try scene.configure(policy, extra: extra)
        return scene
    }

    /// The worst severity of each id that a check tells.
    static func findings(_ outcome: Outcome) throws -> [Finding.ID: String] {
        let check = try JSONView(outcome.stdout)["check"]
        let order = Severity.allCases.map(\.rawValue)
        return check["findings"].list.reduce(into: [:]) { worst, finding in
            guard let id = finding["id"].text.flatMap(Finding.ID.init),
                let severity = finding["severity"].text
            else { return }
            let known = worst[id].flatMap(order.firstIndex(of:)) ?? -1
            if order.firstIndex(of: severity)! > known { worst[id] = severity }
        }
    }

    static func check(_ scene: Scene, now: String? = CheckScene.now, _ more: String...) throws
        -> (outcome: Outcome, findings: [Finding.ID: String])
    {
        let outcome = try scene.pgretain(
            ["check", "--json"] + more + (now.map { ["--now", $0] } ?? []))
        return (outcome, try findings(outcome))
    }
}

#if FAIL_POINTS
    import Glibc
    import Synchronization

    /// What the environment asks for.
    ///
    /// `PGRETAIN_FAIL_AT=NAME#N=ACTION`: at the N-th passing of NAME, from 1, or with `N+` from then on
    /// at each; several of them are separated by spaces. ACTION is `crash` (SIGKILL), `error`, or
    /// `pause:PATH`: make PATH.reached, and wait
    /// until PATH.go exists. `PGRETAIN_FAIL_TRACE=FILE`: add a line with the name at each passing.
    @usableFromInline
    final class FailPointScript: Sendable {
        @usableFromInline static let shared = FailPointScript()

        fileprivate enum Action {
            case crash
            case error
            case pause(String)
        }

        fileprivate struct Plan {
            var name: String
            var first: Int
            var goesOn: Bool
            var action: Action
        }

        private let plans: [Plan]
        private let trace: Int32
        /// How often the place of each plan was passed.
        private let passed: Mutex<[Int]>

        private init() {
            let plans = (Self.variable("PGRETAIN_FAIL_AT") ?? "").split(separator: " ").map {
                text in
                guard let plan = Plan(String(text)) else {
                    fatalError("PGRETAIN_FAIL_AT is not NAME#N=ACTION: \(text)")
                }
                return plan
            }
            self.plans = plans
            passed = Mutex(plans.map { _ in 0 })
            trace =
                Self.variable("PGRETAIN_FAIL_TRACE").map {
                    open($0, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
                } ?? -1
        }

        private static func variable(_ name: String) -> String? {
            getenv(name).map { String(cString: $0) }
        }

        @usableFromInline
        func pass(_ name: String) -> Bool {
            if trace >= 0 {
                let line = Array((name + "\n").utf8)
                _ = write(trace, line, line.count)
            }
            for index in plans.indices where plans[index].name == name {
                let number = passed.withLock { passed in
                    passed[index] += 1
                    return passed[index]
                }
                if carryOut(plans[index], at: number) { return true }
            }
            return false
        }

        private func carryOut(_ plan: Plan, at number: Int) -> Bool {
            guard number == plan.first || (plan.goesOn && number > plan.first) else { return false }
            switch plan.action {
            case .crash:
                kill(getpid(), SIGKILL)
                while true { pause() }
            case .error:
                return true
            case .pause(let path):
                close(creat(path + ".reached", 0o600))
                while access(path + ".go", F_OK) != 0 { usleep(10_000) }
                return false
            }
        }
    }

    extension FailPointScript.Plan {
        fileprivate init?(_ text: String) {
            guard let equals = text.firstIndex(of: "="),
                let hash = text[..<equals].lastIndex(of: "#")
            else { return nil }
            var number = text[text.index(after: hash)..<equals]
            let goesOn = number.last == "+"
            if goesOn { number.removeLast() }
            guard let first = Int(number), first > 0 else { return nil }
            let word = String(text[text.index(after: equals)...])
            let action: FailPointScript.Action
            switch word {
            case "crash": action = .crash
            case "error": action = .error
            case _ where word.hasPrefix("pause:"): action = .pause(String(word.dropFirst(6)))
            default: return nil
            }
            self.init(
                name: String(text[..<hash]), first: first, goesOn: goesOn, action: action)
        }
    }
#endif

import Retention
import Yams

// Who is told how a night ended.
extension ConfigurationResolver {
    static let notificationKeys = ["on_success", "on_failure", "ping", "notify_timeout"]

    mutating func notifications(_ entries: [String: Node]) -> Notifications {
        Notifications(
            onSuccess: secret(entries["on_success"], key: "on_success"),
            onFailure: secret(entries["on_failure"], key: "on_failure"),
            ping: ping(entries["ping"]),
            timeoutSeconds: notifyTimeout(entries["notify_timeout"]))
    }

    private mutating func ping(_ node: Node?) -> String? {
        guard let url = secret(node, key: "ping") else { return nil }
        let isURL = ["https://", "http://"].contains { url.hasPrefix($0) && url != $0 }
        guard isURL, url.unicodeScalars.allSatisfy({ $0.value > 32 && $0.value < 127 }),
            !url.contains("#")
        else {
            reader.complain(
                "must be an http or https URL without spaces and `#`", key: "ping", at: node)
            return nil
        }
        return url
    }

    private mutating func notifyTimeout(_ node: Node?) -> Int {
        let span = clockSpan(
            node, "notify_timeout", from: 1,
            default: Span(microseconds: Int64(Notifications().timeoutSeconds) * 1_000_000))
        let seconds = Int((span?.microseconds ?? 0) / 1_000_000)
        if seconds > 600 {
            reader.complain("must be from 1 s to 10 min", key: "notify_timeout", at: node)
        }
        return seconds
    }
}

/// Who is told how a night ended, as the configuration says it.
struct Notifications: Equatable {
    /// Shell commands that get the report on standard input.
    var onSuccess: String?
    var onFailure: String?
    /// Of a health check in the manner of healthchecks.io: `/start` and `/<exit status>` are added.
    var ping: String?
    /// How long each of them may take.
    var timeoutSeconds = 30
}

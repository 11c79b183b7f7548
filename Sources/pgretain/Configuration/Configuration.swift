import Maintenance
import Retention

/// The configuration as the program believes it, and where each value came from.
struct Configuration {
    /// One value as the operator would write it, and who said so.
    struct Setting {
        enum Source: Equatable {
            case flag(String)
            case environment(String)
            case file(line: Int?)
            case `default`
        }

        var key: String
        var value: String
        var source: Source
    }

    /// Which of several databases of the file it is of.
    var name: String?
    /// The file it was read from.
    var file: String
    var site: Site
    /// The command whose output is the password.
    var passwordCommand: String?
    var notifications: Notifications
    var settings: [Setting]
}

/// What outranks the file: flags first, then the environment.
struct Overrides {
    var database: String?
    var archives: String?
}

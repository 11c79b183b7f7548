import Maintenance
import Retention
import Yams

/// The file as written in, the configuration as believed out; or every problem at once.
struct ConfigurationResolver {
    let reader: YAMLReader
    var overrides: Overrides
    var environment: [String: String]
    private let processors: Int
    private let tool: String
    private let needsTables: Bool
    private var settings: [Configuration.Setting] = []

    static let keys =
        [
            "database", "role", "password_command", "archives", "copies", "s3", "workers",
            "jobs", "part_size",
            "tables", "limits", "check", "capacity", "on_standby", "drill",
        ] + notificationKeys
    private static let tableKeys = [
        "table", "match", "key", "key_type", "period", "premake", "retain", "then", "grace",
        "timezone",
        "compression",
        "slice_over", "partitioned", "replicate_deletes", "default", "rules",
        "search_columns", "redact", "keep_archives",
    ]
    private static let ruleKeys = ["where", "retain", "archive"]
    private static let limitKeys =
        ["max_retire", "lock_timeout", "lock_attempts"] + throttleKeys

    init(
        file: String, overrides: Overrides, environment: [String: String], processors: Int,
        tool: String, needsTables: Bool = true
    ) {
        reader = YAMLReader(file: file)
        self.overrides = overrides
        self.environment = environment
        self.processors = processors
        self.tool = tool
        self.needsTables = needsTables
    }

    /// One, or one for each of several databases.
    mutating func resolve(_ text: String) throws(Problem) -> [Configuration] {
        let root: Node
        do {
            guard let node = try Yams.compose(yaml: text) else {
                throw problem(["the file is empty"])
            }
            root = node
        } catch let error as YamlError {
            throw problem(["not YAML: \(error)"])
        } catch {
            throw Problem(explaining: error)
        }
        var entries = reader.entries(root, of: "", known: Self.keys + ["databases"])
        let all =
            entries.removeValue(forKey: "databases").map { databases($0, sharing: entries) }
            ?? [configuration(of: entries)]
        guard reader.problems.isEmpty else { throw problem(reader.problems) }
        return all
    }

    mutating func configuration(of entries: [String: Node]) -> Configuration {
        let limits = entries["limits"].map {
            reader.entries($0, of: "limits", known: Self.limitKeys)
        }
        let tables = tables(entries["tables"], limits: limits ?? [:])
        var site = Site(
            database: database(entries["database"]), password: nil,
            role: optional(entries["role"], key: "role"), archives: archives(entries["archives"]),
            copies: copies(entries["copies"]),
            tables: tables.named,
            workers: number(entries["workers"], "workers", 1...256, default: processors),
            jobs: number(entries["jobs"], "jobs", 1...64, default: 1),
            partBytes: partSize(entries["part_size"]),
            lockTimeoutMilliseconds: lockTimeout(limits?["lock_timeout"]),
            lockAttempts: number(
                limits?["lock_attempts"], "limits.lock_attempts", 1...1000, default: 20),
            throttle: throttle(limits ?? [:]), tool: tool)
        site.patterns = tables.matched
        site.objectStores = objectStores(entries["s3"])
        site.objectStores.environment = environment
        site.check = check(entries["check"])
        site.capacity = size(entries["capacity"], "capacity")
        site.onStandby = choice(entries["on_standby"], "on_standby", default: .refuse)
        site.drill = choice(entries["drill"], "drill", default: .never)
        let passwordCommand = secret(entries["password_command"], key: "password_command")
        return Configuration(
            file: reader.file, site: site, passwordCommand: passwordCommand,
            notifications: notifications(entries), settings: settings)
    }

    private func problem(_ all: [String]) -> Problem {
        let count = all.count == 1 ? "a problem" : "\(all.count) problems"
        return Problem(
            "configuration.wrong", .configuration,
            "\(reader.file) has \(count); nothing was done.\n  " + all.joined(separator: "\n  "),
            hint: "pgretain init writes a commented example; docs/configuration.md has every key.")
    }

    // MARK: The whole

    private mutating func database(_ node: Node?) -> String {
        if let flag = overrides.database { return note("database", flag, .flag("--database")) }
        if let value = environment["PGRETAIN_DATABASE"] {
            return note("database", value, .environment("PGRETAIN_DATABASE"))
        }
        guard let node else { return note("database", "", .default) }
        return note("database", reader.text(node, key: "database") ?? "", source(node))
    }

    mutating func optional(_ node: Node?, key: String) -> String? {
        guard let node, let text = reader.text(node, key: key), !text.isEmpty else { return nil }
        return note(key, text, source(node))
    }

    /// Noted without its words: they may hold what it is to keep secret.
    mutating func secret(_ node: Node?, key: String) -> String? {
        guard let node, let text = reader.text(node, key: key), !text.isEmpty else { return nil }
        _ = note(key, "***", source(node))
        return text
    }

    private mutating func partSize(_ node: Node?) -> Int {
        let megabyte = 1 << 20
        guard let node, let text = reader.text(node, key: "part_size") else {
            return note("part_size", "32 MiB", .default) == "" ? 0 : 32 * megabyte
        }
        let parts = text.split(separator: " ")
        guard parts.count == 2, parts[1] == "MiB", let size = Int(parts[0]), (1...64).contains(size)
        else {
            reader.complain(
                "`\(text)` must be a size from `1 MiB` to `64 MiB`", key: "part_size", at: node)
            return 32 * megabyte
        }
        _ = note("part_size", text, source(node))
        return size * megabyte
    }

    private mutating func lockTimeout(_ node: Node?) -> Int {
        let key = "limits.lock_timeout"
        guard let node, let span = reader.span(node, key: key) else {
            _ = note(key, "800 ms", .default)
            return 800
        }
        let milliseconds = Int(span.microseconds / 1000)
        guard span.months == 0, span.days == 0, (10...10_000).contains(milliseconds) else {
            reader.complain("must be from 10 ms to 10 s", key: key, at: node)
            return 800
        }
        _ = note(key, span.description, source(node))
        return milliseconds
    }

    // MARK: Tables

    private mutating func tables(_ node: Node?, limits: [String: Node])
        -> (named: [TableSettings], matched: [PatternSettings])
    {
        guard let node, case .sequence(let sequence) = node else {
            guard needsTables else { return ([], []) }
            reader.complain("is required: a list of tables", key: "tables", at: node)
            return ([], [])
        }
        var named: [TableSettings] = []
        var matched: [PatternSettings] = []
        for (index, node) in sequence.enumerated() {
            let path = "tables[\(index)]"
            let entries = reader.entries(node, of: path, known: Self.tableKeys)
            if entries["match"] != nil {
                guard let entry = pattern(entries, of: node, path: path, limits: limits) else {
                    continue
                }
                if matched.contains(where: { $0.pattern.like == entry.pattern.like }) {
                    reader.complain(
                        "`\(entry.pattern)` stands twice", key: "\(path).match", at: node)
                }
                matched.append(entry)
                continue
            }
            guard let name = name(entries["table"], "\(path).table", parent: node),
                let table = table(name, entries, of: node, path: path, limits: limits)
            else { continue }
            if named.contains(where: { $0.policy.table == table.policy.table }) {
                reader.complain("\(name) stands twice", key: "\(path).table", at: node)
            }
            named.append(table)
        }
        return (named, matched)
    }

    private mutating func name(_ node: Node?, _ key: String, parent: Node) -> QualifiedName? {
        guard let text = required(node, key, parent: parent) else { return nil }
        let name = QualifiedName(sql: text)
        if name == nil {
            reader.complain(
                "`\(text)` is not a table's name as SQL writes it", key: key, at: node)
        }
        return name
    }

    private mutating func pattern(
        _ entries: [String: Node], of node: Node, path: String, limits: [String: Node]
    ) -> PatternSettings? {
        let key = "\(path).match"
        if let table = entries["table"] {
            reader.complain("stands beside match: one of the two", key: "\(path).table", at: table)
        }
        guard let text = required(entries["match"], key, parent: node) else { return nil }
        do throws(TablePattern.Fault) {
            let pattern = try TablePattern(text)
            // The name is another for each table that matches.
            let any = QualifiedName(schema: "", name: "")
            return table(any, entries, of: node, path: path, limits: limits).map {
                PatternSettings(pattern, $0)
            }
        } catch {
            reader.complain("`\(text)`: \(error.reason)", key: key, at: entries["match"])
            return nil
        }
    }

    private mutating func table(
        _ name: QualifiedName, _ entries: [String: Node], of node: Node, path: String,
        limits: [String: Node]
    ) -> TableSettings? {
        let key = required(entries["key"], "\(path).key", parent: node)
        let keyType = keyType(entries["key_type"], "\(path).key_type")
        let period: Period = choice(entries["period"], "\(path).period", default: .month)
        let premake = number(
            entries["premake"], "\(path).premake", 0...1000, default: period.defaultPremake)
        var retain: Span?
        if let node = entries["retain"] {
            retain = reader.span(node, key: "\(path).retain")
            if let retain { _ = note("\(path).retain", retain.description, source(node)) }
        } else {
            reader.complain("is required, such as `90 days`", key: "\(path).retain", at: node)
        }
        let then: RetentionAction = choice(entries["then"], "\(path).then", default: .keep)
        let grace = span(entries["grace"], "\(path).grace", default: Span(days: 7))
        let zone = zone(entries["timezone"], "\(path).timezone")
        let compression = compression(entries["compression"], "\(path).compression")
        let sliceOver = sliceOver(entries["slice_over"], "\(path).slice_over")
        let maxRetire = number(
            limits["max_retire"], "limits.max_retire", 0...10_000, default: period.defaultMaxRetire)
        let isPartitioned = flag(entries["partitioned"], "\(path).partitioned", default: true)
        let replicates = flag(
            entries["replicate_deletes"], "\(path).replicate_deletes", default: false)
        let strays: StrayRows = choice(
            entries["default"], "\(path).default", default: .report)
        let rules = rules(entries["rules"], "\(path).rules", retain: retain, zone ?? .utc)
        let searchColumns = searchColumns(entries["search_columns"], "\(path).search_columns")
        let redact = redact(entries["redact"], "\(path).redact")
        let keepArchives = keepArchives(
            entries["keep_archives"], "\(path).keep_archives", retain: retain)
        guard let key, let retain, let zone else { return nil }
        return TableSettings(
            policy: RetentionPolicy(
                table: name, key: key, keyType: keyType, period: period, premake: premake,
                retain: retain,
                then: then, grace: grace, zone: zone, maxRetire: maxRetire,
                isPlain: !isPartitioned, replicatesDeletes: replicates,
                drainsDefault: strays == .drain, rules: rules, keepArchives: keepArchives),
            compression: compression, sliceOver: sliceOver, searchColumns: searchColumns,
            redact: redact)
    }

    private mutating func rules(
        _ node: Node?, _ path: String, retain: Span?, _ zone: Zone
    ) -> [RowRule] {
        guard let node else { return [] }
        guard case .sequence(let sequence) = node else {
            reader.complain("must be a list of rules", key: path, at: node)
            return []
        }
        var rules: [RowRule] = []
        for (index, node) in sequence.enumerated() {
            let path = "\(path)[\(index)]"
            let entries = reader.entries(node, of: path, known: Self.ruleKeys)
            let condition = required(entries["where"], "\(path).where", parent: node)
            let span = required(entries["retain"], "\(path).retain", parent: node)
                .flatMap { _ in entries["retain"] }
                .flatMap { reader.span($0, key: "\(path).retain") }
            let archives = flag(entries["archive"], "\(path).archive", default: true)
            guard let condition, let span else { continue }
            let epoch = Instant(microseconds: 0)
            if let retain, span.before(epoch, in: zone) <= retain.before(epoch, in: zone) {
                reader.complain(
                    "`\(span)` must be shorter than the table's, which is \(retain)",
                    key: "\(path).retain", at: entries["retain"])
            }
            if rules.contains(where: { $0.condition == condition }) {
                reader.complain("the same condition stands twice", key: "\(path).where", at: node)
            }
            if condition.allSatisfy(\.isWhitespace) {
                reader.complain("must be a condition", key: "\(path).where", at: node)
            }
            rules.append(RowRule(condition: condition, retain: span, archives: archives))
        }
        return rules
    }

    private mutating func required(_ node: Node?, _ key: String, parent: Node) -> String? {
        guard let node else {
            reader.complain("is required", key: key, at: parent)
            return nil
        }
        guard let text = reader.text(node, key: key) else { return nil }
        return note(key, text, source(node))
    }

    private mutating func keyType(_ node: Node?, _ key: String) -> KeyType? {
        guard let node else {
            _ = note(key, "the column's type", .default)
            return nil
        }
        let value: KeyType? = reader.choice(node, key: key)
        if let value { _ = note(key, value.rawValue, source(node)) }
        return value
    }

    private mutating func zone(_ node: Node?, _ key: String) -> Zone? {
        guard let node else {
            _ = note(key, "UTC", .default)
            return .utc
        }
        guard let name = reader.text(node, key: key) else { return nil }
        guard let zone = ZoneFile.load(name) else {
            reader.complain("the system knows no time zone `\(name)`", key: key, at: node)
            return nil
        }
        _ = note(key, name, source(node))
        return zone
    }

    // MARK: Values with a default

    mutating func number(
        _ node: Node?, _ key: String, _ range: ClosedRange<Int>, default: Int
    ) -> Int {
        let value = node.flatMap { reader.whole($0, key: key, in: range) }
        _ = note(key, String(value ?? `default`), node.map(source) ?? .default)
        return value ?? `default`
    }

    mutating func flag(_ node: Node?, _ key: String, default: Bool) -> Bool {
        let value = node.flatMap { reader.choice($0, key: key) as Flag? }.map { $0 == .true }
        _ = note(key, String(value ?? `default`), node.map(source) ?? .default)
        return value ?? `default`
    }

    /// What becomes of rows in DEFAULT that stand in the way of a period.
    private enum StrayRows: String, CaseIterable {
        case report, drain
    }

    private enum Flag: String, CaseIterable {
        case `true`, `false`
    }

    private mutating func span(_ node: Node?, _ key: String, default: Span) -> Span {
        let value = node.flatMap { reader.span($0, key: key) }
        _ = note(key, (value ?? `default`).description, node.map(source) ?? .default)
        return value ?? `default`
    }

    mutating func choice<Choice: RawRepresentable & CaseIterable>(
        _ node: Node?, _ key: String, default: Choice
    ) -> Choice where Choice.RawValue == String {
        let value: Choice? = node.flatMap { reader.choice($0, key: key) }
        _ = note(key, (value ?? `default`).rawValue, node.map(source) ?? .default)
        return value ?? `default`
    }

    mutating func note(
        _ key: String, _ value: String, _ source: Configuration.Setting.Source
    )
        -> String
    {
        if !settings.contains(where: { $0.key == key }) {
            settings.append(.init(key: key, value: value, source: source))
        }
        return value
    }

    func source(_ node: Node) -> Configuration.Setting.Source {
        .file(line: node.mark?.line)
    }
}

extension Period {
    /// About a quarter ahead.
    fileprivate var defaultPremake: Int {
        switch self {
        case .day: 30
        case .week: 8
        case .month: 3
        case .quarter: 2
        case .year: 1
        }
    }

    fileprivate var defaultMaxRetire: Int {
        switch self {
        case .day: 14
        case .week: 4
        case .month, .quarter, .year: 2
        }
    }
}

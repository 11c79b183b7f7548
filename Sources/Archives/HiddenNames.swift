/// The names under which archives stand beside their final place. They begin with a dot, so that
/// query engines pass them over.
///
/// `.partial-month=01-<16 hex digits>` is unfinished, or no longer needed: healing removes it.
/// `.replaced-month=01` is the last generation, on a file system that cannot swap: healing removes
/// it or puts it back. `.ranges-month=01` holds verified ranges of an archive that takes several
/// nights: they stay until it is published. `.superseded-1-month=01` is kept until an operator decides.
enum HiddenName {
    static let partialPrefix = ".partial-"
    static let replacedPrefix = ".replaced-"
    /// Of a file in the root that is to take the place of another.
    static let temporaryPrefix = ".store-"

    static func temporary() -> String { "\(temporaryPrefix)\(DirectoryStore.randomSuffix())" }

    static func partial(_ component: String) -> String {
        "\(partialPrefix)\(component)-\(DirectoryStore.randomSuffix())"
    }

    static func replaced(_ component: String) -> String { "\(replacedPrefix)\(component)" }

    static func componentOfReplaced(_ name: String) -> String? {
        guard name.hasPrefix(replacedPrefix) else { return nil }
        let component = String(name.dropFirst(replacedPrefix.count))
        return SlicePath.isComponent(component) ? component : nil
    }

    private static let rangesPrefix = ".ranges-"

    static func ranges(_ component: String) -> String { "\(rangesPrefix)\(component)" }

    static func componentOfRanges(_ name: String) -> String? {
        guard name.hasPrefix(rangesPrefix) else { return nil }
        let component = String(name.dropFirst(rangesPrefix.count))
        return SlicePath.isComponent(component) ? component : nil
    }
}

/// `.superseded-<n>-<component>`
struct SupersededName: Equatable {
    let number: Int
    /// The last component of the slice's path.
    let component: String

    private static let prefix = ".superseded-"

    init(number: Int, component: String) {
        self.number = number
        self.component = component
    }

    init?(_ name: String) {
        guard name.hasPrefix(Self.prefix) else { return nil }
        let parts = name.dropFirst(Self.prefix.count).split(separator: "-", maxSplits: 1)
        guard parts.count == 2, let number = Int(parts[0]), number > 0,
            SlicePath.isComponent(parts[1])
        else { return nil }
        self.init(number: number, component: String(parts[1]))
        guard text == name else { return nil }
    }

    var text: String { "\(Self.prefix)\(number)-\(component)" }

    /// The first number that is free in a directory.
    static func next(
        for component: String, in path: String, of volume: any Volume
    ) throws(ArchiveError) -> SupersededName {
        let taken = try volume.entries(of: path)?.compactMap { SupersededName($0.name) } ?? []
        let last = taken.filter { $0.component == component }.map(\.number).max() ?? 0
        return SupersededName(number: last + 1, component: component)
    }
}

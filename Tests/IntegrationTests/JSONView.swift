import Foundation

/// A JSON document to look into: what is not there is nil, at any depth.
struct JSONView {
    private let value: Any?

    private init(value: Any?) { self.value = value }

    /// Throws when it is not one JSON document.
    init(_ text: String) throws {
        value = try JSONSerialization.jsonObject(with: Data(text.utf8))
    }

    subscript(key: String) -> JSONView {
        JSONView(value: (value as? [String: Any])?[key])
    }

    subscript(index: Int) -> JSONView {
        let list = value as? [Any] ?? []
        return JSONView(value: list.indices.contains(index) ? list[index] : nil)
    }

    var text: String? { value as? String }
    var number: Int? { value as? Int }
    var flag: Bool? { value as? Bool }
    var exists: Bool { value != nil }
    var keys: Set<String> { Set((value as? [String: Any] ?? [:]).keys) }
    var list: [JSONView] { (value as? [Any] ?? []).map(JSONView.init(value:)) }
}

import CExpat

/// An element of a store's answer: its own text, and what is in it.
struct XMLElement {
    /// Without a prefix.
    let name: String
    var text = ""
    var children: [XMLElement] = []

    /// The text of the first child of that name.
    subscript(name: String) -> String? { children.first { $0.name == name }?.text }

    func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }

    /// Reads a document; nil when it is none, or not whole. One with a DOCTYPE is none: no store
    /// sends one, and entities are the way to make a small document large.
    init?(parsing bytes: [UInt8]) {
        guard let parser = XML_ParserCreate("UTF-8") else { return nil }
        defer { XML_ParserFree(parser) }
        let building = Building(parser)
        XML_SetUserData(parser, Unmanaged.passUnretained(building).toOpaque())
        XML_SetElementHandler(
            parser,
            { context, name, _ in
                if let name { Building.of(context).start(String(cString: name)) }
            },
            { context, _ in Building.of(context).end() })
        XML_SetCharacterDataHandler(parser) { context, text, count in
            let bytes = UnsafeRawBufferPointer(start: text, count: Int(count))
            Building.of(context).add(bytes)
        }
        XML_SetStartDoctypeDeclHandler(parser) { context, _, _, _, _ in
            Building.of(context).stop()
        }
        let status = bytes.withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) {
                XML_Parse(parser, $0.baseAddress, Int32($0.count), 1)
            }
        }
        guard status == XML_STATUS_OK, let root = building.root else { return nil }
        self = root
    }

    private init(name: String) { self.name = name }

    /// What is being read.
    private final class Building {
        private let parser: XML_Parser
        private var open: [XMLElement] = []
        private var text: [UInt8] = []
        private(set) var root: XMLElement?

        init(_ parser: XML_Parser) { self.parser = parser }

        static func of(_ context: UnsafeMutableRawPointer?) -> Building {
            Unmanaged<Building>.fromOpaque(context!).takeUnretainedValue()
        }

        func start(_ name: String) {
            // Answers are four deep.
            guard open.count < 16 else { return stop() }
            text.removeAll()
            open.append(
                XMLElement(name: String(name.split(separator: ":").last ?? "")))
        }

        func add(_ bytes: UnsafeRawBufferPointer) { text.append(contentsOf: bytes) }

        func end() {
            guard var element = open.popLast() else { return }
            element.text = String(decoding: text, as: UTF8.self)
            text.removeAll()
            if open.isEmpty {
                root = element
            } else {
                open[open.count - 1].children.append(element)
            }
        }

        func stop() { XML_StopParser(parser, XML_Bool(XML_FALSE)) }
    }

    /// What may stand between tags.
    static func escape(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}

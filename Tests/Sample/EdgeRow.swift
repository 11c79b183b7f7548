/// One row that bites an exporter, spelled out.
struct EdgeRow {
    /// What `extra_metadata` holds.
    enum Metadata {
        case null
        /// Valid JSON, whichever type the column has.
        case json(String)
        /// What only a text column takes; a jsonb column gets NULL.
        case onlyText(String)
    }

    /// nil: the next in the sequence.
    var id: Int?
    var message = "edge"
    var userAgent: String?
    var errorType: String?
    var errorMessage: String?
    var stackTrace: String?
    var metadata = Metadata.null
    /// As the server reads it; nil is NULL, which only the plain table allows.
    var createdAt: String?

    func write(to copy: inout CopyText, id: Int, metadata form: SampleShape.Metadata) {
        copy.number(id)
        for text in ["DEBUG", "unknown", "unknown", message] { copy.text(text) }
        for _ in 6...14 { copy.null() }
        for text in [userAgent, errorType, errorMessage, stackTrace] { copy.text(text) }
        switch metadata {
        case .json(let text): copy.text(text)
        case .onlyText(let text) where form == .text: copy.text(text)
        case .null, .onlyText: copy.null()
        }
        copy.text("0.0.0")
        copy.text("development")
        copy.text(createdAt)
        copy.endRow()
    }
}

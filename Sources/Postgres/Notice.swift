import CLibPQ

/// A remark of the server that is no error.
public struct Notice: Sendable, Equatable {
    /// `NOTICE`, `WARNING`
    public var severity: String
    public var message: String
}

/// Collects notices, so that libpq does not print them on stderr.
final class NoticeList {
    private var notices: [Notice] = []

    func add(_ result: OpaquePointer) {
        // A trigger in a loop must not fill the memory.
        guard notices.count < 100 else { return }
        notices.append(
            Notice(
                severity: Self.field(PGDiagnostic.severity, of: result),
                message: Self.field(PGDiagnostic.primary, of: result)))
    }

    func take() -> [Notice] {
        defer { notices = [] }
        return notices
    }

    private static func field(_ code: Int32, of result: OpaquePointer) -> String {
        PQresultErrorField(result, code).map { String(cString: $0) } ?? ""
    }
}

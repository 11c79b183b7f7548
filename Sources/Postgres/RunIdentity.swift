/// Which run of which program on which host does something, as the ledger records it.
public struct RunIdentity: Sendable, Equatable {
    /// A UUID.
    public var id: String
    public var host: String
    /// `pgretain 0.1.0`
    public var tool: String

    public init(id: String, host: String, tool: String) {
        self.id = id
        self.host = host
        self.tool = tool
    }
}

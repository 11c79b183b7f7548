import Retention

extension DirectoryStore {
    /// To whom the store belongs; nil when it has never been used.
    public func binding() throws(ArchiveError) -> StoreBinding? {
        let path = "\(root)/\(StoreBinding.fileName)"
        guard let bytes = try volume.contents(of: path, limit: 1 << 20) else { return nil }
        return try StoreBinding(decoding: bytes, path: path)
    }

    /// Gives the store to a database, durably. Nothing is done when it has it already.
    ///
    /// - Parameter rebind: whether it may be taken from another.
    public func bind(_ binding: StoreBinding, rebind: Bool = false) throws(ArchiveError) {
        try requireWritable()
        if !rebind, let owner = try self.binding() {
            try requireSame(owner, binding)
            return
        }
        try volume.requireConditions()
        let path = "\(root)/\(StoreBinding.fileName)"
        if try !volume.put(binding.encoded(), at: path, mode: 0o440, replacing: rebind) {
            // Another run was faster.
            guard let owner = try self.binding() else { throw .missing(path: path) }
            try requireSame(owner, binding)
        }
        try volume.syncDirectory(root)
    }

    /// Requires that the store lets nobody write over what is there, where it was told not to.
    public func requireConditions() throws(ArchiveError) {
        try requireWritable()
        try volume.requireConditions()
    }

    private func requireSame(
        _ owner: StoreBinding, _ other: StoreBinding
    ) throws(ArchiveError) {
        guard owner.encoded() == other.encoded() else {
            throw .storeBound(root: root, to: owner, not: other)
        }
    }
}

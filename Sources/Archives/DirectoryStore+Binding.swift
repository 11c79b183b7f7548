import Glibc
import Retention

extension DirectoryStore {
    static let bindingPrefix = ".store-"

    /// To whom the store belongs; nil when it has never been used.
    public func binding() throws(ArchiveError) -> StoreBinding? {
        let path = "\(root)/\(StoreBinding.fileName)"
        guard let bytes = try File.contents(of: path, limit: 1 << 20) else { return nil }
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
        let path = "\(root)/\(StoreBinding.fileName)"
        let temporary = "\(root)/\(Self.bindingPrefix)\(Self.randomSuffix())"
        try File.write(binding.encoded(), to: temporary, mode: StagedArchive.fileMode)
        if rebind {
            try File.rename(temporary, to: path)
        } else {
            do throws(ArchiveError) {
                try names.moveFile(temporary, to: path)
            } catch .system(_, _, let code) where code == EEXIST || code == ENOENT {
                // Another run was faster, and may have tidied our file away.
                try File.remove(temporary)
                guard let owner = try self.binding() else { throw .missing(path: path) }
                try requireSame(owner, binding)
            }
        }
        try File.syncDirectory(root)
    }

    private func requireSame(
        _ owner: StoreBinding, _ other: StoreBinding
    ) throws(ArchiveError) {
        guard owner.encoded() == other.encoded() else {
            throw .storeBound(root: root, to: owner, not: other)
        }
    }
}

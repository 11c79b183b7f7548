import Glibc
import Retention

extension StagedArchive {
    /// Gives the archive its final name. There must be none yet (`archive.exists`).
    ///
    /// When the name cannot be made durable, it is taken back: nobody shall find the archive, and
    /// believe that it outlives a power cut.
    @discardableResult
    public func publish() throws(ArchiveError) -> ArchiveDirectory {
        try requireSealed()
        try moveToFinal()
        do throws(ArchiveError) {
            try store.volume.syncDirectory(parent)
        } catch {
            throw undoing(error) { () throws(ArchiveError) in
                try store.volume.move(final.path, to: directory.path)
            }
        }
        return final
    }

    /// Puts the archive in the place of the published one, and removes that. Only for a generation
    /// that was proven to hold every row of it but those that somebody has had erased. What fails is
    /// undone, as by `publish`.
    @discardableResult
    public func replace() throws(ArchiveError) -> ArchiveDirectory {
        try requireSealed()
        try requireFinal()
        if try store.volume.exchange(directory.path, with: final.path) {
            do throws(ArchiveError) {
                try store.volume.syncDirectory(parent)
            } catch {
                throw undoing(error) { () throws(ArchiveError) in
                    _ = try store.volume.exchange(directory.path, with: final.path)
                }
            }
            // The old generation has the partial name now: should we die here, healing removes it.
            try store.volume.removeTree(directory.path)
        } else {
            let aside = "\(parent)/\(HiddenName.replaced(component))"
            try store.volume.move(final.path, to: aside)
            do throws(ArchiveError) {
                try publish()
            } catch {
                throw undoing(error) { () throws(ArchiveError) in
                    try store.volume.move(aside, to: final.path)
                }
            }
            try store.volume.removeTree(aside)
        }
        try store.volume.syncDirectory(parent)
        return final
    }

    /// Puts the archive in the place of the published one, and keeps that. At every instant both
    /// have names that healing never removes. Returns the number that the old one has now.
    @discardableResult
    public func supersede() throws(ArchiveError) -> Int {
        try requireSealed()
        try requireFinal()
        let first = try SupersededName.next(for: component, in: parent, of: store.volume)
        let waiting = "\(parent)/\(first.text)"
        try store.volume.move(directory.path, to: waiting)
        try store.volume.syncDirectory(parent)
        if try store.volume.exchange(waiting, with: final.path) {
            try store.volume.syncDirectory(parent)
            return first.number
        }
        let second = SupersededName(number: first.number + 1, component: component)
        try store.volume.move(final.path, to: "\(parent)/\(second.text)")
        // Should we die here, healing publishes the newer of the two.
        try store.volume.move(waiting, to: final.path)
        try store.volume.syncDirectory(parent)
        return second.number
    }

    /// Takes back what was done before a failure, and gives that: where this fails too, the next
    /// healing does it.
    private func undoing(
        _ cause: ArchiveError, _ undo: () throws(ArchiveError) -> Void
    ) -> ArchiveError {
        do throws(ArchiveError) { try undo() } catch { return cause }
        return cause
    }

    private func moveToFinal() throws(ArchiveError) {
        do throws(ArchiveError) {
            try store.volume.move(directory.path, to: final.path)
        } catch .system(_, _, let code) where code == EEXIST || code == ENOTEMPTY {
            throw .exists(path: final.path, reason: "there is something of that name already")
        }
    }

    private func requireSealed() throws(ArchiveError) {
        guard try store.volume.status(ofFile: directory.path(of: ManifestFile.name)) != nil else {
            throw .invalid(what: "\(slice)", reason: "it is not sealed at \(directory.path)")
        }
    }

    private func requireFinal() throws(ArchiveError) {
        guard try store.volume.status(of: final.path) != nil else {
            throw .missing(path: final.path)
        }
        try store.requireSettled(final)
    }
}

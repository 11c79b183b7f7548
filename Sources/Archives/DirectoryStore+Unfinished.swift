import Retention

extension DirectoryStore {
    /// Whether a run that died has left something beside a slice's place, or at it, that healing is to
    /// look at. Who asks has to be the only one that works on the slice.
    public func isUnfinished(_ slice: Slice) throws(ArchiveError) -> Bool {
        let final = try directory(of: slice)
        let (parent, component) = (final.parent, final.component)
        let names = (try volume.entries(of: parent) ?? []).map(\.name)
        let isLeft = names.contains {
            $0.hasPrefix("\(HiddenName.partialPrefix)\(component)-")
                || $0 == HiddenName.replaced(component)
        }
        if isLeft { return true }
        let isSuperseded = names.contains { SupersededName($0)?.component == component }
        if isSuperseded, try volume.status(of: final.path) == nil { return true }
        do throws(ArchiveError) {
            try requireSettled(final)
        } catch .settling {
            return true
        }
        return false
    }
}

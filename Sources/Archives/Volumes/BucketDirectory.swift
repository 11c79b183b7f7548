import ObjectStorage

/// A directory as it was listed.
struct BucketDirectory {
    let path: String
    /// Sizes of what is below it, by the rest of the path, without the mark.
    let files: [String: Int64]
    let hasMark: Bool

    init(_ path: String, _ objects: [StoredObject], in volume: BucketVolume) {
        self.path = path
        let prefix = volume.key(path + "/")
        var files: [String: Int64] = [:]
        for object in objects {
            files[object.key.after(prefix)] = object.bytes
        }
        // What a console makes of "new folder".
        files[""] = nil
        hasMark = files.removeValue(forKey: UnfinishedMark.fileName) != nil
        self.files = files
    }

    var hasManifest: Bool { files[ManifestFile.name] != nil }
    var isRest: Bool { hasMark && !hasManifest }
    var all: [String] {
        (files.keys.sorted() + (hasMark ? [UnfinishedMark.fileName] : []))
            .map { "\(path)/\($0)" }
    }
}

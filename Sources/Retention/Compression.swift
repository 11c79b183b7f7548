/// How the lines of an archive are compressed. Either way the files are gzip.
public enum Compression: Equatable, Sendable {
    /// Made for lines that resemble each other: as small as `gzip -6`, in a fraction of the time.
    case lines
    /// libdeflate's levels, 1 (fast) to 12 (small).
    case level(Int)
}

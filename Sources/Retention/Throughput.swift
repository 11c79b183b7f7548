/// How fast tables have become archives, to say how long the next one will take.
public struct Throughput: Equatable, Sendable {
    /// Bytes of tables, with their indexes and TOAST.
    public private(set) var bytes: Double
    public private(set) var seconds: Double

    /// A figure from fewer bytes says more about connecting and locking than about copying.
    public static let fewestBytes: Int64 = 64 << 20
    /// 20 MB/s: what a small machine with a slow disk can do, until something has been measured.
    public static let careful = Throughput(bytes: 20_000_000, seconds: 1)
    /// An estimate is this much above the figure it comes from: verification, detach, bad luck.
    private static let allowance = 1.25

    public init(bytes: Double = 0, seconds: Double = 0) {
        self.bytes = bytes
        self.seconds = seconds
    }

    public mutating func add(bytes: Int64, seconds: Double) {
        self.bytes += Double(bytes)
        self.seconds += seconds
    }

    /// Whether it rests on enough to be believed.
    public var isMeasured: Bool { bytes >= Double(Self.fewestBytes) && seconds > 0 }

    public var bytesPerSecond: Double { bytes / seconds }

    /// What that many bytes are likely to take.
    public func secondsNeeded(for bytes: Int64) -> Double {
        Double(bytes) / bytesPerSecond * Self.allowance
    }

    /// What is likely to be done in that time.
    public func bytesDone(in seconds: Double) -> Int64 {
        Int64(clamping: Int(max(0, min(seconds * bytesPerSecond / Self.allowance, 1e18))))
    }

    /// `40 s`, `12 min`, `3 h 10 min`: as exact as an estimate is.
    public static func text(seconds: Double) -> String {
        let whole = Int(max(0, min(seconds, 1e9)).rounded(.up))
        if whole < 100 { return "\(whole) s" }
        let minutes = (whole + 59) / 60
        if minutes < 100 { return "\(minutes) min" }
        return minutes % 60 == 0 ? "\(minutes / 60) h" : "\(minutes / 60) h \(minutes % 60) min"
    }
}

/// What the server has to bear besides us, as far as it says so.
public struct ServerLoad: Equatable, Sendable {
    /// A standby or a subscriber that is connected.
    public struct Replica: Equatable, Sendable {
        public var name: String
        /// How long ago what it replays now was written here; 0 when it has caught up.
        public var lag: Span

        public init(name: String, lag: Span) {
            self.name = name
            self.lag = lag
        }
    }

    public struct Slot: Equatable, Sendable {
        public var name: String
        /// WAL that the server keeps for it.
        public var retained: ByteCount

        public init(name: String, retained: ByteCount) {
            self.name = name
            self.retained = retained
        }
    }

    public var replicas: [Replica]
    /// Replicas whose lag the role may not see.
    public var hiddenReplicas: Int
    public var slots: [Slot]
    /// The WAL file that could not be archived last, when none has been since.
    public var unarchivedFile: String?

    public init(
        replicas: [Replica] = [], hiddenReplicas: Int = 0, slots: [Slot] = [],
        unarchivedFile: String? = nil
    ) {
        self.replicas = replicas
        self.hiddenReplicas = hiddenReplicas
        self.slots = slots
        self.unarchivedFile = unarchivedFile
    }
}

/// What the night must not add to: beyond these it waits. What is nil or false is not looked at.
public struct PressureLimits: Equatable, Sendable {
    public var replicaLag: Span?
    public var slotWAL: ByteCount?
    public var waitsForArchiver: Bool

    public init(
        replicaLag: Span? = nil, slotWAL: ByteCount? = nil, waitsForArchiver: Bool = false
    ) {
        self.replicaLag = replicaLag
        self.slotWAL = slotWAL
        self.waitsForArchiver = waitsForArchiver
    }

    public var areNone: Bool { self == PressureLimits() }

    /// What is beyond a limit, worst of its kind only.
    public func exceeded(by load: ServerLoad) -> [Pressure] {
        var found: [Pressure] = []
        if let replicaLag,
            let worst = load.replicas.max(by: { $0.lag.microseconds < $1.lag.microseconds }),
            worst.lag.microseconds > replicaLag.microseconds
        {
            found.append(.replicaLag(worst, limit: replicaLag))
        }
        if let slotWAL,
            let worst = load.slots.max(by: { $0.retained.bytes < $1.retained.bytes }),
            worst.retained.bytes > slotWAL.bytes
        {
            found.append(.slotWAL(worst, limit: slotWAL))
        }
        if waitsForArchiver, let file = load.unarchivedFile {
            found.append(.archiveFailures(file: file))
        }
        return found
    }
}

/// Why a night waits.
public enum Pressure: Equatable, Sendable {
    case replicaLag(ServerLoad.Replica, limit: Span)
    case slotWAL(ServerLoad.Slot, limit: ByteCount)
    case archiveFailures(file: String)

    /// The key of the configuration that says so.
    public var key: String {
        switch self {
        case .replicaLag: "limits.replica_lag"
        case .slotWAL: "limits.slot_wal"
        case .archiveFailures: "limits.archive_failures"
        }
    }

    /// What is so, without a full stop.
    public var sentence: String {
        switch self {
        case .replicaLag(let replica, let limit):
            // Nobody reads milliseconds of a lag.
            "the replica \(replica.name) lags \(replica.lag.microseconds / 1_000_000) s "
                + "(limit \(limit))"
        case .slotWAL(let slot, let limit):
            "the replication slot \(slot.name) retains \(slot.retained) of WAL (limit \(limit))"
        case .archiveFailures(let file):
            "the server fails to archive its WAL (\(file))"
        }
    }

    /// Where to look.
    public var view: String {
        switch self {
        case .replicaLag: "pg_stat_replication"
        case .slotWAL: "pg_replication_slots"
        case .archiveFailures: "pg_stat_archiver"
        }
    }
}

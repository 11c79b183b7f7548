import Glibc
import Postgres
import Retention
import Synchronization

/// Lets a server that lags behind catch up before the night adds to it. One of them a run: what
/// it may wait is shared by all tables.
///
/// It asks in a session of its own, under no lock and no snapshot. The table's advisory lock, which
/// stops nobody but another pgretain, stays where it is: it makes the night's proofs good.
final class PressureWatch: Sendable {
    enum Answer {
        /// Go on; the notes say what was waited for, and what could not be seen.
        case free(notes: [String])
        /// It did not end in time, which is said as the end of a sentence.
        case pressed(Pressure, patience: String)
    }

    private let site: Site
    private let interruption: Interruption
    private let deadline: Deadline
    private let state = Mutex(State())

    private struct State {
        var waiters = 0
        var waitedSeconds: Double = 0
        var hasSaidWhatIsHidden = false
    }

    init(site: Site, interruption: Interruption, deadline: Deadline) {
        self.site = site
        self.interruption = interruption
        self.deadline = deadline
    }

    /// Returns when nothing is beyond its limit, or when that takes too long. The session given is
    /// kept alive meanwhile, and says in `pg_stat_activity` what it waits for.
    func pass(keepingAlive connection: Connection) throws -> Answer {
        guard !site.throttle.pressure.areNone else { return .free(notes: []) }
        let watching = try site.connectToWatch()
        let stopwatch = Stopwatch()
        // Those who wait at the same time wait once.
        let (isFirst, waitedSeconds) = state.withLock { state in
            state.waiters += 1
            return (state.waiters == 1, state.waitedSeconds)
        }
        defer {
            state.withLock { state in
                state.waiters -= 1
                if isFirst { state.waitedSeconds += stopwatch.seconds }
            }
        }
        var first: Pressure?
        var ping = Stopwatch()
        while true {
            try interruption.check()
            let load = try watching.catalog.load()
            guard let pressure = site.throttle.pressure.exceeded(by: load).first else {
                return .free(
                    notes: hidden(load, watching)
                        + (first.map { [recovered($0, after: stopwatch)] } ?? []))
            }
            if first == nil {
                first = pressure
                try connection.setStep("wait for \(pressure.key)")
            }
            let patience = site.throttle.pressureWait
            guard waitedSeconds + stopwatch.seconds < patience.seconds else {
                return .pressed(
                    pressure, patience: patience.seconds > 0 ? ", for \(patience) or more" : "")
            }
            guard !deadline.hasPassed else {
                return .pressed(pressure, patience: ", and the deadline has passed")
            }
            if ping.seconds > 30 {
                try connection.ping()
                ping = Stopwatch()
            }
            try nap(seconds: 1)
        }
    }

    private func recovered(_ pressure: Pressure, after stopwatch: Stopwatch) -> String {
        "\(pressure.key): waited \(Int(stopwatch.seconds.rounded(.up))) s, since "
            + pressure.sentence
    }

    /// Once a run: a brake that cannot see is no brake.
    private func hidden(_ load: ServerLoad, _ watching: Connection) -> [String] {
        guard let note = site.throttle.hiddenNote(load, watching) else { return [] }
        return state.withLock { state in
            defer { state.hasSaidWhatIsHidden = true }
            return state.hasSaidWhatIsHidden ? [] : [note]
        }
    }

    private func nap(seconds: Int) throws {
        for _ in 0..<(seconds * 10) {
            try interruption.check()
            usleep(100_000)
        }
    }
}

extension Site {
    /// As the role that logs in, which has more to see than the one that owns tables.
    func connectToWatch() throws -> Connection {
        try Connection(
            ConnectionSettings(
                conninfo: database, password: password, role: nil,
                applicationName: "pgretain: watch"))
    }
}

extension ThrottleSettings {
    /// What the role would have to be given for `limits.replica_lag` to work.
    func hiddenNote(_ load: ServerLoad, _ watching: Connection) -> String? {
        guard pressure.replicaLag != nil, load.hiddenReplicas > 0 else { return nil }
        return "limits.replica_lag sees nothing: the lag of \(load.hiddenReplicas) "
            + "replica\(load.hiddenReplicas == 1 ? "" : "s") is hidden from "
            + "\(watching.facts.user); GRANT pg_monitor TO \(watching.facts.user)"
    }
}

extension Span {
    /// Without its months, which have no length of their own.
    var seconds: Double { Double(days) * 86_400 + Double(microseconds) / 1_000_000 }
}

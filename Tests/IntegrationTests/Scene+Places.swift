import Foundation
import TestSupport
import Testing

/// A place that a night passes, and the number of the time.
struct Place: Hashable, CustomStringConvertible {
    var name: String
    var number: Int

    var description: String { "\(name)#\(number)" }

    /// What a trace has, in its order: each place, each time it was passed.
    static func passed(_ trace: String) throws -> [Place] {
        var numbers: [String: Int] = [:]
        let text = try String(contentsOfFile: trace, encoding: .utf8)
        return text.split(separator: "\n").map { name in
            numbers[String(name), default: 0] += 1
            return Place(name: String(name), number: numbers[String(name)]!)
        }
    }
}

extension Scene {
    /// Every place that an undisturbed night passes, each time it passes.
    func placesOfANight() throws -> [Place] {
        let trace = configuration + ".trace"
        let outcome = try pgretain("run", environment: ["PGRETAIN_FAIL_TRACE": trace])
        #expect(outcome.status == 0, "\(outcome.stderr)")
        return try Place.passed(trace)
    }

    /// A night that stands still at a place until something has happened.
    func night(standingAt place: String, _ number: Int = 1, meanwhile: () throws -> Void) throws
        -> Outcome
    {
        try withoutActuallyEscaping(meanwhile) {
            try night(standingAt: [(Place(name: place, number: number), $0)])
        }
    }

    /// A night, or another command, that stands still at places, one after another.
    func night(
        _ command: [String] = ["run"],
        standingAt stops: [(place: Place, meanwhile: () throws -> Void)]
    ) throws -> Outcome {
        let marks = stops.map { _ in newMark() }
        let script = zip(stops, marks).map { "\($0.place)=pause:\($1)" }
        let night = try Program.start(
            command + ["--config", configuration],
            environment: ["PGRETAIN_FAIL_AT": script.joined(separator: " ")])
        var happened = Result<Void, any Error>.success(())
        for (stop, mark) in zip(stops, marks) {
            if case .success = happened {
                happened = Result {
                    try waitFor(mark, of: night, at: stop.place)
                    try stop.meanwhile()
                }
            }
            // Whatever happened, it goes on.
            try letGo(mark)
        }
        let ended = night.wait()
        try happened.get()
        return ended
    }

    /// A file that a fail point waits for.
    func newMark() -> String { "\(configuration).\(UUID().uuidString)" }

    /// Waits until a run stands still at a mark.
    ///
    /// - Parameter place: what is said where it never does.
    func waitFor(_ mark: String, of run: Running, at place: Place? = nil) throws {
        let (file, what) = (mark + ".reached", place?.description ?? mark)
        for _ in 0..<1200 where !FileManager.default.fileExists(atPath: file) {
            guard run.isRunning else {
                throw NeverReached(text: "it ended before \(what): \(run.wait().stderr)")
            }
            Thread.sleep(forTimeInterval: 0.05)
        }
        guard FileManager.default.fileExists(atPath: file) else {
            throw NeverReached(text: "never at \(what)")
        }
    }

    /// Lets a run go on from a mark.
    func letGo(_ mark: String) throws {
        try Data().write(to: URL(fileURLWithPath: mark + ".go"))
    }
}

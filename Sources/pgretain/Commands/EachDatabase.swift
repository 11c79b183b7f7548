import ArgumentParser
import Maintenance
import Retention

/// What was found about one of the databases of a configuration.
struct DatabaseAnswer<Value> {
    /// Nil where there is one alone.
    var name: String?
    var result: Result<Value, Problem>

    var value: Value? {
        guard case .success(let value) = result else { return nil }
        return value
    }
}

/// What a command says of a database: a document for `--json`, and how it ended.
struct Answer {
    /// Nil where there is nothing to say.
    var value: (any Encodable)?
    var status: Retention.ExitStatus
}

extension CommonOptions {
    /// One after the other, in their order. One that fails does not stop the others: it is told. Of one
    /// database alone a failure is thrown.
    func ofEachDatabase<Value>(
        _ body: (Configuration, Console) throws -> Value
    ) throws -> [DatabaseAnswer<Value>] {
        let all = try configurations()
        guard all.count > 1 else {
            return try all.map { DatabaseAnswer(result: .success(try body($0, console))) }
        }
        return all.map { configuration in
            var console = console
            console.database = configuration.name
            do {
                // Who interrupts means the command, and not the first database of it.
                guard Surroundings.interruption.status == nil else { throw Problem.interrupted }
                return DatabaseAnswer(
                    name: configuration.name, result: .success(try body(configuration, console)))
            } catch {
                let problem = Problem(explaining: error)
                console.tell(problem)
                return DatabaseAnswer(name: configuration.name, result: .failure(problem))
            }
        }
    }

    /// The same, for a command that ends with it: in the worst status, and after one document.
    ///
    /// - Parameter member: what an answer is called in the document.
    func answerForEachDatabase(
        _ member: String, _ body: (Configuration, Console) throws -> Answer
    ) throws -> Never {
        let answers = try ofEachDatabase(body)
        if json {
            let values = answers.map { answer in
                (answer.name, answer.result.map { $0.value })
            }
            if answers.count > 1 {
                console.out(try JSONDocument.text(ofDatabases: member, values))
            } else if let value = answers.first?.value?.value {
                console.out(try JSONDocument.text(member, value))
            }
        }
        throw EarlyExit(
            status: Surroundings.interruption.status
                ?? .of(
                    answers.map { answer in
                        switch answer.result {
                        case .success(let answer): answer.status
                        case .failure(let problem): problem.status
                        }
                    }))
    }
}

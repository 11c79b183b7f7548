/// Decides which partitions are made ahead of time.
struct PremakePlanner {
    private let policy: RetentionPolicy
    private let table: PartitionedTable
    private let calendar: TableCalendar
    private let partitions: [Partition]
    private let taken: Set<String>

    init(_ seen: TableObservation, table: PartitionedTable, calendar: TableCalendar) {
        policy = seen.policy
        self.table = table
        self.calendar = calendar
        partitions = seen.partitions
        taken = seen.takenNames
    }

    func add(to plan: inout TablePlan) {
        let pattern = calendar.namePattern(of: partitions)
        var reached: Instant?
        for ahead in 0...policy.premake {
            let bounds = calendar.period.bounds(
                containing: calendar.now, plus: ahead, in: calendar.zone)
            // A day that the clocks skip is the next one.
            guard bounds.to != reached else { continue }
            reached = bounds.to
            let overlapping = partitions.filter { $0.overlaps(bounds) }
            if let overlapping = overlapping.first {
                if !overlapping.covers(bounds), !isCovered(bounds) {
                    plan.problems.append(overlap(bounds, with: overlapping))
                }
                continue
            }
            let name = pattern.name(calendar.period.firstDay(of: bounds, in: calendar.zone))
            guard !taken.contains(name) else {
                plan.problems.append(nameTaken(name, bounds))
                continue
            }
            plan.premakes.append(
                .init(
                    name: name, bounds: bounds, from: table.keyType.literal(bounds.from),
                    to: table.keyType.literal(bounds.to)))
        }
    }

    /// Whether several partitions together take every key of a range.
    private func isCovered(_ bounds: PartitionBounds) -> Bool {
        var reached = bounds.from
        for next in partitions.compactMap(\.bounds).sorted() where next.from <= reached {
            reached = max(reached, next.to)
        }
        return reached >= bounds.to
    }

    private func overlap(_ bounds: PartitionBounds, with partition: Partition) -> Problem {
        Problem(
            "premake.overlap", .partial,
            "The \(calendar.period.rawValue) \(bounds) of \(policy.table) cannot be made ahead: "
                + "\(partition.name) takes a part of it (\(partition.boundsSQL)).",
            hint: "Make period: and timezone: of the policy fit the partitions that exist "
                + "(period: \(calendar.period.rawValue), timezone: \(policy.zone.name)).")
    }

    private func nameTaken(_ name: String, _ bounds: PartitionBounds) -> Problem {
        Problem(
            "premake.name", .partial,
            "The partition for \(bounds) of \(policy.table) cannot be made: the name \(name) is "
                + "taken by something that is not a partition for it.",
            hint: "Rename or remove the table \(table.name.schema).\(name), or attach it if it "
                + "was meant to be the partition.")
    }
}

extension Partition {
    /// Whether it takes any key of a range; DEFAULT is in nobody's way.
    public func overlaps(_ bounds: PartitionBounds) -> Bool {
        switch extent {
        case .range(let own): own.overlaps(bounds)
        case .open(let from, let to):
            (from.map { $0 < bounds.to } ?? true) && (to.map { bounds.from < $0 } ?? true)
        case .default: false
        }
    }

    fileprivate func covers(_ bounds: PartitionBounds) -> Bool {
        switch extent {
        case .range(let own): own.from <= bounds.from && bounds.to <= own.to
        case .open(let from, let to):
            (from.map { $0 <= bounds.from } ?? true) && (to.map { bounds.to <= $0 } ?? true)
        case .default: false
        }
    }
}

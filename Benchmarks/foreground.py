#!/usr/bin/env python3
"""What an application feels while a night passes: the same inserts and reads on the parent with
and without us, by pgbench, on a throw-away cluster.

    foreground.py --program .build/release/pgretain --sample .build/release/sample-logs
                  [--rows N] [--rounds N] [--rate N] [--json FILE]

A round is four times the same traffic: alone; beside a night that archives, proves, detaches and
drops three partitions and makes months ahead; and both once more beside a report that reads the
parent for two seconds, again and again, as a lock on the parent has to wait for one. Transactions
start at times that are fixed beforehand, and their latency counts from there: whoever has to wait
behind a stall counts with all of its wait. Ends with 1 where a figure is over its limit.
"""

import argparse
import datetime
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from scene import Cluster, fill_system_logs, make_system_logs, sql

RETIRED = 3
# The longest wait for the parent of the lock ladder, and the time that the lock may be held.
LONGEST_STALL = 0.8 + 0.1
P99_RATIO = 2

INSERT = r"""\set n random(1, 1000000)
INSERT INTO system_logs (level, component, action, message, request_id, http_path,
    response_time_ms, extra_metadata) VALUES ('INFO', 'api', 'get_profiles', 'GET /profiles/ - 200',
    md5(:n::text), '/profiles/' || :n, :n % 900, '{"a": "b"}') RETURNING id;
"""
READS = [
    "SELECT * FROM system_logs ORDER BY created_at DESC OFFSET 20 LIMIT 20;\n",
    "SELECT count(*) FROM system_logs WHERE level = 'ERROR'"
    " AND created_at >= now() - interval '24 hours';\n",
    "\\set n random(1, 1000000)\nSELECT * FROM system_logs WHERE request_id = md5(:n::text)"
    " AND created_at >= now() - interval '1 hour';\n",
]
# Holds its lock on the parent, and on all of the partitions, as one that reads them all does.
REPORT = "BEGIN; SELECT count(*) FROM system_logs WHERE id < 0; SELECT pg_sleep(2); COMMIT;"


class Traffic:
    """pgbench on the parent, while the `with` lasts; then what its transactions took, in seconds."""

    def __init__(self, place, options):
        self.place = pathlib.Path(place)
        self.scripts = []
        for number, (text, weight) in enumerate([(INSERT, 6)] + [(read, 2) for read in READS]):
            path = self.place / f"{number}.sql"
            path.write_text(text)
            self.scripts += ["-f", f"{path}@{weight}"]
        self.rate = options.rate

    def __enter__(self):
        for log in self.place.glob("latency.*"):
            log.unlink()
        self.process = subprocess.Popen(
            ["pgbench", "-n", "-M", "prepared", "-c", "8", "-j", "2", "-R", str(self.rate),
             "-T", "3600", "-l", "--log-prefix", self.place / "latency", *self.scripts, "logs"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        # It connects, and each plan is made once.
        time.sleep(1)
        self.begin = time.time()
        return self

    def __exit__(self, *_):
        self.end = time.time()
        # As when the time of -T is over.
        self.process.send_signal(signal.SIGALRM)
        _, said = self.process.communicate()
        self.errors = [line for line in said.splitlines() if re.search("error|aborted", line, re.I)]
        if self.process.returncode and not self.errors:
            sys.exit(said)
        self.inserts, self.reads = [], []
        for log in self.place.glob("latency.*"):
            for line in log.read_text().splitlines():
                _, _, latency, script, second, micro, *_ = line.split()
                latency = int(latency) / 1e6
                # Those that began before we did are none of ours.
                if int(second) + int(micro) / 1e6 - latency >= self.begin:
                    (self.reads if int(script) else self.inserts).append(latency)
        if not self.inserts or not self.reads:
            sys.exit(f"pgbench did nothing: {said}")

    def figures(self):
        def of(name, seconds):
            ordered = sorted(seconds)
            return {f"{name}s": len(ordered), f"{name}_p99": ordered[int(len(ordered) * 0.99)],
                    f"{name}_max": ordered[-1]}
        return of("insert", self.inserts) | of("read", self.reads) | {
            "errors": len(self.errors), "seconds": self.end - self.begin, "said": self.errors[:3]}


class Report:
    """Somebody who reads the parent for two seconds at a time."""

    def __enter__(self):
        self.ends = threading.Event()
        self.thread = threading.Thread(target=self.repeat)
        self.thread.start()

    def __exit__(self, *_):
        self.ends.set()
        self.thread.join()

    def repeat(self):
        while not self.ends.wait(0.5):
            sql("logs", REPORT)


class Foreground:
    def __init__(self, options, work):
        self.options = options
        self.traffic = Traffic(work, options)
        self.config = pathlib.Path(work) / "pgretain.yaml"
        archives = pathlib.Path(work) / "archives"
        archives.mkdir(mode=0o750)
        self.config.write_text(
            f"database: dbname=logs\narchives: {archives}\n{options.config}"
            "tables:\n  - table: public.system_logs\n    key: created_at\n"
            "    retain: 90 days\n    grace: 0 days\n    then: drop\n")
        self.results = {}

    @staticmethod
    def without_months_ahead():
        """So that each night has months to make."""
        sql("logs", "SELECT format('DROP TABLE %s', inhrelid::regclass) FROM pg_inherits "
                    "WHERE inhparent = 'system_logs'::regclass AND pg_get_expr("
                    "(SELECT relpartbound FROM pg_class WHERE oid = inhrelid), inhrelid) "
                    f"> 'FOR VALUES FROM (''{datetime.date.today() + datetime.timedelta(31)}' "
                    "\\gexec")

    def night(self):
        before = self.partitions()
        begin = time.monotonic()
        done = subprocess.run(
            ["nice", "-n", str(self.options.nice), self.options.program, "run", "--json",
             "--max-retire", str(RETIRED), "--config", self.config],
            text=True, capture_output=True)
        if done.returncode:
            sys.exit(f"the night ended with {done.returncode}: {done.stderr}")
        gone = len(before - self.partitions())
        if gone != RETIRED:
            sys.exit(f"{gone} partitions have left: {done.stdout}")
        return time.monotonic() - begin

    @staticmethod
    def partitions():
        return set(sql("logs", "SELECT inhrelid::regclass FROM pg_inherits "
                               "WHERE inhparent = 'system_logs'::regclass").split())

    def measure(self, name, work):
        sql("logs", "CHECKPOINT")
        with self.traffic as traffic:
            work()
            # Whoever waits behind us at the end counts as well.
            time.sleep(1)
        self.results.setdefault(name, []).append(traffic.figures())
        print(f"  {name}: {traffic.figures()}", file=sys.stderr, flush=True)

    def round(self):
        seconds = []
        self.without_months_ahead()
        self.measure("beside a night", lambda: seconds.append(self.night()))
        self.measure("alone", lambda: time.sleep(seconds[0]))
        self.without_months_ahead()
        with Report():
            self.measure("beside a report and a night", lambda: seconds.append(self.night()))
            self.measure("beside a report", lambda: time.sleep(seconds[1]))

    def show(self):
        """The medians of the rounds' p99, the maxima of all; and whether they are within limits."""
        order = ["alone", "beside a night", "beside a report", "beside a report and a night"]
        print("| | seconds | inserts | p99 | longest | reads | p99 | longest | errors |")
        print("| --- " + "| --: " * 8 + "|")
        figures = {}
        for name in order:
            rounds = self.results[name]
            one = figures[name] = {
                key: statistics.median(r[key] for r in rounds) for key in ("insert_p99", "read_p99")
            } | {
                key: max(r[key] for r in rounds) for key in ("insert_max", "read_max")
            } | {
                key: sum(r[key] for r in rounds)
                for key in ("inserts", "reads", "errors", "seconds")}
            print(f"| {name} | {one['seconds']:.0f} s "
                  + "".join(f"| {one[kind + 's']} | {one[kind + '_p99'] * 1000:.1f} ms "
                            f"| {one[kind + '_max'] * 1000:.0f} ms " for kind in ("insert", "read"))
                  + f"| {one['errors']} |")
        within = True
        for ours, theirs in (order[1], order[0]), (order[3], order[2]):
            for kind in "insert", "read":
                ratio = figures[ours][f"{kind}_p99"] / figures[theirs][f"{kind}_p99"]
                longest = figures[ours][f"{kind}_max"]
                good = ratio <= P99_RATIO and longest <= LONGEST_STALL
                within = within and good and not figures[ours]["errors"]
                print(f"{kind}s {ours}: p99 x {ratio:.2f} (at most {P99_RATIO}), longest "
                      f"{longest * 1000:.0f} ms (at most {LONGEST_STALL * 1000:.0f})"
                      + ("" if good else ": over the limit"))
        return within


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--sample", required=True)
    parser.add_argument("--rows", type=int, default=100_000, help="in each partition that leaves")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rate", type=int, default=200, help="transactions a second")
    parser.add_argument("--nice", type=int, default=0, help="of pgretain")
    parser.add_argument("--config", default="", help="lines for the configuration")
    parser.add_argument("--json", help="write the figures there")
    options = parser.parse_args()
    options.config = options.config + "\n" if options.config else ""
    # Each round takes two nights' partitions; all of them are older than the policy's 90 days.
    old = 2 * RETIRED * options.rounds
    today = datetime.date.today()
    first = today.year * 12 + today.month - 1 - 4 - old
    first = f"{first // 12}-{first % 12 + 1:02}"
    with Cluster(), tempfile.TemporaryDirectory(prefix="pgretain-foreground-") as work:
        print(f"filling {old} months ...", file=sys.stderr, flush=True)
        make_system_logs(
            "logs", options.sample, "--from", first, "--months", str(old + 5), "--metadata", "text")
        fill_system_logs(
            "logs", options.sample, options.rows * old, "--from", first, "--months", str(old),
            "--metadata", "text", "--no-edge-rows")
        sql("logs", "SELECT setval('system_logs_id_seq', max(id)) FROM system_logs")
        sql("logs", "VACUUM (FREEZE, ANALYZE) system_logs")
        foreground = Foreground(options, work)
        subprocess.run([options.program, "approve", "-q", "--config", foreground.config], check=True)
        for number in range(options.rounds):
            print(f"round {number + 1}", file=sys.stderr, flush=True)
            foreground.round()
        print(f"{options.rounds} rounds, two nights of {RETIRED} partitions of about "
              f"{options.rows} rows each, {options.rate} transactions a second, "
              f"{os.cpu_count()} processors\n")
        within = foreground.show()
        if options.json:
            pathlib.Path(options.json).write_text(json.dumps(foreground.results, indent=2) + "\n")
    sys.exit(0 if within else 1)


main()

#!/usr/bin/env python3
"""Measures pgretain beside what one would use instead, in one run on one throw-away cluster.

    bench.py --program .build/release/pgretain --sample .build/release/sample-logs
             [--rows 2000000] [--rounds 3] [--metadata text|jsonb] [--json FILE]
             [--alone] [--cores N]

Every contender reads the same rows of the same table in the same state of the caches: the base
database is cloned for those that change it. Rounds are interleaved, figures are medians. CPU is
that of the client's processes; the server's is the same work for all that use COPY.
"""

import argparse
import json
import os
import pathlib
import resource
import shlex
import statistics
import subprocess
import sys
import tempfile
import time

from scene import Cluster, fill_system_logs, make_system_logs, sql

MONTH = "2025-01"
PARTITION = "system_logs_2025_01"


def fill(options):
    shape = ["--from", MONTH, "--months", "1", "--metadata", options.metadata]
    make_system_logs("base", options.sample, *shape)
    fill_system_logs("base", options.sample, options.rows, *shape)
    # A partition of the present, so that the one measured is not the newest.
    sql("base", "CREATE TABLE public.system_logs_now PARTITION OF public.system_logs "
                "FOR VALUES FROM ('2025-06-01') TO ('2099-01-01')")
    # One after the other: hint bits are set, and nothing is left for a background to do.
    sql("base", f"VACUUM (FREEZE, ANALYZE) public.{PARTITION}")
    sql("base", "CHECKPOINT")


class Clone:
    """A copy of the base database for one measurement."""

    def __init__(self, name="clone"):
        self.name = name

    def __enter__(self):
        sql("postgres", f"CREATE DATABASE {self.name} TEMPLATE base STRATEGY file_copy")
        return self.name

    def __exit__(self, *_):
        sql("postgres", f"DROP DATABASE {self.name} WITH (FORCE)")


def measure(command):
    """Wall and CPU seconds and the peak memory of the largest process, of a shell command."""
    os.sync()
    start = time.monotonic()
    pid = os.posix_spawn("/bin/bash", ["bash", "-c", "set -o pipefail; " + command], os.environ)
    _, status, usage = os.wait4(pid, 0)
    wall = time.monotonic() - start
    if status:
        sys.exit(f"failed: {command}")
    return {
        "wall": wall,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak": usage.ru_maxrss * 1024,
    }


def size(*paths):
    total = 0
    for path in paths:
        path = pathlib.Path(path)
        files = path.rglob("*.gz") if path.is_dir() else [path]
        total += sum(f.stat().st_size for f in files)
    return total


class Bench:
    def __init__(self, options, work):
        self.options = options
        self.work = pathlib.Path(work)
        self.results = {}

    def note(self, name, figures):
        self.results.setdefault(name, []).append(figures)
        print(f"  {name}: {figures['wall']:.2f} s", file=sys.stderr, flush=True)

    def config(self, database, then, archives):
        path = self.work / f"{database}.yaml"
        path.write_text(
            f"database: dbname={database}\narchives: {archives}\n"
            f"{self.options.config}"
            "tables:\n  - table: public.system_logs\n    key: created_at\n"
            f"    retain: 90 days\n    then: {then}\n    grace: 0 days\n    premake: 0\n"
        )
        return path

    def archives(self, name):
        path = self.work / name
        path.mkdir(mode=0o750)
        return path

    def program(self, *arguments):
        """A command line of ours, on as many cores as it may have."""
        words = [self.options.program, *map(str, arguments)]
        if self.options.cores:
            words = ["taskset", "-c", f"0-{self.options.cores - 1}", *words]
        return shlex.join(words)

    # What people use today.

    def pipeline(self, name, compressor):
        out = self.work / "pipeline.gz"
        copy = f"COPY (SELECT row_to_json(t) FROM public.{PARTITION} t) TO STDOUT"
        figures = measure(f"psql -XqAt -d base -c {shlex.quote(copy)} | {compressor} > {out}")
        self.note(name, figures | {"bytes": size(out)})
        out.unlink()

    def dump(self):
        out = self.work / "dump"
        figures = measure(f"pg_dump -Fc -t public.{PARTITION} -f {out} base")
        self.note("pg_dump -Fc", figures | {"bytes": size(out)})

    def floor(self):
        copy = f"COPY public.{PARTITION} TO STDOUT"
        self.note("floor: COPY TO /dev/null", measure(
            f"psql -XqAt -d base -c {shlex.quote(copy)} > /dev/null"))

    # Ours.

    def retire(self, then, name):
        archives = self.archives(f"archives-{then}")
        with Clone() as database:
            config = self.config(database, then, archives)
            if then != "keep":
                subprocess.run([self.options.program, "approve", "-q", "--config", config],
                               check=True)
            report = self.work / "report.json"
            figures = measure(
                self.program("run", "--json", "--config", config) + f" > {report}")
            done = json.loads(report.read_text())["report"]["tables"][0]["done"]
            archived = [entry for entry in done if entry["action"] == "archive"]
            if len(archived) != 1 or archived[0]["rows"] != self.rows:
                sys.exit(f"not archived: {done}")
            figures["bytes"] = size(archives)
            if then == "keep":
                alone = dict(figures, wall=archived[0]["export_seconds"])
                self.note("pgretain: export alone", alone)
            self.note(name, figures)
        subprocess.run(["rm", "-rf", archives], check=True)

    # And back.

    def restores(self):
        kept = self.archives("archives-back")
        with Clone("kept") as database:
            config = self.config(database, "keep", kept)
            subprocess.run([self.options.program, "run", "-q", "--config", config], check=True)
            text, dump = self.work / "rows.copy", self.work / "restore.dump"
            if not self.options.alone:
                with open(text, "wb") as out:
                    subprocess.run(
                        ["psql", "-XqAt", "-d", database, "-c",
                         f"COPY public.{PARTITION} TO STDOUT"], stdout=out, check=True)
                subprocess.run(
                    ["pg_dump", "-Fc", "-t", f"public.{PARTITION}", "-f", dump, database],
                    check=True)
            columns = sql(database, "SELECT string_agg(quote_ident(attname) || ' ' || "
                          "format_type(atttypid, atttypmod), ', ' ORDER BY attnum) "
                          f"FROM pg_attribute WHERE attrelid = '{PARTITION}'::regclass "
                          "AND attnum > 0 AND NOT attisdropped")
            for _ in range(self.options.rounds):
                self.note("pgretain: restore", measure(self.program(
                    "restore", "--config", config, "--table", "public.system_logs",
                    "--period", MONTH, "--into", "public.back", "-q")))
                sql(database, "DROP TABLE public.back")
                if self.options.alone:
                    continue
                freeze = f"BEGIN; CREATE TABLE public.back ({columns}); " \
                         "COPY public.back FROM STDIN WITH (FREEZE); COMMIT"
                self.note("floor: COPY FROM, FREEZE", measure(
                    f"psql -Xq -v ON_ERROR_STOP=1 -d {database} {self.commands(freeze)} < {text}"))
                sql(database, "DROP TABLE public.back")
                staging = "CREATE TABLE public.staging (line json); " \
                          f"CREATE TABLE public.back ({columns})"
                sql(database, staging)
                parts = f"{kept}/public.system_logs/year=2025/month=01/part-*.gz"
                load = "COPY public.staging FROM STDIN WITH (FORMAT csv, QUOTE E'\\x01', " \
                       "DELIMITER E'\\x02')"
                # Beside the table, not as (f(…)).*, which would call it once for each column.
                back = "INSERT INTO public.back SELECT r.* FROM public.staging, " \
                       "json_populate_record(NULL::public.back, line) AS r"
                self.note("zcat, json_populate_record", measure(
                    f"zcat {parts} | psql -Xq -v ON_ERROR_STOP=1 -d {database} "
                    f"-c {shlex.quote(load)} -c {shlex.quote(back)}"))
                sql(database, "DROP TABLE public.back; DROP TABLE public.staging")
                sql(database, f"CREATE SCHEMA old; ALTER TABLE public.{PARTITION} SET SCHEMA old")
                self.note("pg_restore (data only, no index)", measure(
                    "psql -Xq -d {0} -c {1} && pg_restore --data-only -d {0} {2}".format(
                        database,
                        shlex.quote(f"CREATE TABLE public.{PARTITION} ({columns})"), dump)))
                sql(database, f"DROP TABLE public.{PARTITION}; "
                    f"ALTER TABLE old.{PARTITION} SET SCHEMA public; DROP SCHEMA old")
        subprocess.run(["rm", "-rf", kept], check=True)

    @staticmethod
    def commands(text):
        return " ".join(f"-c {shlex.quote(part.strip())}" for part in text.split(";"))

    def run(self):
        self.rows = int(sql("base", f"SELECT count(*) FROM public.{PARTITION}"))
        for number in range(self.options.rounds):
            print(f"round {number + 1}", file=sys.stderr, flush=True)
            if self.options.alone:
                self.retire("keep", "pgretain: export + verify")
                self.retire("drop", "pgretain: the whole retirement")
                continue
            self.floor()
            self.pipeline("psql row_to_json | gzip -6", "gzip -6")
            self.retire("keep", "pgretain: export + verify")
            self.pipeline("psql row_to_json | gzip -1", "gzip -1")
            self.retire("drop", "pgretain: the whole retirement")
            self.pipeline("psql row_to_json | pigz -6", "pigz -6")
            self.dump()
        self.restores()

    def table(self):
        medians = {}
        for name, rounds in self.results.items():
            medians[name] = {
                key: statistics.median(r[key] for r in rounds) for key in rounds[0]
            }
        return medians


PEERS = {
    "out": ["psql row_to_json | gzip -6", "psql row_to_json | pigz -6",
            "floor: COPY TO /dev/null"],
    "back": ["zcat, json_populate_record", "floor: COPY FROM, FREEZE"],
}
BACK = {"pgretain: restore", "pg_restore (data only, no index)", *PEERS["back"]}


def cell(name):
    return name.replace("|", "\\|")


def show(medians):
    for title, kind, names in (
        ("Out of the database", "out", [n for n in medians if n not in BACK]),
        ("And back", "back", [n for n in medians if n in BACK]),
    ):
        peers = [peer for peer in PEERS[kind] if peer in medians]
        print(f"\n{title}\n")
        print("| what | wall | CPU | bytes | peak memory |"
              + "".join(f" ÷ {cell(peer)} |" for peer in peers))
        print("| --- | --: | --: | --: | --: |" + " --: |" * len(peers))
        for name in names:
            row = medians[name]
            size = f"{row['bytes'] / 1e6:.0f} MB" if "bytes" in row else ""
            print(f"| {cell(name)} | {row['wall']:.1f} s | {row['cpu']:.1f} s | {size} "
                  f"| {row['peak'] / 2**20:.0f} MiB |"
                  + "".join(f" {row['wall'] / medians[peer]['wall']:.2f} |" for peer in peers))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--sample", required=True)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--metadata", choices=["text", "jsonb"], default="text")
    parser.add_argument("--config", default="", help="lines for the configuration")
    parser.add_argument("--alone", action="store_true", help="only pgretain")
    parser.add_argument("--cores", type=int, help="how many cores pgretain may use")
    parser.add_argument("--json", help="write the figures there")
    options = parser.parse_args()
    options.config = options.config + "\n" if options.config else ""
    with Cluster(), tempfile.TemporaryDirectory(prefix="pgretain-bench-") as work:
        print(f"filling {options.rows} rows ...", file=sys.stderr, flush=True)
        fill(options)
        bench = Bench(options, work)
        bench.run()
        medians = bench.table()
        print(f"{bench.rows} rows of system_logs ({options.metadata} metadata), "
              f"{options.rounds} rounds, {os.cpu_count()} processors"
              + (f", {options.cores} for pgretain" if options.cores else ""))
        show(medians)
        if options.json:
            document = {"rows": bench.rows, "rounds": options.rounds,
                        "metadata": options.metadata, "processors": os.cpu_count(),
                        "medians": medians, "all": bench.results}
            pathlib.Path(options.json).write_text(json.dumps(document, indent=2) + "\n")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()

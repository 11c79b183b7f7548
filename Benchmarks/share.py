#!/usr/bin/env python3
"""Measures 1, 2 and 4 processes of `pgretain run --share` on one backlog, on one throw-away cluster.

    share.py --program .build/release/pgretain --sample .build/release/sample-logs
             [--months 12] [--rows 1200000] [--rounds 3] [--workers N]

Each takes a clone of the same database, and is to leave the same archives as one run that shares
nothing. `--workers 1` gives each process one core's worth of threads, as a small host would have. All
share this machine's cores with the server. Rounds are interleaved, figures are medians.
"""

import argparse
import hashlib
import pathlib
import statistics
import subprocess
import tempfile
import time

from scene import Cluster, fill_system_logs, make_system_logs, sql


def configure(options, work, name):
    archives = work / name
    archives.mkdir(mode=0o750)
    path = work / f"{name}.yaml"
    workers = f"workers: {options.workers}\n" if options.workers else ""
    path.write_text(f"""database: dbname={name}
archives: {archives}
{workers}tables:
  - {{table: public.system_logs, key: created_at, retain: 90 days, then: drop, grace: 0 days}}
""")
    path.chmod(0o600)
    return path, archives


def night(options, work, name, hosts):
    """Seconds until the last has ended, and what the archives are."""
    sql("postgres", f"CREATE DATABASE {name} TEMPLATE base STRATEGY file_copy")
    sql("postgres", "CHECKPOINT")
    path, archives = configure(options, work, name)
    subprocess.run([options.program, "approve", "--config", path], check=True, capture_output=True)
    command = [options.program, "run", "--max-retire", "999", "--config", path]
    if hosts:
        command.append("--share")
    start = time.monotonic()
    runs = [subprocess.Popen(command) for _ in range(hosts or 1)]
    statuses = [run.wait() for run in runs]
    seconds = time.monotonic() - start
    assert not any(statuses), statuses
    left = sql(name, "SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
                     "WHERE c.relname LIKE 'system_logs_2020%'")
    assert left == "0", left
    took = sql(name, "SELECT string_agg(n::text, '+') FROM (SELECT count(*) AS n "
                     "FROM pgretain.ledger WHERE kind = 'archived' GROUP BY run) AS s")
    digest = hashlib.sha256()
    for part in sorted(archives.rglob("part-*.gz")):
        digest.update(str(part.relative_to(archives)).encode() + part.read_bytes())
    sql("postgres", f"DROP DATABASE {name} WITH (FORCE)")
    subprocess.run(["rm", "-rf", archives], check=True)
    return seconds, digest.hexdigest(), took


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True, type=pathlib.Path)
    parser.add_argument("--sample", required=True, type=pathlib.Path)
    parser.add_argument("--months", type=int, default=12)
    parser.add_argument("--rows", type=int, default=1_200_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int)
    options = parser.parse_args()
    options.program = options.program.resolve()
    options.sample = options.sample.resolve()
    with Cluster(), tempfile.TemporaryDirectory() as work:
        shape = ["--from", "2020-01", "--months", str(options.months)]
        make_system_logs("base", options.sample, *shape)
        fill_system_logs("base", options.sample, options.rows, *shape)
        sql("base", "CREATE TABLE public.system_logs_now PARTITION OF public.system_logs "
                    "FOR VALUES FROM ('2026-01-01') TO ('2099-01-01')")
        sql("base", "VACUUM (FREEZE, ANALYZE)")
        size = sql("base", "SELECT pg_size_pretty(sum(pg_total_relation_size(inhrelid))) "
                           "FROM pg_inherits WHERE inhparent = 'system_logs'::regclass")
        print(f"{options.months} partitions, {options.rows} rows, {size}")
        seconds, digests = {}, set()
        for turn in range(options.rounds):
            for hosts in (0, 1, 2, 4):
                name = f"night_{turn}_{hosts}"
                wall, digest, took = night(options, pathlib.Path(work), name, hosts)
                seconds.setdefault(hosts, []).append(wall)
                digests.add(digest)
                assert len(digests) == 1, "the archives differ"
                print(f"  {hosts or 'run'}: {wall:.1f} s, partitions {took}", flush=True)
        for hosts, walls in seconds.items():
            what = f"{hosts} with --share" if hosts else "1 without"
            print(f"{what}: {statistics.median(walls):.1f} s")
        print("the same archives, byte for byte")


if __name__ == "__main__":
    main()

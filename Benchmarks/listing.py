#!/usr/bin/env python3
"""How long `archives list` takes over many archives: one day of system_logs is archived, and what
that made is copied to other days.

    listing.py --program .build/release/pgretain --sample .build/release/sample-logs
               [--archives N] [--rounds N]
"""

import argparse
import datetime
import hashlib
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from scene import Cluster, make_system_logs, sql

FIRST = datetime.date(2025, 1, 1)


def archive_a_day(options, work):
    """The configuration, and where the archive is."""
    make_system_logs("logs", options.sample, "--from", "2025-02", "--months", "1",
                     "--metadata", "text")
    sql("logs", f"CREATE TABLE system_logs_day PARTITION OF system_logs "
                f"FOR VALUES FROM ('{FIRST}') TO ('{FIRST + datetime.timedelta(1)}');"
                "INSERT INTO system_logs (created_at, level, component, action, message) "
                f"SELECT '{FIRST} 12:00', 'INFO', 'api', 'get', 'GET /' "
                "FROM generate_series(1, 100)")
    root = work / "archives"
    root.mkdir(mode=0o750)
    config = work / "pgretain.yaml"
    config.write_text(
        f"database: dbname=logs\narchives: {root}\n"
        "tables:\n  - table: public.system_logs\n    key: created_at\n    period: day\n"
        "    retain: 90 days\n    then: keep\n    premake: 0\n")
    subprocess.run([options.program, "run", "--config", config], check=True)
    return config, root / "public.system_logs"


def place(table, day):
    return table / f"year={day:%Y}" / f"month={day:%m}" / f"day={day:%d}"


def copy(table, days):
    """The first day's archive as the archive of each of these days."""
    one = place(table, FIRST)
    text = (one / "_manifest.json").read_text()
    parts = [path for path in one.iterdir() if path.name != "_manifest.json"]
    for day in days:
        there = place(table, day)
        there.mkdir(parents=True)
        for part in parts:
            os.link(part, there / part.name)
        body = text[:text.index('  "checksum": "')]
        for number, old in enumerate([FIRST, FIRST + datetime.timedelta(1)]):
            body = body.replace(f"{old}T", f"<{number}>")
        for number, new in enumerate([day, day + datetime.timedelta(1)]):
            body = body.replace(f"<{number}>", f"{new}T")
        body = body.replace('"name": "system_logs_day"', f'"name": "system_logs_{day:%Y%m%d}"')
        sum = hashlib.sha256(body.encode()).hexdigest()
        (there / "_manifest.json").write_text(f'{body}  "checksum": "{sum}"\n}}\n')


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--program", required=True)
    parser.add_argument("--sample", required=True)
    parser.add_argument("--archives", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with Cluster(), tempfile.TemporaryDirectory(prefix="pgretain-listing-") as work:
        config, table = archive_a_day(options, pathlib.Path(work))
        copy(table, (FIRST - datetime.timedelta(n) for n in range(1, options.archives)))
        seconds, cpu = [], []
        for _ in range(options.rounds):
            before, start = os.times(), time.monotonic()
            done = subprocess.run(
                [options.program, "archives", "list", "--config", config],
                capture_output=True, text=True)
            if done.returncode:
                sys.exit(done.stderr)
            seconds.append(time.monotonic() - start)
            after = os.times()
            cpu.append(after.children_user + after.children_system
                       - before.children_user - before.children_system)
        bytes = len((place(table, FIRST) / "_manifest.json").read_bytes())
        print(f"{options.archives} archives of {bytes} bytes of manifest: `archives list` in "
              f"{statistics.median(seconds):.2f} s ({min(seconds):.2f} to {max(seconds):.2f}), "
              f"{statistics.median(cpu):.2f} s of CPU, {os.cpu_count()} processors; "
              f"{len(done.stdout)} bytes printed")


main()

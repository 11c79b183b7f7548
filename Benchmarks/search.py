#!/usr/bin/env python3
"""What finding rows in twelve monthly archives takes, beside zgrep over the same files."""

import argparse
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

from scene import Cluster, fill_system_logs, make_system_logs


def timed(command, cwd):
    """Wall seconds, and what it printed."""
    began = time.monotonic()
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, check=False)
    return time.monotonic() - began, done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    parser.add_argument("--sample", required=True)
    parser.add_argument("--rows", type=int, default=2_400_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    program, sample = os.path.abspath(options.program), os.path.abspath(options.sample)

    with tempfile.TemporaryDirectory(prefix="pgretain-search-") as work:
        with Cluster():
            shape = ["--from", "2024-01", "--months", "13", "--metadata", "jsonb"]
            make_system_logs("logs", sample, *shape)
            fill_system_logs("logs", sample, options.rows * 13 // 12, *shape)
            archives = pathlib.Path(work) / "archives"
            archives.mkdir(mode=0o750)
            config = pathlib.Path(work) / "pgretain.yaml"
            config.write_text(
                f"database: dbname=logs\narchives: {archives}\n"
                "tables: [{table: public.system_logs, key: created_at, retain: 30 days}]\n")
            subprocess.run(
                [program, "run", "--config", config, "-q", "--now", "2025-01-31T23:00:00Z"],
                check=True)
        measure(program, config, archives, options.rounds)


def measure(program, config, archives, rounds):
    """Each question, both ways, one after the other; the archives are in the cache."""
    files = sorted(str(path) for path in archives.rglob("*.gz"))
    size = sum(os.path.getsize(path) for path in files)
    middle = subprocess.run(
        ["zcat", files[len(files) // 2]], stdout=subprocess.PIPE, check=True).stdout
    lines = [line for line in middle.split(b"\n") if b'"request_id":"' in line]
    chosen = random.Random(7).choice(lines)
    identifier = chosen.split(b'"request_id":"')[1].split(b'"')[0].decode()
    hour = chosen.split(b'"created_at":"')[1][:13].decode()
    search = [program, "search", "--config", config, "--table", "public.system_logs"]
    questions = [
        ("one request_id", ["--where", f"request_id={identifier}"],
         ["zgrep", "-h", f'"request_id":"{identifier}"']),
        ("one hour", ["--from", f"{hour}:00:00Z", "--to", f"{hour}:59:59.999999Z"],
         ["zgrep", "-h", f'"created_at":"{hour}']),
        ("a regular expression", ["--where", "message~profil.*40[0-9]"],
         ["zgrep", "-hE", '"message":"[^"]*profil[^"]*40[0-9]']),
    ]
    print(f"{len(files)} parts, {size / 1e6:.0f} MB; wall seconds, the median of {rounds} rounds")
    for name, ours, theirs in questions:
        seconds = ([], [])
        for _ in range(rounds):
            first, found = timed(search + ours, archives)
            second, expected = timed(theirs + files, archives)
            seconds[0].append(first)
            seconds[1].append(second)
            if sorted(found.split(b"\n")) != sorted(expected.split(b"\n")):
                sys.exit(f"{name}: {found.count(10)} rows, zgrep has {expected.count(10)}")
        said = timed(search + ours + ["--count", "--json"], archives)[1]
        share = json.loads(said)["search"]["bytes_read"] / size
        a, b = statistics.median(seconds[0]), statistics.median(seconds[1])
        print(f"  {name:22} search {a:7.3f}   zgrep {b:7.3f}   ratio {a / b:.3f}   "
              f"reads {share:7.2%} of the bytes   {found.count(10)} rows")


if __name__ == "__main__":
    main()

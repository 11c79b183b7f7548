#!/usr/bin/env python3
"""What an application feels while its table is adopted, and then split: the same load with and without us, on a
throw-away cluster.

    adopt.py --program .build/release/pgretain --sample .build/release/sample-logs [--rows N]

Prints for how long the table was locked at the longest, and the 99th percentile and the longest of
the application's inserts: alone, beside `pgretain adopt`, and beside `pgretain adopt --split`.
"""
import argparse
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time

from scene import ROOT, Cluster, fill_system_logs, make_system_logs, sql

APPLICATION = [ROOT / ".build/python/bin/python", ROOT / "Tests/Support/application.py"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--sample", required=True)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()

    with Cluster() as cluster:
        measure(options, cluster)


def measure(options, cluster):
    shape = ["--from", "2026-01", "--months", "10", "--plain", "--metadata", "text"]
    make_system_logs("logs", options.sample, *shape)
    fill_system_logs("logs", options.sample, options.rows, *shape, "--no-edge-rows")
    sql("logs", "SELECT setval('system_logs_id_seq', max(id)) FROM system_logs")
    sql("logs", "VACUUM ANALYZE system_logs")

    alone, _ = beside(cluster, lambda: time.sleep(options.seconds))
    with tempfile.TemporaryDirectory() as place:
        os.mkdir(f"{place}/archives", 0o750)
        configuration = f"{place}/pgretain.yaml"
        pathlib.Path(configuration).write_text(
            f"database: dbname=logs\narchives: {place}/archives\n"
            "tables:\n  - table: system_logs\n    key: created_at\n    retain: 90 days\n")
        os.chmod(configuration, 0o600)

        def adopt(*more):
            time.sleep(2)
            return subprocess.run(
                [options.program, "adopt", "system_logs", *more, "--json", "--config",
                 configuration],
                check=True, capture_output=True, text=True).stdout

        adopting, adopted = beside(cluster, adopt)
        splitting, split = beside(cluster, lambda: adopt("--split"))
    adopted, split = json.loads(adopted)["adopted"], json.loads(split)["split"]
    print(f"{options.rows} rows, beside eight threads that insert and read:")
    print(f"adopted in {adopted['seconds']:.1f} s, "
          f"locked for {adopted['locked_seconds'] * 1000:.1f} ms at the longest")
    print(f"split into {len(split['partitions'])} partitions in {split['seconds']:.1f} s, "
          f"locked for {split['locked_seconds'] * 1000:.1f} ms at the longest")
    print(f"{'':>16} {'inserts':>8} {'p99 ms':>8} {'max ms':>8} {'errors':>7}")
    for name, report in [
            ("alone", alone), ("beside adopt", adopting), ("beside --split", splitting)]:
        print(f"{name:>16} {len(report['ids']):>8} {report['insert_p99'] * 1000:>8.1f} "
              f"{report['insert_max'] * 1000:>8.1f} {len(report['errors']):>7}")


def beside(cluster, work):
    """The application's report of the time that `work` takes, and what that gave."""
    url = f"postgresql+psycopg2://postgres@/logs?host={cluster.socket}&port={cluster.port}"
    application = subprocess.Popen(
        APPLICATION + [url, "5", "3"], stdout=subprocess.PIPE, text=True)
    result = work()
    application.send_signal(signal.SIGTERM)
    report, _ = application.communicate()
    return json.loads(report), result


main()

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

ROOT = pathlib.Path(__file__).resolve().parent.parent
APPLICATION = [ROOT / ".build/python/bin/python", ROOT / "Tests/Support/application.py"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", required=True)
    parser.add_argument("--sample", required=True)
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--seconds", type=float, default=20)
    options = parser.parse_args()

    cluster = subprocess.Popen(
        [ROOT / "Tests/Support/throwaway-cluster.sh"], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True)
    try:
        _, socket, port = cluster.stdout.readline().split()
        measure(options, socket, port)
    finally:
        cluster.stdin.close()
        cluster.wait()


def measure(options, socket, port):
    psql = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", socket, "-p", port, "-U", "postgres"]
    subprocess.run(psql + ["-d", "postgres", "-c", "CREATE DATABASE logs"], check=True)
    psql += ["-d", "logs"]
    shape = ["--from", "2026-01", "--months", "10", "--plain", "--metadata", "text"]
    ddl = subprocess.run([options.sample, "ddl"] + shape, check=True, capture_output=True)
    subprocess.run(psql, input=ddl.stdout, check=True)
    rows = subprocess.Popen(
        [options.sample, "rows", "--rows", str(options.rows), "--no-edge-rows"] + shape,
        stdout=subprocess.PIPE)
    subprocess.run(
        psql + ["-c", "COPY public.system_logs FROM STDIN"], stdin=rows.stdout, check=True)
    subprocess.run(
        psql + ["-c", "SELECT setval('system_logs_id_seq', max(id)) FROM system_logs",
                "-c", "VACUUM ANALYZE system_logs"], check=True, stdout=subprocess.DEVNULL)

    alone, _ = beside(options, socket, port, lambda: time.sleep(options.seconds))
    with tempfile.TemporaryDirectory() as place:
        os.mkdir(f"{place}/archives", 0o750)
        configuration = f"{place}/pgretain.yaml"
        pathlib.Path(configuration).write_text(
            f'database: "host={socket} port={port} user=postgres dbname=logs"\n'
            f"archives: {place}/archives\ntables:\n  - table: system_logs\n    key: created_at\n"
            "    retain: 90 days\n")
        os.chmod(configuration, 0o600)

        def adopt(*more):
            time.sleep(2)
            return subprocess.run(
                [options.program, "adopt", "system_logs", *more, "--json", "--config",
                 configuration],
                check=True, capture_output=True, text=True).stdout

        adopting, adopted = beside(options, socket, port, adopt)
        splitting, split = beside(options, socket, port, lambda: adopt("--split"))
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


def beside(options, socket, port, work):
    """The application's report of the time that `work` takes, and what that gave."""
    url = f"postgresql+psycopg2://postgres@/logs?host={socket}&port={port}"
    application = subprocess.Popen(
        APPLICATION + [url, "5", "3"], stdout=subprocess.PIPE, text=True)
    result = work()
    application.send_signal(signal.SIGTERM)
    report, _ = application.communicate()
    return json.loads(report), result


main()

"""What the benchmarks share: a throw-away cluster, SQL, and system_logs with rows in it."""

import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


class Cluster:
    """A throw-away cluster that ends with this process; libpq finds it without being told."""

    def __enter__(self):
        self.process = subprocess.Popen(
            [ROOT / "Tests/Support/throwaway-cluster.sh"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        words = self.process.stdout.readline().split()
        if len(words) != 3 or words[0] != "READY":
            sys.exit("the cluster did not start")
        self.socket, self.port = words[1:]
        os.environ.update(PGHOST=self.socket, PGPORT=self.port, PGUSER="postgres", PGTZ="UTC")
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


def sql(database, text):
    """What psql prints for a script; a script that fails ends the benchmark."""
    done = subprocess.run(
        ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database, "-f", "-"],
        input=text, text=True, capture_output=True)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout.strip()


def make_system_logs(database, sample, *shape):
    """A new database with an empty system_logs, as `sample-logs ddl` has it."""
    sql("postgres", f"CREATE DATABASE {database} TEMPLATE template0")
    ddl = subprocess.run([sample, "ddl", *shape], capture_output=True, check=True, text=True)
    sql(database, ddl.stdout)


def fill_system_logs(database, sample, rows, *shape):
    """Rows of `sample-logs rows`, copied into it."""
    made = subprocess.Popen(
        [sample, "rows", *shape, "--rows", str(rows)], stdout=subprocess.PIPE)
    subprocess.run(
        ["psql", "-XqAt", "-d", database, "-v", "ON_ERROR_STOP=1",
         "-c", "COPY public.system_logs FROM STDIN"], stdin=made.stdout, check=True)
    if made.wait():
        sys.exit("the generator failed")

#!/usr/bin/env bash
# Engines that are too large for `make test` read archives, and find what the tables held: Apache Spark, a standalone
# cluster of two workers on loopback, through the job of docs/spark, and pandas. Leaves nothing running.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
export PATH="$root/.build/release:$PATH"
python=$root/.build/engines/bin/python
SPARK_HOME=$("$python" -c 'import pyspark; print(pyspark.__path__[0])')
export SPARK_HOME PYSPARK_PYTHON=$python SPARK_LOCAL_IP=127.0.0.1

daemons=()
before_end() {
    [ ${#daemons[@]} -eq 0 ] || kill "${daemons[@]}" 2>/dev/null || true
    wait "${daemons[@]}" 2>/dev/null || true
}
export PGDATABASE=logs
. "$root/Tests/Support/own-cluster.sh"
sql() { psql -XqAt -v ON_ERROR_STOP=1 "$@"; }

# Three tables of six months, archived whole; the rows that bite an exporter are among them.
shape=(--from 2025-01 --months 6 --rows 20000)
sample-logs ddl "${shape[@]}" --metadata text | sql
sample-logs rows "${shape[@]}" --metadata text | sql -c 'COPY public.system_logs FROM STDIN'
sample-logs sisters --from 2025-01 --months 6 --rows 5000 | sql >/dev/null
mkdir -m 0750 "$work/archives"
cat >"$work/pgretain.yaml" <<YAML
archives: $work/archives
limits: {max_retire: 100}
tables:
  - {table: public.system_logs, key: created_at, retain: 1 day, then: keep, premake: 0}
  - {table: public.llm_logs, key: created_at, retain: 1 day, then: keep, partitioned: false}
YAML
export PGRETAIN_CONFIG=$work/pgretain.yaml
pgretain run --quiet

# The same question for all of them: rows, sums, and a checksum of every message.
echo "system_logs|$(sql -c "
    SELECT count(*), sum(id), sum(response_time_ms), count(message),
        md5(string_agg(md5(message), '' ORDER BY md5(message) COLLATE \"C\")) FROM system_logs
    WHERE created_at < '2025-07-01'")" >"$work/expected"
echo "llm_logs|$(sql -c "SELECT count(*), sum(id) FROM llm_logs WHERE created_at < '2025-07-01'")" >>"$work/expected"
cat "$work/expected"

same() {
    if diff "$work/expected" "$1"; then echo "$2: the same"; else exit 1; fi
}

"$python" - "$work/archives" >"$work/pandas" <<'PYTHON'
import glob, hashlib, sys
import pandas
def read(table):
    parts = sorted(glob.glob(f"{sys.argv[1]}/public.{table}/*/*/part-*.ndjson.gz"))
    return pandas.concat(pandas.read_json(part, lines=True, dtype=False) for part in parts)
md5 = lambda text: hashlib.md5(text.encode()).hexdigest()
logs, llm = read("system_logs"), read("llm_logs")
messages = logs["message"].dropna()
print("system_logs", len(logs), logs["id"].sum(), int(logs["response_time_ms"].sum()), len(messages),
      md5("".join(sorted(map(md5, messages)))), sep="|")
print("llm_logs", len(llm), llm["id"].sum(), sep="|")
PYTHON
same "$work/pandas" pandas

# A master and two workers, as they are started on machines of their own.
daemon() { "$SPARK_HOME/bin/spark-class" "$@" >>"$work/spark.log" 2>&1 & daemons+=($!); }
daemon org.apache.spark.deploy.master.Master --host 127.0.0.1 --port 0 --webui-port 0
master=
for _ in $(seq 300); do
    master=$(sed -n 's/.*Starting Spark master at \(spark:[^ ]*\).*/\1/p' "$work/spark.log")
    [ -z "$master" ] || break
    sleep 0.1
done
[ -n "$master" ] || { cat "$work/spark.log" >&2; exit 1; }
for worker in 1 2; do
    daemon org.apache.spark.deploy.worker.Worker --host 127.0.0.1 --cores 1 --memory 1g --webui-port 0 \
        --work-dir "$work/worker-$worker" "$master"
done

# The job of the documentation, over both tables.
for table in system_logs llm_logs; do
    pgretain archives export-ddl --engine spark --table "$table"
done >"$work/tables.sql"
pgretain archives list --json >"$work/archives.json"
submit() {
    (cd "$work" && "$SPARK_HOME/bin/spark-submit" --master "$master" --conf spark.ui.enabled=false \
        --conf spark.sql.warehouse.dir="$work/warehouse" --driver-memory 1g "$@" 2>>"$work/spark.log") ||
        { tail -n 60 "$work/spark.log" >&2; return 1; }
}
submit "$root/docs/spark/to_parquet.py" tables.sql archives.json "$work/parquet"
workers=$(grep -c 'Registering worker' "$work/spark.log")
[ "$workers" = 2 ] || { echo "$workers workers, not 2" >&2; exit 1; }

cat >"$work/look.py" <<'PYTHON'
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()
spark.read.parquet(f"{sys.argv[1]}/system_logs").createOrReplaceTempView("system_logs")
spark.read.parquet(f"{sys.argv[1]}/llm_logs").createOrReplaceTempView("llm_logs")
for name, query in [
    ("system_logs", """SELECT count(*), sum(id), sum(response_time_ms), count(message),
        md5(concat_ws('', sort_array(collect_list(md5(message))))) FROM system_logs"""),
    ("llm_logs", "SELECT count(*), sum(id) FROM llm_logs"),
]:
    print(name, *spark.sql(query).collect()[0], sep="|")
PYTHON
submit "$work/look.py" "$work/parquet" >"$work/spark"
same "$work/spark" 'Spark, by way of Parquet'

# An archive that lacks rows is told, and nothing is written over.
first=$(find "$work/archives/public.llm_logs" -name 'part-00000.ndjson.gz' | sort | head -n 1)
mv "$first" "$work/part-00000.ndjson.gz"
if submit "$root/docs/spark/to_parquet.py" tables.sql archives.json "$work/again" >"$work/told" 2>/dev/null; then
    echo 'a part that is gone was not told' >&2
    exit 1
fi
grep 'its manifest claims' "$work/told"
if submit "$root/docs/spark/to_parquet.py" tables.sql archives.json "$work/parquet" >/dev/null 2>&1; then
    echo 'it wrote over what was there' >&2
    exit 1
fi
submit "$work/look.py" "$work/parquet" >"$work/spark"
same "$work/spark" 'what was there'

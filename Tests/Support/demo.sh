#!/usr/bin/env bash
# A whole night on a throw-away cluster: fill, plan, approve, run, look, restore, compare.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
rows=${ROWS:-500000}
export PATH="$root/.build/release:$PATH"

export PGDATABASE=logs
. "$root/Tests/Support/own-cluster.sh"

show() { printf '\n\033[1m$ %s\033[0m\n' "$*"; "$@"; }
sql() { psql -XqAt -v ON_ERROR_STOP=1 "$@"; }

# The month before this one is the last that is full of rows: thirteen months back from it.
from=$(date -u -d "$(date -u +%Y-%m-01) -13 months" +%Y-%m)
printf 'Filling system_logs with %s rows in 14 months from %s ...\n' "$rows" "$from"
sample-logs ddl --from "$from" --months 14 --metadata jsonb | sql
sample-logs rows --from "$from" --months 14 --rows "$rows" --metadata jsonb |
    sql -c 'COPY public.system_logs FROM STDIN'
sql -c 'ANALYZE public.system_logs'
oldest=system_logs_${from/-/_}
sql -c "CREATE TABLE public.reference AS TABLE public.$oldest"

mkdir -m 0750 "$work/archives"
cat >"$work/pgretain.yaml" <<YAML
archives: $work/archives
tables:
  - table: public.system_logs
    key: created_at
    retain: 90 days
    then: drop
    grace: 0 days
YAML
export PGRETAIN_CONFIG=$work/pgretain.yaml

show pgretain plan
show pgretain approve --reason demo
show pgretain run --max-retire 20 --verbose
show pgretain archives list
part=$(find "$work/archives" -name part-00000.ndjson.gz | sort | head -n 1)
printf '\n\033[1m$ zcat %s | head -n 1\033[0m\n' "${part#"$work/"}"
zcat "$part" | head -n 1 | cut -c 1-300 || true
show pgretain archives verify --quiet
show pgretain restore --table public.system_logs --period "$from" --into public.back

# Identical: the same columns, and the same rows as the server itself writes each, duplicates
# counted.
columns="SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ',' ORDER BY attnum)
    FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped AND attrelid ="
[ "$(sql -c "$columns 'public.reference'::regclass")" = \
    "$(sql -c "$columns 'public.back'::regclass")" ] || {
    echo 'DIFFERENT columns' >&2
    exit 1
}
different=$(sql <<'SQL'
SELECT count(*) FROM (
    (SELECT r::text FROM public.reference AS r EXCEPT ALL SELECT b::text FROM public.back AS b)
    UNION ALL
    (SELECT b::text FROM public.back AS b EXCEPT ALL SELECT r::text FROM public.reference AS r)
) AS d
SQL
)
[ "$different" = 0 ] || { echo "DIFFERENT: $different rows" >&2; exit 1; }
echo
echo "identical: $(sql -c 'SELECT count(*) FROM public.back') rows of $from," \
    "as they were before they were archived and dropped"

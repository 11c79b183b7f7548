#!/usr/bin/env bash
# Makes a golden store with the pgretain of this tree: archives that every later release must verify and
# restore. Run once a format and release, never again over what is committed.
#
#   Tests/Golden/make.sh DIRECTORY
#
# PG_BINDIR names the server that writes them, PGRETAIN_BINARY the program.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
store=$(mkdir -p "$1" && cd "$1" && pwd)
export PGDATABASE=golden
. "$root/Tests/Support/own-cluster.sh"

mkdir -m 0750 "$store/archives"
cat >"$work/pgretain.yaml" <<YAML
archives: $store/archives
limits: {max_retire: 9}
tables:
  - table: public.golden
    key: at
    premake: 0
    retain: 90 days
    then: drop
    grace: 0 days
    rules: [{where: "kind = 'plain'", retain: 14 days}]
YAML
run() { "${PGRETAIN_BINARY:-$root/.build/release/pgretain}" "$@" --config "$work/pgretain.yaml"; }

psql -Xqv ON_ERROR_STOP=1 <"$root/Tests/Golden/golden.sql"
psql -Xqc "COPY (SELECT * FROM golden WHERE at < '2025-03-01' ORDER BY at, id) TO STDOUT (FORMAT csv, HEADER)" \
    >"$store/expected.csv"
run approve -q
# A rule's rows first, so that one archive is a second generation; then both months.
run run -q --now 2025-03-20T00:00:00Z
run run -q --now 2025-09-01T00:00:00Z
run archives verify
chmod -R u+w "$store"

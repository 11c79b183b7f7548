#!/usr/bin/env bash
# A PgBouncer before a throw-away cluster, for as long as our standard input stays open.
#
#   pooler.sh session|transaction SOCKET-DIRECTORY PORT < PIPE
#
# Prints `READY <socket directory> <port>` once it answers.
set -euo pipefail

. "$(dirname "$0")/server-owner.sh"
base=$(mktemp -d /tmp/pgretain-XXXXXX)
pooler=
finish() {
    trap '' INT TERM HUP EXIT
    if [ -n "$pooler" ]; then
        # It is told by nothing less: the tests may have been started with SIGTERM blocked.
        kill -KILL "$pooler" 2>/dev/null || true
        wait "$pooler" 2>/dev/null || true
    fi
    rm -rf "$base"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

printf '"postgres" ""\n"logs_member" ""\n' >"$base/users"
cat >"$base/pgbouncer.ini" <<INI
[databases]
* = host=$2 port=$3
[pgbouncer]
pool_mode = $1
listen_addr =
unix_socket_dir = $base
listen_port = 6432
auth_type = trust
auth_file = $base/users
logfile = $base/log
INI
[ "$(id -u)" = 0 ] && chown -R "$owner" "$base"
PATH=$PATH:/usr/sbin
setsid "${as[@]}" pgbouncer -q "$base/pgbouncer.ini" </dev/null >/dev/null 2>&1 &
pooler=$!
for _ in $(seq 100); do
    [ -S "$base/.s.PGSQL.6432" ] && break
    kill -0 "$pooler" 2>/dev/null || { cat "$base/log" >&2; exit 1; }
    sleep 0.1
done
[ -S "$base/.s.PGSQL.6432" ] || { cat "$base/log" >&2; exit 1; }
echo "READY $base 6432"
cat >/dev/null

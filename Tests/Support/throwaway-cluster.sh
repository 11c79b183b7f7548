#!/usr/bin/env bash
# A throw-away PostgreSQL cluster that lives as long as our standard input stays open.
#
#   throwaway-cluster.sh [--tcp] [--standby-of SOCKET-DIRECTORY PORT] [-c NAME=VALUE ...] < PIPE
#
# With --standby-of it is a streaming replica of another such cluster, without a slot.
#
# Prints `READY <socket directory> <port>` once it answers. Then it takes commands, a line each, and
# answers `DONE`, or ends where one fails: `crash` stops the server as `pg_ctl stop -m immediate` does,
# `start` starts it again, `promote` makes a standby the primary. On end of input, INT or TERM it stops
# the server and removes everything: whoever started us may even be killed with -9. It listens on a
# private unix socket only (--tcp: on 127.0.0.1 too), and never touches another cluster.
#
# PG_BINDIR names the server's programs; without it the newest of Debian's is taken, else PATH.
set -euo pipefail

tcp=no
primary=()
settings=()
while [ $# -gt 0 ]; do
    case $1 in
    --tcp) tcp=yes ;;
    --standby-of) primary=(-h "$2" -p "$3"); shift 2 ;;
    -c) settings+=(-c "$2"); shift ;;
    *) echo "throwaway-cluster: unknown argument $1" >&2; exit 64 ;;
    esac
    shift
done

bindir=${PG_BINDIR:-$(for d in /usr/lib/postgresql/*/bin; do
    [ -x "$d/initdb" ] && echo "$d"
done | sort -t/ -k5 -n | tail -n 1)}
[ -n "$bindir" ] || bindir=$(dirname "$(command -v initdb)")

. "$(dirname "$0")/server-owner.sh"

# A socket's path has at most 107 bytes: keep it short whatever TMPDIR is.
base=$(mktemp -d /tmp/pgretain-XXXXXX)
server=
finish() {
    trap '' INT TERM HUP EXIT
    if [ -n "$server" ]; then
        kill -QUIT "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$base"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
[ "$(id -u)" = 0 ] && chown "$owner" "$base"

port=54329
[ "$tcp" = yes ] && port=$(python3 -c \
    'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cd "$base"
if [ ${#primary[@]} -gt 0 ]; then
    make=("$bindir/pg_basebackup" "${primary[@]}" -D "$base/data" -U postgres -R -c fast --no-sync)
else
    make=("$bindir/initdb" -D "$base/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync)
fi
"${as[@]}" "${make[@]}" >"$base/initdb.log" 2>&1 || { cat "$base/initdb.log" >&2; exit 1; }
"${as[@]}" tee "$base/data/pg_hba.conf" >/dev/null <<'HBA'
local all pgretain_password scram-sha-256
host  all pgretain_password 127.0.0.1/32 scram-sha-256
local all all trust
host  all all 127.0.0.1/32 trust
local replication all trust
HBA
listen=
[ "$tcp" = yes ] && listen=127.0.0.1
start() {
    # A session of its own: a Ctrl-C meant for our caller must not stop the server before we do.
    setsid "${as[@]}" "$bindir/postgres" -D "$base/data" -k "$base" -p "$port" \
        -c "listen_addresses=$listen" -c fsync=off -c full_page_writes=off \
        -c shared_buffers=256MB -c max_wal_size=4GB -c max_connections=100 \
        -c max_prepared_transactions=5 -c wal_level=logical \
        ${settings[@]+"${settings[@]}"} >>"$base/server.log" 2>&1 </dev/null &
    server=$!
    for _ in $(seq 300); do
        if "$bindir/pg_isready" -q -h "$base" -p "$port"; then return; fi
        if ! kill -0 "$server" 2>/dev/null; then break; fi
        sleep 0.1
    done
    tail -n 20 "$base/server.log" >&2
    exit 1
}
start
echo "READY $base $port"
while read -r command; do
    case $command in
    crash)
        kill -QUIT "$server"
        wait "$server" || true
        server=
        ;;
    start) start ;;
    promote) "${as[@]}" "$bindir/pg_ctl" promote -s -w -D "$base/data" ;;
    *) echo "throwaway-cluster: unknown command $command" >&2; exit 64 ;;
    esac
    echo DONE
done

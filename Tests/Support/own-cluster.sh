# To be sourced by scripts that need a cluster of their own: makes the directory $work and starts a throw-away
# cluster with the database named by PGDATABASE; both are gone when the script ends, however it ends. Of
# a script's own, `before_end` is called first, where there is one.

work=$(mktemp -d /tmp/pgretain-work-XXXXXX)
cluster=
end() {
    trap '' EXIT INT TERM
    if declare -F before_end >/dev/null; then before_end; fi
    # Closing its input is how the cluster is told to go.
    if [ -n "$cluster" ]; then
        exec 3>&-
        wait "$cluster" || true
    fi
    rm -rf "$work"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

mkfifo "$work/lifeline" "$work/ready"
"$(dirname "${BASH_SOURCE[0]}")/throwaway-cluster.sh" <"$work/lifeline" >"$work/ready" &
cluster=$!
exec 3>"$work/lifeline"
read -r _ socket port <"$work/ready"
export PGHOST=$socket PGPORT=$port PGUSER=postgres PGTZ=UTC
createdb -T template0 -E UTF8 "$PGDATABASE"

#!/usr/bin/env bash
# Installs those of the named Debian packages that are missing. Quick and silent when none is.
set -euo pipefail

missing=()
for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
        missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || {
        echo "These Debian packages are missing, and there is no sudo: ${missing[*]}" >&2
        echo "As root: apt-get install ${missing[*]}" >&2
        exit 77
    }
    as_root=(sudo)
fi

echo "installing: ${missing[*]}"
case " ${missing[*]} " in
*' postgresql'*)
    # The package would make a cluster of its own and start it: it is told not to.
    "${as_root[@]}" mkdir -p /etc/postgresql-common/createcluster.d
    echo 'create_main_cluster = false' |
        "${as_root[@]}" tee /etc/postgresql-common/createcluster.d/no-main-cluster.conf >/dev/null
    ;;
esac
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    "${missing[@]}" >/dev/null
case " ${missing[*]} " in
*' pgbouncer '*)
    # Its package starts a pooler on this machine: we are to leave none behind.
    "${as_root[@]}" service pgbouncer stop >/dev/null
    "${as_root[@]}" update-rc.d pgbouncer disable
    ;;
esac

#!/usr/bin/env bash
# Debian's promtool and node exporter into .build/prometheus, out of their packages: without the
# services, which would be installed and started beside them. Quick and silent when they are there.
set -euo pipefail

cd "$(dirname "$0")/../.."
missing=()
need() { # PROGRAM PACKAGE
    for place in .build/prometheus /usr/bin /usr/local/bin; do
        [ ! -x "$place/$1" ] || return 0
    done
    missing+=("$1=$2")
}
need promtool prometheus
need prometheus-node-exporter prometheus-node-exporter
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || {
        echo "there is no sudo. As root: apt-get install ${missing[*]#*=}" >&2
        exit 77
    }
    as_root=(sudo)
fi
packages=$(mktemp -d /tmp/pgretain-prometheus-XXXXXX)
trap 'rm -rf "$packages"' EXIT
chmod 755 "$packages"
echo "fetching: ${missing[*]%=*}"
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
mkdir -p .build/prometheus
for one in "${missing[@]}"; do
    (cd "$packages" && apt-get download -qq -o APT::Sandbox::User=root "${one#*=}")
    dpkg-deb -x "$packages/${one#*=}"_*.deb "$packages/x"
    mv "$packages/x/usr/bin/${one%=*}" .build/prometheus/
done

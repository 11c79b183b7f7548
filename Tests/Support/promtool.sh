#!/usr/bin/env bash
# Debian's promtool into .build/promtool, out of its package: without the server, which would be
# installed and started beside it. Quick and silent when there is one.
set -euo pipefail

cd "$(dirname "$0")/../.."
for tool in .build/promtool/usr/bin/promtool /usr/bin/promtool /usr/local/bin/promtool; do
    [ ! -x "$tool" ] || exit 0
done

as_root=()
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || {
        echo 'promtool is missing, and there is no sudo. As root: apt-get install prometheus' >&2
        exit 77
    }
    as_root=(sudo)
fi
package=$(mktemp -d /tmp/pgretain-promtool-XXXXXX)
trap 'rm -rf "$package"' EXIT
chmod 755 "$package"
echo 'fetching: promtool'
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
(cd "$package" && apt-get download -qq -o APT::Sandbox::User=root prometheus)
dpkg-deb -x "$package"/prometheus_*.deb "$package/x"
mkdir -p .build/promtool/usr/bin
mv "$package/x/usr/bin/promtool" .build/promtool/usr/bin/

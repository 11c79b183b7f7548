#!/usr/bin/env bash
# Files out of Debian's packages into .build/PLACE: without the services, which would be installed and
# started beside them. Quick and silent when they are there, or in /usr.
#
#   fetch-programs.sh PLACE PATH=PACKAGE ...
set -euo pipefail

cd "$(dirname "$0")/../.."
place=.build/$1
shift
missing=()
for one in "$@"; do
    path=${one%=*}
    [ -e "$place/${path##*/}" ] || [ -e "/$path" ] || missing+=("$one")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || {
        echo "there is no sudo. As root: apt-get install ${missing[*]#*=}" >&2
        exit 77
    }
    as_root=(sudo)
fi
packages=$(mktemp -d /tmp/pgretain-packages-XXXXXX)
trap 'rm -rf "$packages"' EXIT
chmod 755 "$packages"
echo "fetching: ${missing[*]#*=}"
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq
mkdir -p "$place"
for one in "${missing[@]}"; do
    (cd "$packages" && apt-get download -qq -o APT::Sandbox::User=root "${one#*=}")
    dpkg-deb -x "$packages/${one#*=}"_*.deb "$packages/x"
    mv "$packages/x/${one%=*}" "$place/"
done

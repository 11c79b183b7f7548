#!/usr/bin/env bash
# Installs, upgrades, removes and purges the package in a clean Debian root, with a server beside it.
#
#   test-deb.sh PACKAGE.deb
#
# The root is in memory and in namespaces of its own: nothing of this machine is changed, and nothing
# is left. The base system is kept in .build/debian-root.tar. MIRROR and SUITE choose another.
set -euo pipefail
here=$(realpath "$(dirname "$0")")
mirror=${MIRROR:-http://deb.debian.org/debian}
suite=${SUITE:-bookworm}

if [ "$(id -u)" != 0 ]; then
    echo 'test-deb: skipped: only root can make a root' >&2
    exit 0
fi

package=$(realpath "$1")
if [ "${2:-}" != --inside ]; then
    lintian --fail-on error --tag-display-limit 0 "$package"
    base=$here/../../.build/debian-root-$suite.tar
    if [ ! -f "$base" ]; then
        work=$(mktemp -d)
        trap 'rm -rf "$work"' EXIT
        debootstrap --variant=minbase "$suite" "$work/root" "$mirror" >"$work/log" 2>&1 ||
            { tail "$work/log" >&2; exit 1; }
        tar -C "$work/root" -cf "$base.new" .
        mv "$base.new" "$base"
        rm -rf "$work"
    fi
    exec unshare --mount --pid --fork --kill-child "$0" "$package" --inside "$(realpath "$base")"
fi

root=$(mktemp -d)
mount -t tmpfs -o mode=755 none "$root"
tar -C "$root" -xf "$3"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
cp /etc/resolv.conf "$root/etc/resolv.conf"
echo "deb $mirror $suite main" >"$root/etc/apt/sources.list"
# What is installed starts nothing.
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 0755 "$root/usr/sbin/policy-rc.d"
# Documentation is what is looked at here.
rm -f "$root"/etc/dpkg/dpkg.cfg.d/*doc*

cp "$package" "$root/pgretain.deb"
# The next version, whose configuration begins with another line.
next=$(mktemp -d -p "$root/tmp")
dpkg-deb -R "$package" "$next"
sed -i 's/^Version: .*/&+next/' "$next/DEBIAN/control"
sed -i '1i # A newer word.' "$next/etc/pgretain/pgretain.yaml"
dpkg-deb --root-owner-group -Zgzip -z1 -b "$next" "$root/next.deb" >/dev/null
rm -rf "$next"

# The page that a new user follows, command by command.
sed -n '/^```sh$/,/^```$/p' "$here/../../docs/install.md" | sed '/^```/d' >"$root/install.sh"
cp "$here/test-deb-inside.sh" "$root/test.sh"
chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive ${http_proxy:+http_proxy="$http_proxy"} \
    bash /test.sh "$suite"

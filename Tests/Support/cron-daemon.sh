#!/usr/bin/env bash
# Debian's cron daemon, with a clock, a zone, an /etc and a mail program of its own.
#
#   cron-daemon.sh CRONTAB START ZONE < PIPE
#
# CRONTAB becomes /etc/cron.d/pgretain. START is the daemon's time when it begins, such as
# `@2026-03-29 01:59:57`, and how fast it goes, if ` x1000` follows. It prints `READY <directory> 0`; the
# daemon's mails become files there. `settle` is answered by DONE once it has run something, and has no
# child any more, `wait SECONDS` after so many. It ends with its standard input.
#
# All of it is in namespaces of its own: the crontabs of this machine are neither read nor changed.
set -euo pipefail
here=$(realpath "$(dirname "$0")")

if [ "${1:-}" != --inside ]; then
    exec unshare --mount --pid --fork --kill-child --mount-proc "$here/${0##*/}" --inside "$@"
fi
crontab=$2 start=$3 zone=$4

find_file() { for file in "$@"; do [ -e "$file" ] && echo "$file" && return; done; }
tools=$here/../../.build/cron
program=$(find_file "$tools/cron" /usr/sbin/cron)
clock=$(find_file "$tools/libfaketime.so.1" "/usr/lib/$(uname -m)-linux-gnu/faketime/libfaketime.so.1")

base=$(mktemp -d /tmp/pgretain-cron-XXXXXX)
trap 'rm -rf "$base"' EXIT
mkdir "$base/mail" "$base/sbin" "$base/etc" "$base/spool"
cp "$program" "$clock" "$base/"
cat >"$base/sbin/sendmail" <<EOS
#!/bin/sh
unset LD_PRELOAD
mail=\$(mktemp "$base/mail/.XXXXXX")
cat >"\$mail"
mv "\$mail" "$base/mail/\${mail##*.}"
EOS
chmod 0755 "$base/sbin/sendmail"
cp -a /etc/. "$base/etc/"
rm -rf "$base"/etc/cron* "$base/etc/default/cron" "$base/etc/localtime"
mkdir -p "$base/etc/cron.d" "$base/etc/pam.d" "$base/spool/cron/crontabs"
ln -s "/usr/share/zoneinfo/$zone" "$base/etc/localtime"
echo "$zone" >"$base/etc/timezone"
printf '%s required pam_permit.so\n' auth account session >"$base/etc/pam.d/cron"
install -m 0644 "$crontab" "$base/etc/cron.d/pgretain"
mount --bind "$base/etc" /etc
mount --bind "$base/spool" /var/spool
mount --bind "$base/sbin" /usr/sbin
mount -t tmpfs none /run

env -i PATH=/usr/bin:/bin LD_PRELOAD="$base/${clock##*/}" FAKETIME="$start" \
    FAKETIME_DONT_FAKE_MONOTONIC=1 "$base/cron" -f >"$base/log" 2>&1 </dev/null &
daemon=$!
children() { cat "/proc/$daemon/task/$daemon/children"; }
echo "READY $base/mail 0"
while read -r command; do
    case $command in
    settle)
        for _ in $(seq 3000); do [ -z "$(children)" ] || break; sleep 0.02; done
        for _ in $(seq 3000); do [ -n "$(children)" ] || break; sleep 0.02; done
        [ -z "$(children)" ] || exit 1
        ;;
    wait\ *) sleep "${command#wait }" ;;
    *) echo "cron-daemon: unknown command $command" >&2; exit 64 ;;
    esac
    echo DONE
done

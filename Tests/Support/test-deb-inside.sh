#!/usr/bin/env bash
# The part of test-deb.sh that runs within the clean root.
set -euo pipefail
cd /

failed=0
expect() { # WHAT EXPECTED ACTUAL
    if [ "$2" = "$3" ]; then return; fi
    printf 'FAILED %s: expected\n%s\nand it is\n%s\n' "$1" "$2" "$3" >&2
    failed=1
}
owners() { stat -c '%A %U:%G %n' "$@"; }
as_pgretain() { runuser -u pgretain -- "$@"; }
quietly() { "$@" >/tmp/log 2>&1 || { cat /tmp/log >&2; echo "FAILED: $*" >&2; exit 1; }; }
# What the line in cron.d does, as cron does it.
night() {
    local line status=0
    line=$(sed -n 's/^17 2 \* \* \*  pgretain  //p' /etc/cron.d/pgretain)
    [ -n "$line" ] || { echo 'no line' ; return 1; }
    env -i PATH=/usr/local/bin:/usr/bin:/bin HOME=/var/lib/pgretain LOGNAME=pgretain SHELL=/bin/sh \
        setpriv --reuid=pgretain --regid=pgretain --init-groups /bin/sh -c "$line" 2>&1 || status=$?
    echo "status $status"
}

quietly apt-get update -qq
quietly apt-get install -y -qq --no-install-recommends postgresql man-db
before=$(dpkg-query -W -f '${Package}\n')
[ ! -e /etc/pgretain ]

echo '== install'
quietly apt-get install -y -qq --no-install-recommends /pgretain.deb
echo "came with it: $(comm -13 <(echo "$before") <(dpkg-query -W -f '${Package}\n') | tr '\n' ' ')"
pgretain --version
expect 'modes' "drwxr-x--- root:pgretain /etc/pgretain
-rw-r----- root:pgretain /etc/pgretain/pgretain.yaml
-rw-r--r-- root:root /etc/cron.d/pgretain
drwxr-x--- pgretain:pgretain /var/lib/pgretain
drwxr-x--- pgretain:pgretain /var/lib/pgretain/archives" "$(owners /etc/pgretain \
    /etc/pgretain/pgretain.yaml /etc/cron.d/pgretain /var/lib/pgretain /var/lib/pgretain/archives)"
expect 'the user' '/var/lib/pgretain:/usr/sbin/nologin' "$(getent passwd pgretain | cut -d: -f6-)"
expect 'the timer' /lib/systemd/system/pgretain.timer \
    "$(readlink /etc/systemd/system/timers.target.wants/pgretain.timer)"
expect 'a night of nothing' 'status 0' "$(night)"
as_pgretain pgretain plan | grep -q 'names no table yet'
expect 'check of nothing' 3 "$(as_pgretain pgretain check >/dev/null 2>&1; echo $?)"
runuser -u nobody -- pgretain plan >/tmp/log 2>&1 && failed=1
grep -q 'configuration.unreadable' /tmp/log || { cat /tmp/log; failed=1; }
for page in pgretain pgretain-run pgretain-archives-verify pgretain.yaml; do
    MANWIDTH=90 man "$page" | grep -q NAME || { echo "FAILED man $page"; failed=1; }
done
bash -c '. /usr/share/bash-completion/completions/pgretain' || failed=1

echo '== the first night, as docs/install.md has it'
quietly pg_ctlcluster "$(ls /etc/postgresql)" main start
runuser -u postgres -- psql -qX <<'SQL'
CREATE ROLE logs_owner LOGIN;
CREATE DATABASE logs OWNER logs_owner;
\c logs
SET ROLE logs_owner;
CREATE TABLE public.system_logs (id bigint, created_at timestamptz NOT NULL, message text)
    PARTITION BY RANGE (created_at);
SELECT format('CREATE TABLE system_logs_%s PARTITION OF system_logs FOR VALUES FROM (%L) TO (%L)',
    to_char(m, 'YYYY_MM'), m, m + interval '1 month')
FROM generate_series(date_trunc('month', now()) - interval '6 months', date_trunc('month', now()),
    interval '1 month') AS m \gexec
INSERT INTO system_logs SELECT i, now() - i * interval '1 hour', 'row ' || i FROM generate_series(0, 3600) AS i;
SQL
sed -i 's|^apt-get install.*|:|; s|^systemctl .*|:|' /install.sh
quietly sh -ex /install.sh
archives=$(find /var/lib/pgretain/archives -name _manifest.json | wc -l)
[ "$archives" -ge 2 ] || { echo "FAILED: $archives archives"; cat /tmp/log; failed=1; }
expect 'the configuration' '-rw-r----- root:pgretain /etc/pgretain/pgretain.yaml' \
    "$(owners /etc/pgretain/pgretain.yaml)"
expect 'a night with nothing left' 'status 0' "$(night)"
quietly as_pgretain pgretain archives verify
configured=$(cat /etc/pgretain/pgretain.yaml)
echo 'tables: wrong' >/etc/pgretain/pgretain.yaml
case $(night) in *'[configuration.wrong]'*'status 78') ;; *) echo 'FAILED: a night that fails is silent'; failed=1 ;; esac
mkdir -p /run/systemd/system
expect 'cron where systemd runs' 'status 0' "$(night)"
rmdir /run/systemd/system /run/systemd || true
echo "$configured" >/etc/pgretain/pgretain.yaml
store() { find /var/lib/pgretain -printf '%p %M %U:%G %s\n' | sort; find /var/lib/pgretain -type f -print0 | sort -z | xargs -0 sha256sum; }
kept=$(store)

echo '== upgrade'
chmod 0600 /etc/pgretain/pgretain.yaml && chown pgretain: /etc/pgretain/pgretain.yaml
quietly dpkg --force-confold -i /next.deb
expect 'the changed configuration' "$configured" "$(cat /etc/pgretain/pgretain.yaml)"
expect 'its owner' '-rw------- pgretain:pgretain /etc/pgretain/pgretain.yaml' \
    "$(owners /etc/pgretain/pgretain.yaml)"
expect 'the new one beside it' '# A newer word.' "$(head -n 1 /etc/pgretain/pgretain.yaml.dpkg-dist)"
expect 'the night after' 'status 0' "$(night)"

echo '== remove'
quietly apt-get remove -y -qq pgretain
[ ! -e /usr/bin/pgretain ]
expect 'the configuration of what was removed' "$configured" "$(cat /etc/pgretain/pgretain.yaml)"
expect 'a night without the program' 'status 0' "$(night)"
expect 'archives after remove' "$kept" "$(store)"

echo '== install again, purge'
quietly dpkg --force-confold -i /pgretain.deb
expect 'the configuration after the return' "$configured" "$(cat /etc/pgretain/pgretain.yaml)"
quietly apt-get purge -y -qq pgretain
grep -q 'what is in /var/lib/pgretain was left there' /tmp/log || failed=1
expect 'archives after purge' "$kept" "$(store)"
expect 'what else is left' '' "$(find /etc /usr /lib/systemd -path '*pgretain*' -not -path '/usr/share/doc/*')"

echo '== and a purge where nothing was archived'
quietly dpkg -i /pgretain.deb
rm -rf /var/lib/pgretain/archives/* /var/lib/pgretain/archives/.[!.]*
quietly dpkg --purge pgretain
[ ! -e /var/lib/pgretain ]

[ "$failed" = 0 ] && echo 'the package: all as it should be'
exit "$failed"

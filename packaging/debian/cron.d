# pgretain: the night, where systemd is not running; where it is, pgretain.timer does it.
#
# A run that succeeds prints nothing. One that fails prints what happened, what was not done and
# what to do next, and cron mails that to MAILTO. See cron/pgretain in /usr/share/doc/pgretain.

SHELL=/bin/sh
PATH=/usr/local/bin:/usr/bin:/bin
MAILTO=root

17 2 * * *  pgretain  [ -d /run/systemd/system ] || ! [ -x /usr/bin/pgretain ] || pgretain run --config /etc/pgretain/pgretain.yaml

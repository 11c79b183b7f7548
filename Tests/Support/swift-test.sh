#!/bin/bash
# Runs `swift test` on what is built already; what failed is said once more at the end, where one looks first.
set -uo pipefail
log=$(mktemp)
trap 'rm -f "$log"' EXIT
"${SWIFT:-swift}" test --skip-build --ignore-lock "$@" 2>&1 | tee "$log"
status=${PIPESTATUS[0]}
if [ "$status" -ne 0 ]; then
    echo "What failed:"
    grep -E -A 4 'recorded an issue|Fatal error|✘ Test .* failed' "$log" | head -100
fi
exit "$status"

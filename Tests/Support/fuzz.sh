#!/usr/bin/env bash
# Feeds each parser with bytes that libFuzzer makes up, under the address sanitizer, for SECONDS_EACH
# seconds a target, and at most RUNS times. Inputs that break a law are kept in
# .build/fuzz/<target>-crash-….
set -euo pipefail

cd "$(dirname "$0")/../.."
export PGRETAIN_FUZZ=1
build=(--scratch-path .build/fuzzing -c release --product fuzz -Xswiftc -enable-testing
    -Xswiftc -sanitize=fuzzer,address -Xswiftc -use-ld=lld)
"${SWIFT:-swift}" build "${build[@]}"
fuzz=$("${SWIFT:-swift}" build "${build[@]}" --show-bin-path)/fuzz

failed=0
for target in ${TARGETS:-encode decode manifest inflate deflate bounds texts search}; do
    corpus=.build/fuzz/$target
    mkdir -p "$corpus"
    # What there is to begin with: a real manifest, lines, times and names.
    cp -n Tests/Fuzz/Seeds/"$target"-* "$corpus" 2>/dev/null || true
    [ "$target" != search ] || cp -n Tests/Fuzz/Seeds/decode-* "$corpus"
    echo "fuzz $target"
    PGRETAIN_FUZZ_TARGET=$target "$fuzz" "$corpus" -max_total_time="${SECONDS_EACH:-60}" \
        -runs="${RUNS:--1}" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix=".build/fuzz/$target-" \
        >".build/fuzz/$target.log" 2>&1 || failed=1
    grep -E 'number_of_executed_units|SUMMARY|Fatal error' ".build/fuzz/$target.log" || true
done
exit "$failed"

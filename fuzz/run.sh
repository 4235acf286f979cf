#!/usr/bin/env bash
# Runs fuzz targets one after the other: FUZZ_SECONDS (600) each, all of them or those named. A line for each: what was
# executed, edges covered, inputs kept, inputs that broke it. Fails if there is one. Needs a C++ compiler.
set -euo pipefail
cd "$(dirname "$0")"

# The coverage that libFuzzer reads, by passes that the stable compiler has too. With --target, build scripts and macros
# are left alone.
export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Clink-arg=-Wl,-z,nostart-stop-gc"
host=$(rustc -vV | sed -n 's/^host: //p')

targets=("$@")
if [ ${#targets[@]} -eq 0 ]; then
    targets=($(ls targets | sed 's/\.rs$//'))
fi
bins=("${targets[@]/#/--bin=}")
cargo build --release --quiet --locked --target "$host" "${bins[@]}"
binaries=${CARGO_TARGET_DIR:-target}/$host/release

broken=0
printf '%-12s %12s %8s %8s %8s\n' target executions edges kept broken
for target in "${targets[@]}"; do
    corpus=corpus/$target artifacts=artifacts/$target
    mkdir -p "$corpus" "$artifacts"
    FUZZ_SEEDS=$corpus "$binaries/$target" "$corpus" -max_total_time="${FUZZ_SECONDS:-600}" -max_len=4096 -timeout=10 \
        -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$artifacts/" >"$artifacts.log" 2>&1 || true
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$artifacts.log")
    edges=$(sed -n 's/.* cov: \([0-9]*\).*/\1/p' "$artifacts.log" | tail -1)
    bad=$(find "$artifacts" -type f | wc -l)
    kept=$(find "$corpus" -type f | wc -l)
    printf '%-12s %12s %8s %8s %8s\n' "$target" "${executions:-none}" "${edges:-none}" "$kept" "$bad"
    # A target that stopped without an input that broke it, as in its seeds, is broken too.
    if [ "$bad" -gt 0 ] || [ -z "$executions" ]; then
        broken=1
        tail -30 "$artifacts.log"
    fi
done
exit $broken

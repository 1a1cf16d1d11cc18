#!/usr/bin/env bash
# Coverage-guided fuzzing with libFuzzer: every target for some seconds, from the circuits of this repository.
#   fuzz/run.sh [SECONDS] [TARGET]...
# Needs a C++ compiler for libFuzzer itself, no nightly toolchain: the counters come from a pass that the
# stable compiler has. What was found interesting stays in .cache/fuzz; a failing input is written beside
# it, and `.cache/fuzz/build/TRIPLE/release/TARGET FILE` runs it again.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(parse lower print translate)
triple=$(rustc -vV | sed -n 's/^host: //p')
cache="$PWD/.cache/fuzz"
mkdir -p "$cache"
# A target triple keeps the counters out of build scripts.
RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 --cfg fuzzing" \
    cargo build --release --locked --manifest-path fuzz/Cargo.toml --target "$triple" --target-dir "$cache/build"
for target in "${targets[@]}"; do
    mkdir -p "$cache/$target"
    "$cache/build/$triple/release/$target" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=4096 \
        -max_len=4096 -print_final_stats=1 -artifact_prefix="$cache/$target-" \
        "$cache/$target" circuits circuits/bad circuits/bad/target circuits/bad/reader
done

#!/usr/bin/env bash
# Whole commands, from process start to exit, against /bin/true. Medians of many runs.
#   benches/start.sh [path of the binary]
# Goals: Bell histogram under 5 ms over /bin/true; quote over all devices, and check of 1,000
# gates, under 10 ms.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=${1:-target/release/shotbook}
runs=${RUNS:-101}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
{
    printf 'OPENQASM 3.0;\nqubit[10] q;\n'
    for i in $(seq 0 999); do printf 'cnot q[%d], q[%d];\n' $((i % 10)) $(((i + 1) % 10)); done
} >"$work/gates.qasm"

python3 - "$bin" "$runs" "$work" <<'PY'
import os, statistics, subprocess, sys, time
binary, runs, work = sys.argv[1], int(sys.argv[2]), sys.argv[3]
null = subprocess.DEVNULL
def median(command):
    samples = []
    for _ in range(runs + 3):
        start = time.perf_counter()
        subprocess.run(command, stdout=null, stderr=null, check=True)
        samples.append((time.perf_counter() - start) * 1000)
    return statistics.median(samples[3:])
rows = [
    ("/bin/true", ["/bin/true"], None),
    ("run bell, 1,000 shots", [binary, "run", "circuits/bell.qasm", "--shots", "1000", "--seed", "1"], 5),
    ("quote bell on all devices", [binary, "quote", "circuits/bell.qasm", "--shots", "1000"], 10),
    ("check 1,000 gates", [binary, "check", f"{work}/gates.qasm"], 10),
]
base = None
print("| command | median ms | over /bin/true | goal |\n|---|---|---|---|")
for name, command, goal in rows:
    ms = median(command)
    base = ms if base is None else base
    print(f"| {name} | {ms:.2f} | {ms - base:.2f} | {'' if goal is None else f'< {goal}'} |")
print(f"\nbinary: {os.path.getsize(binary):,} bytes")
PY

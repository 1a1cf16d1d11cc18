#!/usr/bin/env bash
# Reading a long program by Shotbook and by other tools, in one run: user time, ratios, memory.
#   benches/read.sh [--gates 100000] [--rounds 3]
# Installs the peers into .cache/peers-read, ignored by git; one that cannot be installed is left out.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=.cache/peers-read
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
# Asked for each time: an older environment may lack a peer, and what is there costs a second.
for package in qiskit==2.6.2 qiskit-qasm3-import==0.6.0 "openqasm3[parser]==1.0.1" amazon-braket-sdk==1.127.5 \
    cirq-core==1.7.0 ply==3.11 pytket==2.18.5 prism-q==0.35.0 qevedo-simulator==0.1.0; do
    "$venv/bin/python" -m pip install --quiet "$package" || echo "$package cannot be installed" >&2
done
built=$(cargo bench --locked -p shotbook-sim --bench read --no-run --message-format=json |
    sed -n 's/.*"name":"read".*"executable":"\([^"]*\)".*/\1/p' | tail -1)
[ -n "$built" ] || { echo "the benchmark was not built" >&2; exit 1; }
exec "$venv/bin/python" benches/read.py --ours "$built" "$@"

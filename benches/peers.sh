#!/usr/bin/env bash
# Shotbook's simulator and others on the same circuits, in one run: medians, ratios, check values.
#   benches/peers.sh [--rows brick,grad] [--rounds 3] [--threads 2] [--markdown FILE]
# Installs the peers into .cache/peers (1.5 GB), which is ignored by git.
# A peer that cannot be installed is named and left out. Compiling beside a run shows in it.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=.cache/peers
if [ ! -x "$venv/bin/python" ]; then python3 -m venv "$venv"; fi
for package in qulacs==0.6.14 qiskit==2.6.2 qiskit-aer==0.18.2 cirq-core==1.7.0 qsimcirq==0.22.1 \
    pennylane==0.45.1 pennylane-lightning==0.45.0 stim==1.16.0 amazon-braket-default-simulator==1.41.2 \
    panta-sim==1.9.0 qevedo-simulator==0.1.0 prism-q==0.35.0; do
    "$venv/bin/python" - "$package" <<'PY' || "$venv/bin/python" -m pip install --quiet "$package" || echo "$package cannot be installed" >&2
import sys
from importlib.metadata import version
name, wanted = sys.argv[1].split("==")
try:
    sys.exit(version(name) != wanted)
except Exception:
    sys.exit(1)
PY
done
cargo build --release --locked --quiet -p shotbook-sim --example rows
exec "$venv/bin/python" benches/peers.py "$@"

"""Times reading a straight-line program of 20 qubits by Shotbook and by the parsers of other tools.

    benches/read.sh [--gates 100000] [--rounds 3]

Shotbook, `cargo bench -p shotbook-sim --bench read FILE`, and each peer read the same file in turn, each in a
process of its own; the median of the rounds is shown, in processor time of the user, which other
work on the machine disturbs least. A parser is what a user of that tool calls: text in, circuit out.
"""
import argparse
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile

# Name, the dialect that it reads, and what a user writes to read TEXT.
PEERS = [
    ("prism-q", "3", "import prism_q", "prism_q.parse_qasm(TEXT)"),
    ("qevedo", "2", "import qevedo.simulator", "qevedo.simulator.Circuit.from_qasm(TEXT)"),
    ("qiskit.qasm2", "2", "from qiskit import qasm2", "qasm2.loads(TEXT, custom_instructions=qasm2.LEGACY_CUSTOM_INSTRUCTIONS)"),
    ("qiskit.qasm3 (import)", "3", "from qiskit import qasm3", "qasm3.loads(TEXT)"),
    ("openqasm3 (tree only)", "3", "import openqasm3", "openqasm3.parse(TEXT)"),
    ("Braket SDK", "braket", "from braket.circuits import Circuit", "Circuit.from_ir(TEXT)"),
    ("cirq", "2", "from cirq.contrib.qasm_import import circuit_from_qasm", "circuit_from_qasm(TEXT)"),
    ("pytket", "2", "from pytket.qasm import circuit_from_qasm_str", "circuit_from_qasm_str(TEXT)"),
]
CHILD = """
import resource, sys
TEXT = open(sys.argv[1]).read()
{setup}
def user(): return resource.getrusage(resource.RUSAGE_SELF).ru_utime
start = user()
{call}
print(user() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def program(gates, form):
    """A quarter each of u3, rz, h and cx, in the words of a dialect."""
    rng = random.Random(gates)
    head = {
        "2": 'OPENQASM 2.0;\ninclude "qelib1.inc";\nqreg q[20];\ncreg c[20];\n',
        "3": 'OPENQASM 3.0;\ninclude "stdgates.inc";\nqubit[20] q;\nbit[20] c;\n',
        "braket": "OPENQASM 3.0;\nqubit[20] q;\nbit[20] c;\n",
    }[form]
    u3, cx = ("u3", "cx") if form != "braket" else ("U", "cnot")
    lines = []
    for _ in range(gates):
        a, b = rng.sample(range(20), 2)
        x, y, z = (rng.random() * 6.28 for _ in range(3))
        lines.append([f"{u3}({x}, {y}, {z}) q[{a}];", f"rz({x}) q[{a}];", f"h q[{a}];", f"{cx} q[{a}], q[{b}];"][rng.randrange(4)])
    end = "measure q -> c;" if form == "2" else "c = measure q;"
    return head + "\n".join(lines) + f"\n{end}\n"


def shotbook(binary, path):
    """The bench reads a file by itself, five times; its row says the time and the memory."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    out = subprocess.run([binary, path], capture_output=True, text=True, check=True).stdout
    cells = [c.strip() for c in out.strip().splitlines()[-1].split("|")]
    used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    # Five rounds, each a parse and a read of which the parse is a part.
    read_ms, parse_ms = float(cells[2]), float(cells[3])
    return used / 5 * read_ms / (read_ms + parse_ms), float(cells[5])


def peer(setup, call, path):
    child = CHILD.format(setup=setup, call=call)
    out = subprocess.run([sys.executable, "-W", "ignore", "-c", child, path], capture_output=True, text=True)
    if out.returncode:
        raise RuntimeError(out.stderr.strip().splitlines()[-1] if out.stderr.strip() else "ended")
    seconds, mib = out.stdout.split()[-2:]
    return float(seconds), float(mib)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--gates", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ours", required=True)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for form in ("2", "3", "braket"):
            paths[form] = os.path.join(folder, f"{form}.qasm")
            with open(paths[form], "w") as file:
                file.write(program(args.gates, form))
        asked = [("Shotbook", lambda: shotbook(args.ours, paths["3"]))]
        asked += [(n, lambda s=s, c=c, f=f: peer(s, c, paths[f])) for n, f, s, c in PEERS]
        found = {name: [] for name, _ in asked}
        for _ in range(args.rounds):
            for name, ask in asked:
                try:
                    found[name].append(ask())
                except (RuntimeError, subprocess.CalledProcessError) as error:
                    print(f"{name}: {error}", file=sys.stderr)
    print(f"| reader, {args.gates:,} gates | user ms | of Shotbook's | peak, MiB |\n|---|---|---|---|")
    ours = statistics.median(t for t, _ in found["Shotbook"])
    for name, times in found.items():
        if times:
            t, mib = statistics.median(t for t, _ in times), max(m for _, m in times)
            print(f"| {name} | {t * 1e3:,.1f} | {t / ours:,.1f} | {mib:,.0f} |")


main()

"""Times Shotbook and other simulators on the same circuits, in turn, in one run.

    benches/peers.sh [--rows brick,grad] [--rounds 3] [--threads 2] [--by cpu] [--markdown FILE]

Each engine is a process of its own that waits for requests; each row is asked of every engine
once in each round, and the median of the rounds is shown. A time is what a user waits for:
reading or building the circuit, simulating, sampling; gradients are timed without the building,
which an optimiser does once. On a machine that is busy with other work `--by cpu --threads 1`
compares the processor's time instead. Every number that can be checked is checked between the engines.
"""
import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time

import circuits

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)

# Row, task, shots, engines in the order of asking. `exact`: <Z> of a qubit without shots.
ROWS = [
    ("brick_4", "state", 1000, "qulacs qsim aer lightning panta qevedo prism-q braket"),
    ("brick_10", "state", 1000, "qulacs qsim aer lightning panta qevedo prism-q braket"),
    ("small_1000", "batch", 100, "qulacs panta qevedo prism-q"),
    ("brick_16", "state", 1000, "qulacs qsim aer lightning panta qevedo prism-q"),
    ("qft_16", "state", 1000, "qulacs qsim aer lightning panta qevedo prism-q"),
    ("ghz_20", "state", 1000, "qulacs qsim aer lightning panta qevedo prism-q"),
    ("brick_20", "state", 1000, "qulacs qsim aer panta qevedo prism-q"),
    ("qft_20", "state", 1000, "qulacs qsim aer panta qevedo prism-q"),
    ("qv_20", "state", 1000, "qulacs qsim aer panta qevedo prism-q"),
    ("qaoa_20", "state", 1000, "qulacs qsim aer panta qevedo prism-q"),
    ("hea_20", "state", 1000, "qulacs qsim aer panta qevedo prism-q"),
    ("brick_24", "state", 1000, "panta qevedo prism-q"),
    ("hea_20", "values", 0, "qulacs lightning prism-q"),
    ("qaoa_20", "values", 0, "qulacs lightning prism-q"),
    ("grad_12x8", "gradient", 0, "qulacs lightning prism-q"),
    ("grad_16x6", "gradient", 0, "qulacs lightning prism-q"),
    ("grad_20x5", "gradient", 0, "lightning prism-q"),
    ("noisydm_8", "exact", 0, "qulacs aer prism-q"),
    ("noisydm_10", "exact", 0, "qulacs aer prism-q"),
    ("noisytraj_10", "state", 1000, "qulacs qsim aer prism-q"),
    ("cliff_1000", "frames", 1000, "stim qevedo prism-q"),
    ("surface_5", "frames", 100_000, "stim prism-q"),
    ("surface_11", "frames", 100_000, "stim prism-q"),
    ("mpsghz_100", "exact", 0, "aer prism-q"),
    ("mpstfim_50", "exact", 0, "aer prism-q"),
    ("mpsbrick_50", "exact", 0, "aer prism-q"),
    ("dynrand_10", "state", 1000, "aer prism-q"),
]
SINGLE = {"qsim", "ours-single"}
# Rows of pure states, which are asked of this simulator in single precision too.
PURE = {"brick", "qft", "ghz", "qv", "qaoa", "hea", "grad"}
ENGINE = {"noisydm": "density-matrix", "noisytraj": "trajectories"}


def family(row):
    return row.rsplit("_", 1)[0]


def engine_of(row):
    return "mps" if row.startswith("mps") else ENGINE.get(family(row), "auto")


def observable(row, task, c):
    """Terms whose mean is asked for, or checked after a run of shots."""
    if task in ("values", "gradient"):
        return c.terms
    if row.startswith("mps"):
        return [(1.0, "Z", (c.n // 2,))]
    return [(1.0, "Z", (0,))]


# ------------------------------------------------------------------ peers in Python
class Qulacs:
    package = "qulacs"

    def load(self):
        import qulacs
        import qulacs.gate

        self.q, self.g = qulacs, qulacs.gate

    def gate(self, name, a, q):
        g = self.g
        plain = {"h": g.H, "x": g.X, "z": g.Z, "s": g.S, "t": g.T}
        if name in plain:
            return plain[name](q[0])
        if name == "cp":
            m = g.to_matrix_gate(g.U1(q[1], a[0]))
            m.add_control_qubit(q[0], 1)
            return m
        return {
            "u3": lambda: g.U3(q[0], *a), "rx": lambda: g.RotX(q[0], a[0]), "ry": lambda: g.RotY(q[0], a[0]),
            "rz": lambda: g.RotZ(q[0], a[0]), "cx": lambda: g.CNOT(*q), "cz": lambda: g.CZ(*q),
            "swap": lambda: g.SWAP(*q), "rzz": lambda: g.PauliRotation(list(q), [3, 3], -a[0]),
            "depolarizing": lambda: g.DepolarizingNoise(q[0], a[0]),
            "two_qubit_depolarizing": lambda: g.TwoQubitDepolarizingNoise(*q, a[0]),
            "amplitude_damping": lambda: g.AmplitudeDampingNoise(q[0], a[0]),
        }[name]()

    def build(self, c):
        k = self.q.QuantumCircuit(c.n)
        for name, a, q, _, _ in c.ops:
            if name != "measure":
                k.add_gate(self.gate(name, a, q))
        return k

    def sum(self, n, terms):
        o = self.q.Observable(n)
        for w, letters, qubits in terms:
            o.add_operator(w, " ".join(f"{p} {q}" for p, q in zip(letters, qubits)))
        return o

    def state(self, r):
        k, s = self.build(r.c), self.q.QuantumState(r.c.n)
        if family(r.row) == "noisytraj":
            out = 0
            for _ in range(r.shots):
                s.set_zero_state()
                k.update_quantum_state(s)
                out += 1 - 2 * (s.sampling(1)[0] & 1)
            return lambda: out / r.shots
        k.update_quantum_state(s)
        s.sampling(r.shots, 1)
        return lambda: 2 * s.get_zero_probability(0) - 1

    def batch(self, r):
        for c in r.all:
            s = self.q.QuantumState(c.n)
            self.build(c).update_quantum_state(s)
            s.sampling(r.shots, 1)

    def values(self, r):
        k, s = self.build(r.c), self.q.QuantumState(r.c.n)
        k.update_quantum_state(s)
        e = self.sum(r.c.n, r.terms).get_expectation_value(s)
        return lambda: e

    def exact(self, r):
        k, s = self.build(r.c), self.q.DensityMatrix(r.c.n)
        k.update_quantum_state(s)
        return lambda: 2 * s.get_zero_probability(0) - 1

    def gradient(self, r):
        k = self.q.ParametricQuantumCircuit(r.c.n)
        for name, a, q, _, _ in r.c.ops:
            if name in ("ry", "rz"):
                getattr(k, f"add_parametric_{name.upper()}_gate")(q[0], -a[0])
            else:
                k.add_gate(self.gate(name, a, q))
        o = self.sum(r.c.n, r.terms)
        return lambda: math.dist(k.backprop(o), [0.0] * (r.c.n * 0 + k.get_parameter_count()))


class Aer:
    package = "qiskit-aer"

    def load(self):
        import qiskit_aer.noise
        from qiskit import QuantumCircuit
        from qiskit.quantum_info import SparsePauliOp
        from qiskit_aer import AerSimulator

        self.circuit, self.sum, self.simulator, self.noise = QuantumCircuit, SparsePauliOp, AerSimulator, qiskit_aer.noise

    def put(self, k, name, a, q, bit):
        if name == "u3":
            k.u(*a, q[0])
        elif name == "measure":
            k.measure(q[0], bit)
        elif name == "depolarizing":
            k.append(self.noise.depolarizing_error(a[0] * 4 / 3, 1), q)
        elif name == "two_qubit_depolarizing":
            k.append(self.noise.depolarizing_error(a[0] * 16 / 15, 2), q)
        elif name == "amplitude_damping":
            k.append(self.noise.amplitude_damping_error(a[0]), q)
        else:
            getattr(k, name)(*a, *q)

    def build(self, c):
        k = self.circuit(c.n, c.bits)
        for name, a, q, bit, when in c.ops:
            if when:
                with k.if_test((k.clbits[when[0]], when[1])):
                    self.put(k, name, a, q, bit)
            else:
                self.put(k, name, a, q, bit)
        return k

    def simulate(self, k, r, method, shots, **more):
        s = self.simulator(method=method, max_parallel_threads=r.threads, enable_truncation=False, **more)
        result = s.run(k, shots=shots).result()
        if not result.success:
            raise RuntimeError(result.status)
        return result

    def state(self, r):
        k = self.build(r.c)
        if not r.c.bits:
            k.measure_all()
        counts = self.simulate(k, r, "statevector", r.shots, seed_simulator=1).get_counts()
        return lambda: sum(v * (1 - 2 * int(key[-1])) for key, v in counts.items()) / r.shots

    def exact(self, r):
        k = self.build(r.c)
        k.save_expectation_value(self.sum("Z"), [r.terms[0][2][0]], label="z")
        if r.engine == "mps":
            more = {"matrix_product_state_truncation_threshold": 1e-10, "matrix_product_state_max_bond_dimension": 64}
            z = self.simulate(k, r, "matrix_product_state", 1, **more).data(0)["z"]
        else:
            z = self.simulate(k, r, "density_matrix", 1).data(0)["z"]
        return lambda: float(z)


class Qsim:
    package = "qsimcirq"

    def load(self):
        import cirq
        import numpy
        import qsimcirq

        self.c, self.q, self.np = cirq, qsimcirq, numpy

    def gate(self, name, a, q):
        c = self.c
        if name == "u3":
            t, p, l = a
            e = lambda x: complex(math.cos(x), math.sin(x))
            m = [[math.cos(t / 2), -e(l) * math.sin(t / 2)], [e(p) * math.sin(t / 2), e(p + l) * math.cos(t / 2)]]
            return c.MatrixGate(self.np.array(m))(*q)
        return {
            "h": lambda: c.H, "x": lambda: c.X, "z": lambda: c.Z, "s": lambda: c.S, "t": lambda: c.T,
            "rx": lambda: c.rx(a[0]), "ry": lambda: c.ry(a[0]), "rz": lambda: c.rz(a[0]), "cx": lambda: c.CNOT,
            "cz": lambda: c.CZ, "swap": lambda: c.SWAP, "cp": lambda: c.CZPowGate(exponent=a[0] / math.pi),
            "rzz": lambda: c.ZZPowGate(exponent=a[0] / math.pi, global_shift=-0.5),
            "depolarizing": lambda: c.depolarize(a[0]), "amplitude_damping": lambda: c.amplitude_damp(a[0]),
            "two_qubit_depolarizing": lambda: c.depolarize(a[0], n_qubits=2),
        }[name]()(*q)

    def state(self, r):
        q = self.c.LineQubit.range(r.c.n)
        k = self.c.Circuit([self.gate(n, a, [q[i] for i in at]) for n, a, at, _, _ in r.c.ops])
        k += self.c.measure(*q, key="m")
        options = self.q.QSimOptions(max_fused_gate_size=4, cpu_threads=r.threads, verbosity=0)
        m = self.q.QSimSimulator(options, seed=1).run(k, repetitions=r.shots).measurements["m"]
        return lambda: float(1 - 2 * m[:, 0].mean())


class Lightning:
    package = "pennylane-lightning"

    def load(self):
        import numpy
        import pennylane

        self.p, self.np = pennylane, numpy

    def gates(self, c):
        p, out = self.p, []
        one = {"h": p.Hadamard, "x": p.X, "z": p.Z, "s": p.S, "t": p.T}
        for name, a, q, _, _ in c.ops:
            if name in one:
                out.append(one[name](q[0]))
            elif name == "u3":
                out += p.U3(*a, wires=q[0]).decomposition()
            elif name in ("rx", "ry", "rz"):
                out.append(getattr(p, name.upper())(a[0], q[0]))
            elif name == "cp":
                out.append(p.ControlledPhaseShift(a[0], wires=q))
            elif name == "rzz":
                out.append(p.IsingZZ(a[0], wires=q))
            else:
                out.append({"cx": p.CNOT, "cz": p.CZ, "swap": p.SWAP}[name](wires=q))
        return out

    def hamiltonian(self, terms):
        p, letters = self.p, {"X": self.p.X, "Y": self.p.Y, "Z": self.p.Z}
        each = [p.prod(*[letters[a](q) for a, q in zip(s, qs)]) if len(qs) > 1 else letters[s](qs[0]) for _, s, qs in terms]
        return p.Hamiltonian([t[0] for t in terms], each)

    def device(self, n):
        return self.p.device("lightning.qubit", wires=n)

    def state(self, r):
        tape = self.p.tape.QuantumScript(self.gates(r.c), [self.p.counts(wires=range(r.c.n))], shots=r.shots)
        counts = self.device(r.c.n).execute(tape)
        return lambda: sum(int(v) * (1 - 2 * int(k[0])) for k, v in counts.items()) / r.shots

    def values(self, r):
        tape = self.p.tape.QuantumScript(self.gates(r.c), [self.p.expval(self.hamiltonian(r.terms))])
        e = self.device(r.c.n).execute(tape)
        return lambda: float(self.np.asarray(e))

    def gradient(self, r):
        from pennylane.devices import ExecutionConfig

        ops = self.gates(r.c)
        tape = self.p.tape.QuantumScript(ops, [self.p.expval(self.hamiltonian(r.terms))])
        tape.trainable_params = range(sum(len(o.parameters) for o in ops))
        device = self.device(r.c.n)
        how = ExecutionConfig(gradient_method="adjoint", use_device_gradient=True, use_device_jacobian_product=False)
        return lambda: float(self.np.linalg.norm(self.np.asarray(device.compute_derivatives(tape, how)).ravel()))


class Panta:
    package = "panta-sim"

    def load(self):
        import panta_sim

        self.p = panta_sim

    def run(self, text, shots):
        return self.p.QuantumCircuit.from_qasm(text).run(shots=shots, seed=1, precision="f64")

    def state(self, r):
        result = self.run(r.measured(), r.shots)
        counts = result.counts() if callable(getattr(result, "counts", None)) else getattr(result, "counts", None)
        return lambda: sum(v * (1 - 2 * int(str(k)[-1])) for k, v in counts.items()) / r.shots if counts else None

    def batch(self, r):
        for text in r.texts:
            self.run(text, r.shots)


class Qevedo:
    package = "qevedo-simulator"

    def load(self):
        import qevedo.simulator

        self.q = qevedo.simulator

    def run(self, text, shots, threads, backend="statevector"):
        return self.q.run(self.q.Circuit.from_qasm(text), shots=shots, backend=backend, threads=threads, seed=1)

    def state(self, r):
        counts = self.run(r.measured(), r.shots, r.threads).counts
        return lambda: sum(v * (1 - 2 * int(k[-1])) for k, v in counts.items()) / r.shots

    def frames(self, r):
        counts = self.run(r.measured(), r.shots, r.threads, "stabilizer").counts
        return lambda: sum(v * (1 - 2 * int(k[-1])) for k, v in counts.items()) / r.shots

    def batch(self, r):
        for text in r.texts:
            self.run(text, r.shots, 1)


class Stim:
    package = "stim"

    def load(self):
        import stim

        self.s = stim

    def frames(self, r):
        m = self.s.Circuit(r.stim).compile_sampler(seed=1).sample(r.shots, bit_packed=True)
        return lambda: float(1 - 2 * (m[:, 0] & 1).mean())


class Braket:
    package = "amazon-braket-default-simulator"

    def load(self):
        from braket.default_simulator.state_vector_simulator import StateVectorSimulator
        from braket.ir.openqasm import Program

        self.s, self.program = StateVectorSimulator, Program

    def state(self, r):
        rows = self.s().run(self.program(source=braket(r.measured())), shots=r.shots).measurements
        return lambda: sum(1 - 2 * int(row[0]) for row in rows) / len(rows)


class PrismQ:
    package = "prism-q"

    def load(self):
        import prism_q

        self.p = prism_q

    def begin(self, text):
        program = self.p.parse_braket(braket(text))
        run = self.p.simulate(program.circuit).seed(1)
        return program.circuit, run.noise(program.noise) if program.noise else run

    def counts(self, r):
        counts = self.begin(r.measured())[1].sample_counts(r.shots).counts()
        return lambda: sum(v * (1 - 2 * int(k[0])) for k, v in counts.items()) / r.shots

    state = counts

    def frames(self, r):
        # Its reader of Stim's text has a sampler of its own, which is the fastest here.
        program = self.p.QecProgram.from_text(r.stim)
        program.set_options(shots=r.shots, seed=1, keep_measurements=True)
        shots = program.run().measurements
        return lambda: float(1 - 2 * shots[:, 0].mean())

    def batch(self, r):
        for text in r.texts:
            self.begin(text)[1].sample_counts(r.shots)

    def strings(self, terms):
        return [(w, [(q, p) for p, q in zip(letters, qubits)]) for w, letters, qubits in terms]

    def values(self, r):
        kind = self.p.BackendKind
        kind = {"mps": kind.mps(64), "density-matrix": kind.density_matrix()}.get(r.engine, kind.statevector())
        means = self.begin(r.texts[0])[1].backend(kind).expectation_values([s for _, s in self.strings(r.terms)])
        return lambda: sum(w * m for (w, _, _), m in zip(r.terms, means))

    exact = values

    def gradient(self, r):
        k, run = self.begin(r.texts[0])
        links = self.p.Parameters.all_rotations(k).links
        links = links() if callable(links) else links
        h = self.strings(r.terms)
        return lambda: math.dist(run.expectation_gradient(h, links)[1], [0.0] * len(links))


PYTHON = {"prism-q": PrismQ, "qulacs": Qulacs, "aer": Aer, "qsim": Qsim, "lightning": Lightning, "panta": Panta, "qevedo": Qevedo,
          "stim": Stim, "braket": Braket}


def braket(text):
    """The same text in the words of Braket's dialect."""
    import re

    words = {"cx": "cnot", "sdg": "si", "cp": "cphaseshift", "u3": "U", "rzz": "zz"}
    text = "".join(line + "\n" for line in text.splitlines() if not line.startswith(("include", "gate rzz")))
    return re.sub(r"(?m)^((?:if \(.*?\) \{ )?)(cx|sdg|cp|u3|rzz)\b", lambda m: m[1] + words[m[2]], text)


class Row:
    """A request as a peer in Python sees it; what is prepared here is not timed."""

    def __init__(self, request):
        self.row, self.shots, self.threads = request["row"], request["shots"], request["threads"]
        self.engine = engine_of(self.row)
        made = circuits.make(self.row)
        self.all = made if isinstance(made, list) else [made]
        self.c = self.all[0]
        self.terms = observable(self.row, request["task"], self.c)
        self.texts = [circuits.qasm(c) for c in self.all]
        self.stim = circuits.stim(self.c) if family(self.row) in ("cliff", "surface") else None

    def measured(self):
        if self.c.bits:
            return self.texts[0]
        return self.texts[0].replace("qubit[", f"bit[{self.c.n}] c;\nqubit[", 1) + "c = measure q;\n"


def since(began):
    return {"ms": (time.perf_counter() - began[0]) * 1e3, "python_cpu_ms": (time.process_time() - began[1]) * 1e3}


def serve(name, threads):
    """A peer in Python: a request on each line of the input, an answer on each of the output."""
    os.environ["OMP_NUM_THREADS"] = os.environ["NUMBA_NUM_THREADS"] = str(threads)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints must not look like an answer
    peer, rows = PYTHON[name](), {}
    try:
        peer.load()
        failed = None
    except Exception as error:
        failed = f"{type(error).__name__}: {error}"
    for line in sys.stdin:
        request = json.loads(line)
        key = request["row"], request["task"]
        try:
            if failed:
                raise RuntimeError(failed)
            if key not in rows:
                rows[key] = Row(request)
            row, run = rows[key], getattr(peer, request["task"])
            if request["task"] == "gradient":
                go = run(row)
                began = time.perf_counter(), time.process_time()
                found = go()
                said = {**since(began), "check": found}
            else:
                began = time.perf_counter(), time.process_time()
                check = run(row)
                said = since(began)
                said["check"] = check() if check else None
        except Exception as error:
            said = {"error": f"{type(error).__name__}: {error}"[:200]}
        print(json.dumps(said), file=answers, flush=True)


# ------------------------------------------------------------------ the run
class Worker:
    def __init__(self, command, env=None):
        program = command if os.path.exists(command[0]) else ["false"]
        self.p = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env,
                                  stderr=subprocess.DEVNULL)

    def spent(self):
        """The processor's time of the process, from its clock on Linux."""
        return time.clock_gettime((~self.p.pid << 3) | 2) * 1e3

    def ask(self, request, by_cpu):
        try:
            began = self.spent() if by_cpu else 0
            print(json.dumps(request), file=self.p.stdin, flush=True)
            line = self.p.stdout.readline()
            if not line:
                return {"error": "the process ended"}
            said = json.loads(line)
            if by_cpu and "ms" in said:
                # Peers in Python tell it without what they do between requests.
                said["ms"] = said.get("python_cpu_ms", self.spent() - began)
            return said
        except (BrokenPipeError, json.JSONDecodeError) as error:
            return {"error": str(error)}


def versions():
    from importlib.metadata import PackageNotFoundError, version

    out = []
    for peer in PYTHON.values():
        try:
            out.append(f"{peer.package} {version(peer.package)}")
        except PackageNotFoundError:
            out.append(f"{peer.package} not installed")
    return out


def sum_text(terms):
    return " + ".join(f"{w!r}*" + " ".join(f"{p}{q}" for p, q in zip(s, qs)) for w, s, qs in terms).replace("+ -", "- ")


def write(work, row, task, shots, threads):
    made = circuits.make(row)
    made = made if isinstance(made, list) else [made]
    c = made[0]
    terms = observable(row, task, c)
    request = {"row": row, "task": task, "shots": shots, "threads": threads, "engine": engine_of(row), "list": terms,
               "files": [], "braket_files": [], "terms": sum_text(terms)}
    if task == "gradient":
        request["inputs"] = [a for op in c.ops for a in op[1]]
    for i, one in enumerate(made):
        path = os.path.join(work, f"{row}.{task}.{i}")
        for key, text in (("files", circuits.qasm(one, task == "gradient")), ("braket_files", braket(circuits.qasm(one)))):
            if key == "braket_files" and shots and not one.bits:
                text = text.replace("qubit[", f"bit[{one.n}] c;\nqubit[", 1) + "c = measure q;\n"
            with open(f"{path}.{key}.qasm", "w") as f:
                f.write(text)
            request[key].append(f"{path}.{key}.qasm")
    return request


def agree(task, shots, a, b):
    """Whether two checks say the same: exactly, or within 6 standard errors of two samples."""
    sampled = shots and task != "values"
    return abs(a - b) <= (6 * math.sqrt(2 / shots) if sampled else 1e-5 * max(1.0, abs(a)))


def ours_request(request, checked):
    """Sampled rows of pure states are checked exactly, once; noisy and dynamic ones by their shots."""
    task = "values" if request["task"] == "exact" else request["task"]
    sampled = request["task"] in ("frames", "batch") or family(request["row"]) in ("noisytraj", "dynrand", "cliff")
    sampled = sampled or (checked and task == "state")
    return {**request, "task": task, "terms": None if sampled else request["terms"]}


def show(ms):
    return f"{ms:.0f}" if ms >= 100 else f"{ms:.1f}" if ms >= 10 else f"{ms:.2f}"


def main():
    args = argparse.ArgumentParser()
    args.add_argument("--rows", default="")
    args.add_argument("--peers", default="")
    args.add_argument("--rounds", type=int, default=3)
    args.add_argument("--threads", type=int, default=os.cpu_count())
    args.add_argument("--by", choices=["wall", "cpu"], default="wall")
    args.add_argument("--markdown")
    args.add_argument("--serve")
    args = args.parse_args()
    if args.serve:
        return serve(args.serve, args.threads)
    env = {**os.environ, "OMP_NUM_THREADS": str(args.threads), "RAYON_NUM_THREADS": str(args.threads)}
    wanted = [w for w in args.rows.split(",") if w]
    rows = [r for r in ROWS if not wanted or any(r[0].startswith(w) or r[1] == w for w in wanted)]
    names = {p for r in rows for p in r[3].split() if not args.peers or p in args.peers.split(",")}
    program = os.environ.get("OURS") or f"{ROOT}/target/release/examples/rows"
    workers = {name: Worker([program], env) for name in ("ours", "ours-single")}
    for name in sorted(names):
        command = [sys.executable, __file__, "--serve", name, "--threads", str(args.threads)]
        workers[name] = Worker(command, env)
    lines = ["| row | ours ms | ours, single | best peer | ms | best / ours | others ms | check |", "|---|---|---|---|---|---|---|---|"]
    notes = []
    with tempfile.TemporaryDirectory() as work:
        for row, task, shots, peers in rows:
            request = write(work, row, task, shots, args.threads)
            times, checks, dropped = {}, {}, set()
            own = ["ours"] + ["ours-single"] * (family(row).split("_")[0] in PURE)
            for turn in range(args.rounds + 1):
                for name in own + [p for p in peers.split() if p in workers]:
                    if name in dropped or (turn == args.rounds and turn > 0 and times.get(name, [0])[0] > 300):
                        continue
                    asked = ours_request(request, name in checks) if name in own else request
                    if name == "ours-single":
                        asked = {**asked, "precision": "single"}
                    said = workers[name].ask(asked, args.by == "cpu")
                    if "error" in said:
                        dropped.add(name)
                        notes.append(f"{row}: {name}: {said['error']}")
                        continue
                    # The first turn warms caches and thread pools, unless it is long enough to count.
                    if turn == 0 and said["ms"] > 300:
                        times[name] = [said["ms"]]
                    elif turn > 0:
                        times.setdefault(name, []).append(said["ms"])
                    if said["ms"] > 4000:
                        dropped.add(name)
                    checks.setdefault(name, said.get("check"))
            medians = {name: statistics.median(t) for name, t in times.items()}
            ours, single = medians.pop("ours", math.nan), medians.pop("ours-single", math.nan)
            ranked = sorted(medians.items(), key=lambda x: x[1])
            double = [p for p in ranked if p[0] not in SINGLE] or ranked or [("none", math.nan)]
            best, rest = double[0], [p for p in ranked if p != double[0]]
            first = checks.get("ours")
            wrong = [] if first is None or task == "batch" else [
                f"{p} {v:.6g}" for p, v in checks.items() if v is not None and not agree(task, shots, first, v)]
            found = "" if first is None else f"{first:.10g}" + (f" BUT {', '.join(wrong)}" if wrong else "")
            others = ", ".join(f"{p}{' (single)' if p in SINGLE else ''} {show(t)}" for p, t in rest)
            label = row if task in ("state", "frames", "exact", "batch") else f"{row} {task}"
            lines.append(f"| {label} | {show(ours)} | {'' if math.isnan(single) else show(single)} | {best[0]} | {show(best[1])} | {best[1] / ours:.2f} | {others} | {found} |")
            print(lines[-1], flush=True)
    foot = "\nPeers: " + " · ".join(versions()) + f". Threads: {args.threads}. Rounds: {args.rounds}. Time: {args.by}."
    text = "\n".join(lines) + "\n" + foot + "".join(f"\nNot measured: {n}." for n in notes) + "\n"
    print(foot + "".join(f"\nNot measured: {n}." for n in notes))
    if args.markdown:
        with open(args.markdown, "w") as f:
            f.write(text)
    for worker in workers.values():
        worker.p.stdin.close()


if __name__ == "__main__":
    main()

"""The circuits that engines are compared on, from a seeded stream: the same on every machine.

Qubit 0 is the least significant bit of a basis index. A circuit is a list of
(name, angles, qubits, bit, condition) in program order.
"""
import math

MASK = (1 << 64) - 1


class Rng:
    """SplitMix64."""

    def __init__(self, seed):
        self.state = seed & MASK

    def bits(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) & MASK
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def unit(self):
        return (self.bits() >> 11) * 2.0**-53

    def between(self, a, b):
        return a + (b - a) * self.unit()

    def below(self, m):
        return (self.bits() * m) >> 64

    def shuffle(self, items):
        for i in range(len(items) - 1, 0, -1):
            j = self.below(i + 1)
            items[i], items[j] = items[j], items[i]

    def sphere(self):
        """Angles of a gate drawn evenly from all of one qubit."""
        return math.acos(1 - 2 * self.unit()), 2 * math.pi * self.unit(), 2 * math.pi * self.unit()


class Circuit:
    def __init__(self, n, bits=0):
        self.n, self.bits, self.ops = n, bits, []
        self.terms, self.rng = [], None

    def add(self, name, *qubits, angles=(), bit=None, when=None):
        self.ops.append((name, tuple(angles), tuple(qubits), bit, when))

    def u3(self, q):
        self.add("u3", q, angles=self.rng.sphere())

    def brick(self, layer):
        return range(layer % 2, self.n - 1, 2)

    def measure_all(self):
        first, self.bits = self.bits, self.bits + self.n
        for q in range(self.n):
            self.add("measure", q, bit=first + q)


def ghz(n):
    c = Circuit(n)
    c.add("h", 0)
    for q in range(n - 1):
        c.add("cx", q, q + 1)
    return c


def qft(n):
    c = Circuit(n)
    r = Rng(1000 + n)
    for q in range(n):
        c.add("ry", q, angles=[r.between(0, math.pi)])
        c.add("rz", q, angles=[r.between(0, 2 * math.pi)])
    for i in reversed(range(n)):
        c.add("h", i)
        for j in reversed(range(i)):
            c.add("cp", j, i, angles=[math.pi / 2 ** (i - j)])
    for i in range(n // 2):
        c.add("swap", i, n - 1 - i)
    return c


def brick(n, layers=20, seed=2000):
    c = Circuit(n)
    c.rng = Rng(seed + n)
    for layer in range(layers):
        for q in range(n):
            c.u3(q)
        for q in c.brick(layer):
            c.add("cx", q, q + 1)
    return c


def qv(n):
    c = Circuit(n)
    r = c.rng = Rng(3000 + n)
    for _ in range(10):
        order = list(range(n))
        r.shuffle(order)
        for a, b in zip(order[::2], order[1::2]):
            c.u3(a)
            c.u3(b)
            x, y, z = (r.between(0, math.pi / 2) for _ in range(3))
            c.add("cx", b, a)
            c.add("rz", a, angles=[x])
            c.add("ry", b, angles=[y])
            c.add("cx", a, b)
            c.add("ry", b, angles=[z])
            c.add("cx", b, a)
            c.u3(a)
            c.u3(b)
    return c


def cubic(n, r):
    while True:
        ends = [v for v in range(n) for _ in range(3)]
        r.shuffle(ends)
        edges = {tuple(sorted(pair)) for pair in zip(ends[::2], ends[1::2])}
        if len(edges) == 3 * n // 2 and all(a != b for a, b in edges):
            return sorted(edges)


def qaoa(n):
    c = Circuit(n)
    r = Rng(4000 + n)
    edges = cubic(n, r)
    for q in range(n):
        c.add("h", q)
    for _ in range(3):
        g, b = r.between(0, math.pi), r.between(0, math.pi)
        for edge in edges:
            c.add("rzz", *edge, angles=[g])
        for q in range(n):
            c.add("rx", q, angles=[b])
    c.terms = [(1.0, "ZZ", edge) for edge in edges]
    return c


def ansatz(n, layers, seed):
    c = Circuit(n)
    r = Rng(seed)
    for _ in range(layers):
        for q in range(n):
            c.add("ry", q, angles=[r.between(-math.pi, math.pi)])
            c.add("rz", q, angles=[r.between(-math.pi, math.pi)])
        for q in range(n - 1):
            c.add("cx", q, q + 1)
    for q in range(n - 1):
        c.terms += [(w, p, (q, q + 1)) for w, p in ((0.7, "XX"), (0.4, "YY"), (-1.0, "ZZ"))]
    c.terms += [(w, p, (q,)) for w, p in ((0.3, "X"), (0.2, "Y")) for q in range(n)]
    return c


def small(count):
    r = Rng(7)
    out = []
    for _ in range(count):
        c = Circuit(4 + r.below(3))
        for _ in range(20 + r.below(41)):
            kind = r.below(3)
            if kind == 0:
                c.add("hxstz"[r.below(5)], r.below(c.n))
            elif kind == 1:
                c.add(("rx", "ry", "rz")[r.below(3)], r.below(c.n), angles=[r.between(0, 2 * math.pi)])
            else:
                pair = list(range(c.n))
                r.shuffle(pair)
                c.add(("cx", "cz")[r.below(2)], *pair[:2])
        c.measure_all()
        out.append(c)
    return out


def noisy(n):
    c = Circuit(n)
    c.rng = Rng(n)
    for layer in range(10):
        for q in range(n):
            c.u3(q)
            c.add("depolarizing", q, angles=[0.01])
            c.add("amplitude_damping", q, angles=[0.02])
        for q in c.brick(layer):
            c.add("cx", q, q + 1)
            c.add("two_qubit_depolarizing", q, q + 1, angles=[0.02])
    return c


def cliff(n):
    c = Circuit(n)
    r = Rng(n)
    for _ in range(20):
        for q in range(n):
            c.add(("h", "s", "sdg", "x", "z")[r.below(5)], q)
        order = list(range(n))
        r.shuffle(order)
        for a, b in zip(order[::2], order[1::2]):
            c.add("cx", a, b)
    c.measure_all()
    return c


def surface(d, p=0.001):
    """Rotated surface code, d rounds; data qubit (row, column) is row * d + column, ancillas follow."""
    checks = []
    for y in range(-1, d):
        for x in range(-1, d):
            corners = [(y + i, x + j) for i in (0, 1) for j in (0, 1)]
            live = [i for i, (a, b) in enumerate(corners) if 0 <= a < d and 0 <= b < d]
            is_x = (x + y) % 2 == 0
            if len(live) < 2 or (len(live) == 2 and (y in (-1, d - 1)) != is_x):
                continue
            order = (0, 1, 2, 3) if is_x else (0, 2, 1, 3)
            data = [corners[k][0] * d + corners[k][1] if k in live else None for k in order]
            checks.append((is_x, data))
    c = Circuit(d * d + len(checks))
    ancillas = [(d * d + i, *check) for i, check in enumerate(checks)]
    for q in range(d * d):
        c.add("reset", q)
    for _ in range(d):
        for q in range(d * d):
            c.add("depolarizing", q, angles=[p])
        for a, is_x, _ in ancillas:
            if is_x:
                c.add("h", a)
        for step in range(4):
            for a, is_x, data in ancillas:
                if data[step] is not None:
                    pair = (a, data[step]) if is_x else (data[step], a)
                    c.add("cx", *pair)
                    c.add("two_qubit_depolarizing", *pair, angles=[p])
        for a, is_x, _ in ancillas:
            if is_x:
                c.add("h", a)
        for a, _, _ in ancillas:
            c.add("bit_flip", a, angles=[p])
        for a, _, _ in ancillas:
            c.add("measure", a, bit=c.bits)
            c.bits += 1
        for a, _, _ in ancillas:
            c.add("reset", a)
    for q in range(d * d):
        c.add("measure", q, bit=c.bits)
        c.bits += 1
    return c


def tfim(n):
    c = Circuit(n)
    for q in range(0, n, 2):
        c.add("x", q)
    for _ in range(20):
        for first in (0, 1):
            for q in range(first, n - 1, 2):
                c.add("rzz", q, q + 1, angles=[0.2])
        for q in range(n):
            c.add("rx", q, angles=[0.18])
            c.add("rz", q, angles=[0.01])
    return c


def dynrand(n):
    c = Circuit(n, 16)
    r = c.rng = Rng(n)
    for layer in range(8):
        for q in range(n):
            c.u3(q)
        for q in c.brick(layer):
            c.add("cx", q, q + 1)
        order = list(range(n))
        r.shuffle(order)
        a, b, t, u = order[:4]
        c.add("measure", a, bit=2 * layer)
        c.add("measure", b, bit=2 * layer + 1)
        c.add("x", t, when=(2 * layer, 1))
        c.add("z", u, when=(2 * layer + 1, 1))
        c.add("reset", a)
    c.measure_all()
    return c


def make(name):
    """The circuit of a row."""
    family, size = name.rsplit("_", 1)
    if family == "grad":
        n, layers = map(int, size.split("x"))
        return ansatz(n, layers, 31 * n + layers)
    n = int(size)
    return {
        "ghz": ghz, "qft": qft, "brick": brick, "qv": qv, "qaoa": qaoa, "noisydm": noisy, "noisytraj": noisy,
        "cliff": cliff, "surface": surface, "mpsghz": ghz, "mpstfim": tfim, "dynrand": dynrand,
        "mpsbrick": lambda n: brick(n, 10, 0), "hea": lambda n: ansatz(n, 5, 5000 + n), "small": small,
    }[family](n)


NOISE = ("depolarizing", "amplitude_damping", "two_qubit_depolarizing", "bit_flip")


def qasm(c, inputs=False):
    """OpenQASM 3 in the words of its standard library; noise as Braket's pragmas. With `inputs`
    every angle is an input."""
    out = ["OPENQASM 3.0;", 'include "stdgates.inc";']
    if any(op[0] == "rzz" for op in c.ops):
        out.append("gate rzz(t) a, b { cx a, b; rz(t) b; cx a, b; }")
    values = [a for op in c.ops for a in op[1]] if inputs else []
    out += [f"input float a{i};" for i in range(len(values))]
    out.append(f"qubit[{c.n}] q;")
    if c.bits:
        out.append(f"bit[{c.bits}] c;")
    seen = 0
    for name, angles, qubits, bit, when in c.ops:
        words = [repr(float(a)) for a in angles]
        if inputs:
            words = [f"a{seen + i}" for i in range(len(angles))]
            seen += len(angles)
        given = f"({', '.join(words)})" if words else ""
        on = ", ".join(f"q[{q}]" for q in qubits)
        if name in NOISE:
            line = f"#pragma braket noise {name}{given} {on}"
        elif name == "measure":
            line = f"c[{bit}] = measure {on};"
        else:
            line = f"{name}{given} {on};"
        out.append(f"if (c[{when[0]}] == {when[1]}) {{ {line} }}" if when else line)
    return "\n".join(out) + "\n"


def stim(c):
    """The words of Stim; conditions must be on a bit that is 1."""
    names = {"h": "H", "s": "S", "sdg": "S_DAG", "x": "X", "z": "Z", "cx": "CX", "measure": "M", "reset": "R",
             "bit_flip": "X_ERROR", "depolarizing": "DEPOLARIZE1", "two_qubit_depolarizing": "DEPOLARIZE2"}
    out, last = [], None
    for name, angles, qubits, _, _ in c.ops:
        head = names[name] + (f"({angles[0]})" if angles else "")
        if head == last:
            out[-1] += " " + " ".join(map(str, qubits))
        else:
            out.append(head + " " + " ".join(map(str, qubits)))
        last = head
    return "\n".join(out) + "\n"

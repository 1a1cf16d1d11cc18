"""The unmodified Qiskit provider for Braket against the stand-in that the environment names.

Run it as `shotbook mock exec -- python tests/clients/qiskit_check.py`; the last line counts.
"""

import math

from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp
from qiskit_braket_provider import BraketEstimator, BraketProvider, BraketSampler

from checks import check, end, near, raises, section


def bell(measured=True):
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    if measured:
        circuit.measure_all()
    return circuit


def backends():
    provider = BraketProvider()
    names = {b.name for b in provider.backends()}
    check("backends", {"SV1", "dm1", "Garnet", "Forte 1", "Cepheus-1-108Q"} <= names, names)
    for name, qubits in (("SV1", 34), ("Garnet", 20), ("Emerald", 54), ("Forte 1", 36), ("Cepheus-1-108Q", 107)):
        backend = provider.get_backend(name)
        check(f"{name} qubits", backend.num_qubits == qubits, backend.num_qubits)
        check(f"{name} target", backend.target.num_qubits in (qubits, None), backend.target.num_qubits)
    garnet = provider.get_backend("Garnet")
    check("native", "cz" in garnet.target.operation_names, garnet.target.operation_names)
    check("coupling", len(garnet.coupling_map.get_edges()) in (30, 60))
    error = next(p.error for p in garnet.target["cz"].values() if p)
    near("error of cz", error, 1 - 0.9951, 1e-9)
    raises("no such backend", [], lambda: provider.get_backend("Nope"))


def runs():
    provider = BraketProvider()
    for name, shots in (("SV1", 500), ("Garnet", 500), ("Forte 1", 500), ("Cepheus-1-108Q", 500)):
        counts = provider.get_backend(name).run(bell(), shots=shots).result().get_counts()
        check(f"{name} shots", sum(counts.values()) == shots, counts)
        check(f"{name} Bell", counts.get("00", 0) + counts.get("11", 0) > 0.8 * shots, counts)
    sv1 = provider.get_backend("SV1")
    # Qiskit writes the first qubit on the right.
    order = QuantumCircuit(2)
    order.x(0)
    order.measure_all()
    counts = sv1.run(order, shots=10).result().get_counts()
    check("order", counts == {"01": 10}, counts)
    job = sv1.run([order, bell()], shots=10)
    check("several", len(job.result().get_counts()) == 2)
    check("status", job.status().name == "DONE", job.status())
    compiled = transpile(bell(), backend=provider.get_backend("Garnet"), optimization_level=1)
    counts = provider.get_backend("Garnet").run(compiled, shots=100, verbatim=True).result().get_counts()
    check("verbatim", sum(counts.values()) == 100, counts)


def primitives():
    garnet = BraketProvider().get_backend("Garnet")
    theta = Parameter("t")
    circuit = QuantumCircuit(1)
    circuit.rx(theta, 0)
    circuit.measure_all()
    sampler = BraketSampler(garnet)
    result = sampler.run([(circuit, [[0.0], [math.pi]])], shots=200).result()[0]
    zero, one = (result.data.meas.get_counts(i) for i in range(2))
    check("sampler 0", zero.get("0", 0) > 150, zero)
    check("sampler pi", one.get("1", 0) > 150, one)
    # The estimator's basis changes name qubits from 0 on, and Garnet's begin with 1.
    estimator = BraketEstimator(BraketProvider().get_backend("Cepheus-1-108Q"))
    observable = SparsePauliOp.from_list([("ZZ", 0.5), ("XX", 0.25)])
    value = estimator.run([(bell(measured=False), observable)], precision=0.03).result()[0].data.evs
    near("estimator", value, 0.75, 0.15)


if __name__ == "__main__":
    for part in (backends, runs, primitives):
        section(part)
    end()

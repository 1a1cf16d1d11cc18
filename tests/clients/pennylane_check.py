"""The unmodified PennyLane plugin for Braket against the stand-in that the environment names.

Run it as `shotbook mock exec -- python tests/clients/pennylane_check.py`; the last line counts.
"""

import math

import pennylane as qml
from braket.tracking import Tracker
from pennylane import numpy as np

from checks import check, end, near, section

SV1 = "arn:aws:braket:::device/quantum-simulator/amazon/sv1"
DM1 = "arn:aws:braket:::device/quantum-simulator/amazon/dm1"
GARNET = "arn:aws:braket:eu-north-1::device/qpu/iqm/Garnet"
FORTE = "arn:aws:braket:us-east-1::device/qpu/ionq/Forte-1"


def exact():
    device = qml.device("braket.aws.qubit", device_arn=SV1, wires=2)

    @qml.qnode(device)
    def circuit(x):
        qml.RX(x, wires=0)
        qml.CNOT(wires=[0, 1])
        return qml.expval(qml.PauliZ(1)), qml.var(qml.PauliZ(0))

    value, variance = circuit(0.7)
    near("expval", value, math.cos(0.7), 1e-9)
    near("var", variance, math.sin(0.7) ** 2, 1e-9)


def gradients():
    device = qml.device("braket.aws.qubit", device_arn=SV1, wires=2)
    for method in ("device", "parameter-shift"):

        @qml.qnode(device, diff_method=method)
        def circuit(x):
            qml.RX(x[0], wires=0)
            qml.RY(x[1], wires=1)
            qml.CNOT(wires=[0, 1])
            return qml.expval(qml.PauliZ(0) @ qml.PauliZ(1))

        with Tracker() as tracker:
            got = qml.grad(circuit)(np.array([0.3, 0.4], requires_grad=True))
        near(f"{method} first", got[0], 0, 1e-6)
        near(f"{method} second", got[1], -math.sin(0.4), 1e-6)
        tasks = sum(sum(s["tasks"].values()) for s in tracker.quantum_tasks_statistics().values())
        check(f"{method} tasks", (tasks == 1) == (method == "device"), tasks)


def sampled():
    for arn, shots in ((SV1, 1000), (GARNET, 1000), (FORTE, 1000)):
        device = qml.device("braket.aws.qubit", device_arn=arn, wires=2)

        # The plugin cannot put a circuit without parameters into a program set.
        @qml.set_shots(shots)
        @qml.qnode(device)
        def circuit(x):
            qml.RY(x, wires=0)
            qml.CNOT(wires=[0, 1])
            return qml.counts()

        counts = {k: int(v) for k, v in circuit(math.pi / 2).items()}
        check(f"{arn} counts", sum(counts.values()) == shots, counts)
        check(f"{arn} Bell", counts.get("00", 0) + counts.get("11", 0) > 0.8 * shots, counts)

        @qml.set_shots(shots)
        @qml.qnode(device)
        def means(x):
            qml.RX(x, wires=0)
            return qml.expval(qml.PauliZ(0))

        near(f"{arn} mean", means(0.7), math.cos(0.7), 0.2)

        @qml.set_shots(shots)
        @qml.qnode(device)
        def chances(x):
            qml.RX(x, wires=1)
            return qml.probs(wires=[0, 1])

        near(f"{arn} chances", chances(math.pi)[1], 1, 0.2)


def batches():
    device = qml.device("braket.aws.qubit", device_arn=SV1, wires=1, parallel=True)

    @qml.qnode(device)
    def circuit(x):
        qml.RX(x, wires=0)
        return qml.expval(qml.PauliZ(0))

    angles = np.linspace(0, 1, 5)
    got = circuit(angles)
    check("broadcast", np.allclose(got, np.cos(angles)), got)


def noisy():
    device = qml.device("braket.aws.qubit", device_arn=DM1, wires=1)

    @qml.qnode(device)
    def circuit():
        qml.PauliX(wires=0)
        qml.BitFlip(0.25, wires=0)
        return qml.expval(qml.PauliZ(0))

    near("bit flip", circuit(), -0.5, 1e-9)

    @qml.qnode(device)
    def matrix():
        qml.PauliX(wires=0)
        qml.AmplitudeDamping(0.3, wires=0)
        return qml.density_matrix(wires=[0])

    # The SDK leaves a matrix in the pairs of numbers that the service writes.
    got = np.array(matrix())
    check("density matrix", np.allclose(got[..., 0], np.diag([0.3, 0.7])), got)


def training():
    device = qml.device("braket.aws.qubit", device_arn=SV1, wires=1)

    @qml.qnode(device, diff_method="device")
    def cost(x):
        qml.RX(x, wires=0)
        return qml.expval(qml.PauliZ(0))

    x, optimizer = np.array(0.5, requires_grad=True), qml.GradientDescentOptimizer(0.9)
    for _ in range(15):
        x = optimizer.step(cost, x)
    near("minimum", cost(x), -1, 1e-2)


if __name__ == "__main__":
    for part in (exact, gradients, sampled, batches, noisy, training):
        section(part)
    end()

"""The unmodified Amazon Braket SDK against the stand-in that the environment names.

Run it as `shotbook mock exec -- python tests/clients/sdk_check.py`; the last line counts.
"""

import json
import math
import os
import uuid
import warnings

import boto3
import numpy as np
from braket.aws import AwsDevice, AwsQuantumTask, AwsSession
from braket.circuits import Circuit, FreeParameter, Gate, Observable, noises, observables
from braket.devices import Devices
from braket.ir.openqasm import Program as OpenQASMProgram
from braket.program_sets import CircuitBinding, ProgramSet
from braket.pulse import PulseSequence
from braket.tracking import Tracker

from checks import check, end, near, raises, section

SV1 = "arn:aws:braket:::device/quantum-simulator/amazon/sv1"
DM1 = "arn:aws:braket:::device/quantum-simulator/amazon/dm1"
GARNET = "arn:aws:braket:eu-north-1::device/qpu/iqm/Garnet"
FORTE = "arn:aws:braket:us-east-1::device/qpu/ionq/Forte-1"
CEPHEUS = "arn:aws:braket:us-west-1::device/qpu/rigetti/Cepheus-1-108Q"


def bell():
    return Circuit().h(0).cnot(0, 1)


def devices():
    found = AwsDevice.get_devices()
    names = {d.name for d in found}
    check("get_devices", {"SV1", "dm1", "Garnet", "Emerald", "Forte 1", "Aquila", "IBEX Q1"} <= names, names)
    check("by name", [d.arn for d in AwsDevice.get_devices(names=["Garnet"])] == [GARNET])
    online = AwsDevice.get_devices(types=["SIMULATOR"], statuses=["ONLINE"])
    check("by type and status", {d.name for d in online} == {"SV1", "dm1"}, online)
    with warnings.catch_warnings():
        # A document that the schemas do not parse is a warning and no properties.
        warnings.simplefilter("error")
        for device in found:
            if device.status != "RETIRED":
                check(f"{device.name} properties", device.properties is not None)
                low, high = device.properties.service.shotsRange
                check(f"{device.name} shots", 0 <= low < high)
                check(f"{device.name} queue", device.queue_depth().jobs is not None)
    for enum in (Devices.IQM.Garnet, Devices.IonQ.Forte1, Devices.Rigetti.Cepheus1108Q, Devices.Amazon.SV1):
        check(f"{enum} by enum", AwsDevice(enum).arn == enum.value)
    garnet = AwsDevice(GARNET)
    check("edges", garnet.topology_graph.number_of_edges() == 2 * 30)
    check("gate set", "prx" in garnet.properties.paradigm.nativeGateSet)
    check("provider", garnet.properties.provider is not None)
    f = garnet.properties.standardized.oneQubitProperties["1"].oneQubitFidelity
    check("standardized", {x.fidelityType.name for x in f} >= {"RANDOMIZED_BENCHMARKING", "READOUT"}, f)
    check("cost", garnet.properties.service.deviceCost.price == 0.00145)
    check("poll", AwsDevice(CEPHEUS).properties.service.getTaskPollIntervalMillis == 200)
    check("program sets", "braket.ir.openqasm.program_set" in garnet.properties.action)
    check("no program sets on simulators", "braket.ir.openqasm.program_set" not in AwsDevice(SV1).properties.action)
    raises("a device that never was", ["not found"], lambda: AwsDevice(GARNET + "2"))
    retired = AwsDevice("arn:aws:braket:us-east-1::device/qpu/ionq/Harmony")
    check("retired", retired.status == "RETIRED", retired.status)
    raises("a retired device", ["retired"], lambda: retired.run(bell(), shots=100))


def emulators():
    for arn, native in [
        (GARNET, Circuit().prx(1, math.pi / 2, 0).cz(1, 2)),
        (FORTE, Circuit().gpi2(0, 0).zz(0, 1, math.pi / 4)),
    ]:
        emulator = AwsDevice(arn).emulator()
        result = emulator.run(Circuit().add_verbatim_box(native).measure(sorted(native.qubits)), shots=50).result()
        check(f"{arn} emulator", sum(result.measurement_counts.values()) == 50)


def exact_results():
    sv1 = AwsDevice(SV1)
    circuit = bell().expectation(Observable.Z() @ Observable.Z(), target=[0, 1])
    circuit.variance(Observable.X(), target=[0]).amplitude(state=["00", "01"])
    result = sv1.run(circuit, shots=0).result()
    near("expectation", result.values[0], 1, 1e-9)
    near("variance", result.values[1], 1, 1e-9)
    near("amplitude 00", abs(result.values[2]["00"]), math.sqrt(0.5), 1e-9)
    near("amplitude 01", abs(result.values[2]["01"]), 0, 1e-9)
    metadata = result.additional_metadata.simulatorMetadata
    check("duration", metadata.executionDuration > 0, metadata)

    theta, phi = FreeParameter("theta"), FreeParameter("phi")
    ansatz = Circuit().rx(0, theta).ry(1, phi).cnot(0, 1)
    ansatz.adjoint_gradient(observable=2 * Observable.Z() @ Observable.Z() - 1 * Observable.X() @ Observable.I(),
                            target=[[0, 1], [0, 1]], parameters=["theta", "phi"])
    value = sv1.run(ansatz, shots=0, inputs={"theta": 0.3, "phi": 0.4}).result().values[0]
    # <ZZ> after the CNOT is <Z1> before it: cos phi. <X0> after it is <X0 X1> before it: 0.
    near("gradient value", value["expectation"], 2 * math.cos(0.4), 1e-6)
    near("gradient theta", value["gradient"]["theta"], 0, 1e-6)
    near("gradient phi", value["gradient"]["phi"], -2 * math.sin(0.4), 1e-6)
    matrix = observables.Hermitian(np.array([[1, 1j], [-1j, 3]]))
    value = sv1.run(Circuit().x(0).expectation(matrix, target=0), shots=0).result().values[0]
    near("hermitian", value, 3, 1e-9)
    raises("state vector", ["ValidationException"], lambda: sv1.run(bell().state_vector(), shots=0))


def sampled_results():
    sv1 = AwsDevice(SV1)
    task = sv1.run(bell(), shots=1000)
    result = task.result()
    counts = result.measurement_counts
    check("counts", set(counts) == {"00", "11"} and sum(counts.values()) == 1000, counts)
    check("shape", result.measurements.shape == (1000, 2) and result.measured_qubits == [0, 1])
    near("probability", result.measurement_probabilities["00"], 0.5, 0.1)
    check("metadata", task.metadata()["shots"] == 1000 and task.state() == "COMPLETED")
    meta = result.task_metadata
    check("task metadata", (meta.id, meta.shots, meta.deviceId) == (task.id, 1000, SV1))
    circuit = bell().probability(target=[0]).sample(Observable.Z(), target=1)
    values = sv1.run(circuit, shots=500).result().values
    near("sampled probability", values[0][0], 0.5, 0.15)
    check("sample", len(values[1]) == 500 and set(values[1]) == {1, -1})
    both = bell().expectation(Observable.X() @ Observable.X(), target=[0, 1])
    near("sampled XX", sv1.run(both, shots=500).result().values[0], 1, 1e-9)
    order = Circuit().x(0).i(1).x(2).measure(2).measure(0).measure(1)
    result = sv1.run(order, shots=20).result()
    check("chosen order", result.measured_qubits == [2, 0, 1] and result.measurement_counts == {"110": 20})
    raises("qubits left unmeasured", ["ValidationException", "requires all qubits in the program to be measured"],
           lambda: sv1.run(Circuit().x(0).h(1).measure(0), shots=20))
    source = "OPENQASM 3.0;\ninput float a;\nqubit[2] q;\nbit[2] c;\nrx(a) q[0];\nc = measure q;\n"
    result = sv1.run(OpenQASMProgram(source=source, inputs={"a": math.pi}), shots=10).result()
    check("OpenQASM", result.measurement_counts == {"10": 10}, result.measurement_counts)
    again = AwsQuantumTask(task.id).result().measurement_counts
    check("a task found again", again == counts)
    raises("a wrong gate", ["ValidationException"],
           lambda: sv1.run(OpenQASMProgram(source="OPENQASM 3.0;\nqubit q;\nnope q;\n"), shots=10))
    raises("too many shots", ["ValidationException"], lambda: sv1.run(bell(), shots=100_001))


def batches():
    sv1 = AwsDevice(SV1)
    circuits = [Circuit().rx(0, 0.1 * k).cnot(0, 1) for k in range(12)]
    batch = sv1.run_batch(circuits, shots=100, max_parallel=4)
    counts = [r.measurement_counts for r in batch.results()]
    check("batch", len(counts) == 12 and all(sum(c.values()) == 100 for c in counts))
    check("batch order", counts[0] == {"00": 100}, counts[0])
    theta = FreeParameter("t")
    one = Circuit().rx(0, theta)
    batch = sv1.run_batch(one, shots=10, inputs=[{"t": 0.0}, {"t": math.pi}])
    check("batch inputs", [r.measurement_counts for r in batch.results()] == [{"0": 10}, {"1": 10}])
    check("none unfinished", not batch.unfinished and not batch.unsuccessful)


def program_sets():
    garnet = AwsDevice(GARNET)
    bound = CircuitBinding(Circuit().rx(0, FreeParameter("t")), input_sets=[{"t": 0.0}, {"t": math.pi}])
    program_set = ProgramSet([bound, bell()])
    task = garnet.run(program_set, shots=300)
    result = task.result()
    check("entries", len(result) == 2 and [len(r) for r in result] == [2, 1])
    shots = [sum(e.counts.values()) for r in result for e in r]
    check("shots each", shots == [100, 100, 100], shots)
    check("0 then 1", result[0][0].counts.get("0", 0) > 80 and result[0][1].counts.get("1", 0) > 80)
    check("bell", result[1][0].counts.get("00", 0) + result[1][0].counts.get("11", 0) > 70)
    meta = task.metadata()
    check("counted", meta["actionMetadata"]["executableCount"] == 3, meta["actionMetadata"])
    hamiltonian = 0.5 * Observable.Z() @ Observable.Z() + 0.25 * Observable.X() @ Observable.X()
    summed = CircuitBinding(bell(), observables=hamiltonian)
    value = garnet.run(ProgramSet([summed]), shots=2000).result()[0].expectation()
    near("hamiltonian", value, 0.75, 0.15)
    raises("shots that do not divide", [], lambda: garnet.run(program_set, shots=301))
    raises("a simulator takes none", ["ValidationException"], lambda: AwsDevice(SV1).run(program_set, shots=300))


def noise():
    dm1 = AwsDevice(DM1)
    circuit = Circuit().x(0).add_circuit(Circuit().bit_flip(0, 0.25))
    counts = dm1.run(circuit, shots=4000).result().measurement_counts
    near("bit flip", counts["0"] / 4000, 0.25, 0.05)
    damped = Circuit().x(0).amplitude_damping(0, 0.3).density_matrix(target=[0])
    value = np.array(dm1.run(damped, shots=0).result().values[0])
    value = value[..., 0] + 1j * value[..., 1] if value.ndim == 3 else value
    check("density matrix", np.allclose(value, np.diag([0.3, 0.7])), value)
    noisy = bell()
    noisy.apply_gate_noise(noises.TwoQubitDepolarizing(0.15), target_gates=Gate.CNot)
    noisy.expectation(Observable.Z() @ Observable.Z(), target=[0, 1])
    near("depolarized", dm1.run(noisy, shots=0).result().values[0], 1 - 16 / 15 * 0.15, 1e-9)
    kraus = [np.sqrt(0.8) * np.eye(2), np.sqrt(0.2) * np.array([[0, 1], [1, 0]])]
    near("kraus", dm1.run(Circuit().i(0).kraus([0], kraus).expectation(Observable.Z(), target=0), shots=0).result().values[0], 0.6, 1e-9)
    raises("noise on SV1", ["ValidationException"], lambda: AwsDevice(SV1).run(circuit, shots=10))


def money():
    with Tracker() as tracker:
        AwsDevice(GARNET).run(bell(), shots=100).result()
        AwsDevice(SV1).run(bell(), shots=100).result()
    stats = tracker.quantum_tasks_statistics()
    check("shots tracked", stats[GARNET]["shots"] == 100 and stats[GARNET]["tasks"] == {"COMPLETED": 1}, stats)
    near("QPU cost", tracker.qpu_tasks_cost(), 0.30 + 100 * 0.00145, 1e-9)
    near("simulator cost", tracker.simulator_tasks_cost(), 0.00375, 1e-9)
    check("billed", stats[SV1]["billed_execution_duration"].total_seconds() == 3)
    braket = boto3.client("braket", region_name="eu-north-1")
    limit = braket.create_spending_limit(deviceArn=GARNET, spendingLimit="1.00", clientToken=str(uuid.uuid4()))
    raises("over the limit", ["ValidationException", "spending limit"],
           lambda: AwsDevice(GARNET).run(bell(), shots=1000))
    task = AwsDevice(GARNET).run(bell(), shots=100)
    row = braket.search_spending_limits()["spendingLimits"][0]
    check("queued spend", float(row["queuedSpend"]) == 0.445, row)
    task.result()
    row = braket.search_spending_limits()["spendingLimits"][0]
    check("total spend", (float(row["queuedSpend"]), float(row["totalSpend"])) == (0, 0.445), row)
    braket.delete_spending_limit(spendingLimitArn=limit["spendingLimitArn"])
    check("deleted", not braket.search_spending_limits()["spendingLimits"])


def lives():
    sv1 = AwsDevice(SV1)
    task = sv1.run(bell(), shots=10, tags={"team": "a"})
    check("tags", task.metadata()["tags"] == {"team": "a"})
    braket = boto3.client("braket")
    found = braket.search_quantum_tasks(filters=[
        {"name": "deviceArn", "operator": "EQUAL", "values": [SV1]},
        {"name": "status", "operator": "EQUAL", "values": ["COMPLETED"]}])["quantumTasks"]
    check("search", task.id in [t["quantumTaskArn"] for t in found])
    raises("cancel of a finished task", ["cannot cancel", "COMPLETED"], task.cancel)
    waiting = AwsDevice(FORTE).run(bell(), shots=100)
    waiting.cancel()
    check("cancelled", waiting.state() == "CANCELLED", waiting.state())
    check("no result", waiting.result() is None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        position = sv1.run(bell(), shots=10).queue_position()
    check("queue position", position.queue_position is not None or position.message is not None, position)
    verbatim = Circuit().add_verbatim_box(Circuit().prx(1, 0.1, 0.2).cz(1, 2))
    check("verbatim", AwsDevice(GARNET).run(verbatim, shots=10, disable_qubit_rewiring=True).result().measurements.shape == (10, 2))
    raises("not joined", ["ValidationException"], lambda: AwsDevice(GARNET).run(
        Circuit().add_verbatim_box(Circuit().cz(1, 20)), shots=10, disable_qubit_rewiring=True))
    debiased = AwsDevice(FORTE).run(bell(), shots=2500, device_parameters={"errorMitigation": [
        {"type": "braket.device_schema.error_mitigation.debias.Debias"}]})
    sharpened = debiased.result().additional_metadata.ionqMetadata.sharpenedProbabilities
    near("debias", sum(sharpened.values()), 1, 1e-9)


def compiled():
    for arn, first, gate in ((GARNET, "OPENQASM 3.0;", "prx("), (CEPHEUS, 'PRAGMA INITIAL_REWIRING "NAIVE"', "RX(")):
        text = AwsDevice(arn).run(bell(), shots=100).result().get_compiled_circuit()
        check(f"{arn} compiled", text.startswith(first) and gate in text and "cnot" not in text and "h q" not in text, text)
    frame = next(iter(AwsDevice(CEPHEUS).frames.values()))
    raises("pulses", ["ValidationException", "pulse"],
           lambda: AwsDevice(CEPHEUS).run(PulseSequence().set_frequency(frame, 5e9).delay(frame, 1e-7), shots=10))


def places():
    session = AwsSession()
    bucket = session.default_bucket()
    check("default bucket", bucket == f"amazon-braket-{session.region}-{session.account_id}", bucket)
    s3 = boto3.client("s3", region_name="us-east-1")
    s3.create_bucket(Bucket="amazon-braket-own")
    task = AwsDevice(SV1).run(bell(), ("amazon-braket-own", "mine/here"), shots=10)
    task.result()
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket="amazon-braket-own")["Contents"]]
    check("own place", keys == [f"mine/here/{task.id.split('/')[-1]}/results.json"], keys)
    body = json.loads(session.retrieve_s3_object_body("amazon-braket-own", keys[0]))
    check("header", body["braketSchemaHeader"]["name"] == "braket.task_result.gate_model_task_result")
    raises("no such bucket", ["ValidationException", "access"],
           lambda: AwsDevice(SV1).run(bell(), ("amazon-braket-nowhere", "x"), shots=10))
    check("a token for controls", os.environ.get("SHOTBOOK_MOCK_TOKEN"))


if __name__ == "__main__":
    for part in (devices, emulators, exact_results, sampled_results, batches, program_sets, noise, money, lives, compiled, places):
        section(part)
    end()

"""What the fixtures promise, with the unmodified Braket SDK."""

import boto3
import pytest
from braket.aws import AwsDevice
from braket.circuits import Circuit

GARNET = "arn:aws:braket:eu-north-1::device/qpu/iqm/Garnet"
BELL = Circuit().h(0).cnot(0, 1)


def test_a_task_runs_and_is_billed(braket_mock):
    counts = AwsDevice(GARNET).run(BELL, shots=100).result().measurement_counts
    assert sum(counts.values()) == 100
    assert braket_mock.meter() == {"creates": 1, "duplicate_tokens": 0, "cost": "0.445"}


def test_the_next_test_finds_nothing(braket_mock):
    state = braket_mock.state()
    assert (state["tasks"], state["objects"], state["faults"]) == ([], [], [])
    assert state["meter"]["cost"] == "0"


def test_a_lost_reply_buys_once(braket_mock):
    braket_mock.fault("lost_reply", "CreateQuantumTask")
    AwsDevice(GARNET).run(BELL, shots=10)
    meter = braket_mock.meter()
    assert (meter["creates"], meter["duplicate_tokens"]) == (1, 1)


def test_a_device_goes_offline_and_comes_back(braket_mock):
    braket_mock.device("Garnet", "OFFLINE")
    with pytest.raises(Exception, match="DeviceOffline"):
        AwsDevice(GARNET).run(BELL, shots=10)
    braket_mock.device("Garnet", "ONLINE")
    AwsDevice(GARNET).run(BELL, shots=10)


def test_the_clock_moves_on(braket_mock):
    before = braket_mock.state()["time"]
    assert braket_mock.advance(86_400_000) > before


def test_a_wrong_fault_says_why(braket_mock):
    with pytest.raises(ValueError, match="no operation"):
        braket_mock.fault("throttle", "Nope")


def test_faults_do_not_outlive_their_test(braket_mock):
    assert boto3.client("braket", region_name="eu-north-1").search_devices(filters=[])["devices"]

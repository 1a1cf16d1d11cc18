"""A Braket of its own for every test run: copy this file beside your tests.

In `conftest.py`:

    from shotbook_mock import braket_mock, braket_server  # noqa: F401

A test that takes `braket_mock` gets an empty world: no tasks, no objects, no faults, no cost.

    def test_a_lost_reply(braket_mock):
        braket_mock.fault("lost_reply", "CreateQuantumTask")
        ...
        assert braket_mock.meter()["creates"] == 1

The program is found on the PATH, or named by SHOTBOOK. Flags of `shotbook mock serve` go into
SHOTBOOK_MOCK_FLAGS, such as `--latency 5s --clock manual`.
"""

import json
import os
import shlex
import subprocess
import urllib.error
import urllib.request

import pytest

_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class BraketMock:
    """A running stand-in, and what a test may do to it."""

    def __init__(self, url, token):
        self.url, self._token = url, token

    def _post(self, what, body):
        request = urllib.request.Request(
            f"{self.url}/_shotbook/{what}",
            data=json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
        )
        try:
            with _direct.open(request, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise ValueError(json.load(error)["message"]) from None

    def state(self):
        """Tasks, jobs, objects, meter and armed faults."""
        with _direct.open(f"{self.url}/_shotbook/state", timeout=10) as answer:
            return json.load(answer)

    def meter(self):
        """What would have been billed: creates, duplicate_tokens, cost in dollars as text."""
        return self.state()["meter"]

    def fault(self, kind, operation="*", **more):
        """Arms a fault; `shotbook mock faults list` names the kinds and what else they take."""
        return self._post("faults", {"kind": kind, "operation": operation, **more})

    def advance(self, milliseconds):
        """Moves the world's clock on."""
        return self._post("clock", {"advance_ms": milliseconds})["time"]

    def device(self, name, status):
        """Sets the state of a device: ONLINE, OFFLINE or RETIRED."""
        return self._post("devices", {"device": name, "status": status})

    def reset(self):
        """Forgets everything."""
        return self._post("reset", {})


@pytest.fixture(scope="session")
def braket_server():
    """One stand-in for the whole run, with the environment that points AWS clients at it."""
    program = os.environ.get("SHOTBOOK", "shotbook")
    flags = shlex.split(os.environ.get("SHOTBOOK_MOCK_FLAGS", ""))
    command = [program, "mock", "serve", "--listen", "127.0.0.1:0", *flags]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    url, given = None, {}
    for line in server.stdout:
        word, _, rest = line.strip().partition(" ")
        if word == "listening":
            url = rest
        elif word == "export":
            # As a shell reads it: a value may be in quotes.
            name, _, value = shlex.split(rest)[0].partition("=")
            given[name] = value
        if "SHOTBOOK_MOCK_TOKEN" in given:
            break
    if url is None:
        raise RuntimeError(f"{shlex.join(command)} did not start: exit {server.wait()}")
    before = {name: os.environ.get(name) for name in [*given, "AWS_SESSION_TOKEN"]}
    os.environ.update(given)
    os.environ.pop("AWS_SESSION_TOKEN", None)
    yield BraketMock(url, given["SHOTBOOK_MOCK_TOKEN"])
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    server.terminate()
    server.wait(timeout=10)


@pytest.fixture
def braket_mock(braket_server):
    """The stand-in with nothing in it."""
    braket_server.reset()
    braket_server._post("faults", [])
    return braket_server

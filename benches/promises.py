#!/usr/bin/env python3
"""What the reliability contract promises in seconds and bytes, measured from outside.

    cargo build --release --locked
    benches/promises.py [BINARY] [--lines 10000] [--waiting 100000] [--rest 60]

Each row states its goal. The binary runs against its own stand-in, whose meter says when the first
request of a process came. Standard library only; Linux.
"""

import argparse
import json
import os
import resource
import signal
import subprocess
import tempfile
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BELL = os.path.join(ROOT, "circuits", "bell.qasm")
BUCKET = "amazon-braket-eu-north-1-123456789012"


class World:
    """A stand-in and a home of its own."""

    def __init__(self, binary, *flags):
        self.binary = binary
        self.home = tempfile.TemporaryDirectory()
        command = [binary, "mock", "serve", "--listen", "127.0.0.1:0", *flags]
        self.server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.env = {"PATH": "/usr/bin:/bin", "HOME": self.home.name, "SHOTBOOK_HOME": self.home.name}
        for line in self.server.stdout:
            if line.startswith("export "):
                name, value = line[len("export "):].strip().split("=", 1)
                self.env[name] = value.strip("'\"")
            # The token comes last.
            if "SHOTBOOK_MOCK_TOKEN" in self.env:
                break
        self.url = self.env["AWS_ENDPOINT_URL_BRAKET"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.send_signal(signal.SIGINT)
        self.server.wait(30)
        self.home.cleanup()

    def start(self, *args):
        return subprocess.Popen([self.binary, *args], env=self.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def run(self, *args, codes=(0,)):
        began = time.perf_counter()
        done = subprocess.run([self.binary, *args], env=self.env, capture_output=True, text=True)
        seconds = time.perf_counter() - began
        if done.returncode not in codes:
            raise SystemExit(f"{args}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
        return seconds

    def creates(self):
        with urllib.request.urlopen(self.url + "/_shotbook/state") as answer:
            return json.load(answer)["meter"]["creates"]

    def call(self, service, method, path, body):
        scope = f"AWS4-HMAC-SHA256 Credential=123456789012/20261129/eu-north-1/{service}/aws4_request"
        head = {"Authorization": f"{scope}, SignedHeaders=host, Signature=00", "Content-Type": "application/json"}
        asked = urllib.request.Request(self.url + path, data=body, method=method, headers=head)
        with urllib.request.urlopen(asked) as answer:
            return answer.read()

    def until_create(self, process, more_than):
        """Seconds until the stand-in has sold another task."""
        began = time.perf_counter()
        while process.poll() is None and time.perf_counter() - began < 60:
            if self.creates() > more_than:
                return time.perf_counter() - began
            time.sleep(0.005)
        return time.perf_counter() - began if self.creates() > more_than else float("nan")


def peak(pid):
    """Most memory that a process has held, in MiB."""
    with open(f"/proc/{pid}/status") as status:
        for line in status:
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
    return float("nan")


def processor(pid):
    """Processor time of a process so far, in seconds."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def lines(world, count, device):
    path = os.path.join(world.home.name, f"{device}-{count}.jsonl")
    with open(path, "w") as out:
        for n in range(count):
            out.write(json.dumps({"file": BELL, "device": device, "shots": 10, "key": f"k{n}"}) + "\n")
    return path


def batches(binary, count, show):
    with World(binary) as world:
        path = lines(world, count, "local")
        seconds = world.run("submit", "--batch", path, "--key", "b", "--yes", "--detach")
        show(f"accept {count:,} local lines in one commit", f"{seconds:.2f} s", "< 1 s")
        seconds = world.run("worker", "--drain")
        show("their whole life, jobs a second", f"{count / seconds:,.0f}", "at least 2,000")
        began = time.perf_counter()
        for n in range(100):
            world.run("submit", BELL, "--on", "local", "--shots", "10", "--key", f"one{n}", "--yes")
        each = 100 / (time.perf_counter() - began)
        show("single local jobs a second, a process each", f"{each:,.0f}", "at least 80")


def resumed(binary, count, show):
    with World(binary) as world:
        path = lines(world, count, "garnet")
        seconds = world.run("submit", "--batch", path, "--key", "b", "--yes", "--detach")
        show(f"accept {count:,} paid lines", f"{seconds:.2f} s", "< 1 s")
        worker = world.start("worker", "--drain")
        world.until_create(worker, 3)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        before = world.creates()
        worker = world.start("worker", "--drain")
        seconds = world.until_create(worker, before)
        show("first new task after kill -9 in the midst of them", f"{seconds:.2f} s", "< 1 s")
        worker.send_signal(signal.SIGTERM)
        worker.wait()


def waiting(binary, count, show):
    with World(binary) as world:
        path = lines(world, count, "local")
        never = ["--not-before", "2099-01-01T00:00:00Z"]
        world.run("submit", "--batch", path, "--key", "b", "--yes", "--detach", *never)
        world.run("submit", BELL, "--on", "garnet", "--shots", "10", "--not-before", "10s", "--yes", "--detach")
        time.sleep(10)
        before = world.creates()
        worker = world.start("worker")
        seconds = world.until_create(worker, before)
        show(f"open to first request with {count:,} jobs waiting", f"{seconds:.2f} s", "< 2 s")
        show("its memory", f"{peak(worker.pid):.0f} MiB", "< 256 MiB")
        worker.send_signal(signal.SIGTERM)
        worker.wait()


def resting(binary, count, seconds, show):
    with World(binary, "--latency", "100h") as world:
        where = b"<CreateBucketConfiguration><LocationConstraint>eu-north-1</LocationConstraint></CreateBucketConfiguration>"
        world.call("s3", "PUT", "/" + BUCKET, where)
        program = "OPENQASM 3.0; qubit[1] q; bit[1] b; x q[0]; b[0] = measure q[0];"
        action = {"braketSchemaHeader": {"name": "braket.ir.openqasm.program", "version": "1"}, "source": program}
        for n in range(count):
            task = {
                "clientToken": f"token-{n}",
                "deviceArn": "arn:aws:braket:eu-north-1::device/qpu/iqm/Garnet",
                "action": json.dumps(action),
                "shots": 10,
                "outputS3Bucket": BUCKET,
                "outputS3KeyPrefix": f"rest/{n}",
                "deviceParameters": "{}",
            }
            world.call("braket", "POST", "/quantum-task", json.dumps(task).encode())
        took = world.run("import", "--since", "1d", "--all-regions", "--detach")
        show(f"import of {count:,} tasks of others", f"{took:.1f} s", "the quota of SearchQuantumTasks")
        worker = world.start("worker")
        # Looks at a task begin a second apart and end a minute apart.
        time.sleep(150)
        before, began = processor(worker.pid), time.perf_counter()
        time.sleep(seconds)
        share = (processor(worker.pid) - before) / (time.perf_counter() - began)
        show(f"worker at rest with {count:,} QUEUED: share of a core", f"{100 * share:.2f} %", "< 1 %")
        show("its memory", f"{peak(worker.pid):.0f} MiB", "< 64 MiB")
        worker.send_signal(signal.SIGTERM)
        worker.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("binary", nargs="?", default=os.path.join(ROOT, "target", "release", "shotbook"))
    parser.add_argument("--lines", type=int, default=10_000)
    parser.add_argument("--waiting", type=int, default=100_000)
    parser.add_argument("--rest", type=int, default=60, help="seconds that the resting worker is watched")
    args = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    binary = os.path.abspath(args.binary)
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    print("| promise | measured | goal |\n|---|---|---|")
    show = lambda what, value, goal: print(f"| {what} | {value} | {goal} |", flush=True)
    batches(binary, args.lines, show)
    resumed(binary, args.lines, show)
    waiting(binary, args.waiting, show)
    resting(binary, args.lines, args.rest, show)


if __name__ == "__main__":
    main()

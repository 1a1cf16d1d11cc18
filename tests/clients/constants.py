"""Answers one operation with its first answer for ever, and counts the checks that notice.

`python tests/clients/constants.py target/release/shotbook`, in an environment that has requirements.txt, runs
the other scripts here against a stand-in behind such a proxy, for each operation in turn. An operation that
no check notices is one that could be a constant; the last line counts.
"""

import http.client
import http.server
import os
import pathlib
import re
import shlex
import subprocess
import sys
import threading

from checks import check, end

HERE = pathlib.Path(__file__).parent
SCRIPTS = ("model", "boto3", "jobs", "sdk")
MOST_S = 150
OPERATIONS = [
    ("POST", r"^/quantum-task$", "CreateQuantumTask"),
    ("POST", r"^/quantum-tasks", "SearchQuantumTasks"),
    ("GET", r"^/quantum-task/", "GetQuantumTask"),
    ("PUT", r"^/quantum-task/.*/cancel$", "CancelQuantumTask"),
    ("GET", r"^/device/", "GetDevice"),
    ("POST", r"^/devices", "SearchDevices"),
    ("GET", r"^/tags/", "ListTagsForResource"),
    ("POST", r"^/tags/", "TagResource"),
    ("DELETE", r"^/tags/", "UntagResource"),
    ("POST", r"^/spending-limit$", "CreateSpendingLimit"),
    ("PATCH", r"^/spending-limit/", "UpdateSpendingLimit"),
    ("DELETE", r"^/spending-limit/", "DeleteSpendingLimit"),
    ("POST", r"^/spending-limits", "SearchSpendingLimits"),
    ("POST", r"^/job$", "CreateJob"),
    ("GET", r"^/job/", "GetJob"),
    ("PUT", r"^/job/.*/cancel$", "CancelJob"),
    ("POST", r"^/jobs", "SearchJobs"),
]


def operation(method, path, authorization):
    """The operation of Braket that a request names, or an empty text."""
    named = (name for verb, pattern, name in OPERATIONS if verb == method and re.match(pattern, path))
    return next(named, "") if "/braket/" in authorization else ""


def proxy(port, constant):
    """A proxy before a stand-in that answers one operation with its first answer for ever."""
    first = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def answer(self):
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            name = operation(self.command, self.path, self.headers.get("authorization") or "")
            if name == constant and name in first:
                status, headers, content = first[name]
            else:
                back = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                kept = {k: v for k, v in self.headers.items() if k.lower() not in ("connection", "expect")}
                back.request(self.command, self.path, body=body, headers=kept)
                reply = back.getresponse()
                status, content = reply.status, reply.read()
                drop = ("connection", "transfer-encoding", *(() if self.command == "HEAD" else ("content-length",)))
                headers = [(k, v) for k, v in reply.getheaders() if k.lower() not in drop]
                if name == constant and status < 300:
                    first[name] = (status, headers, content)
            self.send_response_only(status)
            for key, value in headers:
                self.send_header(key, value)
            if self.command != "HEAD":
                self.send_header("content-length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_PUT = do_POST = do_DELETE = do_PATCH = do_HEAD = answer

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def failures(binary, constant, script):
    """How many checks of a script fail; `None` where it crashed or did not end, which is no check that noticed."""
    served = subprocess.Popen([binary, "mock", "serve", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
    port = int(served.stdout.readline().rsplit(":", 1)[1])
    between = proxy(port, constant)
    environment = dict(os.environ)
    for line in served.stdout:
        name, value = shlex.split(line)[1].split("=", 1)
        environment[name] = value.replace(f":{port}", f":{between.server_address[1]}")
        if name == "SHOTBOOK_MOCK_TOKEN":
            break
    try:
        run = subprocess.run([sys.executable, HERE / f"{script}_check.py"], env=environment, capture_output=True, text=True,
                             timeout=MOST_S)
        counted = re.search(r"^\d+ passed, (\d+) failed$", run.stdout, re.MULTILINE)
        if counted is None:
            return None
        # A client that crashed noticed nothing; where nothing is constant, it must not crash either.
        return len(re.findall(r"^FAILED ", run.stdout, re.MULTILINE)) if constant else int(counted[1])
    except subprocess.TimeoutExpired:
        return None
    finally:
        between.shutdown()
        served.terminate()
        served.wait()


if __name__ == "__main__":
    for constant in ["", *(name for *_, name in OPERATIONS)]:
        found = {script: failures(sys.argv[1], constant, script) for script in SCRIPTS}
        print(constant or "none", *(f"{script} {n}" for script, n in found.items()))
        # Without a constant nothing fails and nothing crashes.
        ended = [n for n in found.values() if n is not None]
        check(constant or "none", any(ended) if constant else ended == [0] * len(SCRIPTS), found)
    end()

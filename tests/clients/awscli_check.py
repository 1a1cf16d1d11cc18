"""The unmodified AWS CLI against the stand-in that the environment names.

Run it as `shotbook mock exec -- python tests/clients/awscli_check.py`; the last line counts.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

from checks import check, end, section

GARNET = "arn:aws:braket:eu-north-1::device/qpu/iqm/Garnet"
BELL = "OPENQASM 3.0;\nbit[2] b;\nqubit[2] q;\nh q[0];\ncnot q[0], q[1];\nb = measure q;\n"
AWS = str(pathlib.Path(sys.executable).parent / "aws")


def aws(*words):
    """What a command prints as JSON, or its error text."""
    done = subprocess.run([AWS, "--region", "eu-north-1", "--output", "json", *words], capture_output=True, text=True)
    if done.returncode:
        return done.stderr
    return json.loads(done.stdout) if done.stdout.strip().startswith(("{", "[")) else done.stdout


def tasks():
    account = aws("sts", "get-caller-identity")["Account"]
    check("account", len(account) == 12, account)
    bucket = f"amazon-braket-eu-north-1-{account}"
    check("bucket", aws("s3", "mb", f"s3://{bucket}").startswith("make_bucket"))
    check("device", aws("braket", "get-device", "--device-arn", GARNET)["deviceName"] == "Garnet")
    found = aws("braket", "search-devices", "--filters", f"name=deviceArn,values={GARNET}")["devices"]
    check("devices", [d["deviceArn"] for d in found] == [GARNET], found)
    action = json.dumps({"braketSchemaHeader": {"name": "braket.ir.openqasm.program", "version": "1"}, "source": BELL})
    made = aws("braket", "create-quantum-task", "--device-arn", GARNET, "--shots", "100", "--action", action,
               "--output-s3-bucket", bucket, "--output-s3-key-prefix", "cli", "--tags", "team=a")
    check("create", "quantumTaskArn" in made, made)
    arn = made["quantumTaskArn"]
    task = aws("braket", "get-quantum-task", "--quantum-task-arn", arn, "--additional-attribute-names", "QueueInfo")
    check("get", (task["status"], task["tags"], task["queueInfo"]["position"]) == ("COMPLETED", {"team": "a"}, "None"), task)
    listed = aws("braket", "search-quantum-tasks", "--filters", f"name=deviceArn,operator=EQUAL,values={GARNET}")
    check("search", [t["quantumTaskArn"] for t in listed["quantumTasks"]] == [arn], listed)
    check("cancel", "ConflictException" in aws("braket", "cancel-quantum-task", "--quantum-task-arn", arn))
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "results.json"
        aws("s3", "cp", f"s3://{bucket}/{task['outputS3Directory']}/results.json", str(file))
        check("result", len(json.loads(file.read_text())["measurements"]) == 100)
        other = pathlib.Path(folder) / "big.bin"
        other.write_bytes(bytes(range(256)) * 40_000)
        aws("s3", "cp", str(other), f"s3://{bucket}/big.bin")
        aws("s3", "cp", f"s3://{bucket}/big.bin", str(file))
        check("a large object in parts", file.read_bytes() == other.read_bytes())
        aws("s3", "sync", folder, f"s3://{bucket}/folder")
        rows = aws("s3", "ls", f"s3://{bucket}/folder/")
        check("sync", "big.bin" in rows and "results.json" in rows, rows)
    check("rb", "BucketNotEmpty" in aws("s3", "rb", f"s3://{bucket}"))
    aws("s3", "rm", "--recursive", f"s3://{bucket}")
    check("rm", aws("s3", "ls", f"s3://{bucket}") == "", aws("s3", "ls", f"s3://{bucket}"))


def tags():
    arn = aws("braket", "search-quantum-tasks", "--filters", "[]")["quantumTasks"][0]["quantumTaskArn"]
    aws("braket", "tag-resource", "--resource-arn", arn, "--tags", "k=v")
    check("tags", aws("braket", "list-tags-for-resource", "--resource-arn", arn)["tags"] == {"team": "a", "k": "v"})
    aws("braket", "untag-resource", "--resource-arn", arn, "--tag-keys", "team")
    check("untag", aws("braket", "list-tags-for-resource", "--resource-arn", arn)["tags"] == {"k": "v"})


def limits():
    made = aws("braket", "create-spending-limit", "--device-arn", GARNET, "--spending-limit", "5.00")
    arn = made["spendingLimitArn"]
    aws("braket", "update-spending-limit", "--spending-limit-arn", arn, "--spending-limit", "7.50")
    rows = aws("braket", "search-spending-limits")["spendingLimits"]
    check("limit", [r["spendingLimit"] for r in rows] == ["7.50"], rows)
    aws("braket", "delete-spending-limit", "--spending-limit-arn", arn)
    check("gone", aws("braket", "search-spending-limits")["spendingLimits"] == [])


def jobs():
    made = aws("braket", "create-job", "--job-name", "mine", "--role-arn", "arn:aws:iam::123456789012:role/r",
               "--algorithm-specification", "scriptModeConfig={entryPoint=a,s3Uri=s3://b/c}",
               "--instance-config", "instanceType=ml.m5.large,volumeSizeInGb=1",
               "--output-data-config", "s3Path=s3://b/out", "--device-config", f"device={GARNET}")
    check("job", "jobArn" in made, made)
    job = aws("braket", "get-job", "--job-arn", made["jobArn"])
    check("job name", job["jobName"] == "mine", job)
    rows = aws("braket", "search-jobs", "--filters", "name=jobName,operator=CONTAINS,values=min")["jobs"]
    check("jobs", len(rows) == 1, rows)


if __name__ == "__main__":
    for part in (tasks, tags, limits, jobs):
        section(part)
    end()

"""Unmodified boto3 against the stand-in that the environment names.

Run it as `shotbook mock exec -- python tests/clients/boto3_check.py`; the last line counts.
"""

import json
import sys
import uuid

import boto3
from botocore.exceptions import ClientError

GARNET = "arn:aws:braket:eu-north-1::device/qpu/iqm/Garnet"
SV1 = "arn:aws:braket:::device/quantum-simulator/amazon/sv1"
BELL = "OPENQASM 3.0;\nbit[2] b;\nqubit[2] q;\nh q[0];\ncnot q[0], q[1];\nb[0] = measure q[0];\nb[1] = measure q[1];\n"

passed, failed = 0, 0


def check(name, ok, detail=""):
    global passed, failed
    if ok:
        passed += 1
    else:
        failed += 1
        print(f"FAILED {name}: {detail}")


def refused(name, code, status, call):
    try:
        call()
    except ClientError as error:
        got = (error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"])
        check(name, got == (code, status), got)
    else:
        check(name, False, "it was accepted")


def action(source):
    header = {"name": "braket.ir.openqasm.program", "version": "1"}
    return json.dumps({"braketSchemaHeader": header, "source": source})


def main():
    account = boto3.client("sts").get_caller_identity()["Account"]
    check("account", len(account) == 12, account)
    region = "eu-north-1"
    bucket = f"amazon-braket-{region}-{account}"
    s3 = boto3.client("s3", region_name=region)
    braket = boto3.client("braket", region_name=region)
    request = dict(
        deviceArn=GARNET,
        shots=100,
        action=action(BELL),
        outputS3Bucket=bucket,
        outputS3KeyPrefix="tasks",
        tags={"project": "check"},
    )
    token = str(uuid.uuid4())
    refused("no bucket", "ValidationException", 400, lambda: braket.create_quantum_task(clientToken=token, **request))
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": region})

    arn = braket.create_quantum_task(clientToken=token, **request)["quantumTaskArn"]
    check("arn", arn.startswith(f"arn:aws:braket:{region}:{account}:quantum-task/"), arn)
    again = braket.create_quantum_task(clientToken=token, **request)["quantumTaskArn"]
    check("the same token is the same task", again == arn, again)
    other = dict(request, shots=101)
    refused("the same token with another body", "ValidationException", 400,
            lambda: braket.create_quantum_task(clientToken=token, **other))
    second = braket.create_quantum_task(clientToken=str(uuid.uuid4()), **request)["quantumTaskArn"]
    check("another token is another task", second != arn)

    task = braket.get_quantum_task(quantumTaskArn=arn)
    check("status", task["status"] == "COMPLETED", task["status"])
    check("shots", (task["shots"], task["numSuccessfulShots"]) == (100, 100), task)
    check("tags", task["tags"] == {"project": "check"}, task["tags"])
    key = f"{task['outputS3Directory']}/results.json"
    result = json.loads(s3.get_object(Bucket=task["outputS3Bucket"], Key=key)["Body"].read())
    rows = result["measurements"]
    # Garnet reads one bit in thirty wrong.
    check("measurements", len(rows) == 100 and sum(a == b for a, b in rows) > 75, rows[:3])
    check("metadata", result["taskMetadata"]["id"] == arn, result["taskMetadata"])
    check("both outcomes", {tuple(r) for r in rows} >= {(0, 0), (1, 1)})

    mine = [{"name": "quantumTaskArn", "operator": "EQUAL", "values": [arn]}]
    found = braket.search_quantum_tasks(filters=mine)["quantumTasks"]
    check("search", [t["quantumTaskArn"] for t in found] == [arn], found)
    pages = braket.get_paginator("search_quantum_tasks").paginate(filters=[], PaginationConfig={"PageSize": 1})
    listed = [t["quantumTaskArn"] for page in pages for t in page["quantumTasks"]]
    check("pages", sorted(listed) == sorted([arn, second]), listed)
    elsewhere = boto3.client("braket", region_name="us-west-1").search_quantum_tasks(filters=[])["quantumTasks"]
    check("another region is another list", elsewhere == [], elsewhere)
    refused("another region knows no such task", "ResourceNotFoundException", 404,
            lambda: boto3.client("braket", region_name="us-west-1").get_quantum_task(quantumTaskArn=arn))

    refused("cancel of a finished task", "ConflictException", 409,
            lambda: braket.cancel_quantum_task(quantumTaskArn=arn, clientToken=str(uuid.uuid4())))
    cancelled = braket.cancel_quantum_task(quantumTaskArn=second, clientToken=str(uuid.uuid4()))
    check("cancel", cancelled["cancellationStatus"] == "CANCELLING", cancelled)
    check("cancelled", braket.get_quantum_task(quantumTaskArn=second)["status"] == "CANCELLED")

    braket.tag_resource(resourceArn=arn, tags={"k": "v"})
    check("tag", braket.list_tags_for_resource(resourceArn=arn)["tags"] == {"project": "check", "k": "v"})
    braket.untag_resource(resourceArn=arn, tagKeys=["project"])
    check("untag", braket.list_tags_for_resource(resourceArn=arn)["tags"] == {"k": "v"})

    device = braket.get_device(deviceArn=GARNET)
    check("device", (device["deviceName"], device["deviceType"]) == ("Garnet", "QPU"), device["deviceName"])
    capabilities = json.loads(device["deviceCapabilities"])
    check("qubits", capabilities["paradigm"]["qubitCount"] == 20)
    check("no OpenQASM for clients that do not know it", capabilities["action"] == {}, capabilities["action"])
    names = {d["deviceName"] for d in braket.search_devices(filters=[])["devices"]}
    check("devices of the region", "Garnet" in names and "Forte 1" not in names, names)

    refused("an unknown gate", "ValidationException", 400, lambda: braket.create_quantum_task(
        clientToken=str(uuid.uuid4()), **dict(request, action=action("OPENQASM 3.0;\nqubit q;\nnope q;\n"))))
    refused("a retired device", "DeviceRetiredException", 410, lambda: braket.create_quantum_task(
        clientToken=str(uuid.uuid4()),
        **dict(request, deviceArn="arn:aws:braket:us-east-1::device/qpu/ionq/Harmony")))
    refused("too many shots", "ValidationException", 400, lambda: braket.create_quantum_task(
        clientToken=str(uuid.uuid4()), **dict(request, shots=20_001)))

    east = boto3.client("braket", region_name="us-east-1")
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="exact-results")
    exact = "OPENQASM 3.0;\nqubit[1] q;\nx q[0];\n#pragma braket result expectation z(q[0])\n"
    arn = east.create_quantum_task(clientToken=str(uuid.uuid4()), deviceArn=SV1, shots=0, action=action(exact),
                                   outputS3Bucket="exact-results", outputS3KeyPrefix="p")["quantumTaskArn"]
    directory = east.get_quantum_task(quantumTaskArn=arn)["outputS3Directory"]
    body = boto3.client("s3", region_name="us-east-1").get_object(Bucket="exact-results", Key=f"{directory}/results.json")
    value = json.loads(body["Body"].read())["resultTypes"][0]["value"]
    check("an exact expectation", abs(value + 1) < 1e-12, value)

    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

"""Every operation of botocore's own service model against the stand-in that the environment names.

For each operation: a request that the model allows is accepted, and its answer has every member
that the model requires, in the model's types, ranges and words. Then each constraint of the
request's shape is broken once, alone, and must be refused as a ValidationException.

Run it as `shotbook mock exec -- python tests/clients/model_check.py`; the last line counts.
"""

import copy
import json
import re
import socket
import uuid

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from checks import check, end, section

REGION = "eu-north-1"
GARNET = "arn:aws:braket:eu-north-1::device/qpu/iqm/Garnet"
EMERALD = "arn:aws:braket:eu-north-1::device/qpu/iqm/Emerald"
BELL = "OPENQASM 3.0;\nbit[2] b;\nqubit[2] q;\nh q[0];\ncnot q[0], q[1];\nb = measure q;\n"
ACTION = json.dumps({"braketSchemaHeader": {"name": "braket.ir.openqasm.program", "version": "1"}, "source": BELL})
# The client would refuse most of what is sent here before it left.
loose = boto3.client("braket", region_name=REGION, config=Config(parameter_validation=False, retries={"total_max_attempts": 1}))
MODEL = loose.meta.service_model
ACCOUNT = boto3.client("sts", region_name=REGION).get_caller_identity()["Account"]
BUCKET = f"amazon-braket-{REGION}-{ACCOUNT}"


def token():
    return str(uuid.uuid4())


def task_request():
    return {"clientToken": token(), "deviceArn": GARNET, "action": ACTION, "shots": 10, "outputS3Bucket": BUCKET,
            "outputS3KeyPrefix": "p", "deviceParameters": "{}", "tags": {"k": "v"},
            "experimentalCapabilities": {"enabled": "NONE"},
            "associations": [{"arn": f"arn:aws:braket:{REGION}:{ACCOUNT}:reservation/5a0f0f9c-0d3b-4f0e-9c55-1f0a7be1a2c3", "type": "RESERVATION_TIME_WINDOW_ARN"}]}


def job_request():
    return {"clientToken": token(), "jobName": f"job-{uuid.uuid4().hex[:8]}", "roleArn": f"arn:aws:iam::{ACCOUNT}:role/service/r",
            "algorithmSpecification": {"scriptModeConfig": {"entryPoint": "a", "s3Uri": f"s3://{BUCKET}/a", "compressionType": "GZIP"},
                                       "containerImage": {"uri": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/image:1"}},
            "inputDataConfig": [{"channelName": "c.1", "contentType": "t", "dataSource": {"s3DataSource": {"s3Uri": f"s3://{BUCKET}/i"}}}],
            "outputDataConfig": {"s3Path": f"s3://{BUCKET}/o", "kmsKeyId": "k"},
            "checkpointConfig": {"s3Uri": f"s3://{BUCKET}/c", "localPath": "/x"},
            "stoppingCondition": {"maxRuntimeInSeconds": 60},
            "instanceConfig": {"instanceType": "ml.m5.large", "volumeSizeInGb": 1, "instanceCount": 1},
            "associations": task_request()["associations"],
            "hyperParameters": {"a": "1"}, "deviceConfig": {"device": GARNET}, "tags": {"k": "v"}}


class Things:
    """What the requests name: made once, of every kind."""

    def __init__(self):
        boto3.client("s3", region_name=REGION).create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.task = self.new_task()
        self.job = self.new_job()
        self.limit = loose.create_spending_limit(
            clientToken=token(), deviceArn=EMERALD, spendingLimit="9.50")["spendingLimitArn"]

    def new_task(self):
        return loose.create_quantum_task(**task_request())["quantumTaskArn"]

    def new_job(self):
        return loose.create_job(**job_request())["jobArn"]

    def request(self, operation):
        """A request with every member that the operation knows."""
        time = {"startAt": 1_700_000_000, "endAt": 4_000_000_000}
        rows = lambda name, **more: {"maxResults": 2, "filters": [{"name": name, "values": [GARNET], **more}]}
        equal = {"operator": "EQUAL"}
        return {
            "CreateQuantumTask": task_request,
            "GetQuantumTask": lambda: {"quantumTaskArn": self.task, "additionalAttributeNames": ["QueueInfo"]},
            "CancelQuantumTask": lambda: {"quantumTaskArn": self.new_task(), "clientToken": token()},
            "SearchQuantumTasks": lambda: rows("deviceArn", **equal),
            "GetDevice": lambda: {"deviceArn": GARNET},
            "SearchDevices": lambda: rows("deviceArn"),
            "CreateJob": job_request,
            "GetJob": lambda: {"jobArn": self.job, "additionalAttributeNames": ["QueueInfo"]},
            "CancelJob": lambda: {"jobArn": self.new_job()},
            "SearchJobs": lambda: rows("deviceArn", **equal),
            "CreateSpendingLimit": lambda: {"clientToken": token(), "deviceArn": GARNET, "spendingLimit": "12.3",
                                            "timePeriod": time, "tags": {"k": "v"}},
            "UpdateSpendingLimit": lambda: {"spendingLimitArn": self.limit, "clientToken": token(),
                                            "spendingLimit": "12.3", "timePeriod": time},
            "DeleteSpendingLimit": lambda: {"spendingLimitArn": self.limit},
            "SearchSpendingLimits": lambda: {"maxResults": 2, "filters": [{"name": "deviceArn", "values": [EMERALD], **equal}]},
            "ListTagsForResource": lambda: {"resourceArn": self.task},
            "TagResource": lambda: {"resourceArn": self.task, "tags": {"x": "y"}},
            "UntagResource": lambda: {"resourceArn": self.task, "tagKeys": ["x"]},
        }[operation]()


def call(operation, request):
    name = re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
    return getattr(loose, name)(**request)


def fits(shape, value, path, faults):
    """Collects what of an answer the model does not allow."""
    kind, rule = shape.type_name, shape.metadata
    if kind == "structure":
        for name in shape.required_members:
            if name not in value:
                faults.append(f"{path}.{name} is missing")
        for name, inner in value.items():
            if name != "ResponseMetadata":
                fits(shape.members[name], inner, f"{path}.{name}", faults)
    elif kind == "list":
        for inner in value:
            fits(shape.member, inner, f"{path}[]", faults)
    elif kind == "map":
        for key, inner in value.items():
            fits(shape.value, inner, f"{path}.{key}", faults)
    elif kind == "string":
        if not isinstance(value, str):
            faults.append(f"{path} is no text")
        elif "enum" in rule and value not in rule["enum"]:
            faults.append(f"{path} is {value}")
        elif "pattern" in rule and not re.fullmatch(rule["pattern"], value):
            faults.append(f"{path} is {value}")
    elif kind in ("integer", "long") and not isinstance(value, int):
        faults.append(f"{path} is no number")
    size = len(value) if kind in ("string", "list", "map") else value if kind in ("integer", "long") else None
    if size is not None and not rule.get("min", size) <= size <= rule.get("max", size):
        faults.append(f"{path} has the size {size}")


def broken(shape, value):
    """Every way to break one constraint, as pairs of a word and the broken value."""
    kind, rule = shape.type_name, shape.metadata
    if kind == "structure":
        for name, member in shape.members.items():
            if name not in value:
                continue
            if name in shape.required_members and member.serialization.get("location") != "uri":
                yield f"{name} missing", {k: v for k, v in value.items() if k != name}
            for word, inner in broken(member, value[name]):
                yield f"{name} {word}", {**value, name: inner}
        return
    if kind == "list":
        low, high = rule.get("min", 0), rule.get("max")
        if low > 0:
            yield "too few", value[: low - 1]
        if high is not None:
            yield "too many", (value * (high + 1))[: high + 1]
        for word, inner in broken(shape.member, value[0]):
            yield f"[] {word}", [inner]
    if kind == "map":
        if "max" in rule:
            yield "too many", {f"key{i}": "v" for i in range(rule["max"] + 1)}
        for word, inner in broken(shape.value, next(iter(value.values()))):
            yield f"value {word}", {**value, next(iter(value)): inner}
    if kind == "string":
        if rule.get("min", 0) > 0:
            yield "too short", ""
        if "max" in rule:
            yield "too long", value + "x" * (rule["max"] + 1)
        if "enum" in rule:
            yield "no such word", "NOPE"
        if "pattern" in rule and rule["pattern"] != ".*":
            yield "of another form", "!?"
    if kind in ("integer", "long"):
        if "min" in rule:
            yield "too small", rule["min"] - 1
        if "max" in rule:
            yield "too large", rule["max"] + 1
        yield "of another type", "text"


def accepted():
    things = Things()
    # What deletes comes last.
    for operation in sorted(MODEL.operation_names, key=lambda name: name.startswith("Delete")):
        model = MODEL.operation_model(operation)
        full = things.request(operation)
        unknown = set(full) - set(model.input_shape.members)
        # A token of a job is broken below; one of a page comes from the page before.
        rest = set(model.input_shape.members) - set(full) - {"nextToken", "jobToken"}
        check(f"{operation} has every member", not unknown and not rest, (unknown, rest))
        answer = call(operation, full)
        status = answer["ResponseMetadata"]["HTTPStatusCode"]
        check(f"{operation} status", status == model.http.get("responseCode", 200), status)
        faults = []
        fits(model.output_shape, answer, operation, faults)
        check(f"{operation} answer", not faults, faults)
        headers = answer["ResponseMetadata"]["HTTPHeaders"]
        check(f"{operation} id", headers.get("x-amzn-requestid") and headers.get("x-shotbook-world"))


def refused():
    things = Things2()
    for operation in MODEL.operation_names:
        shape = MODEL.operation_model(operation).input_shape
        ways = list(broken(shape, things.request(operation)))
        if "jobToken" in shape.members:
            member = shape.members["jobToken"]
            ways += [(f"jobToken {word}", {**task_request(), "jobToken": wrong}) for word, wrong in broken(member, "t")]
        for word, request in ways:
            request = copy.deepcopy(request)
            if "clientToken" in request and len(request["clientToken"]) == 36:
                request["clientToken"] = token()
            if word == "clientToken missing" or uri_empty(shape, request):
                continue
            try:
                call(operation, request)
            except ClientError as error:
                got = (error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"])
                check(f"{operation}: {word}", got == ("ValidationException", 400), got)
            else:
                check(f"{operation}: {word}", False, "it was accepted")


def shapes():
    """Bodies that no client would send: each must be refused, and the stand-in must live on."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.httpsession import URLLib3Session

    # Without it every body waits for the acknowledgement of its head.
    options = [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]
    session, credentials = URLLib3Session(socket_options=options), boto3.Session().get_credentials()
    for operation in MODEL.operation_names:
        model = MODEL.operation_model(operation)
        places = [n for n, m in model.input_shape.members.items() if not m.serialization.get("location")]
        if model.http["method"] == "GET" or not places or "{" in model.http["requestUri"]:
            continue
        bodies = ["", "[]", "null", "7", "{", '"text"', "\x00", "[" * 100_000]
        for name in places:
            kind = model.input_shape.members[name].type_name
            for wrong in ("7", '"text"', "[]", "{}", "true", '[[[7]]]'):
                same = {"string": '"', "list": "[", "map": "{", "structure": "{", "long": "7", "integer": "7"}[kind]
                if not wrong.startswith(same) or wrong == "[[[7]]]":
                    bodies.append('{"%s": %s}' % (name, wrong))
        if "clientToken" in places:
            # A client that has none makes one, so that only here it is missing.
            full = {"CreateQuantumTask": task_request, "CreateJob": job_request}.get(
                operation, lambda: {"deviceArn": GARNET, "spendingLimit": "1"})()
            bodies.append(json.dumps({name: full[name] for name in places if name in full and name != "clientToken"}))
        for body in bodies:
            # A search for spending limits may be empty.
            if operation == "SearchSpendingLimits" and body in ("", "null"):
                continue
            request = AWSRequest("POST", loose.meta.endpoint_url + model.http["requestUri"], data=body.encode(),
                                 headers={"Content-Type": "application/json"})
            SigV4Auth(credentials, "braket", REGION).add_auth(request)
            answer = session.send(request.prepare())
            got = (answer.status_code, answer.headers.get("x-amzn-errortype"))
            check(f"{operation} {body[:40]}", got == (400, "ValidationException"), got)
            check(f"{operation} {body[:40]} message", json.loads(answer.content).get("message"))


def uri_empty(shape, request):
    """Whether a member of the path is empty: that names another operation, or none."""
    places = [n for n, m in shape.members.items() if m.serialization.get("location") == "uri"]
    return any(request.get(name) == "" for name in places)


class Things2(Things):
    """The same things for a world that has the bucket already."""

    def __init__(self):
        self.task, self.job = self.new_task(), self.new_job()
        self.limit = loose.create_spending_limit(
            clientToken=token(), deviceArn=EMERALD, spendingLimit="9.50")["spendingLimitArn"]


def errors():
    """Each modelled error by the request that provokes it."""
    arn = f"arn:aws:braket:{REGION}:{ACCOUNT}:"
    nobody = uuid.uuid4()
    rows = [
        ("ResourceNotFoundException", 404, "GetQuantumTask", {"quantumTaskArn": f"{arn}quantum-task/{nobody}"}),
        ("ResourceNotFoundException", 404, "CancelQuantumTask", {"quantumTaskArn": f"{arn}quantum-task/{nobody}", "clientToken": token()}),
        ("ResourceNotFoundException", 404, "GetDevice", {"deviceArn": GARNET + "2"}),
        ("ResourceNotFoundException", 404, "GetJob", {"jobArn": f"{arn}job/{nobody}"}),
        ("ResourceNotFoundException", 404, "CancelJob", {"jobArn": f"{arn}job/{nobody}"}),
        ("ResourceNotFoundException", 404, "UpdateSpendingLimit", {"spendingLimitArn": f"{arn}spending-limit/{nobody}", "clientToken": token()}),
        ("ResourceNotFoundException", 404, "DeleteSpendingLimit", {"spendingLimitArn": f"{arn}spending-limit/{nobody}"}),
        ("ResourceNotFoundException", 404, "ListTagsForResource", {"resourceArn": f"{arn}quantum-task/{nobody}"}),
        ("ResourceNotFoundException", 404, "TagResource", {"resourceArn": f"{arn}quantum-task/{nobody}", "tags": {"a": "b"}}),
        ("ResourceNotFoundException", 404, "UntagResource", {"resourceArn": f"{arn}quantum-task/{nobody}", "tagKeys": ["a"]}),
        ("DeviceRetiredException", 410, "CreateQuantumTask", {**task_request(), "deviceArn": "arn:aws:braket:us-east-1::device/qpu/ionq/Harmony"}),
        ("DeviceOfflineException", 424, "CreateQuantumTask", {**task_request(), "deviceArn": "arn:aws:braket:eu-north-1::device/qpu/aqt/Ibex-Q1"}),
        ("DeviceRetiredException", 410, "CreateJob", {**job_request(), "deviceConfig": {"device": "arn:aws:braket:us-east-1::device/qpu/ionq/Harmony"}}),
        ("DeviceOfflineException", 424, "CreateJob", {**job_request(), "deviceConfig": {"device": "arn:aws:braket:eu-north-1::device/qpu/aqt/Ibex-Q1"}}),
        ("DeviceRetiredException", 410, "CreateSpendingLimit", {"clientToken": token(), "deviceArn": "arn:aws:braket:us-east-1::device/qpu/ionq/Harmony", "spendingLimit": "1"}),
    ]
    task = loose.create_quantum_task(**task_request())["quantumTaskArn"]
    loose.get_quantum_task(quantumTaskArn=task)
    rows.append(("ConflictException", 409, "CancelQuantumTask", {"quantumTaskArn": task, "clientToken": token()}))
    job = loose.create_job(**job_request())["jobArn"]
    loose.get_job(jobArn=job)
    rows.append(("ConflictException", 409, "CancelJob", {"jobArn": job}))
    for code, status, operation, request in rows:
        known = {s.name for s in MODEL.operation_model(operation).error_shapes}
        check(f"{operation} knows {code}", code in known, known)
        try:
            call(operation, request)
        except ClientError as error:
            got = (error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"])
            check(f"{operation} {code}", got == (code, status), error)
            check(f"{operation} {code} by class", type(error).__name__ == code, type(error))
            check(f"{operation} {code} says why", len(error.response["Error"]["Message"]) > 5)
        else:
            check(f"{operation} {code}", False, "it was accepted")


if __name__ == "__main__":
    for part in (accepted, refused, shapes, errors):
        section(part)
    end()

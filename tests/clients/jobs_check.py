"""Hybrid jobs of the unmodified Amazon Braket SDK against the stand-in that the environment names.

Run it as `shotbook mock exec -- python tests/clients/jobs_check.py`; the last line counts.
"""

import contextlib
import pathlib
import tempfile

from braket.aws import AwsQuantumJob, AwsSession
from braket.jobs.config import InstanceConfig

from checks import check, end, raises, section

SV1 = "arn:aws:braket:::device/quantum-simulator/amazon/sv1"


def jobs():
    session = AwsSession()
    role = session.get_default_jobs_role()
    check("role", role.endswith(":role/service-role/AmazonBraketJobsExecutionRole"), role)
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder) / "algorithm.py"
        script.write_text("print('never run here')\n")
        job = AwsQuantumJob.create(device=SV1, source_module=str(script), job_name="mine", tags={"team": "a"},
                                   hyperparameters={"n": 3}, instance_config=InstanceConfig(instanceType="ml.m5.large"))
    check("arn", ":job/" in job.arn, job.arn)
    check("state", job.state() == "COMPLETED", job.state())
    meta = job.metadata()
    check("metadata", (meta["jobName"], meta["tags"], meta["hyperParameters"]) == ("mine", {"team": "a"}, {"n": "3"}), meta)
    check("role is kept", meta["roleArn"] == role)
    uri = meta["algorithmSpecification"]["scriptModeConfig"]["s3Uri"]
    bucket, key = uri.removeprefix("s3://").split("/", 1)
    check("the script was uploaded", session.s3_client.head_object(Bucket=bucket, Key=key)["ContentLength"] > 0)
    check("billable", meta["billableDuration"] >= 0)
    check("no model", job.result() == {}, job.result())
    check("found again", AwsQuantumJob(job.arn).state() == "COMPLETED")
    raises("cancel of a finished job", ["ConflictException"], job.cancel)


if __name__ == "__main__":
    # The SDK leaves the model that it fetched in the working folder.
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        section(jobs)
    end()

"""Scripts of hybrid jobs of the unmodified Amazon Braket SDK, run by the stand-in as processes.

Run it as `shotbook mock exec --run-jobs=PYTHON -- PYTHON tests/clients/run_jobs_check.py`, where PYTHON has the
SDK; the last line counts.
"""

import contextlib
import io
import pathlib
import tempfile

from braket.aws import AwsDevice, AwsQuantumJob, AwsSession
from braket.circuits import Circuit
from braket.jobs import get_job_device_arn, hybrid_job
from braket.jobs.metrics import log_metric

from checks import check, end, section

SV1 = "arn:aws:braket:::device/quantum-simulator/amazon/sv1"

SCRIPT = """
from braket.aws import AwsDevice
from braket.circuits import Circuit
from braket.jobs import get_hyperparameters, get_input_data_dir, get_job_device_arn
from braket.jobs import load_job_checkpoint, save_job_checkpoint, save_job_result
from braket.jobs.metrics import log_metric


def start():
    device = AwsDevice(get_job_device_arn())
    shots = int(get_hyperparameters()["shots"])
    for step in range(2):
        counts = device.run(Circuit().h(0).cnot(0, 1), shots=shots).result().measurement_counts
        log_metric(metric_name="ones", value=counts["11"], iteration_number=step)
    with open(get_input_data_dir() + "/words.txt") as file:
        save_job_result({"shots": sum(counts.values()), "words": file.read()})
    save_job_checkpoint({"step": 2})


def later():
    save_job_result(load_job_checkpoint("runs"))


def fail():
    open("no such file")
"""


def logs_of(job):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        job.logs(poll_interval_seconds=0)
    return out.getvalue()


def scripts():
    session = AwsSession()
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder) / "algorithm.py"
        script.write_text(SCRIPT)
        words = pathlib.Path(folder) / "words.txt"
        words.write_text("two words")
        job = AwsQuantumJob.create(device=SV1, source_module=str(script), entry_point="algorithm:start", job_name="runs",
                                   hyperparameters={"shots": 40}, input_data=str(words))
        broken = AwsQuantumJob.create(device=SV1, source_module=str(script), entry_point="algorithm:fail", job_name="breaks")
        result = job.result(poll_interval_seconds=0.2)
        again = AwsQuantumJob.create(device=SV1, source_module=str(script), entry_point="algorithm:later", job_name="later",
                                     copy_checkpoints_from_job=job.arn)
    later = again.result(poll_interval_seconds=0.2)
    check("a job goes on from a checkpoint", later == {"step": 2}, later)
    check("completed", job.state() == "COMPLETED", job.state())
    check("result", result == {"shots": 40, "words": "two words"}, result)
    check("log", "Running Code As Process" in logs_of(job))
    metrics = job.metrics()
    check("metrics", len(metrics["ones"]) == 2, metrics)
    tasks = job.get_tasks()
    check("its tasks", len(tasks) == 2 and all(task.metadata()["jobArn"] == job.arn for task in tasks))
    bucket, prefix = session.parse_s3_uri(job.metadata()["checkpointConfig"]["s3Uri"])
    check("checkpoint", session.list_keys(bucket, prefix) == [f"{prefix}/runs.json"], session.list_keys(bucket, prefix))
    check("no result of a failure", broken.result(poll_interval_seconds=0.2) == {})
    reason = broken.metadata()["failureReason"]
    check("reason", reason == "AlgorithmError: FileNotFoundError: [Errno 2] No such file or directory: 'no such file', exit code: 1", reason)
    check("trace", "FileNotFoundError" in logs_of(broken))


def decorated():
    @hybrid_job(device=SV1)
    def measure(shots: int):
        counts = AwsDevice(get_job_device_arn()).run(Circuit().x(0), shots=shots).result().measurement_counts
        log_metric(metric_name="ones", value=counts["1"])
        return {"ones": counts["1"]}

    job = measure(7)
    result = job.result(poll_interval_seconds=0.2)
    check("decorated", result == {"ones": 7}, result)


if __name__ == "__main__":
    # The SDK leaves the model that it fetched in the working folder.
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        section(scripts)
        section(decorated)
    end()

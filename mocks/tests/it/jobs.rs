//! Hybrid jobs: scripts as processes, logs, images; and prices as clients ask for them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shotbook_mocks::{Config, Listen, Server, serve_with};

use crate::server::{aws, call};
use crate::world::{Caller, SV1, path};

const SCRIPT: &str = r#"
import json, os, pathlib, sys

def start(times: int):
    print("Metrics - timestamp=1; energy=-0.5;")
    print("token", os.environ["AMZN_BRAKET_JOB_TOKEN"])
    print("beside", sorted(os.listdir(os.environ["AMZN_BRAKET_INPUT_DIR"] + "/input")))
    print("tasks", os.environ["AMZN_BRAKET_TASK_RESULTS_S3_URI"])
    pathlib.Path(os.environ["AMZN_BRAKET_JOB_RESULTS_DIR"], "out.txt").write_text("x" * times)
    pathlib.Path(os.environ["AMZN_BRAKET_CHECKPOINT_DIR"], "a.json").write_text("{}")

def flee():
    import subprocess
    print("fled", subprocess.Popen(["sleep", "100"], start_new_session=True).pid)

def show():
    import shutil
    print("profile", os.environ["AWS_PROFILE"], pathlib.Path(os.environ["AWS_CONFIG_FILE"]).read_text().split())
    print("sub", os.path.isdir(os.environ["AMZN_BRAKET_INPUT_DIR"] + "/input/sub"))
    shutil.rmtree(os.environ["AMZN_BRAKET_CHECKPOINT_DIR"])
    shutil.rmtree(os.environ["AMZN_BRAKET_JOB_RESULTS_DIR"])

def large():
    pathlib.Path(os.environ["AMZN_BRAKET_JOB_RESULTS_DIR"], "out").write_bytes(os.urandom(65 << 20))

def fail():
    raise ValueError("too cold")

def wait():
    import time
    time.sleep(600)
"#;

fn server() -> Server {
    let server = start(None, Config::default());
    fill(&server);
    server
}

fn start(data: Option<std::path::PathBuf>, config: Config) -> Server {
    let python = Some("python3".to_owned());
    let listen = Listen { token: "secret".into(), python, data, ..Listen::default() };
    serve_with("127.0.0.1:0".parse().unwrap(), config, "w_test", listen).unwrap()
}

fn fill(server: &Server) {
    assert_eq!(aws(server, "s3", "PUT", "/jobs-1", "").0, 200);
    assert_eq!(aws(server, "s3", "PUT", "/jobs-1/code/algo.py", SCRIPT).0, 200);
    assert_eq!(aws(server, "s3", "PUT", "/jobs-1/in/graph.txt", "0 1").0, 200);
}

fn job(server: &Server, function: &str) -> String {
    job_with(server, function, &json!({}))
}

fn job_with(server: &Server, function: &str, changes: &Value) -> String {
    let mut body = json!({"clientToken": function, "jobName": function, "roleArn": "arn:aws:iam::123456789012:role/Braket",
        "algorithmSpecification": {"scriptModeConfig": {"entryPoint": format!("algo:{function}"),
            "s3Uri": "s3://jobs-1/code/algo.py"}},
        "inputDataConfig": [{"channelName": "input",
            "dataSource": {"s3DataSource": {"s3Uri": "s3://jobs-1/in"}}}],
        "hyperParameters": if function == "start" { json!({"times": "3"}) } else { json!({}) },
        "outputDataConfig": {"s3Path": "s3://jobs-1/out"}, "deviceConfig": {"device": SV1},
        "checkpointConfig": {"s3Uri": "s3://jobs-1/kept"},
        "instanceConfig": {"instanceType": "ml.m5.large", "volumeSizeInGb": 30}});
    for (name, value) in changes.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    let (status, made) = aws(server, "braket", "POST", "/job", &body.to_string());
    assert_eq!(status, 201, "{made}");
    made["jobArn"].as_str().unwrap().to_owned()
}

/// Asks until a job has a state; a minute is an end for any machine.
fn until(server: &Server, arn: &str, wanted: &str) -> Value {
    let began = Instant::now();
    loop {
        let now = aws(server, "braket", "GET", &path("job", arn, ""), "").1;
        if now["status"] == wanted {
            return now;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{now}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn logs(server: &Server, call_name: &str, body: &Value) -> Value {
    let signed = format!(
        "Authorization: AWS4-HMAC-SHA256 Credential=AKIA/20270115/us-east-1/logs/aws4_request, Signature=0\r\n\
         X-Amz-Target: Logs_20140328.{call_name}\r\n"
    );
    call(server, "POST", "/", &signed, &body.to_string()).1
}

#[test]
fn a_script_runs_and_leaves_logs_metrics_results_and_checkpoints() {
    let server = server();
    let arn = job(&server, "start");
    let ended = until(&server, &arn, "COMPLETED");
    assert!(ended["startedAt"].is_string() && ended["billableDuration"].is_u64(), "{ended}");
    let id = arn.rsplit('/').next().unwrap();
    let group = "/aws/braket/jobs";
    let streams = logs(
        &server,
        "DescribeLogStreams",
        &json!({"logGroupName": group, "logStreamNamePrefix": format!("start/{id}")}),
    );
    let stream = streams["logStreams"][0]["logStreamName"].as_str().unwrap().to_owned();
    assert_eq!(stream, format!("start/{id}/algo-1"));
    let all = logs(
        &server,
        "GetLogEvents",
        &json!({"logGroupName": group, "logStreamName": stream, "startFromHead": true}),
    );
    let lines: Vec<&str> =
        all["events"].as_array().unwrap().iter().map(|e| e["message"].as_str().unwrap()).collect();
    for line in [
        "Running Code As Process",
        &format!("token {id}"),
        "beside ['graph.txt']",
        "tasks s3://jobs-1/jobs/start/tasks",
        "Code Run Finished",
        "Reporting training SUCCESS",
    ] {
        assert!(lines.contains(&line), "{line} is not in {lines:#?}");
    }
    let rest = json!({"logGroupName": group, "logStreamName": stream, "nextToken": all["nextForwardToken"]});
    assert_eq!(logs(&server, "GetLogEvents", &rest)["events"], json!([]));
    let query = format!(
        "fields @timestamp, @message | filter @logStream like /^start\\/{id}\\// | filter @message like /Metrics - /"
    );
    let started =
        logs(&server, "StartQuery", &json!({"logGroupName": group, "queryString": query, "limit": 9}));
    let found = logs(&server, "GetQueryResults", &started);
    assert_eq!(found["status"], "Complete");
    assert_eq!(found["results"][0][1]["value"], "Metrics - timestamp=1; energy=-0.5;");
    assert_eq!(aws(&server, "s3", "GET", "/jobs-1/kept/a.json", "").1, json!({}));
    assert_eq!(aws(&server, "s3", "HEAD", "/jobs-1/out/output/model.tar.gz", "").0, 200);
}

#[test]
fn lines_are_found_page_by_page() {
    let server = server();
    let arn = job(&server, "start");
    let _ended = until(&server, &arn, "COMPLETED");
    let page = |more: &Value| {
        let mut body = json!({"logGroupName": "/aws/braket/jobs", "filterPattern": "Code", "limit": 1});
        body["nextToken"] = more.clone();
        logs(&server, "FilterLogEvents", &body)
    };
    let (mut found, mut token) = (Vec::new(), Value::Null);
    loop {
        let page = page(&token);
        found.extend(page["events"].as_array().unwrap().iter().map(|e| e["message"].clone()));
        token = page["nextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(found, ["Running Code As Process", "Code Run Finished"]);
    assert_eq!(page(&json!("x"))["__type"], "InvalidParameterException");
}

#[test]
fn a_job_with_an_image_alone_says_what_is_missing() {
    let server = server();
    let body = json!({"clientToken": "image", "jobName": "image", "roleArn": "arn:aws:iam::123456789012:role/Braket",
        "algorithmSpecification": {"containerImage": {"uri": "123456789012.dkr.ecr.us-east-1.amazonaws.com/own:1"}},
        "outputDataConfig": {"s3Path": "s3://jobs-1/out"}, "deviceConfig": {"device": SV1},
        "instanceConfig": {"instanceType": "ml.m5.large", "volumeSizeInGb": 30}});
    let arn = aws(&server, "braket", "POST", "/job", &body.to_string()).1["jobArn"].clone();
    let _ended = until(&server, arn.as_str().unwrap(), "COMPLETED");
    let said = logs(&server, "FilterLogEvents", &json!({"logGroupName": "/aws/braket/jobs"}));
    let message = said["events"][0]["message"].as_str().unwrap();
    assert!(message.contains("no container images") && !message.contains("--run-jobs"), "{message}");
}

#[test]
fn a_script_that_fails_says_why_and_one_that_is_cancelled_ends() {
    let server = server();
    let (fails, waits) = (job(&server, "fail"), job(&server, "wait"));
    let failed = until(&server, &fails, "FAILED");
    assert_eq!(failed["failureReason"], "AlgorithmError: ValueError: too cold, exit code: 1");
    assert_eq!(aws(&server, "s3", "HEAD", "/jobs-1/out/output/model.tar.gz", "").0, 404);
    let _running = until(&server, &waits, "RUNNING");
    assert_eq!(aws(&server, "braket", "PUT", &path("job", &waits, "/cancel"), "").0, 200);
    let _gone = until(&server, &waits, "CANCELLED");
}

/// The lines that a job printed.
fn printed(server: &Server, arn: &str, name: &str) -> Vec<String> {
    let stream = format!("{name}/{}/algo-1", arn.rsplit('/').next().unwrap());
    let asked = json!({"logGroupName": "/aws/braket/jobs", "logStreamName": stream, "startFromHead": true});
    let all = logs(server, "GetLogEvents", &asked);
    all["events"].as_array().unwrap().iter().map(|e| e["message"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_a_script_leaves_running_holds_nobody_up() {
    let server = server();
    let arn = job(&server, "flee");
    let _ended = until(&server, &arn, "COMPLETED");
    let lines = printed(&server, &arn, "flee");
    let fled = lines.iter().find_map(|l| l.strip_prefix("fled ")).unwrap();
    assert!(lines.contains(&"Code Run Finished".to_owned()), "{lines:#?}");
    drop(server);
    assert!(std::process::Command::new("kill").arg(fled).status().unwrap().success(), "it still ran");
}

#[test]
fn a_script_has_a_profile_of_its_own_and_may_leave_nothing() {
    let server = server();
    assert_eq!(aws(&server, "s3", "PUT", "/jobs-1/in/sub/", "").0, 200);
    let arn = job(&server, "show");
    let ended = until(&server, &arn, "COMPLETED");
    let lines = printed(&server, &arn, "show");
    let profile = lines.iter().find(|l| l.starts_with("profile ")).unwrap();
    for words in ["default ['[default]'", "'us-east-1'", "'123456789012'"] {
        assert!(profile.contains(words), "{profile} lacks {words}");
    }
    assert!(lines.contains(&"sub True".to_owned()), "{lines:#?} {ended}");
}

#[test]
fn results_are_kept_without_a_key_and_too_large_ones_fail_their_job() {
    let server = server();
    let path = json!({"outputDataConfig": {"s3Path": "s3://jobs-1"}});
    let _ended = until(&server, &job_with(&server, "start", &path), "COMPLETED");
    assert_eq!(aws(&server, "s3", "HEAD", "/jobs-1/output/model.tar.gz", "").0, 200);
    let failed = until(&server, &job(&server, "large"), "FAILED");
    let why = failed["failureReason"].as_str().unwrap();
    assert!(why.contains("its results have more than 64 MiB"), "{why}");
    let path = json!({"outputDataConfig": {"s3Path": "s3://none-1/x"}, "clientToken": "none"});
    let failed = until(&server, &job_with(&server, "start", &path), "FAILED");
    let why = failed["failureReason"].as_str().unwrap();
    assert!(why.contains("there is no bucket none-1"), "{why}");
}

#[test]
fn jobs_of_two_worlds_and_of_two_lives_do_not_meet() {
    let (server, other) = (server(), server());
    let (first, second) = (job(&server, "wait"), job(&other, "wait"));
    assert_eq!(first, second, "they share their name");
    let _running = until(&server, &first, "RUNNING");
    let _running = until(&other, &second, "RUNNING");
    let control = "Authorization: Bearer secret\r\nContent-Type: application/json\r\n";
    assert_eq!(call(&server, "POST", "/_shotbook/reset", control, "{}").0, 200);
    fill(&server);
    assert_eq!(job(&server, "start"), first, "and again after a reset");
    let _ended = until(&server, &first, "COMPLETED");
    assert_eq!(aws(&other, "braket", "GET", &path("job", &second, ""), "").1["status"], "RUNNING");
}

#[test]
fn a_job_that_ended_is_the_same_after_a_restart() {
    let data = std::env::temp_dir().join(format!("shotbook-jobs-{}-restart", std::process::id()));
    let by_hand = || Config { clock_rate: 0, ..Config::default() };
    let server = start(Some(data.clone()), by_hand());
    fill(&server);
    // Four at once: the fifth waits until one of them ends, a minute later by the clock.
    let first: Vec<String> =
        (0..4).map(|n| job_with(&server, "wait", &json!({"clientToken": n.to_string()}))).collect();
    first.iter().for_each(|arn| drop(until(&server, arn, "RUNNING")));
    let arn = job(&server, "start");
    let control = "Authorization: Bearer secret\r\nContent-Type: application/json\r\n";
    assert_eq!(call(&server, "POST", "/_shotbook/clock", control, r#"{"advance_ms":60000}"#).0, 200);
    assert_eq!(aws(&server, "braket", "PUT", &path("job", &first[0], "/cancel"), "").0, 200);
    let ended = until(&server, &arn, "COMPLETED");
    assert_ne!(ended["startedAt"], ended["createdAt"], "it waited");
    let lines = printed(&server, &arn, "start");
    drop(server);
    let server = start(Some(data.clone()), by_hand());
    assert_eq!(until(&server, &arn, "COMPLETED"), ended);
    assert_eq!(printed(&server, &arn, "start"), lines);
    assert_eq!(aws(&server, "s3", "HEAD", "/jobs-1/out/output/model.tar.gz", "").0, 200);
    drop(server);
    let _gone = std::fs::remove_dir_all(&data);
}

#[test]
fn images_hold_the_python_of_whoever_asks() {
    let mut c = Caller::north();
    let ask = |c: &mut Caller, id: &Value| {
        let body = json!({"repositoryName": "amazon-braket-base-jobs", "registryId": "1", "imageIds": [id]});
        let reply = c.target("ecr", "AmazonEC2ContainerRegistry_V20150921.BatchGetImage", &body);
        reply.1["images"].clone()
    };
    let latest = ask(&mut c, &json!({"imageTag": "latest"}));
    let digest = latest[0]["imageId"]["imageDigest"].clone();
    let all = ask(&mut c, &json!({"imageDigest": digest}));
    assert_eq!(all[1]["imageId"]["imageTag"], "1.0-cpu-py312-ubuntu22.04");
    assert_eq!(ask(&mut c, &json!({"imageTag": "none"})), json!([]));
}

#[test]
fn prices_are_found_by_their_attributes() {
    let mut c = Caller::north();
    let filter = |field: &str, value: &str| json!({"Type": "TERM_MATCH", "Field": field, "Value": value});
    let products =
        |c: &mut Caller, body: &Value| c.target("pricing", "AWSPriceListService.GetProducts", body);
    let one = json!({"ServiceCode": "AmazonBraket", "Filters": [filter("regionCode", "eu-north-1"),
        filter("devicename", "Garnet"), filter("productFamily", "Quantum Task-Shot")]});
    let found = products(&mut c, &one).1["PriceList"].clone();
    assert_eq!(found.as_array().map(Vec::len), Some(1));
    let text: Value = serde_json::from_str(found[0].as_str().unwrap()).unwrap();
    assert!(text.to_string().contains("\"USD\":\"0.0014500000\""), "{text}");
    let (mut count, mut token) = (0, Value::Null);
    loop {
        let page = products(&mut c, &json!({"ServiceCode": "AmazonBraket", "NextToken": token})).1;
        count += page["PriceList"].as_array().unwrap().len();
        token = page["NextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert!(count > 200, "{count}");
    assert_eq!(products(&mut c, &json!({"ServiceCode": "AmazonEC2"})).0, 400);
    let names = json!({"ServiceCode": "AmazonBraket", "AttributeName": "devicename"});
    let names = c.target("pricing", "AWSPriceListService.GetAttributeValues", &names).1;
    assert!(names["AttributeValues"].as_array().unwrap().contains(&json!({"Value": "IBEX-Q1"})), "{names}");
}

//! Spending limits and hybrid jobs.

use serde_json::{Value, json};
use shotbook_mocks::{Advance, Config};

use crate::world::{Caller, GARNET, SV1, path, refused};

fn limit(c: &mut Caller, amount: &str, changes: &Value) -> (u16, Value) {
    let mut body =
        json!({"clientToken": format!("l-{amount}"), "deviceArn": GARNET, "spendingLimit": amount});
    for (name, value) in changes.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    c.ask("POST", "/spending-limit", &body)
}

fn row(c: &mut Caller) -> Value {
    c.ask("POST", "/spending-limits", &json!({})).1["spendingLimits"][0].clone()
}

#[test]
fn a_limit_moves_between_its_two_columns() {
    let mut c = Caller::north();
    let before = c.made(&json!({}));
    let (status, made) = limit(&mut c, "1", &json!({}));
    assert_eq!(status, 201, "{made}");
    assert_eq!(limit(&mut c, "1", &json!({})).1, made, "the same token");
    refused(&limit(&mut c, "2", &json!({})), 400, "already exists");
    let columns = |c: &mut Caller| {
        let row = row(c);
        (row["queuedSpend"].as_str().unwrap().to_owned(), row["totalSpend"].as_str().unwrap().to_owned())
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    let _counts_in_neither = c.get(&before);
    assert_eq!(columns(&mut c), pair("0", "0"));
    let first = c.made(&json!({}));
    let second = c.made(&json!({}));
    assert_eq!(columns(&mut c), pair("0.89", "0"));
    let _completed = c.get(&first);
    assert_eq!(columns(&mut c), pair("0.445", "0.445"));
    let over = c.create(&json!({"shots": 10_000}));
    refused(
        &over,
        400,
        "Spending limit: 1, current spend: 0.89, estimated cost: 14.8000000000, start time: ",
    );
    refused(&over, 400, "end time: 2125-12-30T00:00:00.000Z");
    let arn = made["spendingLimitArn"].as_str().unwrap();
    let update = |amount: &str| json!({"clientToken": "u", "spendingLimit": amount});
    refused(&c.ask("PATCH", &path("spending-limit", arn, "/update"), &update("0.5")), 400, "less than");
    assert_eq!(c.ask("PUT", &path("quantum-task", &second, "/cancel"), &json!({"clientToken": "c"})).0, 200);
    assert_eq!(columns(&mut c), pair("0.445", "0.445"), "cancelling still counts");
    let _cancelled = c.get(&second);
    assert_eq!(columns(&mut c), pair("0", "0.445"));
    assert_eq!(c.ask("PATCH", &path("spending-limit", arn, "/update"), &update("20.5")).0, 200);
    assert_eq!(row(&mut c)["spendingLimit"], "20.5");
    let _arn = c.made(&json!({"shots": 10_000}));
    assert_eq!(c.ask("DELETE", &path("spending-limit", arn, "/delete"), &Value::Null).0, 200);
    refused(&c.ask("DELETE", &path("spending-limit", arn, "/delete"), &Value::Null), 404, "not found");
    let _arn = c.made(&json!({"shots": 10_000}));
}

#[test]
fn periods_and_zero_let_nothing_through() {
    let mut c = Caller::north();
    let now = c.now_ms / 1000;
    refused(&limit(&mut c, "1", &json!({"timePeriod": {"startAt": now, "endAt": now}})), 400, "before");
    refused(&limit(&mut c, "1.234", &json!({})), 400, "'spendingLimit'");
    refused(&limit(&mut c, "1", &json!({"deviceArn": SV1})), 400, "QPUs only");
    let later = json!({"timePeriod": {"startAt": now + 60, "endAt": now + 120}});
    assert_eq!(limit(&mut c, "100", &later).0, 201);
    refused(&c.create(&json!({})), 400, "outside the spending limit time window");
    c.now_ms += 61_000;
    let _arn = c.made(&json!({}));
    c.now_ms += 60_000;
    refused(&c.create(&json!({})), 400, "outside the spending limit time window");
    let reserved = json!({"associations": [{"type": "RESERVATION_TIME_WINDOW_ARN",
        "arn": "arn:aws:braket:eu-north-1:123456789012:reservation/5a0f0f9c-0d3b-4f0e-9c55-1f0a7be1a2c3"}]});
    let _not_counted = c.made(&reserved);
    let arn = row(&mut c)["spendingLimitArn"].as_str().unwrap().to_owned();
    assert_eq!(c.ask("DELETE", &path("spending-limit", &arn, "/delete"), &Value::Null).0, 200);
    assert_eq!(limit(&mut c, "0", &json!({})).0, 201);
    refused(&c.create(&json!({})), 400, "Spending limit: 0,");
}

fn job(name: &str) -> Value {
    json!({"clientToken": name, "jobName": name, "roleArn": "arn:aws:iam::123456789012:role/Braket",
        "algorithmSpecification": {"scriptModeConfig": {"entryPoint": "a.py", "s3Uri": "s3://b-1/a.tar.gz"}},
        "outputDataConfig": {"s3Path": "s3://b-1/out"}, "deviceConfig": {"device": GARNET}, "tags": {"team": "a"},
        "instanceConfig": {"instanceType": "ml.m5.large", "volumeSizeInGb": 30}})
}

#[test]
fn a_job_lives_and_ends() {
    let mut c = Caller::new(Config { advance: Advance::After(60_000), ..Config::default() }, "eu-north-1");
    let (status, made) = c.ask("POST", "/job", &job("first"));
    assert_eq!(status, 201, "{made}");
    assert_eq!(c.ask("POST", "/job", &job("first")).1, made);
    let mut other = job("first");
    other["jobName"] = json!("second");
    refused(&c.ask("POST", "/job", &other), 409, "client token");
    let arn = made["jobArn"].as_str().unwrap().to_owned();
    let get = path("job", &arn, "?additionalAttributeNames=QueueInfo");
    let queued = c.ask("GET", &get, &Value::Null).1;
    assert_eq!((&queued["status"], &queued["queueInfo"]["position"]), (&json!("QUEUED"), &json!("1")));
    c.now_ms += 30_000;
    assert_eq!(c.ask("GET", &get, &Value::Null).1["status"], "RUNNING");
    c.now_ms += 30_000;
    let ended = c.ask("GET", &get, &Value::Null).1;
    assert_eq!((&ended["status"], &ended["billableDuration"]), (&json!("COMPLETED"), &json!(30_000)));
    assert_eq!(ended["instanceConfig"]["instanceType"], "ml.m5.large");
    refused(&c.ask("PUT", &path("job", &arn, "/cancel"), &Value::Null), 409, "COMPLETED");
    let second = c.ask("POST", "/job", &job("other")).1["jobArn"].as_str().unwrap().to_owned();
    assert_eq!(
        c.ask("PUT", &path("job", &second, "/cancel"), &Value::Null).1["cancellationStatus"],
        "CANCELLING"
    );
    assert_eq!(c.ask("GET", &path("job", &second, ""), &Value::Null).1["status"], "CANCELLED");
    let by = |name: &str, operator: &str, value: &str| json!({"filters": [{"name": name, "operator": operator, "values": [value]}]});
    let names = |reply: (u16, Value)| {
        let rows = reply.1["jobs"].as_array().unwrap().clone();
        rows.iter().map(|r| r["jobName"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(c.ask("POST", "/jobs", &by("jobName", "CONTAINS", "irs"))), ["first"]);
    assert_eq!(names(c.ask("POST", "/jobs", &by("status", "EQUAL", "CANCELLED"))), ["other"]);
    refused(&c.ask("POST", "/jobs", &by("colour", "EQUAL", "red")), 400, "not supported");
    let mut wrong = job("x");
    wrong["instanceConfig"]["instanceType"] = json!("ml.none");
    refused(&c.ask("POST", "/job", &wrong), 400, "'instanceConfig.instanceType'");
}

#[test]
fn what_stands_around_jobs_answers_too() {
    let mut c = Caller::north();
    let form = |prefix: &str| format!("Action=ListRoles&Version=2010-05-08&PathPrefix={prefix}").into_bytes();
    let roles = c.send("iam", "POST", "/", form("%2Fservice-role%2F"));
    let text = String::from_utf8_lossy(&roles.body).into_owned();
    assert!(text.contains("role/service-role/AmazonBraketJobsExecutionRole</Arn>"), "{text}");
    let none = c.send("iam", "POST", "/", form("%2Fother%2F"));
    assert!(!String::from_utf8_lossy(&none.body).contains("<Arn>"));
    assert_eq!(c.send("iam", "POST", "/", b"Action=DeleteRole".to_vec()).status, 400);
    assert_eq!(c.send("logs", "POST", "/", b"{}".to_vec()).status, 400);
    assert_eq!(c.send("sts", "POST", "/", b"Action=GetCallerIdentity".to_vec()).status, 200);
}

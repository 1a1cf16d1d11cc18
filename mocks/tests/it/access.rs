//! Who may ask, and what faults make of things.

use serde_json::json;
use shotbook_mocks::faults::{Fault, Kind};
use shotbook_mocks::{Config, Policy, World};

use crate::world::{Caller, SV1, refused};

#[test]
fn a_policy_says_who_may_do_what() {
    let policy = r#"{"Statement": [
        {"Effect": "Allow", "Action": ["s3:*", "braket:*"], "Resource": "*"},
        {"Effect": "Deny", "Action": "braket:CreateQuantumTask", "Resource": "arn:aws:braket:*:*:device/qpu/*"},
        {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::*/secret/*"}]}"#;
    let policy = Policy::parse(policy).unwrap();
    let mut c = Caller::new(Config { policy: Some(policy), ..Config::default() }, "us-west-1");
    let _arn = c.made(&json!({"deviceArn": SV1}));
    let cepheus = "arn:aws:braket:us-west-1::device/qpu/rigetti/Cepheus-1-108Q";
    refused(&c.create(&json!({"deviceArn": cepheus})), 403, "explicit deny");
    let reply = c.send("s3", "GET", "/results-1/secret/x", Vec::new());
    assert_eq!(reply.status, 403);
    assert!(String::from_utf8_lossy(&reply.body).contains("<Code>AccessDenied</Code>"));
    assert_eq!(c.send("s3", "GET", "/results-1/open/x", Vec::new()).status, 404);
}

#[test]
fn signatures_are_checked_when_asked_for() {
    let mut c = Caller::north();
    c.world = World::new(Config { verify_signatures: true, ..Config::default() }, "w");
    refused(&c.ask("POST", "/devices", &json!({"filters": []})), 403, "signature");
}

fn armed(kind: Kind, operation: &str, delay_ms: u64) -> Caller {
    let fault = Fault { delay_ms, ..Fault::new(kind, operation, 1, 1) };
    Caller::new(Config { faults: vec![fault], ..Config::default() }, "us-west-1")
}

#[test]
fn a_result_may_come_late_or_be_huge() {
    let mut c = armed(Kind::ResultLate, "CreateQuantumTask", 5_000);
    let arn = c.made(&json!({"deviceArn": SV1}));
    let task = c.get(&arn);
    assert_eq!(task["status"], "COMPLETED");
    let place = format!("/results-1/{}/results.json", task["outputS3Directory"].as_str().unwrap());
    assert_eq!(c.send("s3", "GET", &place, Vec::new()).status, 404);
    c.now_ms += 5_000;
    assert_eq!(c.send("s3", "GET", &place, Vec::new()).status, 200);

    let mut c = armed(Kind::ResultHuge, "CreateQuantumTask", 0);
    let arn = c.made(&json!({"deviceArn": SV1}));
    let place = format!("/results-1/{}/results.json", c.get(&arn)["outputS3Directory"].as_str().unwrap());
    assert!(c.send("s3", "GET", &place, Vec::new()).body.len() > 64 << 20);
}

#[test]
fn a_task_may_look_young_and_a_price_may_change() {
    let mut c = armed(Kind::Stale, "GetQuantumTask", 0);
    let arn = c.made(&json!({"deviceArn": SV1}));
    assert_eq!(c.get(&arn)["status"], "CREATED");
    assert_eq!(c.get(&arn)["status"], "COMPLETED");
    assert_eq!(c.world.meter().cost(), "0.00375");

    let mut c = armed(Kind::PriceChange, "CreateQuantumTask", 0);
    let arn = c.made(&json!({"deviceArn": SV1}));
    assert_eq!(c.get(&arn)["status"], "COMPLETED");
    assert_eq!(c.world.meter().cost(), "0.0075");
}

#[test]
fn a_fault_speaks_the_form_of_the_service_that_it_meets() {
    let mut c = armed(Kind::Throttle, "GetObject", 0);
    let reply = c.send("s3", "GET", "/results-1/k", Vec::new());
    assert_eq!(reply.status, 503);
    assert!(String::from_utf8_lossy(&reply.body).contains("<Code>SlowDown</Code>"));
    let mut c = armed(Kind::Offline, "SearchDevices", 0);
    let states = |c: &mut Caller| {
        c.ask("POST", "/devices", &json!({"filters": []})).1["devices"][0]["deviceStatus"].clone()
    };
    assert_eq!(states(&mut c), "OFFLINE");
    assert_eq!(states(&mut c), "ONLINE");
}

#[test]
fn hardware_makes_the_mistakes_that_its_calibration_tells_of() {
    let wrong = |noise: bool| {
        let mut c = Caller::new(Config { noise, ..Config::default() }, "eu-north-1");
        let arn = c.made(&json!({"shots": 4_000}));
        let place = format!("/results-1/{}/results.json", c.get(&arn)["outputS3Directory"].as_str().unwrap());
        let reply = c.send("s3", "GET", &place, Vec::new());
        let file: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
        let rows = file["measurements"].as_array().unwrap();
        rows.iter().filter(|r| r[0] != r[1]).count()
    };
    assert_eq!(wrong(false), 0);
    // Two readings of 97 % and the gate before them: 2 * 0.97 * 0.03 + 0.003 of 4,000.
    let got = wrong(true);
    assert!((180..320).contains(&got), "{got}");
}

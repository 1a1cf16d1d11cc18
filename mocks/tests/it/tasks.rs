//! Decisions about tasks.

use serde_json::{Value, json};
use shotbook_mocks::faults::{Fault, Kind};
use shotbook_mocks::{Advance, Config, DeviceState, Now, Request};

use crate::world::{Caller, GARNET, SV1, action, path, refused};

#[test]
fn a_comment_may_speak_of_includes_and_a_statement_may_not() {
    let mut c = Caller::north();
    let _arn =
        c.made(&json!({"action": action("OPENQASM 3.0;\n// include \"x.inc\"\nqubit[1] q;\nh q[0];\n")}));
    let refusal =
        c.create(&json!({"action": action("OPENQASM 3.0;\ninclude \"stdgates.inc\";\nqubit[1] q;")}));
    refused(&refusal, 400, "No terminal matches '\"' in the current parser context, at line 2 col 9.");
}

#[test]
fn devices_that_take_nothing_say_so() {
    let devices = vec![("Garnet".to_owned(), DeviceState::Offline)];
    let mut c = Caller::new(Config { devices, ..Config::default() }, "eu-north-1");
    assert_eq!(c.ask("GET", &path("device", GARNET, ""), &Value::Null).1["deviceStatus"], "OFFLINE");
    refused(&c.create(&json!({})), 424, "is offline");
    assert!(c.world.set_device("Garnet", DeviceState::Retired));
    refused(&c.create(&json!({})), 410, "is retired");
    assert!(c.world.set_device("Garnet", DeviceState::Online));
    let _arn = c.made(&json!({}));
    let elsewhere = "arn:aws:braket:us-east-1::device/qpu/ionq/Forte-1";
    refused(&c.create(&json!({"deviceArn": elsewhere})), 400, "not available");
    refused(&c.ask("GET", &path("device", elsewhere, ""), &Value::Null), 404, "not found");
}

#[test]
fn tags_have_their_bounds() {
    let mut c = Caller::north();
    let many: serde_json::Map<_, _> = (0..51).map(|i| (format!("k{i}"), json!("v"))).collect();
    refused(&c.create(&json!({"tags": many})), 400, "'tags' failed to satisfy constraint");
    refused(&c.create(&json!({"tags": {"k": 1}})), 400, "at 'tags.k.member' failed");
    refused(&c.create(&json!({"tags": {"aws:k": "v"}})), 400, "aws:");
    let most: serde_json::Map<_, _> = (0..50).map(|i| (format!("k{i}"), json!("v"))).collect();
    let arn = c.made(&json!({"tags": most}));
    let tags = path("tags", &arn, "");
    refused(&c.ask("POST", &tags, &json!({"tags": {"one": "more"}})), 400, "more than 50");
    assert_eq!(c.ask("POST", &tags, &json!({"tags": {"k0": "again"}})).0, 200);
    assert_eq!(c.ask("DELETE", &format!("{tags}?tagKeys=k1&tagKeys=k2"), &Value::Null).0, 200);
    let left = c.ask("GET", &tags, &Value::Null).1;
    assert_eq!(left["tags"].as_object().unwrap().len(), 48);
    assert_eq!(left["tags"]["k0"], "again");
}

#[test]
fn members_are_judged_as_the_model_says() {
    let mut c = Caller::north();
    for (change, place) in [
        (json!({"clientToken": ""}), "'clientToken'"),
        (json!({"clientToken": "x".repeat(65)}), "'clientToken'"),
        (json!({"shots": -1}), "'shots'"),
        (json!({"shots": "many"}), "'shots'"),
        (json!({"shots": null}), "'shots'"),
        (json!({"outputS3Bucket": "ab"}), "'outputS3Bucket'"),
        (json!({"deviceParameters": ""}), "'deviceParameters'"),
        (
            json!({"associations": [{"arn": "x", "type": "RESERVATION_TIME_WINDOW_ARN"}]}),
            "'associations.1.member.arn'",
        ),
        (json!({"experimentalCapabilities": {"enabled": "SOME"}}), "'experimentalCapabilities.enabled'"),
    ] {
        refused(&c.create(&change), 400, place);
    }
    let filters = json!({"filters": [{"name": "status", "values": ["QUEUED"], "operator": "LIKE"}]});
    refused(&c.ask("POST", "/quantum-tasks", &filters), 400, "'filters.1.member.operator'");
    refused(&c.ask("POST", "/quantum-tasks", &json!({})), 400, "'filters'");
    refused(
        &c.ask("POST", "/quantum-tasks", &json!({"filters": [], "maxResults": 101})),
        400,
        "'maxResults'",
    );
    refused(&c.ask("POST", "/quantum-tasks", &json!({"filters": [], "nextToken": "x"})), 400, "nextToken");
}

#[test]
fn a_token_names_one_task() {
    let mut c = Caller::north();
    let body = c.task(&json!({}));
    let first = c.ask("POST", "/quantum-task", &body);
    assert_eq!(c.ask("POST", "/quantum-task", &body), first);
    let mut other = body.clone();
    other["shots"] = json!(101);
    refused(&c.ask("POST", "/quantum-task", &other), 400, "client token");
    c.world.arm(Fault::new(Kind::ForgetTokens, "CreateQuantumTask", 1, 1));
    assert_ne!(c.ask("POST", "/quantum-task", &body).1, first.1);
    assert_eq!((c.world.meter().creates, c.world.meter().duplicate_tokens), (2, 1));
}

#[test]
fn pages_hold_while_tasks_arrive() {
    let mut c = Caller::north();
    let mut made: Vec<String> = (0..5).map(|_| c.made(&json!({}))).collect();
    made.reverse();
    let (mut seen, mut token) = (Vec::new(), Value::Null);
    loop {
        let (_, page) =
            c.ask("POST", "/quantum-tasks", &json!({"filters": [], "maxResults": 2, "nextToken": token}));
        let rows = page["quantumTasks"].as_array().unwrap();
        seen.extend(rows.iter().map(|r| r["quantumTaskArn"].as_str().unwrap().to_owned()));
        token = page["nextToken"].clone();
        if token.is_null() {
            break;
        }
        let _later = c.made(&json!({}));
    }
    assert_eq!(seen, made);
}

#[test]
fn faults_shape_the_life_of_a_task() {
    let mut c = Caller::north();
    let mut fated = |kind: Kind| {
        c.world.arm(Fault::new(kind, "CreateQuantumTask", 1, 1));
        let arn = c.made(&json!({}));
        c.world.disarm();
        arn
    };
    let names =
        [Kind::Stuck, Kind::FailTask, Kind::Partial, Kind::CancelLoses, Kind::ResultMissing, Kind::ResultCut];
    let [stuck, failed, partial, loses, missing, cut] = names.map(&mut fated);
    assert_eq!(c.get(&stuck)["status"], "QUEUED");
    assert_eq!(c.get(&failed)["status"], "FAILED");
    assert_eq!(c.get(&failed)["actionMetadata"]["actionType"], "braket.ir.openqasm.program");
    assert_eq!(c.get(&partial)["numSuccessfulShots"], 50);
    assert_eq!(c.file(&partial, "results.json").unwrap()["measurements"].as_array().unwrap().len(), 50);
    let cancel = json!({"clientToken": "c"});
    assert_eq!(c.ask("PUT", &path("quantum-task", &loses, "/cancel"), &cancel).0, 200);
    assert_eq!(c.get(&loses)["status"], "COMPLETED");
    assert_eq!(c.ask("PUT", &path("quantum-task", &stuck, "/cancel"), &cancel).0, 200);
    assert_eq!(c.get(&stuck)["status"], "CANCELLED");
    assert_eq!(c.get(&missing)["status"], "COMPLETED");
    assert!(c.file(&missing, "results.json").is_none());
    let directory = c.get(&cut)["outputS3Directory"].as_str().unwrap().to_owned();
    let body = c.send("s3", "GET", &format!("/results-1/{directory}/results.json"), Vec::new()).body;
    assert!(serde_json::from_slice::<Value>(&body).is_err() && !body.is_empty());
    // 3 whole tasks and one of 50 shots; failed and cancelled ones are free.
    assert_eq!(c.world.meter().cost(), "1.7075");
}

#[test]
fn latency_and_windows_follow_the_worlds_clock() {
    let config = Config { advance: Advance::After(10_000), windows: true, ..Config::default() };
    let mut c = Caller::new(config, "eu-north-1");
    // Thursday 2026-12-31 16:00:00 UTC: the device rests from 15:30 to 17:15.
    c.now_ms = 1_798_732_800_000;
    let arn = c.made(&json!({}));
    c.now_ms += 20_000;
    assert_eq!(c.get(&arn)["status"], "QUEUED");
    c.now_ms += 2 * 3_600_000;
    assert_eq!(c.get(&arn)["status"], "COMPLETED");
    let arn = c.made(&json!({}));
    c.now_ms += 6_000;
    assert_eq!(c.get(&arn)["status"], "RUNNING");
}

#[test]
fn simulators_have_places() {
    let config = Config { quotas: true, advance: Advance::After(1_000), ..Config::default() };
    let mut c = Caller::new(config, "us-west-1");
    for _ in 0..50 {
        let _arn = c.made(&json!({"deviceArn": SV1}));
    }
    let mut places = c.create(&json!({"deviceArn": SV1}));
    assert!(places.1["message"].as_str().is_some_and(|m| m.contains("concurrent")), "{places:?}");
    // Sixty creates come through in one burst, and then twenty a second.
    let mut throttled = 0;
    for _ in 0..12 {
        places = c.create(&json!({"deviceArn": SV1}));
        throttled += u32::from(places.0 == 429);
    }
    assert_eq!(throttled, 3);
    c.now_ms += 500;
    refused(&c.create(&json!({"deviceArn": SV1})), 402, "concurrent");
}

#[test]
fn only_signed_requests_are_served() {
    let mut c = Caller::north();
    let mut ask = |method: &str, target: &str| {
        let request = Request { method: method.into(), target: target.into(), ..Request::default() };
        c.world.handle(Now::at(1_800_000_000_000), &request).0
    };
    for (method, target) in
        [("POST", "/quantum-task"), ("GET", "/device/x"), ("POST", "/"), ("GET", "/results-1/k")]
    {
        assert_eq!(ask(method, target).status, 403, "{method} {target}");
    }
    assert_eq!(ask("GET", "/_shotbook/state").status, 200);
    assert_eq!(ask("GET", "/offers/v1.0/aws/AmazonBraket/current/index.csv").status, 200);
    let presigned = "/results-1/k?X-Amz-Credential=A%2F20270115%2Feu-north-1%2Fs3%2Faws4_request&X-Amz-Date=";
    assert_eq!(ask("GET", &format!("{presigned}20270115T075900Z&X-Amz-Expires=120")).status, 404);
    assert_eq!(ask("GET", &format!("{presigned}20270115T075000Z&X-Amz-Expires=120")).status, 403);
}

#[test]
fn debiased_tasks_need_more_shots_and_tell_a_sharpened_histogram() {
    const FORTE: &str = "arn:aws:braket:us-east-1::device/qpu/ionq/Forte-1";
    let mut c = Caller::new(Config::default(), "us-east-1");
    let debias =
        json!({"errorMitigation": [{"type": "braket.device_schema.error_mitigation.debias.Debias"}]});
    let with =
        |shots: u64| json!({"deviceArn": FORTE, "shots": shots, "deviceParameters": debias.to_string()});
    refused(&c.create(&with(2499)), 400, "at least 2500 shots");
    let arn = c.made(&with(2500));
    c.get(&arn);
    let file = c.file(&arn, "results.json").unwrap();
    let rows = file["additionalMetadata"]["ionqMetadata"]["sharpenedProbabilities"].as_object().unwrap();
    assert!((rows.values().filter_map(Value::as_f64).sum::<f64>() - 1.0).abs() < 1e-9, "{rows:?}");
    let plain = c.made(&json!({"deviceArn": FORTE, "shots": 2500}));
    c.get(&plain);
    assert_eq!(c.file(&plain, "results.json").unwrap()["additionalMetadata"].get("ionqMetadata"), None);
    let mut north = Caller::north();
    let elsewhere = json!({"deviceParameters": debias.to_string()});
    refused(&north.create(&elsewhere), 400, "Error mitigation is not supported");
}

//! Devices: withdrawn ones, regions, booked windows, and what simulators measure.

use serde_json::{Value, json};
use shotbook_mocks::Config;

use crate::world::{Caller, SV1, action, path, refused};

const TN1: &str = "arn:aws:braket:::device/quantum-simulator/amazon/tn1";

fn device(c: &mut Caller, arn: &str) -> (u16, Value) {
    let (status, body) = c.ask("GET", &path("device", arn, ""), &Value::Null);
    let document = body["deviceCapabilities"].as_str().and_then(|t| serde_json::from_str(t).ok());
    (status, document.unwrap_or(Value::Null))
}

fn found(c: &mut Caller) -> Vec<String> {
    let (_, page) = c.ask("POST", "/devices", &json!({"filters": [], "maxResults": 100}));
    page["devices"].as_array().unwrap().iter().map(|d| d["deviceArn"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn withdrawn_devices_are_listed_in_one_region_with_a_document() {
    let mut west = Caller::new(Config::default(), "us-west-2");
    let old = "arn:aws:braket:::device/qpu/d-wave/DW_2000Q_6";
    assert!(found(&mut west).contains(&old.to_owned()) && found(&mut west).contains(&TN1.to_owned()));
    let (status, document) = device(&mut west, old);
    assert_eq!((status, &document["provider"]["qubitCount"]), (200, &json!(2048)));
    assert_eq!(device(&mut west, TN1).1["paradigm"]["qubitCount"], 50);
    let mut north = Caller::north();
    assert!(!found(&mut north).iter().any(|arn| arn == old || arn == TN1));
    assert_eq!(device(&mut north, old).0, 404);
    assert_eq!(device(&mut north, SV1).0, 404);
}

#[test]
fn pulse_control_has_frames_and_calibrations() {
    let mut c = Caller::new(Config::default(), "us-west-1");
    let (_, document) = device(&mut c, "arn:aws:braket:us-west-1::device/qpu/rigetti/Cepheus-1-108Q");
    assert!(document["pulse"]["frames"]["Transmon_0_charge_tx"].is_object(), "{}", document["pulse"]);
    let address = document["pulse"]["nativeGateCalibrationsRef"].as_str().unwrap().to_owned();
    let place = address.split_once("127.0.0.1").map(|(_, p)| p.to_owned()).unwrap();
    let reply = c.send("none", "GET", &place, Vec::new());
    let calibrations: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(calibrations["gates"]["0"]["rx"].as_array().map(Vec::len), Some(4));
    assert!(calibrations["gates"]["0-1"]["cz"].is_array() && calibrations["gates"]["0"]["rz"].is_array());
    assert_eq!(c.send("none", "GET", "/_shotbook/calibrations/Garnet.json", Vec::new()).status, 404);
}

#[test]
fn booked_windows_are_checked() {
    let window = |arn: &str| json!({"associations": [{"arn": arn, "type": "RESERVATION_TIME_WINDOW_ARN"}]});
    let good = "arn:aws:braket:eu-north-1:123456789012:reservation/5a0f0f9c-0d3b-4f0e-9c55-1f0a7be1a2c3";
    let mut c = Caller::north();
    let _arn = c.made(&window(good));
    for wrong in [
        "arn:aws:braket:eu-north-1:123456789012:reservation/a1b123cd-45e6-789f-gh01-i234567jk8l9",
        "arn:aws:braket:us-east-1:123456789012:reservation/5a0f0f9c-0d3b-4f0e-9c55-1f0a7be1a2c3",
        "arn:aws:braket:eu-north-1:210987654321:reservation/5a0f0f9c-0d3b-4f0e-9c55-1f0a7be1a2c3",
    ] {
        refused(&c.create(&window(wrong)), 400, "Reservation arn is invalid");
    }
    let mut c = Caller::new(Config::default(), "us-east-1");
    refused(&c.create(&window(good)), 400, "Braket Direct is not supported for");
}

#[test]
fn a_simulator_measures_all_qubits_or_is_told_of_none() {
    let mut c = Caller::new(Config::default(), "us-east-1");
    let partly = "OPENQASM 3.0;\nqubit[2] q;\nbit[1] b;\nh q[0];\ncnot q[0], q[1];\nb[0] = measure q[0];\n";
    refused(
        &c.create(&json!({"action": action(partly)})),
        400,
        "Device requires all qubits in the program to be measured. ",
    );
    let idle = c.made(&json!({"action": action("OPENQASM 3.0;\nqubit[3] q;\nx q[1];\n")}));
    let result = c.file(&idle, "results.json").unwrap();
    assert_eq!(
        (&result["measuredQubits"], &result["measurements"][0]),
        (&json!([0, 1, 2]), &json!([0, 1, 0]))
    );
}

#[test]
fn an_observable_of_all_qubits_is_one_result_with_a_list() {
    let mut c = Caller::new(Config::default(), "us-east-1");
    // Pragmas without a line of their own, as clients' own suites send them.
    let source = "OPENQASM 3;qubit[2] q;x q[0];i q[1];#pragma braket result expectation z all#pragma braket result variance z(q[0])";
    let arn = c.made(&json!({"action": action(source), "shots": 0}));
    let result = c.file(&arn, "results.json").unwrap();
    let rows = result["resultTypes"].as_array().unwrap();
    assert_eq!(rows.len(), 2, "{result}");
    assert_eq!(rows[0], json!({"type": {"type": "expectation", "observable": ["z"]}, "value": [-1.0, 1.0]}));
    assert_eq!(rows[1]["type"]["targets"], json!([0]));
}

//! Program sets, and the older circuit payload.

use serde_json::{Value, json};
use shotbook_mocks::Config;

use crate::world::{BELL, Caller, SV1, refused};

const TURN: &str =
    "OPENQASM 3.0;\ninput float a;\nbit[1] b;\nqubit[1] q;\nrx(a) q[0];\nb[0] = measure q[0];\n";

fn program(source: &str, inputs: Value) -> Value {
    json!({"braketSchemaHeader": {"name": "braket.ir.openqasm.program", "version": "1"}, "source": source,
        "inputs": inputs})
}

fn set(programs: &[Value]) -> String {
    json!({"braketSchemaHeader": {"name": "braket.ir.openqasm.program_set", "version": "1"}, "programs": programs})
        .to_string()
}

fn rows(executable: &Value) -> Vec<Value> {
    executable["measurements"].as_array().unwrap().clone()
}

fn two() -> String {
    set(&[program(BELL, Value::Null), program(TURN, json!({"a": [0.0, std::f64::consts::PI]}))])
}

#[test]
fn a_set_is_one_task_with_one_fee() {
    let mut c = Caller::north();
    let arn = c.made(&json!({"action": two(), "shots": 300}));
    let task = c.get(&arn);
    assert_eq!(
        task["actionMetadata"],
        json!({"actionType": "braket.ir.openqasm.program_set",
        "programCount": 2, "executableCount": 3})
    );
    assert_eq!(c.world.meter().cost(), "0.735");
    let file = c.file(&arn, "results.json").unwrap();
    let turn = &file["programResults"][1]["executableResults"];
    assert_eq!(rows(&turn[0]), vec![json!([0]); 100]);
    assert_eq!(rows(&turn[1]), vec![json!([1]); 100]);
    assert_eq!(file["taskMetadata"]["successfulShots"], 300);
    assert_eq!(file["s3Location"], Value::Null);
}

#[test]
fn a_split_result_has_a_file_for_each() {
    let mut c = Caller::new(Config { split_results: true, ..Config::default() }, "eu-north-1");
    let arn = c.made(&json!({"action": two(), "shots": 300}));
    let root = c.file(&arn, "results.json").unwrap();
    assert_eq!(root["programResults"], json!(["programs/0/results.json", "programs/1/results.json"]));
    let folder = root["s3Location"][1].as_str().unwrap().to_owned();
    assert!(arn.ends_with(folder.rsplit('/').next().unwrap()));
    let program = c.file(&arn, "programs/1/results.json").unwrap();
    assert_eq!(program["executableResults"], json!(["executables/0.json", "executables/1.json"]));
    assert_eq!(c.file(&arn, "programs/1/program.json").unwrap()["source"], TURN);
    let last = c.file(&arn, "programs/1/executables/1.json").unwrap();
    assert_eq!((last["inputsIndex"].clone(), rows(&last).len()), (json!(1), 100));
    assert_eq!(c.file(&arn, "metadata.json").unwrap()["requestedShots"], 300);
}

#[test]
fn a_wrong_set_says_where() {
    let mut c = Caller::north();
    let reply = c.create(&json!({"shots": 200, "action": set(&[program(BELL, Value::Null),
        program("OPENQASM 3.0;\nqubit[1] q;\nnope q[0];\n", Value::Null)])}));
    refused(&reply, 400, "Program set");
    assert_eq!(reply.1["reason"], "ProgramSetValidationFailed");
    assert_eq!(reply.1["programSetValidationFailures"][0]["programIndex"], 1);
    let uneven = set(&[program(TURN, json!({"a": [0.0, 1.0], "b": [1.0]}))]);
    let reply = c.create(&json!({"action": uneven}));
    let why = &reply.1["programSetValidationFailures"][0]["errors"][0];
    assert!(why.as_str().is_some_and(|w| w.contains("same length")), "{reply:?}");
    refused(
        &c.create(&json!({"action": two(), "shots": 100})),
        400,
        "multiple of the number of executables (3)",
    );
    refused(&c.create(&json!({"action": set(&[]), "shots": 100})), 400, "at least one program");
    let many = set(&[program(TURN, json!({"a": vec![0.5; 101]}))]);
    refused(&c.create(&json!({"action": many, "shots": 101})), 400, "The maximum is 100");
    let result = format!("{BELL}#pragma braket result probability all\n");
    let reply = c.create(&json!({"action": set(&[program(&result, Value::Null)])}));
    assert_eq!(reply.0, 400);
    let mut east = Caller::new(Config::default(), "us-east-1");
    refused(&east.create(&json!({"deviceArn": SV1, "action": two(), "shots": 300})), 400, "does not support");
}

#[test]
fn the_older_payload_runs() {
    let mut c = Caller::new(Config::default(), "us-east-1");
    let action = json!({"braketSchemaHeader": {"name": "braket.ir.jaqcd.program", "version": "1"},
        "instructions": [{"type": "x", "target": 0}, {"type": "cnot", "control": 0, "target": 1}],
        "results": [{"type": "expectation", "observable": ["z"], "targets": [1]}]});
    let arn = c.made(&json!({"action": action.to_string(), "shots": 0}));
    assert_eq!(c.file(&arn, "results.json").unwrap()["resultTypes"][0]["value"], -1.0);
    assert_eq!(c.get(&arn)["actionMetadata"]["actionType"], "braket.ir.jaqcd.program");
}

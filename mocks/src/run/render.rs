//! Result files as the service writes them, made when they are asked for.

use num_complex::Complex64;
use serde_json::{Value, json};
use shotbook_sim::circuit::{BitString, Circuit};
use shotbook_sim::result::{Factor, Observable, ResultType, ResultValue};
use shotbook_sim::target::Catalogue;

use super::action::{Action, SET};
use super::program::{Program, Ran};

/// What a result file says of its task.
#[derive(Clone, Debug)]
pub(crate) struct Facts<'a> {
    pub arn: &'a str,
    pub device: &'a str,
    pub device_parameters: &'a str,
    pub shots: u64,
    /// Shots that count; fewer when the task succeeded in part.
    pub successful: u64,
    pub created: String,
    pub ended: String,
    pub bucket: &'a str,
    pub directory: &'a str,
    pub duration_ms: u64,
    pub split: bool,
}

type Rows = [Vec<Result<Ran, String>>];

/// An object with members that are text already: measurements are too many for a tree.
fn with_raw(object: &Value, members: &[(&str, String)]) -> String {
    let mut out = object.to_string();
    out.pop();
    for (name, text) in members {
        let comma = if out.ends_with('{') { "" } else { "," };
        out.push_str(&format!("{comma}\"{name}\":{text}"));
    }
    out.push('}');
    out
}

fn header(name: &str) -> Value {
    json!({"name": format!("braket.task_result.{name}"), "version": "1"})
}

/// Names of the files of a result, below the task's folder.
pub(crate) fn parts(action: &Action, facts: &Facts<'_>) -> Vec<String> {
    let mut out = vec!["results.json".to_owned()];
    if action.kind == SET && facts.split {
        out.push("metadata.json".to_owned());
        for (p, executables) in action.programs.iter().enumerate() {
            out.push(format!("programs/{p}/results.json"));
            out.push(format!("programs/{p}/program.json"));
            out.extend((0..executables.len()).map(|e| format!("programs/{p}/executables/{e}.json")));
        }
    }
    out
}

/// One file of a result.
pub(crate) fn part(action: &Action, rows: &Rows, facts: &Facts<'_>, name: &str) -> Option<String> {
    if action.kind != SET {
        let ran = rows.first()?.first()?.as_ref().ok()?;
        let program = action.programs.first()?.first()?;
        return (name == "results.json").then(|| single(action, program, ran, facts));
    }
    if name == "results.json" {
        return Some(set(action, rows, facts));
    }
    if name == "metadata.json" {
        return Some(set_metadata(rows, facts).to_string());
    }
    let (program, rest) = name.strip_prefix("programs/")?.split_once('/')?;
    let p: usize = program.parse().ok()?;
    match rest {
        "results.json" => Some(program_result(action, rows, facts, p)),
        "program.json" => Some(action.payload["programs"].get(p)?.to_string()),
        other => {
            let e: usize = other.strip_prefix("executables/")?.strip_suffix(".json")?.parse().ok()?;
            Some(executable(rows.get(p)?.get(e)?, e))
        }
    }
}

fn additional(device: &str, duration_ms: u64, compiled: &Value) -> Value {
    let mut out = json!({});
    if device.contains("quantum-simulator") {
        out["simulatorMetadata"] =
            json!({"braketSchemaHeader": header("simulator_metadata"), "executionDuration": duration_ms});
    } else if let Some((member, name)) = vendor(device) {
        out[member] =
            json!({"braketSchemaHeader": header(&format!("{name}_metadata")), "compiledProgram": compiled});
    }
    out
}

/// Whether the parameters of a task ask for mitigated errors.
pub(crate) fn is_mitigated(device_parameters: &str) -> bool {
    let parameters: Value = serde_json::from_str(device_parameters).unwrap_or(Value::Null);
    parameters["errorMitigation"].as_array().is_some_and(|asked| !asked.is_empty())
}

/// What debiasing adds to the counts: a histogram in which frequent outcomes count more than rare ones.
fn sharpened(ran: &Ran) -> Value {
    let square = |n: u64| (n as f64).powi(2);
    let whole: f64 = ran.result.counts.iter().map(|(_, n)| square(*n)).sum();
    let rows = ran.result.counts.iter().map(|(bits, n)| (bits.to_string(), json!(square(*n) / whole)));
    json!({"braketSchemaHeader": header("ionq_metadata"), "sharpenedProbabilities": Value::Object(rows.collect())})
}

fn vendor(arn: &str) -> Option<(&'static str, &'static str)> {
    Some(match arn.rsplit('/').nth(1)? {
        "iqm" => ("iqmMetadata", "iqm"),
        "rigetti" => ("rigettiMetadata", "rigetti"),
        "aqt" => ("aqtMetadata", "aqt"),
        _ => return None,
    })
}

/// The compiled form of a program; the program itself where it is not compiled here.
fn compiled(program: Option<&Program>, device: &str, given: &Value) -> Value {
    let device = Catalogue::embedded().devices().iter().find(|d| d.arn == device);
    let text = program.zip(device).and_then(|(program, device)| program.compiled(device));
    text.map_or_else(|| given.clone(), Value::from)
}

fn single(action: &Action, program: &Program, ran: &Ran, facts: &Facts<'_>) -> String {
    let compiled = compiled(Some(program), facts.device, &action.payload["source"]);
    let mut metadata = additional(facts.device, facts.duration_ms, &compiled);
    metadata["action"] = action.payload.clone();
    if facts.device.contains("/ionq/") && is_mitigated(facts.device_parameters) {
        metadata["ionqMetadata"] = sharpened(ran);
    }
    let mut file = json!({
        "braketSchemaHeader": header("gate_model_task_result"),
        "resultTypes": result_types(program, ran),
        "measuredQubits": ran.labels,
        "additionalMetadata": metadata,
        "taskMetadata": {
            "braketSchemaHeader": header("task_metadata"),
            "id": facts.arn, "shots": facts.shots, "deviceId": facts.device,
            "createdAt": facts.created, "endedAt": facts.ended, "status": "COMPLETED",
        },
    });
    if let Ok(parameters @ Value::Object(_)) = serde_json::from_str::<Value>(facts.device_parameters)
        && parameters.get("braketSchemaHeader").is_some()
    {
        file["taskMetadata"]["deviceParameters"] = parameters;
    }
    let rows = (facts.shots > 0).then(|| ("measurements", measurements(ran, facts.successful)));
    with_raw(&file, rows.as_slice())
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn set(action: &Action, rows: &Rows, facts: &Facts<'_>) -> String {
    let n = action.programs.len();
    let head = header("program_set_task_result");
    if facts.split {
        let names: Vec<String> = (0..n).map(|p| format!("programs/{p}/results.json")).collect();
        return json!({"braketSchemaHeader": head, "programResults": names, "taskMetadata": "metadata.json",
            "s3Location": [facts.bucket, facts.directory]})
        .to_string();
    }
    let programs = list((0..n).map(|p| program_result(action, rows, facts, p)));
    let head =
        json!({"braketSchemaHeader": head, "taskMetadata": set_metadata(rows, facts), "s3Location": null});
    with_raw(&head, &[("programResults", programs)])
}

fn program_result(action: &Action, rows: &Rows, facts: &Facts<'_>, p: usize) -> String {
    let given = &action.payload["programs"][p];
    let own = rows.get(p).map_or(&[][..], Vec::as_slice);
    let source = if facts.split { json!("program.json") } else { given.clone() };
    let executables = list(
        own.iter()
            .enumerate()
            .map(|(e, r)| if facts.split { format!("\"executables/{e}.json\"") } else { executable(r, e) }),
    );
    let first = action.programs.get(p).and_then(|own| own.first());
    let compiled = compiled(first, facts.device, &given["source"]);
    let head = json!({"braketSchemaHeader": header("program_result"), "source": source,
        "additionalMetadata": additional(facts.device, facts.duration_ms, &compiled)});
    with_raw(&head, &[("executableResults", executables)])
}

fn failure(why: &str) -> Value {
    json!({"failureReason": why, "retryable": true, "category": "DEVICE"})
}

fn executable(ran: &Result<Ran, String>, index: usize) -> String {
    match ran {
        Ok(ran) => {
            let head = json!({"braketSchemaHeader": header("program_set_executable_result"),
                "inputsIndex": index, "measuredQubits": ran.labels});
            with_raw(&head, &[("measurements", measurements(ran, u64::MAX))])
        }
        Err(why) => json!({"braketSchemaHeader": header("program_set_executable_failure"),
            "inputsIndex": index, "failureMetadata": failure(why)})
        .to_string(),
    }
}

fn set_metadata(rows: &Rows, facts: &Facts<'_>) -> Value {
    let executables: usize = rows.iter().map(Vec::len).sum();
    let good = rows.iter().flatten().filter(|r| r.is_ok()).count();
    let programs: Vec<Value> = rows
        .iter()
        .map(|own| {
            let each: Vec<Value> =
                own.iter().map(|r| r.as_ref().err().map_or_else(|| json!({}), |why| failure(why))).collect();
            json!({"executables": each})
        })
        .collect();
    json!({"braketSchemaHeader": header("program_set_task_metadata"), "id": facts.arn,
        "deviceId": facts.device, "requestedShots": facts.shots,
        "successfulShots": facts.shots / executables.max(1) as u64 * good as u64,
        "programMetadata": programs, "totalFailedExecutables": executables - good,
        "createdAt": facts.created, "endedAt": facts.ended,
        "status": if good > 0 { "COMPLETED" } else { "FAILED" }})
}

fn measurements(ran: &Ran, most: u64) -> String {
    let row = |bits: &BitString| list(bits.iter().map(|b| if b { "1" } else { "0" }.to_owned()));
    let rows: Vec<String> = ran.result.counts.iter().map(|(bits, _)| row(bits)).collect();
    let mut out = String::from("[");
    for index in ran.shots().take(usize::try_from(most).unwrap_or(usize::MAX)) {
        if out.len() > 1 {
            out.push(',');
        }
        out.push_str(&rows[index]);
    }
    out.push(']');
    out
}

/// What was asked with its values: the schema takes no row without one.
///
/// An observable of all qubits is one row without targets and with a list of values.
fn result_types(program: &Program, ran: &Ran) -> Vec<Value> {
    let circuit = program.circuit();
    let mut rows: Vec<Value> = Vec::new();
    let mut last = None;
    for (at, (request, value)) in circuit.results.iter().zip(&ran.result.values).enumerate() {
        let value = value_json(value, circuit);
        if !program.asks_of_all(at) {
            rows.push(json!({"type": kind_json(&request.kind, circuit), "value": value}));
            last = None;
        } else if last == Some(request.span) {
            if let Some(values) = rows.last_mut().and_then(|row| row["value"].as_array_mut()) {
                values.push(value);
            }
        } else {
            let mut kind = kind_json(&request.kind, circuit);
            if let Some(kind) = kind.as_object_mut() {
                kind.remove("targets");
            }
            rows.push(json!({"type": kind, "value": [value]}));
            last = Some(request.span);
        }
    }
    rows
}

fn complex(z: &Complex64) -> Value {
    json!([z.re, z.im])
}

fn observable_json(observable: &Observable) -> (Value, Vec<u32>) {
    let factors = observable.factors.iter().map(|(factor, _)| match factor {
        Factor::I => json!("i"),
        Factor::X => json!("x"),
        Factor::Y => json!("y"),
        Factor::Z => json!("z"),
        Factor::H => json!("h"),
        Factor::Hermitian(m) => {
            m.chunks(m.len().isqrt()).map(|r| r.iter().map(complex).collect::<Value>()).collect()
        }
    });
    (factors.collect(), observable.factors.iter().flat_map(|(_, q)| q.clone()).collect())
}

/// A weighted sum as the schema writes it: `2 * x @ y - 1 * z`.
fn sum_text(terms: &[(f64, Observable)]) -> String {
    let word = |factor: &Factor| match factor {
        Factor::I => "i",
        Factor::X => "x",
        Factor::Y => "y",
        Factor::Z => "z",
        Factor::H => "h",
        Factor::Hermitian(_) => "hermitian",
    };
    let mut out = String::new();
    for (i, (weight, observable)) in terms.iter().enumerate() {
        let (sign, weight) = match (i, *weight < 0.0) {
            (0, _) => ("", *weight),
            (_, true) => (" - ", -weight),
            (_, false) => (" + ", *weight),
        };
        let factors: Vec<&str> = observable.factors.iter().map(|(factor, _)| word(factor)).collect();
        out.push_str(&format!("{sign}{weight} * {}", factors.join(" @ ")));
    }
    out
}

fn kind_json(kind: &ResultType, circuit: &Circuit) -> Value {
    let of = |name: &str, o: &Observable| {
        let (observable, targets) = observable_json(o);
        json!({"type": name, "observable": observable, "targets": targets})
    };
    match kind {
        ResultType::StateVector => json!({"type": "statevector"}),
        ResultType::DensityMatrix(t) => json!({"type": "densitymatrix", "targets": t}),
        ResultType::Probability(t) => json!({"type": "probability", "targets": t}),
        ResultType::Amplitude(states) => {
            json!({"type": "amplitude", "states": states.iter().map(ToString::to_string).collect::<Vec<_>>()})
        }
        ResultType::Expectation(o) => of("expectation", o),
        ResultType::Variance(o) => of("variance", o),
        ResultType::Sample(o) => of("sample", o),
        ResultType::AdjointGradient { terms, inputs } => {
            let targets: Vec<Vec<u32>> = terms.iter().map(|(_, o)| observable_json(o).1).collect();
            let names: Vec<&str> = circuit
                .inputs
                .iter()
                .enumerate()
                .filter(|(i, _)| inputs.is_empty() || inputs.contains(&(*i as u32)))
                .map(|(_, input)| input.name.as_str())
                .collect();
            json!({"type": "adjoint_gradient", "observable": sum_text(terms), "targets": targets,
                "parameters": names})
        }
    }
}

fn value_json(value: &ResultValue, circuit: &Circuit) -> Value {
    match value {
        ResultValue::StateVector(z) => z.iter().map(complex).collect(),
        ResultValue::DensityMatrix(m) => {
            m.chunks(m.len().isqrt().max(1)).map(|r| r.iter().map(complex).collect::<Value>()).collect()
        }
        ResultValue::Probability(p) | ResultValue::Sample(p) => json!(p),
        ResultValue::Amplitude(pairs) => {
            Value::Object(pairs.iter().map(|(s, z)| (s.to_string(), complex(z))).collect())
        }
        ResultValue::Expectation(x) | ResultValue::Variance(x) => json!(x),
        ResultValue::AdjointGradient { expectation, gradient } => {
            let by_name = gradient
                .iter()
                .filter_map(|(i, d)| Some((circuit.inputs.get(*i as usize)?.name.clone(), json!(d))))
                .collect();
            json!({"expectation": expectation, "gradient": Value::Object(by_name)})
        }
    }
}

//! Runs a program and writes `results.json`. Source: gate_model_task_result v1.

use serde_json::{Value, json};
use shotbook_sim::circuit::{Circuit, Op, QubitLabels};
use shotbook_sim::engine::{Columns, Options, TaskResult, prepare};
use shotbook_sim::qasm::{self, InputValue, Inputs, ParseOptions};
use shotbook_sim::result::{Factor, Observable, ResultType, ResultValue};
use shotbook_sim::target::{self, Device};

/// A program that was read and checked.
pub struct Program {
    circuit: Circuit,
    values: Vec<f64>,
    action: Value,
}

/// What running it gave.
pub struct Ran {
    /// Measurements per shot and everything else of the result file but its metadata.
    pub file: Value,
    /// Simulation time as a simulator would report it. Units: milliseconds.
    pub duration_ms: u64,
}

/// Reads the `action` of a task for a device; the service's words when it is refused.
pub fn read(action: &str, device: &Device, shots: u64) -> Result<Program, String> {
    let value: Value =
        serde_json::from_str(action).map_err(|_| "The action is not valid JSON.".to_owned())?;
    let name = value.pointer("/braketSchemaHeader/name").and_then(Value::as_str).unwrap_or("");
    if name != "braket.ir.openqasm.program" {
        return Err(format!("Action type {name:?} is not supported by this stand-in."));
    }
    let source = value["source"].as_str().ok_or("The action has no source.")?;
    if source.contains("include ") {
        let at = source.lines().position(|l| l.trim_start().starts_with("include")).unwrap_or(0) + 1;
        return Err(format!("No terminal matches '\"' in the current parser context, at line {at} col 9."));
    }
    let mut inputs = Inputs::new();
    for (name, value) in value["inputs"].as_object().into_iter().flatten() {
        let value = match value {
            Value::String(bits) => InputValue::Bits(bits.clone()),
            other => {
                InputValue::Number(other.as_f64().ok_or_else(|| format!("Input {name} is not a number."))?)
            }
        };
        inputs.insert(name.clone(), value);
    }
    let reading = qasm::read("source", source, &ParseOptions::default(), &inputs);
    let Some(circuit) = reading.circuit else {
        let first = reading.diagnostics.first();
        let line = first.map_or(0, |d| reading.sources.place(d.span.start).line);
        return Err(format!("[line {line}] {}", first.map_or("", |d| d.message.as_str())));
    };
    let refused = target::refusals(&circuit, device, Some(shots), Some(&reading.sources)).into_iter().next();
    if let Some(refusal) = refused {
        return Err(refusal.service.unwrap_or(refusal.diagnostic.message));
    }
    let values = qasm::bind(&circuit, &inputs).map_err(|d| d[0].message.clone())?;
    Ok(Program { circuit, values, action: value })
}

impl Program {
    /// Qubits that operations touch: what is measured when nothing says so.
    fn used(&self) -> Vec<u32> {
        let mut used = vec![false; self.circuit.n_qubits as usize];
        let c = &self.circuit;
        c.walk(&mut |op, _| match op {
            Op::Gate(g) => c.gate_qubits(g).iter().for_each(|&q| used[q as usize] = true),
            Op::Unitary { qubits, .. } | Op::Kraus { qubits, .. } => {
                c.qubit_range(*qubits).iter().for_each(|&q| used[q as usize] = true);
            }
            Op::Measure { qubit, .. } | Op::Reset { qubit } => used[*qubit as usize] = true,
            _ => {}
        });
        (0..c.n_qubits).filter(|&q| used[q as usize]).collect()
    }

    fn measures(&self) -> bool {
        let mut any = false;
        self.circuit.walk(&mut |op, _| any |= matches!(op, Op::Measure { .. }));
        any
    }

    /// Runs the program; the same seed gives the same file.
    pub fn run(&self, shots: u64, seed: u64, device: &Device) -> Result<Ran, String> {
        let columns = if self.measures() { Columns::Auto } else { Columns::Qubits(self.used()) };
        let options = Options { keep_shots: true, columns, max_memory: 4 << 30, ..Options::default() };
        let mut prepared = prepare(&self.circuit, &options).map_err(|e| e.to_string())?;
        let result = prepared.run(&self.values, shots, seed).map_err(|e| e.to_string())?;
        let duration_ms = 3 + (self.circuit.ops.ops.len() as u64) / 100;
        let mut file = json!({
            "braketSchemaHeader": {"name": "braket.task_result.gate_model_task_result", "version": "1"},
            "resultTypes": self.result_types(&result, shots),
            "measuredQubits": self.labels(&result.columns),
            "additionalMetadata": {"action": self.action, },
        });
        let metadata = &mut file["additionalMetadata"];
        if device.arn.contains("quantum-simulator") {
            metadata["simulatorMetadata"] = json!({
                "braketSchemaHeader": {"name": "braket.task_result.simulator_metadata", "version": "1"},
                "executionDuration": duration_ms,
            });
        } else if let Some((vendor, name)) = vendor(&device.arn) {
            metadata[vendor] = json!({
                "braketSchemaHeader": {"name": format!("braket.task_result.{name}_metadata"), "version": "1"},
                "compiledProgram": self.action["source"],
            });
        }
        if shots > 0 {
            file["measurements"] = measurements(&result);
        }
        Ok(Ran { file, duration_ms })
    }

    fn labels(&self, columns: &[u32]) -> Vec<u32> {
        match &self.circuit.labels {
            QubitLabels::Registers(_) => columns.to_vec(),
            QubitLabels::Physical(labels) => {
                columns.iter().map(|&q| labels.get(q as usize).copied().unwrap_or(q)).collect()
            }
        }
    }

    /// With shots the file holds what was asked; the client computes the values itself.
    fn result_types(&self, result: &TaskResult, shots: u64) -> Vec<Value> {
        let c = &self.circuit;
        let kinds = c.results.iter().map(|r| kind_json(&r.kind, c));
        if shots > 0 {
            return kinds.collect();
        }
        let values = result.values.iter().map(|v| value_json(v, c));
        kinds.zip(values).map(|(kind, value)| json!({"type": kind, "value": value})).collect()
    }
}

fn vendor(arn: &str) -> Option<(&'static str, &'static str)> {
    Some(match arn.rsplit('/').nth(1)? {
        "iqm" => ("iqmMetadata", "iqm"),
        "rigetti" => ("rigettiMetadata", "rigetti"),
        "aqt" => ("aqtMetadata", "aqt"),
        _ => return None,
    })
}

fn measurements(result: &TaskResult) -> Value {
    let row = |index: usize| -> Value {
        result.counts[index].0.bits().iter().map(|&b| Value::from(u8::from(b))).collect()
    };
    match &result.shot_list {
        Some(list) => list.iter().map(|&i| row(i as usize)).collect(),
        None => {
            let times = result.counts.iter().enumerate();
            times.flat_map(|(i, (_, n))| std::iter::repeat_n(row(i), *n as usize)).collect()
        }
    }
}

fn complex(z: &num_complex::Complex64) -> Value {
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
            let (observables, targets): (Vec<Value>, Vec<Vec<u32>>) =
                terms.iter().map(|(_, o)| observable_json(o)).unzip();
            let names: Vec<&str> = circuit
                .inputs
                .iter()
                .enumerate()
                .filter(|(i, _)| inputs.is_empty() || inputs.contains(&(*i as u32)))
                .map(|(_, input)| input.name.as_str())
                .collect();
            json!({"type": "adjoint_gradient", "observable": observables, "targets": targets, "parameters": names})
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

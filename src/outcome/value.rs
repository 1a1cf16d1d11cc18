//! Result types and values as Braket's result schema writes them.
//!
//! Source: gate_model_task_result v1: amplitudes and matrices as `[re, im]`, Hermitian observables
//! as nested `[re, im]`, targets as lists.

use num_complex::Complex64;
use serde_json::{Value, json};
use shotbook_sim::circuit::Circuit;
use shotbook_sim::result::{Factor, Observable, ResultType, ResultValue};

fn complex(z: &Complex64) -> Value {
    json!([z.re, z.im])
}

fn matrix(entries: &[Complex64]) -> Value {
    let side = entries.len().isqrt().max(1);
    entries.chunks(side).map(|row| row.iter().map(complex).collect::<Value>()).collect()
}

fn observable(o: &Observable) -> (Value, Value) {
    let factors = o.factors.iter().map(|(factor, _)| match factor {
        Factor::I => json!("i"),
        Factor::X => json!("x"),
        Factor::Y => json!("y"),
        Factor::Z => json!("z"),
        Factor::H => json!("h"),
        Factor::Hermitian(entries) => matrix(entries),
    });
    let targets: Vec<u32> = o.factors.iter().flat_map(|(_, qubits)| qubits.iter().copied()).collect();
    (factors.collect(), if targets.is_empty() { Value::Null } else { json!(targets) })
}

/// What was asked, without its value.
pub fn request_json(kind: &ResultType, circuit: &Circuit) -> Value {
    let of = |name: &str, o: &Observable| {
        let (observable, targets) = observable(o);
        json!({"type": name, "observable": observable, "targets": targets})
    };
    match kind {
        ResultType::StateVector => json!({"type": "statevector"}),
        ResultType::DensityMatrix(targets) => json!({"type": "densitymatrix", "targets": targets}),
        ResultType::Probability(targets) => json!({"type": "probability", "targets": targets}),
        ResultType::Amplitude(states) => {
            let states: Vec<String> = states.iter().map(ToString::to_string).collect();
            json!({"type": "amplitude", "states": states})
        }
        ResultType::Expectation(o) => of("expectation", o),
        ResultType::Variance(o) => of("variance", o),
        ResultType::Sample(o) => of("sample", o),
        ResultType::AdjointGradient { terms, inputs } => {
            let (observables, targets): (Vec<Value>, Vec<Value>) =
                terms.iter().map(|(_, o)| observable(o)).unzip();
            let names: Vec<&str> = if inputs.is_empty() {
                circuit.inputs.iter().map(|i| i.name.as_str()).collect()
            } else {
                inputs
                    .iter()
                    .filter_map(|&i| circuit.inputs.get(i as usize))
                    .map(|i| i.name.as_str())
                    .collect()
            };
            json!({"type": "adjoint_gradient", "observable": observables, "targets": targets, "parameters": names})
        }
    }
}

/// A value alone.
pub fn value_json(value: &ResultValue, circuit: &Circuit) -> Value {
    match value {
        ResultValue::StateVector(amplitudes) => amplitudes.iter().map(complex).collect(),
        ResultValue::DensityMatrix(entries) => matrix(entries),
        ResultValue::Probability(probabilities) => json!(probabilities),
        ResultValue::Amplitude(pairs) => pairs
            .iter()
            .map(|(state, z)| (state.to_string(), complex(z)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        ResultValue::Expectation(x) | ResultValue::Variance(x) => json!(x),
        ResultValue::Sample(eigenvalues) => json!(eigenvalues),
        ResultValue::AdjointGradient { expectation, gradient } => {
            let by_name: serde_json::Map<String, Value> = gradient
                .iter()
                .filter_map(|&(i, d)| Some((circuit.inputs.get(i as usize)?.name.clone(), json!(d))))
                .collect();
            json!({"expectation": expectation, "gradient": by_name})
        }
    }
}

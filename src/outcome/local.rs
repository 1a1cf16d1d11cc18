//! Results of the built-in simulator: from a run, and in the store.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use shotbook_sim::circuit::Circuit;
use shotbook_sim::engine::TaskResult;

use super::value::{request_json, value_json};
use super::{BadOutcome, Engine, TaskOutcome};
use crate::price::Metering;

const SCHEMA: &str = "shotbook.stored_result/1";

#[derive(Serialize, Deserialize)]
struct Stored {
    schema: String,
    engine: String,
    engine_reason: String,
    seed: u64,
    shots: u64,
    measured_qubits: Vec<u32>,
    counts: Vec<(String, u64)>,
    result_types: Vec<Value>,
}

/// What a run of the built-in simulator gave.
pub fn from_run(circuit: &Circuit, result: &TaskResult, engine: Engine) -> TaskOutcome {
    let result_types = circuit
        .results
        .iter()
        .zip(&result.values)
        .map(|(request, value)| {
            let mut entry = request_json(&request.kind, circuit);
            if let Value::Object(fields) = &mut entry {
                fields.insert("value".to_owned(), value_json(value, circuit));
            }
            entry
        })
        .collect();
    TaskOutcome {
        shots: result.shots,
        measured_qubits: result.columns.clone(),
        counts: result.counts.iter().cloned().collect(),
        counts_from_probabilities: false,
        result_types,
        executables: Vec::new(),
        engine: Some(engine),
        metering: Metering { successful_shots: Some(result.shots), ..Metering::default() },
    }
}

/// The stored bytes of a local result.
pub fn to_stored(outcome: &TaskOutcome) -> Vec<u8> {
    let engine =
        outcome.engine.clone().unwrap_or(Engine { name: String::new(), reason: String::new(), seed: 0 });
    let stored = Stored {
        schema: SCHEMA.to_owned(),
        engine: engine.name,
        engine_reason: engine.reason,
        seed: engine.seed,
        shots: outcome.shots,
        measured_qubits: outcome.measured_qubits.clone(),
        counts: outcome.counts.iter().map(|(bits, n)| (bits.to_string(), *n)).collect(),
        result_types: outcome.result_types.clone(),
    };
    serde_json::to_vec(&stored).unwrap_or_default()
}

/// A local result from its stored bytes.
pub fn read_stored(bytes: &[u8]) -> Result<TaskOutcome, BadOutcome> {
    let shape = |e: String| BadOutcome::Shape(e);
    let stored: Stored = serde_json::from_slice(bytes).map_err(|e| shape(e.to_string()))?;
    if stored.schema != SCHEMA {
        return Err(shape(format!("schema {:?}", stored.schema)));
    }
    let counts = stored
        .counts
        .iter()
        .map(|(bits, n)| Ok((bits.parse().map_err(|e| shape(format!("{e}")))?, *n)))
        .collect::<Result<_, BadOutcome>>()?;
    Ok(TaskOutcome {
        shots: stored.shots,
        measured_qubits: stored.measured_qubits,
        counts,
        counts_from_probabilities: false,
        result_types: stored.result_types,
        executables: Vec::new(),
        engine: Some(Engine { name: stored.engine, reason: stored.engine_reason, seed: stored.seed }),
        metering: Metering { successful_shots: Some(stored.shots), ..Metering::default() },
    })
}

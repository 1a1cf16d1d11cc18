//! Results as Braket stores them. Source: gate_model_task_result v1.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use shotbook_sim::circuit::BitString;

use super::{BadOutcome, TaskOutcome};
use crate::ids::QuantumTaskArn;
use crate::price::Metering;

const HEADER: &str = "braket.task_result.gate_model_task_result";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    braket_schema_header: Header,
    measurements: Option<Vec<Vec<Bit>>>,
    measurement_probabilities: Option<BTreeMap<String, f64>>,
    measured_qubits: Option<Vec<u32>>,
    #[serde(default)]
    result_types: Option<Vec<Value>>,
    task_metadata: TaskMetadata,
    additional_metadata: Option<Additional>,
}

/// Any result, as far as its kind.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Headed {
    braket_schema_header: Header,
}

#[derive(Deserialize)]
struct Header {
    name: String,
}

/// Some devices write digits as text.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Bit {
    Number(u8),
    Text(String),
}

#[derive(Deserialize)]
struct TaskMetadata {
    id: String,
    shots: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Additional {
    simulator_metadata: Option<SimulatorMetadata>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SimulatorMetadata {
    execution_duration: Option<f64>,
}

/// The result of a task, verified to be that task's.
pub fn read(bytes: &[u8], task: &QuantumTaskArn, shots: u64) -> Result<TaskOutcome, BadOutcome> {
    let wrong = |e: serde_json::Error| BadOutcome::Shape(e.to_string());
    let headed: Headed = serde_json::from_slice(bytes).map_err(wrong)?;
    if headed.braket_schema_header.name == super::set::HEADER {
        return super::set::read(bytes, task, shots);
    }
    let file: File = serde_json::from_slice(bytes).map_err(wrong)?;
    if file.braket_schema_header.name != HEADER {
        return Err(BadOutcome::Shape(format!("its header is {:?}", file.braket_schema_header.name)));
    }
    if file.task_metadata.id != task.as_str() {
        return Err(BadOutcome::Mismatch(format!("it is of {}", file.task_metadata.id)));
    }
    if file.task_metadata.shots > shots {
        return Err(BadOutcome::Mismatch(format!(
            "{} shots, {shots} were asked for",
            file.task_metadata.shots
        )));
    }
    let measured_qubits = file.measured_qubits.unwrap_or_default();
    let from_probabilities = file.measurements.is_none();
    let counts = counted(
        file.measurements.as_deref(),
        file.measurement_probabilities.as_ref(),
        measured_qubits.len(),
        (shots, file.task_metadata.shots),
    )?;
    let duration =
        file.additional_metadata.and_then(|a| a.simulator_metadata).and_then(|s| s.execution_duration);
    let execution_ms = duration.filter(|ms| ms.is_finite() && *ms >= 0.0).map(|ms| ms.ceil() as u64);
    Ok(TaskOutcome {
        shots: file.task_metadata.shots,
        measured_qubits,
        counts,
        counts_from_probabilities: from_probabilities && file.measurement_probabilities.is_some(),
        result_types: file.result_types.unwrap_or_default().into_iter().map(flat).collect(),
        executables: Vec::new(),
        engine: None,
        metering: Metering { successful_shots: None, execution_ms, elapsed_ms: None },
    })
}

/// Counts of measurements, or of probabilities where a device reports those.
///
/// `shots` are those asked for, which rows must not exceed, and those taken, which probabilities count.
pub(super) fn counted(
    measurements: Option<&[Vec<Bit>]>,
    probabilities: Option<&BTreeMap<String, f64>>,
    columns: usize,
    shots: (u64, u64),
) -> Result<BTreeMap<BitString, u64>, BadOutcome> {
    let mut counts = BTreeMap::new();
    if let Some(rows) = measurements {
        let (most, _) = shots;
        if rows.len() as u64 > most {
            return Err(BadOutcome::Mismatch(format!("{} measurements for {most} shots", rows.len())));
        }
        for row in rows {
            let bits = row.iter().map(bit).collect::<Result<Vec<bool>, _>>()?;
            if columns > 0 && bits.len() != columns {
                return Err(BadOutcome::Shape("a measurement has the wrong number of bits".to_owned()));
            }
            *counts.entry(BitString::new(bits)).or_insert(0) += 1;
        }
    } else if let Some(probabilities) = probabilities {
        for (bits, p) in probabilities {
            if !(0.0..=1.0 + 1e-9).contains(p) {
                return Err(BadOutcome::Shape(format!("{p} is no probability")));
            }
            let bits: BitString = bits.parse().map_err(|e| BadOutcome::Shape(format!("{e}")))?;
            let count = (p * shots.1 as f64).round() as u64;
            if count > 0 {
                counts.insert(bits, count);
            }
        }
    }
    Ok(counts)
}

fn bit(bit: &Bit) -> Result<bool, BadOutcome> {
    match bit {
        Bit::Number(0) => Ok(false),
        Bit::Number(1) => Ok(true),
        Bit::Text(t) if t == "0" => Ok(false),
        Bit::Text(t) if t == "1" => Ok(true),
        Bit::Number(n) => Err(BadOutcome::Shape(format!("{n} is no bit"))),
        Bit::Text(t) => Err(BadOutcome::Shape(format!("{t:?} is no bit"))),
    }
}

/// `{type: {type, …}, value}` with the inner fields beside the value.
fn flat(entry: Value) -> Value {
    let Value::Object(mut fields) = entry else { return entry };
    if let Some(Value::Object(kind)) = fields.get("type").cloned() {
        fields.remove("type");
        for (name, value) in kind {
            fields.entry(name).or_insert(value);
        }
    }
    Value::Object(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(measurements: &str) -> String {
        format!(
            r#"{{"braketSchemaHeader":{{"name":"{HEADER}","version":"1"}},"measurements":{measurements},
            "measuredQubits":[0,1],"taskMetadata":{{"braketSchemaHeader":{{"name":"x","version":"1"}},"id":"t",
            "shots":3,"deviceId":"d"}},"additionalMetadata":{{"action":{{}},"simulatorMetadata":{{
            "executionDuration":16}}}}}}"#
        )
    }

    fn task() -> QuantumTaskArn {
        QuantumTaskArn::new("t")
    }

    #[test]
    fn counts_keep_the_order_of_columns() {
        let outcome = read(file("[[0,1],[\"1\",\"1\"],[0,1]]").as_bytes(), &task(), 3).unwrap();
        let counts: Vec<_> = outcome.counts.iter().map(|(b, n)| (b.to_string(), *n)).collect();
        assert_eq!(counts, [("01".to_owned(), 2), ("11".to_owned(), 1)]);
        assert_eq!(outcome.metering.execution_ms, Some(16));
    }

    #[test]
    fn what_is_not_this_task_is_refused() {
        let good = file("[[0,1]]");
        assert!(matches!(read(good.as_bytes(), &QuantumTaskArn::new("u"), 3), Err(BadOutcome::Mismatch(_))));
        assert!(matches!(read(good.as_bytes(), &task(), 2), Err(BadOutcome::Mismatch(_))));
        assert!(matches!(read(file("[[0,2]]").as_bytes(), &task(), 3), Err(BadOutcome::Shape(_))));
        assert!(matches!(read(file("[[0]]").as_bytes(), &task(), 3), Err(BadOutcome::Shape(_))));
        for cut in 0..good.len() {
            assert!(read(&good.as_bytes()[..cut], &task(), 3).is_err(), "{cut}");
        }
    }
}

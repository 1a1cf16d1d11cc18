//! Results of program sets, whole in one document. Source: program_set_task_result v1.

use serde::Deserialize;

use super::braket::{Bit, counted};
use super::{BadOutcome, TaskOutcome};
use crate::ids::QuantumTaskArn;
use crate::price::Metering;

pub(super) const HEADER: &str = "braket.task_result.program_set_task_result";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    program_results: Vec<ProgramResult>,
    task_metadata: TaskMetadata,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TaskMetadata {
    id: String,
    requested_shots: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProgramResult {
    executable_results: Vec<ExecutableResult>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExecutableResult {
    #[serde(default)]
    inputs_index: Option<usize>,
    measurements: Option<Vec<Vec<Bit>>>,
    measurement_probabilities: Option<std::collections::BTreeMap<String, f64>>,
    measured_qubits: Option<Vec<u32>>,
    failure_metadata: Option<FailureMetadata>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FailureMetadata {
    failure_reason: Option<String>,
}

/// The result of a program set, verified to be that task's: executables in the order of the action.
pub(super) fn read(bytes: &[u8], task: &QuantumTaskArn, shots: u64) -> Result<TaskOutcome, BadOutcome> {
    let file: File = serde_json::from_slice(bytes).map_err(|e| BadOutcome::Shape(e.to_string()))?;
    if file.task_metadata.id != task.as_str() {
        return Err(BadOutcome::Mismatch(format!("it is of {}", file.task_metadata.id)));
    }
    let requested = file.task_metadata.requested_shots;
    if requested > shots {
        return Err(BadOutcome::Mismatch(format!("{requested} shots, {shots} were asked for")));
    }
    let many: usize = file.program_results.iter().map(|p| p.executable_results.len()).sum();
    let each = requested / (many.max(1) as u64);
    let mut executables = Vec::with_capacity(many);
    for mut program in file.program_results {
        program.executable_results.sort_by_key(|e| e.inputs_index);
        for executable in program.executable_results {
            executables.push(one(executable, each)?);
        }
    }
    let taken = executables.iter().flatten().map(|e| e.shots).sum();
    Ok(TaskOutcome { shots: taken, executables, metering: Metering::default(), ..TaskOutcome::default() })
}

fn one(row: ExecutableResult, shots: u64) -> Result<Result<TaskOutcome, String>, BadOutcome> {
    if let Some(failure) = row.failure_metadata {
        return Ok(Err(failure.failure_reason.unwrap_or_else(|| "it failed without a reason".to_owned())));
    }
    let measured_qubits = row.measured_qubits.unwrap_or_default();
    let counts = counted(
        row.measurements.as_deref(),
        row.measurement_probabilities.as_ref(),
        measured_qubits.len(),
        (shots, shots),
    )?;
    Ok(Ok(TaskOutcome {
        shots: row.measurements.as_ref().map_or(shots, |rows| rows.len() as u64),
        measured_qubits,
        counts,
        counts_from_probabilities: row.measurements.is_none() && row.measurement_probabilities.is_some(),
        ..TaskOutcome::default()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{"braketSchemaHeader":{"name":"braket.task_result.program_set_task_result","version":"1"},
        "programResults":[{"executableResults":[
            {"inputsIndex":1,"failureMetadata":{"failureReason":"too hot"}},
            {"inputsIndex":0,"measurements":[[0,1],[1,1]],"measuredQubits":[0,1]}]}],
        "taskMetadata":{"id":"t","requestedShots":4}}"#;

    #[test]
    fn executables_come_in_the_order_of_their_inputs() {
        let task = QuantumTaskArn::new("t");
        let read = super::super::braket::read(TEXT.as_bytes(), &task, 4).unwrap();
        assert_eq!((read.shots, read.executables.len()), (2, 2));
        let counts = &read.executables[0].as_ref().unwrap().counts;
        assert_eq!(counts.iter().map(|(b, n)| format!("{b}:{n}")).collect::<Vec<_>>(), ["01:1", "11:1"]);
        assert_eq!(read.executables[1], Err("too hot".to_owned()));
        assert!(super::super::braket::read(TEXT.as_bytes(), &task, 3).is_err(), "more shots than asked for");
        let other = QuantumTaskArn::new("u");
        assert!(super::super::braket::read(TEXT.as_bytes(), &other, 4).is_err(), "another task's result");
    }
}

//! What a finished task gave, wherever it ran, and the form in which it is stored and shown.

pub mod braket;
pub mod compare;
mod local;
mod set;
mod value;

use std::collections::BTreeMap;

pub use local::{from_run, read_stored, to_stored};
use serde_json::Value;
use shotbook_sim::circuit::BitString;
pub use value::{request_json, value_json};

use crate::price::Metering;

/// What a finished task gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskOutcome {
    /// Shots that were taken.
    pub shots: u64,
    /// The qubit of each column.
    pub measured_qubits: Vec<u32>,
    /// How often each outcome came, column 0 leftmost; empty without shots.
    pub counts: BTreeMap<BitString, u64>,
    /// Whether the counts were rounded from probabilities, as some devices report.
    pub counts_from_probabilities: bool,
    /// Result types with their values, in the form of Braket's result schema.
    pub result_types: Vec<Value>,
    /// What each executable of a program set gave, in the order of its action, or why it failed; empty
    /// for other tasks.
    pub executables: Vec<Result<TaskOutcome, String>>,
    /// Which engine, where we ran it.
    pub engine: Option<Engine>,
    /// Use.
    pub metering: Metering,
}

/// How a local result came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Engine {
    /// Name of the engine.
    pub name: String,
    /// Why that one.
    pub reason: String,
    /// Seed of the sampling.
    pub seed: u64,
}

/// Bytes that are no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadOutcome {
    /// Not JSON of the expected shape.
    #[error("the result is not readable: {0}")]
    Shape(String),
    /// Readable, but not what was asked for.
    #[error("the result is not this task's: {0}")]
    Mismatch(String),
}

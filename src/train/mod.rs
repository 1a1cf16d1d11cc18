//! Training of circuits with angles: optimisers, models, and published trainings computed again.
//!
//! Pure: data, seeds and time come in, numbers go out. Everything is evaluated by the batch
//! interface of `shotbook-sim`.

pub mod ansatz;
pub mod bonds;
pub mod digits;
pub mod dressed;
pub mod family;
pub mod graph;
pub mod layers;
pub mod machine;
pub mod maxcut;
pub mod measured;
pub mod omalley;
pub mod optimizer;
pub mod plan;
pub mod plateau;
pub mod problem;
pub mod reproduce;
pub mod shift;
pub mod specialize;
pub mod spsa_reuse;
pub mod statistics;
pub mod svm;
pub mod transfer;
pub mod twins;

use shotbook_sim::circuit::Circuit;
use shotbook_sim::engine::SimError;
use shotbook_sim::qasm::{self, Inputs, ParseOptions};

/// Why something cannot be trained or computed.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// Data of another shape.
    #[error("the data cannot be used: {0}")]
    Data(String),
    /// A cell of a table that holds no number, or no class; both counts begin with 0.
    #[error("row {row}, column {column} of the data: {text:?} cannot be used")]
    Cell {
        /// Row below the header.
        row: usize,
        /// Column.
        column: usize,
        /// What stands there.
        text: String,
    },
    /// A circuit that we wrote and cannot read: our bug.
    #[error("the circuit cannot be used: {0}")]
    Circuit(String),
    /// The simulator.
    #[error(transparent)]
    Simulation(#[from] SimError),
}

impl From<serde_json::Error> for TrainError {
    fn from(error: serde_json::Error) -> Self {
        Self::Data(error.to_string())
    }
}

/// A circuit from a text.
///
/// # Errors
/// [`TrainError::Circuit`] with the first thing that is wrong.
pub fn circuit(text: &str) -> Result<Circuit, TrainError> {
    let read = qasm::read("model", text, &ParseOptions::default(), &Inputs::new());
    let wrong = || read.diagnostics.first().map_or_else(String::new, |d| d.message.clone());
    read.circuit.ok_or_else(|| TrainError::Circuit(wrong()))
}

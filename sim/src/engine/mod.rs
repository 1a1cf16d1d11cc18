//! Simulation: choose an engine for a circuit, prepare it once, run it with many inputs.
//!
//! ```
//! use shotbook_sim::circuit::Circuit;
//! use shotbook_sim::engine::{Options, prepare};
//!
//! let circuit = Circuit { n_qubits: 2, ..Circuit::default() };
//! let result = prepare(&circuit, &Options::default())?.run(&[], 100, 7)?;
//! assert_eq!(result.counts[0].0.to_string(), "00");
//! assert_eq!(result.counts[0].1, 100);
//! # Ok::<(), shotbook_sim::engine::SimError>(())
//! ```

mod amplitudes;
mod bases;
mod coefficients;
mod cost;
mod crew;
mod density_matrix;
pub(crate) mod eigen;
mod error;
mod exact;
mod gradient;
mod kernels;
mod model;
mod mps;
mod options;
mod prepared;
#[cfg(test)]
mod reference;
mod runner;
mod shots;
mod speeds;
mod stabilizer;
mod state_vector;
mod table;
mod transfer;

pub(crate) use bases::conflict;
pub use error::SimError;
pub use options::{COMPUTED, Columns, Counts, EngineChoice, Options, Precision, TaskResult, Timing, Watch};
pub use prepared::{Prepared, prepare};
pub use speeds::Speeds;
pub use table::{Forecast, explain};

#[cfg(test)]
mod tests;

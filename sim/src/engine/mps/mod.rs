//! Chains of tensors (matrix product states): many qubits with little entanglement.

mod chain;
mod engine;
mod fits;
mod linalg;
mod read;
mod run;

pub(crate) use engine::Mps;
pub(crate) use fits::{fits, is_asked};
pub(crate) use run::ChainRun;

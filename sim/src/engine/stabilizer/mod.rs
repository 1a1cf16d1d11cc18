//! Clifford circuits: a tableau instead of amplitudes, and Pauli frames for many noisy shots.

mod affine;
mod clifford;
mod engine;
mod fits;
mod frames;
mod heisenberg;
mod program;
mod run;
mod tableau;
mod transpose;

pub(crate) use clifford::{Small, pauli_of};
pub(crate) use engine::{Stabilizer, density_from};
pub(crate) use fits::fits;
pub(crate) use run::CliffordRun;
pub(crate) use tableau::bytes;
#[cfg(test)]
pub(crate) fn is_clifford_gate(
    gate: crate::circuit::Gate,
    n_controls: usize,
    negative: u64,
    angles: &[f64],
) -> bool {
    clifford::of_gate(gate, n_controls, negative, angles).is_some()
}

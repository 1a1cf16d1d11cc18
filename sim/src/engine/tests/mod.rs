//! Every engine against the reference.

mod build;
mod clifford;
mod dynamic;
mod frames;
mod gradients;
mod kernels;
mod mps;
mod noise;
mod refusals;
mod results;
mod unitary;

use num_complex::Complex64;

use crate::circuit::Circuit;
use crate::engine::{EngineChoice, Options, Prepared, TaskResult, prepare, table};

/// Options for one engine.
fn on(engine: EngineChoice) -> Options<'static> {
    Options { engine, max_memory: 1 << 28, ..Options::default() }
}

/// Calls `f` with each engine that fits a circuit.
fn each_engine(circuit: &Circuit, mut f: impl FnMut(&'static str, Prepared<'static>)) {
    let mut any = false;
    for row in &table::ROWS {
        if let Ok(prepared) = prepare(circuit, &on(row.choice)) {
            any = true;
            f(row.name, prepared);
        }
    }
    assert!(any, "no engine fits");
}

fn run(circuit: &Circuit, shots: u64, seed: u64) -> TaskResult {
    prepare(circuit, &on(EngineChoice::Auto)).unwrap().run(&[], shots, seed).unwrap()
}

fn distance(a: &[Complex64], b: &[Complex64]) -> f64 {
    assert_eq!(a.len(), b.len());
    largest(a.iter().zip(b).map(|(x, y)| (x - y).norm()))
}

/// The largest of some differences; what is no number is larger than all.
fn largest(differences: impl Iterator<Item = f64>) -> f64 {
    differences.map(|d| if d.is_nan() { f64::INFINITY } else { d }).fold(0.0, f64::max)
}

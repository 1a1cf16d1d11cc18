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
mod single;
mod unitary;

use num_complex::Complex64;

use crate::circuit::Circuit;
use crate::engine::{EngineChoice, Options, Precision, Prepared, TaskResult, prepare, table};

/// Options for one engine.
fn on(engine: EngineChoice) -> Options<'static> {
    Options { engine, max_memory: 1 << 28, ..Options::default() }
}

/// How far single precision may be off after some gates: each adds no more than a few roundings of
/// 6e-8, and they do not all point the same way.
fn single_off(gates: usize) -> f64 {
    1e-7 * (gates.max(4) as f64)
}

/// Calls `f` with each engine that fits a circuit, in each precision that it has: its name, how far it
/// may be off, and the engine.
fn each_engine(circuit: &Circuit, mut f: impl FnMut(&str, f64, Prepared<'static>)) {
    let (mut any, single) = (false, Precision::Single);
    for row in &table::ROWS {
        if let Ok(prepared) = prepare(circuit, &on(row.choice)) {
            any = true;
            f(row.name, 1e-12, prepared);
        }
        match prepare(circuit, &Options { precision: single, ..on(row.choice) }) {
            Ok(prepared) if prepared.forecast().precision == Some(single) => {
                f(&format!("{} (single)", row.name), single_off(circuit.ops.ops.len()), prepared);
            }
            _ => {}
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

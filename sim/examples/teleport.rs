//! Teleports a qubit: two measurements in the middle decide which gates follow.
//!
//! `cargo run --release -p shotbook-sim --example teleport`. The third bit must be 1 in a share of
//! sin(0.6)^2 = 0.319 of the shots, whatever the first two are.

#![allow(clippy::print_stdout, reason = "a program of its own, not the library")]

use std::error::Error;

use shotbook_sim::engine::{Options, prepare};
use shotbook_sim::qasm;

const TEXT: &str = "
OPENQASM 3.0;
qubit[3] q;
bit[3] c;
ry(1.2) q[0];
h q[1];
cnot q[1], q[2];
cnot q[0], q[1];
h q[0];
c[0] = measure q[0];
c[1] = measure q[1];
if (c[1] == 1) { x q[2]; }
if (c[0] == 1) { z q[2]; }
c[2] = measure q[2];
";

fn main() -> Result<(), Box<dyn Error>> {
    let reading = qasm::read("teleport.qasm", TEXT, &qasm::ParseOptions::default(), &qasm::Inputs::new());
    let circuit = reading.circuit.ok_or_else(|| format!("{:?}", reading.diagnostics))?;
    let shots = 100_000;
    let result = prepare(&circuit, &Options::default())?.run(&[], shots, 3)?;
    let mut ones = 0;
    for (outcome, count) in &result.counts {
        println!("{outcome} {count}");
        ones += if outcome.get(2) == Some(true) { *count } else { 0 };
    }
    println!("share of ones {:.4}, expected {:.4}", ones as f64 / shots as f64, 0.6_f64.sin().powi(2));
    Ok(())
}

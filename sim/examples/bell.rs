//! Reads a program, runs 1,000 shots and prints how often each outcome came.
//!
//! `cargo run --release -p shotbook-sim --example bell`

#![allow(clippy::print_stdout, reason = "a program of its own, not the library")]

use std::error::Error;

use shotbook_sim::engine::{Options, prepare};
use shotbook_sim::qasm;

const TEXT: &str = "
OPENQASM 3.0;
qubit[2] q;
bit[2] c;
h q[0];
cnot q[0], q[1];
c = measure q;
";

fn main() -> Result<(), Box<dyn Error>> {
    let reading = qasm::read("bell.qasm", TEXT, &qasm::ParseOptions::default(), &qasm::Inputs::new());
    let circuit = reading.circuit.ok_or_else(|| format!("{:?}", reading.diagnostics))?;
    let mut prepared = prepare(&circuit, &Options::default())?;
    let result = prepared.run(&[], 1000, 7)?;
    println!("{}: {}", prepared.engine(), prepared.reason());
    for (outcome, count) in result.counts {
        println!("{outcome} {count}");
    }
    Ok(())
}

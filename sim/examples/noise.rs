//! A chain of three qubits with noise behind each gate: exactly, and by trajectories of 20,000 shots.
//!
//! `cargo run --release -p shotbook-sim --example noise`

#![allow(clippy::print_stdout, reason = "a program of its own, not the library")]

use std::error::Error;

use shotbook_sim::engine::{EngineChoice, Options, prepare};
use shotbook_sim::qasm;

const TEXT: &str = "
OPENQASM 3.0;
qubit[3] q;
h q[0];
#pragma braket noise depolarizing(0.02) q[0]
cnot q[0], q[1];
#pragma braket noise two_qubit_depolarizing(0.03) q[0], q[1]
cnot q[1], q[2];
#pragma braket noise amplitude_damping(0.05) q[2]
#pragma braket result expectation z(q[0]) @ z(q[2])
";

fn main() -> Result<(), Box<dyn Error>> {
    let reading = qasm::read("noise.qasm", TEXT, &qasm::ParseOptions::default(), &qasm::Inputs::new());
    let circuit = reading.circuit.ok_or_else(|| format!("{:?}", reading.diagnostics))?;
    for (engine, shots) in [(EngineChoice::DensityMatrix, 0), (EngineChoice::Trajectories, 20_000)] {
        let mut prepared = prepare(&circuit, &Options { engine, ..Options::default() })?;
        let result = prepared.run(&[], shots, 1)?;
        println!("{:16} {shots:6} shots: {:?}", prepared.engine(), result.values);
    }
    Ok(())
}

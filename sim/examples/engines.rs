//! Asks what each engine would take for three circuits, and which one is chosen.
//!
//! `cargo run --release -p shotbook-sim --example engines`

#![allow(clippy::print_stdout, reason = "a program of its own, not the library")]

use std::error::Error;
use std::fmt::Write as _;

use shotbook_sim::engine::{Options, explain, prepare};
use shotbook_sim::qasm;

/// A chain that entangles `n` qubits after a first gate, with noise if wanted.
fn chain(n: usize, first: &str, noise: &str) -> String {
    let mut out = format!("OPENQASM 3.0;\nqubit[{n}] q;\n{first} q[0];\n");
    for q in 1..n {
        let _ = writeln!(out, "cnot q[{}], q[{q}];\n{}", q - 1, noise.replace('?', &q.to_string()));
    }
    out
}

fn main() -> Result<(), Box<dyn Error>> {
    let noise = "#pragma braket noise amplitude_damping(0.01) q[?]";
    let circuits = [
        ("200 qubits of Clifford gates", chain(200, "h", "")),
        ("20 qubits", chain(20, "ry(0.4)", "")),
        ("8 noisy qubits", chain(8, "ry(0.4)", noise)),
    ];
    for (name, text) in circuits {
        let reading = qasm::read(name, text.as_str(), &qasm::ParseOptions::default(), &qasm::Inputs::new());
        let circuit = reading.circuit.ok_or_else(|| format!("{:?}", reading.diagnostics))?;
        let options = Options { shots: Some(1000), ..Options::default() };
        println!("{name}");
        for (engine, forecast) in explain(&circuit, &options) {
            match forecast {
                Ok(f) => println!("  {engine:16} {:9.2e} us {:9.2e} bytes", f.time_us, f.bytes as f64),
                Err(reason) => println!("  {engine:16} no: {reason}"),
            }
        }
        let prepared = prepare(&circuit, &options)?;
        println!("  chosen: {}, {}", prepared.engine(), prepared.reason());
    }
    Ok(())
}

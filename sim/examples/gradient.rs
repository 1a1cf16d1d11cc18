//! Finds the lowest energy of two coupled spins by following the exact gradient downhill.
//!
//! `cargo run --release -p shotbook-sim --example gradient`. The circuit is planned once; each step
//! binds new angles and asks for the mean and all derivatives together.

#![allow(clippy::print_stdout, reason = "a program of its own, not the library")]

use std::error::Error;

use shotbook_sim::engine::{Options, prepare};
use shotbook_sim::pauli::PauliSum;
use shotbook_sim::qasm;

const TEXT: &str = "
OPENQASM 3.0;
input float a;
input float b;
input float c;
input float d;
qubit[2] q;
ry(a) q[0];
ry(b) q[1];
cnot q[0], q[1];
ry(c) q[0];
ry(d) q[1];
";

fn main() -> Result<(), Box<dyn Error>> {
    let reading = qasm::read("ansatz.qasm", TEXT, &qasm::ParseOptions::default(), &qasm::Inputs::new());
    let circuit = reading.circuit.ok_or_else(|| format!("{:?}", reading.diagnostics))?;
    let energy = PauliSum::parse("0.4*X0 X1 - 0.8*Z0 Z1 + 0.3*Z0 - 0.2*X1")?;
    let exact = energy.ground_energy()?;
    let mut prepared = prepare(&circuit, &Options::default())?;
    let (mut angles, mut slope) = ([0.3, -0.2, 0.1, 0.4], [0.0; 4]);
    for step in 0..=200 {
        let mean = prepared.gradient(&angles, &energy, &mut slope)?;
        if step % 40 == 0 {
            println!("step {step:3}: energy {mean:.9}, above the ground by {:.1e}", mean - exact);
        }
        for (angle, slope) in angles.iter_mut().zip(slope) {
            *angle -= 0.3 * slope;
        }
    }
    Ok(())
}

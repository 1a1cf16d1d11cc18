//! Times chains of tensors: a trotterised Ising chain, random layers, a long GHZ state.
//!
//! `cargo run --release -p shotbook-sim --example mps`. Each line is the median of five runs of
//! preparing and running the circuit, without reading the text; bonds are capped at 64 and one cut
//! may drop 1e-10, except in the last. Goal on a Zen 4: mpstfim_50 in 200 ms.

#![allow(clippy::print_stdout, reason = "a program of its own, not the library")]

use std::f64::consts::PI;
use std::time::Instant;

use shotbook_sim::engine::{EngineChoice, Options, prepare};
use shotbook_sim::qasm;
use shotbook_sim::sample::Rng;

fn head(n: usize) -> String {
    format!("OPENQASM 3.0;\ninclude \"stdgates.inc\";\nqubit[{n}] q;\n")
}

/// 20 steps of an Ising chain in a field from the state of alternating spins.
fn tfim(n: usize) -> String {
    let mut out = head(n);
    (0..n).step_by(2).for_each(|q| out += &format!("x q[{q}];\n"));
    for _ in 0..20 {
        for first in [0, 1] {
            (first..n - 1).step_by(2).for_each(|q| out += &format!("rzz(0.2) q[{q}], q[{}];\n", q + 1));
        }
        (0..n).for_each(|q| out += &format!("rx(0.18) q[{q}];\nrz(0.01) q[{q}];\n"));
    }
    out + &format!("#pragma braket result expectation z(q[{}])\n", n / 2)
}

/// Layers of any one-qubit gate and CX on neighbours.
fn brick(n: usize) -> String {
    let mut rng = Rng::new(n as u64);
    let mut out = head(n);
    for layer in 0..10 {
        for q in 0..n {
            let theta = (1.0 - 2.0 * rng.unit()).acos();
            let (phi, lambda) = (2.0 * PI * rng.unit(), 2.0 * PI * rng.unit());
            out += &format!("U({theta}, {phi}, {lambda}) q[{q}];\n");
        }
        (layer % 2..n - 1).step_by(2).for_each(|q| out += &format!("cx q[{q}], q[{}];\n", q + 1));
    }
    out + &format!("#pragma braket result expectation z(q[{}])\n", n / 2)
}

/// A chain that entangles all qubits, after a turn that is no Clifford gate.
fn ghz(n: usize) -> String {
    let mut out = head(n) + "ry(1.0) q[0];\n";
    (1..n).for_each(|q| out += &format!("cx q[{}], q[{q}];\n", q - 1));
    out
}

fn time(name: &str, text: &str, shots: u64, options: &Options<'_>) {
    let reading = qasm::read(name, text, &qasm::ParseOptions::default(), &qasm::Inputs::new());
    let Some(circuit) = reading.circuit else {
        println!("{name}: {:?}", reading.diagnostics.first());
        return;
    };
    let mut all: Vec<f64> = Vec::new();
    let mut said = String::new();
    for seed in 0..5 {
        let began = Instant::now();
        let run = prepare(&circuit, options).and_then(|mut p| {
            let result = p.run(&[], shots, seed)?;
            Ok((result, format!("{}: {}", p.engine(), p.reason())))
        });
        all.push(began.elapsed().as_secs_f64() * 1e3);
        said = match run {
            Ok((result, reason)) => format!("{reason} {:?}", result.values.first()),
            Err(e) => e.to_string(),
        };
    }
    all.sort_by(f64::total_cmp);
    println!("{name:<12} {shots:>5} shots {:>9.2} ms   {said}", all[2]);
}

fn main() {
    let capped = Options { max_bond: Some(64), cutoff: Some(1e-10), ..Options::default() };
    let capped = Options { engine: EngineChoice::Mps, ..capped };
    time("mpstfim_50", &tfim(50), 0, &capped);
    time("mpstfim_100", &tfim(100), 0, &capped);
    time("mpsbrick_50", &brick(50), 0, &capped);
    time("mpsghz_100", &ghz(100), 1000, &Options::default());
}

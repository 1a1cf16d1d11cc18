//! Noise and feed-forward: exact means, shots of noisy circuits, circuits that go on after measuring.
//!
//! Ten layers of a random gate, depolarizing 0.01 and amplitude damping 0.02 on each qubit, then
//! `cx` with two-qubit depolarizing 0.02 on neighbours; and eight layers of gates with two
//! measurements, two conditional gates and a reset. Goals on two cores: 8 ms for the exact mean on
//! 8 qubits, 1.2 s on 12; 10 ms for 1,000 shots of 10 qubits with feed-forward.
//!
//!     cargo bench -p shotbook-sim --bench noise [density-matrix|trajectories|dynamic]...

#![allow(clippy::print_stdout, reason = "a bench prints its table")]

use std::f64::consts::TAU;
use std::fmt::Write as _;
use std::time::Instant;

use shotbook_sim::engine::{EngineChoice, Options, prepare};
use shotbook_sim::qasm::{Inputs, ParseOptions, read};
use shotbook_sim::sample::Rng;

fn turn(out: &mut String, rng: &mut Rng, qubit: usize) {
    let mut angle = || rng.unit() * TAU;
    let _ = writeln!(out, "u3({:?}, {:?}, {:?}) q[{qubit}];", angle(), angle(), angle());
}

fn noisy(n: usize, ask: &str) -> String {
    let mut rng = Rng::new(n as u64);
    let mut out = format!("OPENQASM 3.0;\ninclude \"stdgates.inc\";\nqubit[{n}] q;\n");
    for layer in 0..10 {
        for q in 0..n {
            turn(&mut out, &mut rng, q);
            let _ = writeln!(out, "#pragma braket noise depolarizing(0.01) q[{q}]");
            let _ = writeln!(out, "#pragma braket noise amplitude_damping(0.02) q[{q}]");
        }
        for q in (layer % 2..n - 1).step_by(2) {
            let _ = writeln!(out, "cx q[{q}], q[{}];", q + 1);
            let _ = writeln!(out, "#pragma braket noise two_qubit_depolarizing(0.02) q[{q}], q[{}]", q + 1);
        }
    }
    out + ask
}

fn dynamic(n: usize) -> String {
    let mut rng = Rng::new(n as u64);
    let mut out = format!("OPENQASM 3.0;\ninclude \"stdgates.inc\";\nqubit[{n}] q;\nbit[{n}] c;\n");
    let _ = writeln!(out, "bit[16] m;");
    for layer in 0..8 {
        (0..n).for_each(|q| turn(&mut out, &mut rng, q));
        for q in (layer % 2..n - 1).step_by(2) {
            let _ = writeln!(out, "cx q[{q}], q[{}];", q + 1);
        }
        let mut order: Vec<usize> = (0..n).collect();
        rng.shuffle(&mut order);
        let (a, b, t, u, i) = (order[0], order[1], order[2], order[3], 2 * layer);
        let _ = writeln!(out, "m[{i}] = measure q[{a}];\nm[{}] = measure q[{b}];", i + 1);
        let _ = writeln!(out, "if (m[{i}]) x q[{t}];\nif (m[{}]) z q[{u}];\nreset q[{a}];", i + 1);
    }
    out + "c = measure q;\n"
}

fn measure(name: &str, text: &str, engine: EngineChoice, shots: u64, rounds: usize) {
    let started = Instant::now();
    let circuit = read(name, text, &ParseOptions::default(), &Inputs::default()).circuit;
    let Some(circuit) = circuit else { return println!("{name}: not readable") };
    let parsed = started.elapsed().as_secs_f64() * 1e3;
    let options = Options { engine, threads: 2, shots: Some(shots), ..Options::default() };
    let mut times = Vec::new();
    let mut said = String::new();
    for round in 0..rounds {
        let started = Instant::now();
        let mut prepared = match prepare(&circuit, &options) {
            Ok(prepared) => prepared,
            Err(e) => return println!("{name}: {e}"),
        };
        match prepared.run(&[], shots, round as u64) {
            Ok(result) => {
                times.push(started.elapsed().as_secs_f64() * 1e3);
                said = format!("{} ({}) {:?}", prepared.engine(), prepared.reason(), result.values.first());
            }
            Err(e) => return println!("{name}: {e}"),
        }
    }
    times.sort_by(f64::total_cmp);
    println!("{name:16} {:10.2} ms (read {parsed:.2} ms) {said}", times[rounds / 2]);
}

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let wanted = |what: &str| asked.is_empty() || asked.iter().any(|a| a == what);
    let mean = "#pragma braket result expectation z(q[0]) @ z(q[1])\n";
    if wanted("density-matrix") {
        for (n, rounds) in [(4, 21), (8, 11), (10, 5), (12, 3)] {
            measure(&format!("noisydm_{n}"), &noisy(n, mean), EngineChoice::DensityMatrix, 0, rounds);
        }
    }
    if wanted("large") {
        measure("noisydm_13", &noisy(13, mean), EngineChoice::DensityMatrix, 0, 1);
    }
    if wanted("trajectories") {
        for (n, rounds) in [(8, 3), (12, 1)] {
            measure(&format!("noisytraj_{n}"), &noisy(n, ""), EngineChoice::Trajectories, 1000, rounds);
        }
    }
    if asked.iter().any(|a| a == "large") {
        measure("noisytraj_16", &noisy(16, ""), EngineChoice::Trajectories, 1000, 1);
    }
    if wanted("dynamic") {
        for (n, rounds) in [(10, 5), (12, 3)] {
            measure(&format!("dynrand_{n}"), &dynamic(n), EngineChoice::Auto, 1000, rounds);
        }
    }
}

//! Times Clifford circuits: memory experiments of the surface code, random layers, a long GHZ state.
//!
//! `cargo run --release -p shotbook-sim --example clifford [threads]`. Each line is the median of
//! seven runs: preparing and running the circuit, without reading the text. Goals on two cores of a
//! Zen 4: cliff_1000 in 40 ms, surface_5 in 60 ms.

#![allow(clippy::print_stdout, reason = "a program of its own, not the library")]

use std::time::Instant;

use shotbook_sim::circuit::Circuit;
use shotbook_sim::engine::{EngineChoice, Options, prepare};
use shotbook_sim::qasm;
use shotbook_sim::sample::Rng;

const HEAD: &str = "OPENQASM 3.0;\ninclude \"stdgates.inc\";\n";

/// A chain that entangles all qubits.
fn ghz(n: usize) -> String {
    let mut out = format!("{HEAD}qubit[{n}] q;\nbit[{n}] c;\nh q[0];\n");
    (1..n).for_each(|q| out += &format!("cx q[{}], q[{q}];\n", q - 1));
    out + "c = measure q;\n"
}

/// 20 layers of one of h, s, sdg, x, z on each qubit and CX on random pairs.
fn layers(n: usize) -> String {
    let mut rng = Rng::new(n as u64);
    let mut out = format!("{HEAD}qubit[{n}] q;\nbit[{n}] c;\n");
    for _ in 0..20 {
        for q in 0..n {
            let name = ["h", "s", "sdg", "x", "z"][rng.below(5) as usize];
            out += &format!("{name} q[{q}];\n");
        }
        let mut order: Vec<usize> = (0..n).collect();
        rng.shuffle(&mut order);
        order.chunks_exact(2).for_each(|p| out += &format!("cx q[{}], q[{}];\n", p[0], p[1]));
    }
    out + "c = measure q;\n"
}

/// An ancilla with its data qubits in the order of the steps: north-west, north-east, south-west
/// and south-east for X; the middle two exchanged for Z.
struct Check {
    is_x: bool,
    data: [Option<usize>; 4],
}

fn checks(d: usize) -> Vec<Check> {
    let data = |row: isize, col: isize| {
        let inside = |v: isize| (0..d as isize).contains(&v);
        (inside(row) && inside(col)).then(|| row as usize * d + col as usize)
    };
    let mut out = Vec::new();
    for row in 0..=d as isize {
        for col in 0..=d as isize {
            let is_x = (row + col) % 2 == 0;
            let corners = [data(row - 1, col - 1), data(row - 1, col), data(row, col - 1), data(row, col)];
            let edge_ok = if row == 0 || row == d as isize { is_x } else { !is_x };
            let present = corners.iter().flatten().count();
            if present == 4 || present == 2 && edge_ok {
                let [nw, ne, sw, se] = corners;
                let data = if is_x { [nw, ne, sw, se] } else { [nw, sw, ne, se] };
                out.push(Check { is_x, data });
            }
        }
    }
    out
}

/// A rotated surface code for `d` rounds with noise of 0.001 everywhere.
fn surface(d: usize) -> String {
    let (checks, data) = (checks(d), d * d);
    let n = data + checks.len();
    let bits = d * checks.len() + data;
    let mut out = format!("{HEAD}qubit[{n}] q;\nbit[{bits}] c;\n");
    let mut line = |text: String| {
        out += &text;
        out.push('\n');
    };
    let hadamards: Vec<String> =
        (0..checks.len()).filter(|&k| checks[k].is_x).map(|k| format!("h q[{}];", data + k)).collect();
    let mut bit = 0;
    for _ in 0..d {
        (0..data).for_each(|q| line(format!("#pragma braket noise depolarizing(0.001) q[{q}]")));
        hadamards.iter().for_each(|h| line(h.clone()));
        for step in 0..4 {
            for (k, check) in checks.iter().enumerate() {
                let Some(q) = check.data[step] else { continue };
                let (control, target) = if check.is_x { (data + k, q) } else { (q, data + k) };
                line(format!("cx q[{control}], q[{target}];"));
                let pair = format!("q[{control}], q[{target}]");
                line(format!("#pragma braket noise two_qubit_depolarizing(0.001) {pair}"));
            }
        }
        hadamards.iter().for_each(|h| line(h.clone()));
        for k in 0..checks.len() {
            let q = data + k;
            line(format!("#pragma braket noise bit_flip(0.001) q[{q}]"));
            line(format!("c[{bit}] = measure q[{q}];"));
            line(format!("reset q[{q}];"));
            bit += 1;
        }
    }
    for q in 0..data {
        line(format!("c[{}] = measure q[{q}];", bit + q));
    }
    out
}

fn time(name: &str, text: &str, shots: u64, threads: usize) {
    let began = Instant::now();
    let reading = qasm::read(name, text, &qasm::ParseOptions::default(), &qasm::Inputs::new());
    let Some(circuit) = reading.circuit else {
        println!("{name}: {:?}", reading.diagnostics.first());
        return;
    };
    let read = began.elapsed();
    let options = Options { engine: EngineChoice::Auto, threads, ..Options::default() };
    let mut all: Vec<(f64, String)> = (0..7).map(|seed| once(&circuit, &options, shots, seed)).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    println!(
        "{name:<12} {shots:>7} shots {:>9.2} ms   reading {:.1} ms   {}",
        all[3].0,
        read.as_secs_f64() * 1e3,
        all[3].1
    );
}

fn once(circuit: &Circuit, options: &Options<'_>, shots: u64, seed: u64) -> (f64, String) {
    let began = Instant::now();
    let mut prepared = match prepare(circuit, options) {
        Ok(prepared) => prepared,
        Err(e) => return (f64::NAN, e.to_string()),
    };
    match prepared.run(&[], shots, seed) {
        Ok(result) => {
            let ms = began.elapsed().as_secs_f64() * 1e3;
            (ms, format!("{}, {} outcomes", prepared.engine(), result.counts.len()))
        }
        Err(e) => (f64::NAN, e.to_string()),
    }
}

fn main() {
    let threads = std::env::args().nth(1).and_then(|t| t.parse().ok()).unwrap_or(2);
    time("cliff_1000", &layers(1000), 1000, threads);
    time("surface_5", &surface(5), 100_000, threads);
    time("surface_11", &surface(11), 100_000, threads);
    time("ghz_10000", &ghz(10_000), 1000, threads);
}

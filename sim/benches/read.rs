//! Reading OpenQASM: parse and lower a straight-line program of 20 qubits, a quarter each of `u3`,
//! `rz`, `h` and `cx`, as text. Goal: 20 ms for 100,000 gates, under 400 MiB for 1,000,000.
//!
//!     cargo bench -p shotbook-sim --bench read [FILE.qasm]...

#![allow(clippy::print_stdout, reason = "a bench prints its table")]

use std::fmt::Write as _;
use std::time::Instant;

use shotbook_sim::diagnostic::Sources;
use shotbook_sim::qasm::{Inputs, ParseOptions, parse, read};
use shotbook_sim::sample::Rng;

fn program(n: usize) -> String {
    let mut rng = Rng::new(n as u64);
    let mut out = String::from("OPENQASM 3.0;\ninclude \"stdgates.inc\";\nqubit[20] q;\nbit[20] c;\n");
    for _ in 0..n {
        let (a, b) = (rng.below(20), rng.below(19));
        let b = if b >= a { b + 1 } else { b };
        let mut angle = || rng.unit() * std::f64::consts::TAU;
        let _ = match angle() * 100.0 % 4.0 {
            x if x < 1.0 => writeln!(out, "u3({:?}, {:?}, {:?}) q[{a}];", angle(), angle(), angle()),
            x if x < 2.0 => writeln!(out, "rz({:?}) q[{a}];", angle()),
            x if x < 3.0 => writeln!(out, "h q[{a}];"),
            _ => writeln!(out, "cx q[{a}], q[{b}];"),
        };
    }
    out + "c = measure q;\n"
}

/// Most memory that the process ever had. Units: MiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn measure(name: &str, text: &str, rounds: usize) {
    let mut times: Vec<(f64, f64)> = (0..rounds)
        .map(|_| {
            let start = Instant::now();
            let parsed = parse(&mut Sources::new(name, text), &ParseOptions::default());
            let parse_ms = start.elapsed().as_secs_f64() * 1e3;
            drop(parsed);
            let start = Instant::now();
            let reading = read(name, text, &ParseOptions::default(), &Inputs::new());
            assert!(reading.circuit.is_some(), "{:#?}", reading.diagnostics);
            (start.elapsed().as_secs_f64() * 1e3, parse_ms)
        })
        .collect();
    times.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (read_ms, parse_ms) = times[rounds / 2];
    let speed = text.len() as f64 / 1e3 / read_ms;
    println!("| {name} | {read_ms:.1} | {parse_ms:.1} | {speed:.0} | {} |", peak());
}

fn main() {
    println!("| program | parse and lower, ms | parse, ms | MB/s | peak, MiB |\n|---|---|---|---|---|");
    let files: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    for file in &files {
        match std::fs::read_to_string(file) {
            Ok(text) => measure(file, &text, 5),
            Err(e) => println!("| {file} | {e} | | | |"),
        }
    }
    if files.is_empty() {
        measure("100,000 gates", &program(100_000), 9);
        measure("1,000,000 gates", &program(1_000_000), 3);
    }
}

//! What every command waits for, each with its goal. `cargo bench -p shotbook`.

#![allow(missing_docs, reason = "criterion's macros make undocumented functions")]

use criterion::{Criterion, criterion_group, criterion_main};
use shotbook::price::PriceList;
use shotbook::price::quote::{Quote, Subject};
use shotbook_sim::engine::{Options, prepare};
use shotbook_sim::qasm::{Inputs, ParseOptions, read};
use shotbook_sim::target::{Catalogue, Device};

const BELL: &str = include_str!("../circuits/bell.qasm");

fn lines(n: usize) -> String {
    let gates: String = (0..n).map(|i| format!("cnot q[{}], q[{}];\n", i % 10, (i + 1) % 10)).collect();
    format!("OPENQASM 3.0;\nqubit[10] q;\n{gates}")
}

fn decide(c: &mut Criterion) {
    let reading = read("bell", BELL, &ParseOptions::default(), &Inputs::new());
    let bell = reading.circuit.expect("bell.qasm is right");
    // Goal: 100 us.
    c.bench_function("quote on all devices", |b| {
        let devices: Vec<&Device> = Catalogue::embedded().devices().iter().collect();
        let subject = Subject { circuit: &bell, sha256: "a", inputs: "{}", shots: 1000 };
        b.iter(|| Quote::make(&subject, PriceList::embedded(), &devices));
    });
    // Goal: 1 ms.
    let text = lines(1_000);
    c.bench_function("read 1,000 gates", |b| {
        b.iter(|| read("gates", text.as_str(), &ParseOptions::default(), &Inputs::new()));
    });
    // Goal: 100 us.
    c.bench_function("simulate bell, 1,000 shots", |b| {
        b.iter(|| prepare(&bell, &Options::default()).and_then(|mut p| p.run(&[], 1000, 1)));
    });
}

criterion_group!(benches, decide);
criterion_main!(benches);

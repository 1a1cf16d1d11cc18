//! A compiled program is one that its device takes word for word, and does what the program did.

use std::collections::BTreeMap;

use shotbook_sim::engine::Watch;
use shotbook_sim::qasm::Inputs;
use shotbook_sim::target::{Catalogue, Device};

use super::program;

/// What every device takes.
const ASKED: u64 = 1_000;
/// What tells small differences.
const SHOTS: u64 = 20_000;

struct Never;

impl Watch for Never {
    fn now_us(&self) -> u64 {
        0
    }

    fn stopped(&self) -> bool {
        false
    }

    fn progress(&self, _done: f64) {}
}

fn device(name: &str) -> &'static Device {
    Catalogue::embedded().devices().iter().find(|d| d.name == name).expect("in the catalogue")
}

/// Quil as the OpenQASM that the same device takes.
fn from_quil(text: &str) -> String {
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("PRAGMA INITIAL_REWIRING \"NAIVE\""));
    let mut out = "OPENQASM 3.0;\n".to_owned();
    for line in lines {
        let words: Vec<&str> = line.split(' ').collect();
        out += &match words[..] {
            ["DECLARE", "ro", size] => format!("bit{} b;\n", size.trim_start_matches("BIT")),
            ["PRAGMA", "PRESERVE_BLOCK"] => "#pragma braket verbatim\nbox {\n".to_owned(),
            ["PRAGMA", "END_PRESERVE_BLOCK"] => "}\n".to_owned(),
            ["MEASURE", q, bit] => format!("{} = measure ${q};\n", bit.replace("ro", "b")),
            [gate, q] => format!("{} ${q};\n", gate.to_lowercase()),
            [gate, a, b] => format!("{} ${a}, ${b};\n", gate.to_lowercase()),
            _ => panic!("{line}"),
        };
    }
    out
}

fn counts(source: &str, device: &Device) -> BTreeMap<String, f64> {
    let read = program::read(source, &Inputs::new(), device, ASKED);
    let read = read.unwrap_or_else(|why| panic!("{}: {why}\n{source}", device.name));
    let ran = read.run(SHOTS, 7, &Never).expect("it runs");
    let counts = ran.result.counts.iter();
    counts.map(|(bits, n)| (bits.to_string(), *n as f64 / SHOTS as f64)).collect()
}

fn compiled(source: &str, device: &Device) -> Option<String> {
    program::read(source, &Inputs::new(), device, ASKED).expect("a good program").compiled(device)
}

const PROGRAMS: [&str; 5] = [
    "qubit[2] q;\nbit[2] c;\nh q[0];\ncnot q[0], q[1];\nc = measure q;\n",
    "qubit[3] q;\nbit[3] c;\nx q[2];\nry(0.7) q[0];\nh q[1];\ncnot q[0], q[2];\nry(1.1) q[1];\ncnot q[1], q[0];\nrz(0.4) q[2];\nh q[2];\nc = measure q;\n",
    "qubit[5] q;\nbit[5] c;\nry(0.3) q[0];\nry(0.9) q[1];\nry(1.7) q[2];\nry(2.2) q[3];\nry(0.8) q[4];\ncz q[0], q[1];\ncz q[1], q[2];\ncz q[0], q[2];\nrx(0.4) q[0];\ncz q[3], q[1];\nrx(0.5) q[2];\ncz q[4], q[0];\ncz q[2], q[4];\nh q[4];\nrx(2.5) q[1];\nc = measure q;\n",
    "qubit[4] q;\nbit[2] c;\nry(2.0) q[3];\nswap q[3], q[0];\nx q[1];\nh q[2];\nccnot q[1], q[0], q[2];\nh q[2];\nc[0] = measure q[2];\nc[1] = measure q[0];\n",
    "qubit[4] q;\nry(2.0) q[1];\ncnot q[1], q[3];\n",
];

#[test]
fn a_compiled_program_is_native_and_does_the_same() {
    for name in ["garnet", "emerald", "cepheus", "ibex-q1"] {
        let device = device(name);
        for program in PROGRAMS {
            let source = format!("OPENQASM 3.0;\n{program}");
            let Ok(_) = program::read(&source, &Inputs::new(), device, ASKED) else {
                assert!(
                    program.contains("ccnot"),
                    "not every device lists it, but all the others: {name}, {program}"
                );
                continue;
            };
            let text = compiled(&source, device).expect("it is compiled");
            let again = if name.starts_with("cepheus") { from_quil(&text) } else { text };
            assert_ne!(again, source);
            let (a, b) = (counts(&source, device), counts(&again, device));
            let apart: f64 = a
                .keys()
                .chain(b.keys().filter(|k| !a.contains_key(*k)))
                .map(|k| (a.get(k).unwrap_or(&0.0) - b.get(k).unwrap_or(&0.0)).abs())
                .sum();
            assert!(apart < 0.05, "{name}: {apart}\n{source}\n{again}\n{a:?}\n{b:?}");
        }
    }
}

#[test]
fn two_flips_leave_nothing_to_play_unless_they_are_verbatim() {
    let cepheus = device("cepheus");
    let text = compiled("OPENQASM 3.0;\nqubit q;\nx q;\nx q;\n", cepheus).expect("it is compiled");
    let none = "PRAGMA PRESERVE_BLOCK\nPRAGMA END_PRESERVE_BLOCK\nMEASURE ";
    assert!(text.contains(none), "{text}");
    let boxed = "OPENQASM 3.0;\n#pragma braket verbatim\nbox {\nrx(3.141592653589793) $0;\nrx(3.141592653589793) $0;\n}\n";
    let text = compiled(boxed, cepheus).expect("it is compiled");
    let both = "PRAGMA PRESERVE_BLOCK\nRX(3.141592653589793) 0\nRX(3.141592653589793) 0\nPRAGMA END_PRESERVE_BLOCK\nMEASURE 0 ro[0]\n";
    assert!(text.ends_with(both), "{text}");
}

#[test]
fn what_observables_ask_is_turned_before_it_is_measured() {
    let source = "OPENQASM 3.0;\nqubit q;\nh q;\n#pragma braket result expectation x(q)\n";
    let text = compiled(source, device("garnet")).expect("it is compiled");
    assert!(!text.contains("prx"), "two Hadamards are nothing: {text}");
}

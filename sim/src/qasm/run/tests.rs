//! Runs against the trees that they stand for.

use std::path::Path;

use super::*;
use crate::qasm::ast::StmtKind;
use crate::qasm::{Inputs, Program, lower};
use crate::sample::Rng;

/// The statements of a program, runs as what they stand for.
fn expanded(statements: &[Stmt]) -> Vec<Stmt> {
    let whole = |s: &Stmt| match &s.kind {
        StmtKind::Run(run) => run.statements().collect(),
        _ => vec![s.clone()],
    };
    statements.iter().flat_map(whole).collect()
}

/// Reads with and without runs; gives how many calls stood in runs.
fn the_same(text: &str) -> usize {
    let shared: Arc<str> = text.into();
    let (with, physical, found) = Parser::with_runs(&shared, 7, Version::Three).file_with_physical();
    let (without, places, wrong) = Parser::new(text, 7, Version::Three).file_with_physical();
    assert_eq!(expanded(&with), without, "{text}");
    assert_eq!(format!("{physical:?} {found:#?}"), format!("{places:?} {wrong:#?}"), "{text}");
    let count = |s: &Stmt| if let StmtKind::Run(run) = &s.kind { run.statements().count() } else { 0 };
    let calls = with.iter().map(count).sum();
    let in_runs: usize =
        with.iter().map(|s| if let StmtKind::Run(run) = &s.kind { run.len() } else { 0 }).sum();
    assert_eq!(calls, in_runs, "{text}");
    let lowered = |statements, physical| {
        let program = Program { statements, physical, inputs: Inputs::new() };
        format!("{:#?}", lower(&program, &Inputs::new()))
    };
    if wrong.is_empty() {
        assert_eq!(lowered(with, physical), lowered(without, places), "{text}");
    }
    calls
}

fn corpus() -> Vec<String> {
    let mut out = Vec::new();
    for folder in ["", "bad", "bad/target", "bad/reader"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../circuits").join(folder);
        for entry in std::fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "qasm") {
                out.push(std::fs::read_to_string(path).unwrap());
            }
        }
    }
    out
}

#[test]
fn names_are_told_apart_however_many_there_are() {
    // Beyond a few names the way to look them up changes, and slots are shared by then.
    for many in [31, 32, 33, 200] {
        let mut text: String = (0..many).map(|k| format!("qubit[2] r{k}_{};\n", many - k)).collect();
        for _ in 0..2 {
            text.extend((0..many).map(|k| format!("cx r{k}_{0}[0], r{k}_{0}[1];\n", many - k)));
        }
        assert_eq!(the_same(&text), 2 * many);
    }
}

#[test]
fn a_run_is_what_its_statements_are() {
    let calls: usize = corpus().iter().map(|text| the_same(text)).sum();
    assert!(calls > 200, "only {calls} calls stood in runs");
}

#[test]
fn what_is_out_of_the_ordinary_is_understood_as_ever() {
    for text in [
        "qubit[2] q; qubit a; h q[0]; x a; cx q[1], a; rz(-pi/2) q[0]; u3(2*pi/4, 3, -0.5e-1) q[1]; h q;",
        "qubit[2] q; gate g(t) a { rx(t / 2) a; } g(1) q[0]; g(1.0) q[0]; g(pi) q[1]; g q[0]; g(1) q[0], q[1];",
        "qubit[3] q; float pi_ = 1; rx(tau) q[0]; rx(π) q[0]; rx(euler) q[0]; rx(1/2) q[0]; rx(1 + 1) q[0];",
        "qubit[2] q; { float pi = 3; } const float pi = 2.0; rx(pi) q[0]; rx(0.5 * pi) q[1];",
        "qubit[2] q; h q[2]; h q[-1]; h q[0x1]; h q[1_0]; h q[00]; h q[0:1]; cx q[0], q[0]; cx q[0]; nothing q[0];",
        "qubit[2] q; h q [ 0 ] ; h\nq[0]\n; h q[0]; // on\nh q[1]; /* block */ h q[0]; h /* in */ q[1]; h q[0] x q[1];",
        "x $0; cx $3, $1; rz(0.5) $3; bit b; b = measure $5; x $07; x $70000; prx(pi, 0) $2;",
        "qubit[2] q; measure q[0]; reset q[0]; barrier q[0]; ms(0.1, 0.2) q[0], q[1]; ms(0.1, 0.2, 0.3) q[0], q[1];",
        "qubit[2] q; gphase(0.5); gphase(0.5) q[0]; nop q[0]; measure_ff(0) q[0]; cc_prx(0.1, 0.2, 0) q[1];",
        "qubit[2] q; rx(1e400) q[0]; rx(1e) q[0]; rx(1.5im) q[0]; rx(100ns) q[0]; rx(.5) q[0]; rx(5.) q[0]; rx(1..) q[0];",
        "qubit[2] q; rx(99999999999999999999) q[0]; rx(pi / 0) q[0]; rx(9223372036854775807) q[0]; rx() q[0];",
        "qubit[2] q; opaque magic a; magic q[0]; bit[2] c; x c[0]; h r[0]; u2(0, pi) q[0]; ch q[0], q[1]; cu3(1,2,3) q[0], q[1];",
        "#pragma braket verbatim\nx $0;",
        "OPENQASM 2.0; include \"qelib1.inc\"; qreg q[2]; rx(pi^2) q[0]; rx(2*pi) q[0]; u1(pi/3) q[1]; CX q[0], q[1];",
        "qubit[2] q; h q[0]; h q[1] // no end",
        "qubit[2] q; h q[0]; h q[1]\ncx q[0], q[1];",
        "qubit[2] q; h q[0]; cx q[0] q[1]; h q[0], ; h q[0],; rx(0.5, ) q[0]; rx(,) q[0];",
        "qubit[2] q; if q[0]; in q[0]; else q[0]; true q[0]; pi q[0]; h h[0]; q q[0]; case q[0];",
        "",
    ] {
        the_same(text);
    }
}

#[test]
fn a_changed_program_is_read_alike() {
    let corpus = corpus();
    let mut rng = Rng::new(5);
    for _ in 0..400 {
        let text = &corpus[rng.below(corpus.len() as u64) as usize];
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..1 + rng.below(4) {
            let at = rng.below(bytes.len() as u64) as usize;
            let other = b";,()[]/*\n q0.eh$-\"{}@"[rng.below(21) as usize];
            match rng.below(3) {
                0 => bytes[at] = other,
                1 => bytes.insert(at, other),
                _ => drop(bytes.remove(at)),
            }
        }
        if let Ok(text) = std::str::from_utf8(&bytes) {
            the_same(text);
        }
    }
}

#[test]
fn what_a_name_means_may_change_between_runs() {
    let text = "qubit[2] q; h q[0]; gate h a { x a; } h q[0];";
    assert_eq!(the_same(text), 2);
}

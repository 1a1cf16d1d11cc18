//! Programs that ask for the impossible are refused by count, before anything grows.

use shotbook_sim::engine::{Options, SimError, prepare};
use shotbook_sim::limits;
use shotbook_sim::qasm::{self, Inputs, ParseOptions, Reading};

fn read(text: &str) -> Reading {
    qasm::read("t", text, &ParseOptions::default(), &Inputs::new())
}

#[test]
fn each_is_refused_by_the_limit_it_breaks() {
    let doubling = |n: usize, define: &dyn Fn(usize) -> String| (1..n).map(define).collect::<String>();
    let gates = doubling(60, &|i| format!("gate g{i} a {{ g{} a; g{} a; }}\n", i - 1, i - 1));
    let aliases = doubling(40, &|i| format!("let a{i} = a{} ++ a{};\n", i - 1, i - 1));
    let rows = [
        ("SB5010", format!("qubit q; rx({}1{}) q;", "(".repeat(100_000), ")".repeat(100_000))),
        ("SB5010", format!("bit c; qubit q; c = measure q; {}", "if (c) {".repeat(5_000))),
        ("SB5014", format!("gate g0 a {{ x a; }}\n{gates}qubit q; g59 q;")),
        ("SB5014", "qubit q; for int i in [0:1000000000000] { x q; }".to_owned()),
        ("SB5014", "qubit q; int i = 0; while (true) { i += 1; }".to_owned()),
        ("SB5014", "gate g a, b { h a; cx a, b; } qubit[2] q; pow(1000000000) @ g q[0], q[1];".to_owned()),
        ("SB5014", format!("qubit[1000] q; let a0 = q;\n{aliases}")),
        ("SB5014", "array[int[8], 65536, 65536] a;".to_owned()),
        ("SB5015", "qubit[4000000000] q;".to_owned()),
        ("SB5015", "qubit[100] q; ctrl(99) @ x q;".to_owned()),
        ("SB5013", format!("qubit q; {}x q;", "inv @ ".repeat(10_000))),
        ("SB5011", format!("qubit {};", "a".repeat(100_000))),
        ("SB5012", format!("qubit q; rx({}) q;", "9".repeat(100_000))),
        ("SB5049", "def f(int a) -> int { return f(a); } int x = f(1);".to_owned()),
    ];
    for (code, text) in rows {
        let found = read(&text).diagnostics;
        assert_eq!(found.first().map(|d| d.code), Some(code), "{:.200}\n{found:#?}", text);
        assert_eq!(found.len(), 1, "one cause, one finding: {:.200}\n{found:#?}", text);
    }
}

#[test]
fn a_flood_of_errors_is_cut() {
    for text in ["foo bar;\n".repeat(20_000), "\0".repeat(20_000), ";".repeat(20_000)] {
        assert_eq!(read(&text).diagnostics.len(), limits::DIAGNOSTICS);
    }
}

#[test]
fn a_loop_ends_after_a_round_that_is_wrong() {
    for head in ["while (true)", "for int i in [0:999999]", "for uint i in {1, 2}"] {
        let found =
            read(&format!("qubit[1] q; int n = 0; {head} {{ n += 1; frobnicate q[0]; }} x q[n - 1];"))
                .diagnostics;
        // One round leaves `n` at 1, so that the last gate is right, and no limit was met.
        assert_eq!(found.iter().map(|d| d.code).collect::<Vec<_>>(), ["SB5047"], "{head}: {found:#?}");
    }
}

#[test]
fn what_would_change_the_circuit_without_a_word_is_refused() {
    for (code, text) in [
        ("SB5058", "qubit q; break; x q;"),
        ("SB5058", "qubit q; if (true) { continue; } x q;"),
        ("SB5058", "qubit q; for int i in [0:1] { x q; } return; x q;"),
        ("SB5058", "qubit q; for int i in [0:1] { def f() { break; } }"),
        ("SB5022", "qubit q; delay[-10ns] q;"),
        ("SB5022", "qubit q; box[5ns - 10ns] { x q; }"),
        ("SB5020", "qubit q; switch (2) { case 1, 2 { x q; } case 2 { y q; } }"),
        ("SB5021", "qubit[2] q; gate g a { cx a, q[1]; } g q[0];"),
        ("SB5021", "int n = 1; def f() { n = 2; } f();"),
        ("SB5032", "qubit q; bit c = measure q; duration d = durationof({ if (c) { delay[1ns] q; } });"),
    ] {
        let found = read(text).diagnostics;
        assert_eq!(found.first().map(|d| d.code), Some(code), "{text}\n{found:#?}");
    }
}

#[test]
fn answers_that_do_not_fit_are_refused_before_the_run() {
    let text = format!("qubit[16] q; h q;\n{}", "#pragma braket result probability\n".repeat(10_000));
    let circuit = read(&text).circuit.unwrap();
    let options = Options { max_memory: 4 << 30, ..Options::default() };
    assert!(matches!(prepare(&circuit, &options).map(|_| ()), Err(SimError::Memory { .. })));
}

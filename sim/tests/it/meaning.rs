//! What programs mean by the specification: values of expressions, and what statements do.

use shotbook_sim::engine::{Options, prepare};
use shotbook_sim::qasm::{self, InputValue, Inputs, ParseOptions};

/// The one outcome of a program without chance.
fn outcome(text: &str) -> String {
    let reading = qasm::read("t", text, &ParseOptions::default(), &Inputs::new());
    let circuit = reading.circuit.unwrap_or_else(|| panic!("{text}\n{:#?}", reading.diagnostics));
    let result = prepare(&circuit, &Options::default()).unwrap().run(&[], 20, 1).unwrap();
    assert_eq!(result.counts.len(), 1, "{text}\n{:?}", result.counts);
    result.counts[0].0.to_string()
}

/// Declarations, an expression, the bits that are looked at, its value.
const VALUES: &[(&str, &str, usize, u64)] = &[
    ("", "3 + 4 * 2 ** 2", 6, 19),
    ("", "7 % 4 << 2", 6, 12),
    ("", "(1 << 3) | 5 ^ 1", 6, 12),
    ("int[8] a = 127; a += 1;", "a == -128", 1, 1),
    ("uint[8] a = 200; uint[8] b = 100;", "a + b", 9, 44),
    ("uint[8] a = 200; uint[16] b = 100;", "a + b", 9, 300),
    ("uint[8] a = 200;", "a + 100", 9, 300),
    ("int[8] a = -128;", "-a == -128", 1, 1),
    ("int n = 0; for int i in [10:-3:0] { n += i; }", "n", 6, 22),
    ("int n = 0; for int i in [0:2:-1] { n += 1; }", "n", 6, 0),
    ("duration d = 10ns + 20ns;", "d == 30ns && 3 * 10ns == 30ns && !(d > 30 ns)", 1, 1),
    (
        "qubit r; duration d = durationof({ x r; delay[1us] r; barrier r; delay[250ns] r; });",
        "d == 1250ns",
        1,
        1,
    ),
    ("uint[4] a = 15; a += 2;", "a", 4, 1),
    ("uint[8] a = 5; a <<= 2; a |= 1; a ^= 3; a &= 30; a -= 2; a *= 3;", "a", 8, 60),
    ("int a = -7;", "(a / 2) == -3", 1, 1),
    ("int a = -7;", "(a % 3) == -1", 1, 1),
    ("bit[4] b = \"0110\";", "uint[4](b)", 4, 6),
    ("bit[4] b = \"0001\";", "b[0]", 1, 1),
    ("bit[4] b = \"0001\"; b <<= 1;", "uint[4](b)", 4, 2),
    ("bit[8] b = \"10000001\";", "popcount(b)", 4, 2),
    ("bit[8] b = \"10000001\";", "uint[8](rotl(b, 1))", 8, 3),
    ("bit[8] b = \"10000001\";", "uint[8](rotr(b, 1))", 8, 192),
    ("bool t = true; bool f = !t;", "t && !f || f", 1, 1),
    ("float x = 3.7;", "int[8](x)", 4, 3),
    ("", "int[8](floor(3.7)) + int[8](ceiling(3.2))", 4, 7),
    ("", "mod(17, 5)", 4, 2),
    ("", "int[8](sqrt(17.0))", 4, 4),
    ("", "int[8](2.0 ** 3)", 5, 8),
    ("angle[4] a = pi; bit[4] b = bit[4](a);", "uint[4](b)", 4, 8),
    ("angle[4] a = 3 * pi / 2; angle[4] d = a + a;", "uint[4](bit[4](d))", 4, 8),
    ("angle[4] a = pi / 2;", "uint[4](bit[4](a * 3))", 4, 12),
    ("angle[8] a = pi; angle[8] b = pi / 4;", "a / b", 4, 4),
    ("angle[4] a = pi / 2; angle[8] b = a;", "uint[8](bit[8](b))", 8, 64),
    ("const int n = 3; array[int[8], 3] a = {1, 2, n};", "a[0] + a[1] * a[2]", 4, 7),
    ("array[int[8], 2, 3] a = {{1,2,3},{4,5,6}};", "a[1, 2] + a[0][1]", 4, 8),
    ("array[uint[8], 4] a = {1,2,3,4}; a[1:2] = {9, 8};", "a[1] + a[2]", 5, 17),
    ("array[uint[8], 4] a = {1,2,3,4};", "sizeof(a) + a[-1]", 4, 8),
    ("array[uint[8], 2, 5] a;", "sizeof(a, 1) + sizeof(a)", 4, 7),
    ("def f(mutable array[uint[8], 3] a) { a[0] = 7; } array[uint[8], 3] z = {1,2,3}; f(z);", "z[0]", 4, 7),
    (
        "def f(readonly array[uint[8], #dim = 1] a) -> uint[8] { uint[8] s = 0; for int i in [0:sizeof(a)-1] { s += a[i]; } return s; } array[uint[8], 3] z = {1,2,3};",
        "f(z)",
        4,
        6,
    ),
    ("def f(int[8] n) -> int[8] { if (n > 3) { return 1; } else { return 2; } }", "f(4) + f(1) * 4", 4, 9),
    (
        "def f(int[8] n) -> int[8] { int[8] s = 0; for int i in [1:n] { if (i == 3) continue; if (i == 5) break; s += i; } return s; }",
        "f(9)",
        4,
        7,
    ),
    ("int s = 0; for uint i in {1, 5, 2} { s += i; }", "s", 4, 8),
    ("int s = 0; for int i in [10:-3:1] { s += i; }", "s", 5, 22),
    ("int s = 0; for int i in [0:2:5] s += i;", "s", 4, 6),
    ("int s = 0; array[int[8], 3] a = {3,4,5}; for int[8] v in a { s += v; }", "s", 4, 12),
    ("int s = 0; bit[4] b = \"1010\"; for bit v in b { s = s * 2 + v; }", "s", 4, 5),
    ("int i = 0; while (i < 5) { i += 2; }", "i", 4, 6),
    ("int i = 0; while (true) { i += 1; if (i == 7) { break; } }", "i", 4, 7),
    ("int i = 5; switch (i) { case 1, 2 { i = 0; } case 5 { i = 9; } default { i = 3; } }", "i", 4, 9),
    ("const uint[8] k = 4; int i = 4; switch (i) { case k { i = 1; } }", "i", 4, 1),
    ("int i = 1; { int i = 5; i += 1; }", "i", 4, 1),
    ("const float x = 0.5; const int n = int[8](x * 10);", "n", 4, 5),
    ("duration d = 100ns; duration e = 2 * d;", "int[16](e / 50ns)", 4, 4),
    ("uint[4] a = 12; bit[4] b = a;", "b[2] + b[3] * 2", 2, 3),
    ("uint[8] a = 255;", "a[7] + a[0]", 3, 2),
    ("complex[float[64]] z = 1.5 + 2.5im;", "int[8](real(z) + imag(z))", 4, 4),
    ("", "0xF + 0b11 + 0o7", 6, 25),
    ("", "1_000 / 100", 5, 10),
    ("", "int[8](tau / pi)", 4, 2),
    ("", "int[8](arccos(1.0)) + int[8](exp(0.0)) + int[8](log(euler)*2)", 4, 3),
    ("", "1 != 2", 1, 1),
    ("", "-3 + 5", 4, 2),
    ("", "~uint[4](5)", 4, 10),
    ("", "(5 & 3) == 1", 1, 1),
    ("", "2 ** 3 ** 0", 4, 2),
    ("", "-2 ** 2 == -4", 1, 1),
    ("", "!false && true", 1, 1),
    ("uint[4] a = 3; float x = a / 2;", "int[8](x * 2)", 4, 2),
    ("int a = 3; float x = a / 2.0;", "int[8](x * 2)", 4, 3),
];

/// A program, and the bits it must give.
const PROGRAMS: &[(&str, &str)] = &[
    ("qubit[4] q; bit[2] c; let s = q[1:2]; x s[0]; c = measure s;", "10"),
    ("qubit[4] q; bit[4] c; let s = q[{3,0}]; x s[0]; c = measure q;", "0001"),
    ("qubit[2] a; qubit[2] b; bit[4] c; let s = a ++ b; x s[2]; c = measure s;", "0010"),
    ("qubit[5] q; bit[5] c; x q[0:2:4]; c = measure q;", "10101"),
    ("qubit[5] q; bit[5] c; x q[-1]; x q[-5]; c = measure q;", "10001"),
    ("qubit[3] q; bit[3] c; x q; reset q[1]; c = measure q;", "101"),
    ("qubit q; bit c; x q; measure q -> c;", "1"),
    ("qubit[2] q; bit[2] c; x q[0]; c[1] = measure q[0]; c[0] = measure q[1];", "01"),
    (
        "gate maj a, b, c { cx c, b; cx c, a; ccx a, b, c; } qubit[3] q; bit[3] c; x q[0]; x q[1]; maj q[0], q[1], q[2]; c = measure q;",
        "111",
    ),
    ("gate f(t) a { pow(2) @ rx(t / 2) a; } qubit q; bit c; f(pi) q; c = measure q;", "1"),
    ("qubit[3] q; bit[3] c; x q[0]; ctrl @ negctrl @ x q[0], q[1], q[2]; c = measure q;", "101"),
    ("qubit[3] q; bit[3] c; x q[0:1]; ctrl(2) @ x q[0], q[1], q[2]; c = measure q;", "111"),
    ("qubit q; bit c; pow(1/2) @ x q; pow(0.5) @ x q; c = measure q;", "1"),
    ("qubit q; bit c; inv @ pow(3) @ x q; c = measure q;", "1"),
    (
        "qubit[2] q; bit[2] c; def flip(qubit a, qubit[1] b) { x a; x b[0]; } flip(q[0], q[1:1]); c = measure q;",
        "11",
    ),
    (
        "qubit[2] q; bit[2] c; def m(qubit a) -> bit { return measure a; } x q[1]; c[0] = m(q[0]); c[1] = m(q[1]);",
        "01",
    ),
    ("qubit q; bit c; bit d; x q; c = measure q; if (c == 1) { d = 1; } else { d = 0; }", "11"),
    (
        "qubit[2] q; bit[2] c; x q[0]; c[0] = measure q[0]; if (c[0]) x q[1]; else h q[1]; c[1] = measure q[1];",
        "11",
    ),
    (
        "qubit[2] q; bit[2] c = \"00\"; x q[0]; c[0] = measure q[0]; switch (int(c)) { case 1 { x q[1]; } default { } } c[1] = measure q[1];",
        "11",
    ),
    ("qubit q; output bit r; x q; r = measure q;", "1"),
    ("qubit[2] q; bit[2] c; box { x q[0]; delay[10ns] q[1]; } barrier q; c = measure q; end; x q[0];", "10"),
    (
        "const int n = 3; qubit[n] q; bit[n] c; for int i in [0:n-1] { if (i % 2 == 0) x q[i]; } c = measure q;",
        "101",
    ),
    ("bit[2] c; x $1; c[0] = measure $0; c[1] = measure $1;", "01"),
    ("qubit[2] q; bit[2] c;\n@reversible\nx q[0]; c = measure q;", "10"),
    (
        "qubit[2] q; bit[2] c; float th = pi; rx(th) q[0]; th = th / 2; rx(th) q[1]; rx(th) q[1]; c = measure q;",
        "11",
    ),
    ("qubit q; bit c; U(pi, 0, pi) q; gphase(0.3); c = measure q;", "1"),
    (
        "qubit[3] q; bit[3] c; bit t; x q[2]; t = measure q[2]; while (t) { x q[2]; t = measure q[2]; x q[0]; } c = measure q;",
        "1000",
    ),
    (
        "def first(qubit[4] q) -> int { for int i in [0:3] { bit b = measure q[i]; if (b) { return i; } } return 7; } qubit[5] q; bit c; x q[2:3]; int k = first(q[0:3]); if (k == 2) { x q[4]; } c = measure q[4];",
        "1",
    ),
    (
        "def first(qubit[4] q) -> int { for int i in [0:3] { bit b = measure q[i]; if (b) { return i; } } return 7; } qubit[5] q; bit c; int k = first(q[0:3]); if (k == 7) { x q[4]; } c = measure q[4];",
        "1",
    ),
    (
        "def rounds(qubit q) -> int { int k = 0; while (true) { bit b = measure q; if (b) { return k; } k += 1; if (k > 2) { x q; } } return 9; } qubit[2] q; bit c; int k = rounds(q[0]); if (k == 3) { x q[1]; } c = measure q[1];",
        "1",
    ),
    (
        "def find(qubit[4] q, qubit r) -> int { for int i in [0:1] { for int j in [0:1] { bit b = measure q[2 * i + j]; if (b) { return 2 * i + j; } } x r; } return 7; } qubit[6] q; bit[2] c; x q[1]; int k = find(q[0:3], q[4]); if (k == 1) { x q[5]; } c = measure q[4:5];",
        "01",
    ),
    (
        "def find(qubit[4] q, qubit r) -> int { for int i in [0:1] { int j = 0; while (j < 2) { bit b = measure q[2 * i]; if (b) { return 2 * i + j; } j += 1; } x r; } return 7; } qubit[6] q; bit[2] c; x q[2]; int k = find(q[0:3], q[4]); int m = find(q[0:3], q[4]); if (k == 2 && m == 2) { x q[5]; } c = measure q[4:5];",
        "01",
    ),
    (
        "def wait(qubit q) { for int i in [0:3] { bit b = measure q; if (b) { return; } if (i == 1) { x q; } } x q; } qubit q; bit c; wait(q); c = measure q;",
        "1",
    ),
    ("qubit q; bit c; duration d = 100dt; delay[d] q; if (d > 50dt) { x q; } c = measure q;", "1"),
    ("qubit q; bit c; extern foo(int) -> int; stretch s; x q; c = measure q;", "1"),
];

#[test]
fn expressions_have_the_values_of_the_specification() {
    for (declarations, expression, n, value) in VALUES {
        let text = format!(
            "{declarations}\nqubit[{n}] q_;\nbit[{n}] c_;\nuint[64] r_ = {expression};\n\
             for int i_ in [0:{}] {{ if ((r_ >> i_) & 1 == 1) x q_[i_]; }}\nc_ = measure q_;",
            n - 1
        );
        let bits = outcome(&text);
        let read = bits[bits.len() - n..].bytes().rev().fold(0, |sum, b| sum * 2 + u64::from(b == b'1'));
        assert_eq!(read, *value, "{declarations} {expression}");
    }
}

#[test]
fn statements_do_what_the_specification_says() {
    for (program, bits) in PROGRAMS {
        assert_eq!(outcome(program), *bits, "{program}");
    }
}

/// What is written again of a program's delay, or what is said against it.
fn delay_of(text: &str) -> String {
    let reading = qasm::read("t", text, &ParseOptions::default(), &Inputs::new());
    let circuit = reading.circuit.unwrap_or_else(|| panic!("{text}\n{:#?}", reading.diagnostics));
    match qasm::emit(&circuit, qasm::Emit::OpenQasm3) {
        Ok(written) => written.lines().find(|l| l.starts_with("delay")).unwrap_or("").to_owned(),
        Err(wrong) => wrong[0].message.clone(),
    }
}

#[test]
fn delays_keep_their_unit() {
    assert_eq!(delay_of("qubit q; duration d = 50dt; delay[2 * d] q;"), "delay[100.0dt] q[0];");
    assert_eq!(delay_of("qubit q; delay[1.5us] q;"), "delay[1500.0ns] q[0];");
    assert_eq!(delay_of("OPENQASM 2.0; qreg q[1]; delay(160) q[0];"), "delay[160.0dt] q[0];");
    assert!(delay_of("qubit q; delay[3dt] q; delay[1ns] q;").contains("in seconds and in cycles"));
}

/// The codes of a reading with one value given.
fn given(ty: &str, value: InputValue) -> Vec<&'static str> {
    let inputs = Inputs::from([("v".to_owned(), value)]);
    let text = format!("input {ty} v;\nqubit q;\nx q;");
    qasm::read("t", text.as_str(), &ParseOptions::default(), &inputs)
        .diagnostics
        .iter()
        .map(|d| d.code)
        .collect()
}

#[test]
fn an_input_takes_the_values_of_its_type_and_no_others() {
    use InputValue::{Bits, Int, List, Number};
    let bits = |text: &str| Bits(text.to_owned());
    let right = [
        ("int[8]", Int(-128)),
        ("int[64]", Int(i64::MIN)),
        ("uint[4]", Int(15)),
        ("uint[64]", Int(i64::MAX)),
        ("bool", Int(1)),
        ("bit[2]", bits("10")),
        ("bit[2]", Int(10)),
        ("bit[2]", Int(3)),
        ("int", Number(3.0)),
        ("array[float[64], 2]", List(vec![Int(1), Number(0.5)])),
    ];
    for (ty, value) in right {
        assert_eq!(given(ty, value.clone()), [] as [&str; 0], "{ty} {value:?}");
    }
    let wrong = [
        ("int[8]", Int(128)),
        ("int[8]", Number(2.5)),
        ("uint[4]", Int(-1)),
        ("uint[4]", Int(16)),
        ("bool", Int(2)),
        ("bit[2]", Int(101)),
        ("bit[2]", bits("101")),
        ("int", bits("10")),
        ("array[float[64], 2]", List(vec![Int(1)])),
        ("array[float[64], 2]", Number(1.0)),
        ("int", List(vec![Int(1)])),
    ];
    for (ty, value) in wrong {
        assert_eq!(given(ty, value.clone()), ["SB5034"], "{ty} {value:?}");
    }
    let surplus = Inputs::from([("thet".to_owned(), Number(1.0))]);
    let reading =
        qasm::read("t", "input float theta;\nqubit q;\nrx(theta) q;", &ParseOptions::default(), &surplus);
    assert!(reading.circuit.is_some());
    let help: Vec<_> =
        reading.diagnostics.iter().map(|d| (d.code, d.help.as_deref().unwrap_or(""))).collect();
    assert_eq!(help, [("SB5057", "did you mean `theta`?")]);
}

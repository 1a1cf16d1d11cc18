use proptest::prelude::*;

use super::*;
use crate::circuit::{Angle, Gate, Op};

fn ok(text: &str) -> Circuit {
    let reading = read("t", text, &ParseOptions::default(), &Inputs::new());
    assert!(reading.circuit.is_some(), "{text}\n{:#?}", reading.diagnostics);
    reading.circuit.unwrap()
}

fn codes(text: &str) -> Vec<&'static str> {
    let reading = read("t", text, &ParseOptions::default(), &Inputs::new());
    reading.diagnostics.iter().map(|d| d.code).collect()
}

/// Gates with their qubits and fixed angles, in order.
fn gates(circuit: &Circuit) -> Vec<(Gate, Vec<u32>, Vec<f64>)> {
    let mut out = Vec::new();
    circuit.walk(&mut |op, _| {
        if let Op::Gate(gate) = op {
            let angles = circuit.gate_angles(gate).iter();
            let fixed = angles.map(|a| if let Angle::Fixed(x) = a { *x } else { f64::NAN }).collect();
            out.push((gate.gate, circuit.gate_qubits(gate).to_vec(), fixed));
        }
    });
    out
}

#[test]
fn a_program_may_begin_with_a_brace() {
    let ok = |text: &str| parse(&mut Sources::new("text", text), &ParseOptions::default()).1;
    assert!(ok("{\n    x $1;\n}\n").is_empty() && ok("{\n}\n").is_empty());
    for json in ["{", " { \n", "{ \"a;b\" 1}"] {
        assert_eq!(ok(json)[0].code, "SB5007", "{json}");
    }
}

#[test]
fn a_pragma_takes_the_rest_of_its_line_wherever_it_begins() {
    let tree = |text: &str| parse(&mut Sources::new("text", text), &ParseOptions::default()).0;
    let printed = print(&tree("bit[2] b; pragma other thing;\n"));
    assert_eq!(printed, "bit[2] b;\n#pragma other thing;\n");
    assert_eq!(print(&tree(&printed)), printed);
}

#[test]
fn a_warning_in_a_body_takes_no_gate_away() {
    let body = "gate g a {\n#pragma other thing\nx a;\n}\nqubit[1] q;\n";
    let reading = read(
        "text",
        format!("{body}g q[0];\ng q[0];\ninv @ g q[0];\n"),
        &ParseOptions::default(),
        &Inputs::new(),
    );
    let circuit = reading.circuit.unwrap();
    assert_eq!(gates(&circuit).len(), 3, "{:?}", reading.diagnostics);
}

#[test]
fn barriers_and_delays_count_as_gates() {
    for what in ["barrier a;", "delay[1ns] a;"] {
        let text =
            format!("gate g a {{ {} }}\nqubit q;\nfor int i in [0:19999] {{ g q; }}\n", what.repeat(1000));
        let reading = read("text", text, &ParseOptions::default(), &Inputs::new());
        let codes: Vec<&str> = reading.diagnostics.iter().map(|d| d.code).collect();
        assert_eq!(codes, ["SB5014"], "{what}");
    }
}

#[test]
fn resets_in_gates_go_by_the_version_of_the_text_that_has_them() {
    let body = "gate g a { reset a; x a; }\n";
    let codes = |text: &str, dialect| {
        let options = ParseOptions { dialect, ..ParseOptions::default() };
        let reading = read("text", text, &options, &Inputs::new());
        reading.diagnostics.iter().map(|d| d.code).collect::<Vec<_>>()
    };
    assert_eq!(codes(&format!("{body}qreg q[1];\ng q[0];\n"), Dialect::OpenQasm2), [""; 0]);
    assert_eq!(codes(&format!("{body}qubit q;\n"), Dialect::OpenQasm3), ["SB5035"]);
}

#[test]
fn what_is_wrong_in_a_doubled_gate_is_said_once_and_at_once() {
    use std::fmt::Write as _;
    let mut text = String::from("OPENQASM 3.0;\ngate g0 q { nowhere q; nowhere q; }\n");
    for n in 1..20 {
        let _ = writeln!(text, "gate g{n} q {{ g{0} q; g{0} q; }}", n - 1);
    }
    text.push_str("qubit q;\ng19 q;\nx q[3];\n");
    let reading = read("text", text.as_str(), &ParseOptions::default(), &Inputs::new());
    let codes: Vec<&str> = reading.diagnostics.iter().map(|d| d.code).collect();
    assert_eq!(codes, ["SB5047", "SB5047", "SB5027"], "{:?}", reading.diagnostics);
}

#[test]
fn names_of_both_libraries_are_one_gate() {
    for text in
        ["qubit[2] q; cnot q[0], q[1];", "OPENQASM 2.0; include \"qelib1.inc\"; qreg q[2]; cx q[0],q[1];"]
    {
        assert_eq!(gates(&ok(text)), [(Gate::Cnot, vec![0, 1], vec![])], "{text}");
    }
}

#[test]
fn a_caret_is_a_power_in_version_2_and_exclusive_or_in_3() {
    let two = gates(&ok("OPENQASM 2.0; qreg q[1]; rx(2^3) q[0];"));
    assert_eq!(two[0].2, [8.0]);
    let three = gates(&ok("OPENQASM 3.0; qubit q; rx(2 ^ 3) q;"));
    assert_eq!(three[0].2, [1.0]);
}

#[test]
fn powers_bind_right_and_before_signs() {
    let got =
        gates(&ok("qubit q; rx(-2 ** 2) q; rx(2 ** 3 ** 2) q; rx(2 + 3 * 4) q; rx(7 / 2) q; rx(7 / 2.0) q;"));
    let angles: Vec<f64> = got.iter().map(|g| g.2[0]).collect();
    assert_eq!(angles, [-4.0, 512.0, 14.0, 3.0, 3.5]);
}

#[test]
fn registers_broadcast_and_indices_reach_from_the_end() {
    let got = gates(&ok("qubit[3] q; h q; cnot q[0], q[-1]; let a = q[0:2:2]; x a; y q[{2, 0}];"));
    let qubits: Vec<Vec<u32>> = got.into_iter().map(|g| g.1).collect();
    assert_eq!(qubits, [vec![0], vec![1], vec![2], vec![0, 2], vec![0], vec![2], vec![2], vec![0]]);
}

#[test]
fn a_fraction_as_a_power_is_a_root() {
    let circuit = ok("qubit q; pow(1/2) @ x q; pow(-2) @ s q; inv @ t q;");
    let Op::Unitary { matrix, .. } = circuit.ops.ops[0] else { panic!("{:?}", circuit.ops.ops[0]) };
    let root = &circuit.matrices[matrix.0 as usize].entries;
    let v = (Gate::V.row().matrix)(&[]);
    assert!(root.iter().zip(&v).all(|(a, b)| (a - b).norm() < 1e-12), "{root:?}");
    assert_eq!(gates(&circuit).iter().map(|g| g.0).collect::<Vec<_>>(), [Gate::Si, Gate::Si, Gate::Ti]);
}

#[test]
fn a_controlled_phase_of_a_body_is_kept() {
    let circuit = ok("gate g q { gphase(0.5); x q; } qubit[2] q; ctrl @ g q[0], q[1]; g q[0];");
    let got = gates(&circuit);
    assert_eq!(got[0], (Gate::Phaseshift, vec![0], vec![0.5]));
    assert_eq!(got[1], (Gate::Cnot, vec![0, 1], vec![]));
    assert!((circuit.global_phase - 0.5).abs() < 1e-15);
}

#[test]
fn inputs_stay_free_in_angles_and_shape_circuits_in_sizes() {
    let circuit = ok("input float t; qubit q; rx(2 * t + 1) q; ry(t * t) q;");
    assert_eq!(circuit.angles[0], Angle::Affine { input: 0, scale: 2.0, offset: 1.0 });
    assert!(matches!(circuit.angles[1], Angle::Expr(_)));
    let text = "input int n; qubit[n] q; h q;";
    assert_eq!(codes(text), ["SB5030"]);
    let inputs = Inputs::from([("n".to_owned(), InputValue::Int(3))]);
    let reading = read("t", text, &ParseOptions::default(), &inputs);
    assert_eq!(reading.circuit.unwrap().n_qubits, 3);
}

#[test]
fn control_that_is_known_disappears_and_control_that_is_not_stays() {
    let known = ok("qubit q; int i = 0; while (i < 3) { x q; i += 1; } if (i == 3) { y q; } else { z q; }");
    let names: Vec<Gate> = gates(&known).into_iter().map(|g| g.0).collect();
    assert_eq!(names, [Gate::X, Gate::X, Gate::X, Gate::Y]);
    let open = ok("qubit q; bit b; h q; b = measure q; if (b) { x q; }");
    assert!(matches!(open.ops.ops.last(), Some(Op::If { .. })));
}

#[test]
fn every_mistake_is_told_once_and_reading_goes_on() {
    let text = "qubit[2] q;\nh q[0]\ncnot q[0] q[1];\nhh q[0];\nx q[5];\n";
    assert_eq!(codes(text), ["SB5004", "SB5001"]);
    let text = "qubit[2] q;\nhh q[0];\nx q[5];\ncnot q[0];\n";
    assert_eq!(codes(text), ["SB5047", "SB5022", "SB5024"]);
}

#[test]
fn a_mistake_in_a_gate_body_shows_the_call() {
    let reading = read("t", "gate g q { nope q; }\nqubit q;\ng q;", &ParseOptions::default(), &Inputs::new());
    let first = &reading.diagnostics[0];
    assert_eq!((first.code, reading.sources.place(first.span.start).line), ("SB5047", 1));
    assert_eq!(reading.sources.place(first.related[0].span.start).line, 3);
}

#[test]
fn doubling_definitions_are_counted_before_they_are_expanded() {
    let mut text = "gate g0 q { x q; }\n".to_owned();
    for i in 1..64 {
        text += &format!("gate g{i} q {{ g{} q; g{} q; }}\n", i - 1, i - 1);
    }
    text += "qubit q;\ng63 q;\n";
    assert_eq!(codes(&text), ["SB5014"]);
}

#[test]
fn depth_is_bounded_everywhere() {
    for (open, close) in [("(", ")"), ("-", ""), ("if (true) {", "}"), ("2 ** ", "")] {
        let text = format!("qubit q;\nrx({}1{}) q;", open.repeat(5000), close.repeat(5000));
        assert!(!codes(&text).is_empty(), "{open}");
        let text = format!("qubit q;\n{}x q;{}", "if (true) {".repeat(5000), "}".repeat(5000));
        assert!(codes(&text).contains(&"SB5010"));
    }
    for (head, again) in
        [("bit b; b = ", "measure "), ("", "array["), ("", "complex["), ("int x = ", "complex[")]
    {
        let text = format!("qubit q; {head}{}", again.repeat(200_000));
        assert!(codes(&text).contains(&"SB5010"), "{head}{again}");
    }
}

#[test]
fn includes_stay_below_the_program() {
    struct Folder;
    impl Files for Folder {
        fn read(&self, path: &str) -> Result<String, String> {
            if path == "lib.inc" {
                Ok("gate mine q { h q; }\n".into())
            } else {
                Err(format!("{path} is not there"))
            }
        }
    }
    let options = ParseOptions { files: &Folder, ..ParseOptions::default() };
    let reading = read("t", "include \"lib.inc\";\nqubit q;\nmine q;", &options, &Inputs::new());
    assert_eq!(gates(&reading.circuit.unwrap())[0].0, Gate::H);
    for path in ["/etc/passwd", "../x.inc", "a/../../x", "none.inc"] {
        let reading = read("t", format!("include \"{path}\";"), &options, &Inputs::new());
        assert_eq!(reading.diagnostics[0].code, "SB5006", "{path}");
    }
}

#[test]
fn an_envelope_brings_its_inputs() {
    let text = r#"{"braketSchemaHeader":{"name":"braket.ir.openqasm.program","version":"1"},
        "source":"OPENQASM 3; input int n; qubit[n] q; h q;","inputs":{"n":2}}"#;
    assert_eq!(ok(text).n_qubits, 2);
}

#[test]
fn braket_form_is_read_back_as_the_same_circuit() {
    let text = "qubit[3] q; bit[3] b; u2(0.1, 0.2) q[0]; negctrl @ ctrl(1) @ ry(0.7) q[0], q[1], q[2]; \
                crz(0.3) q[0], q[2]; inv @ pow(3) @ iswap q[1], q[2]; b = measure q;";
    let written = emit(&ok(text), Emit::Braket).unwrap();
    assert!(!written.contains('@') && !written.contains("include"), "{written}");
    let again = emit(&ok(&written), Emit::Braket).unwrap();
    assert_eq!(written, again);
}

const WORDS: &[&str] = &[
    "qubit",
    "[2]",
    "q",
    ";",
    "bit",
    "c",
    "h ",
    "cnot ",
    "q[0]",
    ",",
    "q[1]",
    "measure ",
    "=",
    "if",
    "(",
    ")",
    "{",
    "}",
    "while",
    "for",
    " int ",
    "i",
    " in ",
    "[0:3]",
    "ctrl @ ",
    "inv @ ",
    "pow(2) @ ",
    "rx(",
    "pi",
    "1.5",
    "0",
    "#pragma braket result ",
    "expectation z(q[0])",
    "\n",
    "gate ",
    "def ",
    "->",
    "++",
    "**",
    "\"01\"",
    "switch",
    "case",
    "let ",
    "const ",
    "input float t;",
    "box",
    "reset ",
    "$1",
    "99999999999999999999",
    "/*",
    "end;",
    "break;",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nonsense_is_refused_without_harm(words in proptest::collection::vec(0..WORDS.len(), 0..80)) {
        let text: String = words.into_iter().map(|i| WORDS[i]).collect();
        let reading = read("t", text.as_str(), &ParseOptions::default(), &Inputs::new());
        prop_assert!(reading.circuit.is_some() || !reading.diagnostics.is_empty());
        prop_assert!(reading.diagnostics.len() <= limits::DIAGNOSTICS);
        for d in &reading.diagnostics {
            prop_assert!(d.span.start <= d.span.end && d.span.end as usize <= text.len() + 1, "{:?}", d);
        }
    }

    #[test]
    fn any_bytes_are_refused_without_harm(text in "\\PC{0,60}") {
        let reading = read("t", text.as_str(), &ParseOptions::default(), &Inputs::new());
        prop_assert!(reading.circuit.is_some() || !reading.diagnostics.is_empty());
    }
}

#[test]
fn shifts_stay_within_the_width_of_their_value() {
    let text = "qubit q; const bit[3] b = \"110\"; rx(b << 1) q; uint[4] u = 9; rx(u << 1) q; rx(1 << 4) q;";
    let angles: Vec<f64> = gates(&ok(text)).iter().map(|g| g.2[0]).collect();
    assert_eq!(angles, [4.0, 2.0, 16.0]);
}

#[test]
fn an_angle_has_bits_and_a_turn_has_an_end() {
    let text =
        "qubit q; angle[4] a = pi; rx(a >> 1) q; a[0] = 1; rx(a) q; rx(bit[4](a)) q; a <<= 1; rx(a) q;";
    let angles: Vec<f64> = gates(&ok(text)).iter().map(|g| g.2[0]).collect();
    let turn = std::f64::consts::TAU;
    let expected = [turn / 4.0, turn * 9.0 / 16.0, 9.0, turn * 2.0 / 16.0];
    assert!(angles.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{angles:?}");
}

#[test]
fn what_is_kept_word_for_word_is_refused_only_when_it_is_called() {
    let text = "extern vote(bit[3]) -> bit;\nqubit q;\nh q;\n";
    ok(text);
    assert_eq!(codes(&format!("{text}bit b = vote(\"101\");")), ["SB5046"]);
    ok(
        "stretch a; duration d = a - 0.5 * durationof({x $0; cx $0, $1;}); delay[d] $0; box { nop $0; x $1; }",
    );
}

#[test]
fn what_qiskit_writes_for_prepared_states_is_read() {
    let text = "OPENQASM 2.0;\ninclude \"qelib1.inc\";\n\
        gate state_preparation(p0, p1) q0 { u3(pi / 2, 0, p1) q0; }\n\
        gate initialize(p0, p1) q0 { reset q0; state_preparation(0.6 + 0.8j, 0.5) q0; }\n\
        qreg q[1];\ninitialize(0.6, -0.8j) q[0];\n";
    let circuit = ok(text);
    assert!(matches!(circuit.ops.ops.as_slice(), [Op::Reset { .. }, Op::Gate(_)]), "{:?}", circuit.ops.ops);
    let used = text.replace("0.6 + 0.8j, 0.5", "0.5, 0.6 + 0.8j");
    assert_eq!(codes(&used), ["SB5031"]);
}

#[test]
fn a_program_that_would_not_end_is_refused_before_it_starts() {
    let doubling = |head: &str, body: &str, last: &str| {
        let steps: String = (1..=60)
            .map(|i| body.replace("NEXT", &i.to_string()).replace("LAST", &(i - 1).to_string()))
            .collect();
        format!("{head}{steps}{last}")
    };
    for text in [
        doubling("gate g0 a { }", "gate gNEXT a { gLAST a; gLAST a; }", "qubit q; g60 q;"),
        doubling("gate g1 a { g60 a; g60 a; } gate g0 a { x a; }", "gate hNEXT a { } gate gNEXT_ a { x a; }", "gate g60 a { g1 a; g1 a; } qubit q; g60 q;"),
        doubling("def g0(qubit a) { }", "def gNEXT(qubit a) { gLAST(a); gLAST(a); }", "qubit q; g60(q);"),
        doubling(
            "gate g0(t) a { rx(t) a; }",
            "gate gNEXT(t) a { gLAST(t * t) a; }",
            "input float a; qubit q; g60(a) q;",
        ),
        "array[int[32], 1000000] a; def f(readonly array[int[32], #dim=1] b) { } for int i in [0:900000] { f(a); }".to_owned(),
        "qubit[60000] q; for int i in [0:900000] { barrier q; barrier q[0:59998]; }".to_owned(),
    ] {
        assert_eq!(codes(&text), ["SB5014"], "{text}");
    }
}

#[test]
fn a_tree_is_never_deeper_than_it_can_be_walked() {
    let n = 100_000;
    for text in [
        format!("int x = 1{};", " + 1".repeat(n)),
        format!("bool x = 1{};", " < 1".repeat(n)),
        format!("qubit[2] q; h q{};", "[0]".repeat(n)),
        format!("qubit[2] q; rx(q{}) q[0];", "[0]".repeat(n)),
        format!("qubit[2] q; let a = q{};", " ++ q".repeat(n)),
    ] {
        assert_eq!(codes(&text), ["SB5010"], "{}", &text[..60]);
    }
    assert_eq!(codes(&format!("int x = {} 1;", "+ ".repeat(n))), [""; 0]);
    let most = format!("qubit q; int x = 1{}; rx(x) q;", " + 1".repeat(999));
    assert_eq!(codes(&most), [""; 0]);
}

#[test]
fn ranges_at_the_ends_of_the_integers_are_exact() {
    let far =
        "qubit q; for int i in [9223372036854775807:-9223372036854775807:-9223372036854775807] { x q; } x q;";
    assert_eq!(ok(far).ops.ops.len(), 4);
    assert_eq!(ok("qubit[4] q; h q[0:9223372036854775807:3];").ops.ops.len(), 1);
}

#[test]
fn an_array_is_not_copied_for_each_of_its_elements() {
    let text = "array[int[32], 1024, 900] a; for int i in [0:99999] { a[0, 0] = a[0, 0] + 1; } qubit q; rx(a[0, 0]) q;";
    let circuit = ok(text);
    assert_eq!(circuit.angles, [Angle::Fixed(100_000.0)]);
}

#[test]
fn what_beginners_write_is_told_once_with_what_to_write() {
    for (text, help) in [
        ("qubit[2] q; H q[0];", "did you mean `h`?"),
        ("qubit[2] q; CNOT q[0], q[1];", "did you mean `cnot`?"),
        ("qubit q[2];", "write `qubit[…] q;`"),
        ("bit c[2];", "write `bit[…] c;`"),
        ("qubit[2] q; bit[2] c; measure q, c;", "write `c = measure q;`, one register or qubit at a time"),
        (
            "qubit[4] q; for int i in 0..3 { h q[i]; }",
            "write `for int i in [0:3] { … }`; both ends are included",
        ),
        (
            "qubit[4] q;\nfor (int i = 0; i < 2; i++) { h q[i]; }\n",
            "write `for int i in [0:3] { … }`; both ends are included",
        ),
        ("qubit q; bit c;\nif c == 1 { x q; }", "what is asked stands in parentheses: `if (c == 1) { … }`"),
        ("qubit q; bit c;\nif (c = 1) { x q; }", "two values are compared with `==`"),
        ("qubit[2] q;\nctrl x q[0], q[1];", "a modifier ends with `@`: `ctrl @ x q[0], q[1];`"),
        ("qubit q; rz(2pi) q;", "a product is written with `*`: `2*pi`"),
        ("qubit[2] q; h(q[0]);", "write its qubits without parentheses: `h q[0];`"),
        (
            "from qiskit import QuantumCircuit\nqc = QuantumCircuit(2)\n",
            "write the circuit as OpenQASM first: `qasm3.dumps(circuit)` of Qiskit, `to_ir` of Braket",
        ),
    ] {
        let reading = read("t", text, &ParseOptions::default(), &Inputs::new());
        let helps: Vec<_> = reading.diagnostics.iter().filter_map(|d| d.help.as_deref()).collect();
        assert_eq!(helps, [help], "{text}\n{:#?}", reading.diagnostics);
    }
}

#[test]
fn what_cannot_name_qubits_is_no_operand_even_of_an_unknown_gate() {
    for (operand, qubits) in [("a + b ++ c", false), ("a, -b", false), ("f(a)", false), ("a ++ b[0:1]", true)]
    {
        let text = format!("g {operand};");
        let (_, found) = parse(&mut Sources::new("text", &*text), &ParseOptions::default());
        let codes: Vec<&str> = found.iter().map(|d| d.code).collect();
        assert_eq!(codes, if qubits { vec![] } else { vec!["SB5023"] }, "{text}");
    }
}

#[test]
fn signs_and_sums_are_printed_without_parentheses_that_change_nothing() {
    let tree = |text: &str| parse(&mut Sources::new("text", text), &ParseOptions::default());
    for (text, printed) in [
        ("int a = (-b) ** 2 - -c * (d + 1);", "int a = (-b) ** 2 - -c * (d + 1);\n"),
        ("int a = ((b * c) + d) - (e - f);", "int a = b * c + d - (e - f);\n"),
        ("int a = (b ** c) ** d ** (e ** -f);", "int a = (b ** c) ** d ** e ** -f;\n"),
        ("bool a = !(b && c) || (!b & c) == d;", "bool a = !(b && c) || (!b & c) == d;\n"),
    ] {
        assert_eq!(print(&tree(text).0), printed);
    }
    // Each parenthesis would be a level of nesting.
    for text in [format!("int a = {}b;", "~".repeat(40)), format!("int a = b{};", " + b".repeat(200))] {
        let (program, found) = tree(&text);
        assert!(found.is_empty() && tree(&print(&program)).1.is_empty(), "{text}");
    }
}

#[test]
fn constants_in_bits_are_no_control_at_run_time() {
    let head = "qubit[2] q; bit[2] c = \"00\"; bit[2] k = \"10\"; if (k[1]) { x q[0]; } c = measure q;";
    let circuit = ok(head);
    // What a measurement writes over is gone; the constant beside it is a column of what is returned.
    let assigns = |c: &Circuit| c.ops.ops.iter().filter(|op| matches!(op, Op::Assign { .. })).count();
    assert_eq!(assigns(&circuit), 1);
    let braket = emit(&circuit, Emit::Braket).unwrap();
    assert_eq!(
        braket,
        "OPENQASM 3.0;\nbit[4] b;\nqubit[2] q;\nx q[0];\nb[0] = measure q[0];\nb[1] = measure q[1];\n"
    );
    assert!(emit(&circuit, Emit::OpenQasm3).unwrap().contains("k = bit[2](2);"));
    // Written after the measurement, or read at run time, a constant stays.
    for tail in ["c = \"11\";", "c[0] = 1; if (c[0] ^ c[1]) { x q[0]; }"] {
        assert!(emit(&ok(&format!("{head} {tail}")), Emit::Braket).is_err(), "{tail}");
    }
}

#[test]
fn outcomes_without_bits_are_returned_where_nothing_else_is() {
    let circuit = ok("qubit[3] q; bit[1] b; x q[2]; measure q[2]; measure q[0];");
    let text = emit(&circuit, Emit::Braket).unwrap();
    assert!(text.ends_with("b[1] = measure q[2];\nb[2] = measure q[0];\n"), "{text}");
    let alone = emit(&ok("qubit[2] q; measure q;"), Emit::Braket).unwrap();
    assert!(alone.contains("bit[2] b;") && alone.contains("b[1] = measure q[1];"), "{alone}");
    assert_eq!(ok("qubit[65536] q; measure q; measure q[0];").registers[0].size, 65_536);
    let beside = ok("qubit[2] q; bit b; b = measure q[0]; measure q[1];");
    assert_eq!(beside.registers.len(), 1);
}

#[test]
fn parts_of_registers_joined_arrays_and_equal_durations() {
    let part = ok("qubit q; bit[4] k = \"0000\"; k[0:1] = \"11\"; k[2] = measure q;");
    let text = emit(&part, Emit::OpenQasm3).unwrap();
    assert!(text.contains("k[0] = bit(1);\nk[1] = bit(1);"), "{text}");
    assert!(emit(&ok(&text), Emit::OpenQasm3).unwrap() == text);
    let joined = "array[int[8], 2] a = {1, 2}; array[int[8], 4] d = a ++ {3, 4}; qubit[5] q; x q[d[3]];";
    assert_eq!(gates(&ok(joined))[0].1, [4]);
    assert_eq!(codes("array[int[8], 2] a = {1, 2}; array[int[8], 3] d = a ++ a;"), ["SB5022"]);
    // No duration is lost or infinite for being very short or very long.
    for text in ["1e-20s", "1e300s"] {
        assert!(emit(&ok(&format!("qubit q; delay[{text}] q;")), Emit::OpenQasm3).is_ok(), "{text}");
    }
    for same in ["100ns == 0.1us", "1us == 1000ns", "0.3ms == 300us"] {
        let circuit = ok(&format!("qubit q; if ({same}) {{ x q; }}"));
        assert_eq!(gates(&circuit).len(), 1, "{same}");
    }
    assert!(ok("output int[8] o; o = 3; qubit q; bit b; b = measure q;").registers[0].visible);
}

#[test]
fn what_was_meant_is_what_fits() {
    let helps = |text: &str| {
        let reading = read("t", text, &ParseOptions::default(), &Inputs::new());
        reading.diagnostics.iter().map(|d| d.help.clone().unwrap_or_default()).collect::<Vec<_>>()
    };
    for (text, help) in [
        ("Qubit q; h q;", "did you mean `qubit`?"),
        ("qubit q; mesure q;", "did you mean `measure`?"),
        ("qubit q; hh q;", "did you mean `h`?"),
        ("qubit q; bit c; h r; x r;", "declare it before it is used"),
        ("bool a = True;", "did you mean `true`?"),
        ("qubit q; rx q;", "give 1: `rx(pi/2) q[0];`"),
        ("qubit q; cx q;", "give 2: `cx q[0], q[1];`"),
        ("qubit q;\n#pragma result state_vector", "write `#pragma braket result …`"),
    ] {
        assert_eq!(helps(text), [help], "{text}");
    }
}

use super::*;
use crate::qasm::{Emit, Inputs, ParseOptions, emit, read};

fn circuit(text: &str) -> Circuit {
    let reading = read("t", text, &ParseOptions::default(), &Inputs::new());
    reading.circuit.unwrap_or_else(|| panic!("{text}: {:#?}", reading.diagnostics))
}

fn judge(a: &str, b: &str) -> Result<Method, Differs> {
    same(&circuit(a), &circuit(b), &Options::default(), 1)
}

#[test]
fn a_global_phase_is_no_difference_and_a_relative_one_is() {
    assert_eq!(judge("qubit q; rz(0.3) q;", "qubit q; phaseshift(0.3) q;"), Ok(Method::Unitary));
    let relative =
        judge("qubit[2] q; ctrl @ rz(0.3) q[0], q[1];", "qubit[2] q; cphaseshift(0.3) q[0], q[1];");
    assert!(matches!(relative, Err(Differs::Action { .. })), "{relative:?}");
}

#[test]
fn states_that_agree_on_zero_are_told_apart() {
    assert!(judge("qubit q; z q;", "qubit q; i q;").is_err());
    let moved = judge("qubit[12] q; z q[3];", "qubit[12] q; i q[3];");
    assert_eq!(moved, Err(Differs::Stabilizer { axis: 'X', qubit: 3 }));
    assert_eq!(judge("qubit[12] q; s q; s q;", "qubit[12] q; z q;"), Ok(Method::Stabilizers));
    assert_eq!(judge("qubit[12] q; t q; t q;", "qubit[12] q; s q;"), Ok(Method::Stimuli));
}

#[test]
fn clifford_circuits_of_any_size_are_compared() {
    let text = |last: &str| {
        let chain: String =
            (0..299).map(|q| format!("cx q[{q}], q[{}]; s q[{q}]; sdg q[{}];", q + 1, q + 1)).collect();
        format!("qubit[300] q; h q; {chain} iswap q[3], q[200]; rx(pi / 2) q[7]; {last}")
    };
    assert_eq!(judge(&text("z q[5];"), &text("s q[5]; s q[5];")), Ok(Method::Stabilizers));
    let differs = judge(&text("z q[5];"), &text("x q[5];"));
    assert!(matches!(differs, Err(Differs::Stabilizer { .. })), "{differs:?}");
}

#[test]
fn columns_and_inputs_must_match() {
    let swapped = judge(
        "qubit[2] q; bit[2] c; h q; c[0] = measure q[0]; c[1] = measure q[1];",
        "qubit[2] q; bit[2] c; h q; c[1] = measure q[0]; c[0] = measure q[1];",
    );
    assert!(matches!(swapped, Err(Differs::Shape { .. })), "{swapped:?}");
    assert!(judge("input float a; qubit q; rx(a) q;", "qubit q; rx(0.1) q;").is_err());
    assert!(judge("input float a; qubit q; rx(a) q;", "input float a; qubit q; rx(2*a) q;").is_err());
}

#[test]
fn branches_are_compared_by_counts() {
    let text = "qubit[2] q; bit[2] c; h q[0]; c[0] = measure q[0]; if (c[0]) x q[1]; c[1] = measure q[1];";
    assert_eq!(judge(text, text), Ok(Method::Counts));
    let other = judge(text, &text.replace("if (c[0]) x", "if (!c[0]) x"));
    assert!(matches!(other, Err(Differs::Counts { .. })), "{other:?}");
}

#[test]
fn every_form_of_a_program_does_the_same() {
    let text = "input float a; qubit[3] q; bit[3] c; h q; pow(1/2) @ x q[0]; ctrl(2) @ rx(a) q[0], q[1], q[2]; \
                iswap q[0], q[2]; ms(0.1, 0.2, 0.3) q[1], q[2]; negctrl @ s q[1], q[0]; c = measure q;";
    let before = circuit(text);
    for form in [Emit::Braket, Emit::OpenQasm3] {
        let written = emit(&before, form).unwrap();
        assert_eq!(
            same(&before, &circuit(&written), &Options::default(), 3),
            Ok(Method::Unitary),
            "{written}"
        );
    }
}

/// A program of random gates, modifiers, loops and definitions on 4 qubits.
fn random_program(rng: &mut Rng) -> String {
    use std::fmt::Write as _;
    let mut out = String::from(
        "input float theta;\nqubit[4] q;\nbit[4] c;\ngate own(a) x0, x1 { rx(a / 2) x0; cz x0, x1; }\n",
    );
    let rows: Vec<_> = crate::circuit::gates::ROWS.iter().filter(|r| r.n_qubits <= 3).collect();
    for _ in 0..12 {
        let row = rows[rng.below(rows.len() as u64) as usize];
        let mut qubits = [0, 1, 2, 3];
        rng.shuffle(&mut qubits);
        let mut free = qubits.iter();
        let mut text = String::new();
        let mut controls = 0;
        match rng.below(6) {
            0 if row.n_qubits < 4 => (text, controls) = ("ctrl @ ".to_owned(), 1),
            1 if row.n_qubits < 3 => (text, controls) = ("negctrl @ ctrl @ ".to_owned(), 2),
            2 => text = "inv @ ".to_owned(),
            3 if row.n_qubits > 0 => text = "pow(2) @ ".to_owned(),
            _ => {}
        }
        let angles: Vec<String> =
            (0..row.n_angles)
                .map(|_| {
                    if rng.below(3) == 0 {
                        "theta".to_owned()
                    } else {
                        format!("{:?}", rng.unit() * 7.0 - 3.5)
                    }
                })
                .collect();
        let arguments = if angles.is_empty() { String::new() } else { format!("({})", angles.join(", ")) };
        let own: Vec<String> =
            (0..controls + row.n_qubits).filter_map(|_| free.next()).map(|q| format!("q[{q}]")).collect();
        let _ = writeln!(out, "{text}{}{arguments} {};", row.name, own.join(", "));
        if rng.below(8) == 0 {
            let _ = writeln!(out, "for int k in [0:2] {{ own(theta * 2) q[k], q[k + 1]; }}");
        }
    }
    out + "c = measure q;\n"
}

#[test]
fn random_programs_survive_every_translation() {
    let rng = &mut Rng::new(11);
    let mut compared = 0;
    for round in 0..80 {
        let text = random_program(rng);
        let reading = read("t", text.as_str(), &ParseOptions::default(), &Inputs::new());
        let before = reading.circuit.as_ref().unwrap_or_else(|| panic!("{text}\n{:#?}", reading.diagnostics));
        let printed = circuit(&crate::qasm::print(&reading.program));
        assert_eq!(emit(before, Emit::OpenQasm3), emit(&printed, Emit::OpenQasm3), "{text}");
        for form in [Emit::Braket, Emit::OpenQasm3] {
            // What a form cannot say is refused, and that is no wrong answer.
            let Ok(written) = emit(before, form) else { continue };
            let after = circuit(&written);
            let found = same(before, &after, &Options::default(), round);
            assert_eq!(found, Ok(Method::Unitary), "{form:?}\n{text}\n{written}");
            compared += 1;
        }
    }
    assert!(compared > 100, "only {compared} translations were compared");
}

use std::path::Path;

use super::{svg, text};
use crate::circuit::Circuit;
use crate::qasm::{Inputs, ParseOptions, read};

fn circuit(program: &str) -> Circuit {
    let reading = read("t", program, &ParseOptions::default(), &Inputs::new());
    reading.circuit.unwrap_or_else(|| panic!("{program}: {:#?}", reading.diagnostics))
}

#[test]
fn pictures_are_as_they_were_when_last_looked_at() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["teleport", "qft_4", "noise", "verbatim_rigetti", "iterative_phase"] {
        let program = std::fs::read_to_string(folder.join(format!("../circuits/{name}.qasm"))).unwrap();
        let path = folder.join(format!("src/draw/snapshots/{name}.txt"));
        let drawn = text(&circuit(&program), Some(100));
        if std::env::var_os("SHOTBOOK_UPDATE").is_some() {
            std::fs::write(&path, &drawn).unwrap();
        }
        let seen = std::fs::read_to_string(&path).unwrap();
        assert_eq!(drawn.trim_end(), seen.trim_end(), "{name}: look at it, then SHOTBOOK_UPDATE=1");
    }
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let mut program = "qubit[3] q;\n".to_owned();
    (0..60).for_each(|k| program += &format!("h q[{}]; cnot q[0], q[1]; rz(0.{k}) q[2];\n", k % 3));
    for width in [40, 80, 133] {
        let drawn = text(&circuit(&program), Some(width));
        let widest = drawn.lines().map(|l| l.chars().count()).max().unwrap();
        assert!(widest <= width, "{widest} of {width}");
    }
}

#[test]
fn a_condition_stands_right_of_the_measurement_it_needs() {
    let drawn =
        text(&circuit("qubit[2] q; bit c; h q[0]; x q[0]; c = measure q[0]; if (c) x q[1];"), Some(200));
    let column = |mark: &str| {
        drawn
            .lines()
            .find_map(|l| l.find(mark).map(|at| l[..at].chars().count()))
            .unwrap_or_else(|| panic!("{drawn}"))
    };
    assert!(column("if c") > column("M"), "{drawn}");
}

#[test]
fn an_svg_is_well_formed_and_names_what_it_shows() {
    let drawn = svg(&circuit(
        "qubit[2] q; bit[2] c; ctrl @ rx(pi/3) q[0], q[1]; negctrl @ x q[1], q[0]; c = measure q;",
    ));
    assert!(drawn.starts_with("<svg") && drawn.trim_end().ends_with("</svg>"), "{drawn}");
    for tag in ["svg", "text", "g", "style"] {
        let open = drawn.matches(&format!("<{tag}>")).count() + drawn.matches(&format!("<{tag} ")).count();
        assert_eq!(open, drawn.matches(&format!("</{tag}>")).count(), "{tag}");
    }
    assert!(drawn.contains("π/3") && !drawn.contains("<script"), "{drawn}");
}

#[test]
fn a_long_circuit_is_folded() {
    let mut program = "qubit[2] q;\n".to_owned();
    program += &"h q[0];\ncnot q[0], q[1];\n".repeat(20_000);
    let circuit = circuit(&program);
    assert!(svg(&circuit).len() < 2_000_000);
    assert!(text(&circuit, Some(100)).len() < 2_000_000);
}

//! Derivatives against differences, batches against single runs.

use super::build::{Build, observable};
use super::on;
use crate::circuit::gates::ROWS;
use crate::circuit::{Angle, Circuit};
use crate::engine::{EngineChoice, SimError, prepare};
use crate::pauli::PauliSum;
use crate::result::{Factor, ResultType, ResultValue};
use crate::sample::Rng;

/// A circuit in which each angle of each gate of the table depends on one of three inputs.
fn parametrised(seed: u64) -> Circuit {
    let mut rng = Rng::new(seed);
    let mut build = Build::new(4).input("a").input("b").input("c");
    for row in ROWS.iter().filter(|r| r.n_angles > 0) {
        build = build.random_gates(&mut rng, 2);
        let mut qubits: Vec<u32> = (0..4).collect();
        rng.shuffle(&mut qubits);
        let (own, rest) = qubits.split_at(usize::from(row.n_qubits));
        let controls = &rest[..rng.below(rest.len() as u64) as usize];
        let angles: Vec<Angle> = (0..row.n_angles)
            .map(|_| Angle::Affine {
                input: rng.below(3) as u32,
                scale: rng.unit() * 2.0 - 1.0,
                offset: rng.unit(),
            })
            .collect();
        build = build.controlled(row.gate, controls, rng.below(1 << controls.len()), own, &angles);
    }
    build.circuit
}

/// Angles that are no straight lines of one input, as a program writes them.
#[test]
fn functions_of_several_inputs_have_their_slopes() {
    let sum = PauliSum::parse("0.7 Z0 - 1.1 Y1 + 0.4 X0 Z1").unwrap();
    let lines = [
        "t + a",
        "t - 2 * a",
        "t * a",
        "a / t",
        "sin(t)",
        "cos(t * a) + a",
        "tan(a) + t",
        "exp(a) - t",
        "log(t + 2)",
        "sqrt(t + a * a)",
        "arcsin(a)",
        "arccos(a / 2)",
        "arctan(t * t)",
        "t ** 2 + a ** 3",
        "pow(t, a)",
        "2 ** t",
        "mod(3 * t, a)",
        "floor(t) + a",
        "-(t + a)",
        "a * (t > 0)",
    ];
    for line in lines {
        let text = format!(
            "input float t; input float a; qubit[2] q; h q; rx({line}) q[0]; ry(0.3) q[1]; cx q[0], q[1]; \
             rz({line}) q[1]; rx(2 * a) q[1];"
        );
        let reading = crate::qasm::read("t", text, &Default::default(), &crate::qasm::Inputs::new());
        let circuit = reading.circuit.unwrap_or_else(|| panic!("{line}: {:#?}", reading.diagnostics));
        let mut prepared = prepare(&circuit, &on(EngineChoice::StateVector)).unwrap();
        let (at, step) = ([0.73, 0.41], 1e-6);
        let mut gradient = [0.0; 2];
        prepared.gradient(&at, &sum, &mut gradient).unwrap();
        let rows = [at[0] + step, at[1], at[0] - step, at[1], at[0], at[1] + step, at[0], at[1] - step];
        let mut values = [0.0; 4];
        prepared.values(&rows, std::slice::from_ref(&sum), &mut values).unwrap();
        for i in 0..2 {
            let slope = (values[2 * i] - values[2 * i + 1]) / (2.0 * step);
            assert!((slope - gradient[i]).abs() < 1e-7, "{line} input {i}: {slope} {}", gradient[i]);
        }
    }
}

#[test]
fn the_gradient_is_the_slope() {
    let sum = PauliSum::parse("0.7 X0 Z2 - 1.1 Y1 Y3 + 0.4 Z0 + 0.2").unwrap();
    for seed in 0..6 {
        let circuit = parametrised(seed);
        let mut prepared = prepare(&circuit, &on(EngineChoice::StateVector)).unwrap();
        let at = [0.3, -0.8, 1.7];
        let mut gradient = [0.0; 3];
        let mean = prepared.gradient(&at, &sum, &mut gradient).unwrap();
        let mut rows = at.to_vec();
        let step = 1e-5;
        for i in 0..3 {
            for sign in [1.0, -1.0] {
                let mut row = at;
                row[i] += sign * step;
                rows.extend(row);
            }
        }
        let mut values = [0.0; 7];
        prepared.values(&rows, std::slice::from_ref(&sum), &mut values).unwrap();
        assert!((values[0] - mean).abs() < 1e-12);
        for i in 0..3 {
            let slope = (values[1 + 2 * i] - values[2 + 2 * i]) / (2.0 * step);
            assert!((slope - gradient[i]).abs() < 1e-8, "seed {seed} input {i}: {slope} {}", gradient[i]);
        }
    }
}

#[test]
fn the_result_type_gives_the_asked_inputs() {
    let mut circuit = parametrised(9);
    let terms = vec![(2.0, observable(&[(Factor::X, &[0]), (Factor::H, &[1])]))];
    circuit.results =
        Build::new(4).ask(ResultType::AdjointGradient { terms, inputs: vec![2, 0] }).circuit.results;
    let mut prepared = prepare(&circuit, &on(EngineChoice::Auto)).unwrap();
    let result = prepared.run(&[0.1, 0.2, 0.3], 0, 0).unwrap();
    let sum = PauliSum::parse("1.4142135623730951 X0 X1 + 1.4142135623730951 X0 Z1").unwrap();
    let mut all = [0.0; 3];
    let mean = prepared.gradient(&[0.1, 0.2, 0.3], &sum, &mut all).unwrap();
    let ResultValue::AdjointGradient { expectation, gradient } = &result.values[0] else { panic!() };
    assert!((expectation - mean).abs() < 1e-12);
    assert_eq!(gradient.iter().map(|g| g.0).collect::<Vec<_>>(), [2, 0]);
    assert!((gradient[0].1 - all[2]).abs() < 1e-12 && (gradient[1].1 - all[0]).abs() < 1e-12);
}

#[test]
fn batches_are_checked_and_equal_single_rows() {
    let circuit = parametrised(3);
    let sums = [PauliSum::parse("Z0").unwrap(), PauliSum::parse("X1 X2").unwrap()];
    let mut prepared = prepare(&circuit, &on(EngineChoice::Auto)).unwrap();
    let rows: Vec<f64> = (0..15).map(f64::from).collect();
    let mut out = [0.0; 10];
    prepared.values(&rows, &sums, &mut out).unwrap();
    for row in 0..5 {
        let mut one = [0.0; 2];
        prepared.values(&rows[3 * row..3 * row + 3], &sums, &mut one).unwrap();
        assert_eq!(one, out[2 * row..2 * row + 2]);
    }
    assert!(matches!(prepared.values(&rows[..4], &sums, &mut out), Err(SimError::Length { .. })));
    let far = [PauliSum::parse("Z9").unwrap()];
    assert!(matches!(prepared.values(&[0.0; 3], &far, &mut [0.0]), Err(SimError::Invalid { .. })));
}

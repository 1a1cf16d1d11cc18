//! Amplitudes of unitary circuits.

use super::build::{Build, random_unitary};
use super::{distance, each_engine};
use crate::circuit::gates::ROWS;
use crate::circuit::{Angle, Circuit};
use crate::engine::reference;
use crate::result::{ResultType, ResultValue};
use crate::sample::Rng;

fn check(what: &str, circuit: &Circuit) {
    let expected = reference::state(circuit, &[]);
    let n = circuit.n_qubits as usize;
    let pure: Vec<_> = expected.iter().flat_map(|a| expected.iter().map(move |b| a * b.conj())).collect();
    each_engine(circuit, |name, tolerance, mut engine| {
        let result = engine.run(&[], 0, 0).unwrap();
        let off = match &result.values[0] {
            ResultValue::StateVector(got) => distance(got, &expected),
            ResultValue::DensityMatrix(got) => distance(got, &pure),
            other => panic!("{other:?}"),
        };
        assert!(off < tolerance, "{what} on {name} with {n} qubits is off by {off:e}");
    });
}

/// The state, asked for in both ways.
fn both(build: impl Fn() -> Build, what: &str) {
    check(what, &build().ask(ResultType::StateVector).circuit);
    check(what, &build().ask(ResultType::DensityMatrix(None)).circuit);
}

#[test]
fn every_gate_on_every_target_with_controls() {
    let mut rng = Rng::new(11);
    for row in &ROWS {
        for n in u32::from(row.n_qubits.max(1))..=5 {
            for shift in 0..n {
                let seed = rng.bits();
                both(
                    || {
                        let mut rng = Rng::new(seed);
                        let qubits: Vec<u32> = (0..n).map(|q| (q + shift) % n).collect();
                        let (own, rest) = qubits.split_at(usize::from(row.n_qubits));
                        let angles: Vec<_> =
                            (0..row.n_angles).map(|_| Angle::Fixed(rng.unit() * 8.0 - 4.0)).collect();
                        let controls = &rest[..rng.below(rest.len() as u64 + 1) as usize];
                        let negative = rng.below(1 << controls.len());
                        Build::new(n)
                            .random_gates(&mut rng, 12)
                            .controlled(row.gate, controls, negative, own, &angles)
                    },
                    row.name,
                );
            }
        }
    }
}

#[test]
fn random_circuits() {
    for seed in 0..60 {
        let n = 1 + (seed % 6) as u32;
        both(|| Build::new(n).random_gates(&mut Rng::new(seed), 60), "a random circuit");
    }
}

#[test]
fn unitary_matrices_with_controls() {
    for seed in 0..30 {
        both(
            || {
                let mut rng = Rng::new(seed);
                let k = 1 + rng.below(3) as u32;
                let matrix = random_unitary(k, &mut rng);
                let mut qubits: Vec<u32> = (0..5).collect();
                rng.shuffle(&mut qubits);
                let controls = rng.below(3) as u32;
                qubits.truncate((k + controls) as usize);
                Build::new(5).random_gates(&mut rng, 20).unitary(matrix, &qubits, controls as u8)
            },
            "a matrix",
        );
    }
}

#[test]
fn no_qubits_at_all() {
    let circuit = Build::new(0).gate(crate::circuit::Gate::Gphase, &[], &[0.5]);
    check("a phase", &circuit.ask(ResultType::StateVector).circuit);
}

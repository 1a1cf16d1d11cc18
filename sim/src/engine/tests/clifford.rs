//! Tableaux against amplitudes and against the definition.

use std::f64::consts::FRAC_PI_2;

use super::build::{Build, observable};
use super::{distance, on};
use crate::circuit::gates::ROWS;
use crate::circuit::{Angle, Circuit, Gate, Op};
use crate::engine::stabilizer::is_clifford_gate;
use crate::engine::{EngineChoice, Options, SimError, explain, prepare, reference};
use crate::result::{Factor, ResultType, ResultValue};
use crate::sample::Rng;

/// Gates of the table at quarter turns, with a control now and then.
pub(super) fn random_cliffords(mut build: Build, rng: &mut Rng, count: usize) -> Build {
    let n = build.circuit.n_qubits;
    let mut placed = 0;
    while placed < count {
        let row = &ROWS[rng.below(ROWS.len() as u64) as usize];
        let n_controls = usize::from(rng.below(4) == 0);
        let size = n_controls + usize::from(row.n_qubits);
        if size > n as usize || size == 0 {
            continue;
        }
        let angles: Vec<f64> = (0..row.n_angles).map(|_| rng.below(8) as f64 * FRAC_PI_2 - 6.0).collect();
        let angles: Vec<f64> = angles.iter().map(|a| (a / FRAC_PI_2).round() * FRAC_PI_2).collect();
        let negative = rng.below(1 << n_controls);
        if !is_clifford_gate(row.gate, n_controls, negative, &angles) {
            continue;
        }
        let mut qubits: Vec<u32> = (0..n).collect();
        rng.shuffle(&mut qubits);
        let (controls, rest) = qubits.split_at(n_controls);
        let angles: Vec<Angle> = angles.into_iter().map(Angle::Fixed).collect();
        build = build.controlled(row.gate, controls, negative, &rest[..usize::from(row.n_qubits)], &angles);
        placed += 1;
    }
    build
}

fn density(circuit: &Circuit, engine: EngineChoice) -> Vec<num_complex::Complex64> {
    let values = prepare(circuit, &on(engine)).unwrap().run(&[], 0, 0).unwrap().values;
    let ResultValue::DensityMatrix(got) = &values[0] else { panic!() };
    got.clone()
}

#[test]
fn random_cliffords_end_in_the_state_of_the_definition() {
    for seed in 0..60 {
        let mut rng = Rng::new(seed);
        let n = 1 + seed as u32 % 5;
        let build = random_cliffords(Build::new(n), &mut rng, 40);
        let circuit = build.ask(ResultType::DensityMatrix(None)).circuit;
        let expected = reference::density(&circuit, &[]);
        assert!(distance(&density(&circuit, EngineChoice::Stabilizer), &expected) < 1e-12, "seed {seed}");
    }
}

#[test]
fn measured_and_reset_cliffords_end_in_the_mixture_of_the_definition() {
    for seed in 0..30 {
        let mut rng = Rng::new(1000 + seed);
        let mut build = Build::new(4).bits("b", 6);
        for round in 0..6 {
            build = random_cliffords(build, &mut rng, 8).measure(round % 4, round);
            build = random_cliffords(build, &mut rng, 3).op(Op::Reset { qubit: (round + 1) % 4 });
        }
        let circuit = random_cliffords(build, &mut rng, 5).ask(ResultType::DensityMatrix(None)).circuit;
        let expected = reference::density(&circuit, &[]);
        assert!(distance(&density(&circuit, EngineChoice::Stabilizer), &expected) < 1e-12, "seed {seed}");
    }
}

#[test]
fn means_and_probabilities_are_those_of_amplitudes() {
    for seed in 0..20 {
        let mut rng = Rng::new(2000 + seed);
        let letters = [Factor::X, Factor::Y, Factor::Z];
        let mut build = random_cliffords(Build::new(6), &mut rng, 60);
        for _ in 0..6 {
            let mut qubits: Vec<u32> = (0..6).collect();
            rng.shuffle(&mut qubits);
            let some = &qubits[..1 + rng.below(5) as usize];
            let factors: Vec<(Factor, &[u32])> = some
                .iter()
                .map(|q| (letters[rng.below(3) as usize].clone(), std::slice::from_ref(q)))
                .collect();
            build = build.ask(ResultType::Expectation(observable(&factors)));
            build = build.ask(ResultType::Variance(observable(&factors)));
            build = build.ask(ResultType::Probability(Some(some.to_vec())));
        }
        let circuit = build.ask(ResultType::Probability(None)).circuit;
        let [got, expected] = [EngineChoice::Stabilizer, EngineChoice::StateVector]
            .map(|e| prepare(&circuit, &on(e)).unwrap().run(&[], 0, 0).unwrap().values);
        for (got, expected) in got.iter().zip(&expected) {
            let off = match (got, expected) {
                (ResultValue::Probability(a), ResultValue::Probability(b)) => {
                    super::largest(a.iter().zip(b).map(|(x, y)| (x - y).abs()))
                }
                (ResultValue::Expectation(a), ResultValue::Expectation(b))
                | (ResultValue::Variance(a), ResultValue::Variance(b)) => (a - b).abs(),
                _ => panic!("answers of different kinds"),
            };
            assert!(off < 1e-12, "seed {seed}: {got:?} {expected:?}");
        }
    }
}

#[test]
fn shots_follow_the_amplitudes() {
    for seed in 0..8 {
        let mut rng = Rng::new(3000 + seed);
        let circuit = random_cliffords(Build::new(4), &mut rng, 40).circuit;
        let state = reference::state(&circuit, &[]);
        let shots = 8000u64;
        let counts = prepare(&circuit, &on(EngineChoice::Stabilizer)).unwrap().run(&[], shots, seed).unwrap();
        let mut chi = 0.0;
        let mut got = vec![0.0; 16];
        for (bits, count) in &counts.counts {
            got[bits.to_index().unwrap() as usize] = *count as f64;
        }
        for (amplitude, got) in state.iter().zip(got) {
            let expected = amplitude.norm_sqr() * shots as f64;
            if expected < 1e-6 {
                assert_eq!(got, 0.0, "seed {seed}");
            } else {
                chi += (got - expected) * (got - expected) / expected;
            }
        }
        // At most 15 degrees of freedom: beyond 56 once in a million.
        assert!(chi < 56.0, "seed {seed}: {chi}");
    }
}

#[test]
fn thousands_of_qubits_need_no_amplitudes() {
    let mut build = Build::new(3000).gate(Gate::H, &[0], &[]);
    for q in 1..3000 {
        build = build.gate(Gate::Cnot, &[q - 1, q], &[]);
    }
    let ends = [(Factor::Z, &[0u32][..]), (Factor::Z, &[2999])];
    let build = build.ask(ResultType::Expectation(observable(&ends)));
    let circuit = build.ask(ResultType::Expectation(observable(&ends[..1]))).circuit;
    let mut prepared = prepare(&circuit, &on(EngineChoice::Auto)).unwrap();
    assert_eq!(prepared.engine(), "stabilizer");
    let values = prepared.run(&[], 0, 0).unwrap().values;
    assert_eq!(values, [ResultValue::Expectation(1.0), ResultValue::Expectation(0.0)]);
    let counts = prepared.run(&[], 200, 3).unwrap().counts;
    assert_eq!(counts.len(), 2);
    assert!(counts.iter().all(|(bits, _)| bits.iter().all(|b| Some(b) == bits.get(0))));
}

#[test]
fn what_is_no_clifford_circuit_is_refused_with_the_reason() {
    let refusal = |circuit: &Circuit| match prepare(circuit, &on(EngineChoice::Stabilizer)) {
        Err(SimError::Unfit { engine: "stabilizer", reason, .. }) => reason,
        other => panic!("{:?}", other.map(|p| p.engine())),
    };
    assert!(refusal(&Build::new(1).gate(Gate::T, &[0], &[]).circuit).contains("Clifford"));
    assert!(refusal(&Build::new(1).ask(ResultType::StateVector).circuit).contains("amplitudes"));
    let hadamard = observable(&[(Factor::H, &[0])]);
    assert!(refusal(&Build::new(1).ask(ResultType::Expectation(hadamard)).circuit).contains("Paulis"));
    assert!(refusal(&Build::new(22).ask(ResultType::Probability(None)).circuit).contains("20 qubits"));
    let damping = Build::new(1).noise(crate::noise::Channel::AmplitudeDamping, &[0], &[0.1]).circuit;
    assert!(refusal(&damping).contains("Paulis"));
    assert!(
        explain(&damping, &Options::default()).iter().any(|(name, f)| *name == "stabilizer" && f.is_err())
    );
}

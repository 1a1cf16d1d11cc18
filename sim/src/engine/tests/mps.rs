//! Chains against amplitudes, and what they say about what they cut.

use super::build::{Build, observable};
use super::{distance, on};
use crate::circuit::{Circuit, Gate, Op};
use crate::engine::{EngineChoice, Options, SimError, prepare, reference};
use crate::noise::Channel;
use crate::result::{Factor, ResultType, ResultValue};
use crate::sample::Rng;

/// A chain that drops nothing.
fn full() -> Options<'static> {
    Options { cutoff: Some(0.0), ..on(EngineChoice::Mps) }
}

fn values(circuit: &Circuit, options: &Options<'static>) -> Vec<ResultValue> {
    prepare(circuit, options).unwrap().run(&[], 0, 0).unwrap().values
}

#[test]
fn at_full_bond_every_gate_gives_the_amplitudes() {
    for seed in 0..40 {
        let mut rng = Rng::new(seed);
        let n = 1 + seed as u32 % 7;
        let circuit = Build::new(n).random_gates(&mut rng, 50).ask(ResultType::StateVector).circuit;
        let [ResultValue::StateVector(got)] = &values(&circuit, &full())[..] else { panic!() };
        assert!(distance(got, &reference::state(&circuit, &[])) < 1e-10, "seed {seed}");
    }
}

#[test]
fn all_answers_are_those_of_amplitudes() {
    for seed in 0..10 {
        let mut rng = Rng::new(100 + seed);
        let mut build = Build::new(9).random_gates(&mut rng, 120);
        let letters = [Factor::X, Factor::Y, Factor::Z, Factor::H];
        for _ in 0..5 {
            let mut qubits: Vec<u32> = (0..9).collect();
            rng.shuffle(&mut qubits);
            let factors: Vec<(Factor, &[u32])> = qubits[..1 + rng.below(5) as usize]
                .iter()
                .map(|q| (letters[rng.below(4) as usize].clone(), std::slice::from_ref(q)))
                .collect();
            build = build.ask(ResultType::Expectation(observable(&factors)));
            build = build.ask(ResultType::Probability(Some(qubits[..3].to_vec())));
            build = build.ask(ResultType::DensityMatrix(Some(qubits[..2].to_vec())));
        }
        let basis = ["010011010", "111111111"].map(|b| b.parse().unwrap()).to_vec();
        let circuit = build.ask(ResultType::Amplitude(basis)).circuit;
        let got = values(&circuit, &full());
        let expected = values(&circuit, &on(EngineChoice::StateVector));
        for (got, expected) in got.iter().zip(&expected) {
            let off = match (got, expected) {
                (ResultValue::Probability(a), ResultValue::Probability(b)) => {
                    super::largest(a.iter().zip(b).map(|(x, y)| (x - y).abs()))
                }
                (ResultValue::Expectation(a), ResultValue::Expectation(b)) => (a - b).abs(),
                (ResultValue::DensityMatrix(a), ResultValue::DensityMatrix(b)) => distance(a, b),
                (ResultValue::Amplitude(a), ResultValue::Amplitude(b)) => {
                    super::largest(a.iter().zip(b).map(|(x, y)| (x.1 - y.1).norm()))
                }
                _ => panic!("answers of different kinds"),
            };
            assert!(off < 1e-10, "seed {seed}: {got:?} {expected:?}");
        }
    }
}

#[test]
fn measurement_reset_and_damping_end_in_the_mixture_of_the_definition() {
    for seed in 0..8 {
        let mut rng = Rng::new(200 + seed);
        let mut build = Build::new(3).bits("b", 2);
        for round in 0..2 {
            build = build.random_gates(&mut rng, 8).measure(round, round);
            build = build.random_gates(&mut rng, 4).op(Op::Reset { qubit: 2 - round });
            build = build.noise(Channel::AmplitudeDamping, &[round], &[0.3]);
        }
        let circuit = build.random_gates(&mut rng, 5).ask(ResultType::DensityMatrix(None)).circuit;
        let [ResultValue::DensityMatrix(got)] = &values(&circuit, &full())[..] else { panic!() };
        assert!(distance(got, &reference::density(&circuit, &[])) < 1e-10, "seed {seed}");
    }
}

#[test]
fn shots_follow_the_amplitudes() {
    for seed in 0..6 {
        let mut rng = Rng::new(300 + seed);
        let circuit = Build::new(4).random_gates(&mut rng, 30).circuit;
        let shots = 20_000u64;
        let counts = prepare(&circuit, &full()).unwrap().run(&[], shots, seed).unwrap().counts;
        assert_eq!(counts.iter().map(|c| c.1).sum::<u64>(), shots);
        let mut chi = 0.0;
        for (index, amplitude) in reference::state(&circuit, &[]).iter().enumerate() {
            let expected = amplitude.norm_sqr() * shots as f64;
            let got = counts.iter().find(|c| c.0.to_index() == Some(index as u64)).map_or(0, |c| c.1) as f64;
            chi += (got - expected).powi(2) / expected.max(1.0);
        }
        // At most 15 degrees of freedom: beyond 56 once in a million.
        assert!(chi < 56.0, "seed {seed}: {chi}");
    }
}

/// A chain of small rotations: entangled, but less the further apart.
fn ising(n: u32, steps: usize) -> Build {
    let mut build = (0..n).step_by(2).fold(Build::new(n), |b, q| b.gate(Gate::X, &[q], &[]));
    for _ in 0..steps {
        for first in [0, 1] {
            for q in (first..n - 1).step_by(2) {
                build = build.gate(Gate::Zz, &[q, q + 1], &[0.4]);
            }
        }
        build = (0..n).fold(build, |b, q| b.gate(Gate::Rx, &[q], &[0.5]));
    }
    build
}

#[test]
fn what_is_cut_off_is_reported_and_bounds_the_error() {
    let circuit = ising(10, 8).ask(ResultType::StateVector).circuit;
    let [ResultValue::StateVector(exact)] = &values(&circuit, &on(EngineChoice::StateVector))[..] else {
        panic!()
    };
    let options = Options { max_bond: Some(4), ..on(EngineChoice::Mps) };
    let mut prepared = prepare(&circuit, &options).unwrap();
    let values = prepared.run(&[], 0, 0).unwrap().values;
    let [ResultValue::StateVector(cut)] = &values[..] else { panic!() };
    let overlap: num_complex::Complex64 = exact.iter().zip(cut).map(|(a, b)| a.conj() * b).sum();
    let norm: f64 = cut.iter().map(|x| x.norm_sqr()).sum();
    assert!((norm - 1.0).abs() < 1e-12, "{norm}");
    let reason = prepared.reason().to_owned();
    assert!(reason.contains("widest bond 4, weight"), "{reason}");
    let fidelity: f64 = reason.rsplit("about ").next().unwrap().parse().unwrap();
    assert!(fidelity < 0.999_999, "{reason}");
    // The estimate is the product of what each cut kept; the truth is near it.
    let truth = overlap.norm_sqr();
    assert!(
        (1.0 - truth) < 4.0 * (1.0 - fidelity) && (1.0 - truth) > 0.25 * (1.0 - fidelity),
        "{truth} {reason}"
    );
}

#[test]
fn many_qubits_of_small_bond_are_exact_and_chosen_without_asking() {
    let n = 60;
    let mut build = Build::new(n).gate(Gate::Ry, &[0], &[1.0]);
    for q in 1..n {
        build = build.gate(Gate::Cnot, &[q - 1, q], &[]);
    }
    let ends = observable(&[(Factor::Z, &[0]), (Factor::Z, &[n - 1])]);
    let build = build.ask(ResultType::Expectation(ends));
    let circuit = build.ask(ResultType::Expectation(observable(&[(Factor::Z, &[n / 2])]))).circuit;
    let mut prepared = prepare(&circuit, &on(EngineChoice::Auto)).unwrap();
    assert_eq!(prepared.engine(), "mps");
    let values = prepared.run(&[], 0, 0).unwrap().values;
    let [ResultValue::Expectation(both), ResultValue::Expectation(one)] = values[..] else { panic!() };
    assert!((both - 1.0).abs() < 1e-12 && (one - 1f64.cos()).abs() < 1e-12, "{both} {one}");
    assert!(prepared.reason().contains("nothing cut off"), "{}", prepared.reason());
    let counts = prepared.run(&[], 1000, 5).unwrap().counts;
    assert_eq!(counts.len(), 2);
    let ones = counts[1].1 as f64;
    // Six standard deviations.
    assert!((ones / 1000.0 - 0.5f64.sin().powi(2)).abs() < 6.0 * (0.25f64 / 1000.0).sqrt(), "{ones}");
}

#[test]
fn distant_pairs_are_brought_together() {
    let n = 40;
    let mut build = Build::new(n).gate(Gate::Ry, &[n - 1], &[0.7]);
    build = build.gate(Gate::Cnot, &[n - 1, 0], &[]).gate(Gate::Ccnot, &[0, n - 1, 20], &[]);
    let all = observable(&[(Factor::Z, &[0]), (Factor::Z, &[20])]);
    let circuit = build.ask(ResultType::Expectation(all)).circuit;
    let [ResultValue::Expectation(mean)] = values(&circuit, &on(EngineChoice::Mps))[..] else { panic!() };
    assert!((mean - 1.0).abs() < 1e-12, "{mean}");
}

#[test]
fn wide_bonds_are_refused_or_run_into_the_memory_that_is_allowed() {
    let mut rng = Rng::new(1);
    let circuit = Build::new(40).random_gates(&mut rng, 2000).circuit;
    assert!(matches!(prepare(&circuit, &on(EngineChoice::Auto)), Err(SimError::Memory { .. })));
    let mut build = Build::new(30);
    for layer in 0..40 {
        for q in (layer % 2..29).step_by(2) {
            for at in [q, q + 1] {
                build = build.gate(Gate::U, &[at], &[0.3 + f64::from(at), 0.7 * f64::from(layer), 0.2]);
            }
            build = build.gate(Gate::Cnot, &[q, q + 1], &[]);
        }
    }
    let tight = Options { max_memory: 1 << 18, ..on(EngineChoice::Mps) };
    let outcome = prepare(&build.circuit, &tight).unwrap().run(&[], 10, 0);
    assert!(matches!(outcome, Err(SimError::Memory { engine: "mps", .. })), "{outcome:?}");
    for options in [
        Options { cutoff: Some(f64::NAN), ..on(EngineChoice::Mps) },
        Options { max_bond: Some(0), ..on(EngineChoice::Mps) },
    ] {
        assert!(matches!(prepare(&build.circuit, &options), Err(SimError::Unfit { .. })));
    }
}

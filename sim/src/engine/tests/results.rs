//! Result types, exact against the reference and from shots against the exact ones.

use num_complex::Complex64;

use super::build::{Build, observable, random_hermitian};
use super::{distance, each_engine, on, run};
use crate::circuit::{BitString, Circuit, Gate};
use crate::engine::{Columns, EngineChoice, Options, prepare, reference};
use crate::result::{Factor, Observable, ResultType, ResultValue};
use crate::sample::Rng;

/// The matrix of an observable on all qubits.
fn matrix(n: u32, o: &Observable) -> Vec<Complex64> {
    let side = 1usize << n;
    let mut out: Vec<Complex64> =
        (0..side * side).map(|i| Complex64::new(f64::from(u8::from(i / side == i % side)), 0.0)).collect();
    for (factor, qubits) in &o.factors {
        let gate = |g: Gate| (g.row().matrix)(&[]);
        let small = match factor {
            Factor::I => gate(Gate::I),
            Factor::X => gate(Gate::X),
            Factor::Y => gate(Gate::Y),
            Factor::Z => gate(Gate::Z),
            Factor::H => gate(Gate::H),
            Factor::Hermitian(m) => m.clone(),
        };
        out = reference::times(&reference::embed(n, &small, qubits, &[]), &out);
    }
    out
}

fn trace_of(a: &[Complex64], b: &[Complex64]) -> f64 {
    let side = a.len().isqrt();
    (0..a.len()).map(|i| (a[i] * b[i % side * side + i / side]).re).sum()
}

fn observables(rng: &mut Rng) -> Vec<Observable> {
    let h = random_hermitian(2, rng);
    vec![
        observable(&[(Factor::X, &[0])]),
        observable(&[(Factor::Y, &[2]), (Factor::Z, &[0])]),
        observable(&[(Factor::H, &[1]), (Factor::I, &[0]), (Factor::Y, &[3])]),
        observable(&[(Factor::Hermitian(h.clone()), &[3, 1])]),
        observable(&[(Factor::Hermitian(h), &[0, 2]), (Factor::X, &[3])]),
        observable(&[(Factor::I, &[1])]),
    ]
}

#[test]
fn exact_answers_are_those_of_the_density_matrix() {
    for seed in 0..8 {
        let mut rng = Rng::new(seed);
        let observables = observables(&mut rng);
        let mut build = Build::new(4).random_gates(&mut rng, 40);
        for o in &observables {
            build = build.ask(ResultType::Expectation(o.clone())).ask(ResultType::Variance(o.clone()));
        }
        let circuit = build.ask(ResultType::Probability(Some(vec![2, 0]))).circuit;
        let rho = reference::density(&circuit, &[]);
        each_engine(&circuit, |name, tolerance, mut engine| {
            let values = engine.run(&[], 0, 0).unwrap().values;
            for (o, got) in observables.iter().zip(values.chunks(2)) {
                let a = matrix(4, o);
                let mean = trace_of(&rho, &a);
                let variance = trace_of(&rho, &reference::times(&a, &a)) - mean * mean;
                let [ResultValue::Expectation(m), ResultValue::Variance(v)] = got else { panic!() };
                assert!((m - mean).abs() < 10.0 * tolerance, "{name}: {m} {mean}");
                assert!((v - variance).abs() < 10.0 * tolerance, "{name}: {v} {variance}");
            }
            let Some(ResultValue::Probability(p)) = values.last() else { panic!() };
            for (at, got) in p.iter().enumerate() {
                let expected: f64 =
                    (0..16).filter(|i| (i >> 1 & 1) << 1 | (i >> 3 & 1) == at).map(|i| rho[i * 17].re).sum();
                assert!((got - expected).abs() < tolerance, "{name}");
            }
        });
    }
}

#[test]
fn amplitudes_and_reduced_matrices() {
    let states: Vec<BitString> = ["0000", "1010", "1111"].map(|s| s.parse().unwrap()).to_vec();
    let circuit = Build::new(4)
        .random_gates(&mut Rng::new(4), 40)
        .ask(ResultType::Amplitude(states.clone()))
        .ask(ResultType::DensityMatrix(Some(vec![3, 1])))
        .circuit;
    let psi = reference::state(&circuit, &[]);
    let values = run(&circuit, 0, 0).values;
    let ResultValue::Amplitude(got) = &values[0] else { panic!() };
    for ((state, got), wanted) in got.iter().zip(&states) {
        assert_eq!(state, wanted);
        assert!((got - psi[state.to_index().unwrap() as usize]).norm() < 1e-13);
    }
    let mut reduced = vec![Complex64::default(); 16];
    for (i, a) in psi.iter().enumerate() {
        for (j, b) in psi.iter().enumerate() {
            if i & 0b1010 == j & 0b1010 {
                let pick = |k: usize| (k & 1) << 1 | (k >> 2 & 1);
                reduced[pick(i) * 4 + pick(j)] += a * b.conj();
            }
        }
    }
    let ResultValue::DensityMatrix(got) = &values[1] else { panic!() };
    assert!(distance(got, &reduced) < 1e-13);
}

/// Chi-square of counts against the squares of a circuit's amplitudes.
fn chi_square(circuit: &Circuit, shots: u64, seed: u64) -> (f64, usize) {
    let psi = reference::state(circuit, &[]);
    let result = run(circuit, shots, seed);
    assert_eq!(result.counts.iter().map(|c| c.1).sum::<u64>(), shots);
    let mut seen = vec![0u64; psi.len()];
    for (bits, count) in &result.counts {
        seen[bits.to_index().unwrap() as usize] += count;
    }
    let (mut sum, mut kinds, mut rare, mut rare_seen) = (0.0, 0, 0.0, 0.0);
    for (a, &n) in psi.iter().zip(&seen) {
        let expected = a.norm_sqr() * shots as f64;
        if expected < 5.0 {
            rare += expected;
            rare_seen += n as f64;
        } else {
            sum += (n as f64 - expected).powi(2) / expected;
            kinds += 1;
        }
    }
    if rare > 5.0 {
        sum += (rare_seen - rare).powi(2) / rare;
        kinds += 1;
    }
    (sum, kinds)
}

#[test]
fn shots_follow_the_amplitudes() {
    for seed in 0..5 {
        let circuit = Build::new(6).random_gates(&mut Rng::new(100 + seed), 60).circuit;
        let (sum, kinds) = chi_square(&circuit, 100_000, seed);
        let freedom = kinds as f64 - 1.0;
        // Wilson-Hilferty: beyond 4.3 standard deviations about once in 100,000 seeds.
        let z = ((sum / freedom).cbrt() - 1.0 + 2.0 / (9.0 * freedom)) / (2.0 / (9.0 * freedom)).sqrt();
        assert!(freedom < 1.0 || z < 4.3, "seed {seed}: {sum} with {freedom} degrees of freedom");
    }
}

#[test]
fn answers_from_shots_come_near_the_exact_ones() {
    let shots = 200_000;
    for seed in 0..4 {
        let mut rng = Rng::new(seed);
        for o in observables(&mut rng) {
            let circuit = Build::new(4)
                .random_gates(&mut rng, 40)
                .ask(ResultType::Expectation(o.clone()))
                .ask(ResultType::Variance(o.clone()))
                .circuit;
            let exact = run(&circuit, 0, 0).values;
            let [ResultValue::Expectation(mean), ResultValue::Variance(variance)] = exact[..] else {
                panic!()
            };
            let with_samples = Build { circuit }.ask(ResultType::Sample(o)).circuit;
            let result = run(&with_samples, shots, seed);
            let [ResultValue::Expectation(m), ResultValue::Variance(v), ResultValue::Sample(s)] =
                &result.values[..]
            else {
                panic!()
            };
            // Six standard errors: once in 500 million.
            assert!((m - mean).abs() <= 6.0 * (variance / shots as f64).sqrt() + 1e-9, "{m} {mean}");
            assert!((v - variance).abs() < 0.1, "{v} {variance}");
            assert_eq!(s.len() as u64, shots);
            assert!((s.iter().sum::<f64>() / shots as f64 - m).abs() < 1e-9);
        }
    }
}

#[test]
fn one_set_of_shots_serves_probability_and_samples_in_order() {
    let circuit = Build::new(3)
        .gate(Gate::H, &[0], &[])
        .gate(Gate::Cnot, &[0, 2], &[])
        .ask(ResultType::Probability(Some(vec![2, 0])))
        .ask(ResultType::Sample(observable(&[(Factor::Z, &[0]), (Factor::Z, &[2])])))
        .ask(ResultType::Sample(observable(&[(Factor::Z, &[0])])))
        .circuit;
    let options = Options { keep_shots: true, ..on(EngineChoice::Auto) };
    let result = prepare(&circuit, &options).unwrap().run(&[], 500, 3).unwrap();
    let [ResultValue::Probability(p), ResultValue::Sample(both), ResultValue::Sample(first)] =
        &result.values[..]
    else {
        panic!()
    };
    assert_eq!((p[1], p[2]), (0.0, 0.0));
    assert!(both.iter().all(|&x| x == 1.0));
    let list = result.shot_list.unwrap();
    for (shot, &value) in list.iter().zip(first) {
        let bits = result.counts[*shot as usize].0.to_string();
        assert_eq!(value, if bits == "000" { 1.0 } else { -1.0 });
    }
    assert!(list[..250].contains(&0) && list[..250].contains(&1), "shots come in random order");
}

#[test]
fn columns_can_be_chosen() {
    let circuit = Build::new(3).gate(Gate::X, &[2], &[]).circuit;
    let options = Options { columns: Columns::Qubits(vec![2, 0]), ..on(EngineChoice::Auto) };
    let result = prepare(&circuit, &options).unwrap().run(&[], 10, 3).unwrap();
    assert_eq!(result.columns, [2, 0]);
    assert_eq!(result.counts[0].0.to_string(), "10");
}

#[test]
fn the_same_seed_gives_the_same_shots() {
    let circuit = Build::new(6).random_gates(&mut Rng::new(8), 50).circuit;
    let options = Options { keep_shots: true, ..on(EngineChoice::Auto) };
    let mut prepared = prepare(&circuit, &options).unwrap();
    let first = prepared.run(&[], 1000, 5).unwrap();
    assert_eq!(first, prepared.run(&[], 1000, 5).unwrap());
    assert_ne!(first.counts, prepared.run(&[], 1000, 6).unwrap().counts);
}

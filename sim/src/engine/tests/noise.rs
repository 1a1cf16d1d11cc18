//! Channels: the density matrix against the reference, trajectories against the density matrix.

use super::build::{Build, observable, random_unitary};
use super::{distance, on};
use crate::circuit::{Circuit, Gate, Op};
use crate::engine::{EngineChoice, Options, SimError, Speeds, prepare, reference};
use crate::noise;
use crate::result::{Factor, ResultType, ResultValue};
use crate::sample::Rng;

/// Random gates with a random channel behind each few, every channel of the table among them.
fn noisy(n: u32, seed: u64, rounds: usize) -> Build {
    let mut rng = Rng::new(seed);
    let mut build = Build::new(n);
    for round in 0..rounds {
        build = build.random_gates(&mut rng, 3);
        let row = &noise::ROWS[(round + seed as usize) % noise::ROWS.len()];
        let mut qubits: Vec<u32> = (0..n).collect();
        rng.shuffle(&mut qubits);
        let params: Vec<f64> = (0..row.n_params).map(|_| rng.unit() * 0.3).collect();
        build = build.noise(row.channel, &qubits[..usize::from(row.n_qubits)], &params);
        if round % 5 == 4 {
            let k = 1 + rng.below(u64::from(n.min(4))) as usize;
            // The halves of a random unitary's columns are an ensemble of two operators.
            let side = 1usize << k;
            let u = random_unitary(k as u32 + 1, &mut rng);
            let operators = (0..2)
                .map(|o| (0..side * side).map(|i| u[(o * side + i / side) * 2 * side + i % side]).collect());
            build = build.kraus(operators.collect(), &qubits[..k]);
            build = build.op(Op::Reset { qubit: qubits[0] });
        }
    }
    build.random_gates(&mut rng, 3)
}

fn matrix_of(circuit: &Circuit, options: &Options<'_>) -> Vec<num_complex::Complex64> {
    let values = prepare(circuit, options).unwrap().run(&[], 0, 0).unwrap().values;
    let [ResultValue::DensityMatrix(rho)] = &values[..] else { panic!() };
    rho.clone()
}

#[test]
fn the_density_matrix_is_that_of_the_reference() {
    for (n, seeds) in [(1, 4), (2, 12), (3, 12), (4, 12), (5, 4), (6, 1)] {
        for seed in 0..seeds {
            let build = if n == 1 {
                Build::new(1).random_gates(&mut Rng::new(seed), 5).noise(
                    noise::Channel::GeneralizedAmplitudeDamping,
                    &[0],
                    &[0.3, 0.8],
                )
            } else {
                noisy(n, seed, 12)
            };
            let circuit = build.ask(ResultType::DensityMatrix(None)).circuit;
            let off = distance(
                &matrix_of(&circuit, &on(EngineChoice::DensityMatrix)),
                &reference::density(&circuit, &[]),
            );
            assert!(off < 1e-12, "{n} qubits, seed {seed}: {off:e}");
        }
    }
}

#[test]
fn threads_change_no_bit_of_the_answer() {
    let circuit = noisy(9, 3, 15).ask(ResultType::Probability(None)).circuit;
    let answer = |threads| {
        let options = Options { threads, ..on(EngineChoice::DensityMatrix) };
        prepare(&circuit, &options).unwrap().run(&[], 0, 0).unwrap().values
    };
    assert_eq!(answer(1), answer(3));
}

#[test]
fn threads_change_no_shot() {
    let noisy = noisy(5, 2, 12).circuit;
    let mut build = Build::new(5).bits("b", 6);
    for bit in 0..6 {
        build = build.random_gates(&mut Rng::new(u64::from(bit)), 10).measure(bit % 5, bit);
    }
    for (circuit, engine) in [(noisy, EngineChoice::Trajectories), (build.circuit, EngineChoice::StateVector)]
    {
        let counts = |threads| {
            let options = Options { threads, keep_shots: true, ..on(engine) };
            prepare(&circuit, &options).unwrap().run(&[], 3000, 8).unwrap()
        };
        assert_eq!(counts(1), counts(4));
    }
}

#[test]
fn damping_is_taken_unseen_as_often_as_it_happens() {
    // A qubit in 1 decays at each of 20 channels: what is left is known exactly.
    let mut build = Build::new(2).gate(Gate::X, &[0], &[]).gate(Gate::H, &[1], &[]);
    for _ in 0..20 {
        build = build.noise(noise::Channel::AmplitudeDamping, &[0], &[0.03]);
        build = build.noise(noise::Channel::PhaseDamping, &[1], &[0.03]);
    }
    let circuit = build.gate(Gate::H, &[1], &[]).circuit;
    let shots = 100_000;
    let counts =
        prepare(&circuit, &on(EngineChoice::Trajectories)).unwrap().run(&[], shots, 5).unwrap().counts;
    let seen = |at: usize, value: bool| -> f64 {
        let rows = counts.iter().filter(|c| c.0.get(at) == Some(value));
        rows.map(|c| c.1).sum::<u64>() as f64 / shots as f64
    };
    // Five standard deviations: about once in two million seeds.
    let close = |p: f64, seen: f64| (p - seen).abs() < 5.0 * (p * (1.0 - p) / shots as f64).sqrt();
    assert!(close(0.97f64.powi(20), seen(0, true)), "{}", seen(0, true));
    assert!(close(f64::midpoint(1.0, 0.97f64.powi(10)), seen(1, false)), "{}", seen(1, false));
}

#[test]
fn measurement_feed_forward_and_means_agree_with_the_state_vector() {
    for seed in 0..6 {
        let mut rng = Rng::new(seed);
        let mut build = Build::new(4).bits("b", 3);
        for bit in 0..3 {
            build = build.random_gates(&mut rng, 8).measure(bit, bit);
        }
        let o = observable(&[(Factor::X, &[0]), (Factor::H, &[3]), (Factor::Y, &[1])]);
        let circuit = build
            .random_gates(&mut rng, 4)
            .ask(ResultType::Expectation(o))
            .ask(ResultType::Probability(Some(vec![3, 1])))
            .ask(ResultType::DensityMatrix(Some(vec![2, 0])))
            .circuit;
        let answer = |engine| prepare(&circuit, &on(engine)).unwrap().run(&[], 0, 0).unwrap().values;
        let (a, b) = (answer(EngineChoice::DensityMatrix), answer(EngineChoice::StateVector));
        let [ResultValue::Expectation(m), ResultValue::Probability(p), ResultValue::DensityMatrix(r)] =
            &a[..]
        else {
            panic!()
        };
        let [ResultValue::Expectation(m2), ResultValue::Probability(p2), ResultValue::DensityMatrix(r2)] =
            &b[..]
        else {
            panic!()
        };
        assert!((m - m2).abs() < 1e-12);
        assert!(p.iter().zip(p2).all(|(x, y)| (x - y).abs() < 1e-12));
        assert!(distance(r, r2) < 1e-12);
        // The same seed splits the shots in the same way, branch by branch.
        let shots = |engine| {
            let mut circuit = circuit.clone();
            circuit.results.clear();
            prepare(&circuit, &on(engine)).unwrap().run(&[], 20_000, seed).unwrap().counts
        };
        let (x, y) = (shots(EngineChoice::DensityMatrix), shots(EngineChoice::StateVector));
        let total = |c: &crate::engine::Counts| c.iter().map(|c| c.1).sum::<u64>();
        assert_eq!((total(&x), total(&y)), (20_000, 20_000));
        for (bits, count) in &x {
            let other = y.iter().find(|o| o.0 == *bits).map_or(0, |o| o.1);
            // Six standard deviations of a difference of two counts.
            let allowed = 6.0 * (2.0 * (*count).max(9) as f64).sqrt();
            assert!((*count as f64 - other as f64).abs() < allowed, "seed {seed}: {bits} {count} {other}");
        }
    }
}

/// Wilson-Hilferty: a standard normal number from a chi-square sum.
fn normal(sum: f64, freedom: f64) -> f64 {
    let spread = 2.0 / (9.0 * freedom);
    ((sum / freedom).cbrt() - 1.0 + spread) / spread.sqrt()
}

#[test]
fn shots_of_both_engines_follow_the_exact_probabilities() {
    let shots = 40_000;
    for seed in 0..6 {
        let circuit = noisy(4, 40 + seed, 12).circuit;
        let p: Vec<f64> = reference::density(&circuit, &[]).iter().step_by(17).map(|z| z.re).collect();
        for engine in [EngineChoice::DensityMatrix, EngineChoice::Trajectories] {
            let result = prepare(&circuit, &on(engine)).unwrap().run(&[], shots, seed).unwrap();
            let mut seen = [0.0; 16];
            for (bits, count) in &result.counts {
                seen[bits.to_index().unwrap() as usize] = *count as f64;
            }
            let (mut sum, mut kinds, mut rest) = (0.0, 0.0, (0.0, 0.0));
            for (p, seen) in p.iter().zip(seen) {
                let expected = p * shots as f64;
                if expected < 5.0 {
                    rest = (rest.0 + expected, rest.1 + seen);
                } else {
                    sum += (seen - expected).powi(2) / expected;
                    kinds += 1.0;
                }
            }
            assert!(rest.1 <= 5.0 + rest.0 + 6.0 * rest.0.sqrt(), "{rest:?}");
            // 4.8 standard deviations: a false alarm in about a million runs of one case.
            let z = normal(sum, kinds - 1.0);
            assert!(kinds < 2.0 || z < 4.8, "{engine:?} seed {seed}: {sum} over {kinds}");
        }
    }
}

#[test]
fn a_matrix_that_does_not_fit_is_refused_before_it_is_made() {
    let circuit = Build::new(20).noise(noise::Channel::BitFlip, &[0], &[0.1]).circuit;
    let Err(SimError::Memory { needed, .. }) = prepare(&circuit, &on(EngineChoice::DensityMatrix)) else {
        panic!()
    };
    assert_eq!(needed, 8 << 40);
}

#[test]
fn few_qubits_take_the_matrix_and_many_take_trajectories() {
    let chosen = |n: u32, shots| {
        let mut build = Build::new(n);
        for q in 1..n {
            let angles = [0.3];
            build = build.gate(Gate::Ry, &[q], &angles).gate(Gate::Cnot, &[q - 1, q], &[]);
            build = build.noise(noise::Channel::AmplitudeDamping, &[q], &[0.05]);
        }
        let options = Options { shots, ..on(EngineChoice::Auto) };
        let prepared = prepare(&build.circuit, &options).unwrap();
        (prepared.engine(), prepared.reason().to_owned())
    };
    let (engine, reason) = chosen(6, Some(1000));
    assert_eq!(engine, "density-matrix");
    assert!(reason.starts_with("6 qubits, 1,000 shots: cheaper than 2"), "{reason}");
    assert_eq!(chosen(6, Some(0)).0, "density-matrix");
    assert_eq!(chosen(12, Some(10)).0, "trajectories");
    assert_eq!(chosen(16, None).0, "trajectories");
}

#[test]
fn measured_speeds_move_forecasts_and_the_choice() {
    let circuit = noisy(4, 1, 12).circuit;
    let auto = Options { shots: Some(50), ..on(EngineChoice::Auto) };
    let plain = prepare(&circuit, &auto).unwrap();
    let mut slow = auto.clone();
    assert!(slow.speeds.note(plain.engine(), 1e4));
    let other = prepare(&circuit, &slow).unwrap();
    assert_ne!(other.engine(), plain.engine());
    slow.engine = Speeds::engines().find(|e| e.0 == plain.engine()).unwrap().1;
    let forced = prepare(&circuit, &slow).unwrap().forecast();
    assert!((forced.time_us / plain.forecast().time_us / 1e4 - 1.0).abs() < 1e-9);
    for (engine, factor) in [("abacus", 1.0), (plain.engine(), 0.0), (plain.engine(), f64::NAN)] {
        assert!(!slow.speeds.note(engine, factor));
    }
}

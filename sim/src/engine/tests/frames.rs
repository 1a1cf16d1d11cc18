//! Pauli frames against trajectories, and exact noise against the definition.

use super::build::{Build, observable};
use super::clifford::random_cliffords;
use super::{distance, on};
use crate::circuit::{Circuit, Gate, Op};
use crate::engine::{EngineChoice, Options, prepare, reference};
use crate::noise::{Channel, ROWS};
use crate::result::{Factor, ResultType, ResultValue};
use crate::sample::Rng;

/// One Pauli channel on random qubits.
fn random_noise(build: Build, rng: &mut Rng) -> Build {
    let pauli = [0, 1, 2, 3, 7, 8].map(|i| &ROWS[i]);
    let row = pauli[rng.below(6) as usize];
    let mut qubits: Vec<u32> = (0..build.circuit.n_qubits).collect();
    rng.shuffle(&mut qubits);
    let params: Vec<f64> = (0..row.n_params).map(|_| rng.unit() * 0.25).collect();
    build.noise(row.channel, &qubits[..usize::from(row.n_qubits)], &params)
}

fn random_noisy(rng: &mut Rng, n: u32, measured: u32) -> Build {
    let mut build = Build::new(n).bits("m", measured).bits("end", n);
    for round in 0..measured {
        build = random_noise(random_cliffords(build, rng, 6), rng).measure(round % n, round);
        build = random_noise(random_cliffords(build, rng, 2), rng).op(Op::Reset { qubit: (round + 1) % n });
    }
    random_noise(random_cliffords(build, rng, 6), rng)
}

#[test]
fn exact_noise_is_that_of_the_definition() {
    for seed in 0..30 {
        let mut rng = Rng::new(seed);
        let n = 2 + seed as u32 % 3;
        let mut build = random_noisy(&mut rng, n, 3).ask(ResultType::DensityMatrix(None));
        let pair = observable(&[(Factor::Y, &[0]), (Factor::X, &[1])]);
        build = build.ask(ResultType::Expectation(pair.clone())).ask(ResultType::Variance(pair));
        let circuit = build.ask(ResultType::Probability(Some(vec![1, 0]))).circuit;
        let rho = reference::density(&circuit, &[]);
        let values = prepare(&circuit, &on(EngineChoice::Stabilizer)).unwrap().run(&[], 0, 0).unwrap().values;
        let [
            ResultValue::DensityMatrix(got),
            ResultValue::Expectation(mean),
            ResultValue::Variance(variance),
            ResultValue::Probability(p),
        ] = &values[..]
        else {
            panic!("{values:?}")
        };
        assert!(distance(got, &rho) < 1e-12, "seed {seed}");
        let side = 1usize << n;
        let bit = |i: usize, q: u32| i >> (n - 1 - q) & 1;
        for (at, p) in p.iter().enumerate() {
            let sum: f64 =
                (0..side).filter(|&i| bit(i, 1) << 1 | bit(i, 0) == at).map(|i| rho[i * side + i].re).sum();
            assert!((p - sum).abs() < 1e-12, "seed {seed}");
        }
        // tr(rho Y0 X1), entry by entry.
        let flip = 3 << (n - 2);
        let trace: f64 = (0..side)
            .map(|c| {
                let e = rho[c * side + (c ^ flip)];
                if bit(c, 0) == 0 { -e.im } else { e.im }
            })
            .sum();
        assert!((mean - trace).abs() < 1e-12, "seed {seed}: {mean} {trace}");
        assert!((variance - (1.0 - trace * trace)).abs() < 1e-12, "seed {seed}");
    }
}

/// Outcomes of both engines as two columns; every outcome that any of them gave.
fn tables(circuit: &Circuit, shots: u64, seed: u64) -> Vec<[f64; 2]> {
    let mut table = std::collections::BTreeMap::<String, [f64; 2]>::new();
    for (at, engine) in [EngineChoice::Stabilizer, EngineChoice::Trajectories].into_iter().enumerate() {
        let counts = prepare(circuit, &on(engine)).unwrap().run(&[], shots, seed).unwrap().counts;
        assert_eq!(counts.iter().map(|c| c.1).sum::<u64>(), shots);
        for (bits, count) in counts {
            table.entry(bits.to_string()).or_default()[at] += count as f64;
        }
    }
    table.into_values().collect()
}

#[test]
fn frames_and_trajectories_have_one_distribution() {
    for seed in 0..12 {
        let mut rng = Rng::new(500 + seed);
        let mut build = random_noisy(&mut rng, 3, 3);
        for q in 0..3 {
            build = build.measure(q, 3 + q);
        }
        let mut rows = tables(&build.circuit, 4000, seed);
        // Outcomes seen less than ten times in all are too few for the approximation: one row.
        let (rare, mut common): (Vec<_>, Vec<_>) = rows.drain(..).partition(|r| r[0] + r[1] < 10.0);
        common.push(rare.iter().fold([0.0; 2], |s, r| [s[0] + r[0], s[1] + r[1]]));
        let chi: f64 =
            common.iter().filter(|r| r[0] + r[1] > 0.0).map(|r| (r[0] - r[1]).powi(2) / (r[0] + r[1])).sum();
        let free = common.len() as f64 - 1.0;
        // Wilson and Hilferty: 4.75 standard deviations, once in a million for each circuit.
        let scale = 2.0 / (9.0 * free.max(1.0));
        let limit = free.max(1.0) * (1.0 - scale + 4.75 * scale.sqrt()).powi(3);
        assert!(chi < limit, "seed {seed}: {chi} with {free} degrees of freedom");
    }
}

#[test]
fn rare_and_certain_errors_come_at_their_rate() {
    let shots = 200_000u64;
    for p in [1e-4, 0.01, 0.5, 1.0] {
        let mut build = Build::new(2).bits("b", 2).noise(Channel::BitFlip, &[0], &[p]);
        build = build.noise(Channel::PauliChannel, &[1], &[0.0, p, 0.0]);
        let circuit = build.measure(0, 0).measure(1, 1).circuit;
        let counts =
            prepare(&circuit, &on(EngineChoice::Stabilizer)).unwrap().run(&[], shots, 4).unwrap().counts;
        for column in 0..2 {
            let ones: u64 = counts.iter().filter(|c| c.0.get(column) == Some(true)).map(|c| c.1).sum();
            let (mean, deviation) = (shots as f64 * p, (shots as f64 * p * (1.0 - p)).sqrt());
            // Six standard deviations.
            assert!((ones as f64 - mean).abs() <= 6.0 * deviation + 1e-9, "{p}: {ones}");
        }
    }
}

#[test]
fn threads_do_not_change_the_shots() {
    let mut rng = Rng::new(9);
    let circuit = random_noisy(&mut rng, 4, 4).circuit;
    let run = |threads| {
        let options = Options { threads, keep_shots: true, ..on(EngineChoice::Stabilizer) };
        prepare(&circuit, &options).unwrap().run(&[], 5000, 8).unwrap()
    };
    let (one, two) = (run(1), run(2));
    assert_eq!(one.counts, two.counts);
    assert_eq!(one.shot_list, two.shot_list);
}

#[test]
fn shots_in_other_bases_agree_with_exact_answers() {
    let letters = [(Factor::X, &[0u32][..]), (Factor::Y, &[1]), (Factor::Z, &[2])];
    let build = || {
        let mut build = Build::new(3).gate(Gate::H, &[0], &[]).gate(Gate::V, &[1], &[]);
        for q in 0..3 {
            build = build.noise(Channel::Depolarizing, &[q], &[0.1]);
        }
        letters.iter().fold(build, |b, l| b.ask(ResultType::Expectation(observable(std::slice::from_ref(l)))))
    };
    let mut prepared = prepare(&build().circuit, &on(EngineChoice::Stabilizer)).unwrap();
    let exact = prepared.run(&[], 0, 0).unwrap().values;
    let shots = 40_000u64;
    let sampled = prepared.run(&[], shots, 2).unwrap().values;
    for (a, b) in exact.iter().zip(&sampled) {
        let (ResultValue::Expectation(a), ResultValue::Expectation(b)) = (a, b) else { panic!() };
        assert!(a.abs() > 0.8, "{a}");
        // Six standard errors.
        assert!((a - b).abs() < 6.0 / (shots as f64).sqrt(), "{a} {b}");
    }
}

//! Single precision against double, and what is said of it. The other files run it beside double too.

use super::build::{Build, observable};
use super::{on, single_off};
use crate::circuit::{Angle, Circuit, Gate};
use crate::engine::{Counts, EngineChoice, Options, Precision, SimError, prepare};
use crate::noise::Channel;
use crate::pauli::PauliSum;
use crate::result::{Factor, ResultType};
use crate::sample::Rng;

fn single(engine: EngineChoice) -> Options<'static> {
    Options { precision: Precision::Single, ..on(engine) }
}

fn noisy() -> Circuit {
    let mut rng = Rng::new(5);
    let mut build = Build::new(5).bits("b", 4);
    for round in 0..4 {
        build = build.random_gates(&mut rng, 8).noise(Channel::AmplitudeDamping, &[round], &[0.2]);
        build = build.random_gates(&mut rng, 8).noise(Channel::Depolarizing, &[round + 1], &[0.1]);
        build = build.measure(round, round);
    }
    build.circuit
}

fn shots(circuit: &Circuit, options: &Options<'_>) -> Counts {
    prepare(circuit, options).unwrap().run(&[], 20_000, 3).unwrap().counts
}

/// The same numbers are drawn, so that a shot differs only where a sum of probabilities, off by
/// some 1e-6, has crossed one: some shots of a million.
#[test]
fn shots_are_those_of_double_precision() {
    let pure = Build::new(10).random_gates(&mut Rng::new(2), 60).circuit;
    for (circuit, engine) in [(pure, EngineChoice::StateVector), (noisy(), EngineChoice::Trajectories)] {
        let (a, b) = (shots(&circuit, &on(engine)), shots(&circuit, &single(engine)));
        let of = |counts: &Counts, row| counts.iter().find(|c| c.0 == row).map_or(0, |c| c.1);
        let moved: u64 = a.iter().map(|(row, n)| n.abs_diff(of(&b, row.clone()))).sum();
        assert!(a.len() > 3 && moved < 4, "{engine:?}: {moved}");
    }
}

#[test]
fn threads_change_no_shot() {
    let pure = Build::new(15).random_gates(&mut Rng::new(4), 80).circuit;
    for (circuit, engine) in [(pure, EngineChoice::StateVector), (noisy(), EngineChoice::Trajectories)] {
        let counts = |threads| shots(&circuit, &Options { threads, ..single(engine) });
        assert_eq!(counts(1), counts(3));
    }
}

#[test]
fn the_gradient_is_that_of_double_precision() {
    let mut build = Build::new(5);
    let mut rng = Rng::new(8);
    for name in ["a", "b", "c"] {
        build = build.input(name);
    }
    for k in 0..12u32 {
        let angle = Angle::Affine { input: k % 3, scale: 0.7, offset: 0.1 };
        build = build.random_gates(&mut rng, 3).controlled(Gate::Ry, &[], 0, &[k % 5], &[angle]);
    }
    let sum = PauliSum::parse("0.7 X0 Z2 - 1.1 Y1 Y3 + 0.4 Z4").unwrap();
    let ask = |options: &Options<'_>| {
        let mut out = [0.0; 3];
        let mut prepared = prepare(&build.circuit, options).unwrap();
        let mean = prepared.gradient(&[0.3, -0.8, 1.7], &sum, &mut out).unwrap();
        [mean, out[0], out[1], out[2]]
    };
    let (a, b) = (ask(&on(EngineChoice::StateVector)), ask(&single(EngineChoice::StateVector)));
    assert!(a.iter().any(|x| x.abs() > 0.1) && a != b);
    // Each derivative adds up the parts of four angles, forth and back.
    let most = 8.0 * single_off(48);
    assert!(a.iter().zip(b).all(|(x, y)| (x - y).abs() < most), "{a:?} {b:?}");
}

/// A state takes half the memory, and a refusal names the half.
#[test]
fn a_state_takes_half_the_memory() {
    let circuit = Build::new(12).gate(Gate::H, &[3], &[]).gate(Gate::T, &[3], &[]).circuit;
    let tight = |max_memory, options| Options { max_memory, ..options };
    let engine = EngineChoice::StateVector;
    assert!(prepare(&circuit, &tight(8 << 12, single(engine))).is_ok());
    let needed = |options| match prepare(&circuit, &options).err() {
        Some(SimError::Memory { needed, .. }) => needed,
        other => panic!("{other:?}"),
    };
    assert_eq!(needed(tight((8 << 12) - 1, single(engine))), 8 << 12);
    assert_eq!(needed(tight(8 << 12, on(engine))), 16 << 12);
}

#[test]
fn engines_say_what_they_compute_in() {
    let z = ResultType::Expectation(observable(&[(Factor::Z, &[0])]));
    let damped = Build::new(2).noise(Channel::AmplitudeDamping, &[0], &[0.2]).ask(z).circuit;
    let clifford = Build::new(2).gate(Gate::H, &[0], &[]).circuit;
    let turned = Build::new(2).gate(Gate::Rx, &[0], &[0.3]).circuit;
    for (circuit, engine, word) in [
        (&turned, EngineChoice::StateVector, "single precision"),
        (&damped, EngineChoice::Trajectories, "single precision"),
        (&damped, EngineChoice::DensityMatrix, "double precision, it has no other"),
        (&turned, EngineChoice::Mps, "double precision, it has no other"),
        (&clifford, EngineChoice::Stabilizer, "it keeps no amplitudes"),
    ] {
        let said = prepare(circuit, &single(engine)).unwrap().reason().to_owned();
        assert!(said.contains(word), "{engine:?}: {said}");
        let said = prepare(circuit, &on(engine)).unwrap().reason().to_owned();
        assert!(!said.contains("precision") && !said.contains("amplitudes"), "{engine:?}: {said}");
    }
}

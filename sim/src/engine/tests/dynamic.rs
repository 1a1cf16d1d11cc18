//! Measurement in the middle, reset, branches.

use super::build::{Build, observable};
use super::{distance, each_engine, on, run};
use crate::circuit::{Gate, Op};
use crate::engine::{EngineChoice, Options, prepare, reference};
use crate::result::{Factor, ResultType, ResultValue};
use crate::sample::Rng;

#[test]
fn bits_make_the_columns_in_declaration_order() {
    let circuit =
        Build::new(3).bits("a", 1).bits("b", 2).gate(Gate::X, &[2], &[]).measure(2, 2).measure(0, 1).circuit;
    let result = run(&circuit, 10, 0);
    assert_eq!(result.columns, [0, 2]);
    assert_eq!(result.counts, [("01".parse().unwrap(), 10)]);
}

#[test]
fn one_qubit_may_be_measured_twice() {
    let circuit = Build::new(1).bits("b", 2).measure(0, 0).gate(Gate::X, &[0], &[]).measure(0, 1).circuit;
    let result = run(&circuit, 10, 0);
    assert_eq!(result.columns, [0, 0]);
    assert_eq!(result.counts, [("01".parse().unwrap(), 10)]);
}

#[test]
fn a_measured_qubit_stays_what_it_was() {
    let circuit = Build::new(2)
        .bits("b", 3)
        .gate(Gate::H, &[0], &[])
        .measure(0, 0)
        .gate(Gate::Cnot, &[0, 1], &[])
        .measure(0, 1)
        .measure(1, 2)
        .circuit;
    each_engine(&circuit, |name, _, mut engine| {
        let counts = engine.run(&[], 1000, 1).unwrap().counts;
        let names: Vec<String> = counts.iter().map(|c| c.0.to_string()).collect();
        assert_eq!(names, ["000", "111"], "{name}");
        // Six standard deviations of a fair coin: once in 500 million seeds.
        assert!(counts[0].1.abs_diff(500) < 95, "{name}");
    });
}

#[test]
fn measured_and_reset_circuits_end_in_the_mixture_of_the_reference() {
    for seed in 0..10 {
        let mut rng = Rng::new(seed);
        let mut build = Build::new(3).bits("b", 3);
        for round in 0..3 {
            build = build.random_gates(&mut rng, 12).measure(round, round);
            build = build.random_gates(&mut rng, 4).op(Op::Reset { qubit: (round + 1) % 3 });
        }
        let circuit = build.random_gates(&mut rng, 6).ask(ResultType::DensityMatrix(None)).circuit;
        let expected = reference::density(&circuit, &[]);
        each_engine(&circuit, |name, tolerance, mut engine| {
            let values = engine.run(&[], 0, 0).unwrap().values;
            let ResultValue::DensityMatrix(got) = &values[0] else { panic!() };
            assert!(distance(got, &expected) < tolerance, "{name} seed {seed}");
        });
    }
}

#[test]
fn branches_without_room_for_copies_give_the_same_shots() {
    let mut rng = Rng::new(77);
    let mut build = Build::new(5).bits("b", 6);
    for bit in 0..6 {
        build = build.random_gates(&mut rng, 10).measure(bit % 5, bit);
    }
    let circuit = build.random_gates(&mut rng, 5).circuit;
    let roomy = prepare(&circuit, &on(EngineChoice::StateVector)).unwrap().run(&[], 300, 4).unwrap();
    let tight = Options { max_memory: 16 << 5, ..on(EngineChoice::StateVector) };
    let replayed = prepare(&circuit, &tight).unwrap().run(&[], 300, 4).unwrap();
    assert_eq!(roomy.counts, replayed.counts);
    assert!(roomy.counts.len() > 4);
}

#[test]
fn exact_and_sampled_dynamic_circuits_agree() {
    let build = || {
        Build::new(2)
            .bits("b", 1)
            .gate(Gate::Ry, &[0], &[1.1])
            .gate(Gate::Cnot, &[0, 1], &[])
            .measure(0, 0)
            .gate(Gate::Ry, &[0], &[0.4])
            .ask(ResultType::Expectation(observable(&[(Factor::Z, &[0]), (Factor::Z, &[1])])))
    };
    let exact = run(&build().circuit, 0, 0).values[0].clone();
    let sampled = run(&build().circuit, 100_000, 9).values[0].clone();
    let (ResultValue::Expectation(a), ResultValue::Expectation(b)) = (exact, sampled) else { panic!() };
    // Six standard errors.
    assert!((a - b).abs() < 6.0 / 100_000f64.sqrt(), "{a} {b}");
}

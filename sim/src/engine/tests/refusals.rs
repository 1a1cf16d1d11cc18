//! What is refused, with the place that is to blame.

use num_complex::Complex64;

use super::build::{Build, observable};
use super::on;
use crate::circuit::{Angle, BitString, Gate};
use crate::diagnostic::Span;
use crate::engine::{EngineChoice, Options, SimError, Watch, prepare};
use crate::result::{Factor, ResultType};

fn refused(build: Build, shots: u64) -> SimError {
    match prepare(&build.circuit, &on(EngineChoice::Auto)) {
        Ok(mut prepared) => prepared.run(&vec![0.0; build.circuit.inputs.len()], shots, 0).unwrap_err(),
        Err(e) => e,
    }
}

#[test]
fn a_state_that_does_not_fit_is_refused_before_it_is_made() {
    for n in [40, 60, 5000] {
        let circuit = Build::new(n).gate(Gate::T, &[0], &[]).circuit;
        let Err(SimError::Memory { qubits, needed, allowed, .. }) =
            prepare(&circuit, &on(EngineChoice::StateVector))
        else {
            panic!()
        };
        assert_eq!((qubits, allowed), (n, 1 << 28));
        assert!(needed > allowed);
    }
}

#[test]
fn shots_and_result_types_must_go_together() {
    let z = || observable(&[(Factor::Z, &[0])]);
    for (kind, shots) in [
        (ResultType::StateVector, 10),
        (ResultType::DensityMatrix(None), 10),
        (ResultType::Amplitude(vec!["0".parse().unwrap()]), 10),
        (ResultType::Sample(z()), 0),
    ] {
        let e = refused(Build::new(1).ask(kind), shots);
        assert!(matches!(e, SimError::Shots { span: Some(Span { start: 1000, .. }), .. }), "{e:?}");
    }
    assert!(matches!(refused(Build::new(1), 0), SimError::Shots { span: None, .. }));
}

#[test]
fn bases_that_exclude_each_other_conflict() {
    let ask = |f: Factor, q: &[u32]| ResultType::Expectation(observable(&[(f, q)]));
    let e = refused(Build::new(2).ask(ask(Factor::X, &[1])).ask(ask(Factor::Z, &[1])), 10);
    assert_eq!(e, SimError::Conflict { qubit: 1, span: Span::new(1001, 1002) });
    let e = refused(Build::new(2).ask(ask(Factor::X, &[1])).ask(ResultType::Probability(None)), 10);
    assert_eq!(e, SimError::Conflict { qubit: 1, span: Span::new(1001, 1002) });
    let both = Build::new(2).ask(ask(Factor::X, &[1])).ask(ask(Factor::Z, &[1])).circuit;
    assert!(prepare(&both, &on(EngineChoice::Auto)).unwrap().run(&[], 0, 0).is_ok(), "exact answers do not");
}

#[test]
fn numbers_without_meaning_are_placed() {
    let z = |re: f64| Complex64::new(re, 0.0);
    let cases = [
        Build::new(1).gate(Gate::Rx, &[0], &[f64::NAN]),
        Build::new(1).gate(Gate::Rx, &[0], &[f64::INFINITY]),
        Build::new(1).unitary(vec![z(1.0), z(0.0), z(0.0), z(2.0)], &[0], 0),
        Build::new(1).unitary(vec![z(f64::NAN); 4], &[0], 0),
        Build::new(1).unitary(vec![z(1.0); 3], &[0], 0),
        Build::new(1).gate(Gate::X, &[1], &[]),
        Build::new(2).gate(Gate::Cnot, &[1, 1], &[]),
        Build::new(1).kraus(vec![vec![z(0.5), z(0.0), z(0.0), z(0.5)]], &[0]),
        Build::new(1).noise(crate::noise::Channel::BitFlip, &[0], &[1.5]),
        Build::new(1).noise(crate::noise::Channel::PauliChannel, &[0], &[0.5, 0.5, 0.5]),
        Build::new(1).measure(3, 0).bits("b", 1),
    ];
    for build in cases {
        let e = refused(build, 10);
        assert!(matches!(e, SimError::Invalid { span: Some(Span { start: 0, .. }), .. }), "{e:?}");
    }
    for kind in [
        ResultType::Probability(Some(vec![4])),
        ResultType::Probability(Some(vec![0, 0])),
        ResultType::Amplitude(vec![BitString::new(vec![true; 3])]),
        ResultType::Expectation(observable(&[(Factor::X, &[0]), (Factor::Y, &[0])])),
        ResultType::Expectation(observable(&[(Factor::Hermitian(vec![z(1.0); 3]), &[0])])),
        ResultType::Expectation(observable(&[(
            Factor::Hermitian(vec![z(0.0), z(1.0), z(2.0), z(0.0)]),
            &[0],
        )])),
    ] {
        let e = refused(Build::new(1).ask(kind), 0);
        assert!(matches!(e, SimError::Invalid { span: Some(Span { start: 1000, .. }), .. }), "{e:?}");
    }
}

#[test]
fn inputs_are_counted_and_checked() {
    let angle = Angle::Affine { input: 0, scale: 1.0, offset: 0.0 };
    let circuit = Build::new(1).input("a").controlled(Gate::Rx, &[], 0, &[0], &[angle]).circuit;
    let mut prepared = prepare(&circuit, &on(EngineChoice::Auto)).unwrap();
    assert_eq!(
        prepared.run(&[], 1, 0).unwrap_err(),
        SimError::Length { what: "inputs", expected: 1, given: 0 }
    );
    assert!(matches!(prepared.run(&[f64::NAN], 1, 0), Err(SimError::Invalid { span: Some(_), .. })));
    let flipped = prepared.run(&[std::f64::consts::PI], 5, 0).unwrap();
    assert_eq!(flipped.counts[0].0.to_string(), "1", "after a refusal the next inputs are taken");
}

struct Stop;

impl Watch for Stop {
    fn now_us(&self) -> u64 {
        0
    }
    fn stopped(&self) -> bool {
        true
    }
    fn progress(&self, _: f64) {}
}

#[test]
fn a_watch_stops_a_run() {
    let circuit = Build::new(2).gate(Gate::H, &[0], &[]).circuit;
    let options = Options { watch: Some(&Stop), ..on(EngineChoice::Auto) };
    assert_eq!(prepare(&circuit, &options).unwrap().run(&[], 10, 0).unwrap_err(), SimError::Stopped);
}

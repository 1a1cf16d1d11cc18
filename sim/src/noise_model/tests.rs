//! Models against what they promise: channels where they belong, and the fidelities asked for.

use super::*;
use crate::circuit::{Circuit, Op};
use crate::engine::{EngineChoice, Options, prepare};
use crate::qasm::{Inputs, ParseOptions, read};
use crate::result::ResultValue;
use crate::target::Catalogue;

fn circuit(body: &str) -> Circuit {
    let text = format!("OPENQASM 3.0;\ninclude \"stdgates.inc\";\n{body}");
    let read = read("test.qasm", text.as_str(), &ParseOptions::default(), &Inputs::default());
    read.circuit.unwrap_or_else(|| panic!("{:?}", read.diagnostics))
}

/// Channels in order with qubits and probabilities.
fn channels(c: &Circuit) -> Vec<(&'static str, Vec<u32>, f64)> {
    let mut out = Vec::new();
    c.walk(&mut |op, _| match op {
        Op::Noise { channel, params, .. } => {
            let crate::circuit::Angle::Fixed(p) = c.angles[*params as usize] else { panic!() };
            out.push((channel.row().name, c.op_qubits(op).to_vec(), p));
        }
        Op::Kraus { .. } => out.push(("kraus", c.op_qubits(op).to_vec(), 0.0)),
        _ => {}
    });
    out
}

fn probabilities(c: &Circuit) -> Vec<f64> {
    let mut c = c.clone();
    let kind = crate::result::ResultType::Probability(None);
    c.results = vec![crate::result::ResultRequest { kind, span: crate::diagnostic::Span::default() }];
    let options = Options { engine: EngineChoice::DensityMatrix, ..Options::default() };
    let values = prepare(&c, &options).unwrap().run(&[], 0, 0).unwrap().values;
    let [ResultValue::Probability(p)] = &values[..] else { panic!() };
    p.clone()
}

#[test]
fn rules_match_names_numbers_and_qubits() {
    let rule = |names: &[&str], on, qubits: &[&[u32]], channel: &str| GateRule {
        names: names.iter().map(|&n| n.to_owned()).collect(),
        on,
        qubits: qubits.iter().map(|q| q.to_vec()).collect(),
        channel: Some(channel.to_owned()),
        p: vec![0.1],
        ..GateRule::default()
    };
    let model = NoiseModel {
        gate: vec![
            rule(&["cx"], None, &[], "two_qubit_depolarizing"),
            rule(&[], Some(1), &[&[0]], "bit_flip"),
            rule(&[], None, &[&[2, 1]], "phase_damping"),
        ],
        ..NoiseModel::default()
    };
    let noisy = model.apply(&circuit("qubit[3] q; h q[0]; h q[1]; cx q[0], q[1]; cz q[1], q[2];")).unwrap();
    let found = channels(&noisy);
    let names: Vec<_> = found.iter().map(|(n, q, _)| (*n, q.as_slice())).collect();
    let expected: [(&str, &[u32]); 4] = [
        ("bit_flip", &[0]),
        ("two_qubit_depolarizing", &[0, 1]),
        ("phase_damping", &[1]),
        ("phase_damping", &[2]),
    ];
    assert_eq!(names, expected);
}

#[test]
fn a_fidelity_becomes_the_channel_that_gives_it() {
    // The average over states of <psi| E(|psi><psi|) |psi>, by the six axis states of a qubit:
    // they are a 2-design.
    let model = NoiseModel {
        gate: vec![GateRule { fidelity: Some(0.97), ..GateRule::default() }],
        ..NoiseModel::default()
    };
    let mut sum = 0.0;
    for (into, out) in [
        ("id q;", "id q;"),
        ("x q;", "x q;"),
        ("h q;", "h q;"),
        ("x q; h q;", "h q; x q;"),
        ("h q; s q;", "sdg q; h q;"),
        ("x q; h q; s q;", "sdg q; h q; x q;"),
    ] {
        // Noise on the gate in the middle alone: it is the only y.
        let mut one = model.clone();
        one.gate[0].names = vec!["y".into()];
        let body = format!("qubit q; {into} y q; y q; {out}");
        sum += probabilities(&one.apply(&circuit(&body)).unwrap())[0];
    }
    let p = depolarizing_of(0.97, 1);
    assert!((p - 0.045).abs() < 1e-15);
    // Two channels behind each other shrink the Bloch vector by the square of 1 - 4p/3.
    let expected = f64::midpoint(1.0, (1.0 - 4.0 * p / 3.0).powi(2));
    assert!((sum / 6.0 - expected).abs() < 1e-12, "{} {expected}", sum / 6.0);
    assert!((depolarizing_of(0.99, 2) - 0.0125).abs() < 1e-15);
}

#[test]
fn readings_go_wrong_as_often_as_asked() {
    let rule = ReadoutRule { one_of_zero: 0.02, zero_of_one: 0.1, ..ReadoutRule::default() };
    let model = NoiseModel { readout: vec![rule], ..NoiseModel::default() };
    let p = probabilities(&model.apply(&circuit("qubit[2] q; x q[1]; id q[0];")).unwrap());
    let expected = [0.98 * 0.1, 0.98 * 0.9, 0.02 * 0.1, 0.02 * 0.9];
    assert!(p.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12), "{p:?}");
    let measured = model.apply(&circuit("qubit q; bit c; c = measure q;")).unwrap();
    assert_eq!(channels(&measured).len(), 1, "one measurement, one chance to go wrong");
}

#[test]
fn waiting_qubits_decay_by_layers_and_delays() {
    let rule = IdleRule { qubits: vec![], t1: 2.0, t2: 1.0, layer: 0.5 };
    let model = NoiseModel { idle: vec![rule], ..NoiseModel::default() };
    let noisy = model.apply(&circuit("qubit[2] q; x q[0]; x q[0]; cx q[0], q[1]; x q[0];")).unwrap();
    let found = channels(&noisy);
    assert_eq!(found.len(), 2, "qubit 1 waits for two layers, nothing else waits: {found:?}");
    assert_eq!((found[0].0, found[0].1.as_slice()), ("amplitude_damping", &[1u32][..]));
    assert!((found[0].2 - (1.0 - (-0.5f64).exp())).abs() < 1e-15);
    // 1/t2 - 1/(2 t1) = 3/4 for one second.
    assert!((found[1].2 - 0.5 * (1.0 - (-0.75f64).exp())).abs() < 1e-15);
    let delayed = model.apply(&circuit("qubit q; delay[100ms] q;")).unwrap();
    assert!((channels(&delayed)[0].2 - (1.0 - (-0.05f64).exp())).abs() < 1e-12);
}

#[test]
fn nonsense_is_refused_with_the_rule() {
    let gate = |rule: GateRule| NoiseModel { gate: vec![rule], ..NoiseModel::default() }.check();
    let channel =
        |name: &str, p: &[f64]| GateRule { channel: Some(name.into()), p: p.to_vec(), ..GateRule::default() };
    assert!(gate(channel("bit_flip", &[0.5])).is_ok());
    assert!(matches!(gate(channel("bit_flip", &[0.6])), Err(NoiseModelError::Range { .. })));
    assert!(matches!(gate(channel("bit_flip", &[f64::NAN])), Err(NoiseModelError::Range { .. })));
    assert!(matches!(gate(channel("bit_flip", &[])), Err(NoiseModelError::Count { expected: 1, .. })));
    assert!(matches!(gate(channel("bitflip", &[0.1])), Err(NoiseModelError::Channel { rule: 1, .. })));
    assert!(matches!(gate(GateRule::default()), Err(NoiseModelError::Unclear { rule: 1 })));
    let odd = GateRule { names: vec!["nope".into()], ..channel("bit_flip", &[0.1]) };
    assert!(matches!(gate(odd), Err(NoiseModelError::Gate { .. })));
    let fidelity = |f| GateRule { fidelity: Some(f), ..GateRule::default() };
    assert!(gate(fidelity(0.99)).is_ok());
    assert!(matches!(gate(fidelity(1.2)), Err(NoiseModelError::Range { .. })));
    let idle = |t1, t2| {
        NoiseModel { idle: vec![IdleRule { qubits: vec![], t1, t2, layer: 0.1 }], ..NoiseModel::default() }
            .check()
    };
    assert!(idle(1.0, 2.0).is_ok() && idle(1.0, 2.1).is_err() && idle(f64::NAN, 1.0).is_err());
}

#[test]
fn devices_with_published_fidelities_have_a_model() {
    let catalogue = Catalogue::embedded();
    let garnet = NoiseModel::of_device(catalogue.find("garnet").unwrap()).unwrap();
    let bell = circuit("qubit[2] q; h q[0]; cx q[0], q[1];");
    let found = channels(&garnet.apply(&bell).unwrap());
    let names: Vec<_> = found.iter().map(|c| c.0).collect();
    assert_eq!(names, ["depolarizing", "two_qubit_depolarizing", "bit_flip", "bit_flip"]);
    assert!((found[1].2 - 1.25 * (1.0 - 0.9951)).abs() < 1e-12);
    assert!(NoiseModel::of_device(catalogue.find("sv1").unwrap()).is_none());
    for published in ["garnet", "emerald", "forte-1", "forte-enterprise-1"] {
        let device = catalogue.find(published).unwrap();
        NoiseModel::of_device(device).unwrap().check().unwrap();
    }
}

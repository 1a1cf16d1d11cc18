use super::*;
use crate::circuit::*;
use crate::diagnostic::Span;

fn gate(c: &mut Circuit, gate: Gate, controls: u8, negative: u64, qubits: &[u32], angles: &[f64]) {
    let op = GateOp {
        gate,
        n_controls: controls,
        qubits: c.qubits.len() as u32,
        angles: c.angles.len() as u32,
        negative,
    };
    c.qubits.extend(qubits);
    c.angles.extend(angles.iter().map(|a| Angle::Fixed(*a)));
    c.ops.push(Op::Gate(op), Span::default());
}

#[test]
fn try_it() {
    let mut c =
        Circuit { n_qubits: 3, labels: QubitLabels::Registers(vec![("q".into(), 3)]), ..Circuit::default() };
    c.registers.push(BitRegister { name: "c".into(), first: 0, size: 3, visible: true });
    gate(&mut c, Gate::H, 0, 0, &[0], &[]);
    gate(&mut c, Gate::Cnot, 0, 0, &[0, 1], &[]);
    gate(&mut c, Gate::Rx, 0, 0, &[0], &[0.5]);
    gate(&mut c, Gate::X, 0, 0, &[1], &[]);
    gate(&mut c, Gate::X, 2, 1, &[0, 2, 1], &[]);
    gate(&mut c, Gate::Swap, 0, 0, &[0, 2], &[]);
    gate(&mut c, Gate::Zz, 0, 0, &[0, 1], &[std::f64::consts::FRAC_PI_4]);
    for q in 0..3 {
        c.ops.push(Op::Measure { qubit: q, bit: Some(q) }, Span::default());
    }
    std::fs::write("/tmp/a.svg", svg(&c)).unwrap();
}

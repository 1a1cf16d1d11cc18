//! A circuit with its beginning and its end replaced.

use std::f64::consts::TAU;

use crate::circuit::gates::Inverse;
use crate::circuit::{Angle, Block, Circuit, Gate, GateOp, Matrix, MatrixId, Op, QubitLabels, QubitRange};
use crate::diagnostic::Span;
use crate::sample::Rng;

/// What a circuit is given to act on.
pub(super) enum Stimulus {
    /// Each qubit entangled with one of its own behind all others.
    Pairs,
    /// Each qubit turned by its own `U(θ, φ, λ)`.
    Product(Vec<[f64; 3]>),
}

impl Stimulus {
    pub(super) fn random(n: u32, rng: &mut Rng) -> Self {
        Self::Product((0..n).map(|_| [0; 3].map(|_| rng.unit() * TAU)).collect())
    }
}

/// The circuit acting on a stimulus; without its measurements unless they are wanted.
pub(super) fn stimulated(circuit: &Circuit, stimulus: &Stimulus, measured: bool) -> Circuit {
    let mut out = circuit.clone();
    let mut first = Block::default();
    let mut push = |out: &mut Circuit, gate: Gate, qubits: &[u32], angles: &[f64]| {
        let op = GateOp {
            gate,
            n_controls: 0,
            qubits: out.qubits.len() as u32,
            angles: out.angles.len() as u32,
            negative: 0,
        };
        out.qubits.extend_from_slice(qubits);
        out.angles.extend(angles.iter().map(|&x| Angle::Fixed(x)));
        first.push(Op::Gate(op), Span::default());
    };
    match stimulus {
        Stimulus::Pairs => {
            let n = circuit.n_qubits;
            out.n_qubits = 2 * n;
            out.labels = QubitLabels::Registers(vec![("q".to_owned(), 2 * n)]);
            for q in 0..n {
                push(&mut out, Gate::H, &[n + q], &[]);
                push(&mut out, Gate::Cnot, &[n + q, q], &[]);
            }
        }
        Stimulus::Product(angles) => {
            for (q, angles) in angles.iter().enumerate() {
                push(&mut out, Gate::U, &[q as u32], angles);
            }
        }
    }
    for (op, span) in circuit.ops.iter() {
        if measured || !matches!(op, Op::Measure { .. }) {
            first.push(*op, span);
        }
    }
    out.ops = first;
    out
}

/// The qubit that each returned column reads, for a circuit that only measures at its end; `None`
/// for all others.
pub(super) fn columns(circuit: &Circuit) -> Option<Vec<Option<u32>>> {
    let mut of_bit = vec![None; circuit.n_bits() as usize];
    let mut measured = vec![false; circuit.n_qubits as usize];
    let mut plain = true;
    let mut any = false;
    circuit.walk(&mut |op, _| match op {
        Op::Measure { qubit, bit } => {
            any = true;
            measured[*qubit as usize] = true;
            if let Some(bit) = bit {
                plain &= of_bit[*bit as usize].replace(*qubit).is_none();
            }
        }
        Op::Gate(_) | Op::Unitary { .. } => {
            plain &= circuit.op_qubits(op).iter().all(|&q| !measured[q as usize]);
        }
        Op::Barrier { .. } | Op::Delay { .. } | Op::Box { .. } => {}
        _ => plain = false,
    });
    if !plain {
        return None;
    }
    if !any {
        return Some((0..circuit.n_qubits).map(Some).collect());
    }
    let bits = circuit.registers.iter().filter(|r| r.visible).flat_map(|r| r.first..r.first + r.size);
    Some(bits.map(|bit| of_bit[bit as usize]).collect())
}

/// Entangled pairs, then one circuit, then another undone: the pairs come back exactly when both do
/// the same. `None` where an operation has no inverse.
pub(super) fn there_and_back(a: &Circuit, b: &Circuit) -> Option<Circuit> {
    let mut out = stimulated(a, &Stimulus::Pairs, false);
    let mut undone = Vec::new();
    undo(b, &b.ops, &mut out, &mut undone)?;
    for op in undone {
        out.ops.push(op, Span::default());
    }
    Some(out)
}

fn undo(from: &Circuit, block: &Block, out: &mut Circuit, ops: &mut Vec<Op>) -> Option<()> {
    for op in block.ops.iter().rev() {
        match *op {
            Op::Gate(gate) => undo_gate(from, &gate, out, ops)?,
            Op::Unitary { matrix, qubits, n_controls } => {
                let m = &from.matrices[matrix.0 as usize];
                let side = m.entries.len().isqrt();
                let entries =
                    (0..m.entries.len()).map(|i| m.entries[i % side * side + i / side].conj()).collect();
                let id = MatrixId(out.matrices.len() as u32);
                out.matrices.push(Matrix { n_qubits: m.n_qubits, entries });
                let start = out.qubits.len() as u32;
                out.qubits.extend_from_slice(from.qubit_range(qubits));
                let qubits = QubitRange { start, len: qubits.len };
                ops.push(Op::Unitary { matrix: id, qubits, n_controls });
            }
            Op::Box { body, .. } => undo(from, from.block(body), out, ops)?,
            Op::Measure { .. } | Op::Barrier { .. } | Op::Delay { .. } => {}
            _ => return None,
        }
    }
    Some(())
}

fn undo_gate(from: &Circuit, op: &GateOp, out: &mut Circuit, ops: &mut Vec<Op>) -> Option<()> {
    let fixed = |angle: &Angle| match angle {
        Angle::Fixed(x) => Some(*x),
        _ => None,
    };
    let angles: Vec<f64> = from.gate_angles(op).iter().map(fixed).collect::<Option<_>>()?;
    let (controls, own) = from.gate_qubits(op).split_at(usize::from(op.n_controls));
    let mut push = |gate: Gate, qubits: &[u32], angles: &[f64]| {
        let first = GateOp { gate, qubits: out.qubits.len() as u32, angles: out.angles.len() as u32, ..*op };
        out.qubits.extend(controls.iter().chain(qubits));
        out.angles.extend(angles.iter().map(|&x| Angle::Fixed(x)));
        ops.push(Op::Gate(first));
    };
    match &op.gate.row().inverse {
        Inverse::Is(gate) => push(*gate, own, &angles),
        Inverse::With(gate, linear) => {
            push(*gate, own, &linear.iter().map(|l| l.of(&angles)).collect::<Vec<_>>());
        }
        Inverse::Steps(steps) => {
            for step in *steps {
                let qubits: Vec<u32> = step.qubits.iter().map(|&q| own[usize::from(q)]).collect();
                push(step.gate, &qubits, &step.angles.iter().map(|l| l.of(&angles)).collect::<Vec<_>>());
            }
        }
    }
    Some(())
}

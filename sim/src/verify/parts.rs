//! A circuit with its beginning and its end replaced.

use std::f64::consts::TAU;

use crate::circuit::{Angle, Block, Circuit, Gate, GateOp, Op, QubitLabels};
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

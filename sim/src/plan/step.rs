//! Turns unitary operations into the few forms that the state vector kernels know.

use num_complex::Complex64;
use smallvec::SmallVec;

use crate::circuit::{Gate, Op};
use crate::plan::Segment;

/// A condition on index bits: all of `ones` set, all of `zeros` clear.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Where {
    /// Bits that must be 1.
    pub(crate) ones: u64,
    /// Bits that must be 0.
    pub(crate) zeros: u64,
}

/// One operation on amplitudes. Qubit q of n is bit n - 1 - q of an index.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Step {
    /// A 2x2 matrix between the amplitudes that differ in one bit.
    Pair { target: u32, on: Where, matrix: [Complex64; 4] },
    /// Exchanges the amplitudes that differ in one bit.
    Flip { target: u32, on: Where },
    /// Multiplies amplitudes by a factor.
    Phase { on: Where, factor: Complex64 },
    /// A matrix on several bits, most significant first.
    Dense { targets: SmallVec<[u32; 4]>, on: Where, matrix: Vec<Complex64> },
}

const ONE: Complex64 = Complex64::new(1.0, 0.0);
const ZERO: Complex64 = Complex64::new(0.0, 0.0);

/// The steps of a segment on a register of `n` qubits, in order.
///
/// Preserves the state exactly, global phase included.
pub(crate) fn lower(segment: &Segment<'_>, n: u32) -> Vec<Step> {
    let mut lowering = Lowering { n, out: Vec::with_capacity(segment.ops.len()) };
    for op in segment.ops {
        lowering.op(segment, op);
    }
    lowering.out
}

/// The step of a matrix on qubits.
pub(crate) fn matrix_step(n: u32, qubits: &[u32], matrix: &[Complex64]) -> Vec<Step> {
    let mut lowering = Lowering { n, out: Vec::new() };
    lowering.matrix(qubits, Where::default(), matrix);
    lowering.out
}

/// The steps of one gate under a condition.
pub(crate) fn gate_steps(n: u32, gate: Gate, qubits: &[u32], on: Where, angles: &[f64]) -> Vec<Step> {
    let mut lowering = Lowering { n, out: Vec::new() };
    lowering.gate(gate, qubits, on, angles);
    lowering.out
}

/// The condition that control qubits make; bit k of `negative` set: control k acts when 0.
pub(crate) fn controls(n: u32, qubits: &[u32], negative: u64) -> Where {
    let mut on = Where::default();
    for (k, &q) in qubits.iter().enumerate() {
        let bit = 1u64 << (n - 1 - q);
        if negative >> k & 1 == 1 { on.zeros |= bit } else { on.ones |= bit }
    }
    on
}

impl Step {
    /// What undoes a unitary step.
    pub(crate) fn inverse(&self) -> Self {
        match self {
            Self::Pair { target, on, matrix: m } => Self::Pair {
                target: *target,
                on: *on,
                matrix: [m[0].conj(), m[2].conj(), m[1].conj(), m[3].conj()],
            },
            Self::Flip { .. } => self.clone(),
            Self::Phase { on, factor } => Self::Phase { on: *on, factor: factor.conj() },
            Self::Dense { targets, on, matrix: m } => {
                let side = m.len().isqrt();
                let matrix = (0..m.len()).map(|i| m[i % side * side + i / side].conj()).collect();
                Self::Dense { targets: targets.clone(), on: *on, matrix }
            }
        }
    }
}

struct Lowering {
    n: u32,
    out: Vec<Step>,
}

impl Lowering {
    fn bit(&self, qubit: u32) -> u32 {
        self.n - 1 - qubit
    }

    fn op(&mut self, segment: &Segment<'_>, op: &Op) {
        let c = segment.circuit;
        match op {
            Op::Gate(g) => {
                let (outer, own) = c.gate_qubits(g).split_at(usize::from(g.n_controls));
                let on = controls(self.n, outer, g.negative);
                let first = g.angles as usize;
                let count = g.gate.row().n_angles as usize;
                self.gate(g.gate, own, on, &segment.angles[first..first + count]);
            }
            Op::Unitary { matrix, qubits, n_controls } => {
                let (outer, own) = c.qubit_range(*qubits).split_at(usize::from(*n_controls));
                self.matrix(own, controls(self.n, outer, 0), &c.matrices[matrix.0 as usize].entries);
            }
            _ => {}
        }
    }

    fn gate(&mut self, gate: Gate, qubits: &[u32], mut on: Where, angles: &[f64]) {
        let row = gate.row();
        if let Some((base, n)) = row.control_of {
            let (controls, own) = qubits.split_at(usize::from(n));
            for &q in controls {
                on.ones |= 1 << self.bit(q);
            }
            return self.gate(base, own, on, angles);
        }
        match gate {
            Gate::X => self.out.push(Step::Flip { target: self.bit(qubits[0]), on }),
            Gate::Swap => {
                let (a, b) = (self.bit(qubits[0]), self.bit(qubits[1]));
                let outer = Where { ones: 1 << a, zeros: 0 };
                self.out.push(Step::Flip { target: b, on: outer });
                self.out.push(Step::Flip { target: a, on: Where { ones: on.ones | 1 << b, ..on } });
                self.out.push(Step::Flip { target: b, on: outer });
            }
            _ => self.matrix(qubits, on, &(row.matrix)(angles)),
        }
    }

    fn matrix(&mut self, qubits: &[u32], on: Where, m: &[Complex64]) {
        let side = 1usize << qubits.len();
        let diagonal = (0..side * side).all(|i| i / side == i % side || m[i] == ZERO);
        if diagonal {
            return self.diagonal(qubits, on, m, side);
        }
        if let [qubit] = *qubits {
            let target = self.bit(qubit);
            if m == [ZERO, ONE, ONE, ZERO] {
                self.out.push(Step::Flip { target, on });
            } else {
                self.out.push(Step::Pair { target, on, matrix: [m[0], m[1], m[2], m[3]] });
            }
            return;
        }
        let targets = qubits.iter().map(|&q| self.bit(q)).collect();
        self.out.push(Step::Dense { targets, on, matrix: m.to_vec() });
    }

    /// One phase for each entry that is not the commonest one, which becomes a phase of all.
    fn diagonal(&mut self, qubits: &[u32], on: Where, m: &[Complex64], side: usize) {
        let entry = |i: usize| m[i * side + i];
        // A Kraus operator may hold a zero there, which nothing can be divided by.
        let common = if entry(0).norm_sqr() < 1e-300 { ONE } else { entry(0) };
        if common != ONE {
            self.out.push(Step::Phase { on, factor: common });
        }
        for i in 0..side {
            let factor = entry(i) * common.conj() / common.norm_sqr();
            if entry(i) == common {
                continue;
            }
            let mut at = on;
            for (k, &q) in qubits.iter().enumerate() {
                let bit = 1 << self.bit(q);
                if i >> (qubits.len() - 1 - k) & 1 == 1 { at.ones |= bit } else { at.zeros |= bit }
            }
            self.out.push(Step::Phase { on: at, factor });
        }
    }
}

//! Circuits by hand and at random.

use num_complex::Complex64;

use crate::circuit::gates::ROWS;
use crate::circuit::{Angle, BitRegister, Circuit, Gate, GateOp, Input, Matrix, MatrixId, Op, QubitRange};
use crate::diagnostic::Span;
use crate::noise::Channel;
use crate::result::{Factor, Observable, ResultRequest, ResultType};
use crate::sample::Rng;

/// A circuit that grows.
pub(super) struct Build {
    pub(super) circuit: Circuit,
}

pub(super) fn observable(factors: &[(Factor, &[u32])]) -> Observable {
    Observable { factors: factors.iter().map(|(f, q)| (f.clone(), q.to_vec())).collect() }
}

impl Build {
    pub(super) fn new(n_qubits: u32) -> Self {
        Self { circuit: Circuit { n_qubits, ..Circuit::default() } }
    }

    pub(super) fn bits(mut self, name: &str, size: u32) -> Self {
        let first = self.circuit.n_bits();
        self.circuit.registers.push(BitRegister { name: name.into(), first, size, visible: true });
        self
    }

    fn range(&mut self, qubits: &[u32]) -> QubitRange {
        let start = self.circuit.qubits.len() as u32;
        self.circuit.qubits.extend_from_slice(qubits);
        QubitRange { start, len: qubits.len() as u32 }
    }

    pub(super) fn op(mut self, op: Op) -> Self {
        let at = self.circuit.ops.ops.len() as u32;
        self.circuit.ops.push(op, Span::new(at, at + 1));
        self
    }

    pub(super) fn gate(self, gate: Gate, qubits: &[u32], angles: &[f64]) -> Self {
        let angles: Vec<Angle> = angles.iter().map(|&a| Angle::Fixed(a)).collect();
        self.controlled(gate, &[], 0, qubits, &angles)
    }

    pub(super) fn controlled(
        mut self,
        gate: Gate,
        controls: &[u32],
        negative: u64,
        qubits: &[u32],
        angles: &[Angle],
    ) -> Self {
        let all = [controls, qubits].concat();
        let qubits = self.range(&all).start;
        let first = self.circuit.angles.len() as u32;
        self.circuit.angles.extend_from_slice(angles);
        let n_controls = controls.len() as u8;
        self.op(Op::Gate(GateOp { gate, n_controls, qubits, angles: first, negative }))
    }

    pub(super) fn unitary(mut self, entries: Vec<Complex64>, qubits: &[u32], n_controls: u8) -> Self {
        let matrix = MatrixId(self.circuit.matrices.len() as u32);
        let n_qubits = qubits.len() as u32 - u32::from(n_controls);
        self.circuit.matrices.push(Matrix { n_qubits, entries });
        let qubits = self.range(qubits);
        self.op(Op::Unitary { matrix, qubits, n_controls })
    }

    pub(super) fn noise(mut self, channel: Channel, qubits: &[u32], params: &[f64]) -> Self {
        let qubits = self.range(qubits).start;
        let first = self.circuit.angles.len() as u32;
        self.circuit.angles.extend(params.iter().map(|&p| Angle::Fixed(p)));
        self.op(Op::Noise { channel, qubits, params: first })
    }

    pub(super) fn kraus(mut self, operators: Vec<Vec<Complex64>>, qubits: &[u32]) -> Self {
        let first = MatrixId(self.circuit.matrices.len() as u32);
        let count = operators.len() as u16;
        for entries in operators {
            self.circuit.matrices.push(Matrix { n_qubits: qubits.len() as u32, entries });
        }
        let qubits = self.range(qubits);
        self.op(Op::Kraus { first, count, qubits })
    }

    pub(super) fn measure(self, qubit: u32, bit: u32) -> Self {
        self.op(Op::Measure { qubit, bit: Some(bit) })
    }

    pub(super) fn input(mut self, name: &str) -> Self {
        self.circuit.inputs.push(Input { name: name.into(), span: Span::default() });
        self
    }

    pub(super) fn ask(mut self, kind: ResultType) -> Self {
        let at = 1000 + self.circuit.results.len() as u32;
        self.circuit.results.push(ResultRequest { kind, span: Span::new(at, at + 1) });
        self
    }

    /// One gate of the table on random qubits, perhaps with controls of both signs.
    pub(super) fn random_gate(self, rng: &mut Rng) -> Self {
        let n = u64::from(self.circuit.n_qubits);
        let row = loop {
            let row = &ROWS[rng.below(ROWS.len() as u64) as usize];
            if u64::from(row.n_qubits) <= n {
                break row;
            }
        };
        let mut qubits: Vec<u32> = (0..n as u32).collect();
        rng.shuffle(&mut qubits);
        let spare = n - u64::from(row.n_qubits);
        let n_controls = if rng.below(3) == 0 { rng.below(spare.min(3) + 1) as usize } else { 0 };
        let (controls, rest) = qubits.split_at(n_controls);
        let angles: Vec<Angle> = (0..row.n_angles).map(|_| Angle::Fixed((rng.unit() - 0.5) * 12.0)).collect();
        let negative = rng.below(1 << n_controls);
        self.controlled(row.gate, controls, negative, &rest[..usize::from(row.n_qubits)], &angles)
    }

    pub(super) fn random_gates(mut self, rng: &mut Rng, count: usize) -> Self {
        for _ in 0..count {
            self = self.random_gate(rng);
        }
        self
    }
}

/// A random unitary: the product of random gates.
pub(super) fn random_unitary(n: u32, rng: &mut Rng) -> Vec<Complex64> {
    crate::engine::reference::matrix(&Build::new(n).random_gates(rng, 12).circuit, &[])
}

/// A random Hermitian matrix on `n` qubits.
pub(super) fn random_hermitian(n: u32, rng: &mut Rng) -> Vec<Complex64> {
    let u = random_unitary(n, rng);
    let side = 1usize << n;
    let values: Vec<f64> = (0..side).map(|_| rng.unit() * 4.0 - 2.0).collect();
    (0..side * side)
        .map(|i| (0..side).map(|k| u[i / side * side + k] * values[k] * u[i % side * side + k].conj()).sum())
        .collect()
}

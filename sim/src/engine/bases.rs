//! Observables as a rotation of some qubits and numbers read off their bits.

use std::f64::consts::FRAC_PI_4;

use num_complex::Complex64;

use crate::circuit::{Angle, Circuit, Gate, GateOp, Matrix, MatrixId, Op, QubitRange};
use crate::diagnostic::Span;
use crate::engine::SimError;
use crate::engine::eigen::diagonalize;
use crate::plan::Segment;
use crate::result::{Factor, Observable, ResultRequest, ResultType};

/// The eigenvalue of one factor by the bits of its qubits.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Reading {
    /// First most significant.
    pub(crate) qubits: Vec<u32>,
    /// One per basis state of those qubits.
    pub(crate) values: Vec<f64>,
}

/// What an observable reads after the rotations; identities read nothing.
pub(crate) type Readings = Vec<Reading>;

/// Rotations into the eigenbases of some observables.
#[derive(Default)]
pub(crate) struct Bases {
    circuit: Circuit,
    /// The factor that owns each qubit, with its qubits.
    owners: Vec<Option<(Factor, Vec<u32>)>>,
}

/// The first qubit that two results want in different bases, and the second of them.
pub(crate) fn conflict(n: u32, requests: &[ResultRequest]) -> Option<(u32, Span)> {
    let mut bases = Bases::new(n);
    requests.iter().find_map(|ResultRequest { kind, span }| {
        let claimed = match kind {
            ResultType::Probability(targets) => {
                let all: Vec<u32>;
                let targets = match targets {
                    Some(targets) => targets,
                    None => {
                        all = (0..n).collect();
                        &all
                    }
                };
                bases.add_plain(targets, *span)
            }
            ResultType::Expectation(o) | ResultType::Variance(o) | ResultType::Sample(o) => {
                bases.claim_all(o, *span)
            }
            _ => Ok(()),
        };
        match claimed {
            Err(SimError::Conflict { qubit, span }) => Some((qubit, span)),
            _ => None,
        }
    })
}

impl Bases {
    /// No rotation of `n` qubits yet.
    pub(crate) fn new(n: u32) -> Self {
        Self { circuit: Circuit { n_qubits: n, ..Circuit::default() }, owners: vec![None; n as usize] }
    }

    /// Asks for the eigenbasis of an observable and says how to read it.
    ///
    /// # Errors
    /// Conflict when a qubit already has another basis.
    pub(crate) fn add(&mut self, observable: &Observable, span: Span) -> Result<Readings, SimError> {
        let mut readings = Vec::new();
        for (factor, qubits) in &observable.factors {
            if *factor == Factor::I {
                continue;
            }
            let fresh = self.claim(factor, qubits, span)?;
            let mut values = vec![1.0, -1.0];
            if let Factor::Hermitian(m) = factor {
                let (eigenvalues, unitary) = diagonalize(m);
                values = eigenvalues;
                if fresh {
                    self.unitary(qubits, unitary);
                }
            } else if fresh {
                self.pauli(factor, qubits[0]);
            }
            readings.push(Reading { qubits: qubits.clone(), values });
        }
        Ok(readings)
    }

    /// Asks to read qubits as they are.
    pub(crate) fn add_plain(&mut self, qubits: &[u32], span: Span) -> Result<(), SimError> {
        qubits.iter().try_for_each(|&q| self.claim(&Factor::Z, &[q], span).map(|_| ()))
    }

    /// Asks for an eigenbasis without computing how to rotate into it.
    fn claim_all(&mut self, observable: &Observable, span: Span) -> Result<(), SimError> {
        let factors = observable.factors.iter().filter(|(factor, _)| *factor != Factor::I);
        factors.into_iter().try_for_each(|(factor, qubits)| self.claim(factor, qubits, span).map(|_| ()))
    }

    /// Whether the factor is the first to own these qubits.
    fn claim(&mut self, factor: &Factor, qubits: &[u32], span: Span) -> Result<bool, SimError> {
        let mut fresh = true;
        for &qubit in qubits {
            match &self.owners[qubit as usize] {
                None => self.owners[qubit as usize] = Some((factor.clone(), qubits.to_vec())),
                Some((f, q)) if f == factor && q == qubits => fresh = false,
                Some(_) => return Err(SimError::Conflict { qubit, span }),
            }
        }
        Ok(fresh)
    }

    fn gate(&mut self, gate: Gate, qubit: u32, angle: Option<f64>) {
        let c = &mut self.circuit;
        let (qubits, angles) = (c.qubits.len() as u32, c.angles.len() as u32);
        c.qubits.push(qubit);
        c.angles.extend(angle.map(Angle::Fixed));
        c.ops.push(Op::Gate(GateOp { gate, n_controls: 0, qubits, angles, negative: 0 }), Span::default());
    }

    fn pauli(&mut self, factor: &Factor, qubit: u32) {
        match factor {
            Factor::X => self.gate(Gate::H, qubit, None),
            Factor::Y => {
                self.gate(Gate::Si, qubit, None);
                self.gate(Gate::H, qubit, None);
            }
            // H = Ry(pi/4) Z Ry(-pi/4).
            Factor::H => self.gate(Gate::Ry, qubit, Some(-FRAC_PI_4)),
            Factor::I | Factor::Z | Factor::Hermitian(_) => {}
        }
    }

    fn unitary(&mut self, qubits: &[u32], entries: Vec<Complex64>) {
        let c = &mut self.circuit;
        let range = QubitRange { start: c.qubits.len() as u32, len: qubits.len() as u32 };
        c.qubits.extend_from_slice(qubits);
        let matrix = MatrixId(c.matrices.len() as u32);
        c.matrices.push(Matrix { n_qubits: range.len, entries });
        c.ops.push(Op::Unitary { matrix, qubits: range, n_controls: 0 }, Span::default());
    }

    /// Whether nothing is to be rotated.
    pub(crate) fn is_plain(&self) -> bool {
        self.circuit.ops.ops.is_empty()
    }

    /// Hands the rotations to `f` as a segment.
    pub(crate) fn with_segment<T>(&self, f: impl FnOnce(&Segment<'_>) -> T) -> T {
        let angles: Vec<f64> =
            self.circuit.angles.iter().map(|a| if let Angle::Fixed(x) = a { *x } else { 0.0 }).collect();
        f(&Segment {
            circuit: &self.circuit,
            ops: &self.circuit.ops.ops,
            spans: &self.circuit.ops.spans,
            angles: &angles,
        })
    }
}

/// The eigenvalue that some bits give.
pub(crate) fn read(readings: &Readings, bit: impl Fn(u32) -> bool) -> f64 {
    readings.iter().map(|r| r.values[r.qubits.iter().fold(0, |a, &q| a << 1 | usize::from(bit(q)))]).product()
}

//! Writes the channels of a noise model into a circuit.

use num_complex::Complex64;

use super::{Added, GateRule, IdleRule, NoiseModel, NoiseModelError, UNITARY, depolarizing_of};
use crate::circuit::{Angle, Block, Circuit, Gate, Matrix, MatrixId, Op, QubitRange};
use crate::diagnostic::Span;
use crate::noise::Channel;

/// Operations that a circuit may grow to.
const MOST_OPS: usize = 50_000_000;
/// Decay weaker than this is left out.
const TINY: f64 = 1e-15;

impl NoiseModel {
    /// The same circuit with noise: channels behind gates, before measurements, and on qubits that
    /// wait for others. A circuit that measures nothing is read at its end, and so its wrong
    /// readings come there.
    ///
    /// # Errors
    /// Those of [`NoiseModel::check`]; Size where the result would be too large.
    pub fn apply(&self, circuit: &Circuit) -> Result<Circuit, NoiseModelError> {
        self.check()?;
        let mut out = circuit.clone();
        let mut measured = false;
        circuit.walk(&mut |op, _| measured |= matches!(op, Op::Measure { .. }));
        let mut pass = Pass { model: self, out: &mut out, ops: 0 };
        let blocks = circuit.blocks.iter().map(|b| pass.block(b)).collect::<Result<Vec<_>, _>>()?;
        let mut ops = pass.block(&circuit.ops)?;
        if !measured {
            let span = circuit.ops.spans.last().copied().unwrap_or_default();
            for qubit in 0..circuit.n_qubits {
                pass.readout(qubit, span, &mut ops);
            }
        }
        (out.blocks, out.ops) = (blocks, ops);
        Ok(out)
    }
}

struct Pass<'a> {
    model: &'a NoiseModel,
    out: &'a mut Circuit,
    ops: usize,
}

impl Pass<'_> {
    fn block(&mut self, block: &Block) -> Result<Block, NoiseModelError> {
        let mut out = Block::default();
        // The layer of gates after which each qubit is free.
        let mut busy = vec![0u64; self.out.n_qubits as usize];
        for (op, span) in block.iter() {
            match op {
                Op::Gate(_) | Op::Unitary { .. } => {
                    let qubits = self.out.op_qubits(op).to_vec();
                    self.meet(&qubits, &mut busy, 1, span, &mut out);
                    out.push(*op, span);
                    self.behind(op, &qubits, span, &mut out);
                }
                Op::Measure { qubit, .. } => {
                    self.readout(*qubit, span, &mut out);
                    out.push(*op, span);
                }
                Op::Barrier { qubits } => {
                    let qubits = self.listed(*qubits);
                    self.meet(&qubits, &mut busy, 0, span, &mut out);
                    out.push(*op, span);
                }
                Op::Delay { qubits, seconds } => {
                    out.push(*op, span);
                    if let Some(&Angle::Fixed(seconds)) = self.out.angles.get(*seconds as usize) {
                        for qubit in self.listed(*qubits) {
                            self.wait(qubit, |_| seconds, span, &mut out);
                        }
                    }
                }
                _ => out.push(*op, span),
            }
            self.ops += 1;
            if self.ops + out.ops.len() > MOST_OPS {
                return Err(NoiseModelError::Size { limit: MOST_OPS });
            }
        }
        Ok(out)
    }

    fn listed(&self, range: QubitRange) -> Vec<u32> {
        match range.len {
            0 => (0..self.out.n_qubits).collect(),
            _ => self.out.qubit_range(range).to_vec(),
        }
    }

    /// Lets qubits wait for the last of them, then keeps them busy for some layers.
    fn meet(&mut self, qubits: &[u32], busy: &mut [u64], layers: u64, span: Span, out: &mut Block) {
        let start = qubits.iter().map(|&q| busy[q as usize]).max().unwrap_or(0);
        for &q in qubits {
            let waited = start - busy[q as usize];
            if waited > 0 {
                self.wait(q, |rule| rule.layer * waited as f64, span, out);
            }
            busy[q as usize] = start + layers;
        }
    }

    /// Decay of a qubit during a time.
    fn wait(&mut self, qubit: u32, seconds: impl Fn(&IdleRule) -> f64, span: Span, out: &mut Block) {
        for rule in self.model.idle.iter().filter(|r| r.qubits.is_empty() || r.qubits.contains(&qubit)) {
            let seconds = seconds(rule);
            let decay = 1.0 - (-seconds / rule.t1).exp();
            // What the loss of the excited state leaves of the loss of coherence.
            let rate = (1.0 / rule.t2 - 0.5 / rule.t1).max(0.0);
            let flip = 0.5 * (1.0 - (-seconds * rate).exp());
            for (channel, p) in [(Channel::AmplitudeDamping, decay), (Channel::PhaseFlip, flip)] {
                if p > TINY {
                    self.named(channel, &[qubit], &[p], span, out);
                }
            }
        }
    }

    fn readout(&mut self, qubit: u32, span: Span, out: &mut Block) {
        for rule in self.model.readout.iter().filter(|r| r.qubits.is_empty() || r.qubits.contains(&qubit)) {
            let (up, down) = (rule.one_of_zero, rule.zero_of_one);
            if up == down && up <= 0.5 {
                if up > 0.0 {
                    self.named(Channel::BitFlip, &[qubit], &[up], span, out);
                }
                continue;
            }
            // From basis state to basis state, nothing between: the measurement would destroy it.
            let entries = [(0, 1.0 - up), (2, up), (1, down), (3, 1.0 - down)];
            let operators = entries.map(|(at, p)| {
                let mut m = vec![Complex64::default(); 4];
                m[at] = Complex64::new(p.sqrt(), 0.0);
                m
            });
            self.kraus(&operators, &[qubit], span, out);
        }
    }

    fn behind(&mut self, op: &Op, qubits: &[u32], span: Span, out: &mut Block) {
        for (at, rule) in self.model.gate.iter().enumerate() {
            if !rule.takes(op, qubits) {
                continue;
            }
            match rule.added(at + 1) {
                Ok(Added::Fidelity(fidelity)) => self.depolarize(qubits, fidelity, span, out),
                Ok(Added::Named(channel)) => {
                    let k = usize::from(channel.row().n_qubits);
                    if k == 1 {
                        qubits.iter().for_each(|&q| self.named(channel, &[q], &rule.p, span, out));
                    } else {
                        qubits.windows(k).for_each(|w| self.named(channel, w, &rule.p, span, out));
                    }
                }
                Err(_) => {}
            }
        }
    }

    /// Depolarizing of one or two qubits; of more, on each pair of neighbours in the list.
    fn depolarize(&mut self, qubits: &[u32], fidelity: f64, span: Span, out: &mut Block) {
        if let [_] = qubits {
            let p = depolarizing_of(fidelity, 1).min(0.75);
            return self.named(Channel::Depolarizing, qubits, &[p], span, out);
        }
        let p = depolarizing_of(fidelity, 2).min(15.0 / 16.0);
        qubits.windows(2).for_each(|w| self.named(Channel::TwoQubitDepolarizing, w, &[p], span, out));
    }

    fn named(&mut self, channel: Channel, qubits: &[u32], p: &[f64], span: Span, out: &mut Block) {
        let (first, params) = (self.out.qubits.len() as u32, self.out.angles.len() as u32);
        self.out.qubits.extend_from_slice(qubits);
        self.out.angles.extend(p.iter().map(|&p| Angle::Fixed(p)));
        out.push(Op::Noise { channel, qubits: first, params }, span);
    }

    fn kraus(&mut self, operators: &[Vec<Complex64>], qubits: &[u32], span: Span, out: &mut Block) {
        let start = self.out.qubits.len() as u32;
        self.out.qubits.extend_from_slice(qubits);
        let first = MatrixId(self.out.matrices.len() as u32);
        let n_qubits = qubits.len() as u32;
        let matrices = operators.iter().map(|entries| Matrix { n_qubits, entries: entries.clone() });
        self.out.matrices.extend(matrices);
        let (count, qubits) = (operators.len() as u16, QubitRange { start, len: n_qubits });
        out.push(Op::Kraus { first, count, qubits }, span);
    }
}

impl GateRule {
    fn takes(&self, op: &Op, qubits: &[u32]) -> bool {
        let is = |name: &String| match op {
            Op::Gate(g) => g.n_controls == 0 && Gate::named(name) == Some(g.gate),
            _ => name == UNITARY,
        };
        let same = |list: &Vec<u32>| list.len() == qubits.len() && list.iter().all(|q| qubits.contains(q));
        !qubits.is_empty()
            && (self.names.is_empty() || self.names.iter().any(is))
            && !self.except.iter().any(is)
            && self.on.is_none_or(|k| k == qubits.len())
            && (self.qubits.is_empty() || self.qubits.iter().any(same))
    }
}

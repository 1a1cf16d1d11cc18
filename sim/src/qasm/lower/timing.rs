//! Delays, boxes and how long statements last: gates take no time here, as only a device knows theirs.

use std::collections::BTreeMap;

use super::scope::Term;
use super::{Lowered, Lowering, number};
use crate::circuit::classical::Value;
use crate::circuit::{Angle, Block, BlockId, Op};
use crate::diagnostic::Span;
use crate::qasm::ast::{Expr, Stmt};

/// Durations are counted in these, so that sums and multiples of the units that people write are whole
/// numbers and compare exactly. Units: per second.
const FEMTO: f64 = 1e15;

/// Seconds as the value of a duration.
pub(super) fn femtoseconds(seconds: f64) -> f64 {
    let count = seconds * FEMTO;
    // Beyond this not every whole number is a double, and below one there is none.
    if (1.0..9e15).contains(&count) { count.round() } else { count }
}

impl Lowering<'_> {
    pub(super) fn delay(&mut self, time: &Expr, operands: &[Expr], span: Span) -> Lowered<()> {
        let time = self.duration(time)?;
        let mut all = Vec::new();
        for operand in operands {
            all.extend(self.qubits(operand)?.list);
        }
        self.count(1 + all.len() as u64 / 16, span)?;
        let time = match time {
            // A quotient is rounded once, a product with the inverse twice.
            Term::Known(Value::Float(x)) => Term::Known(Value::Float(x / FEMTO)),
            time => self.scaled(time, 1.0 / FEMTO, span)?,
        };
        let angle = self.angle(time);
        self.circuit.angles.push(angle);
        let seconds = self.circuit.angles.len() as u32 - 1;
        let qubits = self.range(&all);
        self.push(Op::Delay { qubits, seconds }, span);
        Ok(())
    }

    /// How long something takes: below 0 is no time.
    pub(super) fn duration(&mut self, time: &Expr) -> Lowered<Term> {
        let value = self.value(time)?;
        match number(value) {
            Some(seconds) if seconds < 0.0 => {
                self.error("SB5022", time.span, "a duration here cannot be negative", "write 0 or more")
            }
            _ => Ok(value),
        }
    }

    /// `durationof({ … })`: what its delays take, one after the other on each qubit.
    pub(super) fn duration_of(&mut self, body: &[Stmt], span: Span) -> Lowered<Term> {
        self.blocks.push(Block::default());
        let _flow = self.block(body);
        let block = self.blocks.pop().unwrap_or_default();
        let mut clock = Clock::default();
        match self.last(&block, &mut clock) {
            Some(()) => Ok(Term::Known(Value::Float(femtoseconds(clock.latest())))),
            None => self.error(
                "SB5032",
                span,
                "how long this takes is known at run time alone",
                "give delays of fixed length, without conditions",
            ),
        }
    }

    fn last(&self, block: &Block, clock: &mut Clock) -> Option<()> {
        for op in &block.ops {
            match *op {
                Op::Delay { qubits, seconds } => {
                    let Angle::Fixed(seconds) = self.circuit.angles[seconds as usize] else { return None };
                    clock.wait(self.circuit.qubit_range(qubits), seconds);
                }
                Op::Barrier { qubits } => clock.meet(self.circuit.qubit_range(qubits)),
                Op::Box { body: BlockId(body), .. } => {
                    self.last(&self.circuit.blocks[body as usize], clock)?;
                }
                Op::If { .. } | Op::While { .. } | Op::Break | Op::Continue | Op::End => return None,
                Op::Gate(_)
                | Op::Unitary { .. }
                | Op::Measure { .. }
                | Op::Reset { .. }
                | Op::Noise { .. }
                | Op::Kraus { .. }
                | Op::Assign { .. } => {}
            }
        }
        Some(())
    }
}

/// The time of each qubit. Units: seconds.
#[derive(Default)]
struct Clock {
    /// All qubits that have no time of their own.
    rest: f64,
    own: BTreeMap<u32, f64>,
}

impl Clock {
    fn latest(&self) -> f64 {
        self.own.values().fold(self.rest, |a, &b| a.max(b))
    }

    /// No qubits means all.
    fn wait(&mut self, qubits: &[u32], seconds: f64) {
        if qubits.is_empty() {
            self.rest += seconds;
            self.own.values_mut().for_each(|t| *t += seconds);
        }
        for &qubit in qubits {
            *self.own.entry(qubit).or_insert(self.rest) += seconds;
        }
    }

    fn meet(&mut self, qubits: &[u32]) {
        if qubits.is_empty() {
            self.rest = self.latest();
            self.own.clear();
            return;
        }
        let time = |clock: &Self, q: &u32| clock.own.get(q).copied().unwrap_or(clock.rest);
        let latest = qubits.iter().map(|q| time(self, q)).fold(0.0, f64::max);
        self.own.extend(qubits.iter().map(|&q| (q, latest)));
    }
}

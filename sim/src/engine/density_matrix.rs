//! All of a mixed state: noise, measurement and reset without any choice at random.
//!
//! Maps of one qubit wait until the qubit meets another one or is read, so that a gate with its
//! channels costs nothing of its own: they are multiplied together and applied in the pass of the
//! next larger operation.

use std::sync::{Arc, Mutex, PoisonError};

use num_complex::Complex64;
use smallvec::SmallVec;

use crate::circuit::{BitString, Op};
use crate::engine::coefficients::{self, Coefficients, insert_zeros, offsets};
use crate::engine::kernels::Cpu;
use crate::engine::kernels::mix::Map;
use crate::engine::model::{Action, Engine, Kraus, Weights};
use crate::engine::{Options, SimError, transfer};
use crate::pauli::{Pauli, PauliString, PauliSum};
use crate::plan::Segment;
use crate::sample::{self, Rising, Rng, Rows};

/// Operations on more qubits are applied to matrices, not to coefficients.
const TABLE_QUBITS: usize = 3;
/// What resetting a qubit does to its coefficients.
const RESET: [f64; 16] = [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0];

/// The engine for a number of qubits.
pub(crate) struct DensityMatrix {
    n: u32,
    cpu: Cpu,
    threads: usize,
    /// Tables that were made lately: circuits repeat few gates and channels many times.
    tables: Mutex<Vec<Known>>,
}

/// A table with what it was made from: numbers, and qubits or masks.
struct Known {
    from: Vec<Complex64>,
    how: [usize; 4],
    table: Arc<[f64]>,
}

/// Tables that are kept.
const KNOWN: usize = 64;

/// Units: bytes for `n` qubits when the widest operation has `widest` of them; saturates.
pub(crate) fn bytes(n: u32, widest: u32) -> u64 {
    // A wide operation unpacks its qubits into complex matrices: one in two orders, and a row.
    let unpacked =
        if widest as usize > TABLE_QUBITS { coefficients::bytes(widest).saturating_mul(6) } else { 0 };
    coefficients::bytes(n).saturating_add(unpacked)
}

/// A mixed state, and the maps of single qubits that still wait.
#[derive(Clone)]
pub(crate) struct Mixed {
    all: Coefficients,
    pending: Vec<Option<[f64; 16]>>,
    /// Maps of two or three rising qubits that wait for more of the same: they come before what is
    /// pending on these qubits.
    held: (SmallVec<[u32; 3]>, Vec<Map>),
}

/// A unitary operation in the form of this engine.
pub(crate) enum Step {
    /// On one qubit.
    One(u32, [f64; 16]),
    /// On two or three, rising.
    Few(SmallVec<[u32; 3]>, Map),
    /// On many: controls with the value they want, the others, and their matrix.
    Many { controls: Vec<(u32, bool)>, own: Vec<u32>, matrix: Vec<Complex64> },
}

impl DensityMatrix {
    pub(crate) fn new(n: u32, cpu: Cpu, threads: usize) -> Self {
        Self { n, cpu, threads, tables: Mutex::default() }
    }

    fn step(&self, segment: &Segment<'_>, op: &Op) -> Option<Step> {
        let c = segment.circuit;
        let (qubits, n_controls, negative, matrix) = match op {
            Op::Gate(g) => {
                let first = g.angles as usize;
                let row = g.gate.row();
                let matrix = (row.matrix)(&segment.angles[first..first + usize::from(row.n_angles)]);
                (c.gate_qubits(g), g.n_controls, g.negative, matrix)
            }
            Op::Unitary { matrix, qubits, n_controls } => {
                (c.qubit_range(*qubits), *n_controls, 0, c.matrices[matrix.0 as usize].entries.clone())
            }
            _ => return None,
        };
        let (controls, own) = qubits.split_at(usize::from(n_controls));
        let wanted = controls.iter().enumerate().map(|(k, &q)| (q, negative >> k & 1 == 0));
        if qubits.is_empty() {
            return None;
        }
        if qubits.len() > TABLE_QUBITS {
            return Some(Step::Many { controls: wanted.collect(), own: own.to_vec(), matrix });
        }
        let place = |q: u32| (qubits.len() - 1 - qubits.iter().position(|&p| p == q).unwrap_or(0)) as u32;
        let bits: SmallVec<[u32; 3]> = own.iter().map(|&q| place(q)).collect();
        let (ones, zeros) = masks(wanted, place);
        let make =
            || transfer::table(qubits.len(), |rho| transfer::sandwich(rho, &matrix, &bits, ones, zeros));
        let k = qubits.len();
        if k == 1 {
            return Some(from_table(qubits, &make()));
        }
        let table = self.known(&[matrix.as_slice()], [k, own.len(), ones, zeros], make);
        Some(from_table(qubits, &table))
    }

    /// A table from the last ones, or a new one.
    fn known(&self, from: &[&[Complex64]], how: [usize; 4], make: impl FnOnce() -> Vec<f64>) -> Arc<[f64]> {
        let from = from.concat();
        let mut known = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.iter().find(|k| k.how == how && k.from == from) {
            return Arc::clone(&found.table);
        }
        let table: Arc<[f64]> = make().into();
        if known.len() == KNOWN {
            known.remove(0);
        }
        known.push(Known { from, how, table: Arc::clone(&table) });
        table
    }

    fn index(&self, string: &PauliString) -> usize {
        string.iter().fold(0, |at, &(q, letter)| {
            let digit = match letter {
                Pauli::X => 1,
                Pauli::Y => 2,
                Pauli::Z => 3,
            };
            at | digit << (2 * (self.n - 1 - q))
        })
    }

    /// Probability that a qubit is measured as 0.
    fn chance_of_zero(&self, state: &Mixed, qubit: u32) -> f64 {
        let stride = state.all.stride(qubit);
        let z = match &state.pending[qubit as usize] {
            None => state.all.values[3 * stride],
            Some(m) => (0..4).map(|d| m[12 + d] * state.all.values[d * stride]).sum(),
        };
        f64::midpoint(1.0, z).clamp(0.0, 1.0)
    }

    fn apply(&self, state: &mut Mixed, step: &Step) {
        match step {
            Step::One(q, m) => state.wait(*q, m),
            Step::Few(qubits, map) => state.hold(qubits, map),
            Step::Many { controls, own, matrix } => {
                let qubits: Vec<u32> = controls.iter().map(|c| c.0).chain(own.iter().copied()).collect();
                let place =
                    |q: u32| (qubits.len() - 1 - qubits.iter().position(|&p| p == q).unwrap_or(0)) as u32;
                let (ones, zeros) = masks(controls.iter().copied(), place);
                let bits: Vec<u32> = own.iter().map(|&q| place(q)).collect();
                state.unpacked(&qubits, |rho| {
                    transfer::sandwich(rho, matrix, &bits, ones, zeros);
                });
            }
        }
    }

    fn channel(&self, state: &mut Mixed, kraus: &Kraus) {
        let k = kraus.qubits.len();
        if k <= TABLE_QUBITS {
            let operators: Vec<&[Complex64]> = kraus.operators.iter().map(Vec::as_slice).collect();
            let how = [k, kraus.operators.len(), usize::MAX, 0];
            let table = self.known(&operators, how, || transfer::of_channel(k, &kraus.operators));
            return self.apply(state, &from_table(&kraus.qubits, &table));
        }
        let bits: Vec<u32> = (0..k as u32).rev().collect();
        state.unpacked(&kraus.qubits, |rho| *rho = transfer::channel(rho, &kraus.operators, &bits));
    }
}

/// Index bits that must be 1 and those that must be 0.
fn masks(controls: impl Iterator<Item = (u32, bool)>, place: impl Fn(u32) -> u32) -> (usize, usize) {
    controls.fold((0, 0), |(ones, zeros), (q, wanted)| {
        let bit = 1 << place(q);
        if wanted { (ones | bit, zeros) } else { (ones, zeros | bit) }
    })
}

/// The step of a table on qubits in any order.
fn from_table(qubits: &[u32], table: &[f64]) -> Step {
    let mut order: SmallVec<[usize; 3]> = (0..qubits.len()).collect();
    order.sort_by_key(|&i| qubits[i]);
    let rising = order.iter().map(|&i| qubits[i]).collect();
    match transfer::map(&transfer::reorder(table, &order)) {
        Map::Digit(_, m) => Step::One(qubits[0], m),
        map => Step::Few(rising, map),
    }
}

impl Mixed {
    /// Puts a map of one qubit behind those that wait; it must keep the trace.
    fn wait(&mut self, qubit: u32, m: &[f64; 16]) {
        let slot = &mut self.pending[qubit as usize];
        *slot = Some(slot.as_ref().map_or(*m, |first| transfer::after(m, first)));
    }

    /// Puts a map of rising qubits behind all that waits on them.
    fn hold(&mut self, qubits: &[u32], map: &Map) {
        if self.held.0.as_slice() != qubits {
            self.release();
            self.held.0 = qubits.into();
        }
        let pending = &mut self.pending;
        let waiting = qubits.iter().enumerate();
        let waiting =
            waiting.filter_map(|(digit, &q)| pending[q as usize].take().map(|m| Map::Digit(digit, m)));
        self.held.1.extend(waiting);
        self.held.1.push(map.clone());
    }

    /// Applies what is held, in one pass.
    fn release(&mut self) {
        if !self.held.1.is_empty() {
            self.all.map(&self.held.0, &self.held.1);
            self.held.1.clear();
        }
        self.held.0.clear();
    }

    /// Applies what waits on at most three rising qubits.
    fn flush(&mut self, qubits: &[u32]) {
        self.release();
        let waiting = qubits.iter().enumerate();
        let maps: Vec<Map> = waiting
            .filter_map(|(digit, &q)| self.pending[q as usize].take().map(|m| Map::Digit(digit, m)))
            .collect();
        if !maps.is_empty() {
            self.all.map(qubits, &maps);
        }
    }

    /// Applies everything that waits, three qubits a pass.
    fn flush_all(&mut self) {
        self.release();
        let waiting: Vec<u32> = (0..self.all.n).filter(|&q| self.pending[q as usize].is_some()).collect();
        waiting.chunks(TABLE_QUBITS).for_each(|some| self.flush(some));
    }

    /// Works on the matrices that many qubits, in this order, have for each string of the others.
    fn unpacked(&mut self, qubits: &[u32], mut work: impl FnMut(&mut Vec<Complex64>)) {
        self.flush_all();
        let strides: Vec<usize> = qubits.iter().map(|&q| self.all.stride(q)).collect();
        let at = offsets(&strides);
        let mut falling = strides;
        falling.sort_unstable_by(|a, b| b.cmp(a));
        let mut part = vec![0.0; at.len()];
        for group in 0..self.all.values.len() / at.len() {
            let base = insert_zeros(group, &falling);
            for (to, offset) in part.iter_mut().zip(&at) {
                *to = self.all.values[base + offset];
            }
            let mut rho = transfer::to_matrix(&part);
            work(&mut rho);
            for (from, offset) in transfer::from_matrix(&rho).into_iter().zip(&at) {
                self.all.values[base + offset] = from;
            }
        }
    }
}

impl Engine for DensityMatrix {
    type State = Mixed;
    type Plan = Vec<Step>;
    const NAME: &'static str = "density-matrix";

    fn state_bytes(&self) -> u64 {
        coefficients::bytes(self.n)
    }

    fn plan(&self, segment: &Segment<'_>) -> Result<Vec<Step>, SimError> {
        Ok(segment.ops.iter().filter_map(|op| self.step(segment, op)).collect())
    }

    fn zero(&self) -> Mixed {
        let all = Coefficients::zero(self.n, self.cpu, self.threads);
        Mixed { all, pending: vec![None; self.n as usize], held: (SmallVec::new(), Vec::new()) }
    }

    fn copy(&self, state: &Mixed) -> Mixed {
        state.clone()
    }

    fn evolve(&self, state: &mut Mixed, plan: &Vec<Step>, options: &Options<'_>) -> Result<(), SimError> {
        for step in plan {
            self.apply(state, step);
            if self.n > 8 && options.stopped() {
                return Err(SimError::Stopped);
            }
        }
        Ok(())
    }

    fn weigh(&self, state: &mut Mixed, action: &Action) -> Weights {
        match action {
            Action::Measure(q) => {
                state.release();
                let zero = self.chance_of_zero(state, *q);
                [zero, 1.0 - zero].into_iter().collect()
            }
            Action::Reset(_) | Action::Channel(_) => [1.0].into_iter().collect(),
        }
    }

    fn act(&self, state: &mut Mixed, action: &Action, outcome: usize, weight: f64) {
        match action {
            Action::Measure(q) => {
                let half = 0.5 / weight;
                let cross = if outcome == 0 { half } else { -half };
                let mut project = [0.0; 16];
                [project[0], project[3], project[12], project[15]] = [half, cross, cross, half];
                // Not kept waiting: it changes what other qubits' coefficients mean.
                state.wait(*q, &project);
                state.flush(&[*q]);
            }
            Action::Reset(q) => state.wait(*q, &RESET),
            Action::Channel(kraus) => self.channel(state, kraus),
        }
    }

    fn settle(&self, state: &mut Mixed) {
        state.flush_all();
    }

    fn sample(&self, state: &Mixed, qubits: &[u32], shots: u64, rng: &mut Rng) -> Rows {
        let p = self.probabilities(state, qubits);
        let last = p.iter().rposition(|&x| x > 0.0).unwrap_or(0);
        let mut rising = Rising::new(rng, shots, p.iter().sum());
        let mut rows = Rows::new(qubits.len());
        let mut row = vec![0; rows.words];
        let (mut left, mut next, mut reached) = (shots, rising.next(), 0.0);
        for (outcome, weight) in p.iter().enumerate() {
            reached += weight;
            let mut count = 0;
            while left > 0 && (next < reached || outcome == last) {
                count += 1;
                left -= 1;
                next = rising.next();
            }
            if count > 0 {
                row.fill(0);
                for at in 0..qubits.len() {
                    sample::set(&mut row, at, outcome >> (qubits.len() - 1 - at) & 1 == 1);
                }
                rows.push(&row, count);
            }
        }
        rows.tidy();
        rows
    }

    fn probabilities(&self, state: &Mixed, qubits: &[u32]) -> Vec<f64> {
        let strides: Vec<usize> = qubits.iter().map(|&q| 3 * state.all.stride(q)).collect();
        let mut p: Vec<f64> = strides
            .iter()
            .fold(vec![0], |all, s| all.iter().flat_map(|a| [*a, a + s]).collect())
            .into_iter()
            .map(|at| state.all.values[at])
            .collect();
        let scale = 1.0 / p.len() as f64;
        let mut half = 1;
        while half < p.len() {
            for block in p.chunks_exact_mut(2 * half) {
                let (low, high) = block.split_at_mut(half);
                for (a, b) in low.iter_mut().zip(high) {
                    (*a, *b) = (*a + *b, *a - *b);
                }
            }
            half *= 2;
        }
        p.iter_mut().for_each(|x| *x = (*x * scale).max(0.0));
        p
    }

    fn means(&self, state: &Mixed, sums: &[&PauliSum]) -> Vec<f64> {
        let mean = |(weight, string): &(f64, PauliString)| weight * state.all.values[self.index(string)];
        sums.iter().map(|sum| sum.terms.iter().map(mean).sum()).collect()
    }

    fn density(&self, state: &Mixed, qubits: &[u32]) -> Vec<Complex64> {
        let strides: Vec<usize> = qubits.iter().map(|&q| state.all.stride(q)).collect();
        let own: Vec<f64> = offsets(&strides).into_iter().map(|at| state.all.values[at]).collect();
        let scale = 1.0 / (1u64 << qubits.len()) as f64;
        transfer::to_matrix(&own).into_iter().map(|z| z * scale).collect()
    }

    fn amplitudes(&self, _state: &Mixed) -> Option<Vec<Complex64>> {
        None
    }

    fn amplitude(&self, _state: &Mixed, _basis: &BitString) -> Option<Complex64> {
        None
    }
}

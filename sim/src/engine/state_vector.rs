//! All amplitudes of a pure state; with random choices of Kraus operators, also of trajectories.

use std::marker::PhantomData;

use num_complex::Complex64;

use crate::circuit::BitString;
use crate::engine::amplitudes::{self, Amplitudes};
use crate::engine::gradient;
use crate::engine::kernels::{Cpu, Real, Weighed};
use crate::engine::model::{Action, Engine, Kraus, Weights};
use crate::engine::{Options, SimError};
use crate::pauli::{Pauli, PauliString, PauliSum};
use crate::plan::stage::{self, Stage};
use crate::plan::step::{self, Step, Where};
use crate::plan::{Segment, fuse};
use crate::sample::{Rng, Rows};

/// The engine for a number of qubits.
pub(crate) struct StateVector<F = f64> {
    pub(crate) n: u32,
    pub(crate) cpu: Cpu,
    /// Threads for one state.
    pub(crate) threads: usize,
    /// The precision of its amplitudes.
    pub(crate) of: PhantomData<F>,
}

/// Registers smaller than this are done before a plan would be made. Units: bits.
const PLANNED_FROM: u32 = 9;

/// Unitary operations, ordered or as they come.
pub(crate) enum Plan {
    Steps(Vec<Step>),
    Stages(Vec<Stage>),
}

impl<F: Real> StateVector<F> {
    fn bit(&self, qubit: u32) -> u32 {
        self.n - 1 - qubit
    }

    fn bits(&self, qubits: &[u32]) -> Vec<u32> {
        qubits.iter().map(|&q| self.bit(q)).collect()
    }

    /// Strings that flip the same bits share one reading of the state.
    fn mean(&self, state: &Amplitudes<F>, sum: &PauliSum) -> f64 {
        let mut strings: Vec<(u64, Weighed)> = sum
            .terms
            .iter()
            .map(|(weight, string)| {
                let (x, z, y) = masks(self.n, string);
                let re = weight * real_of_turned(Complex64::new(1.0, 0.0), y);
                let im = weight * real_of_turned(Complex64::new(0.0, 1.0), y);
                (x, Weighed { z, re, im })
            })
            .collect();
        strings.sort_by_key(|s| (s.0, s.1.z));
        strings
            .chunk_by(|a, b| a.0 == b.0)
            .map(|group| {
                let terms: Vec<Weighed> = group.iter().map(|s| s.1).collect();
                state.weighed(group[0].0, &terms, self.threads)
            })
            .sum()
    }

    fn weigh_channel(&self, state: &Amplitudes<F>, kraus: &Kraus) -> Weights {
        if let Some(known) = &kraus.mixture {
            return known.clone();
        }
        let rho = state.reduced(&self.bits(&kraus.qubits));
        let side = rho.len().isqrt();
        kraus
            .operators
            .iter()
            .map(|k| {
                (0..side)
                    .flat_map(|r| (0..side * side).map(move |i| (r, i / side, i % side)))
                    .map(|(r, a, b)| (k[r * side + a] * rho[a * side + b] * k[r * side + b].conj()).re)
                    .sum::<f64>()
                    .max(0.0)
            })
            .collect()
    }
}

/// The X and Z masks of a string on `n` qubits, and how many of its letters are Y.
pub(crate) fn masks(n: u32, string: &PauliString) -> (u64, u64, u32) {
    let (mut x, mut z, mut y) = (0, 0, 0);
    for &(q, letter) in string {
        let bit = 1u64 << (n - 1 - q);
        x |= if letter == Pauli::Z { 0 } else { bit };
        z |= if letter == Pauli::X { 0 } else { bit };
        y += u32::from(letter == Pauli::Y);
    }
    (x, z, y)
}

/// The real part of i^power times a number.
pub(crate) fn real_of_turned(value: Complex64, power: u32) -> f64 {
    match power % 4 {
        0 => value.re,
        1 => -value.im,
        2 => -value.re,
        _ => value.im,
    }
}

impl<F: Real> Engine for StateVector<F> {
    type State = Amplitudes<F>;
    type Plan = Plan;
    const NAME: &'static str = "state-vector";

    fn state_bytes(&self) -> u64 {
        amplitudes::bytes(self.n, F::PRECISION)
    }

    fn plan(&self, segment: &Segment<'_>) -> Result<Plan, SimError> {
        let steps = step::lower(segment, self.n);
        // One step alone, as between measurements, is a pass as it is.
        if self.n < PLANNED_FROM || steps.len() < 2 {
            return Ok(Plan::Steps(steps));
        }
        Ok(match stage::stages(&fuse::fuse(steps.clone(), self.n, F::SMALLEST), self.n) {
            Some(stages) => Plan::Stages(stages),
            None => Plan::Steps(steps),
        })
    }

    fn zero(&self) -> Amplitudes<F> {
        Amplitudes::zero(self.n, self.cpu)
    }

    fn copy(&self, state: &Amplitudes<F>) -> Amplitudes<F> {
        state.clone()
    }

    fn evolve(&self, state: &mut Amplitudes<F>, plan: &Plan, options: &Options<'_>) -> Result<(), SimError> {
        match plan {
            Plan::Steps(steps) => state.apply(steps, options),
            Plan::Stages(stages) => state.apply_stages(stages, self.threads, options),
        }
    }

    fn weigh(&self, state: &mut Amplitudes<F>, action: &Action) -> Weights {
        match action {
            Action::Measure(q) | Action::Reset(q) => {
                let bit = 1 << self.bit(*q);
                let zero = state.mass(Where { ones: 0, zeros: bit });
                let one = state.mass(Where { ones: bit, zeros: 0 });
                [zero, one].into_iter().collect()
            }
            Action::Channel(kraus) => self.weigh_channel(state, kraus),
        }
    }

    fn act(&self, state: &mut Amplitudes<F>, action: &Action, outcome: usize, weight: f64) {
        match action {
            Action::Measure(q) => state.project(self.bit(*q), outcome == 1, weight),
            Action::Reset(q) => {
                state.project(self.bit(*q), outcome == 1, weight);
                if outcome == 1 {
                    state.step(&Step::Flip { target: self.bit(*q), on: Where::default() });
                }
            }
            Action::Channel(kraus) => {
                let scale = 1.0 / weight.sqrt();
                let operator: Vec<_> = kraus.operators[outcome].iter().map(|z| z * scale).collect();
                for step in step::matrix_step(self.n, &kraus.qubits, &operator) {
                    state.step(&step);
                }
            }
        }
    }

    fn sample(&self, state: &Amplitudes<F>, qubits: &[u32], shots: u64, rng: &mut Rng) -> Rows {
        state.sample(&self.bits(qubits), shots, rng)
    }

    fn probabilities(&self, state: &Amplitudes<F>, qubits: &[u32]) -> Vec<f64> {
        state.marginal(&self.bits(qubits))
    }

    fn means(&self, state: &Amplitudes<F>, sums: &[&PauliSum]) -> Vec<f64> {
        sums.iter().map(|sum| self.mean(state, sum)).collect()
    }

    fn density(&self, state: &Amplitudes<F>, qubits: &[u32]) -> Vec<Complex64> {
        state.reduced(&self.bits(qubits))
    }

    fn amplitudes(&self, state: &Amplitudes<F>) -> Option<Vec<Complex64>> {
        Some(state.to_vec())
    }

    fn amplitude(&self, state: &Amplitudes<F>, basis: &BitString) -> Option<Complex64> {
        basis.to_index().map(|i| state.get(i as usize))
    }
    fn gradient(
        &self,
        segments: &[Segment<'_>],
        sum: &PauliSum,
        options: &Options<'_>,
    ) -> Result<(f64, Vec<f64>), SimError> {
        gradient::adjoint::<F>(self.n, self.cpu, segments, sum, options)
    }
}

//! The verbs of an engine on a chain.

use std::sync::Mutex;

use num_complex::Complex64;
use smallvec::SmallVec;

use crate::circuit::BitString;
use crate::engine::model::{Action, Engine, Weights};
use crate::engine::mps::chain::{Chain, Cut, TooLarge};
use crate::engine::stabilizer::density_from;
use crate::engine::{Options, SimError};
use crate::pauli::PauliSum;
use crate::plan::{Segment, code, dense};
use crate::sample::{Rng, Rows};

/// Qubits of the largest gate.
pub(crate) const GATE_QUBITS: usize = 8;
/// Gates between two looks at the watch.
const STRETCH: usize = 8;

/// One gate.
pub(crate) struct Gate {
    qubits: SmallVec<[u32; 2]>,
    matrix: Vec<Complex64>,
}

/// What cutting cost in the worst branch so far.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Loss {
    /// Product of the kept weights: an estimate of the fidelity.
    pub(crate) kept: f64,
    /// Sum of the dropped weights.
    pub(crate) dropped: f64,
    /// Largest bond.
    pub(crate) widest: usize,
}

impl Loss {
    pub(crate) const NONE: Self = Self { kept: 1.0, dropped: 0.0, widest: 1 };
}

/// The engine for a number of qubits.
pub(crate) struct Mps {
    pub(crate) n: u32,
    pub(crate) cut: Cut,
    pub(crate) loss: Mutex<Loss>,
}

impl Mps {
    /// Notes what a state lost so far.
    fn note(&self, state: &Chain) {
        if let Ok(mut loss) = self.loss.lock() {
            loss.kept = loss.kept.min(state.kept);
            loss.dropped = loss.dropped.max(state.dropped);
            loss.widest = loss.widest.max(state.widest);
        }
    }

    fn too_large(&self, needed: u64) -> SimError {
        SimError::Memory { engine: Self::NAME, qubits: self.n, needed, allowed: self.cut.max_bytes }
    }
}

fn projector(outcome: usize, scale: f64) -> Vec<Complex64> {
    let mut out = vec![Complex64::new(0.0, 0.0); 4];
    out[3 * outcome] = Complex64::new(scale, 0.0);
    out
}

impl Engine for Mps {
    type State = Chain;
    type Plan = Vec<Gate>;
    const NAME: &'static str = "mps";

    fn state_bytes(&self) -> u64 {
        64 * u64::from(self.n) + 64
    }

    fn plan(&self, segment: &Segment<'_>) -> Result<Vec<Gate>, SimError> {
        let mut out = Vec::with_capacity(segment.ops.len());
        for (op, &span) in segment.ops.iter().zip(segment.spans) {
            let qubits = code::qubits_of(segment.circuit, op);
            if qubits.len() > GATE_QUBITS {
                return Err(SimError::Unfit {
                    engine: Self::NAME,
                    reason: format!("this gate has more than {GATE_QUBITS} qubits"),
                    span: Some(span),
                });
            }
            if let Some(matrix) = dense::matrix(segment, op) {
                out.push(Gate { qubits: qubits.iter().copied().collect(), matrix });
            }
        }
        Ok(out)
    }

    fn zero(&self) -> Chain {
        Chain::zero(self.n)
    }

    fn copy(&self, state: &Chain) -> Chain {
        state.clone()
    }

    fn evolve(&self, state: &mut Chain, plan: &Vec<Gate>, options: &Options<'_>) -> Result<(), SimError> {
        for (at, gate) in plan.iter().enumerate() {
            if at % STRETCH == 0 && options.stopped() {
                return Err(SimError::Stopped);
            }
            let done = state.apply(&gate.matrix, &gate.qubits, &self.cut);
            done.map_err(|TooLarge(needed)| self.too_large(needed))?;
        }
        self.note(state);
        Ok(())
    }

    fn weigh(&self, state: &mut Chain, action: &Action) -> Weights {
        match action {
            Action::Measure(q) | Action::Reset(q) => state.probabilities(&[*q]).into_iter().collect(),
            Action::Channel(kraus) => {
                if let Some(known) = &kraus.mixture {
                    return known.clone();
                }
                let rho = self.density(state, &kraus.qubits);
                kraus.operators.iter().map(|k| weight_of(k, &rho)).collect()
            }
        }
    }

    fn act(&self, state: &mut Chain, action: &Action, outcome: usize, weight: f64) {
        let scale = 1.0 / weight.sqrt();
        // One more than fits is no reason to stop between a draw and its effect: a projection
        // never widens a bond, and channels have few qubits.
        let cut = Cut { max_bytes: u64::MAX, ..self.cut };
        let mut apply = |m: &[Complex64], qubits: &[u32]| {
            if let [q] = qubits {
                state.move_to(state.site_of[*q as usize] as usize);
            }
            let _ = state.apply(m, qubits, &cut);
        };
        match action {
            Action::Measure(q) => apply(&projector(outcome, scale), &[*q]),
            Action::Reset(q) => {
                let mut m = vec![Complex64::new(0.0, 0.0); 4];
                m[outcome] = Complex64::new(scale, 0.0);
                apply(&m, &[*q]);
            }
            Action::Channel(kraus) => {
                if let Some(operator) = kraus.operators.get(outcome) {
                    let m: Vec<_> = operator.iter().map(|x| x * scale).collect();
                    apply(&m, &kraus.qubits);
                }
            }
        }
        self.note(state);
    }

    fn sample(&self, state: &Chain, qubits: &[u32], shots: u64, rng: &mut Rng) -> Rows {
        state.clone().sample(qubits, shots, rng)
    }

    fn probabilities(&self, state: &Chain, qubits: &[u32]) -> Vec<f64> {
        state.probabilities(qubits)
    }

    fn means(&self, state: &Chain, sums: &[&PauliSum]) -> Vec<f64> {
        let mut terms: Vec<(usize, usize, usize)> = sums
            .iter()
            .enumerate()
            .flat_map(|(s, sum)| (0..sum.terms.len()).map(move |t| (s, t)))
            .map(|(s, t)| (state.start_of(&sums[s].terms[t].1), s, t))
            .collect();
        terms.sort_unstable();
        let mut out = vec![0.0; sums.len()];
        let mut moved = None;
        for (start, s, t) in terms {
            let (weight, string) = &sums[s].terms[t];
            let chain: &mut Chain = moved.get_or_insert_with(|| state.clone());
            chain.move_to(start);
            out[s] += weight * chain.mean(string);
        }
        out
    }

    fn density(&self, state: &Chain, qubits: &[u32]) -> Vec<Complex64> {
        density_from(qubits, |string| state.mean(string))
    }

    fn amplitudes(&self, state: &Chain) -> Option<Vec<Complex64>> {
        Some(state.amplitudes())
    }

    fn amplitude(&self, state: &Chain, basis: &BitString) -> Option<Complex64> {
        Some(state.amplitude(basis))
    }
}

/// tr(K rho K†).
fn weight_of(k: &[Complex64], rho: &[Complex64]) -> f64 {
    let side = rho.len().isqrt();
    let mut sum = 0.0;
    for row in k.chunks_exact(side) {
        for a in 0..side {
            for b in 0..side {
                sum += (row[a] * rho[a * side + b] * row[b].conj()).re;
            }
        }
    }
    sum.max(0.0)
}

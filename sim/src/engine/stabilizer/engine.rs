//! The verbs of an engine on a tableau.

use num_complex::Complex64;

use crate::circuit::{BitString, Op};
use crate::engine::model::{Action, Engine, Weights};
use crate::engine::stabilizer::affine::Affine;
use crate::engine::stabilizer::clifford::{self, Elem};
use crate::engine::stabilizer::tableau::{self, Product, Tableau};
use crate::engine::{Options, SimError};
use crate::pauli::{Pauli, PauliString, PauliSum};
use crate::plan::{Segment, dense};
use crate::sample::{Rng, Rows};

/// Gates between two looks at the watch.
const STRETCH: usize = 4096;

/// The engine for a number of qubits.
pub(crate) struct Stabilizer {
    pub(crate) n: u32,
}

/// The elementary gates of a segment.
///
/// # Errors
/// Unfit for the first operation that is no Clifford gate.
pub(crate) fn lower(segment: &Segment<'_>) -> Result<Vec<Elem>, SimError> {
    let c = segment.circuit;
    let mut out = Vec::with_capacity(segment.ops.len());
    for (op, &span) in segment.ops.iter().zip(segment.spans) {
        let (elements, qubits) = match op {
            Op::Gate(g) => {
                let first = g.angles as usize;
                let angles = &segment.angles[first..first + usize::from(g.gate.row().n_angles)];
                let elements = clifford::of_gate(g.gate, usize::from(g.n_controls), g.negative, angles);
                (elements, c.gate_qubits(g))
            }
            Op::Unitary { matrix, qubits, n_controls } => {
                let own = &c.matrices[matrix.0 as usize].entries;
                let fits = qubits.len as usize <= clifford::MOST_QUBITS;
                let n_controls = usize::from(*n_controls);
                let whole = fits.then(|| dense::controlled(own, n_controls, 0));
                (whole.and_then(|m| clifford::elements(&m)), c.qubit_range(*qubits))
            }
            _ => continue,
        };
        let Some(elements) = elements else {
            return Err(SimError::Unfit {
                engine: Stabilizer::NAME,
                reason: "this is no Clifford gate".into(),
                span: Some(span),
            });
        };
        out.extend(elements.iter().map(|e| e.on(qubits)));
    }
    Ok(out)
}

impl Stabilizer {
    /// Mean of one string: 0, 1 or -1.
    fn mean(&self, state: &Tableau, string: &PauliString) -> f64 {
        let mut product = Product::one(state.words());
        for &(q, letter) in string {
            if letter != Pauli::Z {
                let (row, phase) = state.x_row(q);
                product.times(row, phase + u8::from(letter == Pauli::Y));
            }
            if letter != Pauli::X {
                let (row, phase) = state.z_row(q);
                product.times(row, phase);
            }
        }
        match product.bits[..state.words()].iter().all(|&w| w == 0) {
            true => 1.0 - f64::from(product.phase),
            false => 0.0,
        }
    }
}

impl Engine for Stabilizer {
    type State = Tableau;
    type Plan = Vec<Elem>;
    const NAME: &'static str = "stabilizer";

    fn state_bytes(&self) -> u64 {
        tableau::bytes(self.n)
    }

    fn plan(&self, segment: &Segment<'_>) -> Result<Vec<Elem>, SimError> {
        lower(segment)
    }

    fn zero(&self) -> Tableau {
        Tableau::zero(self.n)
    }

    fn copy(&self, state: &Tableau) -> Tableau {
        state.clone()
    }

    fn evolve(&self, state: &mut Tableau, plan: &Vec<Elem>, options: &Options<'_>) -> Result<(), SimError> {
        for stretch in plan.chunks(STRETCH) {
            stretch.iter().for_each(|&elem| state.apply(elem));
            if options.stopped() {
                return Err(SimError::Stopped);
            }
        }
        Ok(())
    }

    fn weigh(&self, state: &mut Tableau, action: &Action) -> Weights {
        match action {
            Action::Measure(q) | Action::Reset(q) => match state.certain(*q) {
                Some(known) => [f64::from(u8::from(!known)), f64::from(u8::from(known))],
                None => [0.5, 0.5],
            }
            .into_iter()
            .collect(),
            Action::Channel(kraus) => kraus.mixture.clone().unwrap_or_default(),
        }
    }

    fn act(&self, state: &mut Tableau, action: &Action, outcome: usize, _weight: f64) {
        match action {
            Action::Measure(q) => {
                state.measure(*q, outcome == 1);
            }
            Action::Reset(q) => {
                if state.measure(*q, outcome == 1) {
                    state.apply(Elem::X(*q));
                }
            }
            Action::Channel(kraus) => {
                let pauli = kraus.paulis.as_ref().and_then(|p| p.get(outcome));
                for elem in pauli.into_iter().flat_map(|p| p.elements(&kraus.qubits)) {
                    state.apply(elem);
                }
            }
        }
    }

    fn sample(&self, state: &Tableau, qubits: &[u32], shots: u64, rng: &mut Rng) -> Rows {
        Affine::of(state, qubits).sample(shots, rng)
    }

    fn probabilities(&self, state: &Tableau, qubits: &[u32]) -> Vec<f64> {
        Affine::of(state, qubits).probabilities()
    }

    fn means(&self, state: &Tableau, sums: &[&PauliSum]) -> Vec<f64> {
        let mean = |sum: &&PauliSum| sum.terms.iter().map(|(w, s)| w * self.mean(state, s)).sum();
        sums.iter().map(mean).collect()
    }

    fn density(&self, state: &Tableau, qubits: &[u32]) -> Vec<Complex64> {
        density_from(qubits, |string| self.mean(state, string))
    }

    // A tableau does not keep the phase of the state, so it has no amplitudes to give.
    fn amplitudes(&self, _state: &Tableau) -> Option<Vec<Complex64>> {
        None
    }

    fn amplitude(&self, _state: &Tableau, _basis: &BitString) -> Option<Complex64> {
        None
    }
}

/// The density matrix of some qubits from the means of all strings on them.
pub(crate) fn density_from(qubits: &[u32], mut mean: impl FnMut(&PauliString) -> f64) -> Vec<Complex64> {
    let k = qubits.len();
    let side = 1usize << k;
    let mut out = vec![Complex64::new(0.0, 0.0); side * side];
    let turns = [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)];
    for code in 0..side * side {
        let (x, z) = (code / side, code % side);
        let letter = |at: usize| match (x >> (k - 1 - at) & 1, z >> (k - 1 - at) & 1) {
            (1, 0) => Some((qubits[at], Pauli::X)),
            (1, 1) => Some((qubits[at], Pauli::Y)),
            (0, 1) => Some((qubits[at], Pauli::Z)),
            _ => None,
        };
        let string: PauliString = (0..k).filter_map(letter).collect();
        let value = mean(&string) / side as f64;
        if value == 0.0 {
            continue;
        }
        // P |c> = i^(number of Y) (-1)^(c & z) |c ^ x>.
        let (re, im) = turns[(x & z).count_ones() as usize % 4];
        for col in 0..side {
            let sign = if (col & z).count_ones() & 1 == 1 { -value } else { value };
            out[(col ^ x) * side + col] += Complex64::new(re, im) * sign;
        }
    }
    out
}

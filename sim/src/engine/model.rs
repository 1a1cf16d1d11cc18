//! What every engine can do; runs, shots and result types are built on these few verbs alone.

use std::sync::Arc;

use num_complex::Complex64;
use smallvec::SmallVec;

use crate::circuit::BitString;
use crate::engine::stabilizer::{Small, pauli_of};
use crate::engine::{Options, SimError};
use crate::pauli::PauliSum;
use crate::plan::Segment;
use crate::sample::{Rng, Rows};

/// Weights of the outcomes of an action; one alone means that nothing is drawn.
pub(crate) type Weights = SmallVec<[f64; 4]>;

/// Something that is not unitary.
#[derive(Clone, Debug)]
pub(crate) enum Action {
    /// Measures a qubit; outcome k leaves it in k.
    Measure(u32),
    /// Puts a qubit to 0.
    Reset(u32),
    /// Applies a channel.
    Channel(Kraus),
}

/// A channel on qubits, first most significant; what is known of it is shared by all places where it
/// stands.
#[derive(Clone, Debug)]
pub(crate) struct Kraus {
    pub(crate) qubits: SmallVec<[u32; 4]>,
    pub(crate) of: Arc<Operators>,
}

/// The operators of a channel.
#[derive(Debug)]
pub(crate) struct Operators {
    /// Each of them, row-major.
    pub(crate) operators: Vec<Vec<Complex64>>,
    /// The Pauli of each when all are multiples of Paulis.
    pub(crate) paulis: Option<Vec<Small>>,
    /// Probability of each operator when all are multiples of unitaries.
    pub(crate) mixture: Option<Weights>,
    /// An operator, and a lower bound of its probability in every state; not for mixtures.
    pub(crate) floor: Option<(usize, f64)>,
}

impl std::ops::Deref for Kraus {
    type Target = Operators;

    fn deref(&self) -> &Operators {
        &self.of
    }
}

impl Operators {
    pub(crate) fn new(operators: Vec<Vec<Complex64>>) -> Self {
        let paulis = operators.iter().map(|k| pauli_of(k)).collect();
        let mixture: Option<Weights> = operators.iter().map(|k| multiple_of_unitary(k)).collect();
        let floors = operators.iter().map(|k| least_weight(k)).enumerate();
        let best = floors.max_by(|a, b| a.1.total_cmp(&b.1)).filter(|(_, floor)| *floor > 0.0);
        let floor = if mixture.is_none() { best } else { None };
        Self { operators, paulis, mixture, floor }
    }
}

impl Kraus {
    /// Measuring a qubit and forgetting the outcome.
    pub(crate) fn dephase(qubit: u32) -> Self {
        let (one, zero) = (Complex64::new(1.0, 0.0), Complex64::new(0.0, 0.0));
        let operators = vec![vec![one, zero, zero, zero], vec![zero, zero, zero, one]];
        Self { qubits: SmallVec::from_slice(&[qubit]), of: Arc::new(Operators::new(operators)) }
    }
}

/// The weight w where K† K = w I.
fn multiple_of_unitary(k: &[Complex64]) -> Option<f64> {
    let side = k.len().isqrt();
    let gram = |a: usize, b: usize| -> Complex64 {
        (0..side).map(|r| k[r * side + a].conj() * k[r * side + b]).sum()
    };
    let weight = gram(0, 0).re;
    (0..side * side)
        .all(|i| (gram(i / side, i % side) - if i / side == i % side { weight } else { 0.0 }).norm() < 1e-12)
        .then_some(weight)
}

/// A lower bound of <K† K> over all states. Source: Gershgorin's circle theorem.
fn least_weight(k: &[Complex64]) -> f64 {
    let side = k.len().isqrt();
    let gram = |a: usize, b: usize| -> Complex64 {
        (0..side).map(|r| k[r * side + a].conj() * k[r * side + b]).sum()
    };
    let bound = |a: usize| {
        let others: f64 = (0..side).filter(|&b| b != a).map(|b| gram(a, b).norm()).sum();
        gram(a, a).re - others
    };
    (0..side).map(bound).fold(f64::INFINITY, f64::min)
}

/// One way to hold and evolve a state.
pub(crate) trait Engine: Send + Sync {
    /// A state.
    type State: Send;
    /// Unitary operations in the form that this engine executes.
    type Plan: Send + Sync;

    /// Name in outputs.
    const NAME: &'static str;

    /// Units: bytes of one state.
    fn state_bytes(&self) -> u64;
    /// Makes a segment executable.
    ///
    /// # Errors
    /// Unfit where an operation is not in this engine's power.
    fn plan(&self, segment: &Segment<'_>) -> Result<Self::Plan, SimError>;
    /// All qubits in 0.
    fn zero(&self) -> Self::State;
    /// The same state once more.
    fn copy(&self, state: &Self::State) -> Self::State;
    /// Applies a plan.
    ///
    /// # Errors
    /// Only when the watch says stop.
    fn evolve(
        &self,
        state: &mut Self::State,
        plan: &Self::Plan,
        options: &Options<'_>,
    ) -> Result<(), SimError>;
    /// Weights of the outcomes of an action.
    fn weigh(&self, state: &mut Self::State, action: &Action) -> Weights;
    /// Takes one outcome, which has this weight, and normalises.
    fn act(&self, state: &mut Self::State, action: &Action, outcome: usize, weight: f64);
    /// Finishes what was put off; called before a state is read.
    fn settle(&self, _state: &mut Self::State) {}
    /// Shots of some qubits; bit k of a row is qubit k of the list.
    fn sample(&self, state: &Self::State, qubits: &[u32], shots: u64, rng: &mut Rng) -> Rows;
    /// Probability of each outcome of some qubits, first most significant.
    fn probabilities(&self, state: &Self::State, qubits: &[u32]) -> Vec<f64>;
    /// Mean of each sum.
    fn means(&self, state: &Self::State, sums: &[&PauliSum]) -> Vec<f64>;
    /// Density matrix of some qubits, first most significant, row-major.
    fn density(&self, state: &Self::State, qubits: &[u32]) -> Vec<Complex64>;
    /// All amplitudes, if the state is pure and known in full.
    fn amplitudes(&self, state: &Self::State) -> Option<Vec<Complex64>>;
    /// One amplitude, if the state is pure.
    fn amplitude(&self, state: &Self::State, basis: &BitString) -> Option<Complex64>;
    /// Mean of a sum after some segments, and its derivative by every angle of the circuit.
    ///
    /// # Errors
    /// Unfit for engines without adjoint states.
    fn gradient(
        &self,
        _segments: &[Segment<'_>],
        _sum: &PauliSum,
        _options: &Options<'_>,
    ) -> Result<(f64, Vec<f64>), SimError> {
        Err(SimError::Unfit {
            engine: Self::NAME,
            reason: "gradients need the state vector".into(),
            span: None,
        })
    }
}

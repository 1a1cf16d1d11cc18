//! Whether two circuits do the same, up to a global phase.
//!
//! Up to 10 qubits the unitaries are compared: each circuit acts on one half of maximally entangled
//! pairs, and two such states agree exactly when the unitaries do (Choi 1975, Jamiołkowski 1972).
//! Larger Clifford circuits act on such pairs and are undone, and the stabilizers of the pairs are
//! asked for. Other large circuits run on random product states, on which two different unitaries agree with
//! probability 0. Circuits that measure and go on, or are noisy, are compared by their counts.

mod parts;

use std::collections::BTreeMap;

use num_complex::Complex64;

use crate::circuit::{BitString, Circuit};
use crate::diagnostic::Span;
use crate::engine::{EngineChoice, Options, SimError, prepare};
use crate::result::{Factor, Observable, ResultRequest, ResultType, ResultValue};
use crate::sample::Rng;
use parts::{Stimulus, stimulated, there_and_back};

/// Most qubits whose whole unitary is compared.
pub const UNITARY_QUBITS: u32 = 10;
/// Random states, or rounds of counts, that larger circuits are compared on.
pub const ROUNDS: u32 = 4;
/// Shots of a round when counts are compared.
pub const SHOTS: u64 = 4096;
/// Standard deviations that two counts of one outcome may be apart: a right pair is called
/// different less than once in 10^9 comparisons of up to 100 outcomes.
pub const SIGMAS: f64 = 7.0;
/// How far an overlap may be from 1.
pub const TOLERANCE: f64 = 1e-9;

/// How equality was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The whole unitary.
    Unitary,
    /// The stabilizers of entangled pairs, after one circuit and the other undone.
    Stabilizers,
    /// Counts of random.
    Stimuli,
    /// Counts of random product states: no proof, but no difference seen.
    Counts,
}

impl Method {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Unitary => "the same unitary up to a global phase",
            Self::Stabilizers => "the same Clifford operation up to a global phase",
            Self::Stimuli => "the same state from 4 random product states, up to a global phase",
            Self::Counts => "no difference in 4 x 4,096 shots from random product states",
        }
    }
}

/// Why two circuits are not known to do the same.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Differs {
    /// They are not even asked the same.
    #[error("{what}: {before} before, {after} after")]
    Shape {
        /// What is compared.
        what: &'static str,
        /// Of the first.
        before: String,
        /// Of the second.
        after: String,
    },
    /// They act differently.
    #[error("the circuits act differently: the overlap is {overlap:.9} instead of 1")]
    Action {
        /// |<a|b>| of the states they make.
        overlap: f64,
    },
    /// They move a Pauli operator differently.
    #[error("the circuits act differently on {axis} of qubit {qubit}")]
    Stabilizer {
        /// `X` or `Z`.
        axis: char,
        /// The qubit.
        qubit: u32,
    },
    /// Their counts cannot come from one distribution.
    #[error("the outcome {outcome} came {before} times before and {after} times after")]
    Counts {
        /// The outcome that differs most.
        outcome: BitString,
        /// How often the first gave it.
        before: u64,
        /// How often the second gave it.
        after: u64,
    },
    /// They could not be run.
    #[error("it cannot be checked here: {0}")]
    Run(#[from] SimError),
}

/// Compares two circuits. Free inputs take random values, the same on both sides.
///
/// # Errors
/// What differs, or why nothing can be said.
pub fn same(a: &Circuit, b: &Circuit, options: &Options<'_>, seed: u64) -> Result<Method, Differs> {
    shapes(a, b)?;
    let rng = &mut Rng::new(seed);
    let inputs: Vec<f64> = a.inputs.iter().map(|_| rng.unit() * std::f64::consts::TAU).collect();
    match (parts::columns(a), parts::columns(b)) {
        (Some(x), Some(y)) if x == y => {}
        (Some(x), Some(y)) => {
            return Err(shape("qubits of the columns", format!("{x:?}"), format!("{y:?}")));
        }
        _ => return by_counts(a, b, &inputs, options, rng),
    }
    if a.n_qubits <= UNITARY_QUBITS {
        compare(a, b, &Stimulus::Pairs, &inputs, options)?;
        return Ok(Method::Unitary);
    }
    if let Some(verdict) = by_stabilizers(a, b, options) {
        return verdict;
    }
    for _ in 0..ROUNDS {
        compare(a, b, &Stimulus::random(a.n_qubits, rng), &inputs, options)?;
    }
    Ok(Method::Stimuli)
}

fn shape(what: &'static str, before: String, after: String) -> Differs {
    Differs::Shape { what, before, after }
}

fn shapes(a: &Circuit, b: &Circuit) -> Result<(), Differs> {
    if a.n_qubits != b.n_qubits {
        return Err(shape("qubits", a.n_qubits.to_string(), b.n_qubits.to_string()));
    }
    let names = |c: &Circuit| c.inputs.iter().map(|i| i.name.clone()).collect::<Vec<_>>();
    if names(a) != names(b) {
        return Err(shape("inputs", names(a).join(", "), names(b).join(", ")));
    }
    if a.results.iter().map(|r| &r.kind).ne(b.results.iter().map(|r| &r.kind)) {
        return Err(shape("result types", a.results.len().to_string(), b.results.len().to_string()));
    }
    Ok(())
}

/// `None` where a circuit is no Clifford circuit.
fn by_stabilizers(a: &Circuit, b: &Circuit, options: &Options<'_>) -> Option<Result<Method, Differs>> {
    let mut circuit = there_and_back(a, b)?;
    let n = a.n_qubits;
    let pair = |factor: &Factor, q: u32| {
        let factors = vec![(factor.clone(), vec![q]), (factor.clone(), vec![n + q])];
        ResultRequest { kind: ResultType::Expectation(Observable { factors }), span: Span::default() }
    };
    circuit.results = (0..n).flat_map(|q| [pair(&Factor::X, q), pair(&Factor::Z, q)]).collect();
    let options = Options { engine: EngineChoice::Stabilizer, ..options.clone() };
    let mut prepared = match prepare(&circuit, &options) {
        Ok(prepared) => prepared,
        Err(SimError::Unfit { .. }) => return None,
        Err(error) => return Some(Err(error.into())),
    };
    let values = match prepared.run(&[], 0, 0) {
        Ok(result) => result.values,
        Err(error) => return Some(Err(error.into())),
    };
    let kept = |v: &ResultValue| matches!(v, ResultValue::Expectation(x) if (x - 1.0).abs() < TOLERANCE);
    let moved = values.iter().position(|v| !kept(v));
    Some(moved.map_or(Ok(Method::Stabilizers), |at| {
        Err(Differs::Stabilizer { axis: if at % 2 == 0 { 'X' } else { 'Z' }, qubit: at as u32 / 2 })
    }))
}

fn compare(
    a: &Circuit,
    b: &Circuit,
    stimulus: &Stimulus,
    inputs: &[f64],
    options: &Options<'_>,
) -> Result<(), Differs> {
    let (x, y) = (state(a, stimulus, inputs, options)?, state(b, stimulus, inputs, options)?);
    let overlap = x.iter().zip(&y).map(|(x, y)| x.conj() * y).sum::<Complex64>().norm();
    if (overlap - 1.0).abs() > TOLERANCE {
        return Err(Differs::Action { overlap });
    }
    Ok(())
}

fn state(
    circuit: &Circuit,
    stimulus: &Stimulus,
    inputs: &[f64],
    options: &Options<'_>,
) -> Result<Vec<Complex64>, SimError> {
    let mut circuit = stimulated(circuit, stimulus, false);
    circuit.results = vec![ResultRequest { kind: ResultType::StateVector, span: Default::default() }];
    let options = Options { engine: EngineChoice::StateVector, ..options.clone() };
    let mut result = prepare(&circuit, &options)?.run(inputs, 0, 0)?;
    match result.values.pop() {
        Some(ResultValue::StateVector(state)) => Ok(state),
        _ => Err(SimError::Invalid { reason: "no state was given".to_owned(), span: None }),
    }
}

fn by_counts(
    a: &Circuit,
    b: &Circuit,
    inputs: &[f64],
    options: &Options<'_>,
    rng: &mut Rng,
) -> Result<Method, Differs> {
    for _ in 0..ROUNDS {
        let stimulus = Stimulus::random(a.n_qubits, rng);
        let mut both: BTreeMap<BitString, (u64, u64)> = BTreeMap::new();
        for (k, circuit) in [a, b].into_iter().enumerate() {
            let mut circuit = stimulated(circuit, &stimulus, true);
            circuit.results.clear();
            let counts = prepare(&circuit, options)?.run(inputs, SHOTS, rng.bits())?.counts;
            for (outcome, n) in counts {
                let pair = both.entry(outcome).or_default();
                *(if k == 0 { &mut pair.0 } else { &mut pair.1 }) = n;
            }
        }
        let worst =
            both.into_iter().map(|(o, (x, y))| (x.abs_diff(y) as f64 / ((x + y) as f64).sqrt(), o, x, y));
        if let Some((sigmas, outcome, before, after)) = worst.max_by(|a, b| a.0.total_cmp(&b.0))
            && sigmas > SIGMAS
        {
            return Err(Differs::Counts { outcome, before, after });
        }
    }
    Ok(Method::Counts)
}

#[cfg(test)]
mod tests;

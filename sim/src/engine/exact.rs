//! Answers without shots: computed from states, added up over branches by their probability.

use num_complex::Complex64;

use crate::engine::bases::{Bases, Readings};
use crate::engine::model::Engine;
use crate::engine::runner::{Runner, Share};
use crate::engine::{Options, SimError};
use crate::pauli::PauliSum;
use crate::result::{Factor, Observable, ResultRequest, ResultType, ResultValue};
use crate::sample::Rng;

/// Hadamard factors that are expanded into Pauli strings rather than rotated.
const EXPANDED_HADAMARDS: usize = 4;

/// One observable, the way its mean is found.
enum Mean<P> {
    /// From Pauli strings, on the state as it is.
    Paulis(PauliSum),
    /// From probabilities, on a rotated copy.
    Rotated { plan: P, readings: Readings },
}

/// Answers one request at a time; `values` collects them over branches.
pub(crate) fn answers<E: Engine>(
    runner: &Runner<E>,
    options: &Options<'_>,
    sampling: &mut dyn FnMut(u64),
) -> Result<Vec<Option<ResultValue>>, SimError> {
    let requests = &runner.circuit.results;
    let n = runner.circuit.n_qubits;
    let means = requests
        .iter()
        .map(|r| match &r.kind {
            ResultType::Expectation(o) | ResultType::Variance(o) => mean_of(runner, o, r).map(Some),
            _ => Ok(None),
        })
        .collect::<Result<Vec<_>, _>>()?;
    let mut sums: Vec<Sum> = requests.iter().map(|_| Sum::Nothing).collect();
    let mut leaves = 0;
    runner.walk(Share::Weight(1.0), &mut Rng::new(0), options, &mut |leaf, _| {
        let Share::Weight(weight) = leaf.share else { return Ok(()) };
        let began = options.now_us();
        leaves += 1;
        for ((request, mean), sum) in requests.iter().zip(&means).zip(&mut sums) {
            if let Some(mean) = mean {
                let (first, second) = moments(runner, leaf.state, mean, options)?;
                sum.add_pair(weight, first, second);
                continue;
            }
            let qubits = |t: &Option<Vec<u32>>| t.clone().unwrap_or_else(|| (0..n).collect());
            match &request.kind {
                ResultType::StateVector | ResultType::Amplitude(_) if leaves > 1 => {
                    return Err(unfit::<E>("the final state is a mixture, it has no amplitudes", request));
                }
                ResultType::StateVector => match runner.engine.amplitudes(leaf.state) {
                    Some(all) => *sum = Sum::Complex(all),
                    None => return Err(unfit::<E>("it does not know all amplitudes", request)),
                },
                ResultType::Amplitude(states) => {
                    let all: Option<Vec<_>> =
                        states.iter().map(|s| runner.engine.amplitude(leaf.state, s)).collect();
                    *sum =
                        Sum::Complex(all.ok_or_else(|| unfit::<E>("it does not know amplitudes", request))?);
                }
                ResultType::DensityMatrix(t) => {
                    sum.add_complex(weight, &runner.engine.density(leaf.state, &qubits(t)));
                }
                ResultType::Probability(t) => {
                    sum.add_real(weight, &runner.engine.probabilities(leaf.state, &qubits(t)));
                }
                _ => {}
            }
        }
        sampling(options.now_us() - began);
        Ok(())
    })?;
    Ok(requests.iter().zip(sums).map(|(r, s)| s.finish(&r.kind)).collect())
}

fn unfit<E: Engine>(reason: &str, request: &ResultRequest) -> SimError {
    SimError::Unfit { engine: E::NAME, reason: reason.into(), span: Some(request.span) }
}

fn mean_of<E: Engine>(
    runner: &Runner<E>,
    observable: &Observable,
    request: &ResultRequest,
) -> Result<Mean<E::Plan>, SimError> {
    let hadamards = observable.factors.iter().filter(|(f, _)| *f == Factor::H).count();
    let hermitian = observable.factors.iter().any(|(f, _)| matches!(f, Factor::Hermitian(_)));
    if !hermitian && hadamards <= EXPANDED_HADAMARDS {
        return Ok(Mean::Paulis(PauliSum::from_observable(observable, 1.0)));
    }
    let mut bases = Bases::new(runner.circuit.n_qubits);
    let readings = bases.add(observable, request.span)?;
    Ok(Mean::Rotated { plan: bases.with_segment(|s| runner.engine.plan(s))?, readings })
}

/// Mean of the observable and of its square.
fn moments<E: Engine>(
    runner: &Runner<E>,
    state: &E::State,
    mean: &Mean<E::Plan>,
    options: &Options<'_>,
) -> Result<(f64, f64), SimError> {
    let (plan, readings) = match mean {
        Mean::Paulis(sum) => return Ok((runner.engine.means(state, &[sum])[0], 1.0)),
        Mean::Rotated { plan, readings } => (plan, readings),
    };
    let mut rotated = runner.engine.copy(state);
    runner.engine.evolve(&mut rotated, plan, options)?;
    runner.engine.settle(&mut rotated);
    let qubits: Vec<u32> = readings.iter().flat_map(|r| r.qubits.iter().copied()).collect();
    let (mut first, mut second) = (0.0, 0.0);
    for (i, p) in runner.engine.probabilities(&rotated, &qubits).into_iter().enumerate() {
        let mut shift = qubits.len();
        let mut value = 1.0;
        for r in readings {
            shift -= r.qubits.len();
            value *= r.values[i >> shift & ((1 << r.qubits.len()) - 1)];
        }
        first += p * value;
        second += p * value * value;
    }
    Ok((first, second))
}

/// A growing answer.
enum Sum {
    Nothing,
    Real(Vec<f64>),
    Complex(Vec<Complex64>),
}

impl Sum {
    fn add_real(&mut self, weight: f64, more: &[f64]) {
        match self {
            Self::Real(sum) => sum.iter_mut().zip(more).for_each(|(a, b)| *a += weight * b),
            _ => *self = Self::Real(more.iter().map(|x| x * weight).collect()),
        }
    }

    fn add_pair(&mut self, weight: f64, first: f64, second: f64) {
        self.add_real(weight, &[first, second]);
    }

    fn add_complex(&mut self, weight: f64, more: &[Complex64]) {
        match self {
            Self::Complex(sum) => sum.iter_mut().zip(more).for_each(|(a, b)| *a += b * weight),
            _ => *self = Self::Complex(more.iter().map(|x| x * weight).collect()),
        }
    }

    /// The answer; `None` where another way finds it.
    fn finish(self, kind: &ResultType) -> Option<ResultValue> {
        Some(match (self, kind) {
            (Self::Complex(all), ResultType::StateVector) => ResultValue::StateVector(all),
            (Self::Complex(all), ResultType::DensityMatrix(_)) => ResultValue::DensityMatrix(all),
            (Self::Complex(all), ResultType::Amplitude(states)) => {
                ResultValue::Amplitude(states.iter().cloned().zip(all).collect())
            }
            (Self::Real(all), ResultType::Probability(_)) => ResultValue::Probability(all),
            (Self::Real(m), ResultType::Expectation(_)) => ResultValue::Expectation(m[0]),
            (Self::Real(m), ResultType::Variance(_)) => ResultValue::Variance((m[1] - m[0] * m[0]).max(0.0)),
            _ => return None,
        })
    }
}

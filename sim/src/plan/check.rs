//! Refuses numbers and matrices that mean nothing, before anything is allocated.

use num_complex::Complex64;

use crate::circuit::{Circuit, MatrixId, Op};
use crate::diagnostic::Span;
use crate::engine::SimError;
use crate::limits;
use crate::noise::Channel;
use crate::plan::code;
use crate::result::{Factor, Observable, ResultType};

/// How far a matrix may be from unitary, Hermitian or trace preserving in any entry.
const TOLERANCE: f64 = 1e-5;

fn invalid<T>(span: Span, reason: impl Into<String>) -> Result<T, SimError> {
    Err(SimError::Invalid { reason: reason.into(), span: Some(span) })
}

/// Everything that does not depend on inputs: qubits exist, matrices are what they claim.
pub(crate) fn circuit(c: &Circuit) -> Result<(), SimError> {
    let mut verdict = Ok(());
    c.walk(&mut |op, span| {
        if verdict.is_ok() {
            verdict = operation(c, op, span);
        }
    });
    verdict?;
    for request in &c.results {
        result(c, &request.kind, request.span)?;
    }
    Ok(())
}

fn operation(c: &Circuit, op: &Op, span: Span) -> Result<(), SimError> {
    qubits(c, code::qubits_of(c, op), span)?;
    match op {
        Op::Measure { qubit, .. } | Op::Reset { qubit } => qubits(c, &[*qubit], span),
        Op::Gate(g) if g.n_controls as usize > limits::CONTROLS => invalid(span, "too many controls"),
        Op::Unitary { matrix, qubits, n_controls } => {
            let m = matrix_of(c, *matrix, qubits.len.saturating_sub(u32::from(*n_controls)), span)?;
            if distance_from_identity(&[m]) > TOLERANCE {
                return invalid(span, "the matrix is not unitary");
            }
            Ok(())
        }
        Op::Kraus { first, count, qubits } => {
            let set = (0..u32::from(*count))
                .map(|k| matrix_of(c, MatrixId(first.0 + k), qubits.len, span))
                .collect::<Result<Vec<_>, _>>()?;
            if set.is_empty() || distance_from_identity(&set) > TOLERANCE {
                return invalid(span, "the Kraus operators do not preserve the trace");
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn qubits(c: &Circuit, qubits: &[u32], span: Span) -> Result<(), SimError> {
    for (i, &q) in qubits.iter().enumerate() {
        if q >= c.n_qubits {
            return invalid(span, format!("qubit {q} does not exist"));
        }
        if qubits[..i].contains(&q) {
            return invalid(span, format!("qubit {q} stands twice"));
        }
    }
    Ok(())
}

fn matrix_of(c: &Circuit, id: MatrixId, n_qubits: u32, span: Span) -> Result<&[Complex64], SimError> {
    let fits = c.matrices.get(id.0 as usize).filter(|m| {
        m.n_qubits == n_qubits
            && (1..=limits::MATRIX_QUBITS).contains(&n_qubits)
            && m.entries.len() == 1 << (2 * n_qubits)
    });
    match fits {
        Some(m) => Ok(&m.entries),
        None => invalid(span, format!("the matrix does not fit its {n_qubits} qubits")),
    }
}

/// Largest entry of the difference between the sum of K† K and the identity; NaN counts as 1.
fn distance_from_identity(set: &[&[Complex64]]) -> f64 {
    let side = set[0].len().isqrt();
    let mut worst: f64 = 0.0;
    for a in 0..side {
        for b in 0..side {
            let sum: Complex64 = set
                .iter()
                .flat_map(|k| (0..side).map(move |r| k[r * side + a].conj() * k[r * side + b]))
                .sum();
            let off = (sum - if a == b { 1.0 } else { 0.0 }).norm();
            worst = if off.is_finite() { worst.max(off) } else { 1.0 };
        }
    }
    worst
}

/// Memory of all answers together, the sampled ones apart; a number that is written out takes about
/// four times what it takes as a number. Units: bytes; saturates.
pub(crate) fn answers_bytes(c: &Circuit) -> u64 {
    let states =
        |bits: usize, each: u64| each.saturating_mul(1u64.checked_shl(bits as u32).unwrap_or(u64::MAX));
    let n = c.n_qubits as usize;
    let of = |kind: &ResultType| match kind {
        ResultType::StateVector => states(n, 64),
        ResultType::DensityMatrix(q) => states(2 * q.as_ref().map_or(n, Vec::len), 64),
        ResultType::Probability(q) => states(q.as_ref().map_or(n, Vec::len), 32),
        _ => 0,
    };
    c.results.iter().fold(0u64, |sum, r| sum.saturating_add(of(&r.kind)))
}

fn result(c: &Circuit, kind: &ResultType, span: Span) -> Result<(), SimError> {
    match kind {
        ResultType::DensityMatrix(Some(q)) | ResultType::Probability(Some(q)) => qubits(c, q, span),
        ResultType::Amplitude(states) => match states.iter().find(|s| s.len() != c.n_qubits as usize) {
            Some(s) => invalid(span, format!("the basis state {s} does not have {} bits", c.n_qubits)),
            None => Ok(()),
        },
        ResultType::Expectation(o) | ResultType::Variance(o) | ResultType::Sample(o) => {
            observable(c, o, span)
        }
        ResultType::AdjointGradient { terms, inputs } => {
            if inputs.iter().any(|&i| i as usize >= c.inputs.len()) {
                return invalid(span, "the gradient names an input that does not exist");
            }
            terms.iter().try_for_each(|(weight, o)| {
                if weight.is_finite() {
                    observable(c, o, span)
                } else {
                    invalid(span, "a weight is not finite")
                }
            })
        }
        ResultType::StateVector | ResultType::DensityMatrix(None) | ResultType::Probability(None) => Ok(()),
    }
}

fn observable(c: &Circuit, o: &Observable, span: Span) -> Result<(), SimError> {
    let all: Vec<u32> = o.factors.iter().flat_map(|(_, q)| q.iter().copied()).collect();
    qubits(c, &all, span)?;
    for (factor, targets) in &o.factors {
        let Factor::Hermitian(m) = factor else {
            if targets.len() != 1 {
                return invalid(span, "this factor takes one qubit");
            }
            continue;
        };
        let side = 1usize << targets.len().min(limits::MATRIX_QUBITS as usize);
        if targets.is_empty() || targets.len() > limits::MATRIX_QUBITS as usize || m.len() != side * side {
            return invalid(span, format!("the matrix does not fit its {} qubits", targets.len()));
        }
        let off = (0..m.len()).map(|i| (m[i] - m[i % side * side + i / side].conj()).norm());
        if off.into_iter().any(|d| d.is_nan() || d > TOLERANCE) {
            return invalid(span, "the matrix is not Hermitian");
        }
    }
    Ok(())
}

/// Probabilities of a channel, once inputs are known.
pub(crate) fn probabilities(channel: Channel, params: &[f64], span: Span) -> Result<(), SimError> {
    let name = channel.row().name;
    if let Some(p) = params.iter().find(|p| !(0.0..=1.0).contains(*p)) {
        return invalid(span, format!("{name} takes probabilities from 0 to 1, found {p}"));
    }
    if channel == Channel::PauliChannel && params.iter().sum::<f64>() > 1.0 + 1e-9 {
        return invalid(span, format!("the probabilities of {name} add up to more than 1"));
    }
    Ok(())
}

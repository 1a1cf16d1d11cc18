//! Judging a run: counts by a bound on chance, exact values by a tolerance.

use num_complex::Complex64;

use super::{Answer, Expect, FALSE_ALARM, Value};
use crate::circuit::BitString;
use crate::result::ResultValue;

impl Expect {
    /// What a run gave differently, one line each; empty when it gave what was expected.
    pub fn differences(
        &self,
        counts: &[(BitString, u64)],
        values: &[ResultValue],
        shots: u64,
    ) -> Vec<String> {
        let mut out = self.differing_counts(counts, shots);
        if self.values.is_empty() {
            return out;
        }
        if self.values.len() != values.len() {
            out.push(format!("{} results expected, {} given", self.values.len(), values.len()));
            return out;
        }
        for (i, (expected, given)) in self.values.iter().zip(values).enumerate() {
            if let Some(what) = differs(expected, given, self.slack(&expected.answer, given, shots)) {
                out.push(format!("result {} ({}): {what}", i + 1, expected.kind));
            }
        }
        out
    }

    fn differing_counts(&self, counts: &[(BitString, u64)], shots: u64) -> Vec<String> {
        let Some(expected) = &self.probabilities else { return Vec::new() };
        if shots == 0 {
            return Vec::new();
        }
        let mut out = Vec::new();
        let given = |bits: &BitString| counts.iter().find(|(b, _)| b == bits).map_or(0, |(_, n)| *n);
        let share = FALSE_ALARM / expected.len().max(1) as f64;
        for (bits, p) in expected {
            let (n, mean) = (given(bits), p * shots as f64);
            let slack = spread(shots, *p, share);
            if (n as f64 - mean).abs() > slack {
                out.push(format!("{bits} came {n} times of {shots}, {mean:.0} ± {slack:.0} expected"));
            }
        }
        for (bits, n) in counts {
            if *n > 0 && !expected.contains_key(bits) {
                out.push(format!("{bits} came {n} times, it should never come"));
            }
        }
        out
    }

    /// How far a value may be off: the tolerance, or chance when it was estimated from shots.
    fn slack(&self, expected: &Answer, given: &ResultValue, shots: u64) -> f64 {
        let entries = match expected {
            Answer::Numbers(list) => list.len().max(1),
            _ => 1,
        };
        let share = FALSE_ALARM / entries as f64;
        match given {
            ResultValue::Expectation(_) | ResultValue::Probability(_) if shots > 0 => {
                // Hoeffding for values within -1 and 1, which covers probabilities too.
                (2.0 * (2.0 / share).ln() / shots as f64).sqrt() + self.tolerance
            }
            _ => self.tolerance,
        }
    }
}

/// How far a count may stray from its mean: Bernstein's bound. Units: shots.
fn spread(shots: u64, p: f64, false_alarm: f64) -> f64 {
    let log = (2.0 / false_alarm).ln();
    // Rounding of the written probability must not count as a difference.
    let variance = shots as f64 * (p * (1.0 - p)).max(0.0);
    if variance == 0.0 { 1e-6 } else { log / 3.0 + (log * log / 9.0 + 2.0 * variance * log).sqrt() }
}

fn differs(expected: &Value, given: &ResultValue, slack: f64) -> Option<String> {
    let (kind, answer) = answer_of(given);
    if kind != expected.kind {
        return Some(format!("a {kind} was given"));
    }
    let gap = match (&expected.answer, &answer) {
        (Answer::Number(a), Answer::Number(b)) => (a - b).abs(),
        (Answer::Numbers(a), Answer::Numbers(b)) if a.len() == b.len() => {
            farthest(a.iter().zip(b).map(|(a, b)| (a - b).abs()))
        }
        (Answer::Complex(a), Answer::Complex(b)) if a.len() == b.len() => {
            farthest(a.iter().zip(b).map(|(a, b)| (a - b).norm()))
        }
        (Answer::States(a), Answer::States(b)) if a.keys().eq(b.keys()) => {
            farthest(a.values().zip(b.values()).map(|(a, b)| (a - b).norm()))
        }
        _ => return Some("its shape is another".to_owned()),
    };
    // A NaN is a difference too.
    if gap <= slack { None } else { Some(format!("off by {gap:.3e}, {slack:.1e} allowed")) }
}

fn farthest(gaps: impl Iterator<Item = f64>) -> f64 {
    gaps.fold(0.0, |most, gap| if gap.is_nan() { gap } else { most.max(gap) })
}

/// The word and the numbers of an answer.
fn answer_of(value: &ResultValue) -> (&'static str, Answer) {
    let complex = |list: &[Complex64]| Answer::Complex(list.to_vec());
    match value {
        ResultValue::StateVector(list) => ("state_vector", complex(list)),
        ResultValue::DensityMatrix(list) => ("density_matrix", complex(list)),
        ResultValue::Probability(list) => ("probability", Answer::Numbers(list.clone())),
        ResultValue::Amplitude(list) => ("amplitude", Answer::States(list.iter().cloned().collect())),
        ResultValue::Expectation(mean) => ("expectation", Answer::Number(*mean)),
        ResultValue::Variance(variance) => ("variance", Answer::Number(*variance)),
        ResultValue::AdjointGradient { expectation, gradient } => {
            let all = std::iter::once(*expectation).chain(gradient.iter().map(|(_, d)| *d));
            ("adjoint_gradient", Answer::Numbers(all.collect()))
        }
        ResultValue::Sample(list) => ("sample", Answer::Numbers(list.clone())),
    }
}

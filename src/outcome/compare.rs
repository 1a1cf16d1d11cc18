//! How far two results are apart, and what a result says of an observable.

use std::collections::BTreeMap;

use shotbook_sim::circuit::BitString;
use shotbook_sim::pauli::{Pauli, PauliSum};
use shotbook_sim::sample::Rng;

use super::TaskOutcome;

/// Resamplings of the interval; its ends move by less than a tenth of its width beyond that.
const RESAMPLINGS: usize = 1000;

/// A number with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The number.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Middle and half of the 95 % interval of a share `p` of `n` shots. It keeps its meaning near 0 and 1.
/// Source: Wilson 1927.
pub fn wilson(p: f64, n: f64) -> (f64, f64) {
    let z = 1.96_f64;
    let middle = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    (middle, z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt())
}

/// Total-variation distance of two sets of counts. Units: none, from 0 to 1.
pub fn distance(a: &BTreeMap<BitString, u64>, b: &BTreeMap<BitString, u64>) -> f64 {
    let mut keys: Vec<&BitString> = a.keys().chain(b.keys()).collect();
    keys.sort();
    keys.dedup();
    let (a, b): (Vec<u64>, Vec<u64>) =
        keys.iter().map(|k| (a.get(*k).copied().unwrap_or(0), b.get(*k).copied().unwrap_or(0))).unzip();
    of_columns(&a, &b)
}

fn of_columns(a: &[u64], b: &[u64]) -> f64 {
    let (all_a, all_b) = (a.iter().sum::<u64>().max(1) as f64, b.iter().sum::<u64>().max(1) as f64);
    a.iter().zip(b).map(|(&x, &y)| (x as f64 / all_a - y as f64 / all_b).abs()).sum::<f64>() / 2.0
}

/// The distance with its 95 % interval, and the distance that two samples of one and the same source
/// stay below in 95 of 100 cases: below it the results do not differ.
///
/// Source: percentile bootstrap, Efron and Tibshirani 1993; the last from both samples thrown together.
pub fn difference(a: &TaskOutcome, b: &TaskOutcome, seed: u64) -> (Interval, f64) {
    let mut keys: Vec<&BitString> = a.counts.keys().chain(b.counts.keys()).collect();
    keys.sort();
    keys.dedup();
    let column = |counts: &BTreeMap<BitString, u64>| -> Vec<u64> {
        keys.iter().map(|k| counts.get(*k).copied().unwrap_or(0)).collect()
    };
    let (a, b) = (column(&a.counts), column(&b.counts));
    let (n_a, n_b) = (a.iter().sum(), b.iter().sum());
    let weights = |counts: &[u64]| counts.iter().map(|&n| n as f64).collect::<Vec<f64>>();
    let (w_a, w_b) = (weights(&a), weights(&b));
    let pooled: Vec<f64> = w_a.iter().zip(&w_b).map(|(x, y)| x + y).collect();
    let mut rng = Rng::new(seed);
    let (mut apart, mut alike) = (Vec::new(), Vec::new());
    for _ in 0..RESAMPLINGS {
        apart.push(of_columns(&rng.multinomial(n_a, &w_a), &rng.multinomial(n_b, &w_b)));
        alike.push(of_columns(&rng.multinomial(n_a, &pooled), &rng.multinomial(n_b, &pooled)));
    }
    let at = |sorted: &mut Vec<f64>, share: f64| {
        sorted.sort_by(f64::total_cmp);
        sorted[(share * (RESAMPLINGS - 1) as f64).round() as usize]
    };
    let (low, high) = (at(&mut apart, 0.025), at(&mut apart, 0.975));
    (Interval { value: of_columns(&a, &b), low, high }, at(&mut alike, 0.95))
}

/// Why counts say nothing of an observable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unseen {
    /// A letter that a measurement in the Z basis does not show.
    #[error("the counts are of the Z basis and say nothing of X or Y on qubit {0}")]
    Basis(u32),
    /// A qubit without a column.
    #[error("qubit {0} was not measured")]
    Unmeasured(u32),
    /// No counts at all.
    #[error("the result has no counts")]
    NoCounts,
}

/// Mean of a sum of Z strings over the counts, with its standard error.
///
/// # Errors
/// [`Unseen`], naming the qubit.
pub fn expectation(outcome: &TaskOutcome, sum: &PauliSum) -> Result<(f64, f64), Unseen> {
    let total: u64 = outcome.counts.values().sum();
    if total == 0 {
        return Err(Unseen::NoCounts);
    }
    let mut terms = Vec::with_capacity(sum.terms.len());
    for (weight, string) in &sum.terms {
        let mut columns = Vec::with_capacity(string.len());
        for &(qubit, letter) in string {
            if letter != Pauli::Z {
                return Err(Unseen::Basis(qubit));
            }
            let column = outcome.measured_qubits.iter().position(|&q| q == qubit);
            columns.push(column.ok_or(Unseen::Unmeasured(qubit))?);
        }
        terms.push((*weight, columns));
    }
    let value = |bits: &BitString| -> f64 {
        terms.iter().map(|(w, columns)| if bits.parity(columns) { -w } else { *w }).sum()
    };
    let n = total as f64;
    let mean = outcome.counts.iter().map(|(b, &c)| value(b) * c as f64).sum::<f64>() / n;
    let square = |b: &BitString| (value(b) - mean).powi(2);
    let spread: f64 = outcome.counts.iter().map(|(b, &c)| square(b) * c as f64).sum();
    let error = if total > 1 { (spread / (n - 1.0) / n).sqrt() } else { f64::INFINITY };
    Ok((mean, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(counts: &[(&str, u64)]) -> TaskOutcome {
        let bits = |text: &str| BitString::new(text.bytes().map(|b| b == b'1'));
        let counts: BTreeMap<BitString, u64> = counts.iter().map(|(b, n)| (bits(b), *n)).collect();
        let shots = counts.values().sum();
        TaskOutcome { shots, measured_qubits: vec![0, 2], counts, ..TaskOutcome::default() }
    }

    #[test]
    fn distances_have_their_known_ends() {
        let (a, b) = (outcome(&[("00", 500), ("11", 500)]), outcome(&[("01", 7)]));
        assert_eq!(distance(&a.counts, &a.counts), 0.0);
        assert_eq!(distance(&a.counts, &b.counts), 1.0);
        let c = outcome(&[("00", 250), ("11", 750)]);
        assert!((distance(&a.counts, &c.counts) - 0.25).abs() < 1e-15);
        let (between, noise) = difference(&a, &c, 1);
        assert!(between.low < 0.25 && 0.25 < between.high && noise < between.low, "{between:?} {noise}");
    }

    #[test]
    fn samples_of_one_source_are_told_alike() {
        let mut rng = Rng::new(5);
        let mut draw = || {
            let n = rng.multinomial(1000, &[0.25; 4]);
            outcome(&[("00", n[0]), ("01", n[1]), ("10", n[2]), ("11", n[3])])
        };
        // 40 pairs at 5 % false alarms: more than 8 come in fewer than one of 10,000 runs.
        let alarms = (0..40)
            .filter(|&seed| {
                let (between, noise) = difference(&draw(), &draw(), seed);
                between.value > noise
            })
            .count();
        assert!(alarms <= 8, "{alarms}");
    }

    #[test]
    fn strings_of_z_are_read_from_their_columns() {
        let a = outcome(&[("00", 300), ("01", 100)]);
        let of = |text: &str| expectation(&a, &PauliSum::parse(text).unwrap());
        let (mean, error) = of("2*Z2 + 0.5*Z0 Z2 + 1").unwrap();
        assert!((mean - 2.25).abs() < 1e-12, "{mean}");
        // One shot has standard deviation 2.5 * sqrt(1 - 0.5^2).
        assert!((error - 2.5 * 0.75f64.sqrt() / 399f64.sqrt()).abs() < 1e-9, "{error}");
        assert_eq!(of("X0"), Err(Unseen::Basis(0)));
        assert_eq!(of("Z1"), Err(Unseen::Unmeasured(1)));
        assert_eq!(expectation(&outcome(&[]), &PauliSum::default()), Err(Unseen::NoCounts));
    }
}

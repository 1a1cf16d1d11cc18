//! Derivatives from values alone: shift rules of any gate of the table, found from its matrix.
//!
//! A mean is a trigonometric polynomial in each angle. With frequencies w, 2w .. Rw its derivative is
//! sum over m = 1 .. 2R of w (-1)^(m-1) / (4R sin^2(x_m/2)) f(angle + x_m/w), x_m = (2m-1) pi/(2R).
//! Source: D. Wierichs et al., "General parameter-shift rules for quantum gradients", Quantum 6, 677
//! (2022), arXiv:2107.12390. R = 1 is the rule of two terms.

use std::f64::consts::PI;

use num_complex::Complex64;
use shotbook_sim::circuit::Gate;

/// Shifts of an angle with the weight of the value there.
pub type Rule = Vec<(f64, f64)>;

/// Samples over two turns: frequencies up to 7 halves are told apart.
const SAMPLES: usize = 16;

/// The rule for angle `k` of a gate, which may be under controls; empty where nothing depends on it.
pub fn rule(gate: Gate, k: usize, controlled: bool) -> Rule {
    let found = frequencies(gate, k, controlled);
    let Some(&most) = found.last() else { return Rule::new() };
    let least = if found.iter().all(|f| f % 2 == 0) { 2 } else { 1 };
    let (w, r) = (f64::from(least) / 2.0, most / least);
    (1..=2 * r)
        .map(|m| {
            let x = f64::from(2 * m - 1) * PI / f64::from(2 * r);
            let sign = if m % 2 == 1 { 1.0 } else { -1.0 };
            let shift = if x > PI { x - 2.0 * PI * f64::from(u8::from(r == 1)) } else { x };
            (shift / w, sign * w / (f64::from(4 * r) * (x / 2.0).sin().powi(2)))
        })
        .collect()
}

/// Frequencies of the gate's action on a density matrix, in halves, rising.
fn frequencies(gate: Gate, k: usize, controlled: bool) -> Vec<u32> {
    let row = gate.row();
    let mut angles = [0.37, 0.91, -1.23];
    let samples: Vec<Vec<Complex64>> = (0..SAMPLES)
        .map(|i| {
            angles[k] = 4.0 * PI * i as f64 / SAMPLES as f64;
            let mut own = (row.matrix)(&angles[..usize::from(row.n_angles)]);
            if controlled {
                own.push(Complex64::new(1.0, 0.0));
            }
            own.iter().flat_map(|a| own.iter().map(move |b| a * b.conj())).collect()
        })
        .collect();
    let entries = samples.first().map_or(0, Vec::len);
    let has = |f: u32| {
        (0..entries).any(|entry| {
            let turned = |i: usize| {
                let phase = -2.0 * PI * f64::from(f) * i as f64 / SAMPLES as f64;
                samples[i][entry] * Complex64::from_polar(1.0, phase)
            };
            (0..SAMPLES).map(turned).sum::<Complex64>().norm() > 1e-9
        })
    };
    (1..SAMPLES as u32 / 2).filter(|&f| has(f)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use shotbook_sim::circuit::gates::ROWS;

    #[test]
    fn rotations_take_two_terms_and_controlled_ones_four() {
        let two = rule(Gate::Rx, 0, false);
        assert_eq!(two.len(), 2);
        assert!((two[0].0 - PI / 2.0).abs() < 1e-12 && (two[0].1 - 0.5).abs() < 1e-12, "{two:?}");
        assert!((two[1].0 + PI / 2.0).abs() < 1e-12 && (two[1].1 + 0.5).abs() < 1e-12, "{two:?}");
        assert_eq!(rule(Gate::Rz, 0, true).len(), 4);
        assert_eq!(rule(Gate::Zz, 0, false).len(), 2);
        assert!(rule(Gate::Gphase, 0, false).is_empty(), "a phase of the whole state shows nowhere");
    }

    #[test]
    fn every_angle_of_every_gate_has_the_derivative_of_its_differences() {
        for row in &ROWS {
            for k in 0..usize::from(row.n_angles) {
                for controlled in [false, true] {
                    let mut angles = [0.4, -0.8, 1.1];
                    // A mean of a state and an observable without symmetry.
                    let mut value = |by: f64| {
                        angles[k] += by;
                        let mut own = (row.matrix)(&angles[..usize::from(row.n_angles)]);
                        angles[k] -= by;
                        if controlled {
                            own.push(Complex64::new(1.0, 0.0));
                        }
                        let weight =
                            |i: usize| Complex64::new((i as f64 + 0.3).sin(), (2.0 * i as f64).cos());
                        let sum: Complex64 = own.iter().enumerate().map(|(i, z)| z * weight(i)).sum();
                        sum.norm_sqr()
                    };
                    let numeric = (value(1e-5) - value(-1e-5)) / 2e-5;
                    let ours: f64 = rule(row.gate, k, controlled).iter().map(|&(by, w)| w * value(by)).sum();
                    assert!((numeric - ours).abs() < 1e-7, "{} {k} {controlled}: {numeric} {ours}", row.name);
                }
            }
        }
    }
}

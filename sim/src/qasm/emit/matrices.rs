//! Explicit matrices: a pragma where the reader takes one, gates where one qubit is meant.

use num_complex::Complex64;

use super::expression::matrix_text;
use super::gates::Slot;
use super::{Emit, Writer};
use crate::circuit::{Angle, Gate, MatrixId, QubitRange};
use crate::diagnostic::Span;

impl Writer<'_> {
    pub(super) fn unitary(&mut self, matrix: MatrixId, qubits: QubitRange, n_controls: u8, span: Span) {
        let circuit = self.circuit;
        let entries = &circuit.matrices[matrix.0 as usize].entries;
        let (controls, own) = circuit.qubit_range(qubits).split_at(usize::from(n_controls));
        let small = controls.len() + own.len() <= CONTROLLED;
        if self.form == Emit::Braket && self.reader.matrices && (controls.is_empty() || small) {
            let entries = controlled(entries, controls.len());
            let all = self.list(circuit.qubit_range(qubits));
            return self.line(&format!("#pragma braket unitary({}) {all}", matrix_text(&entries)));
        }
        let controls: Vec<(u32, bool)> = controls.iter().map(|&q| (q, false)).collect();
        if let (&[target], &[a, b, c, d]) = (own, entries.as_slice()) {
            return self.one_qubit(&controls, target, [a, b, c, d], span);
        }
        if own.len() > WRITTEN {
            return self.refuse(span, "an explicit matrix on so many qubits", "write it as gates");
        }
        for step in steps(entries) {
            let mut controls = controls.clone();
            let of = |bit: usize| own[own.len() - 1 - bit];
            let others = (0..own.len()).rev().filter(|&bit| bit != step.bit);
            controls.extend(others.map(|bit| (of(bit), step.row >> bit & 1 == 0)));
            self.one_qubit(&controls, of(step.bit), step.matrix, span);
        }
    }

    fn one_qubit(&mut self, controls: &[(u32, bool)], target: u32, matrix: [Complex64; 4], span: Span) {
        let (theta, phi, lambda, phase) = euler(matrix);
        let fixed = |x| Slot { angle: Angle::Fixed(x) };
        self.gate(Gate::Gphase, controls, &[], &[fixed(phase)], span, 0);
        self.gate(Gate::U, controls, &[target], &[fixed(theta), fixed(phi), fixed(lambda)], span, 0);
    }
}

/// Most qubits of a matrix that is written with its controls as a larger one.
const CONTROLLED: usize = 4;
/// Most qubits of a matrix that is written as gates: for n qubits they are up to 2^(2n - 1).
const WRITTEN: usize = 4;

/// The matrix with that many controls before its qubits.
fn controlled(entries: &[Complex64], n_controls: usize) -> Vec<Complex64> {
    let small = entries.len().isqrt();
    let side = small << n_controls;
    let mut out = vec![Complex64::ZERO; side * side];
    for i in 0..side - small {
        out[i * side + i] = Complex64::ONE;
    }
    for (i, row) in entries.chunks(small).enumerate() {
        let at = (side - small + i) * side + side - small;
        out[at..at + small].copy_from_slice(row);
    }
    out
}

/// A 2x2 matrix on one bit of the index, where the other bits are those of `row`.
struct Step {
    bit: usize,
    row: usize,
    matrix: [Complex64; 4],
}

/// A unitary matrix as steps, the first to act first: Givens rotations between rows whose indices differ
/// in one bit (Nielsen and Chuang, section 4.5.1, in the order of a Gray code).
fn steps(entries: &[Complex64]) -> Vec<Step> {
    const SMALL: f64 = 1e-13;
    let side = entries.len().isqrt();
    let gray = |k: usize| k ^ k >> 1;
    let mut m: Vec<Complex64> =
        (0..side * side).map(|k| entries[gray(k / side) * side + gray(k % side)]).collect();
    let step = |upper: usize, [a, b, c, d]: [Complex64; 4]| {
        let (x, y) = (gray(upper), gray(upper + 1));
        let bit = (x ^ y).trailing_zeros() as usize;
        let matrix = if x >> bit & 1 == 0 { [a, b, c, d] } else { [d, c, b, a] };
        Step { bit, row: x, matrix }
    };
    let mut out = Vec::new();
    for column in 0..side - 1 {
        for lower in (column + 1..side).rev() {
            let (a, b) = (m[(lower - 1) * side + column], m[lower * side + column]);
            // The last rotation of a column makes its diagonal 1.
            let last = lower == column + 1 && (a - 1.0).norm() > SMALL;
            if b.norm() < SMALL && !last {
                continue;
            }
            let length = a.norm().hypot(b.norm());
            let (a, b) = (a / length, b / length);
            for k in 0..side {
                let (up, down) = (m[(lower - 1) * side + k], m[lower * side + k]);
                m[(lower - 1) * side + k] = a.conj() * up + b.conj() * down;
                m[lower * side + k] = a * down - b * up;
            }
            out.push(step(lower - 1, [a, -b.conj(), b, a.conj()]));
        }
    }
    let phase = m[side * side - 1];
    if (phase - 1.0).norm() > SMALL {
        out.push(step(side - 2, [Complex64::ONE, Complex64::ZERO, Complex64::ZERO, phase]));
    }
    out.reverse();
    out
}

/// Angles (θ, φ, λ, γ) with `exp(iγ) U(θ, φ, λ)` equal to a unitary 2x2 matrix.
fn euler(m: [Complex64; 4]) -> (f64, f64, f64, f64) {
    let theta = 2.0 * m[2].norm().atan2(m[0].norm());
    // Where a column vanishes only the sum or the difference of the phases means something.
    if m[0].norm() < 1e-12 {
        let phase = m[2].arg();
        return (theta, 0.0, (-m[1]).arg() - phase, phase);
    }
    let phase = m[0].arg();
    if m[2].norm() < 1e-12 {
        return (theta, 0.0, m[3].arg() - phase, phase);
    }
    (theta, m[2].arg() - phase, (-m[1]).arg() - phase, phase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_multiply_to_the_matrix() {
        // Products of rotations of neighbouring rows and phases reach every unitary matrix.
        for (qubits, sparse) in [(1, false), (2, false), (2, true), (3, false), (3, true), (4, false)] {
            let side = 1usize << qubits;
            let mut matrix: Vec<Complex64> = (0..side * side)
                .map(|k| Complex64::from(f64::from(u8::from(k / side == k % side))))
                .collect();
            for round in 0..if sparse { 2 } else { 3 * side } {
                let (x, y) = (round % side, (round * 5 + 1) % side);
                let (theta, phase) = (0.7 + round as f64, Complex64::from_polar(1.0, 1.3 * round as f64));
                for k in (0..side).filter(|_| x != y) {
                    let (a, b) = (matrix[x * side + k], matrix[y * side + k]);
                    matrix[x * side + k] = a * theta.cos() - b * theta.sin() * phase;
                    matrix[y * side + k] = a * theta.sin() * phase.conj() + b * theta.cos();
                }
                (0..side).for_each(|k| matrix[x * side + k] *= phase);
            }
            for column in 0..side {
                let mut state = vec![Complex64::ZERO; side];
                state[column] = Complex64::ONE;
                for Step { bit, row, matrix: m } in steps(&matrix) {
                    let (zero, one) = (row & !(1 << bit), row | 1 << bit);
                    let (a, b) = (state[zero], state[one]);
                    (state[zero], state[one]) = (m[0] * a + m[1] * b, m[2] * a + m[3] * b);
                }
                for row in 0..side {
                    let wanted = matrix[row * side + column];
                    assert!((state[row] - wanted).norm() < 1e-12, "{qubits} {sparse} {row} {column}");
                }
            }
        }
    }

    #[test]
    fn angles_give_the_matrix_back() {
        let z = Complex64::from_polar;
        for (theta, phi, lambda, gamma) in [
            (0.3, 1.0, -2.0, 0.7),
            (0.0, 0.0, 0.4, 1.0),
            (std::f64::consts::PI, 0.0, 0.9, -3.0),
            (2.5, -1.0, 3.0, 0.0),
        ] {
            let (c, s) = ((theta / 2.0f64).cos(), (theta / 2.0f64).sin());
            let make = |t: (f64, f64), phi: f64, lambda: f64, gamma: f64| {
                [z(t.0, gamma), -z(t.1, gamma + lambda), z(t.1, gamma + phi), z(t.0, gamma + phi + lambda)]
            };
            let m = make((c, s), phi, lambda, gamma);
            let (t, p, l, g) = euler(m);
            let again = make(((t / 2.0).cos(), (t / 2.0).sin()), p, l, g);
            let off = m.iter().zip(again).map(|(a, b)| (a - b).norm()).fold(0.0, f64::max);
            assert!(off < 1e-12, "{theta} {phi} {lambda} {gamma}: off by {off}");
        }
    }
}

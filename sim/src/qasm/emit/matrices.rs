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
        if self.form == Emit::Braket && self.reader.matrices && controls.is_empty() {
            let text = format!("#pragma braket unitary({}) {}", matrix_text(entries), self.list(own));
            return self.line(&text);
        }
        if let ([_], &[a, b, c, d]) = (own, entries.as_slice()) {
            let (theta, phi, lambda, phase) = euler([a, b, c, d]);
            let fixed = |x| Slot { angle: Angle::Fixed(x) };
            let controls: Vec<(u32, bool)> = controls.iter().map(|&q| (q, false)).collect();
            self.gate(Gate::Gphase, &controls, &[], &[fixed(phase)], span, 0);
            self.gate(Gate::U, &controls, own, &[fixed(theta), fixed(phi), fixed(lambda)], span, 0);
            return;
        }
        self.refuse(span, "an explicit matrix on several qubits", "write it as gates");
    }
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

//! Powers of gates. Source: OpenQASM 3 specification; a non-integer power is the principal one,
//! with eigenvalue phases in (-pi, pi].

use num_complex::Complex64;
use smallvec::SmallVec;

use super::call::{Inst, What};
use super::{Lowered, Lowering, number};
use crate::circuit::gates::ROWS;
use crate::circuit::{Matrix, MatrixId};
use crate::diagnostic::Span;
use crate::limits;

/// Most qubits of a gate whose matrix is raised to a power.
const MOST_QUBITS: usize = 5;

impl Lowering<'_> {
    pub(super) fn raised(&mut self, insts: Vec<Inst>, k: f64, span: Span) -> Lowered<Vec<Inst>> {
        if k == 1.0 {
            return Ok(insts);
        }
        let insts = if k < 0.0 { self.inverted(insts)? } else { insts };
        let k = k.abs();
        if k == 0.0 {
            return Ok(Vec::new());
        }
        if let [inst] = insts.as_slice()
            && let Some(scaled) = self.rotation_power(inst, k, span)?
        {
            return Ok(vec![scaled]);
        }
        if k.fract() == 0.0 {
            let total = (insts.len() as f64) * k;
            if total > limits::GATES as f64 {
                return self.limit(span, "gates", limits::GATES);
            }
            let mut out = Vec::with_capacity(total as usize);
            for _ in 0..k as u64 {
                out.extend(insts.iter().cloned());
            }
            return Ok(out);
        }
        self.fractional(&insts, k, span)
    }

    /// One rotation: its angle is multiplied, exactly for whole powers, and for others while the
    /// phases stay principal.
    fn rotation_power(&mut self, inst: &Inst, k: f64, span: Span) -> Lowered<Option<Inst>> {
        let What::Gate(gate) = inst.what else { return Ok(None) };
        let row = &ROWS[gate as usize];
        // A generator that is not the whole gate (an exchange, a half turn) does not scale.
        let whole = row.generator.is_some() && identity_at_zero(row.matrix);
        if !whole || row.n_angles != 1 {
            return Ok(None);
        }
        let small = number(inst.angles[0]).is_some_and(|x| x.abs() < std::f64::consts::PI);
        if k.fract() != 0.0 && !small {
            return Ok(None);
        }
        let angles: SmallVec<_> = SmallVec::from_slice(&[self.scaled(inst.angles[0], k, span)?]);
        Ok(Some(Inst { angles, ..inst.clone() }))
    }

    fn fractional(&mut self, insts: &[Inst], k: f64, span: Span) -> Lowered<Vec<Inst>> {
        let mut qubits: SmallVec<[u32; 4]> = SmallVec::new();
        for q in insts.iter().flat_map(|i| i.controls.iter().map(|c| &c.0).chain(&i.qubits)) {
            if !qubits.contains(q) {
                qubits.push(*q);
            }
        }
        if qubits.len() > MOST_QUBITS {
            let message = format!("a fractional power of a gate on more than {MOST_QUBITS} qubits");
            return self.error("SB5050", span, message, "define the root as a gate");
        }
        let side = 1usize << qubits.len();
        let mut whole: Vec<Complex64> = (0..side * side)
            .map(|i| Complex64::new(f64::from(u8::from(i / side == i % side)), 0.0))
            .collect();
        for inst in insts {
            let Some(matrix) = self.inst_matrix(inst) else {
                let help = "use a constant angle, or write the root's angle";
                return self.error("SB5050", span, "a fractional power of a gate with a free angle", help);
            };
            whole = times(&embedded(&matrix, inst, &qubits), &whole);
        }
        let Some(root) = unitary_power(&whole, k) else {
            return self.error("SB5050", span, "this power cannot be computed", "define the root as a gate");
        };
        let id = self.new_matrix(qubits.len() as u32, root);
        Ok(vec![Inst { what: What::Matrix(id), controls: Vec::new(), qubits, angles: SmallVec::new(), span }])
    }

    pub(super) fn new_matrix(&mut self, n_qubits: u32, entries: Vec<Complex64>) -> MatrixId {
        self.circuit.matrices.push(Matrix { n_qubits, entries });
        MatrixId(self.circuit.matrices.len() as u32 - 1)
    }

    pub(super) fn adjoint(&mut self, id: MatrixId) -> MatrixId {
        let Matrix { n_qubits, entries } = &self.circuit.matrices[id.0 as usize];
        let (n, side) = (*n_qubits, 1usize << n_qubits);
        let entries = (0..side * side).map(|i| entries[i % side * side + i / side].conj()).collect();
        self.new_matrix(n, entries)
    }

    /// Matrix of an instruction's own qubits, controls left out.
    fn inst_matrix(&self, inst: &Inst) -> Option<Vec<Complex64>> {
        match inst.what {
            What::Matrix(id) => Some(self.circuit.matrices[id.0 as usize].entries.clone()),
            What::Gate(gate) => {
                let angles: Option<Vec<f64>> = inst.angles.iter().map(|&t| number(t)).collect();
                Some((gate.row().matrix)(&angles?))
            }
        }
    }
}

fn identity_at_zero(matrix: fn(&[f64]) -> Vec<Complex64>) -> bool {
    let m = matrix(&[0.0]);
    let side = m.len().isqrt();
    m.iter().enumerate().all(|(i, z)| (z - f64::from(u8::from(i / side == i % side))).norm() < 1e-12)
}

fn times(a: &[Complex64], b: &[Complex64]) -> Vec<Complex64> {
    let side = a.len().isqrt();
    (0..side * side)
        .map(|i| (0..side).map(|k| a[i / side * side + k] * b[k * side + i % side]).sum())
        .collect()
}

/// The matrix of an instruction on a list of qubits, first most significant.
fn embedded(inner: &[Complex64], inst: &Inst, qubits: &[u32]) -> Vec<Complex64> {
    let (n, side) = (qubits.len(), 1usize << qubits.len());
    let place = |q: u32| n - 1 - qubits.iter().position(|&x| x == q).unwrap_or(0);
    let own: Vec<usize> = inst.qubits.iter().map(|&q| place(q)).collect();
    let pick = |index: usize| own.iter().fold(0, |a, &p| a << 1 | (index >> p & 1));
    let rest = |index: usize| own.iter().fold(index, |a, &p| a & !(1 << p));
    let acts =
        |index: usize| inst.controls.iter().all(|&(q, negative)| (index >> place(q) & 1 == 1) != negative);
    let small = 1usize << own.len();
    (0..side * side)
        .map(|i| {
            let (row, col) = (i / side, i % side);
            if !acts(col) {
                Complex64::new(f64::from(u8::from(row == col)), 0.0)
            } else if rest(row) == rest(col) {
                inner[pick(row) * small + pick(col)]
            } else {
                Complex64::new(0.0, 0.0)
            }
        })
        .collect()
}

/// Principal power of a unitary matrix, by Jacobi rotations on a Hermitian mixture of it.
fn unitary_power(u: &[Complex64], k: f64) -> Option<Vec<Complex64>> {
    let side = u.len().isqrt();
    // U = A + iB with commuting Hermitian A, B; an odd mixture of them has U's eigenvectors.
    let mixed: Vec<Complex64> = (0..side * side)
        .map(|i| {
            let (z, w) = (u[i], u[i % side * side + i / side].conj());
            let (a, b) = ((z + w) * 0.5, (z - w) * Complex64::new(0.0, -0.5));
            a + b * 0.618_033_988_749_894_8
        })
        .collect();
    let vectors = eigenvectors(mixed, side)?;
    let mut out = vec![Complex64::new(0.0, 0.0); side * side];
    for v in 0..side {
        let column: Vec<Complex64> = (0..side).map(|r| vectors[r * side + v]).collect();
        let image: Vec<Complex64> =
            (0..side).map(|r| (0..side).map(|c| u[r * side + c] * column[c]).sum()).collect();
        let value: Complex64 = column.iter().zip(&image).map(|(a, b)| a.conj() * b).sum();
        let off: f64 = image.iter().zip(&column).map(|(a, b)| (a - value * b).norm()).sum();
        if off > 1e-9 || (value.norm() - 1.0).abs() > 1e-9 {
            return None;
        }
        // -1 has phase +pi whichever side rounding left it on.
        let mut phase = value.arg();
        if phase < -std::f64::consts::PI + 1e-12 {
            phase = std::f64::consts::PI;
        }
        let power = Complex64::from_polar(1.0, phase * k);
        for r in 0..side {
            for c in 0..side {
                out[r * side + c] += power * column[r] * column[c].conj();
            }
        }
    }
    Some(out)
}

fn eigenvectors(mut h: Vec<Complex64>, side: usize) -> Option<Vec<Complex64>> {
    let mut v: Vec<Complex64> =
        (0..side * side).map(|i| Complex64::new(f64::from(u8::from(i / side == i % side)), 0.0)).collect();
    for _sweep in 0..60 {
        let off: f64 = (0..side * side).filter(|i| i / side != i % side).map(|i| h[i].norm_sqr()).sum();
        if off < 1e-28 {
            return Some(v);
        }
        for p in 0..side {
            for q in p + 1..side {
                let z = h[p * side + q];
                if z.norm() < 1e-18 {
                    continue;
                }
                let angle = 0.5 * (2.0 * z.norm()).atan2(h[p * side + p].re - h[q * side + q].re);
                let (s, c) = angle.sin_cos();
                let phase = z / z.norm();
                for r in 0..side {
                    let (a, b) = (h[r * side + p], h[r * side + q]);
                    h[r * side + p] = a * c + b * phase.conj() * s;
                    h[r * side + q] = b * c - a * phase * s;
                    let (a, b) = (v[r * side + p], v[r * side + q]);
                    v[r * side + p] = a * c + b * phase.conj() * s;
                    v[r * side + q] = b * c - a * phase * s;
                }
                for r in 0..side {
                    let (a, b) = (h[p * side + r], h[q * side + r]);
                    h[p * side + r] = a * c + b * phase * s;
                    h[q * side + r] = b * c - a * phase.conj() * s;
                }
            }
        }
    }
    None
}

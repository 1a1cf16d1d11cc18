//! Eigenvalues and eigenvectors of a Hermitian matrix by Jacobi rotations.

use num_complex::Complex64;

/// Eigenvalues, and the unitary whose row k is the conjugate of eigenvector k: it takes
/// eigenvector k to basis state k.
///
/// Source: cyclic Jacobi; quadratic convergence, at most 60 sweeps to reach 1e-15 of the norm.
pub(crate) fn diagonalize(m: &[Complex64]) -> (Vec<f64>, Vec<Complex64>) {
    let n = m.len().isqrt();
    let mut a: Vec<Complex64> = (0..n * n).map(|i| (m[i] + m[i % n * n + i / n].conj()) * 0.5).collect();
    let mut v = vec![Complex64::default(); n * n];
    for i in 0..n {
        v[i * n + i] = Complex64::new(1.0, 0.0);
    }
    let norm: f64 = a.iter().map(Complex64::norm_sqr).sum();
    for _ in 0..60 {
        let off: f64 = (0..n * n).filter(|i| i / n != i % n).map(|i| a[i].norm_sqr()).sum();
        if off <= norm * 1e-30 {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(&mut a, &mut v, n, p, q);
            }
        }
    }
    ((0..n).map(|i| a[i * n + i].re).collect(), v)
}

/// Makes entry (p, q) zero: rows and columns of `a`, rows of `v`.
fn rotate(a: &mut [Complex64], v: &mut [Complex64], n: usize, p: usize, q: usize) {
    let x = a[p * n + q];
    if x.norm_sqr() < 1e-300 {
        return;
    }
    let turn = x / x.norm();
    let theta = (a[q * n + q].re - a[p * n + p].re) / (2.0 * x.norm());
    let t = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let c = 1.0 / (t * t + 1.0).sqrt();
    let s = turn * (t * c);
    // Rows p, q become c p - s q and conj(s) p + c q; columns by the conjugates.
    let rows = |m: &mut [Complex64]| {
        for k in 0..n {
            let (x, y) = (m[p * n + k], m[q * n + k]);
            m[p * n + k] = x * c - s * y;
            m[q * n + k] = s.conj() * x + y * c;
        }
    };
    rows(a);
    rows(v);
    for k in 0..n {
        let (x, y) = (a[k * n + p], a[k * n + q]);
        a[k * n + p] = x * c - s.conj() * y;
        a[k * n + q] = s * x + y * c;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Rng;

    #[test]
    fn the_unitary_makes_the_matrix_diagonal() {
        let mut rng = Rng::new(9);
        for n in [1, 2, 4, 16, 32] {
            let mut m = vec![Complex64::default(); n * n];
            for i in 0..n {
                for j in 0..=i {
                    let z = Complex64::new(rng.unit() - 0.5, if i == j { 0.0 } else { rng.unit() - 0.5 });
                    m[i * n + j] = z;
                    m[j * n + i] = z.conj();
                }
            }
            let (values, u) = diagonalize(&m);
            for i in 0..n {
                for j in 0..n {
                    let entry: Complex64 =
                        (0..n * n).map(|k| u[i * n + k / n] * m[k] * u[j * n + k % n].conj()).sum();
                    let expected = if i == j { values[i] } else { 0.0 };
                    assert!((entry - expected).norm() < 1e-11, "{n}: {i},{j} gives {entry}");
                }
            }
        }
    }
}

//! The small dense algebra of chains: orthogonal rows, and singular values by one-sided Jacobi.
//!
//! A matrix is kept as rows that are contiguous in memory. It is first written as few orthonormal
//! rows, largest first, which already shows its rank; Jacobi then turns the short coefficients until
//! they are orthogonal, which keeps small singular values accurate. Source: Drmac and Veselic 2008.

use num_complex::Complex64;

const ZERO: Complex64 = Complex64::new(0.0, 0.0);
/// Sweeps after which Jacobi gives up; six are usual.
const SWEEPS: usize = 40;
/// Rows count as orthogonal when their product is this small against their lengths.
const ORTHOGONAL: f64 = 1e-14;
/// Weight, relative to the whole, that cannot be told from rounding.
pub(crate) const ROUNDING: f64 = 1e-28;

/// Rows of equal length, end to end.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    pub(crate) width: usize,
    pub(crate) entries: Vec<Complex64>,
}

impl Rows {
    pub(crate) fn zero(height: usize, width: usize) -> Self {
        Self { width, entries: vec![ZERO; height * width] }
    }

    pub(crate) fn height(&self) -> usize {
        self.entries.len().checked_div(self.width).unwrap_or(0)
    }

    pub(crate) fn row(&self, at: usize) -> &[Complex64] {
        &self.entries[at * self.width..(at + 1) * self.width]
    }

    pub(crate) fn row_mut(&mut self, at: usize) -> &mut [Complex64] {
        &mut self.entries[at * self.width..(at + 1) * self.width]
    }

    /// Two different rows, the first above the second.
    fn pair(&mut self, a: usize, b: usize) -> (&mut [Complex64], &mut [Complex64]) {
        let (upper, lower) = self.entries.split_at_mut(b * self.width);
        (&mut upper[a * self.width..(a + 1) * self.width], &mut lower[..self.width])
    }

    pub(crate) fn transposed(&self) -> Self {
        let mut out = Self::zero(self.width, self.height());
        for (r, row) in self.entries.chunks_exact(self.width.max(1)).enumerate() {
            for (c, &x) in row.iter().enumerate() {
                out.entries[c * out.width + r] = x;
            }
        }
        out
    }
}

/// Sum of conj(a) b.
pub(crate) fn dot(a: &[Complex64], b: &[Complex64]) -> Complex64 {
    // Four sums side by side, so that additions need not wait for each other.
    let (mut re, mut im) = ([0.0; 4], [0.0; 4]);
    let (a4, b4) = (a.chunks_exact(4), b.chunks_exact(4));
    let (a_rest, b_rest) = (a4.remainder(), b4.remainder());
    for (x, y) in a4.zip(b4) {
        for k in 0..4 {
            re[k] += x[k].re * y[k].re + x[k].im * y[k].im;
            im[k] += x[k].re * y[k].im - x[k].im * y[k].re;
        }
    }
    let rest: Complex64 = a_rest.iter().zip(b_rest).map(|(x, y)| x.conj() * y).sum();
    Complex64::new(re.iter().sum::<f64>(), im.iter().sum::<f64>()) + rest
}

/// Sum of |a|^2.
pub(crate) fn weight(a: &[Complex64]) -> f64 {
    let mut sums = [0.0; 4];
    let chunks = a.chunks_exact(4);
    let rest: f64 = chunks.remainder().iter().map(Complex64::norm_sqr).sum();
    for x in chunks {
        for k in 0..4 {
            sums[k] += x[k].norm_sqr();
        }
    }
    sums.iter().sum::<f64>() + rest
}

/// a += factor b.
pub(crate) fn add(a: &mut [Complex64], factor: Complex64, b: &[Complex64]) {
    for (x, y) in a.iter_mut().zip(b) {
        *x = Complex64::new(
            x.re + factor.re * y.re - factor.im * y.im,
            x.im + factor.re * y.im + factor.im * y.re,
        );
    }
}

/// A product of matrices, both row by row.
pub(crate) fn times(a: &Rows, b: &Rows) -> Rows {
    let mut out = Rows::zero(a.height(), b.width);
    for (r, row) in a.entries.chunks_exact(a.width.max(1)).enumerate() {
        let target = &mut out.entries[r * b.width..(r + 1) * b.width];
        for (k, &x) in row.iter().enumerate() {
            if x != ZERO {
                add(target, x, b.row(k));
            }
        }
    }
    out
}

/// A matrix M as sum over k of column k times row k: M[i][j] = sum of columns[k][i] rows[k][j].
#[derive(Clone, Debug)]
pub(crate) struct Split {
    /// Column k as a row.
    pub(crate) columns: Rows,
    pub(crate) rows: Rows,
}

/// Writes a matrix with orthonormal rows, as few as leave out no more than `left_out` of its weight.
///
/// Gram and Schmidt with the longest remaining row first, and each made orthogonal twice.
pub(crate) fn orthogonal(mut m: Rows, left_out: f64) -> Split {
    let height = m.height();
    let mut lengths: Vec<f64> = (0..height).map(|r| weight(m.row(r))).collect();
    let total: f64 = lengths.iter().sum();
    let mut rows = Rows { width: m.width, entries: Vec::new() };
    let mut columns = Rows { width: height, entries: Vec::new() };
    let mut open: Vec<usize> = (0..height).collect();
    while rows.height() < m.width && !open.is_empty() {
        let rest: f64 = open.iter().map(|&r| lengths[r]).sum();
        let Some(at) = (0..open.len()).max_by(|&a, &b| lengths[open[a]].total_cmp(&lengths[open[b]])) else {
            break;
        };
        if rest <= left_out.max(ROUNDING) * total && rows.height() > 0 {
            break;
        }
        let chosen = open.swap_remove(at);
        let mut unit = m.row(chosen).to_vec();
        for k in 0..rows.height() {
            let more = dot(rows.row(k), &unit);
            add(&mut unit, -more, rows.row(k));
            columns.entries[k * height + chosen] += more;
        }
        let length = weight(&unit).sqrt();
        let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
        unit.iter_mut().for_each(|x| *x *= scale);
        let mut column = vec![ZERO; height];
        column[chosen] = Complex64::new(length, 0.0);
        for &r in &open {
            let row = m.row_mut(r);
            let part = dot(&unit, row);
            add(row, -part, &unit);
            lengths[r] = weight(row);
            column[r] = part;
        }
        rows.entries.extend_from_slice(&unit);
        columns.entries.extend_from_slice(&column);
    }
    Split { columns, rows }
}

/// Singular values of a matrix, falling, with U as columns of length 1 and V† as orthonormal rows.
pub(crate) fn singular(m: Rows, left_out: f64) -> (Vec<f64>, Split) {
    let mut split = orthogonal(m, left_out);
    let k = split.rows.height();
    for _ in 0..SWEEPS {
        let mut turned = false;
        for a in 0..k {
            for b in a + 1..k {
                turned |= rotate(&mut split, a, b);
            }
        }
        if !turned {
            break;
        }
    }
    let lengths: Vec<f64> = (0..k).map(|r| weight(split.columns.row(r)).sqrt()).collect();
    let mut order: Vec<usize> = (0..k).collect();
    order.sort_by(|&a, &b| lengths[b].total_cmp(&lengths[a]));
    let mut out = Split {
        columns: Rows {
            width: split.columns.width,
            entries: Vec::with_capacity(split.columns.entries.len()),
        },
        rows: Rows { width: split.rows.width, entries: Vec::with_capacity(split.rows.entries.len()) },
    };
    for &r in &order {
        let scale = if lengths[r] > 0.0 { 1.0 / lengths[r] } else { 0.0 };
        out.columns.entries.extend(split.columns.row(r).iter().map(|x| x * scale));
        out.rows.entries.extend_from_slice(split.rows.row(r));
    }
    (order.into_iter().map(|r| lengths[r]).collect(), out)
}

/// Makes columns a and b orthogonal; says whether they were not.
fn rotate(split: &mut Split, a: usize, b: usize) -> bool {
    let (x, y) = split.columns.pair(a, b);
    let (xx, yy, xy) = (weight(x), weight(y), dot(x, y));
    let size = xy.norm();
    if size <= ORTHOGONAL * (xx * yy).sqrt() || size == 0.0 {
        return false;
    }
    // A phase makes the product real; rows take its conjugate, so that the sum stays the same.
    let phase = xy / size;
    let zeta = (yy - xx) / (2.0 * size);
    let tangent = zeta.signum() / (zeta.abs() + zeta.hypot(1.0));
    let cosine = 1.0 / tangent.hypot(1.0);
    let sine = cosine * tangent;
    turn(x, y, phase.conj(), cosine, sine);
    let (x, y) = split.rows.pair(a, b);
    turn(x, y, phase, cosine, sine);
    true
}

/// y := phase y, then both turned by an angle.
fn turn(x: &mut [Complex64], y: &mut [Complex64], phase: Complex64, cosine: f64, sine: f64) {
    for (x, y) in x.iter_mut().zip(y) {
        let z = Complex64::new(phase.re * y.re - phase.im * y.im, phase.re * y.im + phase.im * y.re);
        let old = *x;
        *x = Complex64::new(cosine * old.re - sine * z.re, cosine * old.im - sine * z.im);
        *y = Complex64::new(sine * old.re + cosine * z.re, sine * old.im + cosine * z.im);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Rng;

    fn random(height: usize, width: usize, rank: usize, seed: u64) -> Rows {
        let mut rng = Rng::new(seed);
        let mut fill = |h: usize, w: usize| Rows {
            width: w,
            entries: (0..h * w).map(|_| Complex64::new(rng.unit() - 0.5, rng.unit() - 0.5)).collect(),
        };
        times(&fill(height, rank), &fill(rank, width))
    }

    fn off_identity(rows: &Rows) -> f64 {
        let mut worst: f64 = 0.0;
        for a in 0..rows.height() {
            for b in 0..rows.height() {
                let wanted = f64::from(u8::from(a == b));
                worst = worst.max((dot(rows.row(a), rows.row(b)) - wanted).norm());
            }
        }
        worst
    }

    #[test]
    fn values_and_vectors_give_the_matrix_back() {
        for (seed, (height, width, rank)) in
            [(5, 5, 5), (8, 3, 3), (3, 8, 3), (12, 12, 4), (1, 7, 1), (20, 16, 16)].into_iter().enumerate()
        {
            let m = random(height, width, rank, seed as u64);
            let (values, split) = singular(m.clone(), 0.0);
            assert_eq!(values.len(), rank, "{height} {width}");
            assert!(values.is_sorted_by(|a, b| a >= b));
            assert!(off_identity(&split.rows) < 1e-13 && off_identity(&split.columns) < 1e-13);
            for i in 0..height {
                for j in 0..width {
                    let sum: Complex64 =
                        (0..rank).map(|k| split.columns.row(k)[i] * values[k] * split.rows.row(k)[j]).sum();
                    assert!((sum - m.row(i)[j]).norm() < 1e-13, "{height} {width}");
                }
            }
        }
    }

    #[test]
    fn tiny_singular_values_keep_their_digits() {
        let mut m = Rows::zero(3, 3);
        let (c, s) = (0.6, 0.8);
        for (k, size) in [1.0, 1e-6, 1e-12].into_iter().enumerate() {
            m.row_mut(k)[k] = Complex64::new(size, 0.0);
        }
        let mut turn = Rows::zero(3, 3);
        turn.entries =
            [c, s, 0.0, -s * c, c * c, s, s * s, -c * s, c].map(|x| Complex64::new(x, 0.0)).to_vec();
        let (values, _) = singular(times(&times(&turn.transposed(), &m), &turn), 0.0);
        for (got, wanted) in values.iter().zip([1.0, 1e-6, 1e-12]) {
            assert!((got / wanted - 1.0).abs() < 1e-3, "{values:?}");
        }
    }
}

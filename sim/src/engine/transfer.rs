//! Matrices between Pauli coefficients: what a gate or a channel does to them.

use num_complex::Complex64;

use crate::engine::kernels::mix::Map;

/// Entries smaller than this are rounding.
const TINY: f64 = 1e-15;
const I: Complex64 = Complex64::new(0.0, 1.0);

/// Turns 4^k coefficients into a matrix of side 2^k, row-major, without the factor 2^-k.
pub(crate) fn to_matrix(coefficients: &[f64]) -> Vec<Complex64> {
    let mut all: Vec<Complex64> = coefficients.iter().map(|&x| x.into()).collect();
    butterflies(&mut all, |[i, x, y, z]| [i + z, x - I * y, x + I * y, i - z]);
    let mut out = all.clone();
    let k = all.len().ilog2() / 2;
    for (at, value) in all.into_iter().enumerate() {
        out[row_major(at, k)] = value;
    }
    out
}

/// Turns a matrix into coefficients: the inverse of [`to_matrix`].
pub(crate) fn from_matrix(matrix: &[Complex64]) -> Vec<f64> {
    let k = matrix.len().ilog2() / 2;
    let mut all: Vec<Complex64> = (0..matrix.len()).map(|at| matrix[row_major(at, k)]).collect();
    butterflies(&mut all, |[a, b, c, d]| [(a + d) * 0.5, (b + c) * 0.5, I * (b - c) * 0.5, (a - d) * 0.5]);
    all.into_iter().map(|z| z.re).collect()
}

fn butterflies(all: &mut [Complex64], f: impl Fn([Complex64; 4]) -> [Complex64; 4]) {
    let mut stride = 1;
    while stride < all.len() {
        for block in all.chunks_exact_mut(4 * stride) {
            for i in 0..stride {
                let out = f(std::array::from_fn(|d| block[i + d * stride]));
                for (d, value) in out.into_iter().enumerate() {
                    block[i + d * stride] = value;
                }
            }
        }
        stride *= 4;
    }
}

/// Digits hold a row bit and a column bit each; rows come first in a matrix.
fn row_major(digits: usize, k: u32) -> usize {
    (0..k).fold(0, |out, q| {
        let digit = digits >> (2 * q) & 3;
        out | (digit >> 1) << (q + k) | (digit & 1) << q
    })
}

/// Multiplies the rows of a matrix that meet a condition on index bits by a small matrix on some
/// bits, first most significant, and its columns by the conjugate: U rho U†, or K rho K†.
pub(crate) fn sandwich(rho: &mut [Complex64], small: &[Complex64], bits: &[u32], ones: usize, zeros: usize) {
    let k = rho.len().ilog2() / 2;
    let conj: Vec<Complex64> = small.iter().map(Complex64::conj).collect();
    for (shift, m) in [(k, small), (0, conj.as_slice())] {
        let own: Vec<usize> =
            bits.iter().fold(vec![0], |all, b| all.iter().flat_map(|a| [*a, a | 1 << (b + shift)]).collect());
        let fixed = own[own.len() - 1];
        let (ones, zeros) = (ones << shift, zeros << shift);
        let mut old = vec![Complex64::default(); own.len()];
        for base in (0..rho.len()).filter(|i| i & fixed == 0 && i & ones == ones && i & zeros == 0) {
            for (old, at) in old.iter_mut().zip(&own) {
                *old = rho[base + at];
            }
            for (row, at) in m.chunks_exact(own.len()).zip(&own) {
                rho[base + at] = row.iter().zip(&old).map(|(a, b)| a * b).sum();
            }
        }
    }
}

/// The matrix of side 4^k that a map of matrices is between coefficients; columns one by one.
pub(crate) fn table(k: usize, act: impl Fn(&mut Vec<Complex64>)) -> Vec<f64> {
    let side = 1usize << (2 * k);
    let mut out = vec![0.0; side * side];
    let mut unit = vec![0.0; side];
    for column in 0..side {
        unit.fill(0.0);
        unit[column] = 1.0;
        let mut matrix = to_matrix(&unit);
        act(&mut matrix);
        for (row, value) in from_matrix(&matrix).into_iter().enumerate() {
            out[row * side + column] = if value.abs() < TINY { 0.0 } else { value };
        }
    }
    out
}

/// What sum K rho K† does.
pub(crate) fn of_channel(k: usize, operators: &[Vec<Complex64>]) -> Vec<f64> {
    let bits: Vec<u32> = (0..k as u32).rev().collect();
    table(k, |rho| *rho = channel(rho, operators, &bits))
}

/// The sum of K rho K† over operators on some bits.
pub(crate) fn channel(rho: &[Complex64], operators: &[Vec<Complex64>], bits: &[u32]) -> Vec<Complex64> {
    let mut sum = vec![Complex64::default(); rho.len()];
    for operator in operators {
        let mut part = rho.to_vec();
        sandwich(&mut part, operator, bits, 0, 0);
        sum.iter_mut().zip(part).for_each(|(s, x)| *s += x);
    }
    sum
}

/// The same table with its digits in another order: digit `order[i]` of the old becomes digit i.
pub(crate) fn reorder(table: &[f64], order: &[usize]) -> Vec<f64> {
    let k = order.len();
    let side = 1usize << (2 * k);
    let old: Vec<usize> = (0..side)
        .map(|at| {
            order
                .iter()
                .enumerate()
                .fold(0, |out, (new, old)| out | (at >> (2 * (k - 1 - new)) & 3) << (2 * (k - 1 - old)))
        })
        .collect();
    (0..side * side).map(|i| table[old[i / side] * side + old[i % side]]).collect()
}

/// The cheapest form of a table.
pub(crate) fn map(table: &[f64]) -> Map {
    let side = table.len().isqrt();
    if let Ok(m) = <[f64; 16]>::try_from(table) {
        return Map::Digit(0, m);
    }
    if (0..table.len()).all(|i| i / side == i % side || table[i] == 0.0) {
        return Map::Scale((0..side).map(|i| table[i * side + i]).collect());
    }
    let (mut starts, mut entries) = (vec![0], Vec::new());
    for row in table.chunks_exact(side) {
        entries.extend(row.iter().enumerate().filter(|x| *x.1 != 0.0).map(|(c, &x)| (c as u32, x)));
        starts.push(entries.len() as u32);
    }
    Map::Rows { starts, entries }
}

/// One 4x4 matrix after another.
pub(crate) fn after(second: &[f64; 16], first: &[f64; 16]) -> [f64; 16] {
    std::array::from_fn(|i| (0..4).map(|k| second[i / 4 * 4 + k] * first[k * 4 + i % 4]).sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::circuit::Gate;

    #[test]
    fn coefficients_and_matrices_are_one_thing() {
        let r: Vec<f64> = (0..64).map(|i| f64::from(i * 37 % 17) - 8.0).collect();
        let back = from_matrix(&to_matrix(&r));
        assert!(r.iter().zip(&back).all(|(a, b)| (a - b).abs() < 1e-12));
        let y = to_matrix(&[0.0, 0.0, 1.0, 0.0]);
        assert_eq!(y, (Gate::Y.row().matrix)(&[]));
    }

    #[test]
    fn a_cnot_permutes_strings() {
        let table = of_channel(2, &[(Gate::Cnot.row().matrix)(&[])]);
        let Map::Rows { starts, entries } = map(&table) else { panic!() };
        assert!(starts.windows(2).all(|w| w[1] - w[0] == 1));
        // XI -> XX, IZ -> ZZ, YY -> -XZ.
        assert_eq!(entries[0b01_01], (0b01_00, 1.0));
        assert_eq!(entries[0b11_11], (0b00_11, 1.0));
        assert_eq!(entries[0b01_11], (0b10_10, -1.0));
        let turned = reorder(&table, &[1, 0]);
        assert_eq!(turned[0b01_01 * 16 + 0b00_01], 1.0);
    }
}

//! Which gates permute the Paulis, and the elementary gates that do the same.
//!
//! Everything is derived from the matrix, so a row of the gate table needs no second fact here: the
//! images of X and Z on each qubit are read off the matrix, checked entry by entry, and turned
//! into H, S, CX, CZ and SWAP. Paulis are kept as i^phase X^x Z^z, the form in which products and
//! CX need no case by case signs. Source: Aaronson and Gottesman 2004 for the reduction.

use num_complex::Complex64;
use smallvec::SmallVec;

use crate::circuit::gates::{Gate, ROWS};
use crate::plan::dense::controlled;
use std::sync::OnceLock;

/// How far an entry may be from that of a Clifford gate.
const TOLERANCE: f64 = 1e-9;
/// Qubits of the largest matrix that is tried.
pub(crate) const MOST_QUBITS: usize = 8;

/// i^phase X^x Z^z on few qubits; bit j belongs to position j of the gate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Small {
    pub(crate) x: u32,
    pub(crate) z: u32,
    /// Modulo 4.
    pub(crate) phase: u8,
}

/// An elementary gate on positions or qubits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Elem {
    X(u32),
    Z(u32),
    H(u32),
    S(u32),
    Cx(u32, u32),
    Cz(u32, u32),
    Swap(u32, u32),
}

impl Elem {
    /// The same on other qubits.
    pub(crate) fn on(self, qubits: &[u32]) -> Self {
        let q = |at: u32| qubits[at as usize];
        match self {
            Self::X(a) => Self::X(q(a)),
            Self::Z(a) => Self::Z(q(a)),
            Self::H(a) => Self::H(q(a)),
            Self::S(a) => Self::S(q(a)),
            Self::Cx(a, b) => Self::Cx(q(a), q(b)),
            Self::Cz(a, b) => Self::Cz(q(a), q(b)),
            Self::Swap(a, b) => Self::Swap(q(a), q(b)),
        }
    }
}

fn bit(mask: u32, at: u32) -> u8 {
    (mask >> at & 1) as u8
}

impl Small {
    /// G P G† for an elementary G.
    pub(crate) fn conjugate(&mut self, elem: Elem) {
        match elem {
            Elem::X(a) => self.phase += 2 * bit(self.z, a),
            Elem::Z(a) => self.phase += 2 * bit(self.x, a),
            Elem::H(a) => {
                self.phase += 2 * (bit(self.x, a) & bit(self.z, a));
                let differ = (self.x ^ self.z) & 1 << a;
                self.x ^= differ;
                self.z ^= differ;
            }
            Elem::S(a) => {
                self.phase += bit(self.x, a);
                self.z ^= self.x & 1 << a;
            }
            Elem::Cx(a, b) => {
                self.x ^= (self.x >> a & 1) << b;
                self.z ^= (self.z >> b & 1) << a;
            }
            Elem::Cz(a, b) => {
                self.phase += 2 * (bit(self.x, a) & bit(self.x, b));
                self.z ^= (self.x >> a & 1) << b | (self.x >> b & 1) << a;
            }
            Elem::Swap(a, b) => {
                for mask in [&mut self.x, &mut self.z] {
                    let differ = (*mask >> a ^ *mask >> b) & 1;
                    *mask ^= differ << a | differ << b;
                }
            }
        }
        self.phase %= 4;
    }

    /// Its letters as gates on qubits.
    pub(crate) fn elements(self, qubits: &[u32]) -> impl Iterator<Item = Elem> {
        qubits.iter().enumerate().flat_map(move |(at, &q)| {
            let x = (self.x >> at & 1 == 1).then_some(Elem::X(q));
            let z = (self.z >> at & 1 == 1).then_some(Elem::Z(q));
            x.into_iter().chain(z)
        })
    }
}

/// Index bits of a matrix, first qubit most significant, as a mask with position j in bit j.
fn reversed(index: usize, n: usize) -> u32 {
    (0..n).fold(0, |mask, j| mask | ((index >> (n - 1 - j) & 1) as u32) << j)
}

/// The power of i that a number of modulus `size` is.
fn power_of_i(value: Complex64, size: f64) -> Option<u8> {
    let unit = value / size;
    let powers = [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)];
    powers.iter().position(|&(re, im)| (unit - Complex64::new(re, im)).norm() < TOLERANCE).map(|k| k as u8)
}

/// The Pauli of which a matrix is a multiple, if it is one; its own phase does not matter.
pub(crate) fn pauli_of(matrix: &[Complex64]) -> Option<Small> {
    let side = matrix.len().isqrt();
    let n = side.ilog2() as usize;
    let flip = (0..side).max_by(|&a, &b| matrix[a * side].norm().total_cmp(&matrix[b * side].norm()))?;
    let first = matrix[flip * side];
    let size = first.norm();
    if size == 0.0 {
        return Some(Small::default()).filter(|_| matrix.iter().all(|e| e.norm() == 0.0));
    }
    let signs: usize = (0..n)
        .filter(|j| ((matrix[(flip ^ 1 << j) * side + (1 << j)] / first).re) < 0.0)
        .fold(0, |mask, j| mask | 1 << j);
    let matches = (0..side * side).all(|i| {
        let (row, col) = (i / side, i % side);
        let sign = if (signs & col).count_ones() & 1 == 1 { -1.0 } else { 1.0 };
        let expected = if row ^ col == flip { first * sign } else { Complex64::new(0.0, 0.0) };
        (matrix[i] - expected).norm() < TOLERANCE * size.max(1e-3)
    });
    matches.then(|| Small { x: reversed(flip, n), z: reversed(signs, n), phase: 0 })
}

/// U P U† where P is X or Z at index bit `at`, if that is a Pauli.
fn image(matrix: &[Complex64], n: usize, at: usize, is_x: bool) -> Option<Small> {
    let side = 1usize << n;
    // Entry (row, col) of U P U†.
    let entry = |row: usize, col: usize| -> Complex64 {
        (0..side)
            .map(|k| {
                let (from, sign) =
                    if is_x { (k ^ 1 << at, 1.0) } else { (k, if k >> at & 1 == 1 { -1.0 } else { 1.0 }) };
                matrix[row * side + k] * matrix[col * side + from].conj() * sign
            })
            .sum()
    };
    let flip = (0..side).find(|&row| entry(row, 0).norm() > 0.5)?;
    let phase = power_of_i(entry(flip, 0), 1.0)?;
    let mut signs = 0;
    for j in 0..n {
        let ratio = power_of_i(entry(flip ^ 1 << j, 1 << j) / entry(flip, 0), 1.0)?;
        match ratio {
            0 => {}
            2 => signs |= 1 << j,
            _ => return None,
        }
    }
    // U P = Q U proves that the image is Q.
    let i_power = [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)][usize::from(phase)];
    let factor = Complex64::new(i_power.0, i_power.1);
    for row in 0..side {
        let back = row ^ flip;
        let sign = if (signs & back).count_ones() & 1 == 1 { -factor } else { factor };
        for col in 0..side {
            let left = if is_x {
                matrix[row * side + (col ^ 1 << at)]
            } else if col >> at & 1 == 1 {
                -matrix[row * side + col]
            } else {
                matrix[row * side + col]
            };
            if (left - sign * matrix[back * side + col]).norm() > TOLERANCE {
                return None;
            }
        }
    }
    Some(Small { x: reversed(flip, n), z: reversed(signs, n), phase })
}

/// The elementary gates that act on Paulis as a unitary matrix does, if there are any.
pub(crate) fn elements(matrix: &[Complex64]) -> Option<SmallVec<[Elem; 4]>> {
    let side = matrix.len().isqrt();
    let n = side.ilog2() as usize;
    if n > MOST_QUBITS {
        return None;
    }
    let mut images = Vec::with_capacity(2 * n);
    for position in 0..n {
        images.push(image(matrix, n, n - 1 - position, true)?);
        images.push(image(matrix, n, n - 1 - position, false)?);
    }
    Some(synthesize(&images))
}

/// Elementary gates with these images of X and Z of each position.
fn synthesize(images: &[Small]) -> SmallVec<[Elem; 4]> {
    let mut gates = symplectic(images);
    let mut reached: Vec<Small> = identity(images.len() / 2);
    for &elem in &gates {
        reached.iter_mut().for_each(|p| p.conjugate(elem));
    }
    // What differs now is a sign, which a Pauli that anticommutes with the image turns: the image
    // of Z for a wrong X and of X for a wrong Z.
    let mut fix = Small::default();
    for (at, (got, wanted)) in reached.iter().zip(images).enumerate() {
        if got.phase != wanted.phase {
            let other = reached[at ^ 1];
            fix.x ^= other.x;
            fix.z ^= other.z;
        }
    }
    for at in 0..images.len() as u32 / 2 {
        if bit(fix.x, at) == 1 {
            gates.push(Elem::X(at));
        }
        if bit(fix.z, at) == 1 {
            gates.push(Elem::Z(at));
        }
    }
    gates
}

fn identity(n: usize) -> Vec<Small> {
    (0..n).flat_map(|j| [Small { x: 1 << j, z: 0, phase: 0 }, Small { x: 0, z: 1 << j, phase: 0 }]).collect()
}

/// Gates with the right images up to sign.
fn symplectic(images: &[Small]) -> SmallVec<[Elem; 4]> {
    let n = images.len() as u32 / 2;
    let start = identity(n as usize);
    let alike = |a: &[Small]| a.iter().zip(images).all(|(p, q)| (p.x, p.z) == (q.x, q.z));
    if alike(&start) {
        return SmallVec::new();
    }
    let singles = (0..n).flat_map(|a| [Elem::H(a), Elem::S(a)]);
    let pairs = (0..n).flat_map(|a| (0..n).filter(move |&b| b != a).map(move |b| (a, b)));
    let known = singles.chain(pairs.flat_map(|(a, b)| [Elem::Cx(a, b), Elem::Cz(a, b), Elem::Swap(a, b)]));
    for elem in known {
        let mut once = start.clone();
        once.iter_mut().for_each(|p| p.conjugate(elem));
        if alike(&once) {
            return SmallVec::from_slice(&[elem]);
        }
    }
    reduce(images.to_vec(), n)
}

/// Sweeps the images back to single letters; the way there, read backwards, is the gate.
fn reduce(mut rows: Vec<Small>, n: u32) -> SmallVec<[Elem; 4]> {
    let mut undone = SmallVec::<[Elem; 4]>::new();
    let mut apply = |rows: &mut Vec<Small>, elem: Elem| {
        rows.iter_mut().for_each(|p| p.conjugate(elem));
        undone.push(elem);
    };
    for i in 0..n {
        let at = 2 * i as usize;
        for j in i..n {
            match (bit(rows[at].x, j), bit(rows[at].z, j)) {
                (1, 1) => apply(&mut rows, Elem::S(j)),
                (0, 1) => apply(&mut rows, Elem::H(j)),
                _ => {}
            }
        }
        if bit(rows[at].x, i) == 0 {
            let other = rows[at].x.trailing_zeros();
            apply(&mut rows, Elem::Swap(i, other));
        }
        for j in i + 1..n {
            if bit(rows[at].x, j) == 1 {
                apply(&mut rows, Elem::Cx(i, j));
            }
        }
        if bit(rows[at + 1].x, i) == 1 {
            // Y to Z with X left alone.
            [Elem::H(i), Elem::S(i), Elem::H(i)].into_iter().for_each(|e| apply(&mut rows, e));
        }
        for j in i + 1..n {
            match (bit(rows[at + 1].x, j), bit(rows[at + 1].z, j)) {
                (1, 1) => {
                    apply(&mut rows, Elem::S(j));
                    apply(&mut rows, Elem::H(j));
                }
                (1, 0) => apply(&mut rows, Elem::H(j)),
                _ => {}
            }
            if bit(rows[at + 1].z, j) == 1 {
                apply(&mut rows, Elem::Cx(j, i));
            }
        }
    }
    // Up to a sign every elementary gate undoes itself.
    undone.reverse();
    undone
}

/// The elementary gates of a row of the gate table under controls; bit k of `negative` set:
/// control k acts when 0.
pub(crate) fn of_gate(
    gate: Gate,
    n_controls: usize,
    negative: u64,
    angles: &[f64],
) -> Option<SmallVec<[Elem; 4]>> {
    static FIXED: [OnceLock<Option<SmallVec<[Elem; 4]>>>; ROWS.len()] =
        [const { OnceLock::new() }; ROWS.len()];
    if n_controls == 0 && angles.is_empty() {
        return FIXED[gate as usize].get_or_init(|| elements(&(gate.row().matrix)(&[]))).clone();
    }
    let n = n_controls + usize::from(gate.row().n_qubits);
    if n > MOST_QUBITS {
        return None;
    }
    let own = (gate.row().matrix)(angles);
    if n == 0 {
        return Some(SmallVec::new());
    }
    elements(&controlled(&own, n_controls, negative))
}

#[cfg(test)]
mod tests {
    use std::f64::consts::FRAC_PI_4;

    use super::*;
    use crate::engine::reference::times;

    fn dense(p: &Small, n: usize) -> Vec<Complex64> {
        let side = 1usize << n;
        let powers = [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)];
        let (re, im) = powers[usize::from(p.phase)];
        let mut out = vec![Complex64::new(0.0, 0.0); side * side];
        for col in 0..side {
            let mask = reversed(col, n);
            let sign = if (mask & p.z).count_ones() & 1 == 1 { -1.0 } else { 1.0 };
            let row = (0..side).find(|&r| reversed(r, n) == mask ^ p.x).unwrap();
            out[row * side + col] = Complex64::new(re, im) * sign;
        }
        out
    }

    fn conjugated(u: &[Complex64], p: &[Complex64]) -> Vec<Complex64> {
        let side = u.len().isqrt();
        let adjoint: Vec<_> = (0..u.len()).map(|i| u[i % side * side + i / side].conj()).collect();
        times(&times(u, p), &adjoint)
    }

    fn same(a: &[Complex64], b: &[Complex64]) -> bool {
        a.iter().zip(b).all(|(x, y)| (x - y).norm() < 1e-9)
    }

    /// Whether the plain definition calls a matrix Clifford.
    fn maps_paulis_to_paulis(u: &[Complex64], n: usize) -> bool {
        identity(n).iter().all(|p| {
            let image = conjugated(u, &dense(p, n));
            (0..1u32 << (2 * n + 2)).any(|code| {
                let (x, z) = (code & ((1 << n) - 1), code >> n & ((1 << n) - 1));
                same(&image, &dense(&Small { x, z, phase: (code >> (2 * n)) as u8 }, n))
            })
        })
    }

    #[test]
    fn every_row_at_eighth_turns_is_recognised_as_the_definition_says() {
        let mut found = 0;
        for row in &ROWS {
            let angles = usize::from(row.n_angles);
            for n_controls in 0..=usize::from(row.n_qubits < 2) {
                for code in 0..8usize.pow(angles as u32) {
                    let angles: Vec<f64> = (0..angles)
                        .map(|k| (code >> (3 * k) & 7) as f64 * FRAC_PI_4 - 2.0 * FRAC_PI_4)
                        .collect();
                    let n = n_controls + usize::from(row.n_qubits);
                    if n == 0 {
                        continue;
                    }
                    let negative = code as u64 & 1;
                    let u = controlled(&(row.matrix)(&angles), n_controls, negative);
                    let got = of_gate(row.gate, n_controls, negative, &angles);
                    assert_eq!(got.is_some(), maps_paulis_to_paulis(&u, n), "{} {angles:?}", row.name);
                    let Some(elements) = got else { continue };
                    found += 1;
                    for p in identity(n) {
                        let mut image = p;
                        elements.iter().for_each(|&e| image.conjugate(e));
                        let expected = conjugated(&u, &dense(&p, n));
                        assert!(same(&expected, &dense(&image, n)), "{} {angles:?} {elements:?}", row.name);
                    }
                }
            }
        }
        assert!(found > 200, "{found}");
    }

    #[test]
    fn common_gates_are_one_elementary_gate() {
        assert_eq!(of_gate(Gate::H, 0, 0, &[]).unwrap()[..], [Elem::H(0)]);
        assert_eq!(of_gate(Gate::Cnot, 0, 0, &[]).unwrap()[..], [Elem::Cx(0, 1)]);
        assert_eq!(of_gate(Gate::Cz, 0, 0, &[]).unwrap()[..], [Elem::Cz(0, 1)]);
        assert_eq!(of_gate(Gate::Swap, 0, 0, &[]).unwrap()[..], [Elem::Swap(0, 1)]);
        assert_eq!(of_gate(Gate::X, 1, 0, &[]).unwrap()[..], [Elem::Cx(0, 1)]);
        assert_eq!(of_gate(Gate::Y, 0, 0, &[]).unwrap().len(), 2);
        assert_eq!(of_gate(Gate::T, 0, 0, &[]), None);
    }

    #[test]
    fn a_matrix_is_a_pauli_or_not() {
        let z = dense(&Small { x: 2, z: 3, phase: 1 }, 2);
        let scaled: Vec<_> = z.iter().map(|e| e * 0.3).collect();
        assert_eq!(pauli_of(&scaled).unwrap(), Small { x: 2, z: 3, phase: 0 });
        assert_eq!(pauli_of(&(Gate::H.row().matrix)(&[])), None);
        assert_eq!(pauli_of(&(Gate::S.row().matrix)(&[])), None);
    }
}

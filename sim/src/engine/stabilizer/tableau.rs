//! The inverse tableau: what each X and Z looks like from the zero state.
//!
//! With the state U|0...0>, row X of qubit q holds U† X_q U and row Z holds U† Z_q U, each as
//! i^phase X^x Z^z with bits packed by qubit. A gate then multiplies few rows, and whether a
//! measurement of q is certain is read off one row: Z_q is certain when its row has no X.
//! Source: Gidney 2021 for the inverse form; the collapse is one update of rank one.

use crate::engine::stabilizer::clifford::Elem;

/// A stabilizer state.
#[derive(Clone, Debug)]
pub(crate) struct Tableau {
    /// Words of one half of a row.
    words: usize,
    /// Rows in storage order: X half, then Z half.
    bits: Vec<u64>,
    /// Power of i of each stored row.
    phases: Vec<u8>,
    /// Storage place of row 2q (X of q) and 2q + 1 (Z of q).
    place: Vec<u32>,
}

/// Bytes of a tableau. Saturates.
pub(crate) fn bytes(n: u32) -> u64 {
    let words = u64::from(n.div_ceil(64));
    let row = words.saturating_mul(16).saturating_add(5);
    row.saturating_mul(2 * u64::from(n)).saturating_add(64)
}

/// Whether two halves overlap an odd number of times.
pub(crate) fn odd(a: &[u64], b: &[u64]) -> bool {
    a.iter().zip(b).fold(0, |sum, (x, y)| sum ^ (x & y)).count_ones() & 1 == 1
}

/// A row on its own: i^phase X^x Z^z.
#[derive(Clone, Debug)]
pub(crate) struct Product {
    pub(crate) bits: Vec<u64>,
    pub(crate) phase: u8,
}

impl Product {
    pub(crate) fn one(words: usize) -> Self {
        Self { bits: vec![0; 2 * words], phase: 0 }
    }

    /// Multiplies from the right.
    pub(crate) fn times(&mut self, row: &[u64], phase: u8) {
        self.phase = multiply(&mut self.bits, self.phase, row, phase);
    }
}

/// a := a b; gives the phase.
fn multiply(a: &mut [u64], a_phase: u8, b: &[u64], b_phase: u8) -> u8 {
    let words = a.len() / 2;
    let turns = odd(&a[words..], &b[..words]);
    a.iter_mut().zip(b).for_each(|(x, y)| *x ^= y);
    (a_phase + b_phase + 2 * u8::from(turns)) % 4
}

impl Tableau {
    /// All qubits in 0.
    pub(crate) fn zero(n: u32) -> Self {
        let words = n.div_ceil(64) as usize;
        let rows = 2 * n as usize;
        let mut bits = vec![0; rows * 2 * words];
        for q in 0..n as usize {
            bits[2 * q * 2 * words + q / 64] = 1 << (q % 64);
            bits[(2 * q + 1) * 2 * words + words + q / 64] = 1 << (q % 64);
        }
        Self { words, bits, phases: vec![0; rows], place: (0..2 * n).collect() }
    }

    pub(crate) fn words(&self) -> usize {
        self.words
    }

    fn row(&self, row: usize) -> (&[u64], u8) {
        let at = self.place[row] as usize;
        (&self.bits[at * 2 * self.words..(at + 1) * 2 * self.words], self.phases[at])
    }

    /// U† X U of a qubit.
    pub(crate) fn x_row(&self, qubit: u32) -> (&[u64], u8) {
        self.row(2 * qubit as usize)
    }

    /// U† Z U of a qubit.
    pub(crate) fn z_row(&self, qubit: u32) -> (&[u64], u8) {
        self.row(2 * qubit as usize + 1)
    }

    /// Row a := row a times row b times i^power.
    fn product(&mut self, a: usize, b: usize, power: u8) {
        let (a, b) = (self.place[a] as usize, self.place[b] as usize);
        let width = 2 * self.words;
        let (low, high) = self.bits.split_at_mut(a.max(b) * width);
        let near = &mut low[a.min(b) * width..(a.min(b) + 1) * width];
        let far = &mut high[..width];
        let (target, source) = if a < b { (near, &*far) } else { (far, &*near) };
        let phase = multiply(target, self.phases[a], source, self.phases[b]);
        self.phases[a] = (phase + power) % 4;
    }

    fn negate(&mut self, row: usize) {
        let at = self.place[row] as usize;
        self.phases[at] = (self.phases[at] + 2) % 4;
    }

    /// Applies a gate: each row becomes that of the Pauli before the gate.
    pub(crate) fn apply(&mut self, elem: Elem) {
        let x = |q: u32| 2 * q as usize;
        let z = |q: u32| 2 * q as usize + 1;
        match elem {
            Elem::X(a) => self.negate(z(a)),
            Elem::Z(a) => self.negate(x(a)),
            Elem::H(a) => self.place.swap(x(a), z(a)),
            // S† X S = -i X Z.
            Elem::S(a) => self.product(x(a), z(a), 3),
            Elem::Cx(a, b) => {
                self.product(x(a), x(b), 0);
                self.product(z(b), z(a), 0);
            }
            Elem::Cz(a, b) => {
                self.product(x(a), z(b), 0);
                self.product(x(b), z(a), 0);
            }
            Elem::Swap(a, b) => {
                self.place.swap(x(a), x(b));
                self.place.swap(z(a), z(b));
            }
        }
    }

    /// The outcome of measuring a qubit if it is certain.
    pub(crate) fn certain(&self, qubit: u32) -> Option<bool> {
        let (row, phase) = self.z_row(qubit);
        row[..self.words].iter().all(|&w| w == 0).then_some(phase == 2)
    }

    /// Measures a qubit; `wanted` is taken where the outcome is open. Gives the outcome.
    pub(crate) fn measure(&mut self, qubit: u32, wanted: bool) -> bool {
        if let Some(known) = self.certain(qubit) {
            return known;
        }
        self.collapse(qubit, wanted);
        wanted
    }

    /// Makes an open outcome certain: the inputs are put through CX from one of them to the others
    /// that the Z row flips, S if it reads Y there, H, and X if the sign is not the wanted one.
    fn collapse(&mut self, qubit: u32, wanted: bool) {
        let (words, width) = (self.words, 2 * self.words);
        let (row, phase) = self.z_row(qubit);
        let Some(input) = first_bit(&row[..words]) else { return };
        let (word, shift) = (input / 64, input % 64);
        let mut others = row[..words].to_vec();
        others[word] ^= 1 << shift;
        let end = others.iter().rposition(|&w| w != 0).map_or(word, |at| at + 1);
        let others = &others[word..end.max(word)];
        let own = row[words + word] >> shift & 1 == 1;
        let quarter = u8::from(own ^ odd(&row[words + word..][..others.len()], others));
        let negative = (phase + 3 * quarter) % 4 == 2;
        let flip = 2 * u8::from(negative != wanted);
        for (row, phase) in self.bits.chunks_exact_mut(width).zip(&mut self.phases) {
            let (xs, zs) = row.split_at_mut(words);
            let mut x = (xs[word] >> shift & 1) as u8;
            let mut z = (zs[word] >> shift & 1) as u8 ^ u8::from(odd(&zs[word..], others));
            if x == 1 {
                xs[word..].iter_mut().zip(others).for_each(|(a, b)| *a ^= b);
            }
            let mut turned = *phase + 3 * (quarter & x);
            z ^= quarter & x;
            turned += 2 * (x & z);
            std::mem::swap(&mut x, &mut z);
            *phase = (turned + flip * z) % 4;
            xs[word] = xs[word] & !(1 << shift) | u64::from(x) << shift;
            zs[word] = zs[word] & !(1 << shift) | u64::from(z) << shift;
        }
    }
}

/// The first bit that is set.
pub(crate) fn first_bit(words: &[u64]) -> Option<usize> {
    words.iter().position(|&w| w != 0).map(|at| at * 64 + words[at].trailing_zeros() as usize)
}

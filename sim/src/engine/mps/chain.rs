//! A state as a chain of tensors: how gates change it and what they cut off.

use num_complex::Complex64;

use crate::engine::mps::linalg::{Rows, add, orthogonal, singular, times, weight};

/// One site: indices left bond, qubit, right bond, row-major.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    pub(crate) left: usize,
    pub(crate) right: usize,
    pub(crate) entries: Vec<Complex64>,
}

/// How much a cut may lose.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Cut {
    /// Most singular values of a bond.
    pub(crate) max_bond: usize,
    /// Weight that one cut may drop, relative to the whole.
    pub(crate) cutoff: f64,
    /// Units: bytes of all tensors and of the largest product.
    pub(crate) max_bytes: u64,
}

/// The bytes that a step would have needed.
#[derive(Debug)]
pub(crate) struct TooLarge(pub(crate) u64);

/// A state. Sites before the centre are isometries from the left, those after it from the right.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    pub(crate) sites: Vec<Site>,
    pub(crate) center: usize,
    /// Site of each qubit, and the other way round.
    pub(crate) site_of: Vec<u32>,
    pub(crate) qubit_at: Vec<u32>,
    /// Product over all cuts of the weight that was kept.
    pub(crate) kept: f64,
    /// Sum over all cuts of the weight that was dropped.
    pub(crate) dropped: f64,
    /// Largest bond so far.
    pub(crate) widest: usize,
    /// Factor of a register without qubits.
    pub(crate) scalar: Complex64,
}

impl Chain {
    /// All qubits in 0.
    pub(crate) fn zero(n: u32) -> Self {
        let one = Complex64::new(1.0, 0.0);
        let site = Site { left: 1, right: 1, entries: vec![one, Complex64::new(0.0, 0.0)] };
        Self {
            sites: vec![site; n as usize],
            center: 0,
            site_of: (0..n).collect(),
            qubit_at: (0..n).collect(),
            kept: 1.0,
            dropped: 0.0,
            widest: 1,
            scalar: one,
        }
    }

    fn bytes(&self) -> u64 {
        self.sites.iter().map(|s| 16 * s.entries.len() as u64).sum()
    }

    /// Moves the centre to a site; nothing is cut.
    pub(crate) fn move_to(&mut self, site: usize) {
        while self.center < site {
            self.step_right();
        }
        while self.center > site {
            self.step_left();
        }
    }

    fn step_right(&mut self) {
        let at = self.center;
        let here = &mut self.sites[at];
        let m = Rows { width: here.right, entries: std::mem::take(&mut here.entries) };
        let split = orthogonal(m.transposed(), 0.0);
        let bond = split.rows.height();
        here.right = bond;
        here.entries = split.rows.transposed().entries;
        let next = &mut self.sites[at + 1];
        let old = Rows { width: 2 * next.right, entries: std::mem::take(&mut next.entries) };
        next.left = bond;
        next.entries = times(&split.columns, &old).entries;
        self.center = at + 1;
    }

    fn step_left(&mut self) {
        let at = self.center;
        let here = &mut self.sites[at];
        let m = Rows { width: 2 * here.right, entries: std::mem::take(&mut here.entries) };
        let split = orthogonal(m, 0.0);
        let bond = split.rows.height();
        here.left = bond;
        here.entries = split.rows.entries;
        let before = &mut self.sites[at - 1];
        let old = Rows { width: before.right, entries: std::mem::take(&mut before.entries) };
        before.right = bond;
        before.entries = times(&old, &split.columns.transposed()).entries;
        self.center = at - 1;
    }

    /// Applies a matrix to qubits, first most significant.
    ///
    /// # Errors
    /// When a product of tensors would not fit.
    pub(crate) fn apply(&mut self, matrix: &[Complex64], qubits: &[u32], cut: &Cut) -> Result<(), TooLarge> {
        match qubits {
            [] => self.scale(matrix[0]),
            [q] => self.apply_one(matrix, self.site_of[*q as usize] as usize),
            _ => {
                let first = self.gather(qubits, cut)?;
                let order: Vec<usize> =
                    qubits.iter().map(|&q| self.site_of[q as usize] as usize - first).collect();
                self.apply_at(&by_site(matrix, &order), first, qubits.len(), cut)?;
            }
        }
        Ok(())
    }

    fn scale(&mut self, factor: Complex64) {
        match self.sites.get_mut(self.center) {
            Some(site) => site.entries.iter_mut().for_each(|x| *x *= factor),
            None => self.scalar *= factor,
        }
    }

    /// A unitary leaves the site an isometry, so the centre may stay; others need it here.
    fn apply_one(&mut self, m: &[Complex64], at: usize) {
        let site = &mut self.sites[at];
        let width = site.right;
        for pair in site.entries.chunks_exact_mut(2 * width) {
            let (zero, one) = pair.split_at_mut(width);
            for (x, y) in zero.iter_mut().zip(one) {
                (*x, *y) = (m[0] * *x + m[1] * *y, m[2] * *x + m[3] * *y);
            }
        }
    }

    /// Brings qubits to neighbouring sites by exchanges; gives the first site.
    fn gather(&mut self, qubits: &[u32], cut: &Cut) -> Result<usize, TooLarge> {
        let mut sites: Vec<usize> = qubits.iter().map(|&q| self.site_of[q as usize] as usize).collect();
        sites.sort_unstable();
        let middle = sites.len() / 2;
        let first = sites[middle] - middle;
        for j in (0..middle).rev() {
            for at in sites[j]..first + j {
                self.exchange(at, cut)?;
            }
        }
        for (j, &site) in sites.iter().enumerate().skip(middle + 1) {
            for at in (first + j..site).rev() {
                self.exchange(at, cut)?;
            }
        }
        Ok(first)
    }

    /// Exchanges the qubits of a site and the next.
    fn exchange(&mut self, at: usize, cut: &Cut) -> Result<(), TooLarge> {
        let swap: Vec<Complex64> =
            (0..16).map(|i| Complex64::new(f64::from(u8::from(matches!(i, 0 | 6 | 9 | 15))), 0.0)).collect();
        self.apply_at(&swap, at, 2, cut)?;
        self.qubit_at.swap(at, at + 1);
        for site in [at, at + 1] {
            self.site_of[self.qubit_at[site] as usize] = site as u32;
        }
        Ok(())
    }

    /// Applies a matrix to `count` sites from `first` on.
    fn apply_at(
        &mut self,
        matrix: &[Complex64],
        first: usize,
        count: usize,
        cut: &Cut,
    ) -> Result<(), TooLarge> {
        self.move_to(self.center.clamp(first, first + count - 1));
        let (left, right) = (self.sites[first].left, self.sites[first + count - 1].right);
        // The product, the same after the gate, and both halves of its split.
        let needed = (64 * (left * right) as u64).saturating_mul(1 << count).saturating_add(self.bytes());
        if needed > cut.max_bytes {
            return Err(TooLarge(needed));
        }
        let mut whole =
            Rows { width: 2 * self.sites[first].right, entries: self.sites[first].entries.clone() };
        for site in &self.sites[first + 1..first + count] {
            whole.width = site.left;
            let next = Rows { width: 2 * site.right, entries: site.entries.clone() };
            whole = times(&whole, &next);
        }
        let whole = turned(&whole.entries, matrix, left, right);
        self.split(whole, first, count, left, right, cut);
        Ok(())
    }

    /// Cuts a product over sites into tensors again; the centre is the last.
    fn split(
        &mut self,
        mut whole: Vec<Complex64>,
        first: usize,
        count: usize,
        left: usize,
        right: usize,
        cut: &Cut,
    ) {
        let mut bond = left;
        for at in first..first + count - 1 {
            let total = weight(&whole);
            let width = whole.len() / (2 * bond);
            let (values, split) = singular(Rows { width, entries: whole }, cut.cutoff / 8.0);
            let (keep, kept) = self.keep(&values, total, cut);
            let columns = Rows {
                width: split.columns.width,
                entries: split.columns.entries[..keep * 2 * bond].to_vec(),
            };
            self.sites[at] = Site { left: bond, right: keep, entries: columns.transposed().entries };
            let scale = if kept > 0.0 { (total / kept).sqrt() } else { 1.0 };
            whole = split.rows.entries[..keep * width].to_vec();
            for (row, value) in whole.chunks_exact_mut(width).zip(&values) {
                row.iter_mut().for_each(|x| *x *= value * scale);
            }
            bond = keep;
        }
        self.sites[first + count - 1] = Site { left: bond, right, entries: whole };
        self.center = first + count - 1;
    }

    /// How many singular values stay, and their weight.
    fn keep(&mut self, values: &[f64], total: f64, cut: &Cut) -> (usize, f64) {
        let mut kept: f64 = values.iter().map(|v| v * v).sum();
        let mut keep = values.len();
        while keep > 1 {
            let without = kept - values[keep - 1] * values[keep - 1];
            if keep <= cut.max_bond && total - without > cut.cutoff * total {
                break;
            }
            kept = without;
            keep -= 1;
        }
        let share = if total > 0.0 { (kept / total).min(1.0) } else { 1.0 };
        // What rounding alone takes is no loss.
        if 1.0 - share > 1e-15 {
            self.kept *= share;
            self.dropped += 1.0 - share;
        }
        self.widest = self.widest.max(keep);
        (keep, kept)
    }
}

/// A matrix with its index bits in the order of the sites: qubit k stands at `order[k]`.
fn by_site(matrix: &[Complex64], order: &[usize]) -> Vec<Complex64> {
    let k = order.len();
    let side = 1usize << k;
    let of = |index: usize| order.iter().fold(0, |own, &at| own << 1 | index >> (k - 1 - at) & 1);
    (0..side * side).map(|i| matrix[of(i / side) * side + of(i % side)]).collect()
}

/// A matrix on the middle index of a product with given bonds at its ends.
fn turned(whole: &[Complex64], matrix: &[Complex64], left: usize, right: usize) -> Vec<Complex64> {
    let side = matrix.len().isqrt();
    let mut out = vec![Complex64::new(0.0, 0.0); whole.len()];
    for l in 0..left {
        let from = &whole[l * side * right..(l + 1) * side * right];
        let to = &mut out[l * side * right..(l + 1) * side * right];
        for row in 0..side {
            for col in 0..side {
                let x = matrix[row * side + col];
                if x.re != 0.0 || x.im != 0.0 {
                    add(&mut to[row * right..(row + 1) * right], x, &from[col * right..(col + 1) * right]);
                }
            }
        }
    }
    out
}

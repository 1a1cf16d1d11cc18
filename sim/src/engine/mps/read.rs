//! What a chain can be asked: means, probabilities, amplitudes, shots.

use num_complex::Complex64;

use crate::circuit::BitString;
use crate::engine::mps::chain::{Chain, Site};
use crate::engine::mps::linalg::{Rows, add, times, weight};
use crate::pauli::{Pauli, PauliString};
use crate::sample::{self, Rng};

const ZERO: Complex64 = Complex64::new(0.0, 0.0);
const ONE: Complex64 = Complex64::new(1.0, 0.0);

/// What is done to the qubit of a site between bra and ket.
#[derive(Clone, Copy)]
enum Middle {
    Nothing,
    Letter(Pauli),
    Only(bool),
}

/// Everything left of a site: bra bond by ket bond.
type Past = Option<Rows>;

/// The past with one more site; none stands for the identity.
fn pass(past: &Past, site: &Site, middle: Middle) -> Rows {
    let ket = Rows { width: 2 * site.right, entries: site.entries.clone() };
    let mut ket = past.as_ref().map_or_else(|| ket.clone(), |p| times(p, &ket));
    let width = site.right;
    for pair in ket.entries.chunks_exact_mut(2 * width) {
        let (zero, one) = pair.split_at_mut(width);
        match middle {
            Middle::Nothing => {}
            Middle::Letter(Pauli::X) => zero.swap_with_slice(one),
            Middle::Letter(Pauli::Z) => one.iter_mut().for_each(|x| *x = -*x),
            Middle::Letter(Pauli::Y) => {
                for (x, y) in zero.iter_mut().zip(one) {
                    (*x, *y) = (Complex64::new(y.im, -y.re), Complex64::new(-x.im, x.re));
                }
            }
            Middle::Only(true) => zero.fill(ZERO),
            Middle::Only(false) => one.fill(ZERO),
        }
    }
    let mut out = Rows::zero(width, width);
    for (bra, ket) in site.entries.chunks_exact(width).zip(ket.entries.chunks_exact(width)) {
        for (row, x) in bra.iter().enumerate() {
            add(out.row_mut(row), x.conj(), ket);
        }
    }
    out
}

fn trace(past: &Rows) -> f64 {
    (0..past.width).map(|k| past.row(k)[k].re).sum()
}

impl Chain {
    /// First and last site that matter for some sites: outside, bra and ket cancel.
    fn reach(&self, sites: impl Iterator<Item = usize>) -> (usize, usize) {
        sites.fold((self.center, self.center), |(low, high), s| (low.min(s), high.max(s)))
    }

    fn sites_of(&self, string: &PauliString) -> impl Iterator<Item = usize> {
        string.iter().map(|&(q, _)| self.site_of[q as usize] as usize)
    }

    /// The site at which a string starts; strings in this order need few moves of the centre.
    pub(crate) fn start_of(&self, string: &PauliString) -> usize {
        self.sites_of(string).min().unwrap_or(self.center)
    }

    /// Mean of a string.
    pub(crate) fn mean(&self, string: &PauliString) -> f64 {
        if self.sites.is_empty() {
            return self.scalar.norm_sqr();
        }
        let (low, high) = self.reach(self.sites_of(string));
        let mut middles = vec![Middle::Nothing; high - low + 1];
        for &(q, letter) in string {
            middles[self.site_of[q as usize] as usize - low] = Middle::Letter(letter);
        }
        let mut past: Past = None;
        for (site, middle) in self.sites[low..=high].iter().zip(middles) {
            past = Some(pass(&past, site, middle));
        }
        past.map_or(1.0, |p| trace(&p))
    }

    /// Probability of each outcome of some qubits, first most significant.
    pub(crate) fn probabilities(&self, qubits: &[u32]) -> Vec<f64> {
        let mut out = vec![0.0; 1 << qubits.len()];
        if self.sites.is_empty() {
            out[0] = self.scalar.norm_sqr();
            return out;
        }
        let places: Vec<usize> = qubits.iter().map(|&q| self.site_of[q as usize] as usize).collect();
        let (low, high) = self.reach(places.iter().copied());
        let mut waiting: Vec<(usize, usize, Past)> = vec![(low, 0, None)];
        while let Some((at, index, past)) = waiting.pop() {
            if at > high {
                out[index] = past.map_or(1.0, |p| trace(&p)).max(0.0);
                continue;
            }
            match places.iter().position(|&p| p == at) {
                None => waiting.push((at + 1, index, Some(pass(&past, &self.sites[at], Middle::Nothing)))),
                Some(k) => {
                    for value in [false, true] {
                        let next = pass(&past, &self.sites[at], Middle::Only(value));
                        let index = index | usize::from(value) << (qubits.len() - 1 - k);
                        waiting.push((at + 1, index, Some(next)));
                    }
                }
            }
        }
        out
    }

    /// One amplitude.
    pub(crate) fn amplitude(&self, basis: &BitString) -> Complex64 {
        let mut row = vec![self.scalar];
        for (at, site) in self.sites.iter().enumerate() {
            let bit = usize::from(basis.get(self.qubit_at[at] as usize) == Some(true));
            row = follow(&row, site)[bit * site.right..(bit + 1) * site.right].to_vec();
        }
        row[0]
    }

    /// All amplitudes, qubit 0 most significant.
    pub(crate) fn amplitudes(&self) -> Vec<Complex64> {
        let n = self.sites.len();
        let mut out = vec![ZERO; 1 << n];
        let mut waiting = vec![(0, 0usize, vec![self.scalar])];
        while let Some((at, index, row)) = waiting.pop() {
            let Some(site) = self.sites.get(at) else {
                out[index] = row[0];
                continue;
            };
            let both = follow(&row, site);
            let bit = 1usize << (n - 1 - self.qubit_at[at] as usize);
            waiting.push((at + 1, index, both[..site.right].to_vec()));
            waiting.push((at + 1, index | bit, both[site.right..].to_vec()));
        }
        out
    }

    /// Shots of some qubits; bit k of a row is qubit k of the list.
    ///
    /// Goes along the sites from the centre at the first; shots that agree so far go together.
    pub(crate) fn sample(&mut self, qubits: &[u32], shots: u64, rng: &mut Rng) -> sample::Rows {
        let mut out = sample::Rows::new(qubits.len());
        let places: Vec<usize> = qubits.iter().map(|&q| self.site_of[q as usize] as usize).collect();
        let Some(&last) = places.iter().max() else {
            out.push(&vec![0; out.words], shots);
            return out;
        };
        self.move_to(0);
        let mut column = vec![None; self.sites.len()];
        places.iter().enumerate().for_each(|(k, &site)| column[site] = Some(k));
        let mut waiting = vec![(0, shots, vec![0u64; out.words], vec![ONE])];
        while let Some((at, count, bits, row)) = waiting.pop() {
            if at > last {
                out.push(&bits, count);
                continue;
            }
            let site = &self.sites[at];
            let both = follow(&row, site);
            let (zero, one) = both.split_at(site.right);
            let (p, q) = (weight(zero), weight(one));
            let ones = rng.binomial(count, q / (p + q));
            for (value, part, rest, size) in [(false, count - ones, zero, p), (true, ones, one, q)] {
                if part == 0 {
                    continue;
                }
                let mut bits = bits.clone();
                if let Some(k) = column[at] {
                    sample::set(&mut bits, k, value);
                }
                let scale = 1.0 / size.sqrt();
                waiting.push((at + 1, part, bits, rest.iter().map(|x| x * scale).collect()));
            }
        }
        out
    }
}

/// A row vector times a site: its values for 0, then for 1.
fn follow(row: &[Complex64], site: &Site) -> Vec<Complex64> {
    let width = 2 * site.right;
    let mut out = vec![ZERO; width];
    for (x, entries) in row.iter().zip(site.entries.chunks_exact(width)) {
        add(&mut out, *x, entries);
    }
    out
}

//! Outcomes of measuring many qubits of a tableau at once: random bits, and sums of them.
//!
//! Row by row, the Z rows of the qubits are cleared of what earlier rows flip. A row that still
//! flips an input is a fair coin; another is a known sum of earlier coins. Shots are then words of
//! coins, added as the sums say.

use crate::engine::stabilizer::tableau::{Product, Tableau, first_bit};
use crate::engine::stabilizer::transpose::{Lines, rows_of};
use crate::sample::{Rng, Rows};

/// What one outcome is.
struct Outcome {
    /// The coin that it is on its own, if it is one.
    coin: Option<u32>,
    /// Whether it is turned.
    negative: bool,
    /// The coins that are added.
    sum: Vec<u64>,
}

/// The outcomes of some qubits.
pub(crate) struct Affine {
    outcomes: Vec<Outcome>,
    n_coins: usize,
}

/// A row that flips an input which no other kept row flips before it.
struct Kept {
    input: usize,
    row: Product,
}

impl Affine {
    /// The outcomes of these qubits, in their order.
    pub(crate) fn of(state: &Tableau, qubits: &[u32]) -> Self {
        let words = state.words();
        let mut kept: Vec<Kept> = Vec::new();
        let mut outcomes = Vec::with_capacity(qubits.len());
        for &q in qubits {
            let (row, phase) = state.z_row(q);
            let mut row = Product { bits: row.to_vec(), phase };
            let mut sum = Vec::new();
            for (coin, k) in kept.iter().enumerate() {
                if row.bits[k.input / 64] >> (k.input % 64) & 1 == 1 {
                    row.times(&k.row.bits, k.row.phase);
                    sum.resize(sum.len().max(coin / 64 + 1), 0);
                    sum[coin / 64] |= 1 << (coin % 64);
                }
            }
            let open = first_bit(&row.bits[..words]);
            let coin = open.map(|_| kept.len() as u32);
            outcomes.push(Outcome { coin, negative: open.is_none() && row.phase == 2, sum });
            if let Some(input) = open {
                kept.push(Kept { input, row });
            }
        }
        Self { outcomes, n_coins: kept.len() }
    }

    /// Shots; bit k of a row is outcome k.
    pub(crate) fn sample(&self, shots: u64, rng: &mut Rng) -> Rows {
        const LANES: usize = 16;
        let mut out = Rows::of_one_each(self.outcomes.len(), shots as usize);
        let mut coins = vec![[0u64; LANES]; self.n_coins];
        let mut lines: Lines<LANES> = vec![[0; LANES]; self.outcomes.len()];
        for keys in out.keys.chunks_mut(out.words * 64 * LANES) {
            coins.iter_mut().for_each(|c| c.iter_mut().for_each(|w| *w = rng.bits()));
            for (line, outcome) in lines.iter_mut().zip(&self.outcomes) {
                *line = self.line(outcome, &coins);
            }
            rows_of(&lines, out.words, keys);
        }
        out
    }

    fn line<const L: usize>(&self, outcome: &Outcome, coins: &[[u64; L]]) -> [u64; L] {
        let mut line = [if outcome.negative { u64::MAX } else { 0 }; L];
        let mut add = |coin: usize| line.iter_mut().zip(&coins[coin]).for_each(|(a, b)| *a ^= b);
        if let Some(coin) = outcome.coin {
            add(coin as usize);
        }
        for (at, &word) in outcome.sum.iter().enumerate() {
            let mut word = word;
            while word != 0 {
                add(at * 64 + word.trailing_zeros() as usize);
                word &= word - 1;
            }
        }
        line
    }

    /// Probability of each outcome, first most significant.
    pub(crate) fn probabilities(&self) -> Vec<f64> {
        let mut out = vec![0.0; 1 << self.outcomes.len()];
        let weight = 0.5f64.powi(self.n_coins as i32);
        for toss in 0..1u64 << self.n_coins {
            let coins: Vec<[u64; 1]> = (0..self.n_coins).map(|c| [toss >> c & 1]).collect();
            let at = self.outcomes.iter().fold(0, |a, o| a << 1 | (self.line(o, &coins)[0] & 1) as usize);
            out[at] = weight;
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::stabilizer::clifford::Elem;
    use crate::sample::{bit, words_for};

    #[test]
    fn shots_that_do_not_fill_a_word_are_counted_once() {
        let mut state = Tableau::zero(70);
        state.apply(Elem::H(0));
        (1..70).for_each(|q| state.apply(Elem::Cx(q - 1, q)));
        let qubits: Vec<u32> = (0..70).collect();
        let mut rows = Affine::of(&state, &qubits).sample(1100, &mut Rng::new(5));
        assert_eq!(rows.counts.len(), 1100);
        rows.tidy();
        assert_eq!(rows.counts.len(), 2);
        assert_eq!(rows.words, words_for(70));
        for (row, _) in rows.iter() {
            assert!((0..70).all(|at| bit(row, at) == bit(row, 0)));
        }
    }
}

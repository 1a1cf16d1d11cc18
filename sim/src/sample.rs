//! Random numbers and shots: seeded, exact, the same for every number of threads.

use std::cmp::Ordering::Equal;

/// Mixed into every seed, so that nobody comes to rely on the numbers of one release.
const SALT: u64 = 0x5348_4f54_424f_4f4b;

/// xoshiro256++ seeded by SplitMix64. Source: Blackman and Vigna, 2019.
#[derive(Clone, Debug)]
pub struct Rng {
    s: [u64; 4],
}

impl Rng {
    /// The generator of a seed.
    pub fn new(seed: u64) -> Self {
        let mut z = seed ^ SALT;
        Self {
            s: std::array::from_fn(|_| {
                z = z.wrapping_add(0x9e37_79b9_7f4a_7c15);
                mix(z)
            }),
        }
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        let s = &mut self.s;
        let out = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        out
    }

    /// Uniform in 0 (inclusive) to 1 (exclusive).
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Uniform below `n`; biased by less than n / 2^64.
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(n)) >> 64) as u64
    }

    /// Waiting time of rate 1.
    fn exponential(&mut self) -> f64 {
        -(1.0 - self.unit()).ln()
    }

    /// How many of `n` trials of probability `p` succeed.
    ///
    /// Compares all trials with the binary digits of `p` at once: half of the undecided are
    /// decided by each digit, so it costs about n / 32 random words and is exact.
    pub fn binomial(&mut self, n: u64, p: f64) -> u64 {
        if p >= 1.0 {
            return n;
        }
        if p.is_nan() || p <= 0.0 {
            return 0;
        }
        let (mut open, mut rest, mut hits) = (n, p, 0);
        while open > 0 && rest > 0.0 {
            rest *= 2.0;
            let zeros = self.fair(open);
            if rest >= 1.0 {
                // The digit is 1: trials that drew 0 are below p.
                rest -= 1.0;
                hits += zeros;
                open -= zeros;
            } else {
                open = zeros;
            }
        }
        hits
    }

    /// How many of `n` fair coins fall heads.
    fn fair(&mut self, n: u64) -> u64 {
        let whole: u64 = (0..n / 64).map(|_| u64::from(self.bits().count_ones())).sum();
        let left = n % 64;
        if left == 0 { whole } else { whole + u64::from((self.bits() >> (64 - left)).count_ones()) }
    }

    /// Splits `n` trials over outcomes with these weights; they need not add up to 1.
    pub fn multinomial(&mut self, n: u64, weights: &[f64]) -> Vec<u64> {
        let mut total: f64 = weights.iter().sum();
        let mut left = n;
        let last = weights.iter().rposition(|&w| w > 0.0).unwrap_or(0);
        weights
            .iter()
            .enumerate()
            .map(|(i, &w)| {
                let part = if i == last { left } else { self.binomial(left, w / total) };
                total -= w;
                left -= part;
                part
            })
            .collect()
    }

    /// Puts a slice in random order.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i as u64 + 1) as usize);
        }
    }
}

/// The finishing steps of SplitMix64.
fn mix(z: u64) -> u64 {
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// `n` uniform numbers in rising order, one at a time and without storing them.
///
/// The gaps between sorted uniforms are exponentials divided by their sum; a first walk through a
/// copy of the generator finds the sum.
pub(crate) struct Rising {
    rng: Rng,
    scale: f64,
    reached: f64,
}

impl Rising {
    /// The next `n` numbers of the generator, scaled to 0 up to `total`.
    pub(crate) fn new(rng: &mut Rng, n: u64, total: f64) -> Self {
        let start = rng.clone();
        let sum: f64 = (0..=n).map(|_| rng.exponential()).sum();
        Self { rng: start, scale: total / sum, reached: 0.0 }
    }

    /// The next number; rises with every call.
    pub(crate) fn next(&mut self) -> f64 {
        self.reached += self.rng.exponential();
        self.reached * self.scale
    }
}

/// Distinct rows of bits with how often each came.
///
/// A row fills whole words; its first bit is the most significant bit of its first word, so that
/// words in order compare like bit strings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    /// Words of one row.
    pub(crate) words: usize,
    /// Rows, end to end.
    pub(crate) keys: Vec<u64>,
    /// How often each came.
    pub(crate) counts: Vec<u64>,
}

/// Words that `bits` bits fill, at least one.
pub(crate) fn words_for(bits: usize) -> usize {
    bits.div_ceil(64).max(1)
}

/// Bit `at` of a row.
pub(crate) fn bit(row: &[u64], at: usize) -> bool {
    row[at / 64] >> (63 - at % 64) & 1 == 1
}

/// Sets bit `at` of a row that was 0 there.
pub(crate) fn set(row: &mut [u64], at: usize, value: bool) {
    row[at / 64] |= u64::from(value) << (63 - at % 64);
}

impl Rows {
    /// No rows of this many bits.
    pub(crate) fn new(bits: usize) -> Self {
        Self { words: words_for(bits), keys: Vec::new(), counts: Vec::new() }
    }

    /// Rows of zeros, each counted once.
    pub(crate) fn of_one_each(bits: usize, shots: usize) -> Self {
        let words = words_for(bits);
        Self { words, keys: vec![0; words * shots], counts: vec![1; shots] }
    }

    /// One more row.
    pub(crate) fn push(&mut self, row: &[u64], count: u64) {
        self.keys.extend_from_slice(row);
        self.counts.push(count);
    }

    /// Row and count, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&[u64], u64)> {
        self.keys.chunks_exact(self.words).zip(self.counts.iter().copied())
    }

    /// Sorts the rows and joins equal ones.
    pub(crate) fn tidy(&mut self) {
        if self.keys.chunks_exact(self.words).is_sorted_by(|a, b| a < b) {
            return;
        }
        match self.words {
            1 => self.joined::<1>(),
            2 => self.joined::<2>(),
            3 => self.joined::<3>(),
            // Most comparisons of long rows end at the first word.
            _ => self.joined::<1>(),
        }
    }

    /// Sorts by the first words, which stand beside the indices, and where those are equal by the rest.
    fn joined<const FIRST: usize>(&mut self) {
        let words = self.words;
        let rest = |i: u32| &self.keys[i as usize * words + FIRST..(i as usize + 1) * words];
        let first = |row: &[u64]| std::array::from_fn(|k| row[k]);
        let mut order: Vec<([u64; FIRST], u32)> = self.keys.chunks_exact(words).map(first).zip(0..).collect();
        order.sort_unstable_by(|a, b| {
            a.0.cmp(&b.0).then_with(|| if words == FIRST { Equal } else { rest(a.1).cmp(rest(b.1)) })
        });
        let mut out = Self { words, keys: Vec::with_capacity(self.keys.len()), counts: Vec::new() };
        for same in order.chunk_by(|a, b| a.0 == b.0 && rest(a.1) == rest(b.1)) {
            out.keys.extend_from_slice(&same[0].0);
            out.keys.extend_from_slice(rest(same[0].1));
            out.counts.push(same.iter().map(|row| self.counts[row.1 as usize]).sum());
        }
        *self = out;
    }
}

#[cfg(test)]
mod tests;

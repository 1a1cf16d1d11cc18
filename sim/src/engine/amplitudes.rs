//! A register of amplitudes: steps, measurement, sampling, reduced matrices.
//!
//! The state vector engine holds one of n bits, the density matrix engine one of 2n.

use num_complex::Complex64;
use rayon::prelude::*;

use crate::engine::kernels::memory::Memory;
use crate::engine::kernels::{self, Block, Cpu, LANES, Real, Weighed, body};
use crate::engine::{Options, Precision, SimError};
use crate::plan::stage::Stage;
use crate::plan::step::{Step, Where};
use crate::sample::{Rising, Rng, Rows};

/// Blocks that share one partial sum while sampling.
const SUM_BLOCKS: usize = 32;
/// Blocks that share one partial sum of a mean.
const SUMMED_BLOCKS: usize = 1 << 13;

/// Amplitudes of all basis states of a register.
#[derive(Clone, Debug)]
pub(crate) struct Amplitudes<F: Real = f64> {
    /// Index bits.
    pub(crate) n: u32,
    /// The amplitudes; lanes past 2^n stay zero.
    pub(crate) blocks: Memory<F>,
    cpu: Cpu,
}

/// Units: bytes of a register of `n` bits; saturates.
pub(crate) fn bytes(n: u32, precision: Precision) -> u64 {
    let each: u64 = match precision {
        Precision::Double => 16,
        Precision::Single => 8,
    };
    if n > 58 { u64::MAX } else { each << n.max(kernels::LANE_BITS) }
}

impl<F: Real> Amplitudes<F> {
    /// Amplitude 1 of basis state 0.
    pub(crate) fn zero(n: u32, cpu: Cpu) -> Self {
        let mut blocks = Memory::zeros((1usize << n).div_ceil(LANES));
        blocks[0].re[0] = F::of(1.0);
        Self { n, blocks, cpu }
    }

    /// Applies steps in order.
    pub(crate) fn apply(&mut self, steps: &[Step], options: &Options<'_>) -> Result<(), SimError> {
        for step in steps {
            self.step(step);
            if self.n > 16 && options.stopped() {
                return Err(SimError::Stopped);
            }
        }
        Ok(())
    }

    /// Applies stages in order.
    pub(crate) fn apply_stages(
        &mut self,
        stages: &[Stage],
        threads: usize,
        options: &Options<'_>,
    ) -> Result<(), SimError> {
        let done =
            kernels::tile::run(self.cpu, &mut self.blocks, self.n, stages, threads, &|| options.stopped());
        if done { Ok(()) } else { Err(SimError::Stopped) }
    }

    /// Applies one step.
    pub(crate) fn step(&mut self, step: &Step) {
        kernels::tile::step(self.cpu, &mut self.blocks, step);
    }

    /// Keeps what has this bit and divides by the root of its weight.
    pub(crate) fn project(&mut self, at: u32, value: bool, weight: f64) {
        let bit = 1u64 << at;
        let (one, zero) = (Where { ones: bit, zeros: 0 }, Where { ones: 0, zeros: bit });
        let (keep, drop) = if value { (one, zero) } else { (zero, one) };
        kernels::phase(self.cpu, &mut self.blocks, drop, Complex64::new(0.0, 0.0));
        kernels::phase(self.cpu, &mut self.blocks, keep, Complex64::new(1.0 / weight.sqrt(), 0.0));
    }

    /// Sum of squared magnitudes where a condition holds.
    pub(crate) fn mass(&self, on: Where) -> f64 {
        kernels::mass(self.cpu, &self.blocks, on)
    }

    /// Sum of conj(bra[i ^ x]) self[i], negative where i & z has odd parity, where a condition holds.
    pub(crate) fn overlap(&self, bra: &Self, x: u64, z: u64, on: Where) -> Complex64 {
        kernels::overlap(self.cpu, &bra.blocks, &self.blocks, x, z, on)
    }

    /// Mean of a group of Pauli strings that flip the same bits. The parts of the sum do not depend
    /// on the threads.
    pub(crate) fn weighed(&self, x: u64, terms: &[Weighed], threads: usize) -> f64 {
        let parts = self.blocks.len().div_ceil(SUMMED_BLOCKS);
        let part = |at: usize| {
            let first = at * SUMMED_BLOCKS;
            let end = (first + SUMMED_BLOCKS).min(self.blocks.len());
            kernels::weighed(self.cpu, &self.blocks, first..end, x, terms)
        };
        if threads < 2 || parts < 2 {
            return (0..parts).map(part).sum();
        }
        let each: Vec<f64> =
            (0..parts).into_par_iter().with_min_len(parts.div_ceil(threads)).map(part).collect();
        each.into_iter().sum()
    }

    /// A Pauli sum times this state. Terms are X mask, Z mask and factor.
    pub(crate) fn times(&self, terms: impl Iterator<Item = (u64, u64, Complex64)>) -> Self {
        let mut out = Self { n: self.n, blocks: Memory::zeros(self.blocks.len()), cpu: self.cpu };
        for (x, z, factor) in terms {
            kernels::add_pauli(self.cpu, &mut out.blocks, &self.blocks, x, z, factor);
        }
        out
    }

    /// The amplitude of an index.
    pub(crate) fn get(&self, at: usize) -> Complex64 {
        body::get(&self.blocks, at)
    }

    /// All amplitudes in index order.
    pub(crate) fn to_vec(&self) -> Vec<Complex64> {
        (0..1usize << self.n).map(|i| self.get(i)).collect()
    }

    /// Sum of squared magnitudes by the values of some bits, first most significant.
    pub(crate) fn marginal(&self, bits: &[u32]) -> Vec<f64> {
        let mut out = vec![0.0; 1 << bits.len()];
        for (i, block) in self.blocks.iter().enumerate() {
            for l in 0..LANES.min(1 << self.n) {
                let (re, im) = (block.re[l].double(), block.im[l].double());
                let weight = re * re + im * im;
                out[gather(i * LANES + l, bits)] += weight;
            }
        }
        out
    }

    /// Sum over the other bits of a[i] conj(a[j]), by the values of some bits in i and j.
    pub(crate) fn reduced(&self, bits: &[u32]) -> Vec<Complex64> {
        let side = 1usize << bits.len();
        let offsets = body::offsets(bits);
        let fixed = offsets[side - 1];
        let mut out = vec![Complex64::default(); side * side];
        let mut row = vec![Complex64::default(); side];
        for base in (0..1usize << self.n).filter(|i| i & fixed == 0) {
            for (r, &offset) in row.iter_mut().zip(&offsets) {
                *r = self.get(base + offset);
            }
            for (i, a) in row.iter().enumerate() {
                for (j, b) in row.iter().enumerate() {
                    out[i * side + j] += a * b.conj();
                }
            }
        }
        out
    }

    /// Shots of some bits by squared magnitude: one pass over sums, then over the parts hit.
    pub(crate) fn sample(&self, bits: &[u32], shots: u64, rng: &mut Rng) -> Rows {
        let sums: Vec<f64> =
            self.blocks.chunks(SUM_BLOCKS).map(|c| kernels::mass(self.cpu, c, Where::default())).collect();
        let mut rows = Rows::new(bits.len());
        let whole = bits.len() == self.n as usize && bits.iter().rev().zip(0..).all(|(&b, i)| b == i);
        let mut key = vec![0u64; rows.words];
        let mut push = |index: usize, count: u64| {
            if whole {
                key[0] = (index as u64).checked_shl(64 - self.n).unwrap_or(0);
            } else {
                key.fill(0);
                for (at, &b) in bits.iter().enumerate() {
                    crate::sample::set(&mut key, at, index >> b & 1 == 1);
                }
            }
            rows.push(&key, count);
        };
        let mut rising = Rising::new(rng, shots, sums.iter().sum());
        let (mut left, mut next, mut reached) = (shots, rising.next(), 0.0);
        let last = self.last_possible();
        for (s, sum) in sums.iter().enumerate() {
            if left == 0 {
                break;
            }
            if next >= reached + sum && s * SUM_BLOCKS * LANES + SUM_BLOCKS * LANES <= last {
                reached += sum;
                continue;
            }
            let mut inner = reached;
            let first = s * SUM_BLOCKS * LANES;
            let end = (first + SUM_BLOCKS * LANES).min(self.blocks.len() * LANES);
            for index in first..end {
                inner += self.get(index).norm_sqr();
                let mut count = 0;
                while left > 0 && (next < inner || index == last) {
                    count += 1;
                    left -= 1;
                    next = rising.next();
                }
                if count > 0 {
                    push(index, count);
                }
            }
            reached += sum;
        }
        rows.tidy();
        rows
    }

    /// The last index with any weight: rounding must not lose a shot past it.
    fn last_possible(&self) -> usize {
        let block = self.blocks.iter().rposition(|b| *b != Block::ZERO).unwrap_or(0);
        let b = &self.blocks[block];
        block * LANES + (0..LANES).rposition(|l| b.re[l] != F::ZERO || b.im[l] != F::ZERO).unwrap_or(0)
    }
}

/// The bits of an index at some places, first most significant.
pub(crate) fn gather(index: usize, bits: &[u32]) -> usize {
    bits.iter().fold(0, |a, &b| a << 1 | (index >> b & 1))
}

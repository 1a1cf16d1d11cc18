//! A density matrix as real coefficients of Pauli strings, and linear maps on some of its qubits.
//!
//! rho = 2^-n sum r_P P over all strings P of I, X, Y, Z, so r_P is the mean of P. Digit q of an
//! index in base 4, most significant first, is the letter of qubit q. Everything stays real, takes
//! half the memory of the matrix, and a mean is one look-up. Source: Greenbaum 2015,
//! arXiv:1509.02921, on Pauli transfer matrices.

use rayon::prelude::*;

use crate::engine::kernels::Cpu;
use crate::engine::kernels::mix::{self, Lanes, Map, WIDE};

/// Numbers that one task of a parallel pass works on; a power of 4.
const GRAIN: usize = 1 << 14;

/// Real coefficients of 4^n strings.
#[derive(Clone, Debug)]
pub(crate) struct Coefficients {
    pub(crate) n: u32,
    pub(crate) values: Vec<f64>,
    cpu: Cpu,
    threads: usize,
}

/// Units: bytes for `n` qubits; saturates.
pub(crate) fn bytes(n: u32) -> u64 {
    if n > 30 { u64::MAX } else { 8u64 << (2 * n) }
}

/// Slices that hold the upper digits of a group, and how many digits they stand for.
type Task<'a> = (Vec<&'a mut [f64]>, usize);

impl Coefficients {
    /// All qubits in 0: the mean of every string of I and Z is 1.
    pub(crate) fn zero(n: u32, cpu: Cpu, threads: usize) -> Self {
        let mut values = vec![0.0; 1 << (2 * n)];
        for x in 0..1usize << n {
            values[spread(x) * 3] = 1.0;
        }
        Self { n, values, cpu, threads }
    }

    /// Distance between letters of a qubit.
    pub(crate) fn stride(&self, qubit: u32) -> usize {
        1 << (2 * (self.n - 1 - qubit))
    }

    /// Applies maps to the groups that rising qubits make, in one pass.
    pub(crate) fn map(&mut self, qubits: &[u32], maps: &[Map]) {
        let strides: Vec<usize> = qubits.iter().map(|&q| self.stride(q)).collect();
        let (cpu, threads) = (self.cpu, self.threads);
        if threads < 2 || self.values.len() < 4 * GRAIN {
            return pass(cpu, &mut [&mut self.values[..]], &strides, maps);
        }
        let mut tasks: Vec<Task<'_>> = Vec::new();
        split(vec![&mut self.values[..]], &strides, 0, &mut tasks);
        let share = tasks.len().div_ceil(threads);
        tasks.par_chunks_mut(share).for_each(|own| {
            for (parts, upper) in own {
                pass(cpu, parts, &strides[*upper..], maps);
            }
        });
    }
}

/// Puts two bits where each bit was: 1 becomes 01.
fn spread(bits: usize) -> usize {
    (0..usize::BITS / 2).fold(0, |out, k| out | (bits >> k & 1) << (2 * k))
}

/// Cuts the numbers into tasks that share nothing.
fn split<'a>(parts: Vec<&'a mut [f64]>, strides: &[usize], upper: usize, out: &mut Vec<Task<'a>>) {
    let unit = strides.get(upper).map_or(1, |s| 4 * s);
    let piece = unit.max(GRAIN);
    let mut pieces: Vec<Vec<&mut [f64]>> = Vec::new();
    for part in parts {
        for (at, chunk) in part.chunks_mut(piece).enumerate() {
            match pieces.get_mut(at) {
                Some(list) => list.push(chunk),
                None => pieces.push(vec![chunk]),
            }
        }
    }
    for piece in pieces {
        if unit <= GRAIN {
            out.push((piece, upper));
        } else {
            let quarters = piece.into_iter().flat_map(|p| p.chunks_mut(unit / 4)).collect();
            split(quarters, strides, upper + 1, out);
        }
    }
}

/// One pass over equally long slices: the upper digits of a group choose the slice.
fn pass(cpu: Cpu, parts: &mut [&mut [f64]], strides: &[usize], maps: &[Map]) {
    let offsets = offsets(strides);
    let mut group: Vec<Lanes> = vec![[0.0; WIDE]; parts.len() * offsets.len()];
    let mut spare = group.clone();
    let groups = parts[0].len() / offsets.len();
    let lanes = WIDE.min(groups);
    // Lanes of one step differ in bits that no other step changes.
    let apart: [usize; WIDE] = std::array::from_fn(|lane| insert_zeros(lane % lanes, strides));
    let near = lanes < WIDE || strides.last().is_some_and(|&s| s < WIDE);
    for first in (0..groups).step_by(WIDE) {
        let base = insert_zeros(first, strides);
        for (part, group) in parts.iter().zip(group.chunks_exact_mut(offsets.len())) {
            for (to, offset) in group.iter_mut().zip(&offsets) {
                let from = &part[base + offset..];
                if near {
                    *to = std::array::from_fn(|lane| from[apart[lane]]);
                } else {
                    to.copy_from_slice(&from[..WIDE]);
                }
            }
        }
        mix::apply(cpu, maps, &mut group, &mut spare);
        for (part, group) in parts.iter_mut().zip(group.chunks_exact(offsets.len())) {
            for (from, offset) in group.iter().zip(&offsets) {
                let to = &mut part[base + offset..];
                if near {
                    apart[..lanes].iter().zip(from).for_each(|(&at, x)| to[at] = *x);
                } else {
                    to[..WIDE].copy_from_slice(from);
                }
            }
        }
    }
}

/// Where the numbers of a group lie, the largest stride being the most significant digit.
pub(crate) fn offsets(strides: &[usize]) -> Vec<usize> {
    strides.iter().fold(vec![0], |all, s| all.iter().flat_map(|a| (0..4).map(move |d| a + d * s)).collect())
}

/// The index whose digits at some strides, falling, are 0 and whose others count up.
pub(crate) fn insert_zeros(count: usize, strides: &[usize]) -> usize {
    strides.iter().rev().fold(count, |i, &s| (i & !(s - 1)) << 2 | i & (s - 1))
}

//! The kernels themselves, in portable Rust that compilers turn into vector instructions.
//!
//! `FMA` says whether `mul_add` is one instruction; without it a library call would be slower
//! than two operations.

use num_complex::Complex64;

pub(super) use super::strings::weighed;
use super::{Block, LANE_BITS, LANES, Real};
use crate::plan::step::Where;

#[inline(always)]
pub(super) fn fma<const FMA: bool>(a: f64, b: f64, c: f64) -> f64 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// Runs of block indices, as start and length, in which the bits of `fixed` equal `ones`.
///
/// An iterator, not a callback: a closure would be compiled without the instruction set of its
/// caller, and one that is not inlined then calls a library function for each multiply-add.
pub(super) struct Runs {
    at: usize,
    total: usize,
    fixed: usize,
    ones: usize,
    len: usize,
}

#[inline(always)]
pub(super) fn runs(total: usize, fixed: usize, ones: usize) -> Runs {
    let len = if fixed == 0 { total } else { 1 << fixed.trailing_zeros() };
    Runs { at: 0, total: if fixed >= total { 0 } else { total }, fixed, ones, len }
}

impl Iterator for Runs {
    type Item = (usize, usize);

    #[inline(always)]
    fn next(&mut self) -> Option<(usize, usize)> {
        if self.at >= self.total {
            return None;
        }
        let start = self.at | self.ones;
        self.at = ((self.at | self.fixed | (self.len - 1)) + 1) & !self.fixed;
        Some((start, self.len))
    }
}

/// The part of a condition that selects blocks, and whether each lane meets the rest.
#[inline(always)]
pub(super) fn split(on: Where) -> (usize, usize, [bool; LANES]) {
    let (ones, zeros) = ((on.ones >> LANE_BITS) as usize, (on.zeros >> LANE_BITS) as usize);
    let lanes =
        std::array::from_fn(|l| l as u64 & on.ones & 7 == on.ones & 7 && l as u64 & on.zeros & 7 == 0);
    (ones, zeros, lanes)
}

/// A factor for each lane.
#[derive(Clone, Copy)]
struct Lanes {
    re: [f64; LANES],
    im: [f64; LANES],
}

#[inline(always)]
fn lanes(f: impl Fn(usize) -> Complex64) -> Lanes {
    Lanes { re: std::array::from_fn(|l| f(l).re), im: std::array::from_fn(|l| f(l).im) }
}

/// `a * x + b * y`, lane by lane.
#[inline(always)]
fn combine<const FMA: bool>(a: &Lanes, x: &Block, b: &Lanes, y: &Block) -> Block {
    let mut out = Block::ZERO;
    for l in 0..LANES {
        let re = fma::<FMA>(a.re[l], x.re[l], -(a.im[l] * x.im[l]));
        let im = fma::<FMA>(a.re[l], x.im[l], a.im[l] * x.re[l]);
        let re = fma::<FMA>(b.re[l], y.re[l], re);
        let im = fma::<FMA>(b.re[l], y.im[l], im);
        out.re[l] = fma::<FMA>(-b.im[l], y.im[l], re);
        out.im[l] = fma::<FMA>(b.im[l], y.re[l], im);
    }
    out
}

const ONE: Complex64 = Complex64::new(1.0, 0.0);
const ZERO: Complex64 = Complex64::new(0.0, 0.0);

/// The block with lanes exchanged that differ in the bits of `X`.
#[inline(always)]
pub(super) fn exchanged<const X: usize>(x: &Block) -> Block {
    Block { re: std::array::from_fn(|l| x.re[l ^ X]), im: std::array::from_fn(|l| x.im[l ^ X]) }
}

/// The amplitude of an index.
#[inline(always)]
pub(crate) fn get<F: Real>(blocks: &[Block<F>], at: usize) -> Complex64 {
    let b = &blocks[at / LANES];
    Complex64::new(b.re[at % LANES].double(), b.im[at % LANES].double())
}

/// Sets the amplitude of an index.
#[inline(always)]
pub(crate) fn put<F: Real>(blocks: &mut [Block<F>], at: usize, value: Complex64) {
    let b = &mut blocks[at / LANES];
    b.re[at % LANES] = F::of(value.re);
    b.im[at % LANES] = F::of(value.im);
}

/// Offsets of the amplitudes of one group: bit 0 of the counter is the last target.
pub(crate) fn offsets(targets: &[u32]) -> Vec<usize> {
    let k = targets.len();
    (0..1usize << k)
        .map(|i| targets.iter().enumerate().fold(0, |a, (t, &p)| a | (i >> (k - 1 - t) & 1) << p))
        .collect()
}

#[inline(always)]
pub(super) fn dense<F: Real, const FMA: bool>(
    blocks: &mut [Block<F>],
    targets: &[u32],
    on: Where,
    m: &[Complex64],
) {
    let offsets = offsets(targets);
    let side = offsets.len();
    let fixed = offsets[side - 1] | (on.ones | on.zeros) as usize;
    let mut old = vec![ZERO; side];
    for (start, len) in runs(blocks.len() * LANES, fixed, on.ones as usize) {
        for at in start..start + len {
            for (o, &offset) in old.iter_mut().zip(&offsets) {
                *o = get(blocks, at + offset);
            }
            for (row, &offset) in m.chunks_exact(side).zip(&offsets) {
                let (mut re, mut im) = (0.0, 0.0);
                for (a, x) in row.iter().zip(&old) {
                    re = fma::<FMA>(a.re, x.re, fma::<FMA>(-a.im, x.im, re));
                    im = fma::<FMA>(a.re, x.im, fma::<FMA>(a.im, x.re, im));
                }
                put(blocks, at + offset, Complex64::new(re, im));
            }
        }
    }
}

#[inline(always)]
pub(super) fn mass<F: Real, const FMA: bool>(blocks: &[Block<F>], on: Where) -> f64 {
    let (ones, zeros, met) = split(on);
    let mut sums = [0.0; LANES];
    for (start, len) in runs(blocks.len(), ones | zeros, ones) {
        for x in &blocks[start..start + len] {
            let x = x.double();
            #[allow(clippy::needless_range_loop, reason = "lanes of a register")]
            for l in 0..LANES {
                sums[l] = fma::<FMA>(x.re[l], x.re[l], fma::<FMA>(x.im[l], x.im[l], sums[l]));
            }
        }
    }
    (0..LANES).filter(|&l| met[l]).map(|l| sums[l]).sum()
}

/// Calls a kernel with the lane bits of a mask as a constant.
macro_rules! by_lane_mask {
    ($x:expr, $f:ident::<$real:ident, $fma:ident>($($arg:expr),*)) => {
        match $x & 7 {
            0 => $f::<$real, $fma, 0>($($arg),*),
            1 => $f::<$real, $fma, 1>($($arg),*),
            2 => $f::<$real, $fma, 2>($($arg),*),
            3 => $f::<$real, $fma, 3>($($arg),*),
            4 => $f::<$real, $fma, 4>($($arg),*),
            5 => $f::<$real, $fma, 5>($($arg),*),
            6 => $f::<$real, $fma, 6>($($arg),*),
            _ => $f::<$real, $fma, 7>($($arg),*),
        }
    };
}

pub(super) use by_lane_mask;

/// The sign of each lane: negative where its index has odd parity with a mask.
#[inline(always)]
fn signs(z: u64) -> [f64; LANES] {
    std::array::from_fn(|l| if (l as u64 & z).count_ones() & 1 == 1 { -1.0 } else { 1.0 })
}

#[inline(always)]
pub(super) fn overlap<F: Real, const FMA: bool>(
    bra: &[Block<F>],
    ket: &[Block<F>],
    x: u64,
    z: u64,
    on: Where,
) -> Complex64 {
    by_lane_mask!(x, overlap_lanes::<F, FMA>(bra, ket, x, z, on))
}

#[inline(always)]
fn overlap_lanes<F: Real, const FMA: bool, const X: usize>(
    bra: &[Block<F>],
    ket: &[Block<F>],
    x: u64,
    z: u64,
    on: Where,
) -> Complex64 {
    let (x_high, z_high) = ((x >> LANE_BITS) as usize, (z >> LANE_BITS) as usize);
    let (ones, zeros, met) = split(on);
    let (mut re, mut im) = ([0.0; LANES], [0.0; LANES]);
    for (start, len) in runs(ket.len(), ones | zeros, ones) {
        for i in start..start + len {
            let (a, b) = (ket[i].double(), exchanged::<X>(&bra[i ^ x_high].double()));
            let sign = if (i & z_high).count_ones() & 1 == 1 { -1.0 } else { 1.0 };
            for l in 0..LANES {
                let (br, bi) = (b.re[l] * sign, b.im[l] * sign);
                re[l] = fma::<FMA>(br, a.re[l], fma::<FMA>(bi, a.im[l], re[l]));
                im[l] = fma::<FMA>(br, a.im[l], fma::<FMA>(-bi, a.re[l], im[l]));
            }
        }
    }
    let signs = signs(z);
    (0..LANES).filter(|&l| met[l]).map(|l| Complex64::new(re[l], im[l]) * signs[l]).sum()
}

#[inline(always)]
pub(super) fn add_pauli<F: Real, const FMA: bool>(
    out: &mut [Block<F>],
    ket: &[Block<F>],
    x: u64,
    z: u64,
    factor: Complex64,
) {
    by_lane_mask!(x, add_pauli_lanes::<F, FMA>(out, ket, x, z, factor));
}

#[inline(always)]
fn add_pauli_lanes<F: Real, const FMA: bool, const X: usize>(
    out: &mut [Block<F>],
    ket: &[Block<F>],
    x: u64,
    z: u64,
    factor: Complex64,
) {
    let (x_high, z_high) = ((x >> LANE_BITS) as usize, (z >> LANE_BITS) as usize);
    let signs = signs(z);
    let plus = lanes(|l| factor * signs[l ^ X]);
    let minus = lanes(|l| -factor * signs[l ^ X]);
    let one = lanes(|_| ONE);
    for (i, sum) in out.iter_mut().enumerate() {
        let from = i ^ x_high;
        let factor = if (from & z_high).count_ones() & 1 == 1 { &minus } else { &plus };
        let more = exchanged::<X>(&ket[from].double());
        *sum = Block::of(&combine::<FMA>(&one, &sum.double(), factor, &more));
    }
}

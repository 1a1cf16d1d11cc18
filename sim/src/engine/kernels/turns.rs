//! Kernels of fused circuits: real rotations, up to three in one pass, and tables of phases.

use num_complex::Complex64;

use super::body::{by_lane_mask, exchanged, fma, runs};
use super::{Block, LANE_BITS, LANES};

/// Turns of different bits: x - t y and y + t x.
#[inline(always)]
pub(super) fn turns<const FMA: bool>(blocks: &mut [Block], turns: &[(u32, f64)]) {
    let mut inside = [0.0; LANE_BITS as usize];
    let mut wide = [(0usize, 0.0); 64];
    let mut count = 0;
    for &(bit, t) in turns {
        if bit < LANE_BITS {
            inside[bit as usize] = t;
        } else {
            wide[count] = (1 << (bit - LANE_BITS), t);
            count += 1;
        }
    }
    if inside != [0.0; LANE_BITS as usize] {
        lanes::<FMA>(blocks, inside);
    }
    let mut wide = &wide[..count];
    while let [a, b, c, rest @ ..] = wide {
        many::<FMA, 3, 8>(blocks, [*a, *b, *c]);
        wide = rest;
    }
    match wide {
        [a, b] => many::<FMA, 2, 4>(blocks, [*a, *b]),
        [a] => many::<FMA, 1, 2>(blocks, [*a]),
        _ => {}
    }
}

/// Turns of the bits inside a block.
#[inline(always)]
fn lanes<const FMA: bool>(blocks: &mut [Block], t: [f64; 3]) {
    let mut signed = [[0.0; LANES]; 3];
    for (k, signed) in signed.iter_mut().enumerate() {
        for (l, s) in signed.iter_mut().enumerate() {
            *s = if l >> k & 1 == 0 { -t[k] } else { t[k] };
        }
    }
    for block in blocks {
        let mut x = *block;
        if t[0] != 0.0 {
            x = plus::<FMA>(&x, &exchanged::<1>(&x), &signed[0]);
        }
        if t[1] != 0.0 {
            x = plus::<FMA>(&x, &exchanged::<2>(&x), &signed[1]);
        }
        if t[2] != 0.0 {
            x = plus::<FMA>(&x, &exchanged::<4>(&x), &signed[2]);
        }
        *block = x;
    }
}

#[inline(always)]
#[allow(clippy::needless_range_loop, reason = "lanes of a register")]
fn plus<const FMA: bool>(x: &Block, y: &Block, factor: &[f64; LANES]) -> Block {
    let mut out = Block::ZERO;
    for l in 0..LANES {
        out.re[l] = fma::<FMA>(factor[l], y.re[l], x.re[l]);
        out.im[l] = fma::<FMA>(factor[l], y.im[l], x.im[l]);
    }
    out
}

/// Turns of K bits that select blocks; N is 2^K.
#[inline(always)]
fn many<const FMA: bool, const K: usize, const N: usize>(blocks: &mut [Block], turns: [(usize, f64); K]) {
    let mut offsets = [0; N];
    for (i, offset) in offsets.iter_mut().enumerate() {
        for (k, turn) in turns.iter().enumerate() {
            *offset += turn.0 * (i >> k & 1);
        }
    }
    let fixed = offsets[N - 1];
    for (start, len) in runs(blocks.len(), fixed, 0) {
        for i in start..start + len {
            let mut x = [Block::ZERO; N];
            for j in 0..N {
                x[j] = blocks[i + offsets[j]];
            }
            for (k, turn) in turns.iter().enumerate() {
                let t = turn.1;
                for j in 0..N {
                    if j >> k & 1 == 0 {
                        let (a, b) = (x[j], x[j | 1 << k]);
                        x[j] = plus::<FMA>(&a, &b, &[-t; LANES]);
                        x[j | 1 << k] = plus::<FMA>(&b, &a, &[t; LANES]);
                    }
                }
            }
            for j in 0..N {
                blocks[i + offsets[j]] = x[j];
            }
        }
    }
}

/// A product for each lane. By value: with references in sight compilers fear that they overlap.
#[inline(always)]
fn product<const FMA: bool>(x: Block, f: Block) -> Block {
    let mut out = Block::ZERO;
    for l in 0..LANES {
        out.re[l] = fma::<FMA>(f.re[l], x.re[l], -(f.im[l] * x.im[l]));
        out.im[l] = fma::<FMA>(f.re[l], x.im[l], f.im[l] * x.re[l]);
    }
    out
}

/// Multiplies each amplitude by the factor in the same place.
#[inline(always)]
pub(super) fn times<const FMA: bool>(blocks: &mut [Block], factors: &[Block]) {
    for (x, f) in blocks.iter_mut().zip(factors) {
        *x = product::<FMA>(*x, *f);
    }
}

/// Makes `to` a multiple of `from`.
#[inline(always)]
pub(super) fn spread<const FMA: bool>(to: &mut [Block], from: &[Block], factor: Complex64) {
    let factor = Block { re: [factor.re; LANES], im: [factor.im; LANES] };
    for (to, from) in to.iter_mut().zip(from) {
        *to = product::<FMA>(*from, factor);
    }
}

/// A Pauli string of a group that flips the same bits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weighed {
    /// Where set bits change the sign.
    pub(crate) z: u64,
    /// Weight of the real part of the product.
    pub(crate) re: f64,
    /// Weight of the imaginary part.
    pub(crate) im: f64,
}

/// Over the blocks of a range, the sum of weighed parts of conj(ket[i ^ x]) ket[i], each negative
/// where i & z has odd parity: one reading of the state for all strings of a group.
#[inline(always)]
pub(super) fn weighed<const FMA: bool>(
    ket: &[Block],
    range: std::ops::Range<usize>,
    x: u64,
    terms: &[Weighed],
) -> f64 {
    by_lane_mask!(x, weighed_lanes::<FMA>(ket, range, x, terms))
}

#[inline(always)]
#[allow(clippy::needless_range_loop, reason = "lanes of a register")]
fn weighed_lanes<const FMA: bool, const X: usize>(
    ket: &[Block],
    range: std::ops::Range<usize>,
    x: u64,
    terms: &[Weighed],
) -> f64 {
    let x_high = (x >> LANE_BITS) as usize;
    let mut lanes = Vec::with_capacity(terms.len());
    for t in terms {
        let mut lane = Block::ZERO;
        for l in 0..LANES {
            let odd = (l as u64 & t.z).count_ones() & 1 == 1;
            lane.re[l] = if odd { -t.re } else { t.re };
            lane.im[l] = if odd { -t.im } else { t.im };
        }
        lanes.push(((t.z >> LANE_BITS) as usize, lane));
    }
    let mut sum = [0.0; LANES];
    for i in range {
        let (a, b) = (ket[i], exchanged::<X>(&ket[i ^ x_high]));
        let mut weight = Block::ZERO;
        for (z, lane) in &lanes {
            let sign = if (i & z).count_ones() & 1 == 1 { -1.0 } else { 1.0 };
            for l in 0..LANES {
                weight.re[l] = fma::<FMA>(lane.re[l], sign, weight.re[l]);
                weight.im[l] = fma::<FMA>(lane.im[l], sign, weight.im[l]);
            }
        }
        for l in 0..LANES {
            let re = fma::<FMA>(b.re[l], a.re[l], b.im[l] * a.im[l]);
            let im = fma::<FMA>(b.re[l], a.im[l], -(b.im[l] * a.re[l]));
            sum[l] = fma::<FMA>(weight.re[l], re, fma::<FMA>(weight.im[l], im, sum[l]));
        }
    }
    sum.iter().sum()
}

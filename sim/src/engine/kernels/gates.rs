//! Kernels of single gates.

use num_complex::Complex64;

use super::amps::Amps;
use super::body::{runs, split};
use super::{Block, LANE_BITS, LANES, Real};
use crate::plan::step::Where;

const ONE: Complex64 = Complex64::new(1.0, 0.0);
const ZERO: Complex64 = Complex64::new(0.0, 0.0);

/// A factor for each lane.
#[inline(always)]
fn lanes<A: Amps>(mut f: impl FnMut(usize) -> Complex64) -> A {
    let mut out = Block::ZERO;
    for l in 0..LANES {
        let z = f(l);
        (out.re[l], out.im[l]) = (A::F::of(z.re), A::F::of(z.im));
    }
    A::read(&out)
}

#[inline(always)]
pub(super) fn pair<A: Amps>(blocks: &mut [Block<A::F>], target: u32, on: Where, m: &[Complex64; 4]) {
    let (ones, zeros, met) = split(on);
    if target < LANE_BITS {
        // New value of a lane: `own` times itself plus `other` times its partner.
        let bit = 1usize << target;
        let own = lanes::<A>(|l| if !met[l] { ONE } else { m[if l & bit == 0 { 0 } else { 3 }] });
        let other = lanes::<A>(|l| if !met[l] { ZERO } else { m[if l & bit == 0 { 1 } else { 2 }] });
        return match target {
            0 => inside::<A, 1>(blocks, ones, zeros, own, other),
            1 => inside::<A, 2>(blocks, ones, zeros, own, other),
            _ => inside::<A, 4>(blocks, ones, zeros, own, other),
        };
    }
    let entry = |i: usize, unmet: Complex64| lanes::<A>(|l| if met[l] { m[i] } else { unmet });
    let m = [entry(0, ONE), entry(1, ZERO), entry(2, ZERO), entry(3, ONE)];
    let stride = 1usize << (target - LANE_BITS);
    for (start, len) in runs(blocks.len(), stride | ones | zeros, ones) {
        let (low, high) = blocks.split_at_mut(start + stride);
        for (x, y) in low[start..start + len].iter_mut().zip(&mut high[..len]) {
            let (a, b) = (A::read(x), A::read(y));
            b.times_plus(m[1], a.times(m[0])).write(x);
            b.times_plus(m[3], a.times(m[2])).write(y);
        }
    }
}

/// A pair operation between lanes that differ in `BIT`.
#[inline(always)]
fn inside<A: Amps, const BIT: usize>(
    blocks: &mut [Block<A::F>],
    ones: usize,
    zeros: usize,
    own: A,
    other: A,
) {
    for (start, len) in runs(blocks.len(), ones | zeros, ones) {
        for block in &mut blocks[start..start + len] {
            let x = A::read(block);
            x.exchanged::<BIT>().times_plus(other, x.times(own)).write(block);
        }
    }
}

#[inline(always)]
pub(super) fn flip<A: Amps>(blocks: &mut [Block<A::F>], target: u32, on: Where) {
    let (ones, zeros, met) = split(on);
    let mut flags = [[0.0; LANES]; 2];
    for l in 0..LANES {
        flags[usize::from(met[l])][l] = 1.0;
    }
    let (keep, take) = (A::factors(&flags[0]), A::factors(&flags[1]));
    match target {
        0 => return mixed::<A, 1>(blocks, ones, zeros, keep, take),
        1 => return mixed::<A, 2>(blocks, ones, zeros, keep, take),
        2 => return mixed::<A, 4>(blocks, ones, zeros, keep, take),
        _ => {}
    }
    let some_stay = met.contains(&false);
    let stride = 1usize << (target - LANE_BITS);
    for (start, len) in runs(blocks.len(), stride | ones | zeros, ones) {
        let (low, high) = blocks.split_at_mut(start + stride);
        let (low, high) = (&mut low[start..start + len], &mut high[..len]);
        if !some_stay {
            low.swap_with_slice(high);
            continue;
        }
        for (x, y) in low.iter_mut().zip(high) {
            let (a, b) = (A::read(x), A::read(y));
            chosen::<A>(a, b, keep, take).write(x);
            chosen::<A>(b, a, keep, take).write(y);
        }
    }
}

/// One block in some lanes and another in the rest.
#[inline(always)]
fn chosen<A: Amps>(a: A, b: A, keep: A::Part, take: A::Part) -> A {
    a.by(keep).plus(b, take)
}

#[inline(always)]
fn mixed<A: Amps, const BIT: usize>(
    blocks: &mut [Block<A::F>],
    ones: usize,
    zeros: usize,
    keep: A::Part,
    take: A::Part,
) {
    for (start, len) in runs(blocks.len(), ones | zeros, ones) {
        for block in &mut blocks[start..start + len] {
            let x = A::read(block);
            chosen::<A>(x, x.exchanged::<BIT>(), keep, take).write(block);
        }
    }
}

#[inline(always)]
pub(super) fn phase<A: Amps>(blocks: &mut [Block<A::F>], on: Where, factor: Complex64) {
    let (ones, zeros, met) = split(on);
    let factor = lanes::<A>(|l| if met[l] { factor } else { ONE });
    for (start, len) in runs(blocks.len(), ones | zeros, ones) {
        for block in &mut blocks[start..start + len] {
            A::read(block).times(factor).write(block);
        }
    }
}

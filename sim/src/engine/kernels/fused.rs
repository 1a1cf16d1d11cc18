//! Kernels of fused circuits: real rotations, up to three in one pass, and tables of phases.

use num_complex::Complex64;

use super::body::runs;
use super::eight::{Amps, Eight};
use super::{Block, LANE_BITS, LANES};

/// Turns of different bits, x - t y and y + t x, after the factors of two tables, either of which
/// may be empty.
#[inline(always)]
pub(super) fn turns<V: Eight>(blocks: &mut [Block], tables: [&[Block]; 2], turns: &[(u32, f64)]) {
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
    match tables.map(<[Block]>::is_empty) {
        [true, true] if inside == [0.0; LANE_BITS as usize] => {}
        [true, true] => lanes::<V>(blocks, inside),
        [false, false] => scaled_lanes::<V, true>(blocks, tables[0], tables[1], inside),
        [false, true] => scaled_lanes::<V, false>(blocks, tables[0], &[], inside),
        [true, false] => scaled_lanes::<V, false>(blocks, tables[1], &[], inside),
    }
    let mut wide = &wide[..count];
    while let [a, b, c, rest @ ..] = wide {
        many::<V, 3, 8>(blocks, [*a, *b, *c]);
        wide = rest;
    }
    match wide {
        [a, b] => many::<V, 2, 4>(blocks, [*a, *b]),
        [a] => many::<V, 1, 2>(blocks, [*a]),
        _ => {}
    }
}

/// The tangents of the bits inside a block with the sign of each lane.
#[inline(always)]
fn signed<V: Eight>(t: [f64; 3]) -> [V; 3] {
    let mut signed = [[0.0; LANES]; 3];
    for (k, signed) in signed.iter_mut().enumerate() {
        for (l, s) in signed.iter_mut().enumerate() {
            *s = if l >> k & 1 == 0 { -t[k] } else { t[k] };
        }
    }
    [V::read(&signed[0]), V::read(&signed[1]), V::read(&signed[2])]
}

#[inline(always)]
fn turned<V: Eight>(x: Amps<V>, signed: [V; 3]) -> Amps<V> {
    let x = x.plus(x.exchanged::<1>(), signed[0]);
    let x = x.plus(x.exchanged::<2>(), signed[1]);
    x.plus(x.exchanged::<4>(), signed[2])
}

/// Turns of the bits inside a block.
#[inline(always)]
fn lanes<V: Eight>(blocks: &mut [Block], t: [f64; 3]) {
    let signed = signed::<V>(t);
    for block in blocks {
        turned(Amps::read(block), signed).write(block);
    }
}

/// Turns of the bits inside a block after the factors of one or two tables: what a pass over the
/// tile costs is mostly the way to and from the cache.
#[inline(always)]
fn scaled_lanes<V: Eight, const TWO: bool>(
    blocks: &mut [Block],
    first: &[Block],
    second: &[Block],
    t: [f64; 3],
) {
    let signed = signed::<V>(t);
    for (i, (block, f)) in blocks.iter_mut().zip(first).enumerate() {
        let mut x = Amps::read(block).times(Amps::read(f));
        if TWO {
            x = x.times(Amps::read(&second[i]));
        }
        turned(x, signed).write(block);
    }
}

/// Turns of K bits that select blocks; N is 2^K.
#[inline(always)]
fn many<V: Eight, const K: usize, const N: usize>(blocks: &mut [Block], turns: [(usize, f64); K]) {
    let mut offsets = [0; N];
    for (i, offset) in offsets.iter_mut().enumerate() {
        for (k, turn) in turns.iter().enumerate() {
            *offset += turn.0 * (i >> k & 1);
        }
    }
    let plus = turns.map(|turn| V::all(turn.1));
    let minus = turns.map(|turn| V::all(-turn.1));
    for (start, len) in runs(blocks.len(), offsets[N - 1], 0) {
        for i in start..start + len {
            let mut x = [Amps::<V>::read(&blocks[i]); N];
            for j in 1..N {
                x[j] = Amps::read(&blocks[i + offsets[j]]);
            }
            for k in 0..K {
                for j in 0..N {
                    if j >> k & 1 == 0 {
                        let (a, b) = (x[j], x[j | 1 << k]);
                        x[j] = a.plus(b, minus[k]);
                        x[j | 1 << k] = b.plus(a, plus[k]);
                    }
                }
            }
            for j in 0..N {
                x[j].write(&mut blocks[i + offsets[j]]);
            }
        }
    }
}

/// Multiplies each amplitude by the factor in the same place.
#[inline(always)]
pub(super) fn times<V: Eight>(blocks: &mut [Block], factors: &[Block]) {
    for (x, f) in blocks.iter_mut().zip(factors) {
        Amps::<V>::read(x).times(Amps::read(f)).write(x);
    }
}

/// Makes `to` a multiple of `from`.
#[inline(always)]
pub(super) fn spread<V: Eight>(to: &mut [Block], from: &[Block], factor: Complex64) {
    let factor = Amps::<V>::all(factor);
    for (to, from) in to.iter_mut().zip(from) {
        Amps::read(from).times(factor).write(to);
    }
}

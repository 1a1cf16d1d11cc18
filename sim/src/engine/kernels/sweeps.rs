//! Kernels of stages: turns of many bits in one pass, tables of phases, and the way back into order.
#![allow(unsafe_code)]

use num_complex::Complex64;
use smallvec::SmallVec;

use super::body::runs;
use super::eight::{Amps, Eight};
use super::{Block, LANES};
use crate::plan::frame::{Independent, Order};
use crate::plan::stage::{Sweep, Turn};

/// The numbers of the eight lanes that have odd parity with a mask.
#[inline(always)]
fn odd_lanes(mask: u64) -> [bool; LANES] {
    std::array::from_fn(|l| (l as u64 & mask).count_ones() & 1 == 1)
}

#[inline(always)]
fn odd(index: usize, mask: usize) -> usize {
    (index & mask).count_ones() as usize & 1
}

/// A turn ready for use: which blocks it looks at, which lanes it exchanges, and its tangent with
/// the sign of each lane, for blocks of even and of odd parity.
#[derive(Clone, Copy)]
struct Ready<V> {
    seen: usize,
    lanes: usize,
    signed: [V; 2],
}

impl<V: Eight> Ready<V> {
    #[inline(always)]
    fn new(turn: &Turn) -> Self {
        let odd = odd_lanes(turn.signs);
        let mut signed = [[0.0; LANES]; 2];
        for l in 0..LANES {
            signed[0][l] = if odd[l] { turn.t } else { -turn.t };
            signed[1][l] = -signed[0][l];
        }
        Self {
            seen: (turn.signs >> 3) as usize,
            lanes: (turn.flips & 7) as usize,
            signed: [V::read(&signed[0]), V::read(&signed[1])],
        }
    }
}

/// Writes a body out for each number below a constant of at most 16: the compiler keeps an array in
/// registers only where every index into it is known.
macro_rules! each {
    ($j:ident < $n:expr, $body:block) => {
        each!(@ $j, $n, $body, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
    };
    (@ $j:ident, $n:expr, $body:block, $($at:literal),*) => { $({
        #[allow(non_upper_case_globals)]
        const $j: usize = $at;
        if $j < $n $body
    })* };
}

/// Turns of different bits, x - t y and y + t x, after the factors of two tables, either of which
/// may be empty.
#[inline(always)]
pub(super) fn sweep<V: Eight>(blocks: &mut [Block], tables: [&[Block]; 2], sweep: &Sweep) {
    assert!(blocks.len().is_power_of_two() && tables.iter().all(|t| t.is_empty() || t.len() == blocks.len()));
    let [first, second] = if tables[0].is_empty() { [tables[1], tables[0]] } else { tables };
    if !second.is_empty() {
        times::<V>(blocks, second);
    }
    let mut wide = sweep.wide.clone();
    if !first.is_empty() || !sweep.lanes.is_empty() {
        let mut here: SmallVec<[Turn; 4]> = SmallVec::new();
        wide.retain(|t| {
            let stays = t.flips & 7 != 0 || here.len() == V::WIDE_FIRST;
            if !stays {
                here.push(*t);
            }
            stays
        });
        match (here.len(), !first.is_empty()) {
            (0, false) => after::<V, 0, 1, false>(blocks, first, &sweep.lanes, &here),
            (0, true) => after::<V, 0, 1, true>(blocks, first, &sweep.lanes, &here),
            (1, false) => after::<V, 1, 2, false>(blocks, first, &sweep.lanes, &here),
            (1, true) => after::<V, 1, 2, true>(blocks, first, &sweep.lanes, &here),
            (2, false) => after::<V, 2, 4, false>(blocks, first, &sweep.lanes, &here),
            (2, true) => after::<V, 2, 4, true>(blocks, first, &sweep.lanes, &here),
            (_, false) => after::<V, 3, 8, false>(blocks, first, &sweep.lanes, &here),
            (_, true) => after::<V, 3, 8, true>(blocks, first, &sweep.lanes, &here),
        }
    }
    let mut wide = &wide[..];
    while !wide.is_empty() {
        let (here, rest) = wide.split_at(wide.len().min(V::WIDE));
        let mixed = here.iter().any(|t| t.flips & 7 != 0);
        match (here.len(), mixed) {
            (1, false) => alone::<V, 1, 2, false>(blocks, here),
            (1, true) => alone::<V, 1, 2, true>(blocks, here),
            (2, false) => alone::<V, 2, 4, false>(blocks, here),
            (2, true) => alone::<V, 2, 4, true>(blocks, here),
            (3, false) => alone::<V, 3, 8, false>(blocks, here),
            (3, true) => alone::<V, 3, 8, true>(blocks, here),
            (_, false) => alone::<V, 4, 16, false>(blocks, here),
            (_, true) => alone::<V, 4, 16, true>(blocks, here),
        }
        wide = rest;
    }
}

/// Where the blocks of a group lie, seen from its first, and which lanes are exchanged in each.
struct Places<const N: usize> {
    offsets: [usize; N],
    lanes: [usize; N],
    /// Bits that the first block of a group lacks.
    tops: usize,
}

impl<const N: usize> Places<N> {
    fn new(turns: &[Turn], total: usize) -> Self {
        let mut independent = Independent::default();
        let (mut offsets, mut lanes) = ([0; N], [0; N]);
        for (k, turn) in turns.iter().enumerate() {
            assert!(independent.take(turn.flips >> 3), "the turns of a sweep are independent");
            for i in 0..N {
                if i >> k & 1 == 1 {
                    offsets[i] ^= (turn.flips >> 3) as usize;
                    lanes[i] ^= (turn.flips & 7) as usize;
                }
            }
        }
        assert!(offsets.iter().all(|&o| o < total), "a tile holds what its turns move");
        Self { offsets, lanes, tops: independent.tops() as usize }
    }
}

#[inline(always)]
fn ready<V: Eight, const K: usize>(turns: &[Turn]) -> [Ready<V>; K] {
    let mut out = [Ready::<V>::new(&Turn { flips: 0, signs: 0, t: 0.0 }); K];
    for (ready, turn) in out.iter_mut().zip(turns) {
        *ready = Ready::new(turn);
    }
    out
}

/// K turns between blocks, after factors and turns inside of blocks; N is 2^K.
#[inline(always)]
fn after<V: Eight, const K: usize, const N: usize, const SCALED: bool>(
    blocks: &mut [Block],
    table: &[Block],
    lanes: &[Turn],
    turns: &[Turn],
) {
    let places = Places::<N>::new(turns, blocks.len());
    let inside = ready::<V, 3>(lanes);
    let wide = ready::<V, K>(turns);
    let count = lanes.len();
    for (start, len) in runs(blocks.len(), places.tops, 0) {
        for i in start..start + len {
            // SAFETY of this kernel: `i` and all offsets are smaller than the number of blocks,
            // which is a power of two and the length of a table that is not empty.
            let mut x = [Amps::<V>::read(unsafe { blocks.get_unchecked(i) }); N];
            each!(j < N, {
                let at = i ^ places.offsets[j];
                x[j] = Amps::read(unsafe { blocks.get_unchecked(at) });
                if SCALED {
                    x[j] = x[j].times(Amps::read(unsafe { table.get_unchecked(at) }));
                }
            });
            each!(l < 3, {
                if let Some(turn) = inside[..count].get(l) {
                    let t = turn.signed[odd(i, turn.seen)];
                    each!(j < N, {
                        x[j] = x[j].plus(x[j].crossed(turn.lanes), t);
                    });
                }
            });
            each!(k < K, {
                let t = wide[k].signed[odd(i, wide[k].seen)];
                each!(j < N, {
                    if j >> k & 1 == 0 {
                        let (a, b) = (x[j], x[j | 1 << k]);
                        x[j] = a.plus(b, t);
                        x[j | 1 << k] = b.minus(a, t);
                    }
                });
            });
            each!(j < N, {
                x[j].write(unsafe { blocks.get_unchecked_mut(i ^ places.offsets[j]) });
            });
        }
    }
}

/// K turns between blocks alone, real and imaginary parts one after the other; N is 2^K. `MIXED`
/// says whether some exchange lanes too.
#[inline(always)]
fn alone<V: Eight, const K: usize, const N: usize, const MIXED: bool>(blocks: &mut [Block], turns: &[Turn]) {
    let places = Places::<N>::new(turns, blocks.len());
    let wide = ready::<V, K>(turns);
    for (start, len) in runs(blocks.len(), places.tops, 0) {
        for i in start..start + len {
            // SAFETY of this kernel: `i` and all offsets are smaller than the number of blocks,
            // which is a power of two.
            for part in 0..2 {
                let mut x = [wide[0].signed[0]; N];
                each!(j < N, {
                    let block = unsafe { blocks.get_unchecked(i ^ places.offsets[j]) };
                    x[j] = V::read(if part == 0 { &block.re } else { &block.im });
                    if MIXED {
                        x[j] = x[j].crossed(places.lanes[j]);
                    }
                });
                each!(k < K, {
                    let t = wide[k].signed[odd(i, wide[k].seen)];
                    each!(j < N, {
                        if j >> k & 1 == 0 {
                            let (a, b) = (x[j], x[j | 1 << k]);
                            x[j] = b.times_plus(t, a);
                            x[j | 1 << k] = a.times_from(t, b);
                        }
                    });
                });
                each!(j < N, {
                    let block = unsafe { blocks.get_unchecked_mut(i ^ places.offsets[j]) };
                    if MIXED {
                        x[j] = x[j].crossed(places.lanes[j]);
                    }
                    x[j].write(if part == 0 { &mut block.re } else { &mut block.im });
                });
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

/// One of two factors for each lane, by parity, for blocks of even and of odd parity.
#[inline(always)]
fn by_parity<V: Eight>(parity: u64, factors: [Complex64; 2]) -> [Amps<V>; 2] {
    let odd = odd_lanes(parity);
    let mut out = [Block::ZERO; 2];
    for (of_block, out) in out.iter_mut().enumerate() {
        for l in 0..LANES {
            let z = factors[of_block ^ usize::from(odd[l])];
            (out.re[l], out.im[l]) = (z.re, z.im);
        }
    }
    [Amps::read(&out[0]), Amps::read(&out[1])]
}

/// Multiplies by the first factor where some bits of the place have even parity, else by the second.
#[inline(always)]
pub(super) fn twist<V: Eight>(blocks: &mut [Block], parity: u64, factors: [Complex64; 2]) {
    let factors = by_parity::<V>(parity, factors);
    for (i, x) in blocks.iter_mut().enumerate() {
        Amps::read(x).times(factors[odd(i, (parity >> 3) as usize)]).write(x);
    }
}

/// Makes `to` a multiple of `from`, with factors as in [`twist`].
#[inline(always)]
pub(super) fn spread<V: Eight>(to: &mut [Block], from: &[Block], parity: u64, factors: [Complex64; 2]) {
    let factors = by_parity::<V>(parity, factors);
    for (i, (to, from)) in to.iter_mut().zip(from).enumerate() {
        Amps::read(from).times(factors[odd(i, (parity >> 3) as usize)]).write(to);
    }
}

/// Fetches blocks from the places of an order, `first` onwards.
#[inline(always)]
pub(super) fn settle<V: Eight>(to: &mut [Block], from: &[Block], order: &Order, first: usize) {
    assert!(from.len() == order.blocks.len() && first + to.len() <= from.len());
    if order.within.iter().all(|p| *p < 8) {
        let mut lanes = [[0; LANES]; LANES];
        for (start, lanes) in lanes.iter_mut().enumerate() {
            for (l, place) in lanes.iter_mut().enumerate() {
                *place = (order.within[l] ^ start as u64) as i64;
            }
        }
        let plain = order.within.iter().zip(0..).all(|(&p, l)| p == l);
        for (to, &place) in to.iter_mut().zip(&order.blocks[first..]) {
            let block = &from[(place >> 3) as usize];
            if plain && place & 7 == 0 {
                *to = *block;
            } else {
                Amps::<V>::read(block).gathered(&lanes[(place & 7) as usize]).write(to);
            }
        }
        return;
    }
    for (to, &place) in to.iter_mut().zip(&order.blocks[first..]) {
        for l in 0..LANES {
            let at = place ^ order.within[l];
            let block = &from[(at >> 3) as usize];
            (to.re[l], to.im[l]) = (block.re[(at & 7) as usize], block.im[(at & 7) as usize]);
        }
    }
}

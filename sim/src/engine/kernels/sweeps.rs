//! Kernels of stages: turns of many bits in one pass, tables of phases, and the way back into order.
#![allow(unsafe_code)]

use num_complex::Complex64;
use smallvec::SmallVec;

use super::amps::{Amps, Part};
use super::body::runs;
use super::{Block, LANES, Real};
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
struct Ready<P> {
    seen: usize,
    lanes: usize,
    signed: [P; 2],
}

impl<P: Copy> Ready<P> {
    #[inline(always)]
    fn new<A: Amps<Part = P>>(turn: &Turn) -> Self {
        let odd = odd_lanes(turn.signs);
        let mut signed = [[0.0; LANES]; 2];
        for l in 0..LANES {
            signed[0][l] = if odd[l] { turn.t } else { -turn.t };
            signed[1][l] = -signed[0][l];
        }
        Self {
            seen: (turn.signs >> 3) as usize,
            lanes: (turn.flips & 7) as usize,
            signed: [A::factors(&signed[0]), A::factors(&signed[1])],
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
pub(super) fn sweep<A: Amps>(blocks: &mut [Block<A::F>], tables: [&[Block<A::F>]; 2], sweep: &Sweep) {
    assert!(blocks.len().is_power_of_two() && tables.iter().all(|t| t.is_empty() || t.len() == blocks.len()));
    let [first, second] = if tables[0].is_empty() { [tables[1], tables[0]] } else { tables };
    if !second.is_empty() {
        times::<A>(blocks, second);
    }
    let mut wide = sweep.wide.clone();
    if !first.is_empty() || !sweep.lanes.is_empty() {
        let mut here: SmallVec<[Turn; 4]> = SmallVec::new();
        wide.retain(|t| {
            let stays = t.flips & 7 != 0 || here.len() == A::WIDE_FIRST;
            if !stays {
                here.push(*t);
            }
            stays
        });
        match (here.len(), !first.is_empty()) {
            (0, false) => after::<A, 0, 1, false>(blocks, first, &sweep.lanes, &here),
            (0, true) => after::<A, 0, 1, true>(blocks, first, &sweep.lanes, &here),
            (1, false) => after::<A, 1, 2, false>(blocks, first, &sweep.lanes, &here),
            (1, true) => after::<A, 1, 2, true>(blocks, first, &sweep.lanes, &here),
            (2, false) => after::<A, 2, 4, false>(blocks, first, &sweep.lanes, &here),
            (2, true) => after::<A, 2, 4, true>(blocks, first, &sweep.lanes, &here),
            (_, false) => after::<A, 3, 8, false>(blocks, first, &sweep.lanes, &here),
            (_, true) => after::<A, 3, 8, true>(blocks, first, &sweep.lanes, &here),
        }
    }
    let mut wide = &wide[..];
    while !wide.is_empty() {
        let (here, rest) = wide.split_at(wide.len().min(A::WIDE));
        let mixed = here.iter().any(|t| t.flips & 7 != 0);
        match (here.len(), mixed) {
            (1, false) => alone::<A, 1, 2, false>(blocks, here),
            (1, true) => alone::<A, 1, 2, true>(blocks, here),
            (2, false) => alone::<A, 2, 4, false>(blocks, here),
            (2, true) => alone::<A, 2, 4, true>(blocks, here),
            (3, false) => alone::<A, 3, 8, false>(blocks, here),
            (3, true) => alone::<A, 3, 8, true>(blocks, here),
            (_, false) => alone::<A, 4, 16, false>(blocks, here),
            (_, true) => alone::<A, 4, 16, true>(blocks, here),
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
fn ready<A: Amps, const K: usize>(turns: &[Turn]) -> [Ready<A::Part>; K] {
    let mut out = [Ready::new::<A>(&Turn { flips: 0, signs: 0, t: 0.0 }); K];
    for (ready, turn) in out.iter_mut().zip(turns) {
        *ready = Ready::new::<A>(turn);
    }
    out
}

/// K turns between blocks, after factors and turns inside of blocks; N is 2^K.
#[inline(always)]
fn after<A: Amps, const K: usize, const N: usize, const SCALED: bool>(
    blocks: &mut [Block<A::F>],
    table: &[Block<A::F>],
    lanes: &[Turn],
    turns: &[Turn],
) {
    let places = Places::<N>::new(turns, blocks.len());
    let inside = ready::<A, 3>(lanes);
    let wide = ready::<A, K>(turns);
    let count = lanes.len();
    for (start, len) in runs(blocks.len(), places.tops, 0) {
        for i in start..start + len {
            // SAFETY of this kernel: `i` and all offsets are smaller than the number of blocks,
            // which is a power of two and the length of a table that is not empty.
            let mut x = [A::read(unsafe { blocks.get_unchecked(i) }); N];
            each!(j < N, {
                let at = i ^ places.offsets[j];
                x[j] = A::read(unsafe { blocks.get_unchecked(at) });
                if SCALED {
                    x[j] = x[j].times(A::read(unsafe { table.get_unchecked(at) }));
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
fn alone<A: Amps, const K: usize, const N: usize, const MIXED: bool>(
    blocks: &mut [Block<A::F>],
    turns: &[Turn],
) {
    let places = Places::<N>::new(turns, blocks.len());
    let wide = ready::<A, K>(turns);
    for (start, len) in runs(blocks.len(), places.tops, 0) {
        for i in start..start + len {
            // SAFETY of this kernel: `i` and all offsets are smaller than the number of blocks,
            // which is a power of two.
            for part in 0..A::PARTS {
                let mut x = [wide[0].signed[0]; N];
                each!(j < N, {
                    let block = unsafe { blocks.get_unchecked(i ^ places.offsets[j]) };
                    x[j] = A::read_part(block, part);
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
                    A::write_part(x[j], block, part);
                });
            }
        }
    }
}

/// Multiplies each amplitude by the factor in the same place.
#[inline(always)]
pub(super) fn times<A: Amps>(blocks: &mut [Block<A::F>], factors: &[Block<A::F>]) {
    for (x, f) in blocks.iter_mut().zip(factors) {
        A::read(x).times(A::read(f)).write(x);
    }
}

/// One of two factors for each lane, by parity, for blocks of even and of odd parity.
#[inline(always)]
fn by_parity<A: Amps>(parity: u64, factors: [Complex64; 2]) -> [A; 2] {
    let odd = odd_lanes(parity);
    let mut out = [Block::ZERO; 2];
    for (of_block, out) in out.iter_mut().enumerate() {
        for l in 0..LANES {
            let z = factors[of_block ^ usize::from(odd[l])];
            (out.re[l], out.im[l]) = (A::F::of(z.re), A::F::of(z.im));
        }
    }
    [A::read(&out[0]), A::read(&out[1])]
}

/// Multiplies by the first factor where some bits of the place have even parity, else by the second.
#[inline(always)]
pub(super) fn twist<A: Amps>(blocks: &mut [Block<A::F>], parity: u64, factors: [Complex64; 2]) {
    let factors = by_parity::<A>(parity, factors);
    for (i, x) in blocks.iter_mut().enumerate() {
        A::read(x).times(factors[odd(i, (parity >> 3) as usize)]).write(x);
    }
}

/// Makes `to` a multiple of `from`, with factors as in [`twist`].
#[inline(always)]
pub(super) fn spread<A: Amps>(
    to: &mut [Block<A::F>],
    from: &[Block<A::F>],
    parity: u64,
    factors: [Complex64; 2],
) {
    let factors = by_parity::<A>(parity, factors);
    for (i, (to, from)) in to.iter_mut().zip(from).enumerate() {
        A::read(from).times(factors[odd(i, (parity >> 3) as usize)]).write(to);
    }
}

/// Fetches blocks from the places of an order, `first` onwards.
#[inline(always)]
pub(super) fn settle<A: Amps>(to: &mut [Block<A::F>], from: &[Block<A::F>], order: &Order, first: usize) {
    assert!(from.len() == order.blocks.len() && first + to.len() <= from.len());
    if order.within.iter().all(|p| *p < 8) {
        let mut lanes = [[0; LANES]; LANES];
        for (start, lanes) in lanes.iter_mut().enumerate() {
            for (l, place) in lanes.iter_mut().enumerate() {
                *place = (order.within[l] ^ start as u64) as i32;
            }
        }
        let plain = order.within.iter().zip(0..).all(|(&p, l)| p == l);
        for (to, &place) in to.iter_mut().zip(&order.blocks[first..]) {
            let block = &from[(place >> 3) as usize];
            if plain && place & 7 == 0 {
                *to = *block;
            } else {
                A::read(block).gathered(&lanes[(place & 7) as usize]).write(to);
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

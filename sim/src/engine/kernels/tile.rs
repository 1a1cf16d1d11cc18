//! Carries out stages: fetches a tile, does everything to it, puts it back.
#![allow(unsafe_code)]

use std::sync::atomic::{AtomicUsize, Ordering};

use num_complex::Complex64;

use super::table::fill;
use super::{Block, Cpu, LANE_BITS, LANES, Real, dense, flip, pair, phase, settle, sweep, times, twist};
use crate::plan::frame::members;
use crate::plan::stage::{Group, Mixed, Phases, Stage, Sweep};
use crate::plan::step::{Step, Where};

/// Registers smaller than this are not worth the start of threads. Units: bits.
const THREADS_FROM: u32 = 15;
/// Runs that are asked for before they are needed.
const AHEAD: usize = 3;
const ONE: Complex64 = Complex64::new(1.0, 0.0);

/// Applies one step to all amplitudes.
pub(crate) fn step<F: Real>(cpu: Cpu, blocks: &mut [Block<F>], step: &Step) {
    match step {
        Step::Pair { target, on, matrix } => pair(cpu, blocks, *target, *on, matrix),
        Step::Flip { target, on } => flip(cpu, blocks, *target, *on),
        Step::Phase { on, factor } => phase(cpu, blocks, *on, *factor),
        Step::Dense { targets, on, matrix } => dense(cpu, blocks, targets, *on, matrix),
    }
}

/// Applies stages to a register of `n` bits; ends early, saying so, when told to stop.
pub(crate) fn run<F: Real>(
    cpu: Cpu,
    blocks: &mut [Block<F>],
    n: u32,
    stages: &[Stage],
    threads: usize,
    stopped: &(dyn Fn() -> bool + Sync),
) -> bool {
    // Kept from stage to stage: fresh memory would cost more than filling it.
    let mut tables: Vec<Vec<Block<F>>> = Vec::new();
    let mut buffers: Vec<Buffers<F>> = Vec::new();
    buffers.resize_with(threads.max(1), Buffers::default);
    for stage in stages {
        if stopped() {
            return false;
        }
        let size = stage.bits.len() as u32;
        tables.resize_with(tables.len().max(stage.groups.len()), Vec::new);
        for (group, table) in stage.groups.iter().zip(&mut tables) {
            fill_table(cpu, size, group, table);
        }
        let work = Work { cpu, stage, tables: &tables };
        if size < n {
            let crew = if n < THREADS_FROM { 1 } else { buffers.len() };
            over_tiles(&work, blocks, n, &mut buffers[..crew]);
            continue;
        }
        let spare = &mut buffers[0].spare;
        work.tile(blocks, 0, spare);
        if let Some(end) = &stage.end {
            copy(spare, blocks);
            settle(cpu, blocks, spare, end, 0);
        }
    }
    true
}

/// What a thread needs beside the register.
struct Buffers<F> {
    tile: Vec<Block<F>>,
    spare: Vec<Block<F>>,
}

impl<F> Default for Buffers<F> {
    fn default() -> Self {
        Self { tile: Vec::new(), spare: Vec::new() }
    }
}

/// A stage with its tables of phases, one for each group.
struct Work<'a, F> {
    cpu: Cpu,
    stage: &'a Stage,
    tables: &'a [Vec<Block<F>>],
}

fn fill_table<F: Real>(cpu: Cpu, size: u32, group: &Group, table: &mut Vec<Block<F>>) {
    match group {
        Group::Phases(Phases { scale, own, .. }) if !own.is_empty() || *scale != ONE => {
            table.resize((1usize << size).div_ceil(LANES), Block::ZERO);
            fill(cpu, table, size, *scale, own);
        }
        _ => table.clear(),
    }
}

impl<F: Real> Work<'_, F> {
    /// Does the stage to one tile; `outer` holds its bits outside, `spare` is kept between tiles.
    fn tile(&self, blocks: &mut [Block<F>], outer: u64, spare: &mut Vec<Block<F>>) {
        // Factors that wait for the next turns, to be applied in the same pass.
        let (mut own, mut other): (&[Block<F>], bool) = (&[], false);
        for (group, table) in self.stage.groups.iter().zip(self.tables) {
            let tables = [own, if other { &spare[..] } else { &[] }];
            (own, other) = (&[], false);
            if let Group::Turns(sweeps) = group {
                self.turns(blocks, tables, sweeps);
                continue;
            }
            self.give(blocks, tables);
            match group {
                Group::Turns(_) => {}
                Group::Phases(Phases { mixed, .. }) => {
                    own = table;
                    other = self.mixed(blocks, outer, mixed, spare);
                }
                Group::Flip { outer: on, flips } => {
                    if meets(outer, *on) {
                        members(*flips).for_each(|bit| flip(self.cpu, blocks, bit, Where::default()));
                    }
                }
                Group::Step { outer: on, step: inner } => {
                    if meets(outer, *on) {
                        step(self.cpu, blocks, inner);
                    }
                }
                Group::Settle(order) => {
                    copy(spare, blocks);
                    settle(self.cpu, blocks, spare, order, 0);
                }
            }
        }
        let tables = [own, if other { &spare[..] } else { &[] }];
        self.give(blocks, tables);
    }

    fn turns(&self, blocks: &mut [Block<F>], mut tables: [&[Block<F>]; 2], sweeps: &[Sweep]) {
        for one in sweeps {
            sweep(self.cpu, blocks, std::mem::take(&mut tables), one);
        }
    }

    fn give(&self, blocks: &mut [Block<F>], tables: [&[Block<F>]; 2]) {
        for table in tables {
            if !table.is_empty() {
                times(self.cpu, blocks, table);
            }
        }
    }

    /// Phases that depend on where the tile lies: one at once, more as a table in `spare`, for
    /// which the answer is true.
    fn mixed(&self, blocks: &mut [Block<F>], outer: u64, mixed: &[Mixed], spare: &mut Vec<Block<F>>) -> bool {
        let mut scale = ONE;
        let mut here = Vec::with_capacity(mixed.len());
        for m in mixed {
            // Outside the parity is known: odd turns round what is left of it.
            let odd = (outer & m.outer).count_ones() & 1 == 1;
            if odd {
                scale *= m.factor;
            }
            if m.own != 0 {
                here.push((m.own, if odd { m.factor.conj() } else { m.factor }));
            }
        }
        match here[..] {
            [] if scale == ONE => false,
            // One is quicker by itself than as a table.
            [] => {
                phase(self.cpu, blocks, Where::default(), scale);
                false
            }
            [(parity, factor)] => {
                twist(self.cpu, blocks, parity, [scale, scale * factor]);
                false
            }
            _ => {
                spare.resize(blocks.len(), Block::ZERO);
                fill(self.cpu, spare, self.stage.bits.len() as u32, scale, &here);
                true
            }
        }
    }
}

/// Makes a buffer a copy; as one move of memory, which extending it would not be.
fn copy<F: Real>(to: &mut Vec<Block<F>>, from: &[Block<F>]) {
    to.resize(from.len(), Block::ZERO);
    to.copy_from_slice(from);
}

fn meets(index: u64, on: Where) -> bool {
    index & on.ones == on.ones && index & on.zeros == 0
}

/// Asks for blocks that will be needed soon: runs lie far apart, and the processor does not guess
/// where the next one is.
fn fetch<F: Real>(blocks: &[Block<F>]) {
    #[cfg(target_arch = "x86_64")]
    for block in blocks {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let (re, im) = (block.re.as_ptr(), block.im.as_ptr());
        // SAFETY: a hint about addresses inside a reference; every processor of the architecture has it.
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(re.cast());
            _mm_prefetch::<_MM_HINT_T0>(im.cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = blocks;
}

/// The blocks of a register, to which threads go at different places.
struct Shared<F> {
    at: *mut Block<F>,
    len: usize,
}

// SAFETY: every use takes parts that no other thread takes (see `over_tiles`).
unsafe impl<F: Real> Sync for Shared<F> {}

impl<F: Real> Shared<F> {
    /// # Safety
    /// No two parts that are alive at a time may overlap.
    #[allow(clippy::mut_from_ref, reason = "parts are disjoint")]
    unsafe fn part(&self, start: usize, len: usize) -> &mut [Block<F>] {
        assert!(start + len <= self.len, "a tile lies in the register");
        // SAFETY: inside the register, and disjoint by the caller's word.
        unsafe { std::slice::from_raw_parts_mut(self.at.add(start), len) }
    }
}

fn over_tiles<F: Real>(work: &Work<'_, F>, blocks: &mut [Block<F>], n: u32, buffers: &mut [Buffers<F>]) {
    let threads = buffers.len();
    let bits = &work.stage.bits;
    let size = bits.len();
    // Bits 0, 1, 2 and so on up to here are contiguous.
    let run_bits = bits.iter().zip(0u32..).take_while(|(b, k)| *b == k).count();
    let run = 1usize << (run_bits - LANE_BITS as usize);
    let spread_over =
        |value: usize, to: &[u32]| to.iter().enumerate().fold(0usize, |i, (k, b)| i | (value >> k & 1) << b);
    let starts: Vec<usize> =
        (0..1usize << (size - run_bits)).map(|r| spread_over(r, &bits[run_bits..]) >> LANE_BITS).collect();
    let outside: Vec<u32> = (0..n).filter(|b| !bits.contains(b)).collect();
    let tiles = 1usize << outside.len();
    let shared = Shared { at: blocks.as_mut_ptr(), len: blocks.len() };
    let next = AtomicUsize::new(0);
    let share = tiles.div_ceil(threads * 8).max(1);
    let worker = |own: &mut Buffers<F>| {
        let Buffers { tile, spare } = own;
        loop {
            let first = next.fetch_add(share, Ordering::Relaxed);
            if first >= tiles {
                return;
            }
            for t in first..(first + share).min(tiles) {
                let outer = spread_over(t, &outside);
                let base = outer >> LANE_BITS;
                // SAFETY: tiles differ in an outside bit, so that their blocks differ; each tile is
                // taken once; the parts of one tile are used one after the other.
                let part = |start: usize| unsafe { shared.part(base + start, run) };
                if let ([start], None) = (&starts[..], &work.stage.end) {
                    let start = *start;
                    work.tile(part(start), outer as u64, spare);
                    continue;
                }
                tile.resize(1 << (size - LANE_BITS as usize), Block::ZERO);
                for (k, &start) in starts.iter().enumerate() {
                    if let Some(&next) = starts.get(k + AHEAD) {
                        fetch(part(next));
                    }
                    tile[k * run..][..run].copy_from_slice(part(start));
                }
                work.tile(tile, outer as u64, spare);
                for (k, &start) in starts.iter().enumerate() {
                    if let Some(&next) = starts.get(k + AHEAD) {
                        fetch(part(next));
                    }
                    match &work.stage.end {
                        Some(end) => settle(work.cpu, part(start), tile, end, k * run),
                        None => part(start).copy_from_slice(&tile[k * run..][..run]),
                    }
                }
            }
        }
    };
    let Some((first, others)) = buffers.split_first_mut() else { return };
    if others.is_empty() {
        return worker(first);
    }
    rayon::scope(|scope| {
        for own in others {
            scope.spawn(|_| worker(own));
        }
        worker(first);
    });
}

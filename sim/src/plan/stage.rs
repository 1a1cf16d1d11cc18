//! Orders operations into stages: all of a stage is done to one tile of amplitudes, while the tile
//! is in the cache, before the next tile is fetched.
//!
//! A tile is the amplitudes that agree in every bit but its own: the lowest few, which are
//! contiguous, and some higher ones. An operation fits when it moves amplitudes along bits of the
//! tile alone; it may look at any bit. Operations are taken out of order where they commute. A flip
//! that looks at one bit is not done: the frame keeps where the amplitudes lie, and they come to
//! their places when the tile is written back.

use num_complex::Complex64;
use smallvec::SmallVec;

use crate::plan::frame::{Frame, Independent, Order, members};
use crate::plan::fuse::Op;
use crate::plan::step::{Step, Where};

/// Bits of the largest tile: 256 KiB, a quarter of the cache of the second level where this was
/// measured; with 128 KiB there are more stages, and 20 qubits take up to a quarter longer.
const TILE_BITS: u32 = 14;
/// Bits of a register that is one tile.
const WHOLE_BITS: u32 = 13;
/// Bits of a tile that are always the lowest: runs of 1 KiB.
const LOW_BITS: u32 = 6;
/// Groups that an operation may pass on its way back to one of its kind.
const REACH: usize = 64;
/// Turns that one pass over a tile does beside those inside of blocks.
const WIDEST: usize = 4;
/// The same where factors come first.
const WIDEST_FIRST: usize = 3;
const ONE: Complex64 = Complex64::new(1.0, 0.0);

/// What is done to each tile.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stage {
    /// Bits of the tile in index order; the first are 0, 1, 2 and so on.
    pub(crate) bits: Vec<u32>,
    pub(crate) groups: Vec<Group>,
    /// Where the amplitudes lie at the end, if not in their places.
    pub(crate) end: Option<Order>,
}

/// Operations of one kind that commute with each other, on places of the tile: bit k of a mask is
/// bit `bits[k]` of an index as long as no flip was noted. `outer` masks are those of an index.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Group {
    /// Turns, in the passes that they take.
    Turns(Vec<Sweep>),
    /// Phases.
    Phases(Phases),
    /// Exchanges places that differ in a mask, where the outer condition holds.
    Flip { outer: Where, flips: u64 },
    /// A step where the outer condition holds; its bits are bits of the place.
    Step { outer: Where, step: Step },
    /// Puts every amplitude in its place.
    Settle(Order),
}

/// Factors of parities and one of the whole.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Phases {
    pub(crate) scale: Complex64,
    /// Where the parity of these bits of the place is odd.
    pub(crate) own: Vec<(u64, Complex64)>,
    pub(crate) mixed: Vec<Mixed>,
}

/// A factor where the parity of some bits outside of the tile and some of the place is odd.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Mixed {
    pub(crate) outer: u64,
    pub(crate) own: u64,
    pub(crate) factor: Complex64,
}

/// Turns between places that differ in a mask: the place whose parity of `signs` is even is the
/// first of the two.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Turn {
    pub(crate) flips: u64,
    pub(crate) signs: u64,
    pub(crate) t: f64,
}

/// Turns that one pass over a tile does.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sweep {
    /// Those inside of blocks.
    pub(crate) lanes: SmallVec<[Turn; 3]>,
    /// Those between blocks.
    pub(crate) wide: SmallVec<[Turn; WIDEST]>,
}

/// What an operation, or many, move along and look at.
#[derive(Clone, Copy, Default)]
struct Reach {
    moved: u64,
    seen: u64,
}

impl Reach {
    fn of(op: &Op) -> Self {
        Self { moved: op.moved(), seen: op.seen() }
    }

    fn commutes(self, other: Self) -> bool {
        self.moved & (other.moved | other.seen) == 0 && self.seen & other.moved == 0
    }

    fn and(self, other: Self) -> Self {
        Self { moved: self.moved | other.moved, seen: self.seen | other.seen }
    }
}

/// The stages of some operations on `n` bits; `None` if one moves amplitudes along more bits than a
/// tile has.
pub(crate) fn stages(ops: &[Op], n: u32) -> Option<Vec<Stage>> {
    let size = tile_bits(n);
    let low = LOW_BITS.min(size);
    let reaches: Vec<Reach> = ops.iter().map(Reach::of).collect();
    let base = (1u64 << low) - 1;
    if reaches.iter().any(|r| (r.moved | base).count_ones() > size) {
        return None;
    }
    let mut left: Vec<u32> = (0..ops.len() as u32).collect();
    let mut out = Vec::new();
    let mut picker = Picker { reaches: &reaches, size, taken: Vec::new() };
    while !left.is_empty() {
        // The bits that come first, or a window of neighbours, whichever does more.
        let mut best = (picker.pick(&left, base, true), std::mem::take(&mut picker.taken));
        for first in low..=n.saturating_sub(size - low) {
            if size == n {
                break;
            }
            let window = base | (((1u64 << (size - low)) - 1) << first);
            let tried = picker.pick(&left, window, false);
            if tried.0 > best.0.0 {
                best = (tried, std::mem::take(&mut picker.taken));
            }
        }
        let ((_, mut mask), taken) = best;
        for bit in 0..n {
            if mask.count_ones() < size {
                mask |= 1 << bit;
            }
        }
        let bits: Vec<u32> = (0..n).filter(|b| mask >> b & 1 == 1).collect();
        let taken = without_what_may_wait(&reaches, &left, taken, mask);
        let mut stage = Builder::new(mask, bits);
        for &at in &taken {
            stage.add(&ops[at as usize]);
        }
        out.push(stage.finish());
        let mut next = taken.iter().copied().peekable();
        left.retain(|at| next.next_if_eq(at).is_none());
    }
    Some(out)
}

/// Leaves out phases that nothing after them in the stage needs, where another stage will move
/// their bits: there they meet others, and those that look outside of this tile may lie whole.
fn without_what_may_wait(reaches: &[Reach], left: &[u32], mut taken: Vec<u32>, mask: u64) -> Vec<u32> {
    let moved = |at: &u32| reaches[*at as usize].moved;
    if taken.iter().all(|at| moved(at) == 0) {
        return taken;
    }
    let mut here = taken.iter().copied().peekable();
    let moved_elsewhere =
        left.iter().filter(|&&at| here.next_if_eq(&at).is_none()).fold(0, |m, at| m | moved(at));
    let mut moved_later = 0;
    let mut waits = vec![false; taken.len()];
    for (waits, at) in waits.iter_mut().zip(&taken).rev() {
        let Reach { moved, seen } = reaches[*at as usize];
        moved_later |= moved;
        *waits = moved == 0
            && seen != u64::MAX
            && seen & moved_later == 0
            && seen & moved_elsewhere != 0
            && (seen & !mask != 0 || seen.is_power_of_two());
    }
    let mut waits = waits.into_iter();
    taken.retain(|_| !waits.next().unwrap_or(false));
    taken
}

/// Bits of a tile of a register of `n` bits: enough tiles share a table that making it is worth while.
fn tile_bits(n: u32) -> u32 {
    if n <= WHOLE_BITS { n } else { (n - 4).clamp(WHOLE_BITS - 1, TILE_BITS) }
}

struct Picker<'a> {
    reaches: &'a [Reach],
    size: u32,
    taken: Vec<u32>,
}

impl Picker<'_> {
    /// Takes what fits a tile of these bits, which may grow; returns how much of it moves
    /// amplitudes, and the bits.
    fn pick(&mut self, left: &[u32], mut mask: u64, grows: bool) -> (usize, u64) {
        self.taken.clear();
        let mut put_off = Reach::default();
        let mut moving = 0;
        for &at in left {
            let reach = self.reaches[at as usize];
            let wanted = mask | reach.moved;
            let fits = wanted == mask || grows && wanted.count_ones() <= self.size;
            if fits && reach.commutes(put_off) {
                mask = wanted;
                moving += usize::from(reach.moved != 0);
                self.taken.push(at);
            } else {
                put_off = put_off.and(reach);
                // Nothing that moves can pass any more.
                if mask & !(put_off.moved | put_off.seen) == 0 && (!grows || mask.count_ones() == self.size) {
                    break;
                }
            }
        }
        (moving, mask)
    }
}

/// What an operation does to places: it moves amplitudes along some masks and looks at parities.
#[derive(Clone, Default)]
struct Trace {
    flips: SmallVec<[u64; 4]>,
    signs: SmallVec<[u64; 4]>,
}

impl Trace {
    fn commutes(&self, other: &Self) -> bool {
        let even = |a: &[u64], b: &[u64]| a.iter().all(|x| b.iter().all(|y| (x & y).count_ones() & 1 == 0));
        even(&self.flips, &other.signs) && even(&self.signs, &other.flips)
    }

    fn join(&mut self, other: &Self) {
        for (to, from) in [(&mut self.flips, &other.flips), (&mut self.signs, &other.signs)] {
            for mask in from {
                if !to.contains(mask) {
                    to.push(*mask);
                }
            }
        }
    }
}

enum Draft {
    Turns(Vec<Turn>),
    Done(Group),
}

struct Builder {
    mask: u64,
    bits: Vec<u32>,
    frame: Frame,
    groups: Vec<(Draft, Trace)>,
}

impl Builder {
    fn new(mask: u64, bits: Vec<u32>) -> Self {
        let frame = Frame::plain(bits.len() as u32);
        Self { mask, bits, frame, groups: Vec::new() }
    }

    fn own_bit(&self, bit: u32) -> u32 {
        (self.mask & ((1 << bit) - 1)).count_ones()
    }

    fn own(&self, mask: u64) -> u64 {
        members(mask & self.mask).fold(0, |m, b| m | 1 << self.own_bit(b))
    }

    /// A condition inside and the rest of it outside.
    fn split(&self, on: Where) -> (Where, Where) {
        let own = Where { ones: self.own(on.ones), zeros: self.own(on.zeros) };
        (own, Where { ones: on.ones & !self.mask, zeros: on.zeros & !self.mask })
    }

    fn add(&mut self, op: &Op) {
        match op {
            Op::Turn { target, t } => {
                let bit = self.own_bit(*target);
                let t = if self.frame.is_odd(bit) { -t } else { *t };
                self.turn(Turn { flips: self.frame.flips(bit), signs: self.frame.signs(bit), t });
            }
            Op::Phase { parity, factor } => {
                let (signs, odd) = self.frame.parity(self.own(*parity));
                let outer = parity & !self.mask;
                let (scale, factor) = if odd { (*factor, factor.conj()) } else { (ONE, *factor) };
                self.phase(scale, Mixed { outer, own: signs, factor });
            }
            Op::Scale(factor) => self.scale(*factor),
            Op::Step(step) => self.step(step),
        }
    }

    /// The earliest group of a kind that an operation may join.
    fn earliest(&self, trace: &Trace, kind: impl Fn(&Draft) -> bool) -> Option<usize> {
        let mut found = None;
        for (at, (group, other)) in self.groups.iter().enumerate().rev().take(REACH) {
            if matches!(group, Draft::Done(Group::Settle(_))) || !trace.commutes(other) {
                break;
            }
            if kind(group) {
                found = Some(at);
            }
        }
        found
    }

    fn turn(&mut self, turn: Turn) {
        let trace =
            Trace { flips: [turn.flips].into_iter().collect(), signs: [turn.signs].into_iter().collect() };
        match self.earliest(&trace, |g| matches!(g, Draft::Turns(_))) {
            Some(at) => {
                let (group, all) = &mut self.groups[at];
                all.join(&trace);
                if let Draft::Turns(turns) = group {
                    turns.push(turn);
                }
            }
            None => self.groups.push((Draft::Turns(vec![turn]), trace)),
        }
    }

    fn phase(&mut self, scale: Complex64, phase: Mixed) {
        let own = (phase.own != 0).then_some(phase.own);
        let trace = Trace { signs: own.into_iter().collect(), ..Trace::default() };
        let at = self.earliest(&trace, |g| matches!(g, Draft::Done(Group::Phases(_))));
        let at = at.unwrap_or_else(|| self.no_phases());
        let (group, all) = &mut self.groups[at];
        all.join(&trace);
        let Draft::Done(Group::Phases(phases)) = group else {
            return;
        };
        phases.scale *= scale;
        if phase.outer == 0 {
            match phases.own.iter_mut().find(|p| p.0 == phase.own) {
                Some(p) => p.1 *= phase.factor,
                None => phases.own.push((phase.own, phase.factor)),
            }
        } else {
            match phases.mixed.iter_mut().find(|m| (m.outer, m.own) == (phase.outer, phase.own)) {
                Some(m) => m.factor *= phase.factor,
                None => phases.mixed.push(phase),
            }
        }
    }

    /// A factor of the whole keeps its place: it bounds how far amplitudes grow, so nothing that moves
    /// them may pass it.
    fn scale(&mut self, factor: Complex64) {
        if !matches!(self.groups.last(), Some((Draft::Done(Group::Phases(_)), _))) {
            self.no_phases();
        }
        let everywhere = Trace { signs: (0..self.bits.len()).map(|b| 1 << b).collect(), ..Trace::default() };
        if let Some((Draft::Done(Group::Phases(phases)), trace)) = self.groups.last_mut() {
            phases.scale *= factor;
            trace.join(&everywhere);
        }
    }

    fn no_phases(&mut self) -> usize {
        let empty = Phases { scale: ONE, own: Vec::new(), mixed: Vec::new() };
        self.groups.push((Draft::Done(Group::Phases(empty)), Trace::default()));
        self.groups.len() - 1
    }

    fn step(&mut self, step: &Step) {
        let mut step = step.clone();
        let condition = match &mut step {
            Step::Pair { target, on, .. } | Step::Flip { target, on } => {
                *target = self.own_bit(*target);
                on
            }
            Step::Dense { targets, on, .. } => {
                targets.iter_mut().for_each(|t| *t = self.own_bit(*t));
                on
            }
            Step::Phase { on, .. } => on,
        };
        let (own, outer) = self.split(*condition);
        *condition = own;
        let seen = own.ones | own.zeros;
        if let (Step::Flip { target, .. }, true, 0 | 1) =
            (&step, outer == Where::default(), seen.count_ones())
        {
            if seen != 0 {
                self.frame.flip_under(seen.trailing_zeros(), *target);
            }
            if own.ones == 0 {
                self.frame.flip(*target);
            }
            return;
        }
        if let (Step::Flip { target, .. }, 0) = (&step, seen) {
            let flips = self.frame.flips(*target);
            let trace = Trace { flips: [flips].into_iter().collect(), ..Trace::default() };
            return self.groups.push((Draft::Done(Group::Flip { outer, flips }), trace));
        }
        let moved = Op::Step(step.clone()).moved();
        if !self.frame.is_plain_on(moved | seen) {
            self.settle();
        }
        let trace = Trace {
            flips: members(moved).map(|b| 1 << b).collect(),
            signs: members(moved | seen).map(|b| 1 << b).collect(),
        };
        self.groups.push((Draft::Done(Group::Step { outer, step }), trace));
    }

    fn settle(&mut self) {
        let frame = std::mem::replace(&mut self.frame, Frame::plain(self.bits.len() as u32));
        self.groups.push((Draft::Done(Group::Settle(frame.order())), Trace::default()));
    }

    fn finish(self) -> Stage {
        let plain = self.frame == Frame::plain(self.bits.len() as u32);
        let mut groups = Vec::with_capacity(self.groups.len());
        for (draft, _) in self.groups {
            groups.push(match draft {
                Draft::Done(group) => group,
                Draft::Turns(turns) => {
                    let after = matches!(groups.last(), Some(Group::Phases(_)));
                    Group::Turns(sweeps(turns, after))
                }
            });
        }
        Stage { bits: self.bits, groups, end: (!plain).then(|| self.frame.order()) }
    }
}

/// The passes of turns that commute: those between blocks a few at a time, of which no block part
/// of a mask is made up by others, so that each pass reaches all combinations.
fn sweeps(turns: Vec<Turn>, after_phases: bool) -> Vec<Sweep> {
    let (lanes, mut left): (Vec<Turn>, Vec<Turn>) = turns.into_iter().partition(|t| t.flips < 8);
    let mut out: Vec<Sweep> = Vec::new();
    let mut lanes = Some(SmallVec::from_vec(lanes)).filter(|l| !l.is_empty());
    while !left.is_empty() || lanes.is_some() {
        let first = out.is_empty() && (after_phases || lanes.is_some());
        // Passes of about the same width.
        let most = if first { WIDEST_FIRST } else { left.len().div_ceil(left.len().div_ceil(WIDEST).max(1)) };
        let mut sweep = Sweep { lanes: lanes.take().unwrap_or_default(), ..Sweep::default() };
        let mut independent = Independent::default();
        left.retain(|turn| {
            let takes = sweep.wide.len() < most && independent.take(turn.flips >> 3);
            if takes {
                sweep.wide.push(*turn);
            }
            !takes
        });
        out.push(sweep);
    }
    out
}

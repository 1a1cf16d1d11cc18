//! Orders operations into stages: all of a stage is done to one tile of amplitudes, while the tile
//! is in the cache, before the next tile is fetched.
//!
//! A tile is the amplitudes that agree in every bit but its own: the lowest few, which are
//! contiguous, and some higher ones. An operation fits when it moves amplitudes along bits of the
//! tile alone; it may look at any bit. Operations are taken out of order where they commute.

use num_complex::Complex64;

use crate::plan::fuse::Op;
use crate::plan::step::{Step, Where};

/// Bits of a tile: 128 KiB, so that it shares a cache of the second level with its phases.
pub(crate) const TILE_BITS: u32 = 13;
/// Bits of a tile that are always the lowest: runs of 1 KiB.
const LOW_BITS: u32 = 6;
/// Groups that an operation may pass on its way back to one of its kind.
const REACH: usize = 64;

/// What is done to each tile.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stage {
    /// Bits of the tile in index order; the first are 0, 1, 2 and so on.
    pub(crate) bits: Vec<u32>,
    pub(crate) groups: Vec<Group>,
}

/// Operations of one kind that commute with each other, on the bits of the tile: bit k of a mask or
/// a target is bit `bits[k]` of an index. `outer` masks are those of an index.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Group {
    /// Turns of different bits.
    Turns(Vec<(u32, f64)>),
    /// Phases: those that depend on bits of the tile alone, and others.
    Phases { own: Vec<(Where, Complex64)>, mixed: Vec<Mixed> },
    /// A step where the outer condition holds.
    Step { outer: Where, step: Step },
}

/// A phase under a condition in and one outside of the tile.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Mixed {
    pub(crate) outer: Where,
    pub(crate) own: Where,
    pub(crate) factor: Complex64,
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
    let size = TILE_BITS.min(n);
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
        let mut stage = Builder { mask, bits, groups: Vec::new() };
        for &at in &taken {
            stage.add(&ops[at as usize], reaches[at as usize]);
        }
        out.push(Stage { bits: stage.bits, groups: stage.groups.into_iter().map(|g| g.0).collect() });
        let mut next = taken.iter().copied().peekable();
        left.retain(|at| next.next_if_eq(at).is_none());
    }
    Some(out)
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

struct Builder {
    mask: u64,
    bits: Vec<u32>,
    groups: Vec<(Group, Reach)>,
}

impl Builder {
    fn own_bit(&self, bit: u32) -> u32 {
        (self.mask & ((1 << bit) - 1)).count_ones()
    }

    fn own(&self, mask: u64) -> u64 {
        self.bits.iter().zip(0..).fold(0, |m, (&b, k)| m | (mask >> b & 1) << k)
    }

    /// A condition inside and the rest of it outside.
    fn split(&self, on: Where) -> (Where, Where) {
        let own = Where { ones: self.own(on.ones), zeros: self.own(on.zeros) };
        (own, Where { ones: on.ones & !self.mask, zeros: on.zeros & !self.mask })
    }

    fn add(&mut self, op: &Op, reach: Reach) {
        if let Op::Step(step) = op {
            let (outer, step) = self.step(step);
            return self.groups.push((Group::Step { outer, step }, reach));
        }
        let mut found = None;
        for (at, (group, other)) in self.groups.iter().enumerate().rev().take(REACH) {
            let kind = matches!(
                (op, group),
                (Op::Turn { .. }, Group::Turns(_)) | (Op::Phase { .. }, Group::Phases { .. })
            );
            if kind && other.moved & reach.moved == 0 {
                found = Some(at);
            }
            if !reach.commutes(*other) {
                break;
            }
        }
        let at = found.unwrap_or_else(|| {
            let empty = match op {
                Op::Turn { .. } => Group::Turns(Vec::new()),
                _ => Group::Phases { own: Vec::new(), mixed: Vec::new() },
            };
            self.groups.push((empty, Reach::default()));
            self.groups.len() - 1
        });
        let split = match op {
            Op::Phase { on, .. } => self.split(*on),
            _ => Default::default(),
        };
        let target = if let Op::Turn { target, .. } = op { self.own_bit(*target) } else { 0 };
        let (group, all) = &mut self.groups[at];
        *all = all.and(reach);
        match (group, op) {
            (Group::Turns(turns), Op::Turn { t, .. }) => turns.push((target, *t)),
            (Group::Phases { own, mixed }, Op::Phase { factor, .. }) => match split {
                (inner, outer) if outer == Where::default() => own.push((inner, *factor)),
                (inner, outer) => mixed.push(Mixed { outer, own: inner, factor: *factor }),
            },
            _ => {}
        }
    }

    fn step(&self, step: &Step) -> (Where, Step) {
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
        (outer, step)
    }
}

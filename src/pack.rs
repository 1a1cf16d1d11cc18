//! Work into the fewest paid tasks: circuits with points become program sets and single tasks.
//!
//! One point is one executable with exactly the shots that were asked for, so a packing never buys
//! a shot or an executable more than the points need. Shots cost the same however they are packed;
//! what packing saves is task fees, so the cheapest packing is the one with the fewest tasks.

mod bins;

use std::collections::BTreeMap;

use shotbook_sim::target::Device;

use crate::money::{Money, OutOfRange};

/// Largest `action` of a task. Source: Amazon Braket quotas. Units: bytes.
pub const ACTION_BYTES: u64 = 5_000_000;
/// JSON around the programs of a set, and around one program; generous. Units: bytes.
const ENVELOPE_BYTES: u64 = 256;

/// One thing to be measured: a circuit, its input values, its shots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Point {
    /// Which circuit of the work.
    pub circuit: u32,
    /// Shots.
    pub shots: u64,
    /// What its input values add to an action. Units: bytes.
    pub bytes: u64,
}

/// A circuit of the work, as far as packing looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Body {
    /// Its text in an action; once per set. Units: bytes.
    pub bytes: u64,
    /// Whether it must not share a task: it has result types or feed-forward.
    pub alone: bool,
}

/// What a device takes in one task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Fewest and most shots of a circuit.
    pub shots: (u64, u64),
    /// Limits of program sets; `None` where it takes none.
    pub set: Option<SetLimits>,
    /// Largest action. Units: bytes.
    pub action_bytes: u64,
}

/// Limits of one program set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetLimits {
    /// Most executables.
    pub executables: u64,
    /// Fewest and most shots over all executables.
    pub total_shots: (u64, u64),
}

impl Limits {
    /// The limits of a device.
    pub fn of(device: &Device) -> Self {
        let shots = device.shots.unwrap_or((1, u64::MAX));
        let shots = (shots.0.max(1), shots.1);
        let set = device
            .program_set
            .map(|s| SetLimits { executables: s.max_executables, total_shots: (shots.0, s.max_total_shots) });
        Self { shots, set, action_bytes: ACTION_BYTES }
    }
}

/// One paid task: the points it measures, each with the same shots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Points by index; a point whose shots exceed one task stands in several or twice.
    pub points: Vec<u32>,
    /// Shots of each executable.
    pub shots_each: u64,
}

impl Task {
    /// Whether it is sent as a program set.
    pub fn is_set(&self) -> bool {
        self.points.len() > 1
    }

    /// Shots over all executables.
    pub fn shots(&self) -> u64 {
        self.shots_each * self.points.len() as u64
    }
}

/// All tasks of a work, in order of their first point.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packing {
    /// The tasks.
    pub tasks: Vec<Task>,
    /// How many tasks the same work is without sets.
    pub single_tasks: u64,
}

/// Why a point fits into no task.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// No task with so few shots is taken.
    #[error("point {point} has {shots} shots; the device needs at least {least} in a task")]
    Shots {
        /// The point.
        point: u32,
        /// Its shots.
        shots: u64,
        /// The least.
        least: u64,
    },
    /// The circuit alone is too large.
    #[error("point {point} makes an action of {bytes} bytes; {most} are allowed")]
    Bytes {
        /// The point.
        point: u32,
        /// Its size.
        bytes: u64,
        /// The most.
        most: u64,
    },
    /// The work has more parts than a program may hold.
    #[error("the work splits into more than {0} executables")]
    Many(u64),
}

/// Most executables of a work, so that absurd shot counts are refused and not tried.
const MAX_PARTS: u64 = 10_000_000;

/// What may share a task: shots, and a number of its own for a circuit that must stay alone.
type Group = (u64, Option<usize>);

/// Packs points into the fewest tasks that the device takes.
///
/// Groups by shots are cut exactly. Where the size of actions binds, groups of up to 12 points are
/// packed exactly and larger ones by decreasing size, which needs at most 11/9 of the fewest.
///
/// # Errors
/// The first point that fits into no task.
pub fn pack(points: &[Point], bodies: &[Body], limits: &Limits) -> Result<Packing, Misfit> {
    let mut groups: BTreeMap<Group, Vec<u32>> = BTreeMap::new();
    let mut parts = 0u64;
    for (index, point) in (0u32..).zip(points) {
        let body = bodies[point.circuit as usize];
        let bytes = ENVELOPE_BYTES + body.bytes + point.bytes;
        if bytes > limits.action_bytes {
            return Err(Misfit::Bytes { point: index, bytes, most: limits.action_bytes });
        }
        if point.shots == 0 {
            return Err(Misfit::Shots { point: index, shots: 0, least: limits.shots.0 });
        }
        let most = limits.shots.1.max(1);
        let pieces = point.shots.div_ceil(most);
        parts = parts.saturating_add(pieces);
        if parts > MAX_PARTS {
            return Err(Misfit::Many(MAX_PARTS));
        }
        let (each, larger) = (point.shots / pieces, point.shots % pieces);
        for (shots, count) in [(each + 1, larger), (each, pieces - larger)] {
            for piece in 0..count {
                let alone = body.alone.then_some(index as usize * 2 + usize::from(piece > 0));
                groups.entry((shots, alone)).or_default().push(index);
            }
        }
    }
    let mut tasks = Vec::new();
    for ((shots_each, alone), members) in groups {
        let group = bins::Group { points, bodies, limits, shots_each, members };
        let set = limits.set.filter(|_| alone.is_none());
        tasks.extend(group.cut(set)?.into_iter().map(|points| Task { points, shots_each }));
    }
    tasks.sort_by_key(|t| t.points[0]);
    Ok(Packing { tasks, single_tasks: parts })
}

/// What a packing costs beside the same work as single tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fees {
    /// Task fees as packed.
    pub packed: Money,
    /// Task fees of single tasks.
    pub single: Money,
    /// Shot fees, the same either way.
    pub shots: Money,
}

impl Fees {
    /// Both together.
    pub fn plus(&self, other: &Self) -> Result<Self, OutOfRange> {
        Ok(Self {
            packed: self.packed.plus(other.packed)?,
            single: self.single.plus(other.single)?,
            shots: self.shots.plus(other.shots)?,
        })
    }

    /// Fees and shots of the packing.
    pub fn total(&self) -> Result<Money, OutOfRange> {
        self.packed.plus(self.shots)
    }

    /// Fees and shots of single tasks.
    pub fn total_single(&self) -> Result<Money, OutOfRange> {
        self.single.plus(self.shots)
    }
}

impl Packing {
    /// Shots over all tasks.
    pub fn shots(&self) -> u64 {
        self.tasks.iter().map(Task::shots).fold(0, u64::saturating_add)
    }

    /// How many tasks are program sets.
    pub fn sets(&self) -> usize {
        self.tasks.iter().filter(|t| t.is_set()).count()
    }

    /// What it costs at a fee for each task and one for each shot.
    pub fn fees(&self, task_fee: Money, shot_fee: Money) -> Result<Fees, OutOfRange> {
        Ok(Fees {
            packed: task_fee.times(self.tasks.len() as u64)?,
            single: task_fee.times(self.single_tasks)?,
            shots: shot_fee.times(self.shots())?,
        })
    }
}

#[cfg(test)]
mod tests;

//! The rates of one job, fixed when it is accepted, and what they make of its use.

use crate::money::{Money, OutOfRange};

/// How a device bills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tariff {
    /// The built-in simulator.
    Free,
    /// A fee for the task and one for each shot.
    PerShot {
        /// Once per task.
        task_fee: Money,
        /// Per shot.
        shot_fee: Money,
    },
    /// Simulation time. Source: Braket cost guide, minimum 3 s at millisecond resolution.
    PerMinute {
        /// For one minute.
        rate: Money,
        /// The least that is billed. Units: milliseconds.
        minimum_ms: u64,
        /// The longest a task may run. Units: milliseconds.
        maximum_ms: u64,
    },
}

/// What a finished task used, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metering {
    /// Shots that succeeded.
    pub successful_shots: Option<u64>,
    /// Simulation time. Units: milliseconds.
    pub execution_ms: Option<u64>,
    /// Creation to end, for want of the simulation time. Units: milliseconds.
    pub elapsed_ms: Option<u64>,
}

const MINUTE_MS: u64 = 60_000;

impl Tariff {
    /// The most that `shots` in one task can cost.
    pub fn worst_case(&self, shots: u64) -> Result<Money, OutOfRange> {
        match self {
            Self::Free => Ok(Money::ZERO),
            Self::PerShot { task_fee, shot_fee } => task_fee.plus(shot_fee.times(shots)?),
            Self::PerMinute { rate, maximum_ms, .. } => rate.share_up(*maximum_ms, MINUTE_MS),
        }
    }

    /// What `ms` of simulation cost, with the minimum.
    pub fn for_duration(&self, ms: u64) -> Result<Money, OutOfRange> {
        match self {
            Self::Free | Self::PerShot { .. } => Ok(Money::ZERO),
            Self::PerMinute { rate, minimum_ms, .. } => rate.share_up(ms.max(*minimum_ms), MINUTE_MS),
        }
    }

    /// What a COMPLETED task costs. Without metering a QPU task counts its requested shots.
    pub fn charge(&self, shots: u64, metering: &Metering) -> Result<Money, OutOfRange> {
        match self {
            Self::Free => Ok(Money::ZERO),
            Self::PerShot { .. } => self.worst_case(metering.successful_shots.unwrap_or(shots)),
            Self::PerMinute { minimum_ms, .. } => {
                self.for_duration(metering.execution_ms.or(metering.elapsed_ms).unwrap_or(*minimum_ms))
            }
        }
    }
}

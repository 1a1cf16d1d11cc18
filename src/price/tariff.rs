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

#[cfg(test)]
mod tests {
    use crate::price::quote::split;
    use crate::price::{Metering, PriceList, Rate, Tariff};

    fn tariff(device: &str) -> Tariff {
        match PriceList::embedded().rate(device).unwrap() {
            Rate::PerShot { task_fee, shot_fee } => Tariff::PerShot { task_fee, shot_fee },
            Rate::PerMinute { minute, minimum_ms } => {
                Tariff::PerMinute { rate: minute, minimum_ms, maximum_ms: 11 * 3_600_000 }
            }
        }
    }

    /// Figures that AWS's guide, its SDK's tracker and its own examples give for the rates of 2026-09.
    #[test]
    fn the_golden_rows() {
        let shots = |device: &str, n: u64| tariff(device).worst_case(n).unwrap().to_string();
        for (device, n, dollars) in [
            ("garnet", 100, "0.445"),
            ("garnet", 1000, "1.75"),
            ("forte-1", 100, "8.3"),
            ("forte-1", 2500, "200.3"),
            ("cepheus", 10, "0.30425"),
            ("ibex-q1", 1000, "23.8"),
            // One fee for a set, however many programs it has: two of 100 shots, a hundred of 100.
            ("garnet", 200, "0.59"),
            ("garnet", 10_000, "14.8"),
        ] {
            assert_eq!(shots(device, n), dollars, "{device} {n}");
        }
        assert_eq!(tariff("garnet").worst_case(100).unwrap().times(100).unwrap().to_string(), "44.5");
        let spent = |ms| {
            let metering = Metering { execution_ms: Some(ms), ..Metering::default() };
            tariff("sv1").charge(10, &metering).unwrap().to_string()
        };
        // 4 ms and 16 ms are billed as 3 s, and so is the time 0 that the SDK's tracker takes for none.
        assert_eq!([0, 4, 16, 3000].map(spent), ["0.00375"; 4].map(str::to_owned));
        assert_eq!((spent(3001), spent(60_000)), ("0.00375125".to_owned(), "0.075".to_owned()));
        assert_eq!(tariff("sv1").worst_case(1).unwrap().to_string(), "49.5", "eleven hours");
        let partial = Metering { successful_shots: Some(740), ..Metering::default() };
        assert_eq!(tariff("garnet").charge(1000, &partial).unwrap().to_string(), "1.373");
        // Break-even of the fee in whole shots.
        for (device, n) in [("garnet", 206), ("cepheus", 705), ("ibex-q1", 12), ("forte-1", 3)] {
            let Tariff::PerShot { task_fee, shot_fee } = tariff(device) else { panic!() };
            assert_eq!(task_fee.fits(shot_fee), n, "{device}");
        }
    }

    #[test]
    fn any_shots_split_into_the_fewest_tasks_and_none_is_lost() {
        for device in shotbook_sim::target::Catalogue::embedded().devices() {
            let most = device.shots.map_or(u64::MAX, |(_, most)| most);
            for shots in [1, 99, most, most.saturating_add(1), most.saturating_mul(3).saturating_sub(1)] {
                let (tasks, each) = split(shots, device);
                assert!(tasks == 1 || (each <= most && (tasks - 1).saturating_mul(most) < shots), "{shots}");
                assert!(tasks.saturating_mul(each) >= shots && (tasks - 1).saturating_mul(each) < shots);
            }
            assert_eq!(split(u64::MAX, device).0, 1, "absurd shots are one task that is refused");
        }
    }
}

//! How fast AWS may be asked, and when it is better left alone. Pure: time and chance are inputs.
//!
//! Three brakes, each for another trouble: a pace below the published quotas, a breaker for an
//! operation of a region that does not answer, and a purse of retries for the whole process, so that
//! many jobs together do not storm what one alone would spare. Source: the reliability contract, section 5.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::time::Timestamp;

/// Operations that have quotas of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Operation {
    Create,
    Get,
    Search,
    Cancel,
    /// S3 has no quota that we could reach.
    Fetch,
}

impl Operation {
    /// Least time between two calls.
    fn spacing(self) -> Duration {
        Duration::from_millis(match self {
            Self::Create => 50,
            Self::Get => 10,
            Self::Search => 200,
            Self::Cancel => 500,
            Self::Fetch => 0,
        })
    }
}

/// How a call went, as far as the next one is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Went {
    /// It was answered, whatever the answer.
    Answered,
    /// It was asked to wait, perhaps for so long.
    Throttled(Option<Duration>),
    /// No usable answer.
    Lost,
}

/// Calls that may come at once before the pace counts. Units: calls.
const BURST: u32 = 10;
/// Failures in a row that open the breaker.
const BREAKS_AT: u32 = 5;
const OPEN_FIRST: Duration = Duration::from_secs(1);
const OPEN_LAST: Duration = Duration::from_secs(20);
/// The purse of retries and what is taken from it and put back. Units: tokens.
const PURSE: i32 = 500;
const LOST_COSTS: i32 = 14;
const THROTTLED_COSTS: i32 = 5;
const ANSWER_GIVES: i32 = 5;

/// The brakes of one process.
pub(super) struct Pace {
    gates: BTreeMap<(String, Operation), Gate>,
    purse: i32,
}

#[derive(Default)]
struct Gate {
    /// When the next call would come, were all of them evenly spread.
    even: Option<Timestamp>,
    failures: u32,
    open_until: Option<Timestamp>,
}

impl Default for Pace {
    fn default() -> Self {
        Self { gates: BTreeMap::new(), purse: PURSE }
    }
}

impl Pace {
    /// Until when an operation of a region is left alone, if it is.
    pub(super) fn left_alone(&self, region: &str, operation: Operation, now: Timestamp) -> Option<Timestamp> {
        let gate = self.gates.get(&(region.to_owned(), operation))?;
        // A clock that was set back would keep the gate open for as long.
        gate.open_until.filter(|&at| at > now && at.since(now) <= OPEN_LAST)
    }

    /// Books a call and says how long to wait before it.
    pub(super) fn book(&mut self, region: &str, operation: Operation, now: Timestamp) -> Duration {
        let spacing = operation.spacing();
        let gate = self.gates.entry((region.to_owned(), operation)).or_default();
        let credit = spacing * BURST;
        // A clock that was set back must not make anybody wait for the difference.
        let even = gate.even.filter(|at| at.since(now) <= credit + OPEN_LAST).unwrap_or(now).max(now);
        gate.even = Some(even.after(spacing));
        even.since(now).saturating_sub(credit)
    }

    /// Takes note of how a call went. `chance` is from 0 to 1.
    pub(super) fn went(
        &mut self,
        region: &str,
        operation: Operation,
        went: Went,
        now: Timestamp,
        chance: f64,
    ) {
        let gate = self.gates.entry((region.to_owned(), operation)).or_default();
        let asked = match went {
            Went::Answered => {
                (gate.failures, gate.open_until) = (0, None);
                self.purse = (self.purse + ANSWER_GIVES).min(PURSE);
                return;
            }
            Went::Throttled(asked) => {
                self.purse -= THROTTLED_COSTS;
                asked.unwrap_or_default()
            }
            Went::Lost => {
                self.purse -= LOST_COSTS;
                Duration::ZERO
            }
        };
        gate.failures = gate.failures.saturating_add(1);
        let empty = self.purse <= 0;
        if gate.failures < BREAKS_AT && !empty && asked.is_zero() {
            return;
        }
        // One call at the end of it tells whether the trouble is over.
        let doublings = gate.failures.saturating_sub(BREAKS_AT).min(8);
        let ceiling = if empty { OPEN_LAST } else { (OPEN_FIRST * (1 << doublings)).min(OPEN_LAST) };
        let spread = ceiling.mul_f64(0.5 + 0.5 * chance.clamp(0.0, 1.0));
        let open = if gate.failures < BREAKS_AT && !empty { asked } else { spread.max(asked) };
        gate.open_until = Some(now.after(open.min(OPEN_LAST)));
        self.purse = self.purse.max(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_micros(1_800_000_000_000_000 + ms * 1000)
    }

    #[test]
    fn a_burst_is_free_and_what_follows_is_spread() {
        let mut pace = Pace::default();
        let waits: Vec<u128> =
            (0..30).map(|_| pace.book("r", Operation::Create, at(0)).as_millis()).collect();
        assert!(waits[..=10].iter().all(|&w| w == 0), "{waits:?}");
        assert_eq!((waits[11], waits[12], waits[29]), (50, 100, 950));
        assert_eq!(pace.book("s", Operation::Create, at(0)), Duration::ZERO, "a region of its own");
        assert_eq!(pace.book("r", Operation::Get, at(0)), Duration::ZERO, "an operation of its own");
        assert_eq!(pace.book("r", Operation::Create, at(60_000)), Duration::ZERO, "time gives it back");
        assert_eq!(pace.book("r", Operation::Create, at(-3_600_000)), Duration::ZERO, "a clock set back");
    }

    #[test]
    fn a_storm_of_refusals_is_answered_with_silence() {
        let (mut pace, mut calls, mut now) = (Pace::default(), 0, 0);
        while now < 5_000 {
            if pace.left_alone("r", Operation::Create, at(now)).is_none() {
                calls += 1;
                pace.went("r", Operation::Create, Went::Throttled(None), at(now), 0.5);
            }
            now += 1;
        }
        assert!(calls <= 12, "{calls} calls in five seconds");
        assert!(pace.left_alone("r", Operation::Get, at(5_000)).is_none(), "other operations go on");
        pace.went("r", Operation::Create, Went::Answered, at(5_000), 0.5);
        assert!(pace.left_alone("r", Operation::Create, at(5_000)).is_none(), "one answer ends it");
    }

    #[test]
    fn an_empty_purse_stops_everybody_for_long() {
        let mut pace = Pace::default();
        for i in 0..40 {
            pace.went(&format!("r{i}"), Operation::Get, Went::Lost, at(0), 1.0);
        }
        assert_eq!(pace.left_alone("r39", Operation::Get, at(0)), Some(at(20_000)));
        assert!(pace.left_alone("r39", Operation::Get, at(20_001)).is_none(), "one may try");
    }
}

//! The last look before a job is sent: its deadline, its device, its price.

use super::life::{Cause, Duty, Sight};
use super::stage::Job;
use super::terms::Terms;
use crate::money::{Money, OutOfRange};
use crate::price::Tariff;
use crate::time::Timestamp;

/// What a device said of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceSight {
    /// Whether it takes tasks.
    pub state: Availability,
    /// Tasks in its queue, where it says so; what it only bounds counts as one more than the bound.
    pub queue: Option<u64>,
    /// When it is asked again.
    pub again: Timestamp,
}

/// Whether a device takes tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    /// It does.
    Online,
    /// Not now.
    Offline,
    /// Never again.
    Retired,
}

impl Sight {
    /// Why the device does not take this job now, if it does not.
    pub(super) fn device_cause(&self, terms: &Terms, now: Timestamp) -> Option<Cause> {
        let device = self.device.as_ref()?;
        let until = device.again.max(now);
        match (device.state, terms.fire.max_queue, device.queue) {
            (Availability::Offline, _, _) => Some(Cause::Offline { device: terms.device.clone(), until }),
            (Availability::Online, Some(most), Some(tasks)) if tasks > most => {
                Some(Cause::LongQueue { tasks, most, until })
            }
            _ => None,
        }
    }
}

/// Why a job that waits may never be sent, if it may not.
pub(super) fn withdrawal(job: &Job, sight: &Sight, now: Timestamp) -> Option<Duty> {
    let ends = |why: String| Some(Duty::Withdraw { why, refused: false });
    let terms = &job.terms;
    if let Some(deadline) = terms.fire.deadline.filter(|&at| now > at) {
        return ends(format!("its deadline {deadline} has passed"));
    }
    if let Some(most) = terms.fire.max_fails.filter(|&most| sight.failed >= most.max(1)) {
        return ends(format!("{} of its collection failed, and --max-fails is {most}", sight.failed));
    }
    let retired = sight.device.as_ref().is_some_and(|d| d.state == Availability::Retired);
    if retired { ends(format!("{} is retired", terms.device)) } else { None }
}

/// What a price that changed since acceptance asks for; `None` when it did not.
///
/// A change passes while the hold stays within what the user agreed to: the ceiling, else the hold.
pub(super) fn repricing(job: &Job, sight: &Sight) -> Option<Duty> {
    let (terms, tariff) = (&job.terms, sight.tariff.as_ref()?);
    if *tariff == terms.tariff {
        return None;
    }
    let refused = |why: String| Some(Duty::Withdraw { why, refused: true });
    let agreed = terms.max_cost.unwrap_or(terms.hold);
    match rehold(terms, tariff) {
        Ok(hold) if hold <= agreed => Some(Duty::Reprice { tariff: tariff.clone(), hold }),
        Ok(hold) => refused(format!(
            "the price of {} changed: it can cost {hold:#} now, and {agreed:#} was agreed to",
            terms.device
        )),
        Err(error) => refused(format!("the price of {} changed: {error}", terms.device)),
    }
}

/// What is to be held at other rates.
fn rehold(terms: &Terms, tariff: &Tariff) -> Result<Money, OutOfRange> {
    match (&terms.tariff, tariff) {
        (Tariff::PerMinute { rate: old, .. }, Tariff::PerMinute { rate: new, .. }) if !old.is_zero() => {
            terms.hold.share_up(new.nanos().unsigned_abs(), old.nanos().unsigned_abs())
        }
        _ => tariff.worst_case(terms.shots),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::job::explore::model::terms;
    use crate::job::{Event, Outcome, Stage, State, apply, duty};

    fn usd(text: &str) -> Money {
        text.parse().unwrap()
    }

    fn job(change: impl FnOnce(&mut Terms)) -> Job {
        let mut own = (*terms()).clone();
        (own.shots, own.hold) = (100, usd("0.445"));
        own.tariff = Tariff::PerShot { task_fee: usd("0.30"), shot_fee: usd("0.00145") };
        change(&mut own);
        Job::accepted(Arc::new(own), true)
    }

    fn at_price(shot: &str) -> Sight {
        let tariff = Some(Tariff::PerShot { task_fee: usd("0.30"), shot_fee: usd(shot) });
        Sight { tariff, ..Sight::default() }
    }

    #[test]
    fn nothing_is_sent_after_its_deadline() {
        let now = Timestamp::from_seconds(2_000_000);
        let job = job(|t| t.fire.deadline = Some(now));
        assert_eq!(duty(&job, &Sight::default(), now), Duty::Open, "the deadline itself is in time");
        let late = now.after(Duration::from_micros(1));
        let Duty::Withdraw { why, refused: false } = duty(&job, &Sight::default(), late) else { panic!() };
        let over = apply(&job, &Event::Withdrawn { why, refused: false }, late).unwrap();
        assert!(over.held.is_zero());
        assert_eq!(State::of(&over), State::Cancelled);
        let frozen = Sight { frozen: vec![crate::ids::BudgetName::new("b")], ..Sight::default() };
        assert!(matches!(duty(&job, &frozen, late), Duty::Withdraw { .. }), "also while it is blocked");
    }

    #[test]
    fn a_changed_price_passes_below_what_was_agreed_and_refuses_above() {
        let now = Timestamp::from_seconds(2_000_000);
        assert_eq!(duty(&job(|_| ()), &at_price("0.00145"), now), Duty::Open);
        let Duty::Withdraw { why, refused: true } = duty(&job(|_| ()), &at_price("0.002"), now) else {
            panic!()
        };
        assert!(why.contains("$0.50") && why.contains("$0.445"), "{why}");
        let over = apply(&job(|_| ()), &Event::Withdrawn { why, refused: true }, now).unwrap();
        assert!(matches!(over.stage, Stage::Done(Outcome::Withdrawn { .. })));
        assert_eq!(State::of(&over), State::Refused);
        for (shot, ceiling, hold) in [("0.001", None, "0.40"), ("0.002", Some("0.50"), "0.50")] {
            let job = job(|t| t.max_cost = ceiling.map(usd));
            let Duty::Reprice { tariff, hold: new } = duty(&job, &at_price(shot), now) else {
                panic!("{shot}")
            };
            assert_eq!(new, usd(hold));
            let event = Event::Repriced { tariff: tariff.clone(), hold: new };
            let next = apply(&job, &event, now).unwrap();
            assert_eq!((next.held, next.terms.hold, &next.terms.tariff), (new, new, &tariff));
            assert_eq!(duty(&next, &at_price(shot), now), Duty::Open);
        }
    }
}

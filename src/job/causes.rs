//! Every reason why a job is not further, not only the first that a runner meets.

use super::life::{Cause, Sight, proof_due};
use super::stage::{Job, Stage};
use super::state::State;
use crate::time::Timestamp;

/// Why the job waits; empty when it is due now or over.
pub fn causes(job: &Job, sight: &Sight, now: Timestamp) -> Vec<Cause> {
    let mut out = Vec::new();
    match &job.stage {
        Stage::Done(_) => return out,
        Stage::Waiting { not_before } => {
            let window = sight.opens_at.filter(|&at| at > now);
            out.extend(window.map(Cause::Window));
            // The wait for a window is no second cause.
            let later = not_before.filter(|&at| at > now && window != Some(at));
            out.extend(later.map(Cause::NotBefore));
            out.extend(sight.frozen.iter().cloned().map(Cause::Frozen));
            out.extend(sight.full.iter().cloned().map(Cause::Full));
            out.extend(sight.device_cause(&job.terms, now));
        }
        Stage::Submitting { sealed, absent_at, .. } => {
            let due = proof_due(sealed.signed_at, *absent_at);
            if State::of(job) == State::Unsure {
                out.push(Cause::InDoubt(due));
            }
        }
        Stage::Running { queue, poll_at, .. } => {
            out.extend(queue.clone().filter(|q| q != "None").map(Cause::Queue));
            out.push(Cause::AtAws(*poll_at));
        }
        Stage::Settling { fetch_at, .. } => {
            out.extend(Some(*fetch_at).filter(|&at| at > now).map(Cause::ResultLate));
        }
    }
    out.extend(sight.paused.clone().map(Cause::Paused));
    out.extend(sight.throttled_until.filter(|&at| at > now).map(Cause::Throttled));
    out
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;
    use crate::ids::BudgetName;
    use crate::job::explore::model::terms;
    use crate::job::{Availability, DeviceSight, Duty, duty};

    #[test]
    fn every_cause_is_told_and_each_of_them_holds_the_job_back() {
        let now = Timestamp::from_seconds(2_000_000);
        let later = now.after(Duration::from_secs(60));
        let mut own = (*terms()).clone();
        own.fire.max_queue = Some(3);
        own.not_before = Some(later);
        let job = Job::accepted(Arc::new(own), false);
        let sight = Sight {
            opens_at: Some(later.after(Duration::from_secs(1))),
            frozen: vec![BudgetName::new("frozen")],
            full: vec![BudgetName::new("full")],
            device: Some(DeviceSight { state: Availability::Online, queue: Some(4), again: later }),
            paused: Some("no credentials".into()),
            throttled_until: Some(later),
            ..Sight::default()
        };
        let all = causes(&job, &sight, now);
        let names: Vec<String> = all
            .iter()
            .map(|c| format!("{c:?}").split(['(', ' ', '{']).next().unwrap_or("").to_owned())
            .collect();
        let wanted = ["Window", "NotBefore", "Frozen", "Full", "LongQueue", "Paused", "Throttled"];
        assert_eq!(names, wanted, "{all:?}");

        // Each alone, but for a full budget, which refuses when it is asked, stops the sending.
        let ready = |sight: Sight| {
            let mut own = (*terms()).clone();
            own.fire.max_queue = Some(3);
            duty(&Job::accepted(Arc::new(own), true), &sight, now)
        };
        assert_eq!(ready(Sight::default()), Duty::Open);
        for one in [
            Sight { opens_at: Some(later), ..Sight::default() },
            Sight { frozen: sight.frozen.clone(), ..Sight::default() },
            Sight { device: sight.device.clone(), ..Sight::default() },
            Sight { paused: sight.paused.clone(), ..Sight::default() },
            Sight { throttled_until: sight.throttled_until, ..Sight::default() },
        ] {
            assert!(matches!(ready(one.clone()), Duty::Wait { .. }), "{one:?}");
        }
        let online = DeviceSight { state: Availability::Online, queue: Some(3), again: later };
        assert_eq!(ready(Sight { device: Some(online), ..Sight::default() }), Duty::Open);
    }
}

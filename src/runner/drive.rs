//! Loops over jobs: until these are done, or until nothing is left to do.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Clock, RunError, Runner, Step};
use crate::backend::Braket;
use crate::ids::JobId;
use crate::job::{Cause, Job};
use crate::time::Timestamp;

/// How long to wait for jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Until they are done or only proof, a person or a future time can move them.
    UntilStuck,
    /// The same, but no later than that.
    UntilTime(Timestamp),
    /// As far as it goes without waiting.
    OnceOver,
}

/// Why a loop ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drained {
    /// Jobs that are done.
    pub done: Vec<JobId>,
    /// Jobs that wait for proof, a person or a future time, each with why.
    pub stuck: Vec<(JobId, Vec<Cause>)>,
    /// Jobs that still run at AWS, because time was up.
    pub running: Vec<JobId>,
}

/// Jobs looked at in one round of the worker; bounds memory whatever the store holds.
const ROUND: usize = 256;
/// Longest nap between rounds: other processes move jobs too.
const NAP: Duration = Duration::from_millis(500);
const LEASE_NAP: Duration = Duration::from_millis(200);

impl<B: Braket, C: Clock> Runner<'_, B, C> {
    /// Works on these jobs until each is done or stuck, telling `seen` of every change.
    pub async fn finish(
        &self,
        ids: &[JobId],
        patience: Patience,
        seen: &mut dyn FnMut(&Job),
    ) -> Result<Drained, RunError> {
        let mut open: BTreeSet<JobId> = ids.iter().cloned().collect();
        let mut out = Drained::default();
        loop {
            let round = self.round(&open.iter().cloned().collect::<Vec<_>>(), seen).await?;
            for id in &round.done {
                open.remove(id);
            }
            out.done.extend(round.done);
            let late = match patience {
                Patience::UntilStuck => false,
                Patience::UntilTime(at) => self.clock.now() >= at,
                Patience::OnceOver => true,
            };
            if round.busy.is_empty() || late {
                (out.stuck, out.running) = (round.stuck, round.busy);
                return Ok(out);
            }
            self.nap(round.next, patience).await;
        }
    }

    /// Works on every open job of the store until each is done or stuck.
    pub async fn drain(&self, seen: &mut dyn FnMut(&Job)) -> Result<Drained, RunError> {
        let mut out = Drained::default();
        loop {
            let open = self.store.due(Timestamp::from_micros(i64::MAX), ROUND)?;
            let round = self.round(&open, seen).await?;
            let moved = !round.done.is_empty();
            out.done.extend(round.done);
            if round.busy.is_empty() && !(moved && open.len() == ROUND) {
                out.stuck = round.stuck;
                return Ok(out);
            }
            self.nap(round.next, Patience::UntilStuck).await;
        }
    }

    /// Works on whatever is due until `stop` says so; a step that has begun is finished.
    pub async fn work(&self, stop: &dyn Fn() -> bool, seen: &mut dyn FnMut(&Job)) -> Result<(), RunError> {
        while !stop() {
            let due = self.store.due(self.clock.now(), ROUND)?;
            let round = self.round(&due, seen).await?;
            let soon = round.next.unwrap_or_else(|| self.clock.now().after(NAP));
            self.nap(Some(soon), Patience::UntilStuck).await;
        }
        Ok(())
    }

    async fn nap(&self, next: Option<Timestamp>, patience: Patience) {
        let now = self.clock.now();
        let mut until = next.unwrap_or(now).min(now.after(NAP));
        if let Patience::UntilTime(at) = patience {
            until = until.min(at);
        }
        if until > now {
            self.clock.sleep(until.since(now)).await;
        }
    }

    /// Each job as far as it goes without waiting.
    async fn round(&self, ids: &[JobId], seen: &mut dyn FnMut(&Job)) -> Result<Round, RunError> {
        let crowd = self.crowd(ids, seen)?;
        let mut round = Round { done: crowd.done, ..Round::default() };
        for id in &crowd.rest {
            loop {
                match self.step(id).await? {
                    Step::Moved(job) => seen(&job),
                    Step::Done(job) => {
                        seen(&job);
                        round.done.push(id.clone());
                        break;
                    }
                    Step::Leased(_) => {
                        round.wait(id, Some(self.clock.now().after(LEASE_NAP)));
                        break;
                    }
                    Step::Wait { until, because } => {
                        if because.iter().all(is_stuck) {
                            round.stuck.push((id.clone(), because));
                        } else {
                            round.wait(id, until);
                        }
                        break;
                    }
                }
            }
        }
        Ok(round)
    }
}

#[derive(Default)]
struct Round {
    done: Vec<JobId>,
    stuck: Vec<(JobId, Vec<Cause>)>,
    busy: Vec<JobId>,
    next: Option<Timestamp>,
}

impl Round {
    fn wait(&mut self, id: &JobId, until: Option<Timestamp>) {
        self.busy.push(id.clone());
        self.next = match (self.next, until) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
}

/// Whether waiting here cannot help soon: proof takes its quiet period, a person or a time must come.
fn is_stuck(cause: &Cause) -> bool {
    match cause {
        Cause::NotBefore(_)
        | Cause::Frozen(_)
        | Cause::Paused(_)
        | Cause::InDoubt(_)
        | Cause::BeyondProof => true,
        Cause::Throttled(_) | Cause::AtAws(_) | Cause::ResultLate(_) => false,
    }
}

//! Loops over jobs: until these are done, or until nothing is left to do.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::watching::MANY;
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
/// How long a store that did not change is taken at its word that nothing in it is due, whatever it says
/// of the next time.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// How often a worker looks whether a lane is due to be searched for tasks that nobody knows.
const SEARCH_EVERY: Duration = Duration::from_secs(60);
/// How long a worker leaves a job alone that only something outside can move.
const STUCK_FOR: Duration = Duration::from_secs(5);
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
            let next = round.busy.iter().filter_map(|(_, at)| *at).min();
            out.done.extend(round.done);
            let late = match patience {
                Patience::UntilStuck => false,
                Patience::UntilTime(at) => self.clock.now() >= at,
                Patience::OnceOver => true,
            } || (self.stop)();
            if round.busy.is_empty() || late {
                out.running = round.busy.into_iter().map(|(id, _)| id).collect();
                out.stuck = round.stuck;
                return Ok(out);
            }
            self.nap(next, patience).await;
        }
    }

    /// Works on every open job of the store until each is done or stuck.
    pub async fn drain(&self, seen: &mut dyn FnMut(&Job)) -> Result<Drained, RunError> {
        let mut out = Drained::default();
        let mut waiting = Waiting::default();
        let (mut moved, mut searched) = (false, false);
        loop {
            waiting.forget_until(self.clock.now());
            let open = self.store.due(Timestamp::from_micros(i64::MAX), ROUND, &|id| waiting.has(id))?;
            if (self.stop)() {
                return Ok(out);
            }
            if open.is_empty() {
                if let Some(next) = waiting.next() {
                    self.nap(Some(next), Patience::UntilStuck).await;
                    continue;
                }
                // What ended meanwhile may have given back the money that others wait for.
                if std::mem::take(&mut moved) && waiting.any_stuck() {
                    waiting = Waiting::default();
                    continue;
                }
                for (id, because) in waiting.stuck() {
                    if !self.store.job(&id)?.is_done() {
                        out.stuck.push((id, because));
                    }
                }
                return Ok(out);
            }
            let round = self.round(&open, seen).await?;
            // A process may have ended in the midst of a search; jobs that run need none of their own.
            if round.elsewhere && !std::mem::replace(&mut searched, true) {
                self.search_lanes().await?;
            }
            moved |= !round.done.is_empty();
            waiting.take(&round, None, self.clock.now());
            out.done.extend(round.done);
        }
    }

    /// Works on whatever is due until the runner is stopped; a step that has begun is finished.
    pub async fn work(&self, seen: &mut dyn FnMut(&Job)) -> Result<(), RunError> {
        let mut waiting = Waiting::default();
        let mut searched: Option<Duration> = None;
        let mut still: Option<Still> = None;
        while !(self.stop)() {
            let now = self.clock.now();
            let ticks = self.clock.ticks();
            if searched.is_none_or(|at| ticks.saturating_sub(at) >= SEARCH_EVERY) {
                self.search_lanes().await?;
                searched = Some(ticks);
            }
            let age = self.store.age()?;
            let rests = still.as_ref().is_some_and(|still| still.holds(age, ticks, now));
            if rests {
                waiting.renew(self.renewed(now));
            }
            let woken = waiting.forget_until(now);
            if !rests || woken {
                let due = self.store.due(now, ROUND, &|id| waiting.has(id))?;
                let idle = due.is_empty();
                let round = self.round(&due, seen).await?;
                waiting.take(&round, Some(STUCK_FOR), self.clock.now());
                if !idle {
                    still = None;
                    continue;
                }
                let next = self.store.next_due(now)?;
                still = age.map(|age| Still { age, since: ticks, next });
            }
            let now = self.clock.now();
            // Of many some task is always due soon; they are looked at together.
            let soon = waiting.next().filter(|_| waiting.len() < MANY).unwrap_or_else(|| now.after(NAP));
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
        let mut round = Round { done: crowd.done, elsewhere: crowd.elsewhere, ..Round::default() };
        for id in crowd.rest.iter().take_while(|_| !(self.stop)()) {
            loop {
                match self.step(id).await? {
                    Step::Moved(job) => seen(&job),
                    Step::Done(job) => {
                        seen(&job);
                        round.done.push(id.clone());
                        break;
                    }
                    Step::Leased(_) => {
                        round.busy.push((id.clone(), Some(self.clock.now().after(LEASE_NAP))));
                        break;
                    }
                    Step::Wait { until, because } => {
                        if because.iter().all(is_stuck) {
                            round.stuck.push((id.clone(), because));
                        } else {
                            round.busy.push((id.clone(), until));
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
    busy: Vec<(JobId, Option<Timestamp>)>,
    /// Whether any of them runs at AWS.
    elsewhere: bool,
}

/// A store in which nothing was due.
struct Still {
    age: u64,
    since: Duration,
    /// When something in it becomes due.
    next: Option<Timestamp>,
}

impl Still {
    fn holds(&self, age: Option<u64>, ticks: Duration, now: Timestamp) -> bool {
        let fresh = age == Some(self.age) && ticks.saturating_sub(self.since) < LOOK_EVERY;
        fresh && self.next.is_none_or(|at| at > now)
    }
}

/// Jobs that were looked at and have nothing to do for now, so that they hide no others.
#[derive(Default)]
struct Waiting(BTreeMap<JobId, Rests>);

struct Rests {
    until: Option<Timestamp>,
    stuck: Vec<Cause>,
}

impl Waiting {
    fn has(&self, id: &JobId) -> bool {
        self.0.contains_key(id)
    }

    fn len(&self) -> usize {
        self.0.len()
    }

    /// Those whose time has come are looked at again; says whether there are any.
    fn forget_until(&mut self, now: Timestamp) -> bool {
        let before = self.0.len();
        self.0.retain(|_, rests| rests.until.is_none_or(|at| at > now));
        self.0.len() < before
    }

    /// Those that were looked at without being opened wait again.
    fn renew(&mut self, looked_at: Vec<(JobId, Timestamp)>) {
        for (id, next) in looked_at {
            self.0.insert(id, Rests { until: Some(next), stuck: Vec::new() });
        }
    }

    /// When the first of them is looked at again.
    fn next(&self) -> Option<Timestamp> {
        self.0.values().filter_map(|rests| rests.until).min()
    }

    fn any_stuck(&self) -> bool {
        self.0.values().any(|rests| !rests.stuck.is_empty())
    }

    fn stuck(self) -> impl Iterator<Item = (JobId, Vec<Cause>)> {
        self.0.into_iter().filter(|(_, rests)| !rests.stuck.is_empty()).map(|(id, rests)| (id, rests.stuck))
    }

    /// Takes in a round; stuck jobs are looked at again after `stuck_for`, or not at all.
    fn take(&mut self, round: &Round, stuck_for: Option<Duration>, now: Timestamp) {
        for (id, because) in &round.stuck {
            let until = stuck_for.map(|how_long| now.after(how_long));
            self.0.insert(id.clone(), Rests { until, stuck: because.clone() });
        }
        for (id, until) in &round.busy {
            let until = Some(until.unwrap_or_else(|| now.after(NAP)));
            self.0.insert(id.clone(), Rests { until, stuck: Vec::new() });
        }
    }
}

/// Whether waiting here cannot help soon: proof takes its quiet period, a person or a time must come.
fn is_stuck(cause: &Cause) -> bool {
    match cause {
        Cause::NotBefore(_)
        | Cause::Window(_)
        | Cause::Full(_)
        | Cause::Offline { .. }
        | Cause::LongQueue { .. }
        | Cause::Frozen(_)
        | Cause::Paused(_)
        | Cause::InDoubt(_)
        | Cause::BeyondProof => true,
        Cause::Throttled(_) | Cause::Queue(_) | Cause::AtAws(_) | Cause::ResultLate(_) => false,
    }
}

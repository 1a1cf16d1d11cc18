//! The only loop: load a job, ask its duty, do it, apply what happened, commit.
//!
//! Nothing here decides. What to do comes from [`duty`], what it means from [`crate::job::apply`], and any
//! number of runners may share a store: the version in every commit keeps them apart.

mod adoption;
mod alive;
mod crowd;
mod doing;
mod drive;
mod fire;
mod lanes;
mod meter;
mod pace;
#[cfg(test)]
mod simulation;
mod watching;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub use adoption::{ended_unpaid, hybrid, imported, name_of};
pub use alive::{is_gone, this_process};
pub use drive::{Drained, Patience};
pub use meter::{Meter, Reading};

use crate::backend::{Braket, RemoteError};
use crate::failpoint::Injected;
use crate::ids::{BudgetName, JobId, RunnerId};
use crate::job::{Cause, Duty, Event, Illegal, Job, Place, Sight, Stage, duty};
use crate::price::PriceList;
use crate::store::{BudgetStatus, Store, StoreError};
use crate::time::Timestamp;
use pace::{Operation, Pace, Went};

/// How long a runner may keep a job to itself.
pub const LEASE: Duration = Duration::from_secs(60);
/// Shortest and longest rest after a call failed in passing. Source: the reliability contract, section 5.
const REST_FIRST: Duration = Duration::from_millis(100);
const REST_LAST: Duration = Duration::from_secs(20);
/// Failures in a row after which a job is left alone for a minute, and a person who waits is told.
const GIVE_UP: u32 = 8;
const LEFT_ALONE: Duration = Duration::from_secs(60);

/// The time, waiting for it, and chance.
#[allow(async_fn_in_trait, reason = "used by static dispatch on one thread")]
pub trait Clock {
    /// The wall clock.
    fn now(&self) -> Timestamp;
    /// Time since some moment, which no change of the wall clock moves.
    fn ticks(&self) -> Duration;
    /// A number from 0 to 1 that spreads retries.
    fn chance(&self) -> f64;
    /// Returns once `how_long` has passed.
    async fn sleep(&self, how_long: Duration);
}

/// Runs a circuit on the built-in simulator.
pub trait Compute {
    /// The result as stored bytes, or why there is none.
    fn compute(&self, job: &Job, circuit: &[u8], inputs: &[u8]) -> Result<Vec<u8>, String>;

    /// The same for several jobs, which may run side by side. Shape: one answer per job.
    fn compute_all(&self, work: &[LocalWork]) -> Vec<Result<Vec<u8>, String>> {
        work.iter().map(|w| self.compute(&w.job, &w.circuit, &w.inputs)).collect()
    }
}

/// A local job with the bytes that it names.
#[derive(Clone, Debug)]
pub struct LocalWork {
    /// The job.
    pub job: Job,
    /// Its circuit.
    pub circuit: Vec<u8>,
    /// Values of its inputs.
    pub inputs: Vec<u8>,
}

/// What one step came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Something happened; ask again at once.
    Moved(Box<Job>),
    /// Nothing to do until then.
    Wait {
        /// When to ask again; `None`: when something outside changes.
        until: Option<Timestamp>,
        /// Why.
        because: Vec<Cause>,
    },
    /// Another runner works on it.
    Leased(RunnerId),
    /// It is over.
    Done(Box<Job>),
}

/// Why the loop cannot go on; nothing stored is lost.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An event that cannot happen: our bug.
    #[error(transparent)]
    Illegal(#[from] Illegal),
    /// A test asked for it.
    #[error(transparent)]
    Injected(#[from] Injected),
}

/// A process that works on the jobs of a store.
pub struct Runner<'a, B, C> {
    store: &'a dyn Store,
    braket: &'a B,
    clock: &'a C,
    compute: &'a dyn Compute,
    id: RunnerId,
    /// Rates for tasks found at AWS.
    prices: PriceList,
    lanes: RefCell<lanes::Lanes>,
    /// Jobs whose last calls failed in passing.
    resting: RefCell<BTreeMap<JobId, Rest>>,
    pace: RefCell<Pace>,
    watch: RefCell<watching::Watch>,
    looks: RefCell<fire::Looks>,
    meter: Arc<Meter>,
    /// Reads the newest rates; without it a job is sent at those of its acceptance.
    price_source: Option<&'a dyn Fn() -> Option<PriceList>>,
    /// No further step begins once it says so.
    stop: &'a dyn Fn() -> bool,
}

struct Rest {
    until: Timestamp,
    failures: u32,
    trouble: String,
}

impl<'a, B: Braket, C: Clock> Runner<'a, B, C> {
    /// A runner that owns nothing yet.
    pub fn new(
        store: &'a dyn Store,
        braket: &'a B,
        clock: &'a C,
        compute: &'a dyn Compute,
        id: RunnerId,
    ) -> Self {
        Self {
            store,
            braket,
            clock,
            compute,
            id,
            prices: PriceList::embedded().clone(),
            lanes: RefCell::default(),
            resting: RefCell::default(),
            pace: RefCell::default(),
            watch: RefCell::default(),
            looks: RefCell::default(),
            meter: Arc::default(),
            price_source: None,
            stop: &|| false,
        }
    }

    /// The same runner, whose loops end between two steps once `stop` says so.
    #[must_use]
    pub fn until(mut self, stop: &'a dyn Fn() -> bool) -> Self {
        self.stop = stop;
        self
    }

    /// The same runner with a newer price list.
    #[must_use]
    pub fn with_prices(mut self, prices: PriceList) -> Self {
        self.prices = prices;
        self
    }

    /// What it counts, for whoever watches.
    pub fn meter(&self) -> Arc<Meter> {
        self.meter.clone()
    }

    /// The same runner, which looks at the newest rates before it sends.
    #[must_use]
    pub fn with_price_source(mut self, source: &'a dyn Fn() -> Option<PriceList>) -> Self {
        self.price_source = Some(source);
        self
    }

    /// One rung of the ladder for one job.
    pub async fn step(&self, id: &JobId) -> Result<Step, RunError> {
        let job = self.with_last_look(self.store.job(id)?);
        if job.is_done() {
            return Ok(Step::Done(Box::new(job)));
        }
        let budgets = self.budgets_of(&job)?;
        let mut sight = self.sight(&job, &budgets).await?;
        if let Some(budget) = cancelling(&job, &budgets) {
            tracing::warn!(job = %job.terms.id, %budget, "its budget cancels what is open");
            return self.happened(&job, Event::BudgetCancels { budget }, Vec::new());
        }
        let now = self.now_for(&job);
        let mut owed = duty(&job, &sight, now);
        if let Some(until) = self.left_alone(&job, &owed) {
            sight.throttled_until = Some(until);
            owed = duty(&job, &sight, self.clock.now());
        }
        match owed {
            Duty::Nothing => Ok(Step::Done(Box::new(job))),
            Duty::Wait { until, because } => Ok(Step::Wait { until, because }),
            // Looking twice is harmless, and a lease is a synced write.
            Duty::Poll => self.perform(job, Duty::Poll).await,
            owed => {
                if let Some(holder) = self.take_lease(id)? {
                    return Ok(Step::Leased(holder));
                }
                let step = self.perform(job, owed).await;
                self.store.unlease(id, &self.id)?;
                step
            }
        }
    }

    /// The last thing that went wrong with a job in this process.
    pub fn trouble(&self, id: &JobId) -> Option<String> {
        self.resting.borrow().get(id).map(|rest| rest.trouble.clone())
    }

    /// What surrounds a job now: frozen budgets, the state of its lane, requested patience.
    async fn sight(&self, job: &Job, budgets: &[BudgetStatus]) -> Result<Sight, RunError> {
        let mut sight = Sight { failed: self.failed_beside(job)?, ..Sight::default() };
        if job.terms.is_local() {
            return Ok(sight);
        }
        let now = self.clock.now();
        if let Some(rest) = self.resting.borrow().get(&job.terms.id).filter(|rest| rest.until > now) {
            if rest.failures >= GIVE_UP {
                self.note(format!("job/{}", job.terms.id), rest.trouble.clone(), Some(rest.until));
                sight.paused = Some(rest.trouble.clone());
                return Ok(sight);
            }
            sight.throttled_until = Some(rest.until);
        }
        sight.paused = match (job.lane(), &job.terms.place) {
            (Some(lane), _) => self.lane_trouble(lane).await,
            (None, Place::Braket { region, .. }) if job.terms.not_before.is_none_or(|at| at <= now) => {
                self.lane_in(region.as_deref().unwrap_or_default()).await.err()
            }
            (None, _) => None,
        };
        let frozen = budgets.iter().filter(|b| b.balance.is_frozen(b.budget.limit));
        sight.frozen = frozen.map(|b| b.budget.name.clone()).collect();
        self.look_ahead(job, &mut sight).await?;
        Ok(sight)
    }

    /// How the budgets stand that bind a job.
    fn budgets_of(&self, job: &Job) -> Result<Vec<BudgetStatus>, RunError> {
        if job.terms.is_local() || job.terms.budgets.is_empty() {
            return Ok(Vec::new());
        }
        let mut all = self.store.budgets(self.clock.now())?;
        all.retain(|b| job.terms.budgets.contains(&b.budget.name));
        Ok(all)
    }

    /// How many of a waiting job's collection failed since it was accepted, where that can stop it.
    fn failed_beside(&self, job: &Job) -> Result<u64, RunError> {
        match (&job.stage, &job.terms.collection, job.terms.fire.max_fails) {
            (Stage::Waiting { .. }, Some(collection), Some(_)) => {
                Ok(self.store.failures(collection, job.terms.created_at)?)
            }
            _ => Ok(0),
        }
    }

    /// AWS's clock where it is known, else ours: deadlines of a request are AWS's.
    fn now_for(&self, job: &Job) -> Timestamp {
        let now = self.clock.now();
        job.lane().map_or(now, |lane| self.lanes.borrow().server_time(&lane.region, now))
    }

    /// Until when the operation that a duty needs is left alone, if it is.
    fn left_alone(&self, job: &Job, owed: &Duty) -> Option<Timestamp> {
        let operation = match owed {
            Duty::Open | Duty::Send => Operation::Create,
            Duty::Prove => Operation::Search,
            Duty::Poll => Operation::Get,
            Duty::Cancel => Operation::Cancel,
            Duty::Fetch => Operation::Fetch,
            Duty::Wait { .. }
            | Duty::Withdraw { .. }
            | Duty::Reprice { .. }
            | Duty::Compute
            | Duty::Nothing => return None,
        };
        let region = match (job.lane(), &job.terms.place) {
            (Some(lane), _) => lane.region.as_str(),
            (None, Place::Braket { region, .. }) => region.as_deref().unwrap_or_default(),
            (None, Place::Local { .. }) => return None,
        };
        self.pace.borrow().left_alone(region, operation, self.clock.now())
    }

    /// Waits until a call fits the pace.
    async fn paced(&self, region: &str, operation: Operation) {
        let wait = self.pace.borrow_mut().book(region, operation, self.clock.now());
        if !wait.is_zero() {
            self.clock.sleep(wait).await;
        }
    }

    /// Takes note of how a call went.
    fn went(&self, region: &str, operation: Operation, error: Option<&RemoteError>) {
        let went = match error {
            Some(RemoteError::Throttled(asked)) => Went::Throttled(*asked),
            Some(RemoteError::Unreachable(_)) => Went::Lost,
            _ => Went::Answered,
        };
        let (now, chance) = (self.clock.now(), self.clock.chance());
        match went {
            Went::Throttled(asked) => {
                self.meter.throttled();
                let until = now.after(asked.unwrap_or(Duration::from_secs(1)));
                self.note(format!("pace/{region}"), "AWS asks for patience".to_owned(), Some(until));
            }
            Went::Answered => self.clear(&format!("pace/{region}")),
            Went::Lost => self.meter.lost(),
        }
        self.pace.borrow_mut().went(region, operation, went, now, chance);
    }

    fn take_lease(&self, id: &JobId) -> Result<Option<RunnerId>, RunError> {
        let now = self.clock.now();
        let until = now.after(LEASE);
        if self.store.lease(id, &self.id, now, until)? {
            return Ok(None);
        }
        // A process that is gone gives nothing back; waiting for its lease would help nobody.
        match self.store.lease_holder(id)? {
            Some(holder) if is_gone(&holder) => {
                self.store.unlease(id, &holder)?;
                let taken = self.store.lease(id, &self.id, now, until)?;
                Ok(if taken { None } else { Some(holder) })
            }
            Some(holder) => Ok(Some(holder)),
            None => Ok(Some(RunnerId::new("another process"))),
        }
    }

    /// Leaves a job alone for a while that grows with every failure in a row, with full jitter.
    fn rest(&self, id: &JobId, at_least: Duration, trouble: String) {
        self.meter.retried();
        let mut resting = self.resting.borrow_mut();
        let failures = resting.get(id).map_or(0, |rest| rest.failures).saturating_add(1);
        let ceiling = REST_FIRST.saturating_mul(1 << failures.min(16)).min(REST_LAST);
        let jittered = ceiling.mul_f64(self.clock.chance().clamp(0.0, 1.0)).max(REST_FIRST);
        let how_long = if failures >= GIVE_UP { LEFT_ALONE } else { jittered.max(at_least) };
        let until = self.clock.now().after(how_long);
        resting.insert(id.clone(), Rest { until, failures, trouble });
    }

    fn rested(&self, id: &JobId) {
        if self.resting.borrow_mut().remove(id).is_some_and(|rest| rest.failures >= GIVE_UP) {
            self.clear(&format!("job/{id}"));
        }
    }
}

/// The budget that has come so far that a job shall be cancelled.
fn cancelling(job: &Job, budgets: &[BudgetStatus]) -> Option<BudgetName> {
    let late = job.cancel_asked || matches!(job.stage, Stage::Settling { .. });
    let own = budgets.iter().find(|b| !late && b.budget.cancels(&b.balance));
    own.map(|b| b.budget.name.clone())
}

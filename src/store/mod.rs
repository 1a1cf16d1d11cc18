//! The port to what survives: jobs, money, and the bytes that were promised.
//!
//! A store is synchronous: the default one answers in a fraction of a millisecond, and a future
//! that can be dropped between two statements is a way to lose money. Every write is one
//! transaction; each method says what is true once it returns.

#[cfg(test)]
mod contract;
#[cfg(test)]
mod damage;
mod memory;
mod notes;
mod outbox;
mod rows;
mod sqlite;

use std::collections::BTreeMap;

pub use memory::MemoryStore;
pub use notes::{Note, Notes};
pub use outbox::{Hook, Notice, Outbox, Target, Waiting};
pub use sqlite::{SqliteStore, restore};

use crate::budget::ledger::{GENESIS, Posting, Verb};
use crate::budget::{Alert, Balance, Budget, PeriodKey, Shortfall};
use crate::ids::{BlobId, BudgetName, CollectionId, JobId, QuantumTaskArn, RunnerId, StoreId};
use crate::job::{Event, Job, Lane, Outcome, Stage, State};
use crate::money::Money;
use crate::time::Timestamp;

/// A job to be accepted, with its first version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    /// Version 0; `held` is what acceptance holds.
    pub job: Job,
    /// Which points of the collection it carries, from 0.
    pub points: Vec<u64>,
}

/// Work to be accepted whole or not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acceptance {
    /// The collection, when there is more than one point.
    pub collection: Option<(CollectionId, String)>,
    /// The jobs.
    pub jobs: Vec<NewJob>,
    /// Bytes they name.
    pub blobs: Vec<Vec<u8>>,
    /// Real or play money: the name of the stand-in's world, none for AWS; ignored when all is local.
    pub world: Option<String>,
    /// Points of the collection that have a job already get the new one; the old one stays.
    pub again: bool,
    /// Who works on the new jobs at once, and until when they are its alone: a lease without a commit of
    /// its own.
    pub worker: Option<(RunnerId, Timestamp)>,
    /// Now.
    pub at: Timestamp,
}

/// What became of an [`Acceptance`].
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// All of it is stored and its money held.
    New,
    /// All keys with the same content are here already; nothing changed. Where only some are, the
    /// others are stored and the answer is `New`.
    Same(Vec<JobId>),
    /// A key is here with other content; nothing changed.
    KeyTaken {
        /// The key.
        key: String,
        /// Its job.
        job: JobId,
    },
    /// A budget has no room; nothing changed and no key is kept.
    OverBudget(Shortfall),
}

/// Durable work of many points, as it was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// Its id.
    pub id: CollectionId,
    /// The user's key, or its id.
    pub key: String,
    /// Birth.
    pub created_at: Timestamp,
    /// How many points it has.
    pub points: u64,
}

/// One step of one job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The job as it was loaded; its version is compared.
    pub before: Job,
    /// The job as it shall be; the store raises the version by one.
    pub after: Job,
    /// What happened.
    pub event: Event,
    /// Bytes that came with it.
    pub blobs: Vec<Vec<u8>>,
    /// A hold that this step takes must fit every budget; otherwise it is recorded whatever it does.
    pub guarded: bool,
    /// Now.
    pub at: Timestamp,
}

/// What became of a [`Change`].
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Committed {
    /// Stored: job, event, postings and balances, all or none; the new version.
    Yes(u64),
    /// Somebody else moved the job, or the outcome is unknown: load it and ask again. Nothing was stored.
    Reload,
    /// A guarded hold did not fit. Nothing was stored.
    OverBudget(Shortfall),
}

/// Which jobs to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// These states; empty means all.
    pub states: Vec<State>,
    /// Short device name.
    pub device: Option<String>,
    /// Project.
    pub project: Option<String>,
    /// The collection it came with.
    pub collection: Option<CollectionId>,
    /// Tags that must match.
    pub tags: BTreeMap<String, String>,
    /// Born at or after.
    pub since: Option<Timestamp>,
    /// Born before.
    pub until: Option<Timestamp>,
    /// At most so many, the youngest first; `None` means all.
    pub limit: Option<usize>,
}

/// Jobs as far as reports of costs look at them: one, or several that are alike in all but figures and
/// were born on one day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CostRow {
    /// Short device name.
    pub device: String,
    /// Project.
    pub project: Option<String>,
    /// Who submitted it.
    pub user: Option<String>,
    /// Birth of the first.
    pub created_at: Timestamp,
    /// Whether it is in doubt.
    pub unsure: bool,
    /// Held.
    pub held: Money,
    /// Spent.
    pub settled: Money,
    /// Found at AWS rather than accepted here.
    pub adopted: bool,
    /// Shots of the task.
    pub shots: u64,
    /// Tasks that AWS made for it.
    pub tasks: u64,
    /// Tags; empty unless asked for.
    pub tags: BTreeMap<String, String>,
    /// The collection it came with; none unless tags are asked for.
    pub collection: Option<String>,
}

/// What reports group jobs by, changed after the fact. Budgets stay as they were bound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    /// The project from now on; `Some(None)` takes it away, `None` leaves it.
    pub project: Option<Option<String>>,
    /// Tags set.
    pub tags: BTreeMap<String, String>,
    /// Tags taken away, before others are set.
    pub without: Vec<String>,
}

/// What a store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its id, made once.
    pub store: StoreId,
    /// Schema version.
    pub schema: u32,
    /// What money it holds.
    pub money: Option<Kind>,
}

/// Real or play money; never both in one store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// AWS's.
    Real,
    /// A stand-in's.
    Play,
}

/// What happened to a job, as the journal of events keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRecord {
    /// Place in the journal, from 1.
    pub sequence: u64,
    /// When.
    pub at: Timestamp,
    /// Whose.
    pub job: JobId,
    /// The event's name.
    pub name: String,
    /// What it says in one line.
    pub detail: String,
}

/// A budget with its figures in the period of the question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BudgetStatus {
    /// The budget.
    pub budget: Budget,
    /// The period asked about; `None` outside a bounded one.
    pub period: Option<PeriodKey>,
    /// Its figures there.
    pub balance: Balance,
}

/// Figures of the whole ledger, summed from its journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Held.
    pub held: Money,
    /// Spent.
    pub settled: Money,
}

/// What can go wrong with a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file is damaged, or was changed behind our back; nothing was written.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// A newer Shotbook made it.
    #[error("the store has schema {found}, this program knows up to {known}")]
    Newer {
        /// In the file.
        found: u32,
        /// Here.
        known: u32,
    },
    /// Its marker is here, the file is not.
    #[error("the store {0} vanished; its marker is still there")]
    Vanished(String),
    /// It would lie on a file system that several machines share.
    #[error("{path} lies on {kind}, where locks between processes cannot be trusted")]
    Shared {
        /// Which file.
        path: String,
        /// Kind of the file system.
        kind: String,
    },
    /// It holds the other kind of money.
    #[error("the store holds {holds} money and this job is {job}")]
    OtherMoney {
        /// `real` or `play`.
        holds: &'static str,
        /// `real` or `play`.
        job: &'static str,
    },
    /// Another process keeps it locked.
    #[error("the store is busy: another process holds it")]
    Busy,
    /// There is no such thing in it.
    #[error("there is no {what} {name}")]
    Missing {
        /// Kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// The name is in use.
    #[error("the {what} {name} exists already")]
    Exists {
        /// Kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// The disk or the database engine.
    #[error("the store cannot be read or written: {0}")]
    Io(String),
}

/// What survives. All methods may fail with [`StoreError`]; a failed write changed nothing.
pub trait Store: Notes {
    /// Hooks and their notices, where the store keeps any.
    fn outbox(&self) -> Option<&dyn Outbox> {
        None
    }
    /// A number that is another one after any change, by whichever process; `None` where none is kept.
    ///
    /// # Errors
    /// As every method.
    fn age(&self) -> Result<Option<u64>, StoreError> {
        Ok(None)
    }
    /// Whether it belongs to another machine: a copy beside its original would buy everything again.
    fn is_elsewhere(&self) -> bool {
        false
    }
    /// Id, schema and kind of money.
    fn identity(&self) -> Result<Identity, StoreError>;
    /// The store holds this kind of money from now on, or it did already; the other kind is refused.
    fn bind(&self, kind: Kind) -> Result<(), StoreError>;

    /// Jobs, points, blobs and holds are stored in one commit, or nothing is.
    fn accept(&self, acceptance: &Acceptance) -> Result<Accepted, StoreError>;
    /// Collections, the youngest first.
    fn collections(&self) -> Result<Vec<Collection>, StoreError>;
    /// Points of a collection in order, each with the job that carries it.
    fn points(&self, id: &CollectionId) -> Result<Vec<(u64, JobId)>, StoreError>;
    /// How many jobs of a collection that were accepted at `since` or later failed or were refused.
    fn failures(&self, id: &CollectionId, since: Timestamp) -> Result<u64, StoreError>;
    /// How many jobs there are of each state.
    fn census(&self) -> Result<BTreeMap<State, u64>, StoreError>;
    /// One job by id.
    fn job(&self, id: &JobId) -> Result<Job, StoreError>;
    /// Ids that an argument can mean: an id or its unambiguous prefix, a key, a task ARN.
    fn resolve(&self, argument: &str) -> Result<Vec<JobId>, StoreError>;
    /// The youngest job.
    fn last(&self) -> Result<Option<JobId>, StoreError>;
    /// Jobs, the youngest first.
    fn jobs(&self, filter: &Filter) -> Result<Vec<Job>, StoreError>;
    /// Every job born in a span of time, whatever memory all of them would take: one by one with tags and
    /// collections when they are asked for, else those that are alike may come as their sums. Paid and
    /// unpaid jobs are never summed together.
    fn costs(
        &self,
        span: (Option<Timestamp>, Option<Timestamp>),
        with_tags: bool,
        each: &mut dyn FnMut(&CostRow),
    ) -> Result<(), StoreError>;
    /// Up to `max` open jobs whose next duty may be due and that `skip` does not leave out: the longest
    /// due first, but collections and single jobs take turns, so that none waits for a large one.
    fn due(
        &self,
        now: Timestamp,
        max: usize,
        skip: &dyn Fn(&JobId) -> bool,
    ) -> Result<Vec<JobId>, StoreError>;
    /// When the first open job becomes due that is not due by then.
    fn next_due(&self, after: Timestamp) -> Result<Option<Timestamp>, StoreError>;
    /// `runner` alone should work on the job until then; false when another one holds it.
    ///
    /// A lease saves work. It is not what makes money safe: that is the version.
    fn lease(
        &self,
        id: &JobId,
        runner: &RunnerId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError>;
    /// Who holds the job, if anybody does.
    fn lease_holder(&self, id: &JobId) -> Result<Option<RunnerId>, StoreError>;
    /// The lease is given back, if `runner` still holds it.
    fn unlease(&self, id: &JobId, runner: &RunnerId) -> Result<(), StoreError>;
    /// Job, event, postings and balances move together when the version is still the loaded one.
    fn commit(&self, change: &Change) -> Result<Committed, StoreError>;
    /// The same for steps of several jobs in one synced transaction; each stands or falls alone.
    fn commit_all(&self, changes: &[Change]) -> Result<Vec<Committed>, StoreError>;
    /// `runner` alone should work on those of the jobs that are given back, in one transaction.
    fn lease_all(
        &self,
        ids: &[JobId],
        runner: &RunnerId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<JobId>, StoreError>;
    /// A task found at AWS is stored as a job with its cost held, even above a cap.
    fn adopt(&self, job: &Job, at: Timestamp) -> Result<(), StoreError>;
    /// The same for many tasks in one commit; gives those that were not known.
    fn adopt_all(&self, jobs: &[Job], at: Timestamp) -> Result<Vec<JobId>, StoreError>;
    /// The jobs carry these labels from now on, in one commit; how many were changed by it. Money, budgets
    /// and what AWS was told stay.
    fn relabel(&self, ids: &[JobId], labels: &Labels, at: Timestamp) -> Result<u64, StoreError>;
    /// Whether a task is known to any job, open or past.
    fn knows_task(&self, task: &QuantumTaskArn) -> Result<bool, StoreError>;
    /// Bytes by name.
    fn blob(&self, id: &BlobId) -> Result<Vec<u8>, StoreError>;
    /// Journal of a job.
    fn events(&self, id: &JobId) -> Result<Vec<EventRecord>, StoreError>;

    /// The lane's adoption scan is complete up to there (server time).
    fn set_scanned(&self, lane: &Lane, to: Timestamp) -> Result<(), StoreError>;
    /// Up to where the lane was scanned.
    fn scanned(&self, lane: &Lane) -> Result<Option<Timestamp>, StoreError>;
    /// Lanes that any job used.
    fn lanes(&self) -> Result<Vec<Lane>, StoreError>;

    /// The budget exists and binds from now on.
    fn add_budget(&self, budget: &Budget) -> Result<(), StoreError>;
    /// Its cap is this from now on; below what is committed it freezes, it never releases.
    fn set_limit(&self, name: &BudgetName, limit: Money, at: Timestamp) -> Result<(), StoreError>;
    /// It does this at shares of its cap from now on, in place of what it did.
    fn set_alerts(&self, name: &BudgetName, alerts: &[Alert], at: Timestamp) -> Result<(), StoreError>;
    /// It binds nobody from now on; its journal stays.
    fn remove_budget(&self, name: &BudgetName, at: Timestamp) -> Result<(), StoreError>;
    /// All budgets that bind, by name, with their figures at `at`.
    fn budgets(&self, at: Timestamp) -> Result<Vec<BudgetStatus>, StoreError>;
    /// Postings of the jobs that a budget binds, or of all.
    fn journal(&self, budget: Option<&BudgetName>) -> Result<Vec<Posting>, StoreError>;
    /// Sums over the whole journal.
    fn totals(&self) -> Result<Totals, StoreError>;
    /// Recomputes every balance from the journal and verifies its chain; the first thing found wrong.
    fn check(&self) -> Result<(), StoreError>;
}

impl Kind {
    /// `real` or `play`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Real => "real",
            Self::Play => "play",
        }
    }

    /// The kind of a word.
    pub fn named(word: &str) -> Option<Self> {
        [Self::Real, Self::Play].into_iter().find(|k| k.word() == word)
    }
}

impl Labels {
    /// The job under these labels; `None` when it has them already.
    fn on(&self, job: &Job) -> Option<Job> {
        let mut terms = (*job.terms).clone();
        if let Some(project) = &self.project {
            terms.project.clone_from(project);
        }
        terms.tags.retain(|key, _| !self.without.contains(key));
        terms.tags.extend(self.tags.clone());
        (terms != *job.terms).then(|| Job { terms: terms.into(), version: job.version + 1, ..job.clone() })
    }
}

/// Whether a job passes a filter.
fn matches(filter: &Filter, job: &Job) -> bool {
    let terms = &job.terms;
    (filter.states.is_empty() || filter.states.contains(&State::of(job)))
        && filter.device.as_ref().is_none_or(|d| *d == terms.device)
        && filter.project.as_ref().is_none_or(|p| terms.project.as_ref() == Some(p))
        && filter.collection.as_ref().is_none_or(|c| terms.collection.as_ref() == Some(c))
        && filter.tags.iter().all(|(k, v)| terms.tags.get(k) == Some(v))
        && filter.since.is_none_or(|at| terms.created_at >= at)
        && filter.until.is_none_or(|at| terms.created_at < at)
}

/// The first `max` of jobs in the order of their time, each lot giving one in its turn.
fn in_turns(jobs: Vec<(JobId, String)>, max: usize) -> Vec<JobId> {
    if max == usize::MAX {
        return jobs.into_iter().map(|(id, _)| id).collect();
    }
    let mut given: BTreeMap<String, usize> = BTreeMap::new();
    let mut turns: Vec<(usize, JobId)> = Vec::with_capacity(jobs.len());
    for (id, lot) in jobs {
        let turn = given.entry(lot).or_default();
        turns.push((*turn, id));
        *turn += 1;
    }
    turns.sort_by_key(|(turn, _)| *turn);
    turns.truncate(max);
    turns.into_iter().map(|(_, id)| id).collect()
}

/// The id of the notice of a step to a hook: the same for the same step, whoever writes it.
fn notice_id(hook: &str, after: &Job) -> String {
    let sum = rows::checksum(&["notice", hook, after.terms.id.as_str(), &after.version.to_string()]);
    format!("n_{}", &sum[..20])
}

/// One line about a job for its journal.
fn detail(job: &Job) -> String {
    let task = job.task().map_or(String::new(), |t| format!(" {t}"));
    format!("{} held {} settled {}{task}", job.stage.name(), job.held, job.settled)
}

/// Labels in one line.
fn words(labels: &Labels) -> String {
    let gone = labels.without.iter().map(|key| format!("-{key}"));
    let set = labels.tags.iter().map(|(key, value)| format!("{key}={value}"));
    let project = labels.project.iter().map(|p| format!("project {}", p.as_deref().unwrap_or("-")));
    project.chain(gone).chain(set).collect::<Vec<_>>().join(" ")
}

/// Tasks that AWS made for a job.
fn tasks_of(job: &Job) -> u64 {
    let open = u64::from(!job.is_done() && job.task().is_some());
    // The instances of a hybrid job are billed, and are no task.
    job.past.iter().filter(|p| p.task.as_ref().is_some_and(|t| !t.is_hybrid())).count() as u64 + open
}

/// Shots that a job runs, or ran: none where it is over and gave nothing.
fn shots_of(job: &Job) -> u64 {
    let is_lost = matches!(&job.stage, Stage::Done(outcome) if !matches!(outcome, Outcome::Completed { .. }));
    if is_lost { 0 } else { job.terms.shots }
}

/// The report row of a job.
fn cost_row(job: &Job, with_tags: bool) -> CostRow {
    let terms = &job.terms;
    CostRow {
        device: terms.device.clone(),
        project: terms.project.clone(),
        user: terms.user.clone(),
        created_at: terms.created_at,
        unsure: State::of(job) == State::Unsure,
        held: job.held,
        settled: job.settled,
        adopted: terms.adopted,
        shots: shots_of(job),
        tasks: tasks_of(job),
        tags: if with_tags { terms.tags.clone() } else { BTreeMap::new() },
        collection: terms.collection.as_ref().filter(|_| with_tags).map(ToString::to_string),
    }
}

/// Sums over a journal.
fn totals_of(postings: &[Posting]) -> Result<Totals, StoreError> {
    let range = |e: crate::money::OutOfRange| StoreError::Damaged(e.to_string());
    let mut out = Totals::default();
    for posting in postings {
        let amount = posting.movement.amount;
        match posting.movement.verb {
            Verb::Hold => out.held = out.held.plus(amount).map_err(range)?,
            Verb::Settle => {
                out.held = out.held.minus(amount).map_err(range)?;
                out.settled = out.settled.plus(amount).map_err(range)?;
            }
            Verb::Release => out.held = out.held.minus(amount).map_err(range)?,
            Verb::Refund => out.settled = out.settled.minus(amount).map_err(range)?,
        }
    }
    Ok(out)
}

fn check_chain(postings: &[Posting]) -> Result<(), StoreError> {
    let mut previous = GENESIS;
    for (i, posting) in postings.iter().enumerate() {
        if posting.sequence != i as u64 + 1 || !posting.follows(previous) {
            return Err(StoreError::Damaged(format!("posting {} was changed", posting.sequence)));
        }
        previous = &posting.hash;
    }
    Ok(())
}

fn check_totals(totals: &Totals, jobs: &[&Job]) -> Result<(), StoreError> {
    let sum = |f: fn(&Job) -> Money| jobs.iter().map(|j| i128::from(f(j).nanos())).sum::<i128>();
    let (held, settled) = (sum(|j| j.held), sum(|j| j.settled));
    if held != i128::from(totals.held.nanos()) || settled != i128::from(totals.settled.nanos()) {
        return Err(StoreError::Damaged("jobs and journal disagree about the money".to_owned()));
    }
    if let Some(job) = jobs.iter().find(|j| j.is_done() && !j.held.is_zero()) {
        return Err(StoreError::Damaged(format!("job {} is over and still holds money", job.terms.id)));
    }
    Ok(())
}

//! A store in memory: a real one, used by simulation and by tests.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{
    Acceptance, Accepted, BudgetStatus, Change, Collection, Committed, CostRow, EventRecord, Filter,
    Identity, Kind, Labels, Note, Notes, Store, StoreError, Totals, matches,
};
use crate::budget::ledger::{self, GENESIS, Movement, Posting, Verb};
use crate::budget::{Alert, Balance, Budget, PeriodKey, Shortfall};
use crate::ids::{BlobId, BudgetName, CollectionId, JobId, JobTag, QuantumTaskArn, RunnerId, StoreId};
use crate::job::{Job, Lane, State, due_at};
use crate::money::Money;
use crate::time::Timestamp;

/// A store that forgets when its last handle is dropped; clones share it.
#[derive(Clone, Debug)]
pub struct MemoryStore {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Clone, Debug, Default)]
struct Inner {
    id: String,
    money: Option<Kind>,
    jobs: BTreeMap<JobId, Job>,
    blobs: BTreeMap<BlobId, Vec<u8>>,
    events: Vec<EventRecord>,
    postings: Vec<Posting>,
    budgets: BTreeMap<BudgetName, Budget>,
    /// What each job holds and spent in which period of which budget.
    claims: BTreeMap<(JobId, BudgetName, PeriodKey), (Money, Money)>,
    leases: BTreeMap<JobId, (RunnerId, Timestamp)>,
    lanes: BTreeMap<Lane, Option<Timestamp>>,
    collections: BTreeMap<CollectionId, (String, Timestamp)>,
    points: BTreeMap<(CollectionId, u64), JobId>,
    notes: BTreeMap<String, Note>,
}

impl MemoryStore {
    /// An empty store with a given id.
    pub fn new(id: &str) -> Self {
        Self { inner: Arc::new(Mutex::new(Inner { id: id.to_owned(), ..Inner::default() })) }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `f` on a copy and keeps it only when `f` says so: all or nothing.
    fn transact<T>(
        &self,
        f: impl FnOnce(&mut Inner) -> Result<(T, bool), StoreError>,
    ) -> Result<T, StoreError> {
        let mut inner = self.lock();
        let mut copy = inner.clone();
        let (out, keep) = f(&mut copy)?;
        if keep {
            *inner = copy;
        }
        Ok(out)
    }
}

impl Inner {
    fn balance(&self, name: &BudgetName, period: &PeriodKey) -> Balance {
        let mut balance = Balance::default();
        for ((job, budget, key), (held, settled)) in &self.claims {
            if budget == name && key == period {
                balance.held = balance.held.plus(*held).unwrap_or(balance.held);
                balance.settled = balance.settled.plus(*settled).unwrap_or(balance.settled);
                if self.jobs.get(job).is_some_and(|j| State::of(j) == State::Unsure) {
                    balance.unsure = balance.unsure.plus(*held).unwrap_or(balance.unsure);
                }
            }
        }
        balance
    }

    /// Books what a step moved; a guarded hold must fit every budget.
    fn book(
        &mut self,
        before: Option<&Job>,
        after: &Job,
        guarded: bool,
        at: Timestamp,
    ) -> Result<Option<Shortfall>, StoreError> {
        let moves = ledger::of_commit(before, after).map_err(|e| StoreError::Damaged(e.to_string()))?;
        // A clock that was set back reopens no period that was closed.
        let at = self.postings.last().map_or(at, |p| p.at.max(at));
        for movement in moves {
            if let Some(shortfall) = self.claim(after, movement, guarded, at)? {
                return Ok(Some(shortfall));
            }
            let previous = self.postings.last().map_or(GENESIS.to_owned(), |p| p.hash.clone());
            let sequence = self.postings.len() as u64 + 1;
            self.postings.push(Posting::chained(&previous, sequence, at, after.terms.id.clone(), movement));
        }
        Ok(None)
    }

    fn claim(
        &mut self,
        job: &Job,
        movement: Movement,
        guarded: bool,
        at: Timestamp,
    ) -> Result<Option<Shortfall>, StoreError> {
        let range = |e: crate::money::OutOfRange| StoreError::Damaged(e.to_string());
        for name in &job.terms.budgets {
            let id = job.terms.id.clone();
            if movement.verb == Verb::Hold {
                let Some(budget) = self.budgets.get(name).filter(|b| b.removed_at.is_none()) else {
                    continue;
                };
                let Some(period) = budget.per.key(at) else {
                    if guarded {
                        return Ok(Some(Shortfall {
                            budget: name.clone(),
                            needed: movement.amount,
                            free: Money::ZERO,
                        }));
                    }
                    continue;
                };
                let balance = self.balance(name, &period);
                let fits = balance.committed().plus(movement.amount).is_ok_and(|sum| sum <= budget.ceiling());
                if guarded && !fits {
                    let free = budget.free(&balance);
                    return Ok(Some(Shortfall { budget: name.clone(), needed: movement.amount, free }));
                }
                let claim = self.claims.entry((id, name.clone(), period)).or_default();
                claim.0 = claim.0.plus(movement.amount).map_err(range)?;
                continue;
            }
            if movement.verb == Verb::Refund {
                let spent = self.claims.iter_mut().filter(|((j, b, _), _)| *j == id && b == name);
                let mut rest = movement.amount;
                for (_, claim) in spent {
                    let part = claim.1.min(rest);
                    claim.1 = claim.1.minus(part).map_err(range)?;
                    rest = rest.minus(part).map_err(range)?;
                }
                continue;
            }
            // What was held is spent or released in the period that held it.
            let held =
                self.claims.iter_mut().filter(|((j, b, _), c)| *j == id && b == name && !c.0.is_zero());
            let mut rest = movement.amount;
            for (_, claim) in held {
                let part = claim.0.min(rest);
                claim.0 = claim.0.minus(part).map_err(range)?;
                if movement.verb == Verb::Settle {
                    claim.1 = claim.1.plus(part).map_err(range)?;
                }
                rest = rest.minus(part).map_err(range)?;
            }
        }
        Ok(None)
    }

    fn commit(&mut self, change: &Change) -> Result<(Committed, bool), StoreError> {
        let id = &change.before.terms.id;
        let Some(stored) = self.jobs.get(id).cloned() else {
            return Err(StoreError::Missing { what: "job", name: id.to_string() });
        };
        if stored.version != change.before.version {
            return Ok((Committed::Reload, false));
        }
        let mut after = change.after.clone();
        after.version = stored.version + 1;
        self.put_blobs(&change.blobs);
        if let Some(shortfall) = self.book(Some(&stored), &after, change.guarded, change.at)? {
            return Ok((Committed::OverBudget(shortfall), false));
        }
        self.record(id, change.event.name(), super::detail(&after), change.at);
        let version = after.version;
        self.put_job(after);
        Ok((Committed::Yes(version), true))
    }

    fn knows_task(&self, task: &QuantumTaskArn) -> bool {
        let knows = |j: &Job| j.task() == Some(task) || j.past.iter().any(|p| p.task.as_ref() == Some(task));
        self.jobs.values().any(knows)
    }

    fn adopted_as(&self, tag: &JobTag) -> Option<JobId> {
        let first = tag.adopted_keys();
        let booked = self.jobs.values().filter(|j| j.terms.key.starts_with(&first));
        booked.max_by_key(|j| j.held.max(j.settled)).map(|j| j.terms.id.clone())
    }

    fn record(&mut self, job: &JobId, name: &str, detail: String, at: Timestamp) {
        let sequence = self.events.len() as u64 + 1;
        self.events.push(EventRecord { sequence, at, job: job.clone(), name: name.to_owned(), detail });
    }

    fn put_blobs(&mut self, blobs: &[Vec<u8>]) {
        for blob in blobs {
            self.blobs.insert(BlobId::of(blob), blob.clone());
        }
    }

    fn put_job(&mut self, job: Job) {
        if let Some(lane) = job.lane() {
            self.lanes.entry(lane.clone()).or_default();
        }
        if job.is_done() {
            self.leases.remove(&job.terms.id);
        }
        self.jobs.insert(job.terms.id.clone(), job);
    }

    fn bind(&mut self, kind: Kind) -> Result<(), StoreError> {
        match self.money {
            None => {
                self.money = Some(kind);
                Ok(())
            }
            Some(held) if held == kind => Ok(()),
            Some(held) => Err(StoreError::OtherMoney { holds: held.word(), job: kind.word() }),
        }
    }
}

impl Notes for MemoryStore {
    fn put_note(&self, note: &Note) -> Result<(), StoreError> {
        self.lock().notes.insert(note.place.clone(), note.clone());
        Ok(())
    }

    fn remove_note(&self, place: &str) -> Result<(), StoreError> {
        self.lock().notes.remove(place);
        Ok(())
    }

    fn notes(&self) -> Result<Vec<Note>, StoreError> {
        Ok(self.lock().notes.values().cloned().collect())
    }
}

impl Store for MemoryStore {
    fn identity(&self) -> Result<Identity, StoreError> {
        let inner = self.lock();
        Ok(Identity { store: StoreId::new(&inner.id), schema: 1, money: inner.money })
    }

    fn bind(&self, kind: Kind) -> Result<(), StoreError> {
        self.lock().bind(kind)
    }

    fn accept(&self, acceptance: &Acceptance) -> Result<Accepted, StoreError> {
        self.transact(|inner| {
            let (mut same, mut fresh) = (Vec::new(), Vec::new());
            for new in &acceptance.jobs {
                let terms = &new.job.terms;
                if let Some(old) = inner.jobs.values().find(|j| j.terms.key == terms.key) {
                    if old.terms.content != terms.content {
                        let taken = Accepted::KeyTaken { key: terms.key.clone(), job: old.terms.id.clone() };
                        return Ok((taken, false));
                    }
                    same.push(old.terms.id.clone());
                } else if let Some(found) = inner.adopted_as(&terms.tag) {
                    same.push(found);
                } else {
                    fresh.push(new);
                }
            }
            if fresh.is_empty() && !same.is_empty() {
                return Ok((Accepted::Same(same), false));
            }
            if fresh.iter().any(|n| !n.job.terms.is_local()) {
                inner.bind(if acceptance.world.is_some() { Kind::Play } else { Kind::Real })?;
            }
            if let Some((id, key)) = &acceptance.collection {
                inner.collections.entry(id.clone()).or_insert((key.clone(), acceptance.at));
            }
            inner.put_blobs(&acceptance.blobs);
            for new in fresh {
                if let Some(shortfall) = inner.book(None, &new.job, true, acceptance.at)? {
                    return Ok((Accepted::OverBudget(shortfall), false));
                }
                inner.put_job(new.job.clone());
                if let Some((id, _)) = &acceptance.collection {
                    let points = new.points.iter().map(|n| ((id.clone(), *n), new.job.terms.id.clone()));
                    inner.points.extend(points);
                }
                if let Some(lease) = &acceptance.worker {
                    inner.leases.insert(new.job.terms.id.clone(), lease.clone());
                }
                inner.record(&new.job.terms.id, "accepted", super::detail(&new.job), acceptance.at);
            }
            Ok((Accepted::New, true))
        })
    }

    fn collections(&self) -> Result<Vec<Collection>, StoreError> {
        let inner = self.lock();
        let mut all: Vec<Collection> = inner
            .collections
            .iter()
            .map(|(id, (key, at))| Collection {
                id: id.clone(),
                key: key.clone(),
                created_at: *at,
                points: inner.points.keys().filter(|(c, _)| c == id).count() as u64,
            })
            .collect();
        all.sort_by(|a, b| (b.created_at, &b.id).cmp(&(a.created_at, &a.id)));
        Ok(all)
    }

    fn points(&self, id: &CollectionId) -> Result<Vec<(u64, JobId)>, StoreError> {
        let inner = self.lock();
        let own = inner.points.iter().filter(|((c, _), _)| c == id);
        Ok(own.map(|((_, n), job)| (*n, job.clone())).collect())
    }

    fn census(&self) -> Result<BTreeMap<State, u64>, StoreError> {
        let mut out = BTreeMap::new();
        for job in self.lock().jobs.values() {
            *out.entry(State::of(job)).or_default() += 1;
        }
        Ok(out)
    }

    fn failures(&self, id: &CollectionId, since: Timestamp) -> Result<u64, StoreError> {
        let inner = self.lock();
        let failed = |j: &&Job| {
            j.terms.collection.as_ref() == Some(id)
                && j.terms.created_at >= since
                && matches!(State::of(j), State::Failed | State::Refused)
        };
        Ok(inner.jobs.values().filter(failed).count() as u64)
    }

    fn job(&self, id: &JobId) -> Result<Job, StoreError> {
        self.lock()
            .jobs
            .get(id)
            .cloned()
            .ok_or_else(|| StoreError::Missing { what: "job", name: id.to_string() })
    }

    fn resolve(&self, argument: &str) -> Result<Vec<JobId>, StoreError> {
        let inner = self.lock();
        let exact = |j: &&Job| {
            j.terms.id.as_str() == argument
                || j.terms.key == argument
                || j.task().is_some_and(|t| t.as_str() == argument)
                || j.past.iter().any(|p| p.task.as_ref().is_some_and(|t| t.as_str() == argument))
        };
        let found: Vec<JobId> = inner.jobs.values().filter(exact).map(|j| j.terms.id.clone()).collect();
        if !found.is_empty() || argument.is_empty() {
            return Ok(found);
        }
        let bare = |id: &JobId| {
            id.as_str().trim_start_matches("j_").starts_with(argument) || id.as_str().starts_with(argument)
        };
        Ok(inner.jobs.keys().filter(|id| bare(id)).cloned().collect())
    }

    fn last(&self) -> Result<Option<JobId>, StoreError> {
        let inner = self.lock();
        let born = |j: &&Job| (j.terms.created_at, j.terms.id.clone());
        Ok(inner.jobs.values().filter(|j| !j.terms.adopted).max_by_key(born).map(|j| j.terms.id.clone()))
    }

    fn jobs(&self, filter: &Filter) -> Result<Vec<Job>, StoreError> {
        let inner = self.lock();
        let mut found: Vec<Job> = inner.jobs.values().filter(|j| matches(filter, j)).cloned().collect();
        found.sort_by(|a, b| (b.terms.created_at, &b.terms.id).cmp(&(a.terms.created_at, &a.terms.id)));
        found.truncate(filter.limit.unwrap_or(usize::MAX));
        Ok(found)
    }

    fn costs(
        &self,
        (since, until): (Option<Timestamp>, Option<Timestamp>),
        with_tags: bool,
        each: &mut dyn FnMut(&CostRow),
    ) -> Result<(), StoreError> {
        let filter = Filter { since, until, ..Filter::default() };
        for job in self.lock().jobs.values().filter(|j| matches(&filter, j)) {
            each(&super::cost_row(job, with_tags));
        }
        Ok(())
    }

    fn due(
        &self,
        now: Timestamp,
        max: usize,
        skip: &dyn Fn(&JobId) -> bool,
    ) -> Result<Vec<JobId>, StoreError> {
        let inner = self.lock();
        let lot =
            |j: &Job| j.terms.collection.as_ref().map_or_else(|| j.terms.id.to_string(), ToString::to_string);
        let mut due: Vec<(Timestamp, JobId, String)> = inner
            .jobs
            .values()
            .filter_map(|j| Some((due_at(j)?, j.terms.id.clone(), lot(j))))
            .filter(|(at, id, _)| *at <= now && !skip(id))
            .collect();
        due.sort();
        Ok(super::in_turns(due.into_iter().map(|(_, id, lot)| (id, lot)).collect(), max))
    }

    fn next_due(&self, after: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.lock().jobs.values().filter_map(due_at).filter(|at| *at > after).min())
    }

    fn lease(
        &self,
        id: &JobId,
        runner: &RunnerId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut inner = self.lock();
        let free = inner.leases.get(id).is_none_or(|(holder, end)| holder == runner || *end <= now);
        if free {
            inner.leases.insert(id.clone(), (runner.clone(), until));
        }
        Ok(free)
    }

    fn lease_holder(&self, id: &JobId) -> Result<Option<RunnerId>, StoreError> {
        Ok(self.lock().leases.get(id).map(|(holder, _)| holder.clone()))
    }

    fn unlease(&self, id: &JobId, runner: &RunnerId) -> Result<(), StoreError> {
        let mut inner = self.lock();
        if inner.leases.get(id).is_some_and(|(holder, _)| holder == runner) {
            inner.leases.remove(id);
        }
        Ok(())
    }

    fn commit(&self, change: &Change) -> Result<Committed, StoreError> {
        self.transact(|inner| inner.commit(change))
    }

    fn commit_all(&self, changes: &[Change]) -> Result<Vec<Committed>, StoreError> {
        changes.iter().map(|change| self.commit(change)).collect()
    }

    fn lease_all(
        &self,
        ids: &[JobId],
        runner: &RunnerId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<JobId>, StoreError> {
        let mut taken = Vec::new();
        for id in ids {
            if self.lease(id, runner, now, until)? {
                taken.push(id.clone());
            }
        }
        Ok(taken)
    }

    fn adopt(&self, job: &Job, at: Timestamp) -> Result<(), StoreError> {
        self.adopt_all(std::slice::from_ref(job), at).map(|_| ())
    }

    fn adopt_all(&self, jobs: &[Job], at: Timestamp) -> Result<Vec<JobId>, StoreError> {
        self.transact(|inner| {
            let mut fresh = Vec::new();
            for job in jobs {
                let known = job.task().is_some_and(|task| inner.knows_task(task));
                if known || inner.jobs.contains_key(&job.terms.id) {
                    continue;
                }
                inner.book(None, job, false, at)?;
                inner.record(&job.terms.id, "adopted", super::detail(job), at);
                inner.put_job(job.clone());
                fresh.push(job.terms.id.clone());
            }
            Ok((fresh, true))
        })
    }

    fn relabel(&self, ids: &[JobId], labels: &Labels, at: Timestamp) -> Result<u64, StoreError> {
        self.transact(|inner| {
            let mut changed = 0;
            for id in ids {
                let missing = || StoreError::Missing { what: "job", name: id.to_string() };
                if let Some(job) = labels.on(inner.jobs.get(id).ok_or_else(missing)?) {
                    inner.record(id, "tagged", super::words(labels), at);
                    inner.put_job(job);
                    changed += 1;
                }
            }
            Ok((changed, true))
        })
    }

    fn knows_task(&self, task: &QuantumTaskArn) -> Result<bool, StoreError> {
        Ok(self.lock().knows_task(task))
    }

    fn blob(&self, id: &BlobId) -> Result<Vec<u8>, StoreError> {
        self.lock()
            .blobs
            .get(id)
            .cloned()
            .ok_or_else(|| StoreError::Missing { what: "blob", name: id.to_string() })
    }

    fn events(&self, id: &JobId) -> Result<Vec<EventRecord>, StoreError> {
        Ok(self.lock().events.iter().filter(|e| e.job == *id).cloned().collect())
    }

    fn set_scanned(&self, lane: &Lane, to: Timestamp) -> Result<(), StoreError> {
        self.lock().lanes.insert(lane.clone(), Some(to));
        Ok(())
    }

    fn scanned(&self, lane: &Lane) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.lock().lanes.get(lane).copied().flatten())
    }

    fn lanes(&self) -> Result<Vec<Lane>, StoreError> {
        Ok(self.lock().lanes.keys().cloned().collect())
    }

    fn add_budget(&self, budget: &Budget) -> Result<(), StoreError> {
        let mut inner = self.lock();
        if inner.budgets.contains_key(&budget.name) {
            return Err(StoreError::Exists { what: "budget", name: budget.name.to_string() });
        }
        inner.budgets.insert(budget.name.clone(), budget.clone());
        Ok(())
    }

    fn set_alerts(&self, name: &BudgetName, alerts: &[Alert], _at: Timestamp) -> Result<(), StoreError> {
        let mut inner = self.lock();
        let budget = inner.budgets.get_mut(name).filter(|b| b.removed_at.is_none());
        let missing = || StoreError::Missing { what: "budget", name: name.to_string() };
        budget.ok_or_else(missing)?.alerts = alerts.to_vec();
        Ok(())
    }

    fn set_limit(&self, name: &BudgetName, limit: Money, _at: Timestamp) -> Result<(), StoreError> {
        let mut inner = self.lock();
        let budget = inner.budgets.get_mut(name).filter(|b| b.removed_at.is_none());
        budget.ok_or_else(|| StoreError::Missing { what: "budget", name: name.to_string() })?.limit = limit;
        Ok(())
    }

    fn remove_budget(&self, name: &BudgetName, at: Timestamp) -> Result<(), StoreError> {
        let mut inner = self.lock();
        let budget = inner.budgets.get_mut(name).filter(|b| b.removed_at.is_none());
        budget.ok_or_else(|| StoreError::Missing { what: "budget", name: name.to_string() })?.removed_at =
            Some(at);
        Ok(())
    }

    fn budgets(&self, at: Timestamp) -> Result<Vec<BudgetStatus>, StoreError> {
        let inner = self.lock();
        let open = inner.budgets.values().filter(|b| b.removed_at.is_none());
        Ok(open
            .map(|budget| {
                let period = budget.per.key(at);
                let balance =
                    period.as_ref().map_or_else(Balance::default, |p| inner.balance(&budget.name, p));
                BudgetStatus { budget: budget.clone(), period, balance }
            })
            .collect())
    }

    fn journal(&self, budget: Option<&BudgetName>) -> Result<Vec<Posting>, StoreError> {
        let inner = self.lock();
        let bound = |job: &JobId| {
            budget.is_none_or(|name| inner.jobs.get(job).is_some_and(|j| j.terms.budgets.contains(name)))
        };
        Ok(inner.postings.iter().filter(|p| bound(&p.job)).cloned().collect())
    }

    fn totals(&self) -> Result<Totals, StoreError> {
        super::totals_of(&self.lock().postings)
    }

    fn check(&self) -> Result<(), StoreError> {
        let inner = self.lock();
        super::check_chain(&inner.postings)?;
        let jobs: Vec<&Job> = inner.jobs.values().collect();
        super::check_totals(&super::totals_of(&inner.postings)?, &jobs)
    }
}

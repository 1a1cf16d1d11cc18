//! The store as the simulation sees it: it crashes around commits, and every write is audited.

use super::plants::Plant;
use super::world::Sim;
use crate::budget::Budget;
use crate::budget::ledger::Posting;
use crate::ids::{BlobId, BudgetName, CollectionId, JobId, QuantumTaskArn, RunnerId};
use crate::job::{Job, Lane, State};
use crate::money::Money;
use crate::store::{
    Acceptance, Accepted, BudgetStatus, Change, Collection, Committed, EventRecord, Filter, Identity, Kind,
    Note, Notes, Store, StoreError, Totals,
};
use crate::time::Timestamp;

/// A store around another one.
pub struct Books<'s> {
    pub sim: &'s Sim,
    pub inner: Box<dyn Store>,
    pub plant: Option<Plant>,
}

fn crashed() -> StoreError {
    StoreError::Io("the process ended".to_owned())
}

impl Books<'_> {
    fn crash(&self, where_: &'static str) -> Result<(), StoreError> {
        if self.sim.hits(0.01) {
            self.sim.count(where_);
            return Err(crashed());
        }
        Ok(())
    }

    /// After every write: no cap is passed, and what AWS may bill is held.
    fn audit(&self) -> Result<(), StoreError> {
        for status in self.inner.budgets(Timestamp::from_micros(self.sim.now.get()))? {
            if status.balance.committed() > status.budget.limit {
                let over = format!(
                    "budget {}: {} of {}",
                    status.budget.name,
                    status.balance.committed(),
                    status.budget.limit
                );
                self.sim.auditor.borrow_mut().accuse(over);
            }
        }
        Ok(())
    }

    /// Money for a task that AWS took just now is held.
    pub fn audit_tasks(&self) -> Result<(), StoreError> {
        let fresh = std::mem::take(&mut self.sim.auditor.borrow_mut().fresh);
        for arn in fresh {
            let mut auditor = self.sim.auditor.borrow_mut();
            let Some(task) = auditor.tasks.get(&arn) else { continue };
            let most = task.rates.0 + task.rates.1 * task.shots;
            let jobs = self.inner.jobs(&Filter::default())?;
            let held = jobs.iter().find(|j| j.terms.tag.as_str() == task.job).map_or(0, |j| j.held.nanos());
            if held < most {
                let story = format!("task {arn} of job {} may cost {most} and {held} is held", task.job);
                auditor.accuse(story);
            }
        }
        Ok(())
    }
}

impl Notes for Books<'_> {
    fn put_note(&self, note: &Note) -> Result<(), StoreError> {
        self.inner.put_note(note)
    }
    fn remove_note(&self, place: &str) -> Result<(), StoreError> {
        self.inner.remove_note(place)
    }
    fn notes(&self) -> Result<Vec<Note>, StoreError> {
        self.inner.notes()
    }
}

impl Store for Books<'_> {
    fn accept(&self, acceptance: &Acceptance) -> Result<Accepted, StoreError> {
        self.crash("crash before a commit")?;
        let accepted = self.inner.accept(acceptance)?;
        self.sim.note("accept", format!("{accepted:?}").as_bytes());
        self.audit()?;
        self.crash("crash after a commit")?;
        Ok(accepted)
    }

    fn commit(&self, change: &Change) -> Result<Committed, StoreError> {
        self.crash("crash before a commit")?;
        let mut change = change.clone();
        match self.plant {
            Some(Plant::NoVersion) => {
                change.before.version = self.inner.job(&change.before.terms.id)?.version
            }
            Some(Plant::Unguarded) => change.guarded = false,
            Some(Plant::FalseCommit) if self.sim.chance.hits(0.05) => {
                return Ok(Committed::Yes(change.before.version + 1));
            }
            Some(Plant::HalfHold) if change.event.name() == "opened" => {
                change.after.held = Money::from_nanos(change.after.held.nanos() / 2);
            }
            _ => {}
        }
        let committed = self.inner.commit(&change)?;
        let line = format!("{} {} {:?}", change.before.terms.id, change.event.name(), committed);
        self.sim.note(&line, b"");
        self.audit()?;
        self.crash("crash after a commit")?;
        Ok(committed)
    }

    fn commit_all(&self, changes: &[Change]) -> Result<Vec<Committed>, StoreError> {
        self.crash("crash before a commit")?;
        let committed = self.inner.commit_all(changes)?;
        self.sim.note(&format!("{} at once: {committed:?}", changes.len()), b"");
        self.audit()?;
        self.crash("crash after a commit")?;
        Ok(committed)
    }

    fn adopt(&self, job: &Job, at: Timestamp) -> Result<(), StoreError> {
        self.crash("crash before a commit")?;
        self.inner.adopt(job, at)?;
        self.sim.note("adopted", job.terms.id.as_str().as_bytes());
        self.crash("crash after a commit")
    }

    fn identity(&self) -> Result<Identity, StoreError> {
        self.inner.identity()
    }
    fn bind(&self, kind: Kind) -> Result<(), StoreError> {
        self.inner.bind(kind)
    }
    fn collections(&self) -> Result<Vec<Collection>, StoreError> {
        self.inner.collections()
    }
    fn points(&self, id: &CollectionId) -> Result<Vec<(u64, JobId)>, StoreError> {
        self.inner.points(id)
    }
    fn census(&self) -> Result<std::collections::BTreeMap<State, u64>, StoreError> {
        self.inner.census()
    }
    fn failures(&self, id: &CollectionId, since: Timestamp) -> Result<u64, StoreError> {
        self.inner.failures(id, since)
    }
    fn lease_all(
        &self,
        ids: &[JobId],
        who: &RunnerId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<JobId>, StoreError> {
        self.inner.lease_all(ids, who, now, until)
    }
    fn job(&self, id: &JobId) -> Result<Job, StoreError> {
        self.inner.job(id)
    }
    fn resolve(&self, argument: &str) -> Result<Vec<JobId>, StoreError> {
        self.inner.resolve(argument)
    }
    fn last(&self) -> Result<Option<JobId>, StoreError> {
        self.inner.last()
    }
    fn jobs(&self, filter: &Filter) -> Result<Vec<Job>, StoreError> {
        self.inner.jobs(filter)
    }
    fn due(
        &self,
        now: Timestamp,
        max: usize,
        skip: &dyn Fn(&JobId) -> bool,
    ) -> Result<Vec<JobId>, StoreError> {
        self.inner.due(now, max, skip)
    }
    fn next_due(&self, after: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        self.inner.next_due(after)
    }
    fn lease(
        &self,
        id: &JobId,
        who: &RunnerId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        self.inner.lease(id, who, now, until)
    }
    fn lease_holder(&self, id: &JobId) -> Result<Option<RunnerId>, StoreError> {
        self.inner.lease_holder(id)
    }
    fn unlease(&self, id: &JobId, runner: &RunnerId) -> Result<(), StoreError> {
        self.inner.unlease(id, runner)
    }
    fn adopt_all(&self, jobs: &[Job], at: Timestamp) -> Result<Vec<JobId>, StoreError> {
        self.inner.adopt_all(jobs, at)
    }
    fn costs(
        &self,
        span: (Option<Timestamp>, Option<Timestamp>),
        with_tags: bool,
        each: &mut dyn FnMut(&crate::store::CostRow),
    ) -> Result<(), StoreError> {
        self.inner.costs(span, with_tags, each)
    }
    fn relabel(
        &self,
        ids: &[JobId],
        labels: &crate::store::Labels,
        at: Timestamp,
    ) -> Result<u64, StoreError> {
        self.inner.relabel(ids, labels, at)
    }
    fn knows_task(&self, task: &QuantumTaskArn) -> Result<bool, StoreError> {
        self.inner.knows_task(task)
    }
    fn blob(&self, id: &BlobId) -> Result<Vec<u8>, StoreError> {
        self.inner.blob(id)
    }
    fn events(&self, id: &JobId) -> Result<Vec<EventRecord>, StoreError> {
        self.inner.events(id)
    }
    fn set_scanned(&self, lane: &Lane, to: Timestamp) -> Result<(), StoreError> {
        self.inner.set_scanned(lane, to)
    }
    fn scanned(&self, lane: &Lane) -> Result<Option<Timestamp>, StoreError> {
        self.inner.scanned(lane)
    }
    fn lanes(&self) -> Result<Vec<Lane>, StoreError> {
        self.inner.lanes()
    }
    fn add_budget(&self, budget: &Budget) -> Result<(), StoreError> {
        self.inner.add_budget(budget)
    }
    fn set_alerts(
        &self,
        name: &BudgetName,
        alerts: &[crate::budget::Alert],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.inner.set_alerts(name, alerts, at)
    }
    fn set_limit(&self, name: &BudgetName, limit: Money, at: Timestamp) -> Result<(), StoreError> {
        self.inner.set_limit(name, limit, at)
    }
    fn remove_budget(&self, name: &BudgetName, at: Timestamp) -> Result<(), StoreError> {
        self.inner.remove_budget(name, at)
    }
    fn budgets(&self, at: Timestamp) -> Result<Vec<BudgetStatus>, StoreError> {
        self.inner.budgets(at)
    }
    fn journal(&self, budget: Option<&BudgetName>) -> Result<Vec<Posting>, StoreError> {
        self.inner.journal(budget)
    }
    fn totals(&self) -> Result<Totals, StoreError> {
        self.inner.totals()
    }
    fn check(&self) -> Result<(), StoreError> {
        self.inner.check()
    }
}

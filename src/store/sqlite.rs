//! The default store: one SQLite file, safe under any number of processes.
//!
//! Every write is one immediate transaction with a synced commit. Source of the settings: SQLite's
//! WAL documentation; `synchronous=FULL` because NORMAL may forget commits at a power loss.

mod checked;
mod jobs;
mod money;
mod notes;
mod open;
mod outbox;
mod place;

use jobs::lease_in;
pub use open::restore;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::{
    Acceptance, Accepted, BudgetStatus, Change, Collection, Committed, CostRow, EventRecord, Filter,
    Identity, Kind, Labels, Store, StoreError, Totals, detail, in_turns, rows,
};
use crate::budget::ledger::Posting;
use crate::budget::{Alert, Balance, Budget};
use crate::failpoint;
use crate::ids::{BlobId, BudgetName, CollectionId, JobId, QuantumTaskArn, RunnerId, StoreId};
use crate::job::{Job, Lane, State};
use crate::money::Money;
use crate::time::Timestamp;

/// Results up to this size live in the file, larger ones beside it. Units: bytes.
const INLINE_BYTES: usize = 64 << 10;

/// A store in one file.
pub struct SqliteStore {
    connection: Mutex<Connection>,
    path: PathBuf,
    id: StoreId,
    /// Its marker names another machine.
    elsewhere: AtomicBool,
    /// More was written than local jobs need.
    fold: AtomicBool,
}

/// Folding the log into the file doubles the three synced writes of a local job, so a process that wrote
/// only such jobs leaves the log to the next one. One that wrote money or budgets folds them into the file.
impl Drop for SqliteStore {
    fn drop(&mut self) {
        let leave = !*self.fold.get_mut();
        let connection = self.connection.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _the_log_is_whole_either_way =
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, leave);
    }
}

/// What SQLite said, in our words.
pub(super) fn trouble(error: rusqlite::Error) -> StoreError {
    use rusqlite::ErrorCode;
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy,
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Damaged(error.to_string()),
        _ => StoreError::Io(error.to_string()),
    }
}

impl SqliteStore {
    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One immediate transaction; kept only when `f` says so.
    fn transact<T>(
        &self,
        f: impl FnOnce(&Transaction<'_>) -> Result<(T, bool), StoreError>,
    ) -> Result<T, StoreError> {
        self.fold.store(true, Ordering::Relaxed);
        self.transact_jobs(f)
    }

    /// The same for jobs, of which local ones do not ask for the file itself.
    fn transact_jobs<T>(
        &self,
        f: impl FnOnce(&Transaction<'_>) -> Result<(T, bool), StoreError>,
    ) -> Result<T, StoreError> {
        let mut connection = self.lock();
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(trouble)?;
        let (out, keep) = f(&transaction)?;
        let injected = |e: failpoint::Injected| StoreError::Io(e.to_string());
        if keep {
            failpoint::hit("commit.before").map_err(injected)?;
            transaction.commit().map_err(trouble)?;
            failpoint::hit("commit.after").map_err(injected)?;
        }
        Ok(out)
    }

    fn blob_file(&self, id: &BlobId) -> PathBuf {
        self.path.with_file_name("blobs").join(id.as_str())
    }

    /// Large bytes are on disk, whole and synced, before the row that names them.
    fn put_blobs(&self, t: &Transaction<'_>, blobs: &[Vec<u8>]) -> Result<(), StoreError> {
        for blob in blobs {
            let id = BlobId::of(blob);
            let inline = (blob.len() <= INLINE_BYTES).then_some(blob);
            if inline.is_none() {
                open::write_file(&self.blob_file(&id), blob)?;
            }
            t.prepare_cached("INSERT OR IGNORE INTO blob (id, bytes) VALUES (?1, ?2)")
                .and_then(|mut s| s.execute(params![id.as_str(), inline]))
                .map_err(trouble)?;
        }
        Ok(())
    }

    fn record(t: &Transaction<'_>, job: &Job, name: &str, at: Timestamp) -> Result<(), StoreError> {
        Self::note(t, job, name, &detail(job), at)
    }

    fn note(
        t: &Transaction<'_>,
        job: &Job,
        name: &str,
        words: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        t.prepare_cached("INSERT INTO event (at, job, name, detail) VALUES (?1, ?2, ?3, ?4)")
            .and_then(|mut s| s.execute(params![at.micros(), job.terms.id.as_str(), name, words]))
            .map_err(trouble)?;
        Ok(())
    }

    fn bind_in(t: &Connection, kind: Kind) -> Result<(), StoreError> {
        match open::meta(t, "money")?.as_deref().and_then(Kind::named) {
            None => open::set_meta(t, "money", kind.word()),
            Some(held) if held == kind => Ok(()),
            Some(held) => Err(StoreError::OtherMoney { holds: held.word(), job: kind.word() }),
        }
    }

    /// Reads as of one moment, whatever is written meanwhile.
    fn snapshot<T>(&self, f: impl FnOnce(&Connection) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut connection = self.lock();
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Deferred).map_err(trouble)?;
        f(&transaction)
    }

    fn commit_in(&self, t: &Transaction<'_>, change: &Change) -> Result<(Committed, bool), StoreError> {
        let stored = Self::load(t, &change.before.terms.id)?;
        if stored.version != change.before.version {
            return Ok((Committed::Reload, false));
        }
        let mut after = change.after.clone();
        after.version = stored.version + 1;
        self.fold.fetch_or(!after.terms.is_local(), Ordering::Relaxed);
        self.put_blobs(t, &change.blobs)?;
        Self::put_job(t, &after)?;
        if let Some(shortfall) = money::book(t, Some(&stored), &after, change.guarded, change.at)? {
            return Ok((Committed::OverBudget(shortfall), false));
        }
        Self::record(t, &after, change.event.name(), change.at)?;
        Self::tell(t, &stored, &after, change.at)?;
        Ok((Committed::Yes(after.version), true))
    }

    fn ids(&self, sql: &str, values: impl rusqlite::Params) -> Result<Vec<JobId>, StoreError> {
        let connection = self.lock();
        let mut statement = connection.prepare_cached(sql).map_err(trouble)?;
        let ids = statement.query_map(values, |r| r.get::<_, String>(0)).map_err(trouble)?;
        ids.map(|id| id.map(JobId::new).map_err(trouble)).collect()
    }

    /// Where the file is.
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }
}

impl Store for SqliteStore {
    fn outbox(&self) -> Option<&dyn super::Outbox> {
        Some(self)
    }

    fn is_elsewhere(&self) -> bool {
        self.elsewhere.load(Ordering::Relaxed)
    }

    fn identity(&self) -> Result<Identity, StoreError> {
        let connection = self.lock();
        let money = open::meta(&connection, "money")?.as_deref().and_then(Kind::named);
        Ok(Identity { store: self.id.clone(), schema: open::SCHEMA, money })
    }

    fn bind(&self, kind: Kind) -> Result<(), StoreError> {
        self.transact(|t| Self::bind_in(t, kind).map(|()| ((), true)))
    }

    fn accept(&self, acceptance: &Acceptance) -> Result<Accepted, StoreError> {
        self.transact_jobs(|t| {
            let (mut same, mut fresh) = (Vec::new(), Vec::new());
            for new in &acceptance.jobs {
                let terms = &new.job.terms;
                let old: Option<(String, String)> = t
                    .prepare_cached("SELECT id, content FROM job WHERE key = ?1")
                    .and_then(|mut s| {
                        s.query_row(params![terms.key], |r| Ok((r.get(0)?, r.get(1)?))).optional()
                    })
                    .map_err(trouble)?;
                match old {
                    Some((id, content)) if content == terms.content.as_str() => same.push(JobId::new(id)),
                    Some((id, _)) => {
                        let taken = Accepted::KeyTaken { key: terms.key.clone(), job: JobId::new(id) };
                        return Ok((taken, false));
                    }
                    None => match Self::adopted_as(t, new)? {
                        Some(id) => same.push(id),
                        None => fresh.push(new),
                    },
                }
            }
            if fresh.is_empty() && !same.is_empty() {
                return Ok((Accepted::Same(same), false));
            }
            if fresh.iter().any(|n| !n.job.terms.is_local()) {
                self.fold.store(true, Ordering::Relaxed);
                Self::bind_in(t, if acceptance.world.is_some() { Kind::Play } else { Kind::Real })?;
            }
            if let Some((id, key)) = &acceptance.collection {
                let values = params![id.as_str(), key, acceptance.at.micros()];
                t.execute(
                    "INSERT OR IGNORE INTO collection (id, key, created_at) VALUES (?1, ?2, ?3)",
                    values,
                )
                .map_err(trouble)?;
            }
            self.put_blobs(t, &acceptance.blobs)?;
            for new in fresh {
                Self::put_job(t, &new.job)?;
                if let Some(shortfall) = money::book(t, None, &new.job, true, acceptance.at)? {
                    return Ok((Accepted::OverBudget(shortfall), false));
                }
                let collection =
                    acceptance.collection.as_ref().map_or(new.job.terms.id.as_str(), |(id, _)| id.as_str());
                for point in &new.points {
                    let values = params![collection, *point as i64, new.job.terms.id.as_str()];
                    let sql = if acceptance.again {
                        "INSERT OR REPLACE INTO point (collection, number, job) VALUES (?1, ?2, ?3)"
                    } else {
                        "INSERT INTO point (collection, number, job) VALUES (?1, ?2, ?3)"
                    };
                    t.prepare_cached(sql).and_then(|mut s| s.execute(values)).map_err(trouble)?;
                }
                if let Some((runner, until)) = &acceptance.worker {
                    lease_in(t, &new.job.terms.id, runner, acceptance.at, *until)?;
                }
                Self::record(t, &new.job, "accepted", acceptance.at)?;
            }
            Ok((Accepted::New, true))
        })
    }

    fn collections(&self) -> Result<Vec<Collection>, StoreError> {
        let connection = self.lock();
        let sql = "SELECT id, key, created_at, (SELECT count(*) FROM point WHERE collection = c.id) \
                   FROM collection c ORDER BY created_at DESC, id DESC";
        let mut statement = connection.prepare_cached(sql).map_err(trouble)?;
        let rows = statement.query_map([], |r| {
            Ok(Collection {
                id: CollectionId::new(r.get::<_, String>(0)?),
                key: r.get(1)?,
                created_at: Timestamp::from_micros(r.get(2)?),
                points: r.get::<_, i64>(3)? as u64,
            })
        });
        rows.map_err(trouble)?.map(|row| row.map_err(trouble)).collect()
    }

    fn points(&self, id: &CollectionId) -> Result<Vec<(u64, JobId)>, StoreError> {
        let connection = self.lock();
        let mut statement = connection
            .prepare_cached("SELECT number, job FROM point WHERE collection = ?1 ORDER BY number")
            .map_err(trouble)?;
        let rows = statement.query_map(params![id.as_str()], |r| {
            Ok((r.get::<_, i64>(0)? as u64, JobId::new(r.get::<_, String>(1)?)))
        });
        rows.map_err(trouble)?.map(|row| row.map_err(trouble)).collect()
    }

    fn census(&self) -> Result<BTreeMap<State, u64>, StoreError> {
        Self::count_states(&self.lock())
    }

    fn failures(&self, id: &CollectionId, since: Timestamp) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM job WHERE lot = ?1 AND created_at >= ?2 \
                   AND state IN ('FAILED', 'REFUSED')";
        let connection = self.lock();
        let mut statement = connection.prepare_cached(sql).map_err(trouble)?;
        let n: i64 =
            statement.query_row(params![id.as_str(), since.micros()], |r| r.get(0)).map_err(trouble)?;
        Ok(n as u64)
    }

    fn job(&self, id: &JobId) -> Result<Job, StoreError> {
        Self::load(&self.lock(), id)
    }

    fn resolve(&self, argument: &str) -> Result<Vec<JobId>, StoreError> {
        let exact = self.ids(
            "SELECT id FROM job WHERE id = ?1 OR key = ?1 UNION SELECT job FROM attempt WHERE task = ?1",
            params![argument],
        )?;
        if !exact.is_empty() || argument.is_empty() {
            return Ok(exact);
        }
        let sql = "SELECT id FROM job WHERE substr(id, 1, length(?1)) = ?1 OR substr(id, 3, length(?1)) = ?1 LIMIT 10";
        self.ids(sql, params![argument])
    }

    fn last(&self) -> Result<Option<JobId>, StoreError> {
        let sql = "SELECT id FROM job WHERE adopted = 0 ORDER BY created_at DESC, id DESC LIMIT 1";
        Ok(self.ids(sql, [])?.into_iter().next())
    }

    fn jobs(&self, filter: &Filter) -> Result<Vec<Job>, StoreError> {
        Self::list(&self.lock(), filter)
    }

    fn costs(
        &self,
        span: (Option<Timestamp>, Option<Timestamp>),
        with_tags: bool,
        each: &mut dyn FnMut(&CostRow),
    ) -> Result<(), StoreError> {
        self.snapshot(|c| Self::costs_in(c, span, with_tags, each))
    }

    fn due(
        &self,
        now: Timestamp,
        max: usize,
        skip: &dyn Fn(&JobId) -> bool,
    ) -> Result<Vec<JobId>, StoreError> {
        let connection = self.lock();
        let sql = "SELECT id, lot FROM job WHERE due_at IS NOT NULL AND due_at <= ?1 ORDER BY due_at, id";
        let mut statement = connection.prepare_cached(sql).map_err(trouble)?;
        let mut rows = statement.query(params![now.micros()]).map_err(trouble)?;
        let mut open = Vec::new();
        while let Some(row) = rows.next().map_err(trouble)? {
            let id = JobId::new(row.get::<_, String>(0).map_err(trouble)?);
            if !skip(&id) {
                open.push((id, row.get(1).map_err(trouble)?));
            }
        }
        Ok(in_turns(open, max))
    }

    fn age(&self) -> Result<Option<u64>, StoreError> {
        let connection = self.lock();
        // Commits of other connections, and rows changed by this one.
        let others: u32 = connection.query_row("PRAGMA data_version", [], |r| r.get(0)).map_err(trouble)?;
        Ok(Some(u64::from(others) << 40 | connection.total_changes() & ((1 << 40) - 1)))
    }

    fn next_due(&self, after: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let sql = "SELECT min(due_at) FROM job WHERE due_at > ?1";
        let at: Option<i64> =
            self.lock().query_row(sql, params![after.micros()], |r| r.get(0)).map_err(trouble)?;
        Ok(at.map(Timestamp::from_micros))
    }

    fn lease(
        &self,
        id: &JobId,
        runner: &RunnerId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StoreError> {
        lease_in(&self.lock(), id, runner, now, until)
    }

    fn lease_holder(&self, id: &JobId) -> Result<Option<RunnerId>, StoreError> {
        let holder: Option<Option<String>> = self
            .lock()
            .query_row("SELECT leased_by FROM job WHERE id = ?1", params![id.as_str()], |r| r.get(0))
            .optional()
            .map_err(trouble)?;
        Ok(holder.flatten().map(RunnerId::new))
    }

    fn unlease(&self, id: &JobId, runner: &RunnerId) -> Result<(), StoreError> {
        let sql = "UPDATE job SET leased_by = NULL WHERE id = ?1 AND leased_by = ?2";
        self.lock().execute(sql, params![id.as_str(), runner.as_str()]).map_err(trouble)?;
        Ok(())
    }

    fn commit(&self, change: &Change) -> Result<Committed, StoreError> {
        self.transact_jobs(|t| self.commit_in(t, change))
    }

    fn commit_all(&self, changes: &[Change]) -> Result<Vec<Committed>, StoreError> {
        self.transact_jobs(|t| {
            let mut out = Vec::with_capacity(changes.len());
            for change in changes {
                t.execute_batch("SAVEPOINT one").map_err(trouble)?;
                let (committed, keep) = self.commit_in(t, change)?;
                t.execute_batch(if keep { "RELEASE one" } else { "ROLLBACK TO one; RELEASE one" })
                    .map_err(trouble)?;
                out.push(committed);
            }
            Ok((out, true))
        })
    }

    fn lease_all(
        &self,
        ids: &[JobId],
        runner: &RunnerId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<JobId>, StoreError> {
        self.transact_jobs(|t| {
            let mut taken = Vec::new();
            for id in ids {
                if lease_in(t, id, runner, now, until)? {
                    taken.push(id.clone());
                }
            }
            Ok((taken, true))
        })
    }

    fn adopt(&self, job: &Job, at: Timestamp) -> Result<(), StoreError> {
        self.adopt_all(std::slice::from_ref(job), at).map(|_| ())
    }

    fn adopt_all(&self, jobs: &[Job], at: Timestamp) -> Result<Vec<JobId>, StoreError> {
        self.transact(|t| {
            let mut fresh = Vec::new();
            for job in jobs {
                if Self::adopt_in(t, job, at)? {
                    fresh.push(job.terms.id.clone());
                }
            }
            let keep = !fresh.is_empty();
            Ok((fresh, keep))
        })
    }

    fn relabel(&self, ids: &[JobId], labels: &Labels, at: Timestamp) -> Result<u64, StoreError> {
        self.transact(|t| {
            let mut changed = 0;
            for id in ids {
                if let Some(job) = labels.on(&Self::load(t, id)?) {
                    Self::put_job(t, &job)?;
                    Self::note(t, &job, "tagged", &super::words(labels), at)?;
                    changed += 1;
                }
            }
            Ok((changed, true))
        })
    }

    fn knows_task(&self, task: &QuantumTaskArn) -> Result<bool, StoreError> {
        let sql = "SELECT count(*) FROM attempt WHERE task = ?1";
        let n: i64 = self.lock().query_row(sql, params![task.as_str()], |r| r.get(0)).map_err(trouble)?;
        Ok(n > 0)
    }

    fn blob(&self, id: &BlobId) -> Result<Vec<u8>, StoreError> {
        let inline: Option<Option<Vec<u8>>> = self
            .lock()
            .query_row("SELECT bytes FROM blob WHERE id = ?1", params![id.as_str()], |r| r.get(0))
            .optional()
            .map_err(trouble)?;
        let bytes = match inline {
            Some(Some(bytes)) => bytes,
            Some(None) => open::read_file(&self.blob_file(id))?,
            None => return Err(StoreError::Missing { what: "blob", name: id.to_string() }),
        };
        if BlobId::of(&bytes) == *id {
            return Ok(bytes);
        }
        Err(StoreError::Damaged(format!("blob {id} does not match its hash")))
    }

    fn events(&self, id: &JobId) -> Result<Vec<EventRecord>, StoreError> {
        let connection = self.lock();
        let mut statement = connection
            .prepare_cached("SELECT sequence, at, name, detail FROM event WHERE job = ?1 ORDER BY sequence")
            .map_err(trouble)?;
        let records = statement.query_map(params![id.as_str()], |r| {
            Ok(EventRecord {
                sequence: r.get::<_, i64>(0)? as u64,
                at: Timestamp::from_micros(r.get(1)?),
                job: id.clone(),
                name: r.get(2)?,
                detail: r.get(3)?,
            })
        });
        records.map_err(trouble)?.map(|r| r.map_err(trouble)).collect()
    }

    fn set_scanned(&self, lane: &Lane, to: Timestamp) -> Result<(), StoreError> {
        let text = rows::lane_text(lane);
        let sql = "INSERT INTO lane (id, lane, scanned_to) VALUES (?1, ?1, ?2) \
                   ON CONFLICT (id) DO UPDATE SET scanned_to = ?2";
        self.lock().execute(sql, params![text, to.micros()]).map_err(trouble)?;
        Ok(())
    }

    fn scanned(&self, lane: &Lane) -> Result<Option<Timestamp>, StoreError> {
        let at: Option<Option<i64>> = self
            .lock()
            .query_row("SELECT scanned_to FROM lane WHERE id = ?1", params![rows::lane_text(lane)], |r| {
                r.get(0)
            })
            .optional()
            .map_err(trouble)?;
        Ok(at.flatten().map(Timestamp::from_micros))
    }

    fn lanes(&self) -> Result<Vec<Lane>, StoreError> {
        let connection = self.lock();
        let mut statement =
            connection.prepare_cached("SELECT lane FROM lane ORDER BY id").map_err(trouble)?;
        let texts = statement.query_map([], |r| r.get::<_, String>(0)).map_err(trouble)?;
        texts.map(|t| rows::lane(&t.map_err(trouble)?)).collect()
    }

    fn add_budget(&self, budget: &Budget) -> Result<(), StoreError> {
        self.transact(|t| money::add_budget(t, budget).map(|()| ((), true)))
    }

    fn set_limit(&self, name: &BudgetName, limit: Money, _at: Timestamp) -> Result<(), StoreError> {
        self.transact(|t| {
            let mut budget = money::open_budget(t, name)?;
            budget.limit = limit;
            money::put_budget(t, &budget).map(|()| ((), true))
        })
    }

    fn set_alerts(&self, name: &BudgetName, alerts: &[Alert], _at: Timestamp) -> Result<(), StoreError> {
        self.transact(|t| {
            let budget = Budget { alerts: alerts.to_vec(), ..money::open_budget(t, name)? };
            money::put_budget(t, &budget).map(|()| ((), true))
        })
    }

    fn remove_budget(&self, name: &BudgetName, at: Timestamp) -> Result<(), StoreError> {
        self.transact(|t| {
            let mut budget = money::open_budget(t, name)?;
            budget.removed_at = Some(at);
            money::put_budget(t, &budget).map(|()| ((), true))
        })
    }

    fn budgets(&self, at: Timestamp) -> Result<Vec<BudgetStatus>, StoreError> {
        self.snapshot(|c| {
            let mut out = Vec::new();
            for budget in money::all_budgets(c)?.into_iter().filter(|b| b.removed_at.is_none()) {
                let period = budget.per.key(at);
                let balance = match &period {
                    Some(period) => money::balance(c, &budget.name, period)?,
                    None => Balance::default(),
                };
                out.push(BudgetStatus { budget, period, balance });
            }
            Ok(out)
        })
    }

    fn journal(&self, budget: Option<&BudgetName>) -> Result<Vec<Posting>, StoreError> {
        money::journal(&self.lock(), budget)
    }

    fn totals(&self) -> Result<Totals, StoreError> {
        self.snapshot(money::totals)
    }

    fn check(&self) -> Result<(), StoreError> {
        self.snapshot(|c| {
            open::quick_check(c)?;
            let jobs = Self::list(c, &Filter::default())?;
            let postings = money::journal(c, None)?;
            money::check_journal(c, &postings)?;
            super::check_totals(&super::totals_of(&postings)?, &jobs.iter().collect::<Vec<_>>())?;
            money::check_balances(c)
        })
    }
}

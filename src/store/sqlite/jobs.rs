//! Jobs as rows: written whole, read whole, found by a filter.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::{SqliteStore, money, trouble};
use crate::ids::{JobId, QuantumTaskArn, RunnerId};
use crate::job::{Job, State, due_at};
use crate::money::Money;
use crate::store::{CostRow, Filter, NewJob, StoreError, matches, rows, shots_of, tasks_of};
use crate::time::Timestamp;

/// Jobs alike in everything that is grouped by. Without the name of the index SQLite reads the rows.
const SUMMED_COSTS: &str = "SELECT device, project, user, min(created_at), unsure, adopted, sum(held), sum(settled), \
    sum(shots), sum(tasks), NULL FROM job INDEXED BY job_cost WHERE created_at >= ?1 AND created_at < ?2 \
    GROUP BY device, project, user, day, unsure, adopted, paid";
const SINGLE_COSTS: &str = "SELECT device, project, user, created_at, unsure, adopted, held, settled, shots, tasks, terms \
    FROM job WHERE created_at >= ?1 AND created_at < ?2 ORDER BY id";
const JOB_COLUMNS: &str = "terms, life, checksum, version, held, settled";

fn job_of(row: &Row<'_>) -> rusqlite::Result<(rows::JobColumns, u64, i64, i64)> {
    let columns = rows::JobColumns { terms: row.get(0)?, life: row.get(1)?, checksum: row.get(2)? };
    Ok((columns, row.get::<_, i64>(3)? as u64, row.get(4)?, row.get(5)?))
}

fn built((columns, version, held, settled): (rows::JobColumns, u64, i64, i64)) -> Result<Job, StoreError> {
    rows::job(&columns, version, held, settled)
}

/// Takes or keeps a lease; false when another runner has it.
pub(super) fn lease_in(
    connection: &Connection,
    id: &JobId,
    runner: &RunnerId,
    now: Timestamp,
    until: Timestamp,
) -> Result<bool, StoreError> {
    // What is ours for a good while yet is not written again: each write is a synced commit.
    let ours = "SELECT 1 FROM job WHERE id = ?1 AND leased_by = ?2 AND leased_until - ?3 >= (?4 - ?3) / 2";
    let values = params![id.as_str(), runner.as_str(), now.micros(), until.micros()];
    if connection.prepare_cached(ours).and_then(|mut s| s.exists(values)).map_err(trouble)? {
        return Ok(true);
    }
    let sql = "UPDATE job SET leased_by = ?2, leased_until = ?4 WHERE id = ?1 AND \
               (leased_by IS NULL OR leased_by = ?2 OR leased_until <= ?3)";
    let values = params![id.as_str(), runner.as_str(), now.micros(), until.micros()];
    let changed = connection.prepare_cached(sql).and_then(|mut s| s.execute(values)).map_err(trouble)?;
    Ok(changed == 1)
}

impl SqliteStore {
    pub(super) fn put_job(t: &Transaction<'_>, job: &Job) -> Result<(), StoreError> {
        let c = rows::job_columns(job);
        let terms = &job.terms;
        t.prepare_cached(
            "INSERT INTO job (id, key, content, version, state, held, settled, due_at, created_at, device, project, \
             adopted, terms, life, checksum, shots, user, tasks) \
             VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18) \
             ON CONFLICT (id) DO UPDATE SET version=?4, state=?5, held=?6, settled=?7, due_at=?8, project=?11, terms=?13, \
             life=?14, checksum=?15, shots=?16, tasks=?18",
        )
        .and_then(|mut s| {
            s.execute(params![
                terms.id.as_str(),
                terms.key,
                terms.content.as_str(),
                job.version as i64,
                State::of(job).word(),
                job.held.nanos(),
                job.settled.nanos(),
                due_at(job).map(Timestamp::micros),
                terms.created_at.micros(),
                terms.device,
                terms.project,
                terms.adopted,
                c.terms,
                c.life,
                c.checksum,
                i64::try_from(shots_of(job)).unwrap_or(i64::MAX),
                terms.user,
                tasks_of(job) as i64
            ])
        })
        .map_err(trouble)?;
        let open = job.task().filter(|_| !job.is_done()).map(|task| (job.attempt, task.as_str(), None));
        let past =
            job.past.iter().filter_map(|p| Some((p.number, p.task.as_ref()?.as_str(), Some(&p.outcome))));
        for (number, task, outcome) in past.chain(open) {
            t.prepare_cached(
                "INSERT OR REPLACE INTO attempt (job, number, task, outcome) VALUES (?1, ?2, ?3, ?4)",
            )
            .and_then(|mut s| s.execute(params![terms.id.as_str(), number, task, outcome]))
            .map_err(trouble)?;
        }
        if let Some(lane) = job.lane() {
            let text = rows::lane_text(lane);
            t.execute("INSERT OR IGNORE INTO lane (id, lane) VALUES (?1, ?1)", params![text])
                .map_err(trouble)?;
        }
        if job.is_done() {
            t.prepare_cached("UPDATE job SET leased_by = NULL WHERE id = ?1")
                .and_then(|mut s| s.execute(params![terms.id.as_str()]))
                .map_err(trouble)?;
        }
        Ok(())
    }

    pub(super) fn load(connection: &Connection, id: &JobId) -> Result<Job, StoreError> {
        let sql = format!("SELECT {JOB_COLUMNS} FROM job WHERE id = ?1");
        let row = connection
            .prepare_cached(&sql)
            .and_then(|mut s| s.query_row(params![id.as_str()], job_of).optional())
            .map_err(trouble)?;
        built(row.ok_or_else(|| StoreError::Missing { what: "job", name: id.to_string() })?)
    }

    pub(super) fn count_states(connection: &Connection) -> Result<BTreeMap<State, u64>, StoreError> {
        let mut statement =
            connection.prepare_cached("SELECT state, count(*) FROM job GROUP BY state").map_err(trouble)?;
        let rows = statement.query_map([], |r| Ok((r.get::<_, String>(0)?, r.get::<_, i64>(1)?)));
        let mut out = BTreeMap::new();
        for row in rows.map_err(trouble)? {
            let (word, n) = row.map_err(trouble)?;
            let unknown = || StoreError::Damaged(format!("{word:?} is no state"));
            out.insert(State::named(&word).ok_or_else(unknown)?, n as u64);
        }
        Ok(out)
    }

    pub(super) fn list(connection: &Connection, filter: &Filter) -> Result<Vec<Job>, StoreError> {
        let sql = format!("SELECT {JOB_COLUMNS} FROM job ORDER BY created_at DESC, id DESC");
        let mut statement = connection.prepare_cached(&sql).map_err(trouble)?;
        let mut found = Vec::new();
        for row in statement.query_map([], job_of).map_err(trouble)? {
            let job = built(row.map_err(trouble)?)?;
            if matches(filter, &job) {
                found.push(job);
            }
            if filter.limit.is_some_and(|most| found.len() >= most) {
                break;
            }
        }
        Ok(found)
    }

    /// What reports read. Sums come from an index that holds everything they need; tags and collections
    /// are read from the terms of each job.
    pub(super) fn costs_in(
        c: &Connection,
        (since, until): (Option<Timestamp>, Option<Timestamp>),
        with_tags: bool,
        each: &mut dyn FnMut(&CostRow),
    ) -> Result<(), StoreError> {
        let span =
            params![since.map_or(i64::MIN, Timestamp::micros), until.map_or(i64::MAX, Timestamp::micros)];
        let mut statement =
            c.prepare(if with_tags { SINGLE_COSTS } else { SUMMED_COSTS }).map_err(trouble)?;
        let mut found = statement.query(span).map_err(trouble)?;
        let mut row = CostRow::default();
        while let Some(r) = found.next().map_err(trouble)? {
            let mut read = || -> rusqlite::Result<Option<String>> {
                row.device = r.get(0)?;
                row.project = r.get(1)?;
                row.user = r.get(2)?;
                row.created_at = Timestamp::from_micros(r.get(3)?);
                row.unsure = r.get(4)?;
                row.adopted = r.get(5)?;
                row.held = Money::from_nanos(r.get(6)?);
                row.settled = Money::from_nanos(r.get(7)?);
                row.shots = r.get::<_, i64>(8)? as u64;
                row.tasks = r.get::<_, i64>(9)? as u64;
                r.get(10)
            };
            if let Some(text) = read().map_err(trouble)? {
                (row.tags, row.collection) = rows::tags_of(&text)?;
            }
            each(&row);
        }
        Ok(())
    }

    /// Books a task that was found; false when any job knows it.
    pub(super) fn adopt_in(t: &Transaction<'_>, job: &Job, at: Timestamp) -> Result<bool, StoreError> {
        let sql = "SELECT (SELECT count(*) FROM job WHERE id = ?1) + \
                   (SELECT count(*) FROM attempt WHERE task = ?2)";
        let values = params![job.terms.id.as_str(), job.task().map(QuantumTaskArn::as_str)];
        let known: i64 =
            t.prepare_cached(sql).and_then(|mut s| s.query_row(values, |r| r.get(0))).map_err(trouble)?;
        if known > 0 {
            return Ok(false);
        }
        Self::put_job(t, job)?;
        let _forced = money::book(t, None, job, false, at)?;
        Self::record(t, job, "adopted", at)?;
        Ok(true)
    }

    /// The job that books a task of this key, which was found at AWS after the key itself was forgotten.
    pub(super) fn adopted_as(t: &Transaction<'_>, new: &NewJob) -> Result<Option<JobId>, StoreError> {
        let first = new.job.terms.tag.adopted_keys();
        // '0' is the character after '/'.
        let after = format!("{}0", first.trim_end_matches('/'));
        let sql = "SELECT id FROM job WHERE key >= ?1 AND key < ?2 ORDER BY held + settled DESC LIMIT 1";
        let id: Option<String> = t
            .prepare_cached(sql)
            .and_then(|mut s| s.query_row(params![first, after], |r| r.get(0)).optional())
            .map_err(trouble)?;
        Ok(id.map(JobId::new))
    }
}

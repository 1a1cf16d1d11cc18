//! Hooks and notices as rows.

use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::{SqliteStore, trouble};
use crate::ids::{JobId, RunnerId};
use crate::job::{Job, News};
use crate::store::{Hook, Notice, Outbox, StoreError, Target, Waiting, notice_id};
use crate::time::Timestamp;

fn target_row(target: &Target) -> (&'static str, String) {
    match target {
        Target::Exec(words) => ("exec", serde_json::json!(words).to_string()),
        Target::Webhook(url) => ("webhook", url.clone()),
    }
}

fn target_of(kind: &str, text: String) -> Result<Target, StoreError> {
    let damaged = || StoreError::Damaged("a hook cannot be read".to_owned());
    match kind {
        "exec" => serde_json::from_str(&text).map(Target::Exec).map_err(|_| damaged()),
        "webhook" => Ok(Target::Webhook(text)),
        _ => Err(damaged()),
    }
}

fn news_of(word: &str) -> Result<News, StoreError> {
    News::named(word).ok_or_else(|| StoreError::Damaged("a hook cannot be read".to_owned()))
}

type Columns = (String, String, String, String, String, i64, u32, Option<String>, Option<i64>);

fn columns(r: &Row<'_>) -> rusqlite::Result<Columns> {
    Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?, r.get(5)?, r.get(6)?, r.get(7)?, r.get(8)?))
}

impl SqliteStore {
    /// The notices of a step, in its transaction.
    pub(super) fn tell(
        t: &Transaction<'_>,
        before: &Job,
        after: &Job,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(news) = News::of(before, after) else { return Ok(()) };
        let mut hooks = t.prepare_cached("SELECT id FROM hook WHERE news = ?1").map_err(trouble)?;
        let ids = hooks.query_map(params![news.word()], |r| r.get::<_, String>(0)).map_err(trouble)?;
        for hook in ids {
            let hook = hook.map_err(trouble)?;
            let id = notice_id(&hook, after);
            t.prepare_cached("INSERT INTO notice (id, hook, job, at, due_at) VALUES (?1, ?2, ?3, ?4, ?4)")
                .and_then(|mut s| s.execute(params![id, hook, after.terms.id.as_str(), at.micros()]))
                .map_err(trouble)?;
        }
        Ok(())
    }
}

impl Outbox for SqliteStore {
    fn add_hook(&self, hook: &Hook) -> Result<(), StoreError> {
        let (kind, target) = target_row(&hook.target);
        let sql = "INSERT INTO hook (id, news, kind, target, created_at) VALUES (?1, ?2, ?3, ?4, ?5)";
        let values = params![hook.id, hook.news.word(), kind, target, hook.created_at.micros()];
        self.lock().execute(sql, values).map_err(trouble)?;
        Ok(())
    }

    fn remove_hook(&self, id: &str) -> Result<bool, StoreError> {
        self.transact(|t| {
            t.execute("DELETE FROM notice WHERE hook = ?1", params![id]).map_err(trouble)?;
            let n = t.execute("DELETE FROM hook WHERE id = ?1", params![id]).map_err(trouble)?;
            Ok((n > 0, true))
        })
    }

    fn hooks(&self) -> Result<Vec<Hook>, StoreError> {
        let connection = self.lock();
        let sql = "SELECT id, news, kind, target, created_at FROM hook ORDER BY created_at, id";
        let mut statement = connection.prepare_cached(sql).map_err(trouble)?;
        let rows = statement.query_map([], |r| {
            Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?, r.get::<_, String>(2)?, r.get(3)?, r.get(4)?))
        });
        rows.map_err(trouble)?
            .map(|row| {
                let (id, news, kind, target, at) = row.map_err(trouble)?;
                let created_at = Timestamp::from_micros(at);
                Ok(Hook { id, news: news_of(&news)?, target: target_of(&kind, target)?, created_at })
            })
            .collect()
    }

    fn claim(
        &self,
        runner: &RunnerId,
        now: Timestamp,
        until: Timestamp,
        max: usize,
        gone: &dyn Fn(&RunnerId) -> bool,
    ) -> Result<Vec<Notice>, StoreError> {
        // Most looks find nothing, and a look must not wait for a writer.
        let any: Option<i64> = self
            .lock()
            .query_row("SELECT 1 FROM notice WHERE due_at <= ?1 LIMIT 1", params![now.micros()], |r| r.get(0))
            .optional()
            .map_err(trouble)?;
        if any.is_none() {
            return Ok(Vec::new());
        }
        self.transact(|t| {
            let sql = "SELECT n.id, h.kind, h.target, h.news, n.job, n.at, n.tries, n.held_by, n.held_until \
                       FROM notice n JOIN hook h ON h.id = n.hook WHERE n.due_at <= ?1 ORDER BY n.due_at, n.id";
            let mut out = Vec::new();
            let mut statement = t.prepare_cached(sql).map_err(trouble)?;
            for row in statement.query_map(params![now.micros()], columns).map_err(trouble)? {
                let (id, kind, target, news, job, at, tries, by, held) = row.map_err(trouble)?;
                let by = by.map(RunnerId::new);
                let theirs = by.is_some_and(|by| by != *runner && !gone(&by));
                if theirs && held.is_some_and(|held| held > now.micros()) {
                    continue;
                }
                out.push(Notice {
                    id,
                    target: target_of(&kind, target)?,
                    news: news_of(&news)?,
                    job: JobId::new(job),
                    at: Timestamp::from_micros(at),
                    tries,
                });
                if out.len() >= max {
                    break;
                }
            }
            for notice in &out {
                t.prepare_cached("UPDATE notice SET held_by = ?2, held_until = ?3 WHERE id = ?1")
                    .and_then(|mut s| s.execute(params![notice.id, runner.as_str(), until.micros()]))
                    .map_err(trouble)?;
            }
            let any = !out.is_empty();
            Ok((out, any))
        })
    }

    fn delivered(&self, id: &str) -> Result<(), StoreError> {
        self.lock().execute("DELETE FROM notice WHERE id = ?1", params![id]).map_err(trouble)?;
        Ok(())
    }

    fn postponed(&self, id: &str, until: Option<Timestamp>, problem: &str) -> Result<(), StoreError> {
        let sql =
            "UPDATE notice SET due_at = ?2, tries = tries + 1, held_by = NULL, problem = ?3 WHERE id = ?1";
        let until = until.map(Timestamp::micros);
        self.lock().execute(sql, params![id, until, problem]).map_err(trouble)?;
        Ok(())
    }

    fn waiting(&self) -> Result<Waiting, StoreError> {
        let sql = "SELECT count(due_at), count(*) - count(due_at), \
                   (SELECT problem FROM notice WHERE problem IS NOT NULL ORDER BY at DESC LIMIT 1) FROM notice";
        self.lock()
            .query_row(sql, [], |r| {
                let (open, lost) = (r.get::<_, i64>(0)? as u64, r.get::<_, i64>(1)? as u64);
                Ok(Waiting { open, lost, problem: r.get(2)? })
            })
            .map_err(trouble)
    }
}

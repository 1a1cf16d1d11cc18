//! Postings, claims, balances and budgets in SQL. The cap is compared in the transaction that holds.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::{open, trouble};
use crate::budget::ledger::{self, GENESIS, Movement, Posting, Verb};
use crate::budget::{Balance, Budget, PeriodKey, Shortfall};
use crate::ids::{BudgetName, JobId};
use crate::job::{Job, State};
use crate::money::{Money, OutOfRange};
use crate::store::{StoreError, Totals, check_chain, rows};
use crate::time::Timestamp;

fn range(error: OutOfRange) -> StoreError {
    StoreError::Damaged(error.to_string())
}

/// Books what a step moved; a guarded hold must fit every budget, and nothing is kept otherwise.
pub(super) fn book(
    t: &Transaction<'_>,
    before: Option<&Job>,
    after: &Job,
    guarded: bool,
    at: Timestamp,
) -> Result<Option<Shortfall>, StoreError> {
    let moves = ledger::of_commit(before, after).map_err(range)?;
    if moves.is_empty() {
        return Ok(None);
    }
    let (mut sequence, mut previous, latest) = end(t)?;
    // A clock that was set back reopens no period that was closed.
    let at = at.max(latest);
    for movement in moves {
        for name in &after.terms.budgets {
            let shortfall = match movement.verb {
                Verb::Hold => hold(t, name, after, movement.amount, guarded, at)?,
                Verb::Settle | Verb::Release | Verb::Refund => give_back(t, name, after, movement)?,
            };
            if shortfall.is_some() {
                return Ok(shortfall);
            }
        }
        sequence += 1;
        let p = Posting::chained(&previous, sequence, at, after.terms.id.clone(), movement);
        t.prepare_cached(
            "INSERT INTO posting (sequence, at, job, verb, amount, hash) VALUES (?1,?2,?3,?4,?5,?6)",
        )
        .and_then(|mut s| {
            let (verb, amount) = (movement.verb.word(), movement.amount.nanos());
            s.execute(params![p.sequence as i64, at.micros(), p.job.as_str(), verb, amount, p.hash])
        })
        .map_err(trouble)?;
        previous = p.hash;
    }
    open::set_meta(t, JOURNAL, &format!("{sequence} {previous}"))?;
    Ok(None)
}

/// Where the end of the journal is noted, so that a posting that was cut off is missed.
const JOURNAL: &str = "journal";

/// Sequence, hash and time of the last posting, as noted beside the journal.
fn end(c: &Connection) -> Result<(u64, String, Timestamp), StoreError> {
    let last: Option<(i64, String, i64)> = c
        .query_row("SELECT sequence, hash, at FROM posting ORDER BY sequence DESC LIMIT 1", [], |r| {
            Ok((r.get(0)?, r.get(1)?, r.get(2)?))
        })
        .optional()
        .map_err(trouble)?;
    let (sequence, hash, at) = last.unwrap_or((0, GENESIS.to_owned(), 0));
    let noted = open::meta(c, JOURNAL)?.unwrap_or_else(|| format!("0 {GENESIS}"));
    if noted != format!("{sequence} {hash}") {
        return Err(StoreError::Damaged("the journal does not end where it was noted to end".to_owned()));
    }
    Ok((sequence as u64, hash, Timestamp::from_micros(at)))
}

/// The journal is whole: its chain holds, and it ends where it was noted to end.
pub(super) fn check_journal(c: &Connection, postings: &[Posting]) -> Result<(), StoreError> {
    end(c)?;
    check_chain(postings)
}

/// Figures of one row with its checksum.
struct Figures {
    held: i64,
    settled: i64,
}

fn sum_of(names: &[&str], figures: &Figures) -> String {
    let numbers = [figures.held.to_string(), figures.settled.to_string()];
    let parts: Vec<&str> = names.iter().copied().chain(numbers.iter().map(String::as_str)).collect();
    rows::checksum(&parts)
}

fn verified(names: &[&str], (held, settled, checksum): (i64, i64, String)) -> Result<Figures, StoreError> {
    let figures = Figures { held, settled };
    if sum_of(names, &figures) == checksum {
        return Ok(figures);
    }
    Err(StoreError::Damaged(format!("the figures of {} were changed", names.join(", "))))
}

fn balance_row(c: &Connection, name: &str, period: &str) -> Result<Figures, StoreError> {
    let sql = "SELECT held, settled, checksum FROM balance WHERE budget = ?1 AND period = ?2";
    let row: Option<(i64, i64, String)> = c
        .query_row(sql, params![name, period], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
        .optional()
        .map_err(trouble)?;
    row.map_or(Ok(Figures { held: 0, settled: 0 }), |row| verified(&[name, period], row))
}

fn claim_row(c: &Connection, job: &str, name: &str, period: &str) -> Result<Figures, StoreError> {
    let sql = "SELECT held, settled, checksum FROM claim WHERE job = ?1 AND budget = ?2 AND period = ?3";
    let row: Option<(i64, i64, String)> = c
        .query_row(sql, params![job, name, period], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
        .optional()
        .map_err(trouble)?;
    row.map_or(Ok(Figures { held: 0, settled: 0 }), |row| verified(&[job, name, period], row))
}

/// Writes the figures of a claim that was read in this transaction.
fn put_claim(
    t: &Transaction<'_>,
    job: &str,
    name: &str,
    period: &str,
    now: &Figures,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO claim (job, budget, period, held, settled, checksum) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
               ON CONFLICT (job, budget, period) DO UPDATE SET held = ?4, settled = ?5, checksum = ?6";
    let values = params![job, name, period, now.held, now.settled, sum_of(&[job, name, period], now)];
    t.execute(sql, values).map_err(trouble)?;
    Ok(())
}

/// Takes money in the statement that compares it with the ceiling, which was read in the same
/// transaction, so two cannot both win; the trigger compares it with the cap for the day when this
/// line is wrong. False: it does not fit.
fn put_balance(
    t: &Transaction<'_>,
    name: &str,
    period: &str,
    now: &Figures,
    ceiling: Option<Money>,
) -> Result<bool, StoreError> {
    let empty = Figures { held: 0, settled: 0 };
    t.execute(
        "INSERT OR IGNORE INTO balance (budget, period, checksum) VALUES (?1, ?2, ?3)",
        params![name, period, sum_of(&[name, period], &empty)],
    )
    .map_err(trouble)?;
    let sql = "UPDATE balance SET held = ?3, settled = ?4, guarded = ?5, checksum = ?6 WHERE budget = ?1 AND \
               period = ?2 AND (?5 = 0 OR ?3 + ?4 <= ?7)";
    let sum = sum_of(&[name, period], now);
    let values =
        params![name, period, now.held, now.settled, ceiling.is_some(), sum, ceiling.map(Money::nanos)];
    Ok(t.execute(sql, values).map_err(trouble)? == 1)
}

fn hold(
    t: &Transaction<'_>,
    name: &BudgetName,
    job: &Job,
    amount: Money,
    guarded: bool,
    at: Timestamp,
) -> Result<Option<Shortfall>, StoreError> {
    let Some(budget) = find(t, name)?.filter(|b| b.removed_at.is_none()) else { return Ok(None) };
    let Some(period) = budget.per.key(at) else {
        let shortfall = Shortfall { budget: name.clone(), needed: amount, free: Money::ZERO };
        return Ok(guarded.then_some(shortfall));
    };
    let more = |figures: &Figures| -> Result<Figures, StoreError> {
        let held = Money::from_nanos(figures.held).plus(amount).map_err(range)?;
        Ok(Figures { held: held.nanos(), settled: figures.settled })
    };
    let (id, period_name) = (job.terms.id.as_str(), period.as_str());
    let now = more(&balance_row(t, name.as_str(), period_name)?)?;
    let ceiling = guarded.then(|| budget.ceiling());
    if !put_balance(t, name.as_str(), period_name, &now, ceiling)? {
        let free = budget.free(&balance(t, name, &period)?);
        return Ok(Some(Shortfall { budget: name.clone(), needed: amount, free }));
    }
    let claim = more(&claim_row(t, id, name.as_str(), period_name)?)?;
    put_claim(t, id, name.as_str(), period_name, &claim)?;
    Ok(None)
}

/// What was held is spent or released in the period that held it, whatever the clock says now; what a
/// correction takes back was spent in the period that it comes back to.
fn give_back(
    t: &Transaction<'_>,
    name: &BudgetName,
    job: &Job,
    movement: Movement,
) -> Result<Option<Shortfall>, StoreError> {
    let (id, name) = (job.terms.id.as_str(), name.as_str());
    let back = movement.verb == Verb::Refund;
    let mut statement = t
        .prepare_cached(
            "SELECT period FROM claim WHERE job = ?1 AND budget = ?2 AND (held > 0 OR ?3) ORDER BY period",
        )
        .map_err(trouble)?;
    let periods: Vec<String> = statement
        .query_map(params![id, name, back], |r| r.get(0))
        .and_then(Iterator::collect)
        .map_err(trouble)?;
    let mut rest = movement.amount.nanos();
    for period in periods {
        let (claim, balance) = (claim_row(t, id, name, &period)?, balance_row(t, name, &period)?);
        let part = if back { claim.settled } else { claim.held }.min(rest);
        let (held, spent) = match movement.verb {
            Verb::Settle => (part, part),
            Verb::Refund => (0, -part),
            Verb::Hold | Verb::Release => (part, 0),
        };
        let less = |f: &Figures| Figures { held: f.held - held, settled: f.settled + spent };
        put_balance(t, name, &period, &less(&balance), None)?;
        put_claim(t, id, name, &period, &less(&claim))?;
        rest -= part;
    }
    Ok(None)
}

pub(super) fn balance(c: &Connection, name: &BudgetName, period: &PeriodKey) -> Result<Balance, StoreError> {
    let Figures { held, settled } = balance_row(c, name.as_str(), period.as_str())?;
    let sql = "SELECT coalesce(sum(claim.held), 0) FROM claim JOIN job ON job.id = claim.job \
               WHERE claim.budget = ?1 AND claim.period = ?2 AND job.state = ?3";
    let values = params![name.as_str(), period.as_str(), State::Unsure.word()];
    let unsure: i64 = c.query_row(sql, values, |r| r.get(0)).map_err(trouble)?;
    let nanos = Money::from_nanos;
    Ok(Balance { held: nanos(held), settled: nanos(settled), unsure: nanos(unsure) })
}

fn budget_of(row: &Row<'_>) -> rusqlite::Result<BudgetRow> {
    Ok(BudgetRow {
        name: row.get(0)?,
        cap: row.get(1)?,
        per: row.get(2)?,
        scope: row.get(3)?,
        created_at: row.get(4)?,
        removed_at: row.get(5)?,
        checksum: row.get(6)?,
        alerts: row.get(7)?,
    })
}

fn budget_checksum(name: &str, cap: i64, per: &str, scope: &str, alerts: &str) -> String {
    let cap = cap.to_string();
    let parts = [name, &cap, per, scope, alerts];
    // Rows of before there were alerts keep their sum.
    rows::checksum(if alerts.is_empty() { &parts[..4] } else { &parts })
}

struct BudgetRow {
    name: String,
    cap: i64,
    per: String,
    scope: String,
    created_at: i64,
    removed_at: Option<i64>,
    checksum: String,
    alerts: String,
}

fn built(row: BudgetRow) -> Result<Budget, StoreError> {
    let BudgetRow { name, cap, per, scope, created_at, removed_at, checksum, alerts } = row;
    if budget_checksum(&name, cap, &per, &scope, &alerts) != checksum {
        return Err(StoreError::Damaged(format!("budget {name} does not match its checksum")));
    }
    Ok(Budget {
        name: BudgetName::new(name),
        limit: Money::from_nanos(cap),
        per: rows::period(&per)?,
        scope: rows::scope(&scope)?,
        alerts: rows::alerts(&alerts)?,
        created_at: Timestamp::from_micros(created_at),
        removed_at: removed_at.map(Timestamp::from_micros),
    })
}

const BUDGET_COLUMNS: &str = "name, cap, per, scope, created_at, removed_at, checksum, alerts";

fn find(c: &Connection, name: &BudgetName) -> Result<Option<Budget>, StoreError> {
    let sql = format!("SELECT {BUDGET_COLUMNS} FROM budget WHERE name = ?1");
    let row = c.query_row(&sql, params![name.as_str()], budget_of).optional().map_err(trouble)?;
    row.map(built).transpose()
}

pub(super) fn open_budget(c: &Connection, name: &BudgetName) -> Result<Budget, StoreError> {
    find(c, name)?
        .filter(|b| b.removed_at.is_none())
        .ok_or_else(|| StoreError::Missing { what: "budget", name: name.to_string() })
}

pub(super) fn all_budgets(c: &Connection) -> Result<Vec<Budget>, StoreError> {
    let sql = format!("SELECT {BUDGET_COLUMNS} FROM budget ORDER BY name");
    let mut statement = c.prepare_cached(&sql).map_err(trouble)?;
    let budgets = statement.query_map([], budget_of).map_err(trouble)?;
    budgets.map(|row| built(row.map_err(trouble)?)).collect()
}

pub(super) fn add_budget(t: &Transaction<'_>, budget: &Budget) -> Result<(), StoreError> {
    if find(t, &budget.name)?.is_some() {
        return Err(StoreError::Exists { what: "budget", name: budget.name.to_string() });
    }
    put_budget(t, budget)
}

pub(super) fn put_budget(t: &Transaction<'_>, budget: &Budget) -> Result<(), StoreError> {
    let (name, per, scope) =
        (budget.name.as_str(), rows::period_text(budget.per), rows::scope_text(&budget.scope));
    let alerts = rows::alerts_text(&budget.alerts);
    let checksum = budget_checksum(name, budget.limit.nanos(), &per, &scope, &alerts);
    let values = params![
        name,
        budget.limit.nanos(),
        per,
        scope,
        budget.created_at.micros(),
        budget.removed_at.map(Timestamp::micros),
        checksum,
        alerts
    ];
    let sql = "INSERT INTO budget (name, cap, per, scope, created_at, removed_at, checksum, alerts) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
               ON CONFLICT (name) DO UPDATE SET cap = ?2, removed_at = ?6, checksum = ?7, alerts = ?8";
    t.execute(sql, values).map_err(trouble)?;
    Ok(())
}

pub(super) fn journal(c: &Connection, budget: Option<&BudgetName>) -> Result<Vec<Posting>, StoreError> {
    let sql = "SELECT sequence, at, job, verb, amount, hash FROM posting WHERE ?1 IS NULL OR \
               EXISTS (SELECT 1 FROM claim WHERE claim.job = posting.job AND claim.budget = ?1) ORDER BY sequence";
    let mut statement = c.prepare_cached(sql).map_err(trouble)?;
    let name = budget.map(BudgetName::as_str);
    let postings = statement
        .query_map(params![name], |r| {
            Ok((
                r.get::<_, i64>(0)?,
                r.get(1)?,
                r.get::<_, String>(2)?,
                r.get::<_, String>(3)?,
                r.get(4)?,
                r.get(5)?,
            ))
        })
        .map_err(trouble)?;
    postings
        .map(|row| {
            let (sequence, at, job, verb, amount, hash) = row.map_err(trouble)?;
            let verb =
                Verb::named(&verb).ok_or_else(|| StoreError::Damaged(format!("a posting says {verb:?}")))?;
            let movement = Movement { verb, amount: Money::from_nanos(amount) };
            let at = Timestamp::from_micros(at);
            Ok(Posting { sequence: sequence as u64, at, job: JobId::new(job), movement, hash })
        })
        .collect()
}

pub(super) fn totals(c: &Connection) -> Result<Totals, StoreError> {
    let sum = |verb: Verb| -> Result<i64, StoreError> {
        let sql = "SELECT coalesce(sum(amount), 0) FROM posting WHERE verb = ?1";
        c.query_row(sql, params![verb.word()], |r| r.get(0)).map_err(trouble)
    };
    let (hold, settle, release) = (sum(Verb::Hold)?, sum(Verb::Settle)?, sum(Verb::Release)?);
    let settled = settle - sum(Verb::Refund)?;
    Ok(Totals { held: Money::from_nanos(hold - settle - release), settled: Money::from_nanos(settled) })
}

/// Every figure is as it was written, every balance is the sum of its claims, and no claim is more
/// than its job has.
pub(super) fn check_balances(c: &Connection) -> Result<(), StoreError> {
    let mut statement = c.prepare("SELECT budget, period FROM balance").map_err(trouble)?;
    let named = statement.query_map([], |r| Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?)));
    for row in named.map_err(trouble)? {
        let (name, period) = row.map_err(trouble)?;
        balance_row(c, &name, &period)?;
    }
    let mut statement = c.prepare("SELECT job, budget, period FROM claim").map_err(trouble)?;
    let named = statement
        .query_map([], |r| Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?, r.get::<_, String>(2)?)));
    for row in named.map_err(trouble)? {
        let (job, name, period) = row.map_err(trouble)?;
        claim_row(c, &job, &name, &period)?;
    }
    let sql = "SELECT count(*) FROM (SELECT c.job, sum(c.held) AS held, sum(c.settled) AS settled, j.held AS most, \
               j.settled AS spent FROM claim c JOIN job j ON j.id = c.job GROUP BY c.job, c.budget) \
               WHERE held > most OR settled > spent";
    let over: i64 = c.query_row(sql, [], |r| r.get(0)).map_err(trouble)?;
    if over > 0 {
        return Err(StoreError::Damaged("a claim is more than its job has".to_owned()));
    }
    let sql = "SELECT count(*) FROM balance b WHERE \
               b.held <> (SELECT coalesce(sum(held), 0) FROM claim WHERE budget = b.budget AND period = b.period) OR \
               b.settled <> (SELECT coalesce(sum(settled), 0) FROM claim WHERE budget = b.budget AND period = b.period)";
    let wrong: i64 = c.query_row(sql, [], |r| r.get(0)).map_err(trouble)?;
    if wrong == 0 {
        Ok(())
    } else {
        Err(StoreError::Damaged("a balance is not the sum of its claims".to_owned()))
    }
}

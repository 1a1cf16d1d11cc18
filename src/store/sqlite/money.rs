//! Postings, claims, balances and budgets in SQL. The cap is compared in the transaction that holds.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::trouble;
use crate::budget::ledger::{self, GENESIS, Movement, Posting, Verb};
use crate::budget::{Balance, Budget, PeriodKey, Shortfall};
use crate::ids::{BudgetName, JobId};
use crate::job::{Job, State};
use crate::money::{Money, OutOfRange};
use crate::store::{StoreError, Totals, rows};
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
    for movement in ledger::of_commit(before, after).map_err(range)? {
        for name in &after.terms.budgets {
            let shortfall = match movement.verb {
                Verb::Hold => hold(t, name, after, movement.amount, guarded, at)?,
                Verb::Settle | Verb::Release => give_back(t, name, after, movement)?,
            };
            if shortfall.is_some() {
                return Ok(shortfall);
            }
        }
        let last: Option<(i64, String)> = t
            .query_row("SELECT sequence, hash FROM posting ORDER BY sequence DESC LIMIT 1", [], |r| {
                Ok((r.get(0)?, r.get(1)?))
            })
            .optional()
            .map_err(trouble)?;
        let (sequence, previous) = last.unwrap_or((0, GENESIS.to_owned()));
        let p = Posting::chained(&previous, sequence as u64 + 1, at, after.terms.id.clone(), movement);
        t.prepare_cached(
            "INSERT INTO posting (sequence, at, job, verb, amount, hash) VALUES (?1,?2,?3,?4,?5,?6)",
        )
        .and_then(|mut s| {
            let (verb, amount) = (movement.verb.word(), movement.amount.nanos());
            s.execute(params![p.sequence as i64, at.micros(), p.job.as_str(), verb, amount, p.hash])
        })
        .map_err(trouble)?;
    }
    Ok(None)
}

fn hold(
    t: &Transaction<'_>,
    name: &BudgetName,
    job: &Job,
    amount: Money,
    guarded: bool,
    at: Timestamp,
) -> Result<Option<Shortfall>, StoreError> {
    let Some(budget) = find(t, name)? else { return Ok(None) };
    let Some(period) = budget.per.key(at) else {
        let shortfall = Shortfall { budget: name.clone(), needed: amount, free: Money::ZERO };
        return Ok(guarded.then_some(shortfall));
    };
    t.execute(
        "INSERT OR IGNORE INTO balance (budget, period) VALUES (?1, ?2)",
        params![name.as_str(), period.as_str()],
    )
    .map_err(trouble)?;
    // The comparison is part of the statement that takes the money, so two cannot both win; the
    // trigger repeats it for the day when this line is wrong.
    let sql = "UPDATE balance SET held = held + ?3, guarded = ?4 WHERE budget = ?1 AND period = ?2 AND \
               (?4 = 0 OR held + settled + ?3 <= (SELECT cap FROM budget WHERE name = ?1))";
    let values = params![name.as_str(), period.as_str(), amount.nanos(), guarded];
    if t.execute(sql, values).map_err(trouble)? == 0 {
        let balance = balance(t, name, &period)?;
        return Ok(Some(Shortfall {
            budget: name.clone(),
            needed: amount,
            free: balance.free(budget.limit),
        }));
    }
    let sql = "INSERT INTO claim (job, budget, period, held, settled) VALUES (?1, ?2, ?3, ?4, 0) \
               ON CONFLICT (job, budget, period) DO UPDATE SET held = held + ?4";
    let values = params![job.terms.id.as_str(), name.as_str(), period.as_str(), amount.nanos()];
    t.execute(sql, values).map_err(trouble)?;
    Ok(None)
}

/// What was held is spent or released in the period that held it, whatever the clock says now.
fn give_back(
    t: &Transaction<'_>,
    name: &BudgetName,
    job: &Job,
    movement: Movement,
) -> Result<Option<Shortfall>, StoreError> {
    let mut statement = t
        .prepare_cached(
            "SELECT period, held FROM claim WHERE job = ?1 AND budget = ?2 AND held > 0 ORDER BY period",
        )
        .map_err(trouble)?;
    let claims: Vec<(String, i64)> = statement
        .query_map(params![job.terms.id.as_str(), name.as_str()], |r| Ok((r.get(0)?, r.get(1)?)))
        .and_then(Iterator::collect)
        .map_err(trouble)?;
    let mut rest = movement.amount.nanos();
    for (period, held) in claims {
        let part = held.min(rest);
        let spent = if movement.verb == Verb::Settle { part } else { 0 };
        let values = params![name.as_str(), period, part, spent];
        let sql = "UPDATE balance SET held = held - ?3, settled = settled + ?4, guarded = 0 \
                   WHERE budget = ?1 AND period = ?2";
        t.execute(sql, values).map_err(trouble)?;
        let values = params![job.terms.id.as_str(), name.as_str(), period, part, spent];
        let sql = "UPDATE claim SET held = held - ?4, settled = settled + ?5 \
                   WHERE job = ?1 AND budget = ?2 AND period = ?3";
        t.execute(sql, values).map_err(trouble)?;
        rest -= part;
    }
    Ok(None)
}

pub(super) fn balance(c: &Connection, name: &BudgetName, period: &PeriodKey) -> Result<Balance, StoreError> {
    let values = params![name.as_str(), period.as_str()];
    let sums: Option<(i64, i64)> = c
        .query_row("SELECT held, settled FROM balance WHERE budget = ?1 AND period = ?2", values, |r| {
            Ok((r.get(0)?, r.get(1)?))
        })
        .optional()
        .map_err(trouble)?;
    let (held, settled) = sums.unwrap_or_default();
    let sql = "SELECT coalesce(sum(claim.held), 0) FROM claim JOIN job ON job.id = claim.job \
               WHERE claim.budget = ?1 AND claim.period = ?2 AND job.state = ?3";
    let values = params![name.as_str(), period.as_str(), State::Unsure.word()];
    let unsure: i64 = c.query_row(sql, values, |r| r.get(0)).map_err(trouble)?;
    let nanos = Money::from_nanos;
    Ok(Balance { held: nanos(held), settled: nanos(settled), unsure: nanos(unsure) })
}

fn budget_of(row: &Row<'_>) -> rusqlite::Result<BudgetRow> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?, row.get(6)?))
}

fn budget_checksum(name: &str, cap: i64, per: &str, scope: &str) -> String {
    rows::checksum(&[name, &cap.to_string(), per, scope])
}

type BudgetRow = (String, i64, String, String, i64, Option<i64>, String);

fn built((name, cap, per, scope, created_at, removed_at, checksum): BudgetRow) -> Result<Budget, StoreError> {
    if budget_checksum(&name, cap, &per, &scope) != checksum {
        return Err(StoreError::Damaged(format!("budget {name} does not match its checksum")));
    }
    Ok(Budget {
        name: BudgetName::new(name),
        limit: Money::from_nanos(cap),
        per: rows::period(&per)?,
        scope: rows::scope(&scope)?,
        created_at: Timestamp::from_micros(created_at),
        removed_at: removed_at.map(Timestamp::from_micros),
    })
}

const BUDGET_COLUMNS: &str = "name, cap, per, scope, created_at, removed_at, checksum";

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
    let checksum = budget_checksum(name, budget.limit.nanos(), &per, &scope);
    let values = params![
        name,
        budget.limit.nanos(),
        per,
        scope,
        budget.created_at.micros(),
        budget.removed_at.map(Timestamp::micros),
        checksum
    ];
    let sql = "INSERT INTO budget (name, cap, per, scope, created_at, removed_at, checksum) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
               ON CONFLICT (name) DO UPDATE SET cap = ?2, removed_at = ?6, checksum = ?7";
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
    Ok(Totals { held: Money::from_nanos(hold - settle - release), settled: Money::from_nanos(settle) })
}

/// Every balance is the sum of its claims.
pub(super) fn check_balances(c: &Connection) -> Result<(), StoreError> {
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

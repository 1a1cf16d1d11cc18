//! What the live view shows: read from the store, pure to draw.

use serde_json::{Value, json};

use crate::budget::Balance;
use crate::cli::verbs::jobs::age;
use crate::cli::{Failure, views};
use crate::ids::JobId;
use crate::job::{Job, Stage, State};
use crate::money::Money;
use crate::store::{BudgetStatus, Filter, Note, Store};
use crate::time::Timestamp;

/// Open jobs shown at most, and jobs that ended.
const OPEN: usize = 200;
const ENDED: usize = 20;

/// One job.
pub struct Row {
    pub id: JobId,
    pub cells: [String; 7],
    pub state: State,
}

/// Titles of the cells.
pub const TITLES: [&str; 7] = ["JOB", "NAME", "DEVICE", "STATE", "QUEUE", "MONEY", "AGE"];

/// A moment of the store.
pub struct Moment {
    pub at: Timestamp,
    pub rows: Vec<Row>,
    /// Open jobs in all, shown or not.
    pub open: usize,
    pub held: Money,
    pub settled: Money,
    pub budgets: Vec<BudgetStatus>,
    /// What runners noted and has not passed.
    pub notes: Vec<Note>,
}

/// Reads a moment: open jobs in the order of their turns, then what ended last.
pub fn read(store: &dyn Store, now: Timestamp) -> Result<Moment, Failure> {
    let all = store.due(Timestamp::from_micros(i64::MAX), usize::MAX, &|_| false)?;
    let open = all.len();
    let shown = store.due(Timestamp::from_micros(i64::MAX), OPEN, &|_| false)?;
    let mut jobs = shown.iter().map(|id| store.job(id)).collect::<Result<Vec<_>, _>>()?;
    let youngest = store.jobs(&Filter { limit: Some(ENDED), ..Filter::default() })?;
    jobs.extend(youngest.into_iter().filter(Job::is_done));
    let totals = store.totals()?;
    let mut notes = store.notes()?;
    notes.retain(|note| note.until.is_none_or(|at| at > now));
    Ok(Moment {
        at: now,
        rows: jobs.iter().map(|job| row(job, now)).collect(),
        open,
        held: totals.held,
        settled: totals.settled,
        budgets: store.budgets(now)?,
        notes,
    })
}

fn row(job: &Job, now: Timestamp) -> Row {
    let (terms, state) = (&job.terms, State::of(job));
    let queue = match &job.stage {
        Stage::Running { queue: Some(place), .. } if place != "None" => place.clone(),
        Stage::Settling { .. } => "fetching".to_owned(),
        Stage::Waiting { not_before: Some(at) } if *at > now => format!("in {}", age(*at, now)),
        _ => String::new(),
    };
    let money = match (job.held.is_zero(), job.settled.is_zero()) {
        (false, _) => format!("held ${}", views::fee(job.held)),
        (true, false) => format!("paid ${}", views::fee(job.settled)),
        (true, true) => String::new(),
    };
    let cells = [
        terms.id.to_string(),
        terms.name.clone(),
        terms.device.clone(),
        state.to_string(),
        queue,
        money,
        age(now, terms.created_at),
    ];
    Row { id: terms.id.clone(), cells, state }
}

/// A budget in one line with a bar of ten.
pub fn budget_line(status: &BudgetStatus) -> String {
    let (limit, balance) = (status.budget.limit, &status.balance);
    let part = |money: Money| {
        let (all, part) = (i128::from(limit.nanos().max(1)), i128::from(money.nanos()));
        usize::try_from((part * 10 / all).clamp(0, 10)).unwrap_or(0)
    };
    let Balance { held, settled, unsure } = *balance;
    let (spent, taken) = (part(settled), part(balance.committed()));
    let bar: String = (0..10)
        .map(|i| {
            if i < spent {
                '█'
            } else if i < taken {
                '▒'
            } else {
                '·'
            }
        })
        .collect();
    let mut line = format!(
        "{} {bar} settled ${} · held ${} · free ${} of ${}",
        status.budget.name,
        views::fee(settled),
        views::fee(held),
        views::fee(balance.free(limit)),
        views::fee(limit)
    );
    if !unsure.is_zero() {
        line.push_str(&format!(" · unsure ${}", views::fee(unsure)));
    }
    if balance.is_frozen(limit) {
        line.push_str(" · FROZEN");
    }
    line
}

/// `shotbook.watch/1`.
pub fn as_json(moment: &Moment, jobs: Vec<Value>) -> Value {
    let budgets: Vec<Value> = moment.budgets.iter().map(views::budget).collect();
    let notes: Vec<Value> = moment
        .notes
        .iter()
        .map(|n| json!({"place": n.place, "text": n.text, "until": n.until.map(|t| t.to_string())}))
        .collect();
    json!({"schema": "shotbook.watch/1", "at": moment.at.to_string(), "open": moment.open,
        "held": moment.held.to_string(), "settled": moment.settled.to_string(), "jobs": jobs,
        "budgets": budgets, "notes": notes})
}

//! What is shown of a job, a result, a quote: built from the domain, in the contract's shapes.

use serde_json::{Map, Value, json};

use crate::budget::Balance;
use crate::energy::{self, Band};
use crate::job::{Job, Lane, Outcome, Place, Stage, State};
use crate::money::Money;
use crate::outcome::TaskOutcome;
use crate::price::Tariff;
use crate::price::quote::{DeviceQuote, Quote};
use crate::store::BudgetStatus;
use crate::time::Timestamp;

fn money(amount: Money) -> Value {
    Value::String(amount.to_string())
}

fn lane(lane: &Lane) -> Value {
    json!({"endpoint": lane.endpoint, "account": lane.account, "region": lane.region, "bucket": lane.bucket})
}

/// The error of a job: what went wrong, or why its result is missing.
pub fn problem(job: &Job) -> Option<String> {
    match &job.stage {
        Stage::Done(Outcome::Completed { problem, .. }) => problem.clone(),
        Stage::Done(Outcome::Cancelled) => None,
        Stage::Done(other) => Some(other.summary()),
        Stage::Settling { problem, .. } => problem.clone(),
        _ => None,
    }
}

/// Modelled energy of the shots that a device ran; unknown until then, and of simulators.
pub fn energy_of(job: &Job) -> Option<Band> {
    match &job.stage {
        Stage::Done(Outcome::Completed { successful_shots, .. }) => {
            energy::of_shots(&job.terms.device, (*successful_shots)?)
        }
        _ => None,
    }
}

/// A band as JSON, with its unit and grade.
pub fn joules(band: Option<Band>) -> Value {
    band.map_or(
        Value::Null,
        |b| json!({"low": b.low, "mid": b.mid, "high": b.high, "unit": "J", "grade": b.grade.to_string()}),
    )
}

/// `shotbook.job/1`.
pub fn job(job: &Job, ended_at: Option<Timestamp>, frozen: &[String]) -> Value {
    let terms = &job.terms;
    let device_arn = match &terms.place {
        Place::Braket { device, .. } => Value::String(device.to_string()),
        Place::Local { .. } => Value::Null,
    };
    let queue = match &job.stage {
        Stage::Running { queue, .. } => json!(queue),
        _ => Value::Null,
    };
    let successful = match &job.stage {
        Stage::Done(Outcome::Completed { successful_shots, .. }) => json!(successful_shots),
        Stage::Settling { metering, .. } => json!(metering.successful_shots),
        _ => Value::Null,
    };
    let state = State::of(job);
    let mut attempts: Vec<Value> = job
        .past
        .iter()
        .map(|p| json!({"number": p.number, "task_arn": p.task.as_ref().map(ToString::to_string), "outcome": p.outcome}))
        .collect();
    if matches!(job.stage, Stage::Submitting { .. } | Stage::Running { .. } | Stage::Settling { .. }) {
        let task = job.task().map(ToString::to_string);
        attempts.push(json!({"number": job.attempt, "task_arn": task, "outcome": null}));
    }
    let doubt = job.in_doubt_until().filter(|_| state == State::Unsure).map(|t| t.to_string());
    let waits = matches!(job.stage, Stage::Waiting { .. }) && !frozen.is_empty();
    json!({
        "schema": "shotbook.job/1", "job_id": terms.id.as_str(), "key": terms.key, "name": terms.name,
        "project": terms.project, "tags": terms.tags, "device": terms.device, "device_arn": device_arn,
        "shots": terms.shots, "state": state.word(), "stage": job.stage.name(), "attempt": job.attempt,
        "task_arn": job.task().map(ToString::to_string), "created_at": terms.created_at.to_string(),
        "ended_at": ended_at.map(|t| t.to_string()), "queue_position": queue, "held": money(job.held),
        "settled": money(job.settled), "quote": {"total": money(terms.quoted)}, "successful_shots": successful,
        "energy": joules(energy_of(job)),
        "collection_id": terms.collection.as_ref().map(ToString::to_string),
        "lane": job.lane().map(lane), "attempts": attempts,
        "fetching": matches!(job.stage, Stage::Settling { .. }),
        "blocked_by": if waits { json!(frozen) } else { Value::Null },
        "in_doubt_until": doubt, "cancel_asked": job.cancel_asked, "adopted": terms.adopted,
        "error": problem(job),
    })
}

/// Counts as a JSON object, in the order asked for.
pub fn counts(outcome: &TaskOutcome, right: bool) -> Map<String, Value> {
    let name = |bits: &shotbook_sim::circuit::BitString| {
        if right { bits.reversed().to_string() } else { bits.to_string() }
    };
    outcome.counts.iter().map(|(bits, n)| (name(bits), json!(n))).collect()
}

/// Measured qubits in the order asked for; a computed bit has none.
pub fn measured(outcome: &TaskOutcome, right: bool) -> Value {
    let mut qubits: Vec<Value> = outcome
        .measured_qubits
        .iter()
        .map(|&q| if q == shotbook_sim::engine::COMPUTED { Value::Null } else { json!(q) })
        .collect();
    if right {
        qubits.reverse();
    }
    Value::Array(qubits)
}

/// The part of `shotbook.result/1` that every place shares.
pub fn result(outcome: &TaskOutcome, right: bool) -> Map<String, Value> {
    let mut out = Map::new();
    out.insert("shots".into(), json!(outcome.shots));
    out.insert("bit_order".into(), json!(if right { "q0-right" } else { "q0-left" }));
    out.insert("measured_qubits".into(), measured(outcome, right));
    if outcome.shots > 0 {
        out.insert("counts".into(), Value::Object(counts(outcome, right)));
    }
    if outcome.counts_from_probabilities {
        out.insert("counts_from_probabilities".into(), json!(true));
    }
    out.insert("result_types".into(), json!(outcome.result_types));
    out
}

/// One row of `shotbook.quote/1`.
pub fn device_quote(row: &DeviceQuote) -> Value {
    let mut out = Map::new();
    out.insert("device".into(), json!(row.device));
    out.insert("arn".into(), json!(row.arn));
    out.insert("fits".into(), json!(row.fits));
    if let Some(price) = &row.price {
        match &price.tariff {
            Tariff::PerShot { task_fee, shot_fee } => {
                out.insert("task_fee".into(), Value::String(fee(*task_fee)));
                out.insert("shot_fee".into(), money(*shot_fee));
            }
            Tariff::PerMinute { rate, minimum_ms, .. } => {
                out.insert("minute_fee".into(), money(*rate));
                out.insert("minimum_ms".into(), json!(minimum_ms));
            }
            Tariff::Free => {}
        }
        out.insert("tasks".into(), json!(price.tasks));
        out.insert("total".into(), money(price.total));
        out.insert("worst_case".into(), money(price.worst_case));
        out.insert("hold".into(), money(price.hold));
        if let Some((low, high)) = row.forecast_ms {
            out.insert("forecast_ms".into(), json!([low, high]));
            let range = [low, high].map(|ms| {
                price.tariff.for_duration(ms).and_then(|m| m.times(price.tasks)).unwrap_or(price.worst_case)
            });
            out.insert("range".into(), json!(range.map(|m| m.min(price.worst_case).to_string())));
        }
    }
    out.insert("notes".into(), json!(row.notes));
    Value::Object(out)
}

/// At least two decimals, as money is written on a table.
pub fn fee(amount: Money) -> String {
    format!("{amount:#}").replace('$', "")
}

/// `shotbook.quote/1`.
pub fn quote(quote: &Quote) -> Value {
    let rows: Vec<Value> = quote.devices.iter().map(device_quote).collect();
    json!({"schema": "shotbook.quote/1", "id": quote.id, "circuit_sha256": quote.circuit_sha256,
        "shots": quote.shots, "price_list_date": quote.price_list_date, "devices": rows})
}

/// `shotbook.budget/1`.
pub fn budget(status: &BudgetStatus) -> Value {
    let Balance { held, settled, unsure } = status.balance;
    let budget = &status.budget;
    json!({"schema": "shotbook.budget/1", "name": budget.name.as_str(), "limit": money(budget.limit),
        "per": budget.per.word(), "period": status.period.as_ref().map(|p| p.as_str().to_owned()),
        "for": scope(&budget.scope), "held": money(held), "settled": money(settled),
        "free": money(budget.free(&status.balance)), "unsure": money(unsure),
        "frozen": status.balance.is_frozen(budget.limit),
        "at": budget.alerts.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "reached": budget.reached(&status.balance).iter().map(ToString::to_string).collect::<Vec<_>>()})
}

/// Whom a budget binds, as `--for` writes it.
pub fn scope(scope: &crate::budget::Scope) -> Value {
    use crate::budget::Scope;
    match scope {
        Scope::Named => Value::Null,
        Scope::Project(p) => json!(format!("project={p}")),
        Scope::User(u) => json!(format!("user={u}")),
        Scope::Tag(k, v) => json!(format!("tag={k}={v}")),
        Scope::Device(d) => json!(format!("device={d}")),
        Scope::Account(a) => json!(format!("account={a}")),
    }
}

//! Stored shapes, apart from the domain types and converted by hand; a new version adds fields only.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::StoreError;
use crate::budget::{Alert, Period, Scope};
use crate::ids::{BlobId, BudgetName, CollectionId, DeviceArn, JobId, JobTag, QuantumTaskArn, Token, hex};
use crate::job::{
    Fire, HoldKind, Job, Lane, Outcome, Output, PastAttempt, Place, Refusal, RetryPolicy, Sealed, Stage,
    TaskStatus, Terms,
};
use crate::money::Money;
use crate::price::{Metering, Tariff};
use crate::time::Timestamp;

#[derive(Serialize, Deserialize)]
struct TermsRow {
    id: String,
    key: String,
    tag: String,
    content: String,
    name: String,
    project: Option<String>,
    tags: std::collections::BTreeMap<String, String>,
    device: String,
    place: PlaceRow,
    shots: u64,
    circuit: String,
    action: String,
    inputs: String,
    tariff: TariffRow,
    quoted: i64,
    hold: i64,
    soft: bool,
    budgets: Vec<String>,
    max_cost: Option<i64>,
    retries: u32,
    not_before: Option<i64>,
    #[serde(default, skip_serializing_if = "FireRow::is_empty")]
    fire: FireRow,
    created_at: i64,
    collection: Option<String>,
    adopted: bool,
    #[serde(default)]
    user: Option<String>,
}

#[derive(Default, PartialEq, Serialize, Deserialize)]
struct FireRow {
    deadline: Option<i64>,
    window: bool,
    max_queue: Option<u64>,
    max_fails: Option<u64>,
}

impl FireRow {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Serialize, Deserialize)]
enum PlaceRow {
    Local { seed: u64 },
    Braket { device: String, region: Option<String>, reservation: Option<String>, experimental: bool },
}

#[derive(Serialize, Deserialize)]
enum TariffRow {
    Free,
    PerShot { task_fee: i64, shot_fee: i64 },
    PerMinute { rate: i64, minimum_ms: u64, maximum_ms: u64 },
}

#[derive(Serialize, Deserialize)]
struct LifeRow {
    attempt: u32,
    retries_used: u32,
    cancel_asked: bool,
    past: Vec<(u32, Option<String>, String)>,
    stage: StageRow,
}

#[derive(Serialize, Deserialize)]
enum StageRow {
    Waiting {
        not_before: Option<i64>,
    },
    Submitting {
        token: String,
        signed_at: i64,
        lane: LaneRow,
        body: String,
        sends: u32,
        absent_at: Option<i64>,
        #[serde(default)]
        doubt: Option<String>,
    },
    Running {
        task: String,
        lane: LaneRow,
        seen: String,
        queue: Option<String>,
        poll_at: i64,
        polls: u32,
        cancel_sent: bool,
    },
    Settling {
        task: String,
        lane: LaneRow,
        metering: MeteringRow,
        bucket: String,
        directory: String,
        tries: u32,
        fetch_at: i64,
        problem: Option<String>,
    },
    Done(OutcomeRow),
}

#[derive(Serialize, Deserialize)]
struct LaneRow {
    endpoint: Option<String>,
    account: String,
    region: String,
    bucket: String,
    world: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct MeteringRow {
    successful_shots: Option<u64>,
    execution_ms: Option<u64>,
    elapsed_ms: Option<u64>,
}

#[derive(Serialize, Deserialize)]
enum OutcomeRow {
    Completed { result: Option<String>, successful_shots: Option<u64>, problem: Option<String> },
    Failed { reason: String },
    Cancelled,
    Refused { code: String, message: String, deferrable: bool },
    OverBudget { budget: String },
    Withdrawn { why: String, refused: bool },
    Absent,
}

/// Columns that decide about money, with a checksum over all of them.
pub(super) struct JobColumns {
    pub terms: String,
    pub life: String,
    pub checksum: String,
}

fn text<T: Serialize>(row: &T) -> String {
    serde_json::to_string(row).unwrap_or_default()
}

fn damaged(what: &str) -> StoreError {
    StoreError::Damaged(format!("{what} cannot be read"))
}

/// A checksum over columns, in order.
pub(super) fn checksum(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hex(&hash.finalize()[..16])
}

fn job_checksum(terms: &str, life: &str, version: u64, held: Money, settled: Money) -> String {
    checksum(&[terms, life, &version.to_string(), &held.nanos().to_string(), &settled.nanos().to_string()])
}

pub(super) fn job_columns(job: &Job) -> JobColumns {
    let (terms, life) = (text(&terms_row(&job.terms)), text(&life_row(job)));
    let checksum = job_checksum(&terms, &life, job.version, job.held, job.settled);
    JobColumns { terms, life, checksum }
}

pub(super) fn job(columns: &JobColumns, version: u64, held: i64, settled: i64) -> Result<Job, StoreError> {
    let (held, settled) = (Money::from_nanos(held), Money::from_nanos(settled));
    if job_checksum(&columns.terms, &columns.life, version, held, settled) != columns.checksum {
        return Err(StoreError::Damaged("a job does not match its checksum".to_owned()));
    }
    let terms: TermsRow = serde_json::from_str(&columns.terms).map_err(|_| damaged("the terms of a job"))?;
    let life: LifeRow = serde_json::from_str(&columns.life).map_err(|_| damaged("the life of a job"))?;
    Ok(Job {
        terms: Arc::new(terms_of(terms)),
        version,
        attempt: life.attempt,
        retries_used: life.retries_used,
        held,
        settled,
        cancel_asked: life.cancel_asked,
        past: life
            .past
            .into_iter()
            .map(|(number, task, outcome)| PastAttempt {
                number,
                task: task.map(QuantumTaskArn::new),
                outcome,
            })
            .collect(),
        stage: stage_of(life.stage),
    })
}

fn terms_row(t: &Terms) -> TermsRow {
    TermsRow {
        id: t.id.to_string(),
        key: t.key.clone(),
        tag: t.tag.as_str().to_owned(),
        content: t.content.to_string(),
        name: t.name.clone(),
        project: t.project.clone(),
        tags: t.tags.clone(),
        device: t.device.clone(),
        place: match &t.place {
            Place::Local { seed } => PlaceRow::Local { seed: *seed },
            Place::Braket { device, region, reservation, experimental } => PlaceRow::Braket {
                device: device.to_string(),
                region: region.clone(),
                reservation: reservation.clone(),
                experimental: *experimental,
            },
        },
        shots: t.shots,
        circuit: t.circuit.to_string(),
        action: t.action.to_string(),
        inputs: t.inputs.to_string(),
        tariff: match &t.tariff {
            Tariff::Free => TariffRow::Free,
            Tariff::PerShot { task_fee, shot_fee } => {
                TariffRow::PerShot { task_fee: task_fee.nanos(), shot_fee: shot_fee.nanos() }
            }
            Tariff::PerMinute { rate, minimum_ms, maximum_ms } => {
                TariffRow::PerMinute { rate: rate.nanos(), minimum_ms: *minimum_ms, maximum_ms: *maximum_ms }
            }
        },
        quoted: t.quoted.nanos(),
        hold: t.hold.nanos(),
        soft: t.hold_kind == HoldKind::Soft,
        budgets: t.budgets.iter().map(ToString::to_string).collect(),
        max_cost: t.max_cost.map(Money::nanos),
        retries: t.retries.paid,
        not_before: t.not_before.map(Timestamp::micros),
        fire: FireRow {
            deadline: t.fire.deadline.map(Timestamp::micros),
            window: t.fire.window,
            max_queue: t.fire.max_queue,
            max_fails: t.fire.max_fails,
        },
        created_at: t.created_at.micros(),
        collection: t.collection.as_ref().map(ToString::to_string),
        adopted: t.adopted,
        user: t.user.clone(),
    }
}

fn terms_of(t: TermsRow) -> Terms {
    Terms {
        id: JobId::new(t.id),
        key: t.key,
        tag: JobTag::new(t.tag),
        content: BlobId::new(t.content),
        name: t.name,
        project: t.project,
        tags: t.tags,
        device: t.device,
        place: match t.place {
            PlaceRow::Local { seed } => Place::Local { seed },
            PlaceRow::Braket { device, region, reservation, experimental } => {
                Place::Braket { device: DeviceArn::new(device), region, reservation, experimental }
            }
        },
        shots: t.shots,
        circuit: BlobId::new(t.circuit),
        action: BlobId::new(t.action),
        inputs: BlobId::new(t.inputs),
        tariff: match t.tariff {
            TariffRow::Free => Tariff::Free,
            TariffRow::PerShot { task_fee, shot_fee } => Tariff::PerShot {
                task_fee: Money::from_nanos(task_fee),
                shot_fee: Money::from_nanos(shot_fee),
            },
            TariffRow::PerMinute { rate, minimum_ms, maximum_ms } => {
                Tariff::PerMinute { rate: Money::from_nanos(rate), minimum_ms, maximum_ms }
            }
        },
        quoted: Money::from_nanos(t.quoted),
        hold: Money::from_nanos(t.hold),
        hold_kind: if t.soft { HoldKind::Soft } else { HoldKind::Hard },
        budgets: t.budgets.into_iter().map(BudgetName::new).collect(),
        max_cost: t.max_cost.map(Money::from_nanos),
        retries: RetryPolicy { paid: t.retries },
        not_before: t.not_before.map(Timestamp::from_micros),
        fire: Fire {
            deadline: t.fire.deadline.map(Timestamp::from_micros),
            window: t.fire.window,
            max_queue: t.fire.max_queue,
            max_fails: t.fire.max_fails,
        },
        created_at: Timestamp::from_micros(t.created_at),
        collection: t.collection.map(CollectionId::new),
        adopted: t.adopted,
        user: t.user,
    }
}

/// Tags and collection of stored terms.
pub(super) fn tags_of(
    terms: &str,
) -> Result<(std::collections::BTreeMap<String, String>, Option<String>), StoreError> {
    #[derive(Deserialize)]
    struct Part {
        tags: std::collections::BTreeMap<String, String>,
        collection: Option<String>,
    }
    let part: Part = serde_json::from_str(terms).map_err(|_| damaged("the terms of a job"))?;
    Ok((part.tags, part.collection))
}

fn life_row(job: &Job) -> LifeRow {
    LifeRow {
        attempt: job.attempt,
        retries_used: job.retries_used,
        cancel_asked: job.cancel_asked,
        past: job
            .past
            .iter()
            .map(|p| (p.number, p.task.as_ref().map(ToString::to_string), p.outcome.clone()))
            .collect(),
        stage: stage_row(&job.stage),
    }
}

fn lane_row(lane: &Lane) -> LaneRow {
    let Lane { endpoint, account, region, bucket, world } = lane.clone();
    LaneRow { endpoint, account, region, bucket, world }
}

fn lane_of(row: LaneRow) -> Lane {
    let LaneRow { endpoint, account, region, bucket, world } = row;
    Lane { endpoint, account, region, bucket, world }
}

pub(super) fn lane_text(lane: &Lane) -> String {
    text(&lane_row(lane))
}

pub(super) fn lane(text: &str) -> Result<Lane, StoreError> {
    serde_json::from_str(text).map(lane_of).map_err(|_| damaged("a lane"))
}

fn stage_row(stage: &Stage) -> StageRow {
    match stage {
        Stage::Waiting { not_before } => StageRow::Waiting { not_before: not_before.map(Timestamp::micros) },
        Stage::Submitting { sealed, sends, absent_at, doubt } => StageRow::Submitting {
            token: sealed.token.to_string(),
            signed_at: sealed.signed_at.micros(),
            lane: lane_row(&sealed.lane),
            body: sealed.body.to_string(),
            sends: *sends,
            absent_at: absent_at.map(Timestamp::micros),
            doubt: doubt.clone(),
        },
        Stage::Running { task, lane, seen, queue, poll_at, polls, cancel_sent } => StageRow::Running {
            task: task.to_string(),
            lane: lane_row(lane),
            seen: seen.word().to_owned(),
            queue: queue.clone(),
            poll_at: poll_at.micros(),
            polls: *polls,
            cancel_sent: *cancel_sent,
        },
        Stage::Settling { task, lane, metering, output, tries, fetch_at, problem } => StageRow::Settling {
            task: task.to_string(),
            lane: lane_row(lane),
            metering: MeteringRow {
                successful_shots: metering.successful_shots,
                execution_ms: metering.execution_ms,
                elapsed_ms: metering.elapsed_ms,
            },
            bucket: output.bucket.clone(),
            directory: output.directory.clone(),
            tries: *tries,
            fetch_at: fetch_at.micros(),
            problem: problem.clone(),
        },
        Stage::Done(outcome) => StageRow::Done(match outcome.clone() {
            Outcome::Completed { result, successful_shots, problem } => {
                OutcomeRow::Completed { result: result.map(|b| b.to_string()), successful_shots, problem }
            }
            Outcome::Failed { reason } => OutcomeRow::Failed { reason },
            Outcome::Cancelled => OutcomeRow::Cancelled,
            Outcome::Refused(Refusal { code, message, deferrable }) => {
                OutcomeRow::Refused { code, message, deferrable }
            }
            Outcome::OverBudget { budget } => OutcomeRow::OverBudget { budget: budget.to_string() },
            Outcome::Withdrawn { why, refused } => OutcomeRow::Withdrawn { why, refused },
            Outcome::Absent => OutcomeRow::Absent,
        }),
    }
}

fn stage_of(row: StageRow) -> Stage {
    let at = Timestamp::from_micros;
    match row {
        StageRow::Waiting { not_before } => Stage::Waiting { not_before: not_before.map(at) },
        StageRow::Submitting { token, signed_at, lane, body, sends, absent_at, doubt } => Stage::Submitting {
            sealed: Sealed {
                token: Token::new(token),
                signed_at: at(signed_at),
                lane: lane_of(lane),
                body: BlobId::new(body),
            },
            sends,
            absent_at: absent_at.map(at),
            doubt,
        },
        StageRow::Running { task, lane, seen, queue, poll_at, polls, cancel_sent } => Stage::Running {
            task: QuantumTaskArn::new(task),
            lane: lane_of(lane),
            seen: TaskStatus::named(&seen),
            queue,
            poll_at: at(poll_at),
            polls,
            cancel_sent,
        },
        StageRow::Settling { task, lane, metering, bucket, directory, tries, fetch_at, problem } => {
            Stage::Settling {
                task: QuantumTaskArn::new(task),
                lane: lane_of(lane),
                metering: Metering {
                    successful_shots: metering.successful_shots,
                    execution_ms: metering.execution_ms,
                    elapsed_ms: metering.elapsed_ms,
                },
                output: Output { bucket, directory },
                tries,
                fetch_at: at(fetch_at),
                problem,
            }
        }
        StageRow::Done(outcome) => Stage::Done(match outcome {
            OutcomeRow::Completed { result, successful_shots, problem } => {
                Outcome::Completed { result: result.map(BlobId::new), successful_shots, problem }
            }
            OutcomeRow::Failed { reason } => Outcome::Failed { reason },
            OutcomeRow::Cancelled => Outcome::Cancelled,
            OutcomeRow::Refused { code, message, deferrable } => {
                Outcome::Refused(Refusal { code, message, deferrable })
            }
            OutcomeRow::OverBudget { budget } => Outcome::OverBudget { budget: BudgetName::new(budget) },
            OutcomeRow::Withdrawn { why, refused } => Outcome::Withdrawn { why, refused },
            OutcomeRow::Absent => Outcome::Absent,
        }),
    }
}

pub(super) fn period_text(period: Period) -> String {
    match period {
        Period::Between(from, until) => format!("{from}..{until}"),
        other => other.word().to_owned(),
    }
}

pub(super) fn period(text: &str) -> Result<Period, StoreError> {
    Ok(match text {
        "ever" => Period::Ever,
        "day" => Period::Day,
        "week" => Period::Week,
        "month" => Period::Month,
        other => {
            let (from, until) = other.split_once("..").ok_or_else(|| damaged("the period of a budget"))?;
            let date = |t: &str| t.parse().map_err(|_| damaged("the period of a budget"));
            Period::Between(date(from)?, date(until)?)
        }
    })
}

/// Alerts in one text; none is the empty one.
pub(super) fn alerts_text(alerts: &[Alert]) -> String {
    alerts.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

pub(super) fn alerts(text: &str) -> Result<Vec<Alert>, StoreError> {
    let parts = text.split(',').filter(|part| !part.is_empty());
    parts.map(|part| part.parse().map_err(|_| damaged("the alerts of a budget"))).collect()
}

#[derive(Serialize, Deserialize)]
enum ScopeRow {
    Named,
    Project(String),
    User(String),
    Tag(String, String),
    Device(String),
    Account(String),
}

pub(super) fn scope_text(scope: &Scope) -> String {
    text(&match scope.clone() {
        Scope::Named => ScopeRow::Named,
        Scope::Project(p) => ScopeRow::Project(p),
        Scope::User(u) => ScopeRow::User(u),
        Scope::Tag(k, v) => ScopeRow::Tag(k, v),
        Scope::Device(d) => ScopeRow::Device(d),
        Scope::Account(a) => ScopeRow::Account(a),
    })
}

pub(super) fn scope(text: &str) -> Result<Scope, StoreError> {
    let row: ScopeRow = serde_json::from_str(text).map_err(|_| damaged("the scope of a budget"))?;
    Ok(match row {
        ScopeRow::Named => Scope::Named,
        ScopeRow::Project(p) => Scope::Project(p),
        ScopeRow::User(u) => Scope::User(u),
        ScopeRow::Tag(k, v) => Scope::Tag(k, v),
        ScopeRow::Device(d) => Scope::Device(d),
        ScopeRow::Account(a) => Scope::Account(a),
    })
}

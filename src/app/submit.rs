//! From a circuit and a wish to an accepted job: plan (pure), then accept (one commit).

use std::collections::BTreeMap;
use std::sync::Arc;

use shotbook_sim::circuit::Circuit;
use shotbook_sim::diagnostic::Diagnostic;
use shotbook_sim::qasm::{InputValue, Inputs};
use shotbook_sim::target::{self, Catalogue, Device};

use crate::backend::tags;
use crate::budget::{self, Facts, Shortfall};
use crate::ids::{BlobId, BudgetName, CollectionId, DeviceArn, JobId, JobTag, RunnerId};
use crate::job::{Fire, HoldKind, Job, Outcome, Place, RetryPolicy, Stage, Terms};
use crate::money::{Money, OutOfRange};
use crate::price::quote::{self, Subject};
use crate::price::{Price, PriceList, Tariff};
use crate::runner::LEASE;
use crate::store::{Acceptance, Accepted, BudgetStatus, NewJob, Store, StoreError};
use crate::time::Timestamp;

/// Most tags that a user may set: AWS takes 50, three are ours.
const MAX_TAGS: usize = 47;
const MAX_RETRIES: u32 = 3;

/// What a user asks for.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// File name of the circuit.
    pub name: &'a str,
    /// Its text.
    pub text: &'a str,
    /// SHA-256 of the text.
    pub sha256: &'a str,
    /// What it means.
    pub circuit: &'a Circuit,
    /// Values of its inputs.
    pub inputs: &'a Inputs,
    /// Where.
    pub device: &'a Device,
    /// Shots.
    pub shots: u64,
    /// Seed of a local run.
    pub seed: u64,
    /// The user's key.
    pub key: Option<String>,
    /// Budgets by name.
    pub budgets: Vec<BudgetName>,
    /// Project.
    pub project: Option<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Ceiling.
    pub max_cost: Option<Money>,
    /// Quote that it must still equal.
    pub quote: Option<String>,
    /// Paid retries.
    pub retries: u32,
    /// Not sent before.
    pub not_before: Option<Timestamp>,
    /// When it may still be sent.
    pub fire: Fire,
    /// Longest run of a managed simulator that may be held and billed. Units: milliseconds.
    pub max_duration_ms: Option<u64>,
    /// Hold the published cap of a managed simulator, not a forecast.
    pub hard: bool,
    /// Direct reservation.
    pub reservation: Option<String>,
}

/// What would be accepted, with its price.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Price of the task.
    pub price: Price,
    /// What is held.
    pub hold: Money,
    /// Name of the quote.
    pub quote_id: String,
    /// Bytes that the terms name.
    pub blobs: Vec<Vec<u8>>,
    pub(super) draft: Draft,
}

/// Terms before the job has an id.
#[derive(Clone, Debug)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) key: Option<String>,
    pub(super) content: BlobId,
    pub(super) project: Option<String>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) device: String,
    pub(super) place: Place,
    pub(super) shots: u64,
    pub(super) circuit: BlobId,
    pub(super) action: BlobId,
    pub(super) inputs: BlobId,
    pub(super) tariff: Tariff,
    pub(super) hold_kind: HoldKind,
    pub(super) named_budgets: Vec<BudgetName>,
    pub(super) max_cost: Option<Money>,
    pub(super) retries: RetryPolicy,
    pub(super) not_before: Option<Timestamp>,
    pub(super) fire: Fire,
}

/// What became of a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Submitted {
    /// A new job.
    New(JobId),
    /// The key was here already, with the same content.
    Same(JobId),
}

/// Why nothing was accepted.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The device does not take the circuit.
    #[error("{device} cannot run this circuit")]
    Unfit {
        /// The device.
        device: String,
        /// Each reason.
        reasons: Vec<Diagnostic>,
    },
    /// No rate is known.
    #[error("no price is known for {0}")]
    NoPrice(String),
    /// It costs more than the user's ceiling.
    #[error("it costs {worst_case:#} at worst, above the ceiling of {max_cost:#}")]
    OverMaxCost {
        /// What it can cost.
        worst_case: Money,
        /// The ceiling.
        max_cost: Money,
    },
    /// Circuit, device, shots or price moved since the quote.
    #[error("the quote {asked} is stale: this is {now}")]
    StaleQuote {
        /// The quote named.
        asked: String,
        /// What it would be now.
        now: String,
    },
    /// A budget has no room.
    #[error("budget {} has {:#} left, {:#} needed", .0.budget, .0.free, .0.needed)]
    OverBudget(Shortfall),
    /// No budget of that name.
    #[error("there is no budget {0}")]
    NoBudget(BudgetName),
    /// The key belongs to another job.
    #[error("the key {key} belongs to job {job}, which is not the same")]
    KeyTaken {
        /// The key.
        key: String,
        /// Its job.
        job: JobId,
    },
    /// A flag that makes no sense.
    #[error("{0}")]
    Flag(String),
    /// Money does not fit.
    #[error(transparent)]
    Range(#[from] OutOfRange),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Checks a request and prices it; touches nothing.
pub fn plan(request: &Request<'_>, list: &PriceList) -> Result<Plan, Refused> {
    check_flags(request)?;
    let inputs = inputs_json(request.inputs);
    let subject =
        Subject { circuit: request.circuit, sha256: request.sha256, inputs: &inputs, shots: request.shots };
    let quote_id = quote::id(&subject, list);
    let quote_id = match &request.reservation {
        Some(arn) => quote::reserved_id(&quote_id, arn),
        None => quote_id,
    };
    if let Some(asked) = request.quote.as_ref().filter(|q| **q != quote_id) {
        return Err(Refused::StaleQuote { asked: asked.clone(), now: quote_id });
    }
    let (place, action) = placed(request)?;
    let price = quote::price(&subject, list, request.device)?
        .ok_or_else(|| Refused::NoPrice(request.device.name.clone()))?;
    let price = if request.reservation.is_some() { price.reserved() } else { price };
    let (hold, hold_kind) = held(request, &price)?;
    if let Some(max_cost) = request.max_cost.filter(|&max| hold > max) {
        return Err(Refused::OverMaxCost { worst_case: hold, max_cost });
    }
    let blobs = vec![request.text.as_bytes().to_vec(), action.into_bytes(), inputs.clone().into_bytes()];
    let content = content(request, &inputs);
    let draft = Draft {
        name: request.name.to_owned(),
        key: request.key.clone(),
        content,
        project: request.project.clone(),
        tags: request.tags.clone(),
        device: request.device.name.clone(),
        place,
        shots: request.shots,
        circuit: BlobId::of(&blobs[0]),
        action: BlobId::of(&blobs[1]),
        inputs: BlobId::of(&blobs[2]),
        tariff: price.tariff.clone(),
        hold_kind,
        named_budgets: request.budgets.clone(),
        max_cost: request.max_cost,
        retries: RetryPolicy { paid: request.retries },
        not_before: request.not_before,
        fire: request.fire,
    };
    Ok(Plan { price, hold, quote_id, blobs, draft })
}

fn check_flags(request: &Request<'_>) -> Result<(), Refused> {
    let refuse = |why: String| Err(Refused::Flag(why));
    if request.shots == 0
        && !request.device.is_local()
        && request.device.shots.is_some_and(|(least, _)| least > 0)
    {
        return refuse(format!("{} needs at least one shot", request.device.name));
    }
    if request.retries > MAX_RETRIES {
        return refuse(format!("at most {MAX_RETRIES} paid retries"));
    }
    check_tags(&request.tags)?;
    if let Some(key) = &request.key
        && (key.is_empty() || key.len() > 256 || key.chars().any(char::is_control))
    {
        return refuse("a key has 1 to 256 bytes and no control characters".to_owned());
    }
    Ok(())
}

/// Whether AWS would take these tags beside ours.
///
/// # Errors
/// Too many, reserved, too long, or a character that AWS does not take.
pub fn check_tags(all: &BTreeMap<String, String>) -> Result<(), Refused> {
    let refuse = |why: String| Err(Refused::Flag(why));
    if all.len() > MAX_TAGS {
        return refuse(format!("at most {MAX_TAGS} tags; AWS takes 50 and three are ours"));
    }
    let legal = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
    for (key, value) in all {
        if key.is_empty() || key.starts_with(tags::PREFIX) || key.starts_with("aws:") {
            return refuse(format!("the tag {key:?} is reserved"));
        }
        if key.chars().count() > 128
            || value.chars().count() > 256
            || !key.chars().chain(value.chars()).all(legal)
        {
            return refuse(format!(
                "the tag {key}={value} has characters or a length that AWS does not take"
            ));
        }
    }
    Ok(())
}

/// Where it runs and the `action` that is sent there.
fn placed(request: &Request<'_>) -> Result<(Place, String), Refused> {
    if request.device.is_local() {
        return Ok((Place::Local { seed: request.seed }, String::new()));
    }
    let unfit = |reasons| Refused::Unfit { device: request.device.name.clone(), reasons };
    let reasons = target::check(request.circuit, request.device, Some(request.shots));
    if !reasons.is_empty() {
        return Err(unfit(reasons));
    }
    let submission = target::submission(request.circuit, request.device, request.inputs).map_err(unfit)?;
    let place = Place::Braket {
        device: DeviceArn::new(&request.device.arn),
        region: request.device.region().map(str::to_owned),
        reservation: request.reservation.clone(),
        experimental: submission.experimental,
    };
    Ok((place, submission.action))
}

fn held(request: &Request<'_>, price: &Price) -> Result<(Money, HoldKind), Refused> {
    let Tariff::PerMinute { .. } = price.tariff else { return Ok((price.hold, price.hold_kind)) };
    if request.hard {
        return Ok((price.worst_case, HoldKind::Hard));
    }
    match request.max_duration_ms {
        Some(ms) => Ok((price.tariff.for_duration(ms)?.min(price.worst_case), HoldKind::Soft)),
        None => Ok((price.hold, price.hold_kind)),
    }
}

/// What makes two submissions under one key the same.
pub(super) fn content(request: &Request<'_>, inputs: &str) -> BlobId {
    let tags: Vec<String> = request.tags.iter().map(|(k, v)| format!("{k}={v}")).collect();
    let seed = if request.device.is_local() { request.seed } else { 0 };
    let parts = [
        request.sha256.to_owned(),
        request.device.arn.clone(),
        request.shots.to_string(),
        inputs.to_owned(),
        request.project.clone().unwrap_or_default(),
        tags.join("\n"),
        seed.to_string(),
    ];
    // A new price list gives a new quote but not a new wish.
    BlobId::of(parts.join("\u{1f}").as_bytes())
}

/// Stores the plan as a job and holds its money in one commit.
pub fn accept(
    store: &dyn Store,
    plan: &Plan,
    id: JobId,
    facts: &Facts<'_>,
    world: Option<String>,
    worker: Option<RunnerId>,
    now: Timestamp,
) -> Result<Submitted, Refused> {
    let entry =
        Entry { plan, id: id.clone(), key: plan.draft.key.clone(), points: vec![0], facts: facts.clone() };
    match accept_all(store, &[entry], None, world, worker, now)? {
        Accepted::Same(ids) => Ok(Submitted::Same(ids.into_iter().next().unwrap_or(id))),
        _ => Ok(Submitted::New(id)),
    }
}

/// A plan with what acceptance adds to it.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Id of the job, if it is new.
    pub id: JobId,
    /// Its key; its id unless given.
    pub key: Option<String>,
    /// Points of the collection that it carries, in the order of its executables.
    pub points: Vec<u64>,
    /// What budgets look at.
    pub facts: Facts<'a>,
}

/// The collection that jobs are accepted into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lot {
    /// Its id.
    pub id: CollectionId,
    /// Its key.
    pub key: String,
    /// Its points get the new jobs in place of those that they have.
    pub again: bool,
}

/// Which of the plans are to be made again: those whose points ended unpaid and without a result,
/// each with the key of its next job. Shape: `plans` has each plan with its first point.
///
/// # Errors
/// A plan that is not what its point was accepted as, or the store.
pub fn failed(
    store: &dyn Store,
    collection: &CollectionId,
    plans: &[(&Plan, u64)],
) -> Result<Vec<(usize, String)>, Refused> {
    let jobs: BTreeMap<u64, JobId> = store.points(collection)?.into_iter().collect();
    let mut out = Vec::new();
    for (n, (plan, point)) in plans.iter().enumerate() {
        let Some(id) = jobs.get(point) else { continue };
        let job = store.job(id)?;
        if job.terms.content != plan.draft.content {
            return Err(Refused::KeyTaken { key: job.terms.key.clone(), job: id.clone() });
        }
        let failed = match &job.stage {
            Stage::Done(Outcome::Completed { .. } | Outcome::Cancelled) => false,
            Stage::Done(_) => true,
            _ => false,
        };
        if failed {
            out.push((n, next_key(&job.terms.key)));
        }
    }
    Ok(out)
}

/// The key of the job that follows a failed one: `KEY~2`, then `KEY~3`.
pub fn next_key(key: &str) -> String {
    let (base, tries) = match key.rsplit_once('~') {
        Some((base, n)) => n.parse::<u32>().map_or((key, 1), |n| (base, n)),
        None => (key, 1),
    };
    format!("{base}~{}", tries.saturating_add(1))
}

/// Stores all plans as jobs and holds their money in one commit, or nothing at all. With a collection,
/// each entry carries its points of it. What is here already under its key with the same content stays
/// as it is, so that accepting again after an interruption adds only what is missing.
///
/// # Errors
/// A budget without room, a key of another job, a budget that is not there, or the store.
pub fn accept_all(
    store: &dyn Store,
    entries: &[Entry<'_>],
    lot: Option<&Lot>,
    world: Option<String>,
    worker: Option<RunnerId>,
    now: Timestamp,
) -> Result<Accepted, Refused> {
    let statuses = store.budgets(now)?;
    let existing: Vec<_> = statuses.iter().map(|b| b.budget.clone()).collect();
    let identity = store.identity()?.store;
    let (mut jobs, mut blobs) = (Vec::with_capacity(entries.len()), BTreeMap::new());
    for entry in entries {
        let named = &entry.plan.draft.named_budgets;
        if let Some(missing) = named.iter().find(|n| existing.iter().all(|b| b.name != **n)) {
            return Err(Refused::NoBudget(missing.clone()));
        }
        let budgets = budget::binding(&existing, named, &entry.facts);
        let tag = JobTag::of(&identity, entry.key.as_deref().unwrap_or(entry.id.as_str()));
        let terms = terms(entry, tag, budgets, lot.map(|lot| lot.id.clone()), now);
        // Money waits with the job: a hold for next week would block the grant until then.
        let hold_now = terms.not_before.is_none_or(|at| at <= now);
        let job = Job::accepted(Arc::new(terms), hold_now);
        jobs.push(NewJob { job, points: entry.points.clone() });
        let draft = &entry.plan.draft;
        for (name, bytes) in [&draft.circuit, &draft.action, &draft.inputs].into_iter().zip(&entry.plan.blobs)
        {
            blobs.entry(name.clone()).or_insert_with(|| bytes.clone());
        }
    }
    let acceptance = Acceptance {
        collection: lot.map(|lot| (lot.id.clone(), lot.key.clone())),
        jobs,
        blobs: blobs.into_values().collect(),
        world,
        again: lot.is_some_and(|lot| lot.again),
        worker: worker.map(|runner| (runner, now.after(LEASE))),
        at: now,
    };
    match store.accept(&acceptance)? {
        Accepted::KeyTaken { key, job } => Err(Refused::KeyTaken { key, job }),
        Accepted::OverBudget(shortfall) => {
            let Shortfall { budget, needed, free } = &shortfall;
            let mut own = acceptance.jobs.iter().filter(|n| n.job.terms.budgets.contains(budget));
            let all = own.try_fold(Money::ZERO, |sum, n| sum.plus(n.job.held))?;
            let before = statuses.iter().find(|b| b.budget.name == *budget);
            // Of many jobs the store names the first that does not fit; a person asked for all of them.
            let free = before.filter(|_| all > *needed).map_or(*free, |b| b.budget.free(&b.balance));
            Err(Refused::OverBudget(Shortfall { budget: budget.clone(), needed: all.max(*needed), free }))
        }
        accepted => Ok(accepted),
    }
}

/// What is left for a job in every budget that binds it; `None` when none does.
///
/// # Errors
/// The store.
pub fn room(
    store: &dyn Store,
    named: &[BudgetName],
    facts: &Facts<'_>,
    now: Timestamp,
) -> Result<Option<Money>, StoreError> {
    let statuses = store.budgets(now)?;
    let existing: Vec<_> = statuses.iter().map(|b| b.budget.clone()).collect();
    let bound = budget::binding(&existing, named, facts);
    let free = |b: &BudgetStatus| b.period.as_ref().map_or(Money::ZERO, |_| b.budget.free(&b.balance));
    Ok(statuses.iter().filter(|b| bound.contains(&b.budget.name)).map(free).min())
}

fn terms(
    entry: &Entry<'_>,
    tag: JobTag,
    budgets: Vec<BudgetName>,
    collection: Option<CollectionId>,
    now: Timestamp,
) -> Terms {
    let (plan, draft) = (entry.plan, &entry.plan.draft);
    Terms {
        id: entry.id.clone(),
        tag,
        key: entry.key.clone().unwrap_or_else(|| entry.id.as_str().to_owned()),
        content: draft.content.clone(),
        name: draft.name.clone(),
        project: draft.project.clone(),
        tags: draft.tags.clone(),
        device: draft.device.clone(),
        place: draft.place.clone(),
        shots: draft.shots,
        circuit: draft.circuit.clone(),
        action: draft.action.clone(),
        inputs: draft.inputs.clone(),
        tariff: draft.tariff.clone(),
        quoted: plan.price.total,
        hold: plan.hold,
        hold_kind: draft.hold_kind,
        budgets,
        max_cost: draft.max_cost,
        retries: draft.retries,
        not_before: draft.not_before,
        fire: draft.fire,
        created_at: now,
        collection,
        adopted: false,
        user: entry.facts.user.map(str::to_owned),
    }
}

/// What would fit into `free` instead: fewer shots here, or the cheapest other device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Shots that fit on the same device and their price, if any do.
    pub shots_here: Option<(u64, Money)>,
    /// Whole seconds of a managed simulator that fit, if its minimum does.
    pub seconds_here: Option<u64>,
    /// The cheapest other device that fits, with its price.
    pub cheaper: Option<(String, Money)>,
}

/// What would fit into `free` instead of this request.
pub fn options(request: &Request<'_>, list: &PriceList, free: Money) -> Options {
    let inputs = inputs_json(request.inputs);
    let subject =
        Subject { circuit: request.circuit, sha256: request.sha256, inputs: &inputs, shots: request.shots };
    let devices: Vec<&Device> = Catalogue::embedded().devices().iter().collect();
    let quote = crate::price::Quote::make(&subject, list, &devices);
    let cheaper = quote
        .devices
        .iter()
        .filter(|d| d.device != request.device.name)
        .filter_map(|d| Some((d.device.clone(), d.price.as_ref()?.hold)))
        .filter(|(_, hold)| *hold <= free)
        .min_by_key(|(_, hold)| *hold);
    let (mut shots_here, mut seconds_here) = (None, None);
    match quote::price(&subject, list, request.device).ok().flatten().map(|p| p.tariff) {
        Some(Tariff::PerShot { task_fee, shot_fee }) => {
            let least = request.device.shots.map_or(1, |(least, _)| least.max(1));
            let fits = free.minus(task_fee).unwrap_or(Money::ZERO).fits(shot_fee).min(request.shots);
            let price = shot_fee.times(fits).and_then(|shots| shots.plus(task_fee)).ok();
            shots_here = price.filter(|_| fits >= least).map(|price| (fits, price));
        }
        Some(Tariff::PerMinute { rate, minimum_ms, .. }) => {
            let fits = free.times(60).map_or(0, |sixty| sixty.fits(rate));
            seconds_here = Some(fits).filter(|s| s.saturating_mul(1000) >= minimum_ms);
        }
        Some(Tariff::Free) | None => {}
    }
    Options { shots_here, seconds_here, cheaper }
}

/// Inputs as canonical JSON text: sorted by name.
pub fn inputs_json(inputs: &Inputs) -> String {
    let object: serde_json::Map<String, serde_json::Value> =
        inputs.iter().map(|(name, value)| (name.clone(), input_json(value))).collect();
    serde_json::Value::Object(object).to_string()
}

pub(super) fn input_json(value: &InputValue) -> serde_json::Value {
    match value {
        InputValue::Number(x) => serde_json::json!(x),
        InputValue::Int(n) => serde_json::json!(n),
        InputValue::Bits(bits) => serde_json::json!(bits),
        InputValue::List(items) => items.iter().map(input_json).collect(),
    }
}

/// Inputs from JSON text.
pub fn inputs_from_json(bytes: &[u8]) -> Result<Inputs, String> {
    let object: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(bytes).map_err(|e| format!("inputs must be one JSON object: {e}"))?;
    object.into_iter().map(|(name, value)| Ok((name.clone(), input_from(&name, value)?))).collect()
}

fn input_from(name: &str, value: serde_json::Value) -> Result<InputValue, String> {
    use serde_json::Value;
    Ok(match value {
        Value::Number(n) => match n.as_i64() {
            Some(n) => InputValue::Int(n),
            None => InputValue::Number(n.as_f64().ok_or_else(|| format!("input {name} is out of range"))?),
        },
        Value::String(bits) => InputValue::Bits(bits),
        Value::Bool(b) => InputValue::Int(i64::from(b)),
        Value::Array(items) => {
            InputValue::List(items.into_iter().map(|v| input_from(name, v)).collect::<Result<_, _>>()?)
        }
        Value::Null | Value::Object(_) => {
            return Err(format!("input {name} must be a number, bits or a list"));
        }
    })
}

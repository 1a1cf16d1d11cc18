//! `submit --batch`: many submissions from one file, accepted together or not at all.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::json;

use super::{Args, Met, ask_for, drive_all, explain, meet, request};
use crate::app::{self, Entry, Here, Lot, Plan, Refused, Request};
use crate::budget::Facts;
use crate::cli::circuit::{Loaded, read_text};
use crate::cli::output::Out;
use crate::cli::{Context, Failure};
use crate::failpoint;
use crate::ids::{CollectionId, JobId};
use crate::money::Money;
use crate::price::quote::{self, Subject};
use crate::store::{Accepted, SqliteStore, Store};
use crate::time;

/// One line; what it leaves out comes from the flags.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    file: String,
    device: Option<String>,
    shots: Option<u64>,
    key: Option<String>,
    #[serde(default)]
    inputs: serde_json::Map<String, serde_json::Value>,
    project: Option<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    seed: Option<u64>,
}

/// A line that can be accepted.
struct Planned {
    args: Args,
    plan: Plan,
    point: u64,
}

pub fn run(file: &str, args: &Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let mut planned = plan_all(file, args, context, out)?;
    let mut lot = None;
    if args.retry.is_some() {
        let store = context.store()?;
        lot = again(args.key.as_deref().unwrap_or_default(), &store)?;
        if let Some(lot) = &lot {
            let plans: Vec<(&Plan, u64)> = planned.iter().map(|p| (&p.plan, p.point)).collect();
            let failed: BTreeMap<usize, String> = app::failed(&store, &lot.id, &plans)?.into_iter().collect();
            let all = std::mem::take(&mut planned).into_iter().enumerate();
            planned = all
                .filter_map(|(n, p)| {
                    let key = failed.get(&n)?.clone();
                    Some(Planned { args: Args { key: Some(key), ..p.args }, ..p })
                })
                .collect();
            say_again(lot, planned.len(), "lines", out);
        }
    }
    go(&planned, lot, args, context, out)
}

/// More shots than one task takes: the fewest tasks as one collection, whose counts `result` adds up.
pub fn run_split(
    args: &Args,
    whole: &Request<'_>,
    loaded: &Loaded,
    context: &Context,
    out: &mut Out,
) -> Result<u8, Failure> {
    let list = context.prices()?;
    let inputs = app::inputs_json(whole.inputs);
    let subject =
        Subject { circuit: whole.circuit, sha256: whole.sha256, inputs: &inputs, shots: whole.shots };
    let id = quote::id(&subject, &list);
    let id = whole.reservation.as_ref().map_or(id.clone(), |arn| quote::reserved_id(&id, arn));
    if let Some(asked) = whole.quote.clone().filter(|asked| *asked != id) {
        return Err(Refused::StaleQuote { asked, now: id }.into());
    }
    let (tasks, _) = quote::split(whole.shots, whole.device);
    let mut planned = Vec::new();
    for n in 0..tasks {
        let shots = whole.shots / tasks + u64::from(n < whole.shots % tasks);
        let key = args.key.as_ref().map(|key| format!("{key}/{n}"));
        // The ceiling is one of all tasks together, and is compared with their sum.
        let own = Args { shots: Some(shots), key, quote: None, max_cost: None, ..args.clone() };
        let request = request(&own, whole.device, loaded)?;
        let plan = app::plan(&request, &list).map_err(|r| explain(r, loaded, out))?;
        planned.push(Planned { args: own, plan, point: n });
    }
    go(&planned, None, args, context, out)
}

fn go(
    planned: &[Planned],
    lot: Option<Lot>,
    args: &Args,
    context: &Context,
    out: &mut Out,
) -> Result<u8, Failure> {
    let total = planned.iter().try_fold(Money::ZERO, |sum, p| sum.plus(p.plan.hold));
    let total = total.map_err(|e| Failure::new("SB2001", e.to_string()))?;
    if let Some(max_cost) = args.max_cost.as_deref().map(super::amount).transpose()?.filter(|m| total > *m) {
        return Err(Refused::OverMaxCost { worst_case: total, max_cost }.into());
    }
    if args.dry_run {
        if out.is_json() {
            out.json(&json!({"schema": "shotbook.plan/1", "submissions": planned.len(), "hold": total.to_string()}));
        } else {
            out.line(&format!("would hold {total:#} for {} submissions; nothing was sent", planned.len()));
        }
        return Ok(0);
    }
    let store = context.store()?;
    if let Some(lot) = lot.as_ref().filter(|_| planned.is_empty()) {
        return drive_all(args, context, &store, &lot.id, &of_points(&store, &lot.id)?, out);
    }
    ask_for(args, total, &format!(" for {} submissions", planned.len()), &store, out)?;
    let (collection, ids) = accept(planned, args, lot, context, &store, out)?;
    super::room::warn(&store, &ids, out)?;
    drive_all(args, context, &store, &collection, &ids, out)
}

/// Plans every line before anything is stored; the first wrong one is named with its number.
fn plan_all(file: &str, args: &Args, context: &Context, out: &mut Out) -> Result<Vec<Planned>, Failure> {
    let text = read_text(file)?;
    let list = context.prices()?;
    let mut circuits: HashMap<(String, String), Loaded> = HashMap::new();
    let mut planned = Vec::new();
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    for (point, (number, line)) in lines.enumerate() {
        let place = format!("{file}:{}", number + 1);
        let wrong = |why: String| {
            Failure::new("SB2001", format!("{place}: {why}"))
                .with_help(r#"{"file":"bell.qasm","device":"garnet","shots":100,"key":"a"}"#)
        };
        let line: Line = serde_json::from_str(line).map_err(|e| wrong(e.to_string()))?;
        let own = merged(args, &line, point).map_err(wrong)?;
        let device = super::super::devices::find(own.on()).map_err(|f| f.at(&place))?;
        let known = (line.file.clone(), own.circuit.input.join("\n"));
        let loaded = match circuits.entry(known) {
            std::collections::hash_map::Entry::Occupied(e) => e.into_mut(),
            std::collections::hash_map::Entry::Vacant(e) => {
                let loaded = own.circuit.load_right(&line.file, out).map_err(|f| f.at(&place))?;
                loaded.bound(out).map_err(|f| f.at(&place))?;
                e.insert(loaded)
            }
        };
        let request = request(&own, device, loaded).map_err(|f| f.at(&place))?;
        let plan = app::plan(&request, &list).map_err(|r| explain(r, loaded, out).at(&place))?;
        planned.push(Planned { args: own, plan, point: point as u64 });
    }
    if planned.is_empty() {
        return Err(Failure::new("SB2001", format!("{file} has no submission"))
            .with_help(r#"{"file":"bell.qasm","device":"garnet","shots":100}"#));
    }
    Ok(planned)
}

/// The flags with what a line says in their place; its key, unless it has one, is `KEY/n`.
fn merged(args: &Args, line: &Line, point: usize) -> Result<Args, String> {
    let mut own = args.clone();
    own.batch = None;
    // The ceiling is one of all lines together, and was compared with their sum.
    own.max_cost = None;
    own.key = line.key.clone().or_else(|| args.key.as_ref().map(|key| format!("{key}/{point}")));
    own.on = Some(line.device.clone().or(own.on).ok_or("no device; write \"device\" or give --on")?);
    own.shots = Some(line.shots.or(own.shots).ok_or("no shots; write \"shots\" or give --shots")?);
    own.project = line.project.clone().or(own.project);
    own.tags.extend(line.tags.iter().map(|(k, v)| format!("{k}={v}")));
    own.seed = line.seed.or(own.seed);
    for (name, value) in &line.inputs {
        let text = match value {
            serde_json::Value::Number(n) => n.to_string(),
            serde_json::Value::String(bits) => bits.clone(),
            other => return Err(format!("input {name} is {other}: a number or bits are expected")),
        };
        own.circuit.input.push(format!("{name}={text}"));
    }
    Ok(own)
}

/// The collection of a key or id as one whose points get new jobs; `None` when it is not there yet.
pub fn again(key: &str, store: &dyn Store) -> Result<Option<Lot>, Failure> {
    let found = store.collections()?.into_iter().find(|c| c.key == key || c.id.as_str() == key);
    Ok(found.map(|c| Lot { id: c.id, key: c.key, again: true }))
}

/// How much of a collection is made again.
pub fn say_again(lot: &Lot, many: usize, what: &str, out: &mut Out) {
    match many {
        0 => out.say(&format!("nothing of {} failed", lot.id)),
        many => out.say(&format!("{many} {what} of {} failed and are made again", lot.id)),
    }
}

/// The jobs of a collection, each once, in the order of its points.
pub fn of_points(store: &dyn Store, id: &CollectionId) -> Result<Vec<JobId>, Failure> {
    let mut seen = std::collections::HashSet::new();
    Ok(store.points(id)?.into_iter().map(|(_, id)| id).filter(|id| seen.insert(id.clone())).collect())
}

/// The collection that a key names, or a fresh one.
pub fn lot_of(key: Option<&String>, store: &dyn Store) -> Result<Lot, Failure> {
    Ok(match key {
        Some(key) => {
            Lot { id: CollectionId::of(&store.identity()?.store, key), key: key.clone(), again: false }
        }
        None => {
            let id = Here.collection_id();
            Lot { key: id.to_string(), id, again: false }
        }
    })
}

fn accept(
    planned: &[Planned],
    args: &Args,
    lot: Option<Lot>,
    context: &Context,
    store: &SqliteStore,
    out: &mut Out,
) -> Result<(CollectionId, Vec<JobId>), Failure> {
    let answerers = meet_all(planned, context, store)?;
    let world = answerers.values().find_map(|met| met.world.clone());
    let lot = match lot {
        Some(lot) => lot,
        None => lot_of(args.key.as_ref(), store)?,
    };
    let tags: Vec<BTreeMap<String, String>> =
        planned.iter().map(|p| super::tags_of(&p.args)).collect::<Result<_, _>>()?;
    let entries: Vec<Entry<'_>> = planned
        .iter()
        .zip(Here.job_ids(planned.len()))
        .enumerate()
        .map(|(n, (p, id))| Entry {
            plan: &p.plan,
            id,
            key: p.args.key.clone(),
            points: vec![p.point],
            facts: Facts {
                project: p.args.project.as_deref(),
                user: answerers.get(p.args.on()).and_then(|met| met.user.as_deref()),
                tags: tags.get(n),
                device: p.args.on(),
                account: answerers.get(p.args.on()).and_then(|met| met.account.as_deref()),
            },
        })
        .collect();
    let injected = |e: failpoint::Injected| Failure::new("SB1001", e.to_string());
    failpoint::hit("accept.before").map_err(injected)?;
    let accepted = match app::accept_all(store, &entries, Some(&lot), world, time::now()) {
        Err(Refused::OverBudget(shortfall)) => {
            let raise = super::room::raise(store, &shortfall)?;
            let mut sum = Money::ZERO;
            let fitting = planned.iter().take_while(|p| {
                sum = sum.plus(p.plan.hold).unwrap_or(Money::from_nanos(i64::MAX));
                sum <= shortfall.free
            });
            let (first, all) = (fitting.count(), planned.len());
            let part = (first > 0).then(|| format!("the first {first} of {all} submissions"));
            let help = super::room::or_else(part.as_slice(), shortfall.free, Some(raise));
            return Err(Failure::from(Refused::OverBudget(shortfall)).with_help(help));
        }
        other => other?,
    };
    failpoint::hit("accept.after").map_err(injected)?;
    let own = of_points(store, &lot.id)?;
    let ids = match accepted {
        Accepted::Same(ids) => {
            out.say(&format!("{} is here already under this key", lot.id));
            if own.is_empty() { ids } else { own }
        }
        _ => own,
    };
    Ok((lot.id, ids))
}

/// Asks each region once who answers there.
fn meet_all(
    planned: &[Planned],
    context: &Context,
    store: &SqliteStore,
) -> Result<HashMap<String, Met>, Failure> {
    let mut out = HashMap::new();
    for own in planned.iter().map(|p| &p.args) {
        let device = super::super::devices::find(own.on())?;
        if !out.contains_key(own.on()) {
            out.insert(own.on().to_owned(), meet(context, store, device)?);
        }
    }
    Ok(out)
}

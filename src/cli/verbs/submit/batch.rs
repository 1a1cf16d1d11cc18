//! `submit --batch`: many submissions from one file, accepted together or not at all.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde_json::json;

use super::{Args, Met, ask_for, drive_all, explain, meet, packed, request};
use crate::app::{self, Entry, Here, Lot, Plan, Refused, Request};
use crate::budget::Facts;
use crate::cli::circuit::{Loaded, read_text};
use crate::cli::output::Out;
use crate::cli::verbs::sweep::fit;
use crate::cli::verbs::sweep::proof::Proof;
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

/// A line that can be accepted, or several as one task.
#[derive(Clone)]
pub(super) struct Planned {
    pub(super) args: Args,
    pub(super) plan: Plan,
    /// The lines, from 0.
    pub(super) points: Vec<u64>,
    /// Whether it gives more than counts, which no program set does.
    pub(super) alone: bool,
}

pub fn run(file: &str, args: &Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let lines = plan_all(file, args, context, out)?;
    let key = args.key.as_deref();
    let known = match &args.retry {
        Some(_) => again(key.unwrap_or_default(), &context.store()?)?,
        None => None,
    };
    if args.pack {
        let packed = match &known {
            None => packed::pack_all(&lines, key)?,
            Some(lot) => {
                let (many, packed) = packed::failed(&context.store()?, lot, &lines)?;
                say_again(lot, many, "lines", out);
                packed
            }
        };
        let work = Work { planned: &packed.tasks, lines: &lines, proof: Some(packed.proof()) };
        return go(&work, known, args, context, out);
    }
    let mut planned = lines.clone();
    if let Some(lot) = &known {
        let plans: Vec<(&Plan, u64)> = planned.iter().map(|p| (&p.plan, p.points[0])).collect();
        let failed = app::failed(&context.store()?, &lot.id, &plans)?;
        let failed: BTreeMap<usize, String> = failed.into_iter().collect();
        let all = std::mem::take(&mut planned).into_iter().enumerate();
        planned = all
            .filter_map(|(n, p)| {
                let key = failed.get(&n)?.clone();
                Some(Planned { args: Args { key: Some(key), ..p.args }, ..p })
            })
            .collect();
        say_again(lot, planned.len(), "lines", out);
    }
    go(&Work { planned: &planned, lines: &lines, proof: None }, known, args, context, out)
}

/// What is about to be accepted.
#[derive(Clone, Copy)]
struct Work<'a> {
    /// The tasks.
    planned: &'a [Planned],
    /// The lines, one by one; none where it is one submission in parts.
    lines: &'a [Planned],
    /// What packing saved, where it was asked for.
    proof: Option<Proof<'a>>,
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
        let alone = !whole.circuit.results.is_empty();
        planned.push(Planned { args: own, plan, points: vec![n], alone });
    }
    go(&Work { planned: &planned, lines: &[], proof: None }, None, args, context, out)
}

fn go(
    work: &Work<'_>,
    lot: Option<Lot>,
    args: &Args,
    context: &Context,
    out: &mut Out,
) -> Result<u8, Failure> {
    let planned = work.planned;
    let total = planned.iter().try_fold(Money::ZERO, |sum, p| sum.plus(p.plan.hold));
    let total = total.map_err(|e| Failure::new("SB2001", e.to_string()))?;
    if let Some(max_cost) = args.max_cost.as_deref().map(super::amount).transpose()?.filter(|m| total > *m) {
        let failure = Failure::from(Refused::OverMaxCost { worst_case: total, max_cost });
        return Err(failure.with_help(super::room::or_else(&fitting(work, args, max_cost), max_cost, None)));
    }
    let proof = work.proof.map(|proof| proof.line()).transpose()?;
    if args.dry_run {
        dry_run(work, total, proof.as_deref(), out);
        return Ok(0);
    }
    let store = context.store()?;
    if let Some(lot) = lot.as_ref().filter(|_| planned.is_empty()) {
        return drive_all(args, context, &store, &lot.id, &of_points(&store, &lot.id)?, out);
    }
    if let Some(proof) = &proof {
        out.say(proof);
    }
    ask_for(args, total, &format!(" for {}", many(planned.len())), &store, out)?;
    let (collection, ids) = accept(work, args, lot, context, &store, out)?;
    super::room::warn(&store, &ids, out)?;
    drive_all(args, context, &store, &collection, &ids, out)
}

fn many(tasks: usize) -> String {
    if tasks == 1 { "1 submission".to_owned() } else { format!("{tasks} submissions") }
}

fn dry_run(work: &Work<'_>, total: Money, proof: Option<&str>, out: &mut Out) {
    if out.is_json() {
        let mut shown = json!({"schema": "shotbook.plan/1", "submissions": work.planned.len(), "hold": total.to_string()});
        if let Some(proof) = work.proof
            && let (serde_json::Value::Object(to), serde_json::Value::Object(from)) =
                (&mut shown, proof.json(""))
        {
            to.extend(from.into_iter().filter(|(name, _)| name != "device"));
        }
        out.json(&shown);
        return;
    }
    if let Some(proof) = proof {
        out.line(proof);
    }
    out.line(&format!("would hold {total:#} for {}; nothing was sent", many(work.planned.len())));
}

/// What of a batch would fit into `free`: all of it as program sets, or its first lines.
fn fitting(work: &Work<'_>, args: &Args, free: Money) -> Vec<String> {
    let mut out = Vec::new();
    let lines = work.lines;
    let all = work.proof.is_none().then(|| packed::pack_all(lines, None).ok()).flatten();
    let file = args.batch.as_deref().unwrap_or_default();
    if let Some(packed) = all.filter(|p| !lines.is_empty() && p.proof().hold <= free) {
        let hold = packed.proof().hold;
        if packed.proof().packing.sets() > 0 {
            out.push(format!("as program sets: shotbook submit --batch {file} --pack ({hold:#})"));
        }
    }
    let cost = |n: u64| {
        let n = usize::try_from(n).ok()?;
        if work.proof.is_some() {
            return Some(packed::pack_all(&lines[..n], None).ok()?.proof().hold);
        }
        lines[..n].iter().try_fold(Money::ZERO, |sum, p| sum.plus(p.plan.hold).ok())
    };
    let most = (lines.len() as u64).saturating_sub(1);
    if let Some((n, price)) = fit::most(most, free, cost) {
        out.push(format!("the first {n} of {} submissions ({price:#})", lines.len()));
    }
    out
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
        let alone = !loaded.circuit()?.results.is_empty();
        planned.push(Planned { args: own, plan, points: vec![point as u64], alone });
    }
    if args.pack && args.key.is_none() && planned.iter().any(|p| p.args.key.is_some()) {
        let why = "lines that share a task cannot be found again by keys of their own";
        return Err(Failure::new("SB2001", why).with_help("--key KEY for the batch"));
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
    // Of lines that share a task, the task has the key.
    let numbered = args.key.as_ref().filter(|_| !args.pack).map(|key| format!("{key}/{point}"));
    own.key = line.key.clone().or(numbered);
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
    work: &Work<'_>,
    args: &Args,
    lot: Option<Lot>,
    context: &Context,
    store: &SqliteStore,
    out: &mut Out,
) -> Result<(CollectionId, Vec<JobId>), Failure> {
    let planned = work.planned;
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
            points: p.points.clone(),
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
    let accepted = match app::accept_all(store, &entries, Some(&lot), world, None, time::now()) {
        Err(Refused::OverBudget(shortfall)) => {
            let raise = super::room::raise(store, &shortfall)?;
            let parts = fitting(work, args, shortfall.free);
            let help = super::room::or_else(&parts, shortfall.free, Some(raise));
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

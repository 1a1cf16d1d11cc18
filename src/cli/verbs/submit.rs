//! `submit`: quote, hold, send, wait.

pub(super) mod batch;
pub(super) mod firing;
mod packed;
pub(super) mod room;

use std::collections::BTreeMap;
use std::io::{BufRead, IsTerminal};

use shotbook_sim::target::Device;

use crate::app::{self, Here, Plan, Refused, Request, Submitted, SystemClock};
use crate::backend::Braket;
use crate::backend::braket::SdkBraket;
use crate::budget::Facts;
use crate::cli::circuit::{CircuitArgs, Loaded};
use crate::cli::output::Out;
use crate::cli::views::fee;
use crate::cli::work::{self, exit_of, job_json, tell_interrupted, teller_until_end, with_runner};
use crate::cli::{Context, Failure, diagnostics};
use crate::failpoint;
use crate::ids::{BudgetName, CollectionId, JobId};
use crate::job::{HoldKind, Job, State};
use crate::money::Money;
use crate::price::quote;
use crate::runner::{Patience, Runner, this_process};
use crate::store::{Kind, Store};
use crate::time;

/// Arguments of `submit`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    /// Circuit, or - for standard input
    #[arg(required_unless_present = "batch")]
    pub(super) file: Option<String>,
    /// Device
    #[arg(long, value_name = "DEV", required_unless_present = "batch")]
    pub(super) on: Option<String>,
    /// Shots
    #[arg(long, required_unless_present = "batch")]
    pub(super) shots: Option<u64>,
    /// One submission a line, accepted together: {"file":…,"device":…,"shots":…,"key":…,"inputs":{…}}
    #[arg(long, value_name = "FILE.jsonl", conflicts_with_all = ["file", "quote"])]
    pub(super) batch: Option<String>,
    /// Put the lines of the batch into the cheapest program sets that each device takes
    #[arg(long, requires = "batch")]
    pub(super) pack: bool,
    /// Budget that pays
    #[arg(long, value_name = "NAME")]
    pub(super) budget: Vec<String>,
    /// Project
    #[arg(long)]
    pub(super) project: Option<String>,
    /// Tag
    #[arg(long = "tag", value_name = "K=V")]
    pub(super) tags: Vec<String>,
    /// Refuse what can cost more
    #[arg(long, value_name = "USD")]
    pub(super) max_cost: Option<String>,
    /// Refuse when this quote is stale
    #[arg(long, value_name = "ID")]
    pub(super) quote: Option<String>,
    /// The same key twice is the same job
    #[arg(long)]
    pub(super) key: Option<String>,
    /// Spend without asking
    #[arg(long, short)]
    pub(super) yes: bool,
    /// Do not wait for the result
    #[arg(long)]
    pub(super) detach: bool,
    /// Say what would happen, and stop
    #[arg(long)]
    pub(super) dry_run: bool,
    /// New paid attempts after a failure, at most 3
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) retries: u32,
    /// Seed of a local run
    #[arg(long)]
    pub(super) seed: Option<u64>,
    /// Longest run of a managed simulator, such as 5m
    #[arg(long, value_name = "T")]
    pub(super) max_duration: Option<String>,
    /// Hold the most a managed simulator can cost
    #[arg(long)]
    pub(super) hard: bool,
    #[command(flatten)]
    pub(super) fire: firing::FireArgs,
    /// Make the failed lines of this batch again, alone: `--retry failed` with the --key of the batch
    #[arg(long, value_name = "WHICH", value_parser = ["failed"], requires = "key", requires = "batch")]
    pub(super) retry: Option<String>,
    /// Send nothing more of this batch once so many of it failed
    #[arg(long, value_name = "N", requires = "batch")]
    pub(super) max_fails: Option<u64>,
    /// Direct reservation
    #[arg(long, value_name = "ARN")]
    pub(super) reservation: Option<String>,
    #[command(flatten)]
    pub(super) circuit: CircuitArgs,
}

impl Args {
    pub(super) fn on(&self) -> &str {
        self.on.as_deref().unwrap_or_default()
    }

    fn shots(&self) -> u64 {
        self.shots.unwrap_or_default()
    }
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    if let Some(file) = &args.batch {
        return batch::run(file, &args, context, out);
    }
    let device = super::devices::find(args.on())?;
    let loaded = args.circuit.load_right(args.file.as_deref().unwrap_or_default(), out)?;
    loaded.bound(out)?;
    let request = request(&args, device, &loaded)?;
    let list = context.prices()?;
    if quote::split(args.shots(), device).0 > 1 {
        return batch::run_split(&args, &request, &loaded, context, out);
    }
    let plan = app::plan(&request, &list).map_err(|refused| match refused {
        Refused::OverMaxCost { .. } => room::refused(refused, &request, &list, None),
        refused => explain(refused, &loaded, out),
    })?;
    if args.dry_run {
        return dry_run(&args, &plan, out);
    }
    let store = context.store()?;
    ask(&args, &plan, &store, out)?;
    let id = Here.job_id();
    let met = meet(context, &store, device)?;
    let facts = Facts {
        project: args.project.as_deref(),
        user: met.user.as_deref(),
        tags: Some(&request.tags),
        device: &device.name,
        account: met.account.as_deref(),
    };
    failpoint::hit("accept.before").map_err(|e| Failure::new("SB1001", e.to_string()))?;
    let worker = (device.is_local() && !args.detach && request.not_before.is_none()).then(this_process);
    let accepted = app::accept(&store, &plan, id, &facts, met.world.clone(), worker, time::now());
    failpoint::hit("accept.after").map_err(|e| Failure::new("SB1001", e.to_string()))?;
    let id = match accepted {
        Ok(Submitted::New(id)) => id,
        Ok(Submitted::Same(id)) => {
            out.say(&format!("{id} is here already under this key"));
            id
        }
        Err(other) => return Err(room::refused(other, &request, &list, Some((&store, &facts)))),
    };
    room::warn(&store, std::slice::from_ref(&id), out)?;
    drive(&args, context, &store, &id, out)
}

pub(super) fn request<'a>(
    args: &'a Args,
    device: &'a Device,
    loaded: &'a Loaded,
) -> Result<Request<'a>, Failure> {
    let tags = tags_of(args)?;
    let max_cost = args.max_cost.as_deref().map(amount).transpose()?;
    let (not_before, fire) = args.fire.read(device, args.max_fails)?;
    let max_duration = args.max_duration.as_deref().map(super::run::duration).transpose()?;
    Ok(Request {
        name: &loaded.name,
        text: &loaded.text,
        sha256: &loaded.sha256,
        circuit: loaded.circuit()?,
        inputs: &loaded.inputs,
        device,
        shots: args.shots(),
        seed: args.seed.or_else(|| args.key.as_deref().map(seed_of)).unwrap_or_else(|| Here.seed()),
        key: args.key.clone(),
        budgets: args.budget.iter().map(BudgetName::new).collect(),
        project: args.project.clone(),
        tags,
        max_cost,
        quote: args.quote.clone(),
        retries: args.retries,
        not_before,
        fire,
        max_duration_ms: max_duration.map(|d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX)),
        hard: args.hard,
        reservation: args.reservation.clone(),
    })
}

/// The seed of a key: the same submission again must be the same, chance included.
fn seed_of(key: &str) -> u64 {
    use sha2::{Digest, Sha256};
    let hash = Sha256::digest(key.as_bytes());
    hash[..6].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// Tags of the flags.
pub(super) fn tags_of(args: &Args) -> Result<BTreeMap<String, String>, Failure> {
    let pair = |pair: &String| match pair.split_once('=') {
        Some((k, v)) => Ok((k.to_owned(), v.to_owned())),
        None => Err(Failure::new("SB2001", format!("{pair:?} is not K=V"))),
    };
    args.tags.iter().map(pair).collect()
}

/// Dollars of a flag.
pub fn amount(text: &str) -> Result<Money, Failure> {
    let money: Money = text
        .trim_start_matches('$')
        .parse()
        .map_err(|e| Failure::new("SB2001", format!("{text:?}: {e}")).with_help("dollars such as 12.50"))?;
    if money.is_negative() {
        return Err(
            Failure::new("SB2001", format!("{text:?} is below zero")).with_help("dollars such as 12.50")
        );
    }
    Ok(money)
}

pub(super) fn explain(refused: Refused, loaded: &Loaded, out: &mut Out) -> Failure {
    if let Refused::Unfit { reasons, .. } = &refused {
        diagnostics::show(out, &loaded.reading.sources, reasons);
        let first = reasons.first().map(|d| d.message.clone()).unwrap_or_default();
        return Failure::new("SB4902", format!("{refused}: {first}"));
    }
    refused.into()
}

fn dry_run(args: &Args, plan: &Plan, out: &mut Out) -> Result<u8, Failure> {
    if out.is_json() {
        out.json(
            &serde_json::json!({"schema": "shotbook.plan/1", "device": args.on(), "shots": args.shots(),
            "quote": {"id": plan.quote_id, "total": plan.price.total.to_string(),
            "worst_case": plan.price.worst_case.to_string()}, "hold": plan.hold.to_string()}),
        );
    } else {
        out.line(&format!(
            "would hold ${} for {} shots on {}; nothing was sent",
            fee(plan.hold),
            args.shots(),
            args.on()
        ));
    }
    Ok(0)
}

/// Money is shown before it is spent; what costs nothing asks nothing.
fn ask(args: &Args, plan: &Plan, store: &dyn Store, out: &mut Out) -> Result<(), Failure> {
    let soft = plan.price.hold_kind == HoldKind::Soft;
    ask_for(args, plan.hold, if soft { " (a forecast; --hard holds the most)" } else { "" }, store, out)
}

pub(super) fn ask_for(
    args: &Args,
    hold: Money,
    kind: &str,
    store: &dyn Store,
    out: &mut Out,
) -> Result<(), Failure> {
    if hold.is_zero() {
        return Ok(());
    }
    let mut shown = format!("hold {hold:#}{kind}");
    for status in store.budgets(time::now())? {
        if args.budget.iter().any(|name| name == status.budget.name.as_str()) {
            let free = status.budget.free(&status.balance);
            shown.push_str(&format!(
                " · {} has ${} of ${} left",
                status.budget.name,
                fee(free),
                fee(status.budget.limit)
            ));
        }
    }
    if args.yes {
        out.say(&shown);
        return Ok(());
    }
    if !std::io::stdin().is_terminal() || out.is_json() {
        return Err(Failure::new("SB2002", format!("{shown}; nobody can be asked")));
    }
    out.say(&format!("{shown} · continue? [y/N]"));
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line);
    if read.is_ok() && matches!(line.trim(), "y" | "Y" | "yes") {
        return Ok(());
    }
    Err(Failure::new("SB2002", "not confirmed; nothing was sent"))
}

/// Who answers and who asks; nothing of it for the built-in simulator.
#[derive(Clone, Debug, Default)]
pub(super) struct Met {
    /// The stand-in's world, if it is one.
    pub(super) world: Option<String>,
    /// AWS account.
    pub(super) account: Option<String>,
    /// ARN of the caller.
    pub(super) user: Option<String>,
}

/// Who answers at the device's region, before anything is accepted.
pub(super) fn meet(context: &Context, store: &dyn Store, device: &Device) -> Result<Met, Failure> {
    work::at_home(store)?;
    if device.is_local() {
        return Ok(Met::default());
    }
    let braket = context.braket();
    let asked = context.block_on(async { braket.lane(device.region().unwrap_or_default()).await })?;
    let Some(report) = asked else { return Err(Failure::new("SB8001", "interrupted; nothing was accepted")) };
    let report = report?;
    store.bind(if report.lane.world.is_some() { Kind::Play } else { Kind::Real })?;
    let (world, account) = (report.lane.world, Some(report.lane.account));
    Ok(Met { world, account, user: Some(report.user) })
}

fn drive(
    args: &Args,
    context: &Context,
    store: &dyn Store,
    id: &JobId,
    out: &mut Out,
) -> Result<u8, Failure> {
    let quiet = context.global.quiet || out.is_json();
    let ids = [id.clone()];
    let patience = if args.detach { Patience::OnceOver } else { Patience::UntilStuck };
    let done = if args.detach && args.on() == "local" {
        None
    } else {
        let mut tell = teller_until_end(out, quiet);
        let done =
            with_runner(context, store, async |runner| Ok(runner.finish(&ids, patience, &mut tell).await?))?;
        drop(tell);
        if done.is_none() {
            return tell_interrupted(store, &ids, out);
        }
        done
    };
    let job = store.job(id)?;
    if out.is_json() {
        out.json(&job_json(store, &job)?);
    } else {
        out.line(&work::line(&job));
        if exit_of(&job) == 0 {
            super::result::show_stored(store, &job, None, false, out)?;
        }
    }
    if args.detach {
        let code = exit_of(&job);
        return Ok(if job.is_done() { code } else { 0 });
    }
    if let Some(drained) = done
        && !drained.stuck.is_empty()
    {
        let unsure = State::of(&job) == State::Unsure;
        if !quiet {
            let why = if unsure { "in doubt; money stays held until there is proof" } else { "waiting" };
            out.say(&format!("{why}: shotbook why {id}"));
        }
        let asked_for = job.terms.not_before.is_some() || job.terms.fire.window;
        return Ok(if asked_for && !unsure { 0 } else { 7 });
    }
    Ok(exit_of(&job))
}

/// Works on the jobs of a batch, and says how each ended.
/// What to do about the jobs of a collection that ended without a result.
fn next_of_failed(args: &Args, jobs: &[Job], collection: &CollectionId) -> Option<String> {
    let failed: Vec<&Job> = jobs.iter().filter(|j| j.is_done() && exit_of(j) != 0).collect();
    let first = failed.first()?;
    let why = format!("shotbook why {}", first.terms.id);
    let shots = |jobs: &mut dyn Iterator<Item = &Job>| jobs.map(|j| j.terms.shots).sum::<u64>();
    let (all, lost) = (shots(&mut jobs.iter()), shots(&mut failed.iter().copied()));
    // Parts of one submission have its shots together; points of a sweep have them each.
    let is_split = jobs.len() > 1 && all == args.shots();
    let Some(file) = args.file.as_deref().filter(|_| is_split) else {
        let key = args.key.as_deref().unwrap_or(collection.as_str());
        return Some(format!(
            "{} of {} gave nothing ({why}); make them again: the same command with --retry failed --key {key}",
            failed.len(),
            jobs.len()
        ));
    };
    // The parts of one submission: what was bought stays, and the rest is a submission of its own.
    Some(format!(
        "{} of {all} shots were bought ({why}); the rest: shotbook submit {file} --on {} --shots {lost}",
        all - lost,
        args.on()
    ))
}

pub(super) fn drive_all(
    args: &Args,
    context: &Context,
    store: &dyn Store,
    collection: &CollectionId,
    ids: &[JobId],
    out: &mut Out,
) -> Result<u8, Failure> {
    let quiet = context.global.quiet || out.is_json();
    if !args.detach {
        let (mut ended, many) = (0usize, ids.len());
        let mut tell = |job: &Job| {
            ended += usize::from(job.is_done());
            if !quiet && job.is_done() && (ended.is_multiple_of(1000) || ended == many || exit_of(job) != 0) {
                out.say(&format!("{ended}/{many} {}", work::line(job)));
            }
        };
        let finish = async |runner: &Runner<'_, SdkBraket, SystemClock>| {
            Ok(runner.finish(ids, Patience::UntilStuck, &mut tell).await?)
        };
        if with_runner(context, store, finish)?.is_none() {
            out.say(&format!("go on: shotbook resume    look: shotbook jobs --collection {collection}"));
            return Ok(130);
        }
    }
    let jobs = ids.iter().map(|id| store.job(id)).collect::<Result<Vec<_>, _>>()?;
    let (mut states, mut held, mut settled) = (BTreeMap::new(), Money::ZERO, Money::ZERO);
    for job in &jobs {
        *states.entry(State::of(job).word()).or_insert(0u64) += 1;
        let range = |e: crate::money::OutOfRange| Failure::new("SB1001", e.to_string());
        held = held.plus(job.held).map_err(range)?;
        settled = settled.plus(job.settled).map_err(range)?;
    }
    if out.is_json() {
        let list = jobs.iter().map(|job| job_json(store, job)).collect::<Result<Vec<_>, _>>()?;
        out.json(&serde_json::json!({"schema": "shotbook.batch/1", "collection_id": collection.as_str(),
            "states": states, "held": held.to_string(), "settled": settled.to_string(), "jobs": list}));
    } else {
        let counts: Vec<String> = states.iter().map(|(word, n)| format!("{n} {word}")).collect();
        out.line(&format!(
            "{collection} · {} jobs · {} · held {held:#} · settled {settled:#}",
            jobs.len(),
            counts.join(", ")
        ));
    }
    if args.detach {
        return Ok(0);
    }
    if let Some(next) = next_of_failed(args, &jobs, collection) {
        out.say(&next);
    }
    let code = |job: &Job| match exit_of(job) {
        8 => 7,
        code => code,
    };
    Ok(jobs.iter().map(code).max().unwrap_or(0))
}

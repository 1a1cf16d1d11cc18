//! `sweep`: one circuit at many points, as one durable collection in the fewest paid tasks.

mod again;
pub(super) mod export;
pub(super) mod fit;
pub(super) mod named;
pub(super) mod points;
pub(super) mod proof;
pub(super) mod step;

use std::collections::BTreeMap;

use serde_json::json;
use shotbook_sim::qasm::{InputValue, Inputs};
use shotbook_sim::target::Device;

use self::points::Points;
use self::proof::Proof;
use super::submit;
use crate::app::{self, Entry, Here, Lot, Plan, Refused, Request};
use crate::budget::Facts;
use crate::cli::circuit::{CircuitArgs, Loaded};
use crate::cli::output::Out;
use crate::cli::{Context, Failure};
use crate::failpoint;
use crate::ids::{BudgetName, CollectionId, JobId};
use crate::money::Money;
use crate::pack::{self, Body, Fees, Limits, Packing, Point, Task};
use crate::price::{PriceList, Tariff};
use crate::store::{Accepted, SqliteStore};
use crate::time;

/// Arguments of `sweep`.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    sweep: Sweep,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// List collections, the youngest first
    List,
    /// Show how the points of a sweep stand
    Show {
        /// Collection: id, key or `last`
        sweep: String,
    },
    /// One row per point: parameters, counts, price, ids
    Export {
        /// Collection: id, key or `last`
        sweep: String,
        /// File to write: FILE.csv, FILE.json or FILE.parquet; CSV on standard output unless told
        #[arg(short, value_name = "FILE")]
        o: Option<std::path::PathBuf>,
    },
}

#[derive(Clone, Debug, Default, clap::Args)]
pub(super) struct Sweep {
    /// Circuit, - for standard input, or the name of a sweep in the nearest shotbook.toml
    #[arg(required = true)]
    file: Option<String>,
    /// Range of an input, ends included, or a list A,B,C; may be given again
    #[arg(long = "param", value_name = "NAME=FROM:TO:COUNT")]
    params: Vec<String>,
    /// Take ranges side by side
    #[arg(long, conflicts_with = "grid")]
    zip: bool,
    /// Take every combination of ranges, which is the default
    #[arg(long)]
    grid: bool,
    /// Points as a table of numbers with a header of names; a column `shots` is shots
    #[arg(long, value_name = "FILE.csv", conflicts_with_all = ["params", "zip", "grid"])]
    points: Option<String>,
    /// Device
    #[arg(long, value_name = "DEV")]
    on: Option<String>,
    /// Single tasks, also where the device takes program sets
    #[arg(long)]
    tasks: bool,
    /// Shots of each point
    #[arg(long)]
    pub(super) shots: Option<u64>,
    /// Budget that pays
    #[arg(long, value_name = "NAME")]
    budget: Vec<String>,
    /// Project
    #[arg(long)]
    project: Option<String>,
    /// Tag
    #[arg(long = "tag", value_name = "K=V")]
    tags: Vec<String>,
    /// Make the failed points again, alone: `--retry failed` with the --key of the sweep
    #[arg(long, value_name = "WHICH", value_parser = ["failed"], requires = "key")]
    retry: Option<String>,
    /// Send nothing more once so many tasks failed
    #[arg(long, value_name = "N")]
    max_fails: Option<u64>,
    /// New paid attempts of each task after a failure, at most 3
    #[arg(long, value_name = "N", default_value_t = 0)]
    retries: u32,
    /// Refuse a sweep that can cost more
    #[arg(long, value_name = "USD")]
    max_cost: Option<String>,
    /// The same key twice is the same sweep
    #[arg(long)]
    key: Option<String>,
    /// Spend without asking
    #[arg(long, short)]
    yes: bool,
    /// Do not wait for the results
    #[arg(long)]
    detach: bool,
    /// Say what would happen, and stop
    #[arg(long)]
    dry_run: bool,
    /// Seed of the first point of a local sweep
    #[arg(long)]
    seed: Option<u64>,
    #[command(flatten)]
    fire: submit::firing::FireArgs,
    #[command(flatten)]
    circuit: CircuitArgs,
}

impl Sweep {
    /// The flags that a sweep shares with `submit`.
    fn submission(&self) -> submit::Args {
        submit::Args {
            file: self.file.clone(),
            on: self.on.clone(),
            shots: self.shots,
            budget: self.budget.clone(),
            project: self.project.clone(),
            tags: self.tags.clone(),
            key: self.key.clone(),
            yes: self.yes,
            detach: self.detach,
            dry_run: self.dry_run,
            seed: self.seed,
            max_fails: self.max_fails,
            retries: self.retries,
            fire: self.fire.clone(),
            circuit: self.circuit.clone(),
            ..submit::Args::default()
        }
    }
}

/// A sweep with its price, before anything is stored.
pub(super) struct Planned {
    pub(super) packing: Packing,
    plans: Vec<Plan>,
    /// Keys of the tasks, unless their ids are.
    keys: Vec<Option<String>>,
    pub(super) fees: Option<Fees>,
    pub(super) hold: Money,
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    match args.what {
        Some(What::List) => export::list(&context.store()?, out),
        Some(What::Show { sweep }) => export::show(&context.store()?, &sweep, out),
        Some(What::Export { sweep, o }) => export::export(&context.store()?, &sweep, o.as_deref(), out),
        None => start(&named::meant(&args.sweep)?, context, out),
    }
}

/// A sweep that was read and priced.
struct Ready {
    device: &'static Device,
    points: Points,
    loaded: Loaded,
    planned: Planned,
}

fn ready(args: &Sweep, own: &submit::Args, list: &PriceList, out: &mut Out) -> Result<Ready, Failure> {
    if own.on.is_none() {
        return Err(Failure::new("SB2001", "no device").with_help("--on DEV; shotbook devices list"));
    }
    let device = super::devices::find(own.on())?;
    let points = match &args.points {
        Some(file) => points::of_file(file)?,
        None => points::of_params(&args.params, args.zip)?,
    };
    let mut loaded = args.circuit.load_right(args.file.as_deref().unwrap_or_default(), out)?;
    check_names(&loaded, &points)?;
    loaded.inputs = inputs(&loaded.inputs, &points, 0);
    loaded.bound(out)?;
    let planned = plan(args, own, (device, list), &loaded, &points, out)?;
    Ok(Ready { device, points, loaded, planned })
}

/// What a sweep costs.
pub(super) struct Priced {
    /// What is expected.
    pub(super) total: Money,
    /// The most that can be billed.
    pub(super) worst_case: Money,
    /// Circuits, tasks and device in words.
    pub(super) form: String,
    plan: serde_json::Value,
}

impl Priced {
    pub(super) fn json(&self) -> serde_json::Value {
        let mut out = self.plan.clone();
        out["total"] = json!(self.total.to_string());
        out["worst_case"] = json!(self.worst_case.to_string());
        out
    }
}

/// Prices a sweep; touches nothing.
pub(super) fn priced(args: &Sweep, list: &PriceList, out: &mut Out) -> Result<Priced, Failure> {
    let own = args.submission();
    let Ready { device, planned, .. } = ready(args, &own, list, out)?;
    let (mut total, mut worst_case) = (Money::ZERO, Money::ZERO);
    for plan in &planned.plans {
        total = total.plus(plan.price.total).map_err(Refused::from)?;
        worst_case = worst_case.plus(plan.price.worst_case).map_err(Refused::from)?;
    }
    let form = format!("{} on {}", planned.proof().form(), device.name);
    Ok(Priced { total, worst_case, form, plan: planned.proof().json(&device.name) })
}

fn start(args: &Sweep, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let own = args.submission();
    let list = context.prices()?;
    let Ready { device, points, loaded, mut planned } = ready(args, &own, &list, out)?;
    let mut lot = None;
    if args.retry.is_some() {
        let store = context.store()?;
        lot = submit::batch::again(args.key.as_deref().unwrap_or_default(), &store)?;
        if let Some(lot) = &lot {
            let sweep =
                again::Sweep { args, own: &own, on: (device, &list), loaded: &loaded, points: &points };
            planned = sweep.failed(&planned, &store, lot, out)?;
            submit::batch::say_again(lot, planned.proof().points(), "points", out);
        }
    }
    let wish = fit::Wish { args, device, list: &list, loaded: &loaded, points: &points };
    let max_cost = args.max_cost.as_deref().map(submit::amount).transpose()?;
    if let Some(max_cost) = max_cost.filter(|max| planned.hold > *max) {
        let parts = fit::options(wish, max_cost);
        let refused = Refused::OverMaxCost { worst_case: planned.hold, max_cost };
        return Err(Failure::from(refused).with_help(submit::room::or_else(&parts, max_cost, None)));
    }
    if args.dry_run && out.is_json() {
        out.json(&planned.proof().json(own.on()));
        return Ok(0);
    }
    let store = context.store()?;
    if let Some(lot) = lot.as_ref().filter(|_| planned.plans.is_empty()) {
        let ids = submit::batch::of_points(&store, &lot.id)?;
        return submit::drive_all(&own, context, &store, &lot.id, &ids, out);
    }
    let proof = planned.proof().line()?;
    if args.dry_run {
        out.line(&proof);
        out.line(&format!("would hold {:#}; nothing was sent", planned.hold));
        return Ok(0);
    }
    out.say(&proof);
    submit::ask_for(&own, planned.hold, "", &store, out)?;
    let (collection, ids) = accept(&own, wish, &planned, lot, context, &store, out)?;
    submit::room::warn(&store, &ids, out)?;
    submit::drive_all(&own, context, &store, &collection, &ids, out)
}

/// Every swept name must be an input that needs no new reading of the circuit.
fn check_names(loaded: &Loaded, points: &Points) -> Result<(), Failure> {
    let free = &loaded.circuit()?.inputs;
    for name in &points.names {
        if free.iter().all(|i| i.name != *name) {
            let known: Vec<&str> = free.iter().map(|i| i.name.as_str()).collect();
            let known = if known.is_empty() { "it has none".to_owned() } else { known.join(", ") };
            let message = format!("{name} is no free input of {}: {known}", loaded.name);
            return Err(Failure::new("SB2001", message).with_help(format!("declare it: input float {name};")));
        }
    }
    Ok(())
}

/// The inputs of a point: those of the flags with its own values.
fn inputs(base: &Inputs, points: &Points, at: usize) -> Inputs {
    let mut out = base.clone();
    for (name, value) in points.names.iter().zip(&points.rows[at].values) {
        out.insert(name.clone(), InputValue::Number(*value));
    }
    out
}

pub(super) fn plan(
    args: &Sweep,
    own: &submit::Args,
    (device, list): (&Device, &PriceList),
    loaded: &Loaded,
    points: &Points,
    out: &mut Out,
) -> Result<Planned, Failure> {
    let base = submit::request(own, device, loaded)?;
    let packing = packing(args, device, loaded, points, &points.all())?;
    let (mut plans, mut keys) = (Vec::with_capacity(packing.tasks.len()), Vec::new());
    for (number, task) in packing.tasks.iter().enumerate() {
        let key = own.key.as_ref().map(|key| format!("{key}/{number}"));
        plans.push(plan_task(&base, list, (loaded, points), (task, number), key.clone(), out)?);
        keys.push(key);
    }
    Planned::of(packing, plans, keys)
}

/// One task of a sweep; its number in it makes the seed.
fn plan_task(
    base: &Request<'_>,
    list: &PriceList,
    (loaded, points): (&Loaded, &Points),
    (task, number): (&Task, usize),
    key: Option<String>,
    out: &mut Out,
) -> Result<Plan, Failure> {
    let rows: Vec<Inputs> = task.points.iter().map(|&p| inputs(&loaded.inputs, points, p as usize)).collect();
    let none = || Failure::new("SB1001", "a task without points");
    let request = Request {
        inputs: rows.first().ok_or_else(none)?,
        shots: task.shots_each,
        seed: base.seed.wrapping_add(number as u64) & ((1 << 53) - 1),
        key,
        ..base.clone()
    };
    let plan = app::plan(&request, list).map_err(|r| submit::explain(r, loaded, out))?;
    Ok(if task.is_set() { app::set_plan(&request, plan, &rows, list)? } else { plan })
}

fn fees(packing: &Packing, plans: &[Plan]) -> Result<Option<Fees>, Failure> {
    Ok(match plans.first().map(|p| &p.price.tariff) {
        Some(Tariff::PerShot { task_fee, shot_fee }) => {
            Some(packing.fees(*task_fee, *shot_fee).map_err(Refused::from)?)
        }
        _ => None,
    })
}

impl Planned {
    fn of(packing: Packing, plans: Vec<Plan>, keys: Vec<Option<String>>) -> Result<Self, Failure> {
        let fees = fees(&packing, &plans)?;
        let hold =
            plans.iter().try_fold(Money::ZERO, |sum, plan| sum.plus(plan.hold)).map_err(Refused::from)?;
        Ok(Self { packing, plans, keys, fees, hold })
    }

    fn proof(&self) -> Proof<'_> {
        Proof { packing: &self.packing, fees: self.fees, hold: self.hold }
    }
}

/// Which of some points share a task. The built-in simulator takes them one by one.
fn packing(
    args: &Sweep,
    device: &Device,
    loaded: &Loaded,
    points: &Points,
    which: &[u32],
) -> Result<Packing, Failure> {
    let usage = |why: String| Failure::new("SB2001", why);
    let shots = |at: usize| {
        points.rows[at].shots.or(args.shots).ok_or_else(|| {
            usage("no shots".to_owned()).with_help("--shots N, or a column `shots` in the file of points")
        })
    };
    if device.is_local() {
        let task = |&at: &u32| Ok(Task { points: vec![at], shots_each: shots(at as usize)? });
        let tasks = which.iter().map(task).collect::<Result<Vec<_>, Failure>>()?;
        return Ok(Packing { tasks, single_tasks: which.len() as u64 });
    }
    let circuit = loaded.circuit()?;
    let submission = shotbook_sim::target::submission(circuit, device, &Inputs::new());
    // What the device cannot say is refused with its reasons when the first point is planned.
    let (bytes, experimental) = submission.map_or((0, false), |s| (s.action.len() as u64, s.experimental));
    let body = Body { bytes, alone: experimental || !circuit.results.is_empty() };
    // A number takes at most 25 characters with its comma.
    let bytes = 25 * points.names.len() as u64;
    let point = |&at: &u32| Ok(Point { circuit: 0, shots: shots(at as usize)?, bytes });
    let all = which.iter().map(point).collect::<Result<Vec<_>, Failure>>()?;
    let mut limits = Limits::of(device);
    limits.set = limits.set.filter(|_| !args.tasks);
    if let Some(p) = all.iter().find(|p| p.shots > limits.shots.1) {
        let most = limits.shots.1;
        return Err(usage(format!(
            "{} takes at most {most} shots of a circuit, not {}",
            device.name, p.shots
        )));
    }
    let mut packing =
        pack::pack(&all, &[body], &limits).map_err(|e| Failure::new("SB4902", e.to_string()))?;
    for point in packing.tasks.iter_mut().flat_map(|task| &mut task.points) {
        *point = which[*point as usize];
    }
    Ok(packing)
}

pub(super) fn accept(
    own: &submit::Args,
    wish: fit::Wish<'_>,
    planned: &Planned,
    lot: Option<Lot>,
    context: &Context,
    store: &SqliteStore,
    out: &mut Out,
) -> Result<(CollectionId, Vec<JobId>), Failure> {
    let met = submit::meet(context, store, wish.device)?;
    let lot = match lot {
        Some(lot) => lot,
        None => submit::batch::lot_of(own.key.as_ref(), store)?,
    };
    let tags: BTreeMap<String, String> = submit::tags_of(own)?;
    let facts = Facts {
        project: own.project.as_deref(),
        user: met.user.as_deref(),
        tags: Some(&tags),
        device: &wish.device.name,
        account: met.account.as_deref(),
    };
    let tasks = planned.packing.tasks.iter().zip(&planned.plans);
    let entries: Vec<Entry<'_>> = tasks
        .zip(Here.job_ids(planned.plans.len()))
        .enumerate()
        .map(|(number, ((task, plan), id))| Entry {
            plan,
            id,
            key: planned.keys[number].clone(),
            points: task.points.iter().map(|&p| u64::from(p)).collect(),
            facts: facts.clone(),
        })
        .collect();
    let injected = |e: failpoint::Injected| Failure::new("SB1001", e.to_string());
    failpoint::hit("accept.before").map_err(injected)?;
    let accepted = app::accept_all(store, &entries, Some(&lot), met.world.clone(), None, time::now());
    failpoint::hit("accept.after").map_err(injected)?;
    if let Err(Refused::OverBudget(shortfall)) = &accepted {
        let named: Vec<BudgetName> = own.budget.iter().map(BudgetName::new).collect();
        let free = app::room(store, &named, &facts, time::now())?.unwrap_or(shortfall.free);
        let raise = submit::room::raise(store, shortfall)?;
        let parts = fit::options(wish, free.min(shortfall.free));
        let help = submit::room::or_else(&parts, free, Some(raise));
        return Err(Failure::from(Refused::OverBudget(shortfall.clone())).with_help(help));
    }
    if matches!(accepted?, Accepted::Same(_)) {
        out.say(&format!("{} is here already under this key", lot.id));
    }
    let ids = submit::batch::of_points(store, &lot.id)?;
    Ok((lot.id, ids))
}

//! `train`: angles made better, here or by paid tasks, under a cap.

mod data;
pub(super) mod define;
mod paid;
mod plan;
mod show;

use self::define::Wish;
use shotbook_sim::engine::Options;
use shotbook_sim::target::Device;

pub use self::define::{failed, named};
pub use self::plan::cycle;
pub use self::show::{document, end, print, seconds, value};
use super::submit;
use crate::app::training::{Caps, Control, Halted, Local, Reached, Record, Trainings, drive};
use crate::app::{Here, joules};
use crate::cli::circuit::CircuitArgs;
use crate::cli::output::Out;
use crate::cli::work::interrupted;
use crate::cli::{Context, Failure};
use crate::energy::KWH;
use crate::money::Money;
use crate::time;
use crate::train::machine::{Definition, End, State};
use crate::train::problem::{Objective, Problem};
use crate::train::transfer;

/// Most qubits whose exact loss is computed beside a training by shots.
const EXACT_QUBITS: u32 = 20;

/// Arguments of `train`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    wish: Wish,
    /// Model of the nearest shotbook.toml
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// Device; local is free
    #[arg(long, value_name = "DEV", default_value = "local")]
    on: String,
    /// Stop before the training costs more
    #[arg(long, value_name = "USD")]
    max_cost: Option<String>,
    /// Budget that pays
    #[arg(long, value_name = "NAME")]
    budget: Vec<String>,
    /// Project
    #[arg(long)]
    project: Option<String>,
    /// Tag
    #[arg(long = "tag", value_name = "K=V")]
    tags: Vec<String>,
    /// Stop after so much evaluation, such as 10m
    #[arg(long, value_name = "T")]
    max_time: Option<String>,
    /// Stop before the high end of its energy is above this
    #[arg(long, value_name = "KWH")]
    max_energy: Option<f64>,
    /// Start from the parameters of a training
    #[arg(long, value_name = "MODEL")]
    from: Option<String>,
    /// Cold trainings beside one that starts from another, here
    #[arg(long, value_name = "N", requires = "from")]
    control: Option<u32>,
    /// Go on with a training, perhaps under a higher cap
    #[arg(long, value_name = "ID", conflicts_with_all = ["file", "model", "from"])]
    resume: Option<String>,
    /// Spend without asking
    #[arg(long, short)]
    yes: bool,
    /// Say what a step would be, and stop
    #[arg(long)]
    dry_run: bool,
    /// Say what the training and its use will cost on every device, and stop
    #[arg(long)]
    plan: bool,
    /// Queue of one round trip, for the plan
    #[arg(long, value_name = "T", default_value = "5m")]
    queue: String,
    /// Most circuits of a program set, for the plan; as published unless told
    #[arg(long, value_name = "N")]
    program_set_limit: Option<u64>,
    /// Value of an input that is not trained, such as a size
    #[arg(long = "input", value_name = "NAME=VALUE")]
    input: Vec<String>,
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    if args.plan {
        return plan::run(&args, context, out);
    }
    let trainings = Trainings::beside(&context.store_path()?);
    let mut record = match &args.resume {
        Some(word) => resumed(&trainings, word)?,
        None => begun(&args, context, &trainings, out)?,
    };
    let device = super::devices::find(&record.definition.device)?;
    let seed = record.definition.seed;
    let problem = Problem::new(&record.definition.circuit, &record.definition.objective, seed)
        .map_err(|e| failed(&e))?;
    let (began, joules) = (time::monotonic_us(), joules::metered());
    let halted = if device.is_local() {
        locally(&args, &trainings, &mut record, &problem, out)
    } else {
        by_tasks(&args, context, &trainings, &mut record, device, &problem, out)
    };
    let halted = match halted {
        Ok(Some(halted)) => halted,
        Ok(None) => return Ok(0),
        // A paid step that was cut goes on under its key.
        Err(_) if interrupted() => Halted::Interrupted,
        Err(failure) => return Err(failure),
    };
    let mut now = reached(&record, &problem);
    let metered = joules::between(joules, joules::metered());
    now.wall_seconds = (time::monotonic_us() - began) as f64 / 1e6;
    match record.reached.take() {
        None => now.metered_joules = metered,
        Some(before) => {
            now.wall_seconds += before.wall_seconds;
            now.metered_joules = before.metered_joules.zip(metered).map(|(a, b)| a + b);
            now.controls = before.controls;
        }
    }
    trainings.finish(&record.id, &now)?;
    record.reached = Some(now);
    if matches!(halted, Halted::Interrupted) {
        out.say(&format!("interrupted; go on: shotbook train --resume {}", record.id));
        return Ok(130);
    }
    let controls = controls(&args, &record, &problem, out)?;
    if let Some(reached) = record.reached.as_mut().filter(|_| !controls.is_empty()) {
        reached.controls = controls;
        trainings.finish(&record.id, reached)?;
    }
    if out.is_json() {
        out.json(&show::document(&record, &problem));
    } else {
        show::print(&record, &problem, out);
        out.say(&format!("look: shotbook models show {0}    shotbook report {0} -o run.html", record.id));
    }
    Ok(match &record.state.end {
        Some(End::Cap(_)) => 3,
        _ => 0,
    })
}

fn resumed(trainings: &Trainings, word: &str) -> Result<Record, Failure> {
    let mut record = trainings.find(word)?;
    // Under another cap it may have room again.
    if matches!(record.state.end, Some(End::Cap(_))) {
        record.state.end = None;
    }
    Ok(record)
}

/// The words of the flags and of the file.
fn wish(args: &Args) -> Result<Wish, Failure> {
    Ok(match &args.model {
        Some(name) => {
            let (file, folder) = define::model(name)?;
            args.wish.clone().over(file, &folder)
        }
        None => args.wish.clone(),
    })
}

fn begun(args: &Args, context: &Context, trainings: &Trainings, out: &mut Out) -> Result<Record, Failure> {
    let wish = wish(args)?;
    let device = super::devices::find(&args.on)?;
    if !device.is_local() {
        if wish.shots.is_none() {
            return Err(
                Failure::new("SB2001", format!("{} takes shots", device.name)).with_help("--shots 1000")
            );
        }
        if wish.noise_from.is_some() {
            return Err(Failure::new("SB2001", "noise of a device is put on here").with_help("--on local"));
        }
    }
    if let Some(name) = &wish.noise_from {
        super::devices::find(name)?;
        if wish.shots.is_none() {
            return Err(Failure::new("SB2001", "noise is trained by shots").with_help("--shots 1000"));
        }
    }
    let (mut definition, problem) = wish.definition(
        &device.name,
        &CircuitArgs { input: args.input.clone(), ..CircuitArgs::default() },
        out,
    )?;
    if let Some(word) = &args.from {
        start_from(&mut definition, &problem, trainings, word, out)?;
    }
    let list = context.prices()?;
    if let Some(crate::price::Rate::PerShot { task_fee, shot_fee }) = list.rate(&device.name) {
        definition.fee_in_shots = task_fee.nanos() as f64 / shot_fee.nanos().max(1) as f64;
    }
    let state = definition.begin(&problem).map_err(|e| failed(&e))?;
    Ok(Record { id: Here.training_id(), definition, state, reached: None })
}

/// Starts from another training's parameters, and says what they are worth untrained.
fn start_from(
    definition: &mut Definition,
    problem: &Problem,
    trainings: &Trainings,
    word: &str,
    out: &mut Out,
) -> Result<(), Failure> {
    let (start, how, from) = if word == "fixed-angles" {
        let (start, how) =
            transfer::fixed_angles(&definition.objective, problem).map_err(Failure::refused_transfer)?;
        (start, how, word.to_owned())
    } else {
        let source = trainings.find(word)?;
        let (start, how) = transfer::start(&source.definition, &source.state.best, definition, problem)
            .map_err(Failure::refused_transfer)?;
        (start, how, source.id)
    };
    definition.start = start;
    definition.from = Some(from.clone());
    if let Ok(mut on) = problem.exact(&Options::default())
        && problem.circuit().n_qubits <= EXACT_QUBITS
    {
        let loss = problem.loss_exactly(&mut on, &definition.start).map_err(|e| failed(&e))?;
        out.say(&format!("from {from} ({how}): {} untrained", show::value(problem, loss)));
    }
    Ok(())
}

fn locally(
    args: &Args,
    trainings: &Trainings,
    record: &mut Record,
    problem: &Problem,
    out: &mut Out,
) -> Result<Option<Halted>, Failure> {
    let noise = record.definition.noise_from.as_deref().map(super::devices::find).transpose()?;
    let mut local = Local::new(&record.definition, problem, noise).map_err(|e| failed(&e))?;
    local.caps = caps(args)?;
    if args.dry_run {
        out.line(&format!(
            "would train {} parameters here for nothing; nothing was kept",
            problem.n_parameters()
        ));
        return Ok(None);
    }
    begin(args, trainings, record)?;
    let mut teller = Teller::new(problem);
    let stop = interrupted_by_signal();
    let halted = drive(trainings, record, &mut local, false, &stop, &mut |state| teller.tell(state, out))?;
    Ok(Some(halted))
}

/// Keeps a new training, once it is known that it can run.
fn begin(args: &Args, trainings: &Trainings, record: &Record) -> Result<(), Failure> {
    if args.resume.is_none() {
        trainings.create(&record.id, &record.definition, &record.state)?;
    }
    Ok(())
}

/// Caps besides money.
fn caps(args: &Args) -> Result<Caps, Failure> {
    let seconds = args.max_time.as_deref().map(super::run::duration).transpose()?.map(|d| d.as_secs_f64());
    match args.max_energy {
        Some(kwh) if !(kwh.is_finite() && kwh > 0.0) => {
            Err(Failure::new("SB2001", format!("{kwh} kWh is no cap")).with_help("--max-energy 0.5"))
        }
        kwh => Ok(Caps { seconds, joules: kwh.map(|k| k * KWH) }),
    }
}

/// Ctrl-C must reach a loop that runs no asynchronous work.
fn interrupted_by_signal() -> impl Fn() -> bool {
    crate::cli::work::watch_signals();
    interrupted
}

fn by_tasks(
    args: &Args,
    context: &Context,
    trainings: &Trainings,
    record: &mut Record,
    device: &'static Device,
    problem: &Problem,
    out: &mut Out,
) -> Result<Option<Halted>, Failure> {
    // Caps are not part of a training: one that goes on needs its own.
    if args.max_cost.is_none() && args.budget.is_empty() && !args.dry_run {
        let refused = Failure::new("SB2001", "a paid training needs a cap");
        return Err(refused.with_help("--max-cost USD or --budget NAME"));
    }
    let store = context.store()?;
    let own = submit::Args {
        on: Some(device.name.clone()),
        budget: args.budget.clone(),
        project: args.project.clone(),
        tags: args.tags.clone(),
        yes: true,
        shots: record.definition.shots,
        ..submit::Args::default()
    };
    let max_cost = args.max_cost.as_deref().map(submit::amount).transpose()?;
    let mut paid = paid::Paid::new(context, &store, device, (record, problem), own.clone(), max_cost)?;
    paid.caps = caps(args)?;
    let ask = record.state.ask();
    let (rows, hold) = paid.forecast(&record.state, &record.state.optimizer.ordinary(&ask))?;
    let (first_rows, first) = paid.forecast(&record.state, &ask)?;
    let budgets = args.budget.join(", ");
    let cap = match max_cost {
        Some(most) => format!("capped by {most:#}"),
        None if budgets.is_empty() => "without a cap yet".to_owned(),
        None => format!("capped by {budgets}"),
    };
    let total: u64 = rows.iter().map(|r| r.shots).sum();
    out.say(&format!(
        "a step on {}: {} circuits, {total} shots, {hold:#}; at most {} iterations, {cap}{}",
        device.name,
        rows.len(),
        record.definition.iterations,
        if first == hold {
            String::new()
        } else {
            format!("; {} circuits for {first:#} set the gain before them", first_rows.len())
        }
    ));
    if args.dry_run {
        return Ok(None);
    }
    if !args.yes {
        submit::ask_for(
            &submit::Args { yes: false, ..own },
            max_cost.unwrap_or(first),
            " at most",
            &store,
            out,
        )?;
    }
    begin(args, trainings, record)?;
    let mut teller = Teller::new(problem);
    drive(trainings, record, &mut paid, true, &interrupted, &mut |state| teller.tell(state, out)).map(Some)
}

/// Tells of progress at most once a second.
struct Teller<'a> {
    problem: &'a Problem,
    last: u64,
}

impl<'a> Teller<'a> {
    fn new(problem: &'a Problem) -> Self {
        Self { problem, last: time::monotonic_us() }
    }

    fn tell(&mut self, state: &State, out: &mut Out) {
        let now = time::monotonic_us();
        if now - self.last < 1_000_000 || out.is_json() {
            return;
        }
        self.last = now;
        let Some(moment) = state.history.last() else { return };
        let spent = Money::from_nanos(state.used.nanos);
        let cost = if spent.is_zero() { String::new() } else { format!(" · {spent:#}") };
        out.say(&format!("{} · {}{cost}", state.iteration, show::value(self.problem, moment.loss)));
    }
}

/// What the best parameters are worth without shots, beside what nothing can beat.
pub fn reached(record: &Record, problem: &Problem) -> Reached {
    let mut reached = Reached::default();
    if problem.circuit().n_qubits <= EXACT_QUBITS
        && let Ok(mut on) = problem.exact(&Options::default())
    {
        reached.loss = problem.loss_exactly(&mut on, &record.state.best).ok();
        reached.start_loss = problem.loss_exactly(&mut on, &record.definition.start).ok();
        reached.accuracy = problem.accuracy(&mut on, &record.state.best).ok().flatten();
    }
    reached.ideal = match &record.definition.objective {
        Objective::Cut { graph } => graph.largest_cut(),
        Objective::Energy { .. } | Objective::Ising { .. } => problem.observables()[0].ground_energy().ok(),
        Objective::Classifier { .. } => None,
    };
    reached
}

/// Cold trainings with other seeds, under the same rules, here and free of charge; and repeats from the
/// trained start under the same seeds, so that both sides have a spread.
fn controls(args: &Args, record: &Record, problem: &Problem, out: &mut Out) -> Result<Vec<Control>, Failure> {
    let mut all = Vec::new();
    for number in 0..args.control.unwrap_or(0) {
        let seed = record.definition.seed.wrapping_add(1000 + u64::from(number));
        let own = |start, from| Definition {
            start,
            seed,
            from,
            device: "local".to_owned(),
            ..record.definition.clone()
        };
        let warm = own(record.definition.start.clone(), record.definition.from.clone());
        let pair = (beside(own(problem.start(seed), None), problem, None)?, beside(warm, problem, None)?);
        let (Some(cold), Some(warm)) = pair else {
            out.say("the controls were interrupted");
            break;
        };
        let loss = reached(&cold, problem).loss;
        all.push(Control { iterations: cold.state.iteration, warm: Some(warm.state.iteration), loss });
    }
    Ok(all)
}

/// A training that is kept nowhere, of so many seconds at most; nothing when it was interrupted.
pub fn beside(
    definition: Definition,
    problem: &Problem,
    seconds: Option<f64>,
) -> Result<Option<Record>, Failure> {
    let state = definition.begin(problem).map_err(|e| failed(&e))?;
    let mut local = Local::new(&definition, problem, None).map_err(|e| failed(&e))?;
    local.caps.seconds = seconds;
    let mut record = Record { id: "beside".to_owned(), definition, state, reached: None };
    let halted = drive(&Trainings::nowhere(), &mut record, &mut local, false, &interrupted, &mut |_| {})
        .map_err(Failure::from)?;
    Ok(matches!(halted, Halted::Ended).then_some(record))
}

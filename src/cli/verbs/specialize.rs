//! `specialize`: one training for many devices.

mod show;

use std::path::PathBuf;

use shotbook_sim::target::Device;

use super::train::define::{Wish, digest, qubits};
use super::train::{failed, reached};
use super::{devices, report};
use crate::app::Here;
use crate::app::training::{Record, Trainings};
use crate::cli::output::Out;
use crate::cli::work::interrupted;
use crate::cli::{Context, Failure};
use crate::price::{PriceList, Rate};
use crate::train::TrainError;
use crate::train::family::Family;
use crate::train::plan::set_limit;
use crate::train::problem::{Objective, Problem};
use crate::train::specialize::{Rules, Special, Specialist, Target};

/// Most qubits: density matrices of the search take 4^n.
const MOST_QUBITS: u32 = 10;
/// Most angles that a family shares.
const MOST_LAYERS: u32 = 20;

/// Arguments of `specialize`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Devices, each of which gets a circuit of its own
    #[arg(long = "for", value_name = "DEV,DEV", value_delimiter = ',', required = true)]
    devices: Vec<String>,
    /// Least mean of an observable: "0.18*ZIII - 0.22*ZZII", or a file with it or with JSON terms
    #[arg(long, alias = "observable", value_name = "FILE|TEXT")]
    hamiltonian: Option<String>,
    /// Which point of a file with several, by its length r
    #[arg(long, value_name = "R")]
    at: Option<f64>,
    /// Largest cut of a graph: JSON, or lines of A B [WEIGHT]
    #[arg(long, value_name = "GRAPH")]
    maxcut: Option<String>,
    /// Least energy of spins on a graph
    #[arg(long, value_name = "GRAPH")]
    ising: Option<String>,
    /// Classes of points: a table with a header
    #[arg(long, value_name = "FILE.csv")]
    data: Option<String>,
    /// Column of the classes; the last unless told
    #[arg(long, value_name = "COLUMN")]
    label: Option<String>,
    /// Qubits of a classifier
    #[arg(long, value_name = "N")]
    qubits: Option<u32>,
    /// Most layers of a circuit
    #[arg(long, value_name = "N", default_value_t = 4)]
    layers: u32,
    /// Pairs of every second qubit too, not of neighbours alone
    #[arg(long)]
    skips: bool,
    /// Steps of the angles that all circuits share
    #[arg(long, value_name = "N", default_value_t = 600)]
    steps: u64,
    /// Generations of the search for each device
    #[arg(long, value_name = "N", default_value_t = 8)]
    generations: u32,
    /// Most iterations of a tuning, and of a training from zero beside it
    #[arg(long, value_name = "N", default_value_t = 1000)]
    iterations: u32,
    /// Trainings of each kind; a saving is claimed from ten on
    #[arg(long, value_name = "N", default_value_t = 10)]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Shots of a circuit without noise, for the prices
    #[arg(long, value_name = "N", default_value_t = 1000)]
    shots: u64,
    /// Loss that a dollar of one evaluation weighs in the search
    #[arg(long, value_name = "LOSS", default_value_t = 0.00001)]
    per_dollar: f64,
    /// Country whose electricity is counted for CO2e
    #[arg(long, value_name = "COUNTRY")]
    place: Option<String>,
    /// Coefficients of energy in place of the table that ships
    #[arg(long, value_name = "FILE.json")]
    coefficients: Option<String>,
    /// Page to write: FILE.html, FILE.md or FILE.json
    #[arg(short, value_name = "FILE")]
    o: Option<PathBuf>,
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    check(&args)?;
    let table = report::coefficients(args.coefficients.as_deref())?;
    let place = report::place(&table, args.place.as_deref())?;
    let list = context.prices()?;
    let targets = args.devices.iter().map(|name| target(name, &list)).collect::<Result<Vec<_>, _>>()?;
    let mut objective = asked(&args).objective(args.seed)?;
    let classes = matches!(objective, Objective::Classifier { .. });
    if args.qubits.is_some() && !classes {
        let why = "this objective has its own number of qubits";
        return Err(Failure::new("SB2001", why).with_help("--qubits goes with --data"));
    }
    let n = args.qubits.unwrap_or_else(|| qubits(&objective));
    if n == 0 || n > MOST_QUBITS {
        return Err(Failure::new("SB2001", format!("{n} qubits; 1 to {MOST_QUBITS} are specialised")));
    }
    if let Objective::Classifier { encoded, .. } = &mut objective {
        *encoded = (0..n).map(|q| format!("x{q}")).collect();
    }
    let family = Family::new(n, args.layers, args.skips, classes);
    let rules = Rules {
        steps: args.steps,
        generations: args.generations,
        iterations: args.iterations,
        seeds: args.seeds,
        seed: args.seed,
        shots: args.shots,
        per_dollar: args.per_dollar,
    };
    crate::cli::work::watch_signals();
    let began = crate::time::monotonic_us();
    let specialist = Specialist::new(&family, &objective, rules).map_err(|e| failed(&e))?;
    let found = match specialist.specialize(&targets, &interrupted) {
        Err(TrainError::Simulation(_)) if interrupted() => {
            out.say("interrupted; nothing was kept");
            return Ok(130);
        }
        other => other.map_err(|e| failed(&e))?,
    };
    let seconds = (crate::time::monotonic_us() - began) as f64 / 1e6;
    let trainings = Trainings::beside(&context.store_path()?);
    let word = objective.word();
    let kept = found.targets.iter().map(|s| keep(&trainings, s, word)).collect::<Result<Vec<_>, _>>()?;
    let seen =
        show::Seen { family: &family, rules, found: &found, kept: &kept, seconds, table: &table, place };
    if let Some(path) = &args.o {
        report::write(&seen.page(), Some(path), out)?;
    }
    if out.is_json() {
        out.json(&seen.document());
    } else {
        seen.print(out);
    }
    Ok(0)
}

fn check(args: &Args) -> Result<(), Failure> {
    let usage = |why: String, help: &str| Err(Failure::new("SB2001", why).with_help(help));
    if !(1..=MOST_LAYERS).contains(&args.layers) {
        return usage(format!("{} layers; 1 to {MOST_LAYERS} are shared", args.layers), "--layers 4");
    }
    if !(1..=100).contains(&args.seeds) {
        return usage("1 to 100 seeds".to_owned(), "--seeds 10");
    }
    if args.steps == 0 || args.iterations == 0 || args.shots == 0 {
        return usage("steps, iterations and shots are above zero".to_owned(), "--steps 600");
    }
    if args.steps > 1_000_000 || args.generations > 1000 {
        return usage("at most 1,000,000 steps and 1,000 generations".to_owned(), "--steps 600");
    }
    if !(args.per_dollar.is_finite() && args.per_dollar >= 0.0) {
        return usage("what a dollar weighs is zero or more".to_owned(), "--per-dollar 0.00001");
    }
    Ok(())
}

/// The flags as a wish of a training, which reads the objective.
fn asked(args: &Args) -> Wish {
    Wish {
        hamiltonian: args.hamiltonian.clone(),
        at: args.at,
        maxcut: args.maxcut.clone(),
        ising: args.ising.clone(),
        data: args.data.clone(),
        label: args.label.clone(),
        ..Wish::default()
    }
}

fn target(name: &str, list: &PriceList) -> Result<Target, Failure> {
    let device: &'static Device = devices::find(name)?;
    if device.analog {
        return Err(Failure::new("SB2001", format!("{} takes no circuits", device.name)));
    }
    let tariff = match list.rate(&device.name) {
        Some(Rate::PerShot { task_fee, shot_fee }) => Some((task_fee, shot_fee, set_limit(device))),
        _ => None,
    };
    Ok(Target { device, tariff })
}

/// Keeps the best training of a target among the trained models, to be gone on from.
fn keep(trainings: &Trainings, special: &Special, word: &str) -> Result<String, Failure> {
    let (mut definition, state) = special.kept.clone();
    definition.name = format!("{word}-{}", special.target.device.name);
    definition.circuit_sha256 = digest(&definition.circuit);
    definition.objective_sha256 = digest(&serde_json::to_string(&definition.objective).unwrap_or_default());
    let problem =
        Problem::new(&definition.circuit, &definition.objective, definition.seed).map_err(|e| failed(&e))?;
    let record = Record { id: Here.training_id(), definition, state, reached: None };
    let now = reached(&record, &problem);
    trainings.create(&record.id, &record.definition, &record.state)?;
    trainings.finish(&record.id, &now)?;
    Ok(record.id)
}

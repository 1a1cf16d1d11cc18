//! `report`: a page about a training, or about the founding proposal.

use std::path::{Path, PathBuf};

use shotbook_sim::engine::Options;

use super::train;
use crate::app::training::{Record, Trainings};
use crate::cli::circuit::{read_text, size_of};
use crate::cli::output::Out;
use crate::cli::{Context, Failure};
use crate::energy::{Carbon, Coefficients};
use crate::outcome::compare::wilson;
use crate::price::Rate;
use crate::report::training::{Baseline, Facts, Flatness, Judged, Reuse, Unit, page};
use crate::report::{Page, proposal};
use crate::train::machine::{Definition, Stop};
use crate::train::optimizer::{Kind, Settings};
use crate::train::plan::bill;
use crate::train::problem::{Objective, Problem};
use crate::train::{plateau, svm, twins};

/// Arguments of `report`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Training: id, name or `last`
    #[arg(required_unless_present = "proposal")]
    run: Option<String>,
    /// The claims of the founding proposal, computed
    #[arg(long, conflicts_with = "run")]
    proposal: bool,
    /// File to write: FILE.html, FILE.md or FILE.json; Markdown on standard output unless told
    #[arg(short, value_name = "FILE")]
    o: Option<PathBuf>,
    /// Coefficients of energy in place of the table that ships
    #[arg(long, value_name = "FILE.json")]
    coefficients: Option<String>,
    /// Country whose electricity is counted for CO2e, such as Finland
    #[arg(long, value_name = "COUNTRY")]
    place: Option<String>,
    /// A year of staff as a line of the bill
    #[arg(long, value_name = "USD")]
    staff: Option<f64>,
}

/// The table of a file, or the one that ships.
pub fn coefficients(file: Option<&str>) -> Result<Coefficients, Failure> {
    let Some(file) = file else { return Ok(Coefficients::embedded()) };
    Coefficients::from_json(&read_text(file)?).map_err(|why| {
        Failure::new("SB2006", format!("{file}: {why}"))
            .with_help("a table of the form of data/energy_coefficients.json")
    })
}

/// What the electricity of a place is made of.
pub fn place<'a>(table: &'a Coefficients, word: Option<&str>) -> Result<Option<&'a Carbon>, Failure> {
    let Some(word) = word else { return Ok(None) };
    let known = || table.carbon().iter().map(|c| c.place.as_str()).collect::<Vec<_>>().join(", ");
    let none =
        || Failure::new("SB2001", format!("no carbon intensity of {word} is known")).with_help(known());
    table.carbon_of(word).ok_or_else(none).map(Some)
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let table = coefficients(args.coefficients.as_deref())?;
    place(&table, args.place.as_deref())?;
    let page = if args.proposal {
        proposal::page(&context.prices()?, &table).map_err(|e| Failure::new("SB1001", e.to_string()))?
    } else {
        let word = args.run.as_deref().unwrap_or_default();
        of_training(&args, &Trainings::beside(&context.store_path()?).find(word)?, context, &table)?
    };
    write(&page, args.o.as_deref(), out)
}

/// Writes a page in the form that the file's name says.
pub fn write(page: &Page, file: Option<&Path>, out: &mut Out) -> Result<u8, Failure> {
    let Some(path) = file else {
        if out.is_json() {
            out.json(&page.json());
        } else {
            out.text(&page.markdown());
        }
        return Ok(0);
    };
    let text = match path.extension().and_then(|e| e.to_str()) {
        Some("html" | "htm") => page.html(),
        Some("md") => page.markdown(),
        Some("json") => page.json().to_string() + "\n",
        _ => {
            let message = format!("{}: the form of this file is not known", path.display());
            return Err(Failure::new("SB2001", message).with_help("-o FILE.html, -o FILE.md or -o FILE.json"));
        }
    };
    out.save(path, text.as_bytes())?;
    Ok(0)
}

fn of_training(
    args: &Args,
    record: &Record,
    context: &Context,
    table: &Coefficients,
) -> Result<Page, Failure> {
    let definition = &record.definition;
    let problem = Problem::new(&definition.circuit, &definition.objective, definition.seed)
        .map_err(|e| train::failed(&e))?;
    let device = super::devices::find(&definition.device)?;
    let list = context.prices()?;
    let reached = record.reached.clone().unwrap_or_default();
    let circuit = problem.circuit();
    let facts = Facts {
        id: record.id.clone(),
        name: definition.name.clone(),
        metric: definition.objective.word(),
        sign: problem.shown(1.0),
        device: device.name.clone(),
        technology: (!device.is_local()).then(|| device.technology.clone()),
        place: args.place.clone(),
        rate: match list.rate(&device.name) {
            Some(Rate::PerShot { task_fee, shot_fee }) => Some((task_fee, shot_fee)),
            _ => None,
        },
        optimizer: definition.optimizer.kind.word().to_owned(),
        stop: match definition.stop {
            Stop::Last => "the last iteration".to_owned(),
            Stop::Target(target) => format!("the target {}", problem.shown(target)),
            Stop::Plateau { gain, iterations } => {
                format!("a plateau, less than {gain} in {iterations} iterations")
            }
        },
        end: record.state.end.clone(),
        iterations: record.state.iteration,
        history: &record.state.history,
        reached: reached.loss.map(|l| problem.shown(l)),
        began: reached.start_loss.map(|l| problem.shown(l)),
        ideal: reached.ideal,
        accuracy: reached.accuracy,
        judged: reached.accuracy.and_then(|a| judged(&definition.objective, a)),
        size: (circuit.n_qubits, size_of(circuit).0),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        metered: reached.metered_joules,
        staff: args.staff,
        wall: reached.wall_seconds,
        baselines: baselines(&problem, definition),
        flatness: flatness(&problem, definition.seed),
        reuse: definition.from.as_ref().map(|from| Reuse {
            warm: {
                let repeats: Vec<f64> =
                    reached.controls.iter().filter_map(|c| c.warm).map(f64::from).collect();
                if repeats.is_empty() { vec![f64::from(record.state.iteration)] } else { repeats }
            },
            cold: reached.controls.iter().map(|c| f64::from(c.iterations)).collect(),
            source: Trainings::beside(&context.store_path().unwrap_or_default())
                .find(from)
                .map_or(0.0, |source| f64::from(source.state.iteration)),
        }),
        unit: unit(record, &problem, context)?,
    };
    Ok(page(&facts, table))
}

/// One iteration as it was paid, or as the cheapest device would bill it by shots.
fn unit(record: &Record, problem: &Problem, context: &Context) -> Result<Option<Unit>, Failure> {
    let (definition, state) = (&record.definition, &record.state);
    let technology = |name: &str| super::devices::find(name).map(|d| d.technology.clone());
    if state.used.nanos > 0 && state.iteration > 0 {
        let each = 1.0 / f64::from(state.iteration);
        return Ok(Some(Unit {
            device: definition.device.clone(),
            technology: technology(&definition.device)?,
            dollars: state.used.nanos as f64 / 1e9 * each,
            shots: state.used.shots as f64 * each,
            paid: true,
        }));
    }
    let Some((device, task_fee, shot_fee, set)) = super::reproduce::cheapest(context)? else {
        return Ok(None);
    };
    let Some(work) = train::cycle(definition, problem) else { return Ok(None) };
    let Ok(bill) = bill(work, set, task_fee, shot_fee) else { return Ok(None) };
    Ok(bill.total().ok().map(|total| Unit {
        technology: technology(&device).unwrap_or_default(),
        device,
        dollars: total.nanos() as f64 / 1e9,
        shots: bill.shots as f64,
        paid: false,
    }))
}

/// Most qubits whose landscape is walked for the page.
const WALKED_QUBITS: u32 = 12;

/// How flat the landscape is, where that takes a moment.
fn flatness(problem: &Problem, seed: u64) -> Option<Flatness> {
    if problem.circuit().n_qubits > WALKED_QUBITS || problem.layers().is_some() {
        return None;
    }
    let own = plateau::variance(problem, seed).ok()?;
    Some(Flatness { own, beside: plateau::beside(seed).ok()? })
}

/// What an accuracy stands on; nothing without classes.
pub fn judged(objective: &Objective, accuracy: f64) -> Option<Judged> {
    let Objective::Classifier { data, .. } = objective else { return None };
    let (middle, half) = wilson(accuracy, data.test_y.len() as f64);
    let (low, high) = ((middle - half).max(0.0), (middle + half).min(1.0));
    Some(Judged { points: data.test_y.len(), majority: data.majority(), low, high })
}

/// Longest that the twin without entangling gates is trained. Units: seconds.
const TWIN_SECONDS: f64 = 5.0;

/// Accuracy of the same model without entangling gates, trained exactly for as many iterations.
fn untangled(problem: &Problem, definition: &Definition) -> Option<f64> {
    let alone = problem.untangled().filter(|p| p.circuit().n_qubits <= WALKED_QUBITS)?;
    let optimizer = match definition.optimizer.kind {
        Kind::Adam => definition.optimizer.clone(),
        _ => Settings::of(Kind::Adam),
    };
    let own = Definition {
        device: "local".to_owned(),
        shots: None,
        noise_from: None,
        optimizer,
        stop: Stop::Last,
        start: alone.start(definition.seed),
        from: None,
        ..definition.clone()
    };
    let record = train::beside(own, &alone, Some(TWIN_SECONDS)).ok()??;
    let mut on = alone.exact(&Options::default()).ok()?;
    alone.accuracy(&mut on, &record.state.best).ok().flatten()
}

/// Classical ways to the same end, run now and timed.
pub fn baselines(problem: &Problem, definition: &Definition) -> Vec<Baseline> {
    let mut out = Vec::new();
    let mut timed = |name: String, deed: &dyn Fn() -> Option<f64>| {
        let began = crate::time::monotonic_us();
        let value = deed();
        let seconds = (crate::time::monotonic_us() - began) as f64 / 1e6;
        out.extend(value.map(|value| Baseline { name, value, seconds }));
    };
    match &definition.objective {
        Objective::Cut { graph } => {
            timed("greedy".to_owned(), &|| Some(graph.greedy_cut()));
            timed("trying all".to_owned(), &|| graph.largest_cut());
        }
        Objective::Energy { .. } | Objective::Ising { .. } => {
            timed("best basis state (Hartree-Fock of a molecule)".to_owned(), &|| {
                twins::best_basis_state(&problem.observables()[0])
            });
            timed("exact diagonalisation".to_owned(), &|| problem.observables()[0].ground_energy().ok());
        }
        Objective::Classifier { data, .. } => {
            let hidden = twins::hidden_for(data.train_x[0].len(), data.classes.len(), problem.n_parameters());
            timed("the most common class alone".to_owned(), &|| Some(data.majority()));
            timed("the same circuit without entangling gates".to_owned(), &|| untangled(problem, definition));
            timed("logistic regression".to_owned(), &|| Some(twins::logistic(data)));
            timed("5 nearest neighbours".to_owned(), &|| Some(twins::neighbours(data, 5)));
            timed("support vectors, Gaussian kernel".to_owned(), &|| Some(svm::support_vectors(data)));
            timed(format!("net of {hidden} hidden units, about as many weights"), &|| {
                Some(twins::net(data, hidden, 2000, 1))
            });
        }
    }
    out
}

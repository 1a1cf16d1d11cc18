//! `result`: what a finished job gave.

mod merge;
mod plot;
mod point;

use serde_json::{Map, Value, json};
use shotbook_sim::pauli::PauliSum;

use crate::cli::output::Out;
use crate::cli::work::{exit_of, job_id, line};
use crate::cli::{Context, Failure, views};
use crate::job::{Job, Outcome, Stage};
use crate::outcome::{self, BadOutcome, TaskOutcome};
use crate::report::parquet::{self, Column};
use crate::store::Store;

/// Arguments of `result`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Job: id, prefix, key, task ARN or `last`
    job: String,
    /// Form: table, json, csv, parquet, qiskit (counts with qubit 0 on the right), braket
    #[arg(long, default_value = "table")]
    format: String,
    /// One point of a collection: its number from 0, or the key of its line
    #[arg(long, value_name = "N|KEY")]
    point: Option<String>,
    /// Show only the most frequent outcomes
    #[arg(long, value_name = "K")]
    top: Option<usize>,
    /// Mean of an observable of Z letters with its standard error, such as "0.5*Z0 Z1 - Z2"
    #[arg(long, value_name = "O")]
    expval: Option<String>,
    /// Side of qubit 0: q0-left, q0-right
    #[arg(long, default_value = "q0-left")]
    order: String,
    /// File to write: the picture of the histogram as FILE.svg, or the form as FILE
    #[arg(short, value_name = "FILE")]
    o: Option<std::path::PathBuf>,
}

/// The stored bytes of a job's result and what they say.
pub fn stored(store: &dyn Store, job: &Job) -> Result<(Vec<u8>, TaskOutcome), Failure> {
    let Stage::Done(Outcome::Completed { result, problem, .. }) = &job.stage else {
        let failure = Failure::new(if job.is_done() { "SB6001" } else { "SB8001" }, line(job));
        return Err(failure.with_help(format!("shotbook show {}", job.terms.id)));
    };
    let Some(result) = result else {
        let why = problem.clone().unwrap_or_default();
        return Err(Failure::new("SB6002", format!("the result of {} is not here: {why}", job.terms.id)));
    };
    let bytes = store.blob(result)?;
    let read = match job.past.last().and_then(|p| p.task.as_ref()) {
        Some(task) => outcome::braket::read(&bytes, task, job.terms.shots),
        None => outcome::read_stored(&bytes),
    };
    let read = read.map_err(|e: BadOutcome| Failure::new("SB6002", e.to_string()))?;
    Ok((bytes, read))
}

/// The histogram of a finished job.
pub fn show_stored(
    store: &dyn Store,
    job: &Job,
    top: Option<usize>,
    right: bool,
    out: &mut Out,
) -> Result<(), Failure> {
    let (_, outcome) = stored(store, job)?;
    out.line(&format!("bit order: {}", if right { "q0 right" } else { "q0 left" }));
    super::run::histogram(&outcome, top, right, out);
    Ok(())
}

pub fn run(mut args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    if let Some(path) = args.o.take_if(|path| path.extension().is_none_or(|e| e != "svg")) {
        args.format = super::form_of(&args.format, &path);
        if args.format == "table" {
            let why = format!("{}: the form of this file is not known", path.display());
            return Err(
                Failure::new("SB2001", why).with_help("-o FILE.svg, FILE.json, FILE.csv or FILE.parquet")
            );
        }
        out.collect_for(Some(&path));
    }
    let code = answer(args, context, out)?;
    out.write_file()?;
    Ok(code)
}

fn answer(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let right = super::run::is_right(&args.order)?;
    let store = context.store()?;
    if let Some(which) = &args.point {
        return point::show(&args, which, &store, right, out);
    }
    let job = match job_id(&store, &args.job) {
        Ok(id) => store.job(&id)?,
        Err(failure) => match merge::parts(&store, &args.job)? {
            Some(jobs) => return show_merged(&args, &store, &jobs, right, out),
            None => return Err(failure),
        },
    };
    if let Some(path) = &args.o {
        let (_, outcome) = stored(&store, &job)?;
        let title = format!("{} on {} ({})", job.terms.name, job.terms.device, job.terms.id);
        picture(path, &plot::histogram(&outcome, &title, args.top, right), out)?;
        return Ok(exit_of(&job));
    }
    if let Some(text) = &args.expval {
        return expval(&store, &job, text, out);
    }
    let format = if out.is_json() { "json" } else { args.format.as_str() };
    match format {
        "table" => {
            let (_, outcome) = stored(&store, &job)?;
            let got = if let Stage::Done(Outcome::Completed { successful_shots: Some(n), .. }) = &job.stage {
                *n
            } else {
                outcome.shots
            };
            let terms = &job.terms;
            out.line(&format!(
                "{} · {} · {got}/{} shots · settled {:#}",
                terms.id, terms.device, terms.shots, job.settled
            ));
            show_stored(&store, &job, args.top, right, out)?;
            if let Some(collection) = terms.collection.as_ref().filter(|_| outcome.counts.is_empty()) {
                out.say(&format!(
                    "a program set keeps the counts of each point: shotbook result {collection} --point 0, or \
                     all of them: shotbook sweep export {collection}"
                ));
            }
        }
        "json" => {
            let (_, outcome) = stored(&store, &job)?;
            out.json(&document(&job, &outcome, right));
        }
        "csv" => {
            let (_, outcome) = stored(&store, &job)?;
            csv(&outcome, right, out);
        }
        "parquet" => {
            let (_, outcome) = stored(&store, &job)?;
            parquet_file(&outcome, job.terms.id.as_str(), right, out)?;
        }
        "braket" => {
            let (bytes, _) = stored(&store, &job)?;
            if job.terms.is_local() {
                return Err(
                    Failure::new("SB2001", "a local result has no Braket form").with_help("--format json")
                );
            }
            out.line(&String::from_utf8_lossy(&bytes));
        }
        // What Qiskit calls counts: qubit 0 on the right, whatever the order of the other forms.
        "qiskit" => {
            let (_, outcome) = stored(&store, &job)?;
            let counts = outcome.counts.iter().map(|(bits, n)| (bits.reversed().to_string(), json!(n)));
            out.json(&Value::Object(counts.collect::<Map<String, Value>>()));
        }
        other => {
            let help = "table, json, csv, parquet, qiskit or braket";
            return Err(Failure::new("SB2001", format!("there is no form {other:?}")).with_help(help));
        }
    }
    Ok(exit_of(&job))
}

fn picture(path: &std::path::Path, svg: &str, out: &mut Out) -> Result<(), Failure> {
    if path.extension().is_none_or(|e| e != "svg") {
        let why = format!("{} is no name of a picture", path.display());
        return Err(Failure::new("SB2001", why).with_help("-o FILE.svg"));
    }
    out.save(path, svg.as_bytes())
}

fn csv(outcome: &TaskOutcome, right: bool, out: &mut Out) {
    let order = if right { "q0-right" } else { "q0-left" };
    let row = |(bits, n): (&shotbook_sim::circuit::BitString, &u64)| {
        let bits = if right { bits.reversed() } else { bits.clone() };
        vec![bits.to_string(), n.to_string(), order.to_owned()]
    };
    let rows: Vec<Vec<String>> = outcome.counts.iter().map(row).collect();
    out.csv(&["outcome", "count", "bit_order"], &rows);
}

/// Outcomes with their counts, and whose they are.
fn parquet_file(outcome: &TaskOutcome, job: &str, right: bool, out: &mut Out) -> Result<(), Failure> {
    let order = if right { "q0-right" } else { "q0-left" };
    let bits = outcome.counts.keys().map(|b| if right { b.reversed() } else { b.clone() }.to_string());
    let many = outcome.counts.len();
    let columns = [
        ("outcome", Column::Text(bits.map(Some).collect())),
        ("count", Column::Whole(outcome.counts.values().map(|n| Some(*n)).collect())),
        ("bit_order", Column::Text(vec![Some(order.to_owned()); many])),
        ("job_id", Column::Text(vec![Some(job.to_owned()); many])),
    ];
    let columns = columns.map(|(name, column)| (name.to_owned(), column));
    out.bytes(&parquet::file(&columns, &[("schema", "shotbook.result/1"), ("bit_order", order)]))
}

/// The counts of a split submission, added up.
fn show_merged(
    args: &Args,
    store: &dyn Store,
    jobs: &[Job],
    right: bool,
    out: &mut Out,
) -> Result<u8, Failure> {
    let (outcome, settled) = merge::merged(store, jobs)?;
    if let Some(path) = &args.o {
        let title = format!("{} on {}", jobs[0].terms.name, jobs[0].terms.device);
        picture(path, &plot::histogram(&outcome, &title, args.top, right), out)?;
        return Ok(jobs.iter().map(exit_of).max().unwrap_or(0));
    }
    let format = if out.is_json() { "json" } else { args.format.as_str() };
    match format {
        "json" => {
            let ids: Vec<&str> = jobs.iter().map(|j| j.terms.id.as_str()).collect();
            let mut document = Map::new();
            document.insert("schema".into(), json!("shotbook.result/1"));
            document.insert("jobs".into(), json!(ids));
            document.insert("backend".into(), json!(jobs[0].terms.device));
            document.extend(views::result(&outcome, right));
            document.insert("cost".into(), json!({"currency": "USD", "total": settled.to_string()}));
            out.json(&Value::Object(document));
        }
        "csv" => csv(&outcome, right, out),
        "parquet" => parquet_file(&outcome, &args.job, right, out)?,
        "table" => {
            let n = jobs.len();
            out.line(&format!("{} · {n} tasks · {} shots · settled {settled:#}", args.job, outcome.shots));
            out.line(&format!("bit order: {}", if right { "q0 right" } else { "q0 left" }));
            super::run::histogram(&outcome, args.top, right, out);
        }
        other => {
            let why = format!("several tasks together have no form {other:?}");
            return Err(Failure::new("SB2001", why).with_help("table, json, csv or parquet"));
        }
    }
    Ok(jobs.iter().map(exit_of).max().unwrap_or(0))
}

fn expval(store: &dyn Store, job: &Job, text: &str, out: &mut Out) -> Result<u8, Failure> {
    let (_, outcome) = stored(store, job)?;
    show_value(job.terms.id.as_str(), text, value_of(&outcome, text)?, outcome.shots, out);
    Ok(exit_of(job))
}

/// Mean of an observable and its standard error.
fn value_of(outcome: &TaskOutcome, text: &str) -> Result<(f64, f64), Failure> {
    let wrong =
        |why: String| Failure::new("SB2001", format!("{text:?}: {why}")).with_help("--expval \"Z0 Z1\"");
    let sum = PauliSum::parse(text).map_err(|e| wrong(e.to_string()))?;
    outcome::compare::expectation(outcome, &sum).map_err(|e| wrong(e.to_string()))
}

fn show_value(job: &str, text: &str, (mean, error): (f64, f64), shots: u64, out: &mut Out) {
    if out.is_json() {
        out.json(&json!({"schema": "shotbook.expval/1", "job_id": job, "observable": text,
            "value": mean, "standard_error": error, "shots": shots}));
    } else {
        out.line(&format!("{mean:.6} ± {error:.6} (one standard error, {shots} shots)"));
    }
}

fn document(job: &Job, outcome: &TaskOutcome, right: bool) -> Value {
    let mut out = Map::new();
    let task = job.past.last().and_then(|p| p.task.as_ref()).map(ToString::to_string);
    out.insert("schema".into(), json!("shotbook.result/1"));
    out.insert("job_id".into(), json!(job.terms.id.as_str()));
    out.insert("task_arn".into(), json!(task));
    out.insert("circuit".into(), json!({"name": job.terms.name, "sha256": job.terms.circuit.as_str()}));
    out.insert("backend".into(), json!(job.terms.device));
    if let Some(engine) = &outcome.engine {
        out.insert("engine".into(), json!(engine.name));
        out.insert("engine_reason".into(), json!(engine.reason));
        out.insert("seed".into(), json!(engine.seed));
    }
    out.extend(views::result(outcome, right));
    out.insert("cost".into(), json!({"currency": "USD", "total": job.settled.to_string()}));
    Value::Object(out)
}

//! `models`: what was trained, to be looked at, compared and used.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::train;
use crate::app::training::{Record, Trainings};
use crate::cli::output::Out;
use crate::cli::{Context, Failure};
use crate::money::Money;
use crate::train::problem::Problem;

/// Arguments of `models`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// All trainings, the youngest first
    List,
    /// One training with its parameters
    Show {
        /// Id, name or `last`
        model: String,
    },
    /// How two trainings differ
    Diff {
        /// Id or name
        a: String,
        /// Id or name
        b: String,
    },
    /// Parameters for `run --inputs`, or all of a classifier's weights
    Export {
        /// Id, name or `last`
        model: String,
        /// File to write; standard output unless told
        #[arg(short, value_name = "FILE.json")]
        o: Option<PathBuf>,
    },
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let trainings = Trainings::beside(&context.store_path()?);
    match args.what.unwrap_or(What::List) {
        What::List => list(&trainings, out),
        What::Show { model } => {
            let record = trainings.find(&model)?;
            let problem = problem(&record)?;
            if out.is_json() {
                out.json(&train::document(&record, &problem));
            } else {
                show(&record, &problem, out);
            }
            Ok(0)
        }
        What::Diff { a, b } => diff(&trainings.find(&a)?, &trainings.find(&b)?, out),
        What::Export { model, o } => export(&trainings.find(&model)?, o, out),
    }
}

fn problem(record: &Record) -> Result<Problem, Failure> {
    let definition = &record.definition;
    Problem::new(&definition.circuit, &definition.objective, definition.seed).map_err(|e| train::failed(&e))
}

fn list(trainings: &Trainings, out: &mut Out) -> Result<u8, Failure> {
    let mut records = trainings.ids()?.iter().map(|id| trainings.load(id)).collect::<Result<Vec<_>, _>>()?;
    records.reverse();
    if out.is_json() {
        let rows = records
            .iter()
            .map(|r| Ok(train::document(r, &problem(r)?)))
            .collect::<Result<Vec<Value>, Failure>>()?;
        out.json(&json!({"schema": "shotbook.trainings/1", "trainings": rows}));
        return Ok(0);
    }
    let mut rows = Vec::new();
    for record in &records {
        let problem = problem(record)?;
        let reached = record.reached.clone().unwrap_or_default();
        let value = match (reached.accuracy, reached.loss) {
            (Some(accuracy), _) => format!("accuracy {accuracy:.3}"),
            (None, Some(loss)) => train::value(&problem, loss),
            _ => "-".to_owned(),
        };
        rows.push(vec![
            record.id.clone(),
            record.definition.name.clone(),
            record.definition.device.clone(),
            record.definition.optimizer.kind.word().to_owned(),
            record.state.iteration.to_string(),
            value,
            format!("{:#}", Money::from_nanos(record.state.used.nanos)),
            train::end(&record.state),
        ]);
    }
    out.table(&["TRAINING", "NAME", "DEVICE", "OPTIMIZER", "ITER", "VALUE", "COST", "END"], &[4, 6], rows);
    Ok(0)
}

fn show(record: &Record, problem: &Problem, out: &mut Out) {
    train::print(record, problem, out);
    let definition = &record.definition;
    out.line(&format!(
        "circuit {}  objective {}",
        &definition.circuit_sha256[..12],
        &definition.objective_sha256[..12]
    ));
    if let Some(from) = &definition.from {
        out.line(&format!("started from {from}"));
    }
    let rows = train::named(problem, &record.state.best)
        .into_iter()
        .zip(&definition.start)
        .map(|((name, value), start)| vec![name, value.to_string(), format!("{start}")])
        .collect();
    out.table(&["PARAMETER", "BEST", "START"], &[1, 2], rows);
}

fn diff(a: &Record, b: &Record, out: &mut Out) -> Result<u8, Failure> {
    let (first, second) = (train::document(a, &problem(a)?), train::document(b, &problem(b)?));
    let keys = [
        "objective",
        "device",
        "shots",
        "optimizer",
        "iterations",
        "value",
        "accuracy",
        "circuit_sha256",
        "objective_sha256",
        "from",
        "seed",
    ];
    let mut rows: Vec<Vec<String>> = keys
        .iter()
        .filter(|key| first[**key] != second[**key])
        .map(|key| vec![(*key).to_owned(), first[*key].to_string(), second[*key].to_string()])
        .collect();
    if first["used"]["cost"] != second["used"]["cost"] {
        rows.push(vec![
            "cost".to_owned(),
            first["used"]["cost"].to_string(),
            second["used"]["cost"].to_string(),
        ]);
    }
    let (left, right) = (&first["parameters"], &second["parameters"]);
    for (name, value) in left.as_object().into_iter().flatten() {
        if right[name] != *value {
            rows.push(vec![name.clone(), value.to_string(), right[name].to_string()]);
        }
    }
    if out.is_json() {
        let rows: Vec<Value> = rows.iter().map(|r| json!({"what": r[0], "a": r[1], "b": r[2]})).collect();
        out.json(&json!({"schema": "shotbook.training_diff/1", "a": a.id, "b": b.id, "differences": rows}));
    } else {
        out.table(&["WHAT", &a.id, &b.id], &[1, 2], rows);
    }
    Ok(0)
}

fn export(record: &Record, file: Option<PathBuf>, out: &mut Out) -> Result<u8, Failure> {
    let text = Value::Object(train::named(&problem(record)?, &record.state.best)).to_string() + "\n";
    match file {
        Some(path) => out.save(&path, text.as_bytes())?,
        None => out.text(&text),
    }
    Ok(0)
}

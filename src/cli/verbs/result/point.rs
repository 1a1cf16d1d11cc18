//! The result of one point of a collection: of a sweep, or of a line of a batch.

use serde_json::{Map, Value, json};

use super::{Args, csv, picture, plot};
use crate::cli::output::Out;
use crate::cli::verbs::sweep::export::{self, Row};
use crate::cli::verbs::{run, sweep};
use crate::cli::{Failure, views};
use crate::ids::CollectionId;
use crate::outcome::TaskOutcome;
use crate::store::Store;

/// Shows one point, found by its number or by the key of its line.
pub fn show(args: &Args, which: &str, store: &dyn Store, right: bool, out: &mut Out) -> Result<u8, Failure> {
    let rows = sweep::export::rows(store, &collection(args, store)?)?;
    let many = rows.len();
    let number = which.parse::<u64>().ok();
    let row = rows.into_iter().find(|r| Some(r.point) == number || r.key == which);
    let none = || Failure::new("SB2005", format!("{} has {many} points and none is {which:?}", args.job));
    let row = row.ok_or_else(|| none().with_help(format!("shotbook sweep export {}", args.job)))?;
    let Some(outcome) = &row.result else {
        let why = row.error.clone().unwrap_or_else(|| row.state.to_owned());
        let code = if row.has_failed { "SB6001" } else { "SB8001" };
        return Err(Failure::new(code, format!("point {} has no result: {why}", row.point))
            .with_help(format!("shotbook show {}", row.job)));
    };
    if let Some(path) = &args.o {
        let title = format!("{} point {} ({})", row.circuit, row.point, row.job);
        picture(path, &plot::histogram(outcome, &title, args.top, right), out)?;
        return Ok(0);
    }
    if let Some(text) = &args.expval {
        let value = super::value_of(outcome, text)?;
        super::show_value(row.job.as_str(), text, value, outcome.shots, out);
        return Ok(0);
    }
    match if out.is_json() { "json" } else { args.format.as_str() } {
        "table" => {
            let inputs = Value::Object(row.inputs.clone());
            let inputs = if row.inputs.is_empty() { String::new() } else { format!(" · {inputs}") };
            out.line(&format!(
                "point {} · {}{inputs} · {} shots · {:#}",
                row.point, row.circuit, outcome.shots, row.price
            ));
            out.line(&format!("bit order: {}", if right { "q0 right" } else { "q0 left" }));
            run::histogram(outcome, args.top, right, out);
        }
        "json" => out.json(&document(&row, outcome, right)),
        "csv" => csv(outcome, right, out),
        "parquet" => super::parquet_file(outcome, row.job.as_str(), right, out)?,
        other => {
            let why = format!("one point has no form {other:?}");
            return Err(Failure::new("SB2001", why).with_help("table, json, csv or parquet"));
        }
    }
    Ok(0)
}

/// The collection that the argument means, or the one that the job it means came with.
fn collection(args: &Args, store: &dyn Store) -> Result<CollectionId, Failure> {
    if let Ok(found) = export::find(store, &args.job) {
        return Ok(found.id);
    }
    let job = store.job(&crate::cli::work::job_id(store, &args.job)?)?;
    job.terms.collection.clone().ok_or_else(|| {
        Failure::new("SB2001", format!("{} is of no collection", job.terms.id))
            .with_help(format!("shotbook result {}", job.terms.id))
    })
}

fn document(row: &Row, outcome: &TaskOutcome, right: bool) -> Value {
    let mut out = Map::new();
    out.insert("schema".into(), json!("shotbook.result/1"));
    out.insert("job_id".into(), json!(row.job.as_str()));
    out.insert("task_arn".into(), json!(row.task.as_ref().map(ToString::to_string)));
    out.insert("point".into(), json!(row.point));
    out.insert("key".into(), json!(row.key));
    out.insert("inputs".into(), Value::Object(row.inputs.clone()));
    out.insert("circuit".into(), json!({"name": row.circuit}));
    out.extend(views::result(outcome, right));
    out.insert("cost".into(), json!({"currency": "USD", "total": row.price.to_string()}));
    Value::Object(out)
}

//! How the points of a collection stand, in tables and files.

use std::collections::HashMap;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::cli::output::Out;
use crate::cli::verbs::result;
use crate::cli::{Failure, views};
use crate::ids::{CollectionId, JobId, QuantumTaskArn};
use crate::job::{Job, Outcome, Stage, State};
use crate::money::Money;
use crate::outcome::TaskOutcome;
use crate::report::parquet::{self, Column};
use crate::store::{Collection, Store};

/// A point with its share of its job.
pub(in crate::cli::verbs) struct Row {
    pub(in crate::cli::verbs) point: u64,
    pub(in crate::cli::verbs) job: JobId,
    pub(in crate::cli::verbs) circuit: String,
    pub(in crate::cli::verbs) key: String,
    pub(in crate::cli::verbs) task: Option<QuantumTaskArn>,
    pub(in crate::cli::verbs) state: &'static str,
    pub(in crate::cli::verbs) inputs: Map<String, Value>,
    shots: u64,
    pub(in crate::cli::verbs) price: Money,
    pub(in crate::cli::verbs) result: Option<TaskOutcome>,
    pub(in crate::cli::verbs) error: Option<String>,
    /// Whether it ended unpaid or without a result, and can be made again.
    pub(in crate::cli::verbs) has_failed: bool,
}

pub(super) fn list(store: &dyn Store, out: &mut Out) -> Result<u8, Failure> {
    let all = store.collections()?;
    if out.is_json() {
        let rows: Vec<Value> = all.iter().map(head).collect();
        out.json(&json!({"schema": "shotbook.collections/1", "collections": rows}));
    } else {
        let rows = all
            .iter()
            .map(|c| vec![c.id.to_string(), c.key.clone(), c.points.to_string(), c.created_at.to_string()])
            .collect();
        out.table(&["COLLECTION", "KEY", "POINTS", "CREATED"], &[2], rows);
    }
    Ok(0)
}

fn head(c: &Collection) -> Value {
    json!({"collection_id": c.id.as_str(), "key": c.key, "points": c.points,
        "created_at": c.created_at.to_string()})
}

/// The collection that an argument means: its id, its key, or the youngest.
pub(in crate::cli::verbs) fn find(store: &dyn Store, argument: &str) -> Result<Collection, Failure> {
    let none = || {
        Failure::new("SB2005", format!("there is no collection {argument}")).with_help("shotbook sweep list")
    };
    let last = matches!(argument, "last" | "@last");
    let means = |c: &Collection| last || c.id.as_str() == argument || c.key == argument;
    store.collections()?.into_iter().find(means).ok_or_else(none)
}

pub(super) fn show(store: &dyn Store, argument: &str, out: &mut Out) -> Result<u8, Failure> {
    let collection = find(store, argument)?;
    let mut states: std::collections::BTreeMap<&str, u64> = std::collections::BTreeMap::new();
    let (mut held, mut settled, mut jobs) = (Money::ZERO, Money::ZERO, HashMap::new());
    for (_, id) in store.points(&collection.id)? {
        if !jobs.contains_key(&id) {
            let job = store.job(&id)?;
            let range = |e: crate::money::OutOfRange| Failure::new("SB1001", e.to_string());
            held = held.plus(job.held).map_err(range)?;
            settled = settled.plus(job.settled).map_err(range)?;
            jobs.insert(id.clone(), State::of(&job).word());
        }
        *states.entry(jobs[&id]).or_insert(0) += 1;
    }
    if out.is_json() {
        let mut shown = head(&collection);
        shown["jobs"] = json!(jobs.len());
        shown["states"] = json!(states);
        shown["held"] = json!(held.to_string());
        shown["settled"] = json!(settled.to_string());
        let mut with_schema = json!({"schema": "shotbook.collection/1"});
        if let (Value::Object(to), Value::Object(from)) = (&mut with_schema, shown) {
            to.extend(from);
        }
        out.json(&with_schema);
    } else {
        let counts: Vec<String> = states.iter().map(|(word, n)| format!("{n} {word}")).collect();
        out.line(&format!(
            "{} · {} points in {} jobs · {} · held {held:#} · settled {settled:#}",
            collection.id,
            collection.points,
            jobs.len(),
            counts.join(", ")
        ));
    }
    Ok(0)
}

pub(super) fn export(
    store: &dyn Store,
    argument: &str,
    file: Option<&Path>,
    out: &mut Out,
) -> Result<u8, Failure> {
    let collection = find(store, argument)?;
    let rows = rows(store, &collection.id)?;
    let extension = file.and_then(Path::extension).map(|e| e.to_string_lossy().to_lowercase());
    out.collect_for(file);
    match extension.as_deref() {
        Some("json") => out.text(&(document(&collection, &rows).to_string() + "\n")),
        Some("csv") => out.text(&csv_text(&rows)?),
        Some("parquet") => out.bytes(&parquet(&collection, &rows))?,
        None if out.is_json() => out.text(&(document(&collection, &rows).to_string() + "\n")),
        None if file.is_none() => out.text(&csv_text(&rows)?),
        _ => {
            let name = file.map_or_else(String::new, |f| f.display().to_string());
            return Err(Failure::new("SB2001", format!("{name}: the form of this file is not known"))
                .with_help("-o FILE.csv, -o FILE.json or -o FILE.parquet"));
        }
    }
    out.write_file()?;
    if file.is_some() {
        out.say(&format!("{} points", rows.len()));
    }
    Ok(0)
}

pub(in crate::cli::verbs) fn rows(store: &dyn Store, id: &CollectionId) -> Result<Vec<Row>, Failure> {
    let points = store.points(id)?;
    let mut many: HashMap<&JobId, u64> = HashMap::new();
    points.iter().for_each(|(_, job)| *many.entry(job).or_insert(0) += 1);
    let mut loaded: HashMap<&JobId, (Loaded, u64)> = HashMap::new();
    let mut out = Vec::with_capacity(points.len());
    for (point, job) in &points {
        if !loaded.contains_key(job) {
            loaded.insert(job, (load(store, job)?, 0));
        }
        let Some((found, next)) = loaded.get_mut(job) else { continue };
        out.push(found.row(*point, *next, many[job]));
        *next += 1;
        if *next == many[job] {
            loaded.remove(job);
        }
    }
    Ok(out)
}

/// Points of the executables of a job, in the order of its action; `None` where it is that of points.
pub(in crate::cli::verbs) fn order(store: &dyn Store, job: &Job) -> Result<Option<Vec<u64>>, Failure> {
    let inputs: Value = serde_json::from_slice(&store.blob(&job.terms.inputs)?).unwrap_or_default();
    Ok(inputs.as_array().map(|rows| rows.iter().filter_map(|row| row["point"].as_u64()).collect()))
}

/// A job with what its points need of it.
struct Loaded {
    job: Job,
    /// One object for a circuit at many points, a list with a row for each executable otherwise.
    inputs: Value,
    outcome: Option<TaskOutcome>,
    error: Option<String>,
}

fn load(store: &dyn Store, id: &JobId) -> Result<Loaded, Failure> {
    let job = store.job(id)?;
    let inputs = serde_json::from_slice(&store.blob(&job.terms.inputs)?).unwrap_or_default();
    let (outcome, error) = match &job.stage {
        Stage::Done(Outcome::Completed { .. }) => match result::stored(store, &job) {
            Ok((_, outcome)) => (Some(outcome), None),
            Err(failure) => (None, Some(failure.message().to_owned())),
        },
        _ => (None, None),
    };
    Ok(Loaded { job, inputs, outcome, error })
}

impl Loaded {
    /// What executable `at` of `many` has of the price of its job. Those that failed have nothing of it;
    /// the others' shares differ by a nano-dollar at most, and all add up to what was settled.
    fn share(&self, at: usize, many: u64) -> Money {
        let all = self.outcome.as_ref().map(|o| o.executables.as_slice()).unwrap_or_default();
        let pays = |e: &Result<TaskOutcome, String>| e.is_ok();
        let (n, before) = match all.iter().filter(|e| pays(e)).count() {
            0 => (usize::try_from(many).unwrap_or(usize::MAX), at),
            _ if !all.get(at).is_some_and(pays) => return Money::ZERO,
            n => (n, all[..at].iter().filter(|e| pays(e)).count()),
        };
        let (nanos, n) = (self.job.settled.nanos(), i64::try_from(n).unwrap_or(i64::MAX).max(1));
        let extra = i64::try_from(before).is_ok_and(|before| before < nanos % n);
        Money::from_nanos(nanos / n + i64::from(extra))
    }

    /// Which executable point number `k` of the `many` is that the job carries, and of how many.
    ///
    /// Failed points that were made again are another job's: what is left here are the good ones, in order.
    fn place(&self, k: u64, many: u64) -> (usize, u64) {
        let k = usize::try_from(k).unwrap_or(usize::MAX);
        let all = self.outcome.as_ref().map(|o| o.executables.as_slice()).unwrap_or_default();
        if all.is_empty() || all.len() as u64 == many {
            return (k, many);
        }
        let good = all.iter().enumerate().filter(|(_, e)| e.is_ok()).map(|(at, _)| at);
        (good.clone().nth(k).unwrap_or(usize::MAX), all.len() as u64)
    }

    /// Point number `k` of the `many` that the job carries.
    fn row(&self, point: u64, k: u64, many: u64) -> Row {
        let job = &self.job;
        let rows = self.inputs.as_array();
        let row = |row: &Value| row["point"].as_u64() == Some(point);
        let found = rows.and_then(|rows| Some((rows.iter().position(row)?, rows.len() as u64)));
        let (at, many) = found.unwrap_or_else(|| self.place(k, many));
        let label = rows.and_then(|rows| rows.get(at));
        let own = |value: &Value| match value {
            Value::Array(column) if many > 1 && label.is_none() => {
                column.get(at).cloned().unwrap_or_default()
            }
            whole => whole.clone(),
        };
        let inputs = label.map_or(&self.inputs, |label| &label["inputs"]).as_object();
        let inputs = inputs.into_iter().flatten().map(|(name, value)| (name.clone(), own(value))).collect();
        let said = |name: &str| label.and_then(|label| label[name].as_str());
        let (result, failed) = match &self.outcome {
            Some(outcome) if many > 1 => match outcome.executables.get(at) {
                Some(Ok(executable)) => (Some(executable.clone()), None),
                Some(Err(why)) => (None, Some(why.clone())),
                None => (None, Some("the result has no such executable".to_owned())),
            },
            other => (other.clone(), None),
        };
        let price = self.share(at, many);
        let state = if failed.is_some() { State::Failed } else { State::of(job) };
        let unpaid = match &job.stage {
            Stage::Done(Outcome::Completed { .. } | Outcome::Cancelled) => false,
            Stage::Done(_) => true,
            _ => false,
        };
        Row {
            point,
            job: job.terms.id.clone(),
            circuit: said("circuit").unwrap_or(&job.terms.name).to_owned(),
            key: said("key").unwrap_or(&job.terms.key).to_owned(),
            has_failed: unpaid || failed.is_some(),
            task: job.past.last().and_then(|p| p.task.clone()),
            state: state.word(),
            inputs,
            shots: job.terms.shots / many.max(1),
            price,
            result,
            error: failed.or_else(|| self.error.clone()),
        }
    }
}

fn document(collection: &Collection, rows: &[Row]) -> Value {
    let points: Vec<Value> = rows
        .iter()
        .map(|row| {
            let mut out = Map::new();
            out.insert("point".into(), json!(row.point));
            out.insert("inputs".into(), Value::Object(row.inputs.clone()));
            out.insert("state".into(), json!(row.state));
            out.insert("requested_shots".into(), json!(row.shots));
            if let Some(result) = &row.result {
                out.extend(views::result(result, false));
            }
            out.insert("price".into(), json!(row.price.to_string()));
            out.insert("job_id".into(), json!(row.job.as_str()));
            out.insert("task_arn".into(), json!(row.task.as_ref().map(ToString::to_string)));
            out.insert("error".into(), json!(row.error));
            out.insert("circuit".into(), json!(row.circuit));
            out.insert("key".into(), json!(row.key));
            Value::Object(out)
        })
        .collect();
    json!({"schema": "shotbook.sweep/1", "collection_id": collection.id.as_str(), "key": collection.key,
        "bit_order": "q0-left", "points": points})
}

/// Columns of a file after the point's number and its inputs.
const FIXED: [&str; 11] = [
    "state",
    "shots",
    "bit_order",
    "counts",
    "result_types",
    "price",
    "job_id",
    "task_arn",
    "error",
    "circuit",
    "key",
];

/// Names of all inputs.
fn names(rows: &[Row]) -> Vec<&String> {
    let mut names: Vec<&String> = rows.iter().flat_map(|r| r.inputs.keys()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn csv_text(rows: &[Row]) -> Result<String, Failure> {
    let names = names(rows);
    let mut writer = csv::Writer::from_writer(Vec::new());
    let broken = |e: csv::Error| Failure::new("SB1001", e.to_string());
    let head = std::iter::once("point").chain(names.iter().map(|n| n.as_str())).chain(FIXED);
    writer.write_record(head).map_err(broken)?;
    for row in rows {
        let cell = |name: &String| row.inputs.get(name).map_or_else(String::new, ToString::to_string);
        let shown = row.result.as_ref().map(|r| views::result(r, false)).unwrap_or_default();
        let part = |name: &str| shown.get(name).map_or_else(String::new, ToString::to_string);
        let mut cells = vec![row.point.to_string()];
        cells.extend(names.iter().map(|name| cell(name)));
        cells.extend([
            row.state.to_owned(),
            row.result.as_ref().map_or(row.shots, |r| r.shots).to_string(),
            "q0-left".to_owned(),
            part("counts"),
            part("result_types"),
            row.price.to_string(),
            row.job.to_string(),
            row.task.as_ref().map_or_else(String::new, ToString::to_string),
            row.error.clone().unwrap_or_default(),
            row.circuit.clone(),
            row.key.clone(),
        ]);
        writer.write_record(&cells).map_err(broken)?;
    }
    let bytes = writer.into_inner().map_err(|e| Failure::new("SB1001", e.to_string()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn parquet(collection: &Collection, rows: &[Row]) -> Vec<u8> {
    let text = |of: &dyn Fn(&Row) -> Option<String>| Column::Text(rows.iter().map(of).collect());
    let mut columns = vec![("point".to_owned(), Column::Whole(rows.iter().map(|r| Some(r.point)).collect()))];
    for name in names(rows) {
        let cells: Vec<Option<&Value>> = rows.iter().map(|r| r.inputs.get(name)).collect();
        let number = |v: &Option<&Value>| v.is_none_or(Value::is_number);
        let column = if cells.iter().all(number) {
            Column::Real(cells.iter().map(|v| v.and_then(Value::as_f64)).collect())
        } else {
            Column::Text(cells.iter().map(|v| v.map(ToString::to_string)).collect())
        };
        let taken = name == "point" || FIXED.contains(&name.as_str());
        columns.push((if taken { format!("input_{name}") } else { name.clone() }, column));
    }
    let shown: Vec<Map<String, Value>> =
        rows.iter().map(|r| r.result.as_ref().map(|r| views::result(r, false)).unwrap_or_default()).collect();
    let part =
        |name: &str| Column::Text(shown.iter().map(|s| s.get(name).map(ToString::to_string)).collect());
    let shots = |r: &Row| Some(r.result.as_ref().map_or(r.shots, |result| result.shots));
    let fixed = [
        text(&|r| Some(r.state.to_owned())),
        Column::Whole(rows.iter().map(shots).collect()),
        text(&|_| Some("q0-left".to_owned())),
        part("counts"),
        part("result_types"),
        Column::Dollars(rows.iter().map(|r| Some(r.price)).collect()),
        text(&|r| Some(r.job.to_string())),
        text(&|r| r.task.as_ref().map(ToString::to_string)),
        text(&|r| r.error.clone()),
        text(&|r| Some(r.circuit.clone())),
        text(&|r| Some(r.key.clone())),
    ];
    columns.extend(FIXED.iter().map(|name| (*name).to_owned()).zip(fixed));
    let notes = [
        ("schema", "shotbook.sweep/1"),
        ("collection_id", collection.id.as_str()),
        ("bit_order", "q0-left"),
        ("currency", "USD"),
    ];
    parquet::file(&columns, &notes)
}

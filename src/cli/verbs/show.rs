//! `show`: one job.

use serde_json::{Value, json};

use crate::cli::output::Out;
use crate::cli::views::energy_of;
use crate::cli::work::{job_id, job_json, line};
use crate::cli::{Context, Failure};
use crate::job::Job;
use crate::money::Money;
use crate::store::Store;

/// Arguments of `show`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Job: id, prefix, key, task ARN or `last`
    job: String,
    /// Only what the vendor compiled and ran, as its result says
    #[arg(long)]
    compiled: bool,
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let store = context.store()?;
    let id = job_id(&store, &args.job)?;
    let job = store.job(&id)?;
    if args.compiled {
        return compiled(&store, &job, out);
    }
    if out.is_json() {
        out.json(&job_json(&store, &job)?);
        return Ok(0);
    }
    lines(&store, &job)?.iter().for_each(|text| out.line(text));
    Ok(0)
}

/// The programs that the vendor ran.
fn compiled(store: &dyn Store, job: &Job, out: &mut Out) -> Result<u8, Failure> {
    let (bytes, _) = super::result::stored(store, job)?;
    let mut found = Vec::new();
    if let Ok(result) = serde_json::from_slice::<Value>(&bytes) {
        programs(&result["additionalMetadata"], &mut found);
    }
    if found.is_empty() {
        let why = format!("the result of {} on {} says nothing of what ran", job.terms.id, job.terms.device);
        return Err(Failure::new("SB6002", why).with_help("IQM, Rigetti and AQT say it, for single circuits"));
    }
    if out.is_json() {
        out.json(
            &json!({"schema": "shotbook.compiled/1", "job_id": job.terms.id.as_str(), "programs": found}),
        );
    } else {
        found.iter().for_each(|text| out.line(text.trim_end()));
    }
    Ok(0)
}

/// Every compiled program in a result's metadata, in the order of the file.
fn programs(value: &Value, found: &mut Vec<String>) {
    let Value::Object(fields) = value else { return };
    for (name, inner) in fields {
        match inner {
            Value::String(text) if name == "compiledProgram" => found.push(text.clone()),
            inner => programs(inner, found),
        }
    }
}

/// A job whole, for people.
pub fn lines(store: &dyn Store, job: &Job) -> Result<Vec<String>, Failure> {
    let terms = &job.terms;
    let mut out = vec![line(job)];
    let mut rows = vec![
        ("circuit", terms.name.clone()),
        ("key", terms.key.clone()),
        ("created", terms.created_at.to_string()),
        ("quoted", format!("{:#}", terms.quoted)),
        ("held", format!("{:#}", job.held)),
        ("settled", format!("{:#}", job.settled)),
    ];
    rows.extend(energy_of(job).map(|e| ("energy", format!("{}, modelled", e.joules()))));
    rows.extend(terms.project.iter().map(|p| ("project", p.clone())));
    rows.extend(terms.tags.iter().map(|(k, v)| ("tag", format!("{k}={v}"))));
    rows.extend(terms.budgets.iter().map(|b| ("budget", b.to_string())));
    if let Some(lane) = job.lane() {
        let endpoint = lane.endpoint.as_deref().unwrap_or("AWS");
        rows.push((
            "lane",
            format!("{endpoint} · account {} · {} · {}", lane.account, lane.region, lane.bucket),
        ));
    }
    let task = |p: &crate::job::PastAttempt| p.task.as_ref().map(|t| format!(" · {t}")).unwrap_or_default();
    rows.extend(job.past.iter().map(|p| ("attempt", format!("{}: {}{}", p.number, p.outcome, task(p)))));
    for (name, value) in rows {
        out.push(format!("  {name:<9} {value}"));
    }
    let mut before = "0".to_owned();
    for event in store.events(&terms.id)? {
        let settled = settled_in(&event.detail).unwrap_or(&before).to_owned();
        let detail = if event.name == "corrected" {
            let money =
                |text: &str| text.parse().map_or_else(|_| text.to_owned(), |m: Money| format!("{m:#}"));
            format!("by a bill: {} became {}", money(&before), money(&settled))
        } else {
            event.detail
        };
        out.push(format!("  {}  {:<13} {detail}", event.at, event.name));
        before = settled;
    }
    Ok(out)
}

/// What was settled after an event, by the words of the journal.
fn settled_in(detail: &str) -> Option<&str> {
    detail.split_once(" settled ")?.1.split(' ').next()
}

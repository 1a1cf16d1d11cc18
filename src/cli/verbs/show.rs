//! `show`: one job.

use crate::cli::output::Out;
use crate::cli::views::energy_of;
use crate::cli::work::{job_id, job_json, line};
use crate::cli::{Context, Failure};
use crate::job::Job;
use crate::store::Store;

/// Arguments of `show`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Job: id, prefix, key, task ARN or `last`
    job: String,
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let store = context.store()?;
    let id = job_id(&store, &args.job)?;
    let job = store.job(&id)?;
    if out.is_json() {
        out.json(&job_json(&store, &job)?);
        return Ok(0);
    }
    lines(&store, &job)?.iter().for_each(|text| out.line(text));
    Ok(0)
}

/// A job whole, for people.
pub fn lines(store: &dyn Store, job: &Job) -> Result<Vec<String>, Failure> {
    let terms = &job.terms;
    let mut out = vec![line(job)];
    let mut rows = vec![
        ("circuit", terms.name.clone()),
        ("key", terms.key.clone()),
        ("created", terms.created_at.to_string()),
        ("quoted", format!("${}", terms.quoted)),
        ("held", format!("${}", job.held)),
        ("settled", format!("${}", job.settled)),
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
    for event in store.events(&terms.id)? {
        out.push(format!("  {}  {:<13} {}", event.at, event.name, event.detail));
    }
    Ok(out)
}

//! `why`: why a job waits, one cause a line, with the command that changes it.

use serde_json::{Value, json};

use crate::cli::output::Out;
use crate::cli::work::{job_id, line};
use crate::cli::{Context, Failure};
use crate::job::{Availability, Cause, DeviceSight, Duty, Job, Place, Sight, Stage, causes, duty, opens_at};
use crate::store::{Note, Store};
use crate::time::{self, Timestamp};

/// Arguments of `why`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Job: id, prefix, key, task ARN or `last`
    job: String,
}

/// A cause in words, with what changes it.
pub fn words(cause: &Cause) -> String {
    let (_, text, command) = told(cause, "JOB");
    if command.is_empty() { text } else { format!("{text}; {command}") }
}

/// Kind of a cause, what it is, and the command that changes it.
fn told(cause: &Cause, job: &str) -> (&'static str, String, String) {
    let cancel = format!("shotbook cancel {job}");
    match cause {
        Cause::NotBefore(at) => ("not_before", format!("not before {at}"), cancel),
        Cause::Window(at) => ("window", format!("the device's window is closed until {at}"), cancel),
        Cause::Frozen(budget) => (
            "budget_frozen",
            format!("budget {budget} is over-committed"),
            format!("shotbook budget set {budget} --limit USD"),
        ),
        Cause::Full(budget) => (
            "budget_full",
            format!("budget {budget} has no room for it"),
            format!("shotbook budget set {budget} --limit USD"),
        ),
        Cause::Offline { device, until } => {
            ("offline", format!("{device} is offline; it is asked again from {until}"), cancel)
        }
        Cause::LongQueue { tasks, most, until } => (
            "long_queue",
            format!("{tasks} tasks wait at the device, and --max-queue is {most}; asked again from {until}"),
            cancel,
        ),
        Cause::Queue(position) => ("queue", format!("position {position} in the device's queue"), cancel),
        Cause::Paused(why) => ("paused", format!("the lane is paused: {why}"), "shotbook doctor".to_owned()),
        Cause::Throttled(until) => {
            ("throttled", format!("AWS asks for patience until {until}"), String::new())
        }
        Cause::InDoubt(at) => (
            "in_doubt",
            format!("a reply was lost; its money stays held, and proof is possible from {at}"),
            "shotbook resume".to_owned(),
        ),
        Cause::BeyondProof => (
            "beyond_proof",
            "AWS has forgotten too much to tell".to_owned(),
            format!("shotbook resolve {job} --task ARN, or --absent"),
        ),
        Cause::AtAws(at) => ("at_aws", format!("AWS has it; next look {at}"), "shotbook resume".to_owned()),
        Cause::ResultLate(at) => {
            ("result_late", format!("the result is fetched again at {at}"), "shotbook resume".to_owned())
        }
    }
}

/// What surrounds a job, as far as the store knows: budgets, and what runners noted.
pub fn sight(store: &dyn Store, job: &Job, now: Timestamp) -> Result<Sight, Failure> {
    let mut sight = Sight::default();
    let own = |b: &crate::store::BudgetStatus| job.terms.budgets.contains(&b.budget.name);
    let waits = matches!(job.stage, Stage::Waiting { .. }) && job.held.is_zero();
    for status in store.budgets(now)?.iter().filter(|b| own(b)) {
        let (limit, name) = (status.budget.limit, status.budget.name.clone());
        if status.balance.is_frozen(limit) {
            sight.frozen.push(name);
        } else if waits && status.balance.free(limit) < job.terms.hold {
            sight.full.push(name);
        }
    }
    let Place::Braket { region, .. } = &job.terms.place else { return Ok(sight) };
    if job.terms.fire.window {
        let device = super::devices::find(&job.terms.device)?;
        sight.opens_at = opens_at(device, now);
    }
    let region = job.lane().map_or(region.as_deref().unwrap_or_default(), |lane| lane.region.as_str());
    let notes = store.notes()?;
    let at = |place: String| notes.iter().find(|n| n.place == place && n.until.is_none_or(|at| at > now));
    let text = |n: &Note| format!("{} (seen {})", n.text, n.at);
    let own = at(format!("job/{}", job.terms.id));
    sight.paused = own.or_else(|| at(format!("lane/{region}"))).map(text);
    sight.throttled_until = at(format!("pace/{region}")).and_then(|n| n.until);
    sight.device = at(format!("device/{}", job.terms.device)).map(|n| {
        let queue = n.text.strip_prefix("QUEUE ").and_then(|q| q.parse().ok());
        let state = if queue.is_some() { Availability::Online } else { Availability::Offline };
        DeviceSight { state, queue, again: n.until.unwrap_or(now) }
    });
    Ok(sight)
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let store = context.store()?;
    let job = store.job(&job_id(&store, &args.job)?)?;
    let now = time::now();
    let reasons = reasons(&store, &job, now)?;
    if out.is_json() {
        let words: Vec<String> = reasons.iter().map(|(_, text, command)| joined(text, command)).collect();
        let rows: Vec<Value> = reasons
            .iter()
            .map(|(kind, text, command)| json!({"kind": kind, "text": text, "command": command}))
            .collect();
        out.json(&json!({"schema": "shotbook.why/1", "job_id": job.terms.id.as_str(), "causes": words,
            "reasons": rows}));
    } else {
        lines(&store, &job, now)?.iter().for_each(|text| out.line(text));
    }
    Ok(0)
}

/// The job and each cause, for people.
pub fn lines(store: &dyn Store, job: &Job, now: Timestamp) -> Result<Vec<String>, Failure> {
    let told = reasons(store, job, now)?;
    let causes = told.iter().map(|(_, text, command)| format!("  {}", joined(text, command)));
    Ok(std::iter::once(line(job)).chain(causes).collect())
}

fn joined(text: &str, command: &str) -> String {
    if command.is_empty() { text.to_owned() } else { format!("{text}: {command}") }
}

/// Every cause: kind, words, and the command that changes it.
pub fn reasons(
    store: &dyn Store,
    job: &Job,
    now: Timestamp,
) -> Result<Vec<(&'static str, String, String)>, Failure> {
    let id = job.terms.id.as_str();
    let sight = sight(store, job, now)?;
    let mut found = causes(job, &sight, now);
    let owed = duty(job, &sight, now);
    if let Duty::Wait { because, .. } = &owed
        && because.contains(&Cause::BeyondProof)
    {
        found.push(Cause::BeyondProof);
    }
    let mut out: Vec<_> = found.iter().map(|cause| told(cause, id)).collect();
    if let Some(holder) = store.lease_holder(&job.terms.id)?.filter(|h| !crate::runner::is_gone(h)) {
        out.push(("lease", format!("another process works on it ({holder})"), format!("shotbook wait {id}")));
    }
    if out.is_empty() {
        out.push(match owed {
            Duty::Nothing => ("over", "it is over".to_owned(), format!("shotbook show {id}")),
            _ => ("due", "nothing; it is due now".to_owned(), "shotbook resume".to_owned()),
        });
    }
    Ok(out)
}

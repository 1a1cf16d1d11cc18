//! `jobs`: history with filters.

use serde_json::json;

use crate::cli::output::Out;
use crate::cli::work::job_json;
use crate::cli::{Context, Failure};
use crate::job::State;
use crate::store::{Filter, Store};
use crate::time::{self, Timestamp};

/// Arguments of `jobs`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only this state, such as QUEUED
    #[arg(long)]
    state: Vec<String>,
    /// Only this device
    #[arg(long, value_name = "DEV")]
    on: Option<String>,
    /// Only this project
    #[arg(long)]
    project: Option<String>,
    /// Only this batch
    #[arg(long, value_name = "ID")]
    collection: Option<String>,
    /// Only this tag
    #[arg(long = "tag", value_name = "K=V")]
    tags: Vec<String>,
    /// Born at or after, such as 2026-11-01
    #[arg(long)]
    since: Option<String>,
    /// Born before
    #[arg(long)]
    until: Option<String>,
    /// At most so many
    #[arg(long, short = 'n')]
    limit: Option<usize>,
}

const STATES: [State; 9] = [
    State::Waiting,
    State::Submitting,
    State::Queued,
    State::Running,
    State::Completed,
    State::Failed,
    State::Cancelled,
    State::Refused,
    State::Unsure,
];

/// A state by its word.
pub fn state(word: &str) -> Result<State, Failure> {
    let state = STATES.into_iter().find(|s| s.word().eq_ignore_ascii_case(word));
    let known = || STATES.map(State::word).join(", ");
    state.ok_or_else(|| Failure::new("SB2001", format!("{word:?} is no state")).with_help(known()))
}

/// An instant or a date.
pub fn instant(text: &str) -> Result<Timestamp, Failure> {
    let whole = match text.len() {
        7 => format!("{text}-01T00:00:00Z"),
        10 => format!("{text}T00:00:00Z"),
        _ => text.to_owned(),
    };
    whole.parse().map_err(|_| Failure::new("SB2001", format!("{text:?} is no date")).with_help("2026-11-24"))
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let mut filter = Filter {
        device: args.on.as_deref().map(|d| super::devices::find(d).map(|d| d.name.clone())).transpose()?,
        project: args.project,
        collection: args.collection.map(crate::ids::CollectionId::new),
        since: args.since.as_deref().map(instant).transpose()?,
        until: args.until.as_deref().map(instant).transpose()?,
        limit: args.limit,
        ..Filter::default()
    };
    for word in &args.state {
        filter.states.push(state(word)?);
    }
    for pair in &args.tags {
        let (k, v) =
            pair.split_once('=').ok_or_else(|| Failure::new("SB2001", format!("{pair:?} is not K=V")))?;
        filter.tags.insert(k.to_owned(), v.to_owned());
    }
    let store = context.store()?;
    let jobs = store.jobs(&filter)?;
    if out.is_json() {
        let list = jobs.iter().map(|j| job_json(&store, j)).collect::<Result<Vec<_>, _>>()?;
        out.json(&json!({"schema": "shotbook.jobs/1", "jobs": list}));
        return Ok(0);
    }
    let now = time::now();
    let rows = jobs
        .iter()
        .map(|j| {
            vec![
                j.terms.id.to_string(),
                j.terms.name.clone(),
                j.terms.device.clone(),
                j.terms.shots.to_string(),
                State::of(j).to_string(),
                format!("{:#}", j.held),
                format!("{:#}", j.settled),
                age(now, j.terms.created_at),
            ]
        })
        .collect();
    out.table(&["JOB", "NAME", "DEVICE", "SHOTS", "STATE", "HELD", "SETTLED", "AGE"], &[3, 5, 6, 7], rows);
    Ok(0)
}

/// How long ago, in one unit.
pub fn age(now: Timestamp, then: Timestamp) -> String {
    let s = now.since(then).as_secs();
    match s {
        0..=119 => format!("{s} s"),
        120..=7_199 => format!("{} m", s / 60),
        7_200..=172_799 => format!("{} h", s / 3600),
        _ => format!("{} d", s / 86_400),
    }
}

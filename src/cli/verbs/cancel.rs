//! `cancel`: a wish, observed until it came true or too late.

use crate::cli::output::Out;
use crate::cli::work::{exit_of, job_id, job_json, line, with_runner};
use crate::cli::{Context, Failure};
use crate::ids::JobId;
use crate::job::{Event, Job, Outcome, Stage, apply};
use crate::runner::Patience;
use crate::store::{Change, Committed, Store};
use crate::time;

/// Arguments of `cancel`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Job: id, prefix, key, task ARN or `last`
    job: String,
}

/// Stores a person's event, whatever else moves the job meanwhile.
pub fn tell(store: &dyn Store, id: &JobId, event: &Event) -> Result<Job, Failure> {
    loop {
        let before = store.job(id)?;
        let at = time::now();
        let after = apply(&before, event, at).map_err(|e| Failure::new("SB2001", e.to_string()))?;
        if after == before {
            return Ok(before);
        }
        let change = Change {
            before,
            after: after.clone(),
            event: event.clone(),
            blobs: Vec::new(),
            guarded: false,
            at,
        };
        if let Committed::Yes(version) = store.commit(&change)? {
            return Ok(Job { version, ..after });
        }
    }
}

/// Stores the wish and takes it to AWS as far as that goes without waiting; gives the job as it is then.
pub fn cancel(context: &Context, store: &dyn Store, id: &JobId) -> Result<Job, Failure> {
    if !tell(store, id, &Event::CancelAsked)?.is_done() {
        let only = std::slice::from_ref(id);
        with_runner(context, store, async |runner| {
            Ok(runner.finish(only, Patience::OnceOver, &mut |_| {}).await?)
        })?;
    }
    Ok(store.job(id)?)
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let store = context.store()?;
    let id = job_id(&store, &args.job)?;
    let job = cancel(context, &store, &id)?;
    if out.is_json() {
        out.json(&job_json(&store, &job)?);
    } else {
        out.line(&line(&job));
    }
    Ok(match &job.stage {
        Stage::Done(Outcome::Cancelled) => 0,
        _ if job.is_done() => exit_of(&job),
        _ => 0,
    })
}

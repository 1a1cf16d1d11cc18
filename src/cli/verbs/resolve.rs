//! `resolve`: a person ends a doubt, and it is written down.

use crate::cli::output::Out;
use crate::cli::work::{job_id, job_json, line};
use crate::cli::{Context, Failure};
use crate::ids::QuantumTaskArn;
use crate::job::{Event, Stage};
use crate::store::Store;

/// Arguments of `resolve`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Job: id, prefix, key or `last`
    job: String,
    /// This is its task
    #[arg(long, value_name = "ARN", conflicts_with = "absent")]
    task: Option<String>,
    /// There is no task
    #[arg(long)]
    absent: bool,
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let store = context.store()?;
    let id = job_id(&store, &args.job)?;
    let job = store.job(&id)?;
    if !matches!(job.stage, Stage::Submitting { .. }) {
        return Err(
            Failure::new("SB2001", format!("{id} is not in doubt")).with_help(format!("shotbook show {id}"))
        );
    }
    let event = match (args.task, args.absent) {
        (Some(task), false) => Event::Created { attempt: job.attempt, task: QuantumTaskArn::new(task) },
        (None, true) => Event::ResolvedAbsent,
        _ => return Err(Failure::new("SB2001", "say --task ARN or --absent")),
    };
    let job = super::cancel::tell(&store, &id, &event)?;
    if out.is_json() {
        out.json(&job_json(&store, &job)?);
    } else {
        out.line(&line(&job));
    }
    Ok(0)
}

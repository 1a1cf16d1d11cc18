//! `resume`: carry on what is owed.

use crate::cli::output::Out;
use crate::cli::work::job_id;
use crate::cli::{Context, Failure};
use crate::ids::JobId;
use crate::runner::Patience;
use crate::store::Store;
use crate::time::Timestamp;

/// Arguments of `resume`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Job; every open one unless told
    job: Option<String>,
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let store = context.store()?;
    let ids: Vec<JobId> = match &args.job {
        Some(job) => vec![job_id(&store, job)?],
        None => store.due(Timestamp::from_micros(i64::MAX), usize::MAX, &|_| false)?,
    };
    if ids.is_empty() {
        if out.is_json() {
            out.json(&serde_json::json!({"schema": "shotbook.jobs/1", "jobs": []}));
        } else {
            out.say("nothing is owed");
        }
        return Ok(0);
    }
    super::wait::drive(&store, context, &ids, Patience::UntilStuck, out)
}

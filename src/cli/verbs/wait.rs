//! `wait`: until jobs end, and then as they ended.

use crate::cli::output::Out;
use crate::cli::work::{after_loop, job_id, job_json, line, tell_interrupted, teller_until_end, with_runner};
use crate::cli::{Context, Failure};
use crate::ids::JobId;
use crate::runner::Patience;
use crate::store::Store;
use crate::time;

/// Arguments of `wait`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Jobs: ids, prefixes, keys, task ARNs or `last`
    #[arg(required = true)]
    jobs: Vec<String>,
    /// Give up waiting after this long, such as 30s
    #[arg(long, value_name = "T")]
    timeout: Option<String>,
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let store = context.store()?;
    let ids = args.jobs.iter().map(|j| job_id(&store, j)).collect::<Result<Vec<JobId>, _>>()?;
    let patience = match args.timeout.as_deref().map(super::run::duration).transpose()? {
        Some(long) => Patience::UntilTime(time::now().after(long)),
        None => Patience::UntilStuck,
    };
    drive(&store, context, &ids, patience, out)
}

/// Works on jobs as far as patience goes, and says how they stand.
pub fn drive(
    store: &dyn Store,
    context: &Context,
    ids: &[JobId],
    patience: Patience,
    out: &mut Out,
) -> Result<u8, Failure> {
    let quiet = context.global.quiet || out.is_json();
    let mut tell = teller_until_end(out, quiet);
    let done =
        with_runner(context, store, async |runner| Ok(runner.finish(ids, patience, &mut tell).await?))?;
    drop(tell);
    let Some(drained) = done else { return tell_interrupted(store, ids, out) };
    for id in ids {
        let job = store.job(id)?;
        if out.is_json() {
            out.json(&job_json(store, &job)?);
        } else {
            out.line(&line(&job));
        }
    }
    after_loop(store, &drained, out, quiet)
}

//! `worker`: the loop over every job of the store.

use serde_json::json;

use crate::cli::output::Out;
use crate::cli::work::{after_loop, teller, with_runner};
use crate::cli::{Context, Failure};
use crate::store::Store;

/// Arguments of `worker`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// End when nothing is left to do
    #[arg(long)]
    drain: bool,
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let store = context.store()?;
    let quiet = context.global.quiet || out.is_json();
    let mut tell = teller(out, quiet);
    let drained = with_runner(context, &store, async |runner| {
        if args.drain {
            return Ok(Some(runner.drain(&mut tell).await?));
        }
        runner.work(&mut tell).await?;
        Ok(None)
    })?;
    drop(tell);
    let Some(Some(drained)) = drained else { return Ok(if args.drain { 130 } else { 0 }) };
    if out.is_json() {
        let names = |ids: &[crate::ids::JobId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
        let stuck: Vec<String> = drained.stuck.iter().map(|(id, _)| id.to_string()).collect();
        let open = store.due(crate::time::Timestamp::from_micros(i64::MAX), usize::MAX, &|_| false)?.len();
        out.json(&json!({"schema": "shotbook.drain/1", "done": names(&drained.done), "waiting": stuck, "open": open}));
    }
    let code = after_loop(&store, &drained, out, quiet)?;
    // How other jobs ended is their own exit code; draining itself succeeded.
    Ok(if code == 7 { 7 } else { 0 })
}

//! `worker`: the loop over every job of the store.

mod metrics;

use serde_json::json;

use crate::cli::output::Out;
use crate::cli::work::{after_loop, interrupted, teller, with_runner};
use crate::cli::{Context, Failure};
use crate::store::Store;

/// Arguments of `worker`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// End when nothing is left to do
    #[arg(long)]
    drain: bool,
    /// Answer GET /metrics on an address of this machine, such as 127.0.0.1:9464
    #[arg(long, value_name = "ADDR")]
    metrics: Option<String>,
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let store = context.store()?;
    let quiet = context.global.quiet || out.is_json();
    if !args.drain {
        courier(context.store_path()?);
    }
    let mut tell = teller(out, quiet);
    let drained = with_runner(context, &store, async |runner| {
        if let Some(address) = &args.metrics {
            let bound = metrics::serve(address, context.store_path()?, runner.meter())?;
            // Whoever gave port 0 must learn the port, whatever form the rest has.
            tracing::info!(%bound, "metrics");
            if !context.global.quiet {
                let _told = std::io::Write::write_all(
                    &mut std::io::stderr(),
                    format!("metrics http://{bound}/metrics\n").as_bytes(),
                );
            }
        }
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

/// Delivers notices beside the loop, which must not wait for a slow receiver.
fn courier(path: std::path::PathBuf) {
    std::thread::spawn(move || {
        let Ok(store) = crate::store::SqliteStore::open(&path) else { return };
        let runner = crate::runner::this_process();
        while !interrupted() {
            if let Err(error) = crate::app::deliver(&store, &runner, &interrupted) {
                tracing::warn!(%error, "notices were not delivered");
            }
            std::thread::sleep(std::time::Duration::from_secs(1));
        }
    });
}

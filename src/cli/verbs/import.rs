//! `import`: adopts tasks that other tools made, so that the ledger knows what was spent.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use shotbook_sim::target::Catalogue;

use crate::backend::Braket;
use crate::cli::output::Out;
use crate::cli::work::{self, with_runner_of};
use crate::cli::{Context, Failure};
use crate::ids::JobId;
use crate::job::{Job, TaskStatus};
use crate::money::Money;
use crate::runner::{self, Patience};
use crate::store::{Kind, Store};
use crate::time::{self, Timestamp};

/// Arguments of `import`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Tasks created since: 30d, 2026-11, 2026-11-24; AWS shows 90 days
    #[arg(long, value_name = "D", default_value = "90d")]
    since: String,
    /// Every region that has a device, in place of the one region of your settings
    #[arg(long)]
    all_regions: bool,
    /// Book them with the most that they can cost, and settle later: shotbook worker --drain
    #[arg(long)]
    detach: bool,
}

/// What one region gave.
#[derive(Default)]
struct Found {
    region: String,
    found: u64,
    fresh: Vec<JobId>,
    trouble: Option<String>,
}

/// AWS's searches reach so far back. Source: Braket service documentation.
const REACH: Duration = Duration::from_secs(90 * 86_400);

fn since(text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    match text.strip_suffix('d').map(str::parse::<u32>) {
        Some(Ok(days)) => Ok(now.before(Duration::from_secs(u64::from(days) * 86_400))),
        _ => super::jobs::instant(text),
    }
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let now = time::now();
    let since = since(&args.since, now)?;
    if since < now.before(REACH) {
        out.say("AWS shows the tasks of 90 days; older ones are on the bill: shotbook reconcile BILL.csv");
    }
    let regions: BTreeSet<&str> = if args.all_regions {
        Catalogue::embedded().devices().iter().flat_map(|d| d.regions.iter().map(String::as_str)).collect()
    } else {
        BTreeSet::from([""])
    };
    let store = context.store()?;
    let mut all = Vec::new();
    for region in regions {
        let asked = context.block_on(scan(context, &store, region, since))?;
        let Some(found) = asked else { return Err(Failure::new("SB8001", "interrupted; shotbook import")) };
        let found = found?;
        if let Some(trouble) = &found.trouble {
            out.complain(&format!("{}: {trouble}", found.region));
        }
        all.push(found);
    }
    if all.iter().all(|f| f.trouble.is_some()) {
        let why = all.iter().find_map(|f| f.trouble.clone()).unwrap_or_default();
        return Err(Failure::new("SB2008", why));
    }
    let fresh: Vec<JobId> = all.iter().flat_map(|f| f.fresh.iter().cloned()).collect();
    if !args.detach && !fresh.is_empty() {
        let finish = async |runner: &work::HereRunner<'_>| {
            Ok(runner.finish(&fresh, Patience::OnceOver, &mut |_: &Job| {}).await?)
        };
        // Nobody's results are ours to make room for.
        if with_runner_of(context, &store, &context.braket_without_buckets(), finish)?.is_none() {
            return work::tell_interrupted(&store, &[], out);
        }
    }
    show(&all, &fresh, &store, out)
}

async fn scan(
    context: &Context,
    store: &dyn Store,
    region: &str,
    since: Timestamp,
) -> Result<Found, Failure> {
    let braket = context.braket_without_buckets();
    let report = match braket.lane(region).await {
        Ok(report) => report,
        Err(error) => {
            let (region, trouble) = (region.to_owned(), Some(error.to_string()));
            return Ok(Found { region, trouble, ..Found::default() });
        }
    };
    let region = report.lane.region.clone();
    store.bind(if report.lane.world.is_some() { Kind::Play } else { Kind::Real })?;
    let scan = match braket.scan(&report.lane, since).await {
        Ok(scan) => scan,
        Err(error) => return Ok(Found { region, trouble: Some(error.to_string()), ..Found::default() }),
    };
    let list = context.prices()?;
    let mut jobs = Vec::with_capacity(scan.tasks.len());
    for seen in &scan.tasks {
        let job = runner::imported(seen, &report.lane, &list);
        // Nothing was paid for it, and nothing will be.
        if seen.status == TaskStatus::Cancelled {
            jobs.push(runner::ended_unpaid(&job, seen, time::now()));
        } else {
            jobs.push(job);
        }
    }
    let fresh = store.adopt_all(&jobs, time::now())?;
    Ok(Found { region, found: scan.tasks.len() as u64, fresh, trouble: None })
}

fn show(all: &[Found], fresh: &[JobId], store: &dyn Store, out: &mut Out) -> Result<u8, Failure> {
    let (mut held, mut settled, mut open) = (Money::ZERO, Money::ZERO, 0u64);
    let range = |e: crate::money::OutOfRange| Failure::new("SB1001", e.to_string());
    for id in fresh {
        let job = store.job(id)?;
        held = held.plus(job.held).map_err(range)?;
        settled = settled.plus(job.settled).map_err(range)?;
        open += u64::from(!job.is_done());
    }
    if out.is_json() {
        let row = |f: &Found| {
            json!({"region": f.region, "found": f.found, "imported": f.fresh.len(),
                "known": f.found - f.fresh.len() as u64, "error": f.trouble})
        };
        let regions: Vec<Value> = all.iter().map(row).collect();
        out.json(&json!({"schema": "shotbook.import/1", "regions": regions, "imported": fresh.len(),
            "open": open, "settled": settled.to_string(), "held": held.to_string()}));
        return Ok(0);
    }
    let row = |f: &Found| {
        let known = f.found - f.fresh.len() as u64;
        vec![f.region.clone(), f.found.to_string(), known.to_string(), f.fresh.len().to_string()]
    };
    out.table(&["REGION", "TASKS", "KNOWN", "IMPORTED"], &[1, 2, 3], all.iter().map(row).collect());
    out.line(&format!("imported {} tasks · settled {settled:#} · held {held:#}", fresh.len()));
    if open > 0 {
        out.say(&format!("{open} are not over, or their use is not known yet: shotbook worker --drain"));
    }
    if !fresh.is_empty() {
        out.say("give them to a project: shotbook tag --filter adopted --filter project=- project=P");
    }
    Ok(0)
}

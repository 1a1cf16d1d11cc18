//! `import`: adopts tasks that other tools made, so that the ledger knows what was spent.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};
use shotbook_sim::target::Catalogue;

use crate::backend::braket::SdkBraket;
use crate::backend::{Braket, HybridJob, HybridUse, RemoteError};
use crate::cli::output::Out;
use crate::cli::work::{self, with_runner_of};
use crate::cli::{Context, Failure};
use crate::ids::JobId;
use crate::job::{Job, Lane, TaskStatus};
use crate::money::Money;
use crate::runner::{self, Patience};
use crate::store::{Kind, Store, StoreError};
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
    hybrid: Hybrid,
}

/// Hybrid jobs of a region.
#[derive(Default)]
struct Hybrid {
    found: u64,
    fresh: Vec<JobId>,
    /// Not over, so that nothing is known of their cost.
    open: u64,
    /// Instances that the user's table has no price for, and how many jobs ran on them.
    unpriced: BTreeMap<String, u64>,
    trouble: Option<String>,
}

/// AWS's searches reach so far back. Source: Braket service documentation.
const REACH: Duration = Duration::from_secs(90 * 86_400);

/// How often, and how far apart, a hybrid job is asked for that AWS has no time for.
const TRIES: u32 = 10;
const PATIENCE: Duration = Duration::from_secs(1);

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
        if let Some(trouble) = &found.hybrid.trouble {
            out.complain(&format!("{}: hybrid jobs were not looked at: {trouble}", found.region));
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
    tell_hybrid(&all, context, out)?;
    show(&all, &fresh, &store, out)
}

/// What is missing for the instances of hybrid jobs, with the lines to write.
fn tell_hybrid(all: &[Found], context: &Context, out: &mut Out) -> Result<(), Failure> {
    let open: u64 = all.iter().map(|f| f.hybrid.open).sum();
    if open > 0 {
        out.say(&format!("{open} hybrid jobs are not over; import again when they are"));
    }
    let mut unpriced = BTreeMap::<&str, u64>::new();
    for (kind, jobs) in all.iter().flat_map(|f| &f.hybrid.unpriced) {
        *unpriced.entry(kind).or_default() += jobs;
    }
    if unpriced.is_empty() {
        return Ok(());
    }
    let path = context.price_lists()?.own_path();
    for (kind, jobs) in unpriced {
        out.complain(&format!("{jobs} hybrid jobs on {kind} are not booked: AWS publishes no price for it"));
        out.say(&format!("add to {} (it begins with currency = \"USD\"), and import again:", path.display()));
        out.say(&format!("[[instance]]\ntype = \"{kind}\"\nper_hour = \"DOLLARS\""));
    }
    Ok(())
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
    let hybrid = hybrid(context, store, &braket, (&report.lane, since)).await?;
    Ok(Found { region, found: scan.tasks.len() as u64, fresh, trouble: None, hybrid })
}

/// Books the instances of hybrid jobs that are over and not booked yet. One that cannot be looked at, such as
/// for want of permission, holds up no task.
async fn hybrid(
    context: &Context,
    store: &dyn Store,
    braket: &SdkBraket,
    (lane, since): (&Lane, Timestamp),
) -> Result<Hybrid, Failure> {
    let own = context.price_lists()?.own()?;
    let mut out = Hybrid::default();
    let jobs = match braket.hybrid_jobs(lane, since).await {
        Ok(jobs) => jobs,
        Err(error) => return Ok(Hybrid { trouble: Some(error.to_string()), ..out }),
    };
    out.found = jobs.len() as u64;
    out.open = jobs.iter().filter(|j| !j.status.is_terminal()).count() as u64;
    let mut booked = Vec::new();
    for job in jobs.iter().filter(|j| j.status.is_terminal()) {
        match store.job(&runner::name_of(&job.arn)) {
            Ok(_) => continue,
            Err(StoreError::Missing { .. }) => {}
            Err(other) => return Err(other.into()),
        }
        let used = match patiently(braket, lane, job).await {
            Ok(used) => used,
            Err(error) => {
                out.trouble = Some(error.to_string());
                break;
            }
        };
        let Some(hourly) = own.instance(&used.instance) else {
            *out.unpriced.entry(used.instance).or_default() += 1;
            continue;
        };
        let wrong = |e: crate::job::Illegal| Failure::new("SB1001", format!("{}: {e}", job.arn));
        booked.push(runner::hybrid(job, &used, hourly, lane, time::now()).map_err(wrong)?);
    }
    out.fresh = store.adopt_all(&booked, time::now())?;
    Ok(out)
}

/// Asks for one hybrid job, and again when AWS asks for patience.
async fn patiently(braket: &SdkBraket, lane: &Lane, job: &HybridJob) -> Result<HybridUse, RemoteError> {
    let mut tries = 0;
    loop {
        let asked = braket.hybrid_use(lane, job).await;
        tries += 1;
        match asked {
            Err(RemoteError::Throttled(wait)) if tries < TRIES => {
                tokio::time::sleep(wait.unwrap_or(PATIENCE)).await;
            }
            other => return other,
        }
    }
}

fn show(all: &[Found], fresh: &[JobId], store: &dyn Store, out: &mut Out) -> Result<u8, Failure> {
    let (mut held, mut settled, mut open) = (Money::ZERO, Money::ZERO, 0u64);
    let range = |e: crate::money::OutOfRange| Failure::new("SB1001", e.to_string());
    let hybrid: Vec<&JobId> = all.iter().flat_map(|f| &f.hybrid.fresh).collect();
    for id in fresh.iter().chain(hybrid.iter().copied()) {
        let job = store.job(id)?;
        held = held.plus(job.held).map_err(range)?;
        settled = settled.plus(job.settled).map_err(range)?;
        open += u64::from(!job.is_done());
    }
    if out.is_json() {
        let row = |f: &Found| {
            json!({"region": f.region, "found": f.found, "imported": f.fresh.len(),
                "known": f.found - f.fresh.len() as u64, "error": f.trouble,
                "hybrid_jobs": {"found": f.hybrid.found, "imported": f.hybrid.fresh.len(),
                    "open": f.hybrid.open, "unpriced": f.hybrid.unpriced, "error": f.hybrid.trouble}})
        };
        let regions: Vec<Value> = all.iter().map(row).collect();
        out.json(&json!({"schema": "shotbook.import/1", "regions": regions, "imported": fresh.len(),
            "imported_hybrid_jobs": hybrid.len(), "open": open, "settled": settled.to_string(), "held": held.to_string()}));
        return Ok(0);
    }
    let row = |f: &Found| {
        let known = f.found - f.fresh.len() as u64;
        vec![f.region.clone(), f.found.to_string(), known.to_string(), f.fresh.len().to_string()]
    };
    out.table(&["REGION", "TASKS", "KNOWN", "IMPORTED"], &[1, 2, 3], all.iter().map(row).collect());
    let and = if hybrid.is_empty() { String::new() } else { format!(" and {} hybrid jobs", hybrid.len()) };
    out.line(&format!("imported {} tasks{and} · settled {settled:#} · held {held:#}", fresh.len()));
    if open > 0 {
        out.say(&format!("{open} are not over, or their use is not known yet: shotbook worker --drain"));
    }
    if !fresh.is_empty() || !hybrid.is_empty() {
        out.say("give them to a project: shotbook tag --filter adopted --filter project=- project=P");
    }
    Ok(0)
}

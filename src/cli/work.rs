//! What verbs that touch jobs share: the store, the runner, a JOB argument, Ctrl-C.

use std::sync::atomic::{AtomicBool, Ordering};

use super::failure::Failure;
use super::output::Out;
use super::{Context, views};
use crate::app::{PriceLists, Simulator, SystemClock, runtime};
use crate::backend::braket::{Options, SdkBraket};
use crate::ids::JobId;
use crate::job::{Job, Outcome, Stage, State};
use crate::price::PriceList;
use crate::runner::{self, Drained, Runner};
use crate::store::{SqliteStore, Store};
use crate::time::Timestamp;

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// How long a call that is under way may take to end after that.
const GRACE: std::time::Duration = std::time::Duration::from_secs(5);

/// Whether the person pressed Ctrl-C.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

impl Context {
    /// The store, made on first use.
    pub fn store(&self) -> Result<SqliteStore, Failure> {
        Ok(SqliteStore::open(&self.store_path()?)?)
    }

    /// Where the store is.
    pub fn store_path(&self) -> Result<std::path::PathBuf, Failure> {
        let wrong = |why: String| Failure::new("SB2001", why).with_help("--store sqlite:PATH");
        self.config.store_path(self.global.store.as_deref()).map_err(wrong)
    }

    /// Price lists that were kept.
    pub fn price_lists(&self) -> Result<PriceLists, Failure> {
        Ok(PriceLists::below(&self.config.data_dir().map_err(|why| Failure::new("SB2001", why))?))
    }

    /// The newest rates.
    pub fn prices(&self) -> Result<PriceList, Failure> {
        Ok(self.price_lists()?.at(None)?.unwrap_or_else(|| PriceList::embedded().clone()))
    }

    /// AWS, not yet spoken to.
    pub fn braket(&self) -> SdkBraket {
        SdkBraket::new(self.options())
    }

    /// AWS for looking around: it makes no bucket in a region that has none.
    pub fn braket_without_buckets(&self) -> SdkBraket {
        SdkBraket::new(Options { make_no_bucket: true, ..self.options() })
    }

    fn options(&self) -> Options {
        Options {
            profile: self.global.profile.clone(),
            region: self.global.region.clone(),
            endpoint_url: self.global.endpoint_url.clone(),
            bucket: self.config.bucket.clone(),
            make_no_bucket: false,
        }
    }

    /// Runs asynchronous work until it ends or the person presses Ctrl-C, which gives `None`.
    pub fn block_on<T>(&self, work: impl Future<Output = T>) -> Result<Option<T>, Failure> {
        let runtime = runtime().map_err(|e| Failure::new("SB1001", e.to_string()))?;
        Ok(runtime.block_on(async {
            let mut work = std::pin::pin!(work);
            tokio::select! {
                done = &mut work => return Some(done),
                () = asked_to_stop() => INTERRUPTED.store(true, Ordering::Relaxed),
            }
            // A call that is under way is heard out, so that nothing is left in doubt.
            tokio::select! {
                _ = &mut work => {}
                () = asked_to_stop() => {}
                () = tokio::time::sleep(GRACE) => {}
            }
            None
        }))
    }
}

/// Lets Ctrl-C be seen by a loop that runs no asynchronous work: it sets the flag that `interrupted` reads.
pub fn watch_signals() {
    std::thread::spawn(|| {
        if let Ok(runtime) = runtime() {
            runtime.block_on(asked_to_stop());
            INTERRUPTED.store(true, Ordering::Relaxed);
        }
    });
}

/// Ctrl-C, or what a service manager sends.
async fn asked_to_stop() {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        return;
    }
    let _pressed = tokio::signal::ctrl_c().await;
}

/// A runner as commands have it.
pub type HereRunner<'a> = Runner<'a, SdkBraket, SystemClock>;

/// A runner of this process, handed to `work`; once that is done, what hooks ask for is delivered.
pub fn with_runner<T>(
    context: &Context,
    store: &dyn Store,
    work: impl AsyncFnOnce(&Runner<'_, SdkBraket, SystemClock>) -> Result<T, Failure>,
) -> Result<Option<T>, Failure> {
    with_runner_of(context, store, &context.braket(), work)
}

/// A runner of this process that speaks to AWS in a given way.
pub fn with_runner_of<T>(
    context: &Context,
    store: &dyn Store,
    braket: &SdkBraket,
    work: impl AsyncFnOnce(&HereRunner<'_>) -> Result<T, Failure>,
) -> Result<Option<T>, Failure> {
    at_home(store)?;
    let clock = SystemClock;
    let stop = interrupted;
    let simulator = Simulator { stop: &stop };
    let lists = context.price_lists()?;
    let newest = || lists.at(None).ok().flatten();
    let runner = Runner::new(store, braket, &clock, &simulator, runner::this_process())
        .with_prices(context.prices()?)
        .with_price_source(&newest)
        .until(&stop);
    let done = context.block_on(work(&runner))?;
    notify(store);
    match done {
        Some(done) => done.map(Some),
        None => Ok(None),
    }
}

/// A store that came from another machine pays nothing until a person says that it moved.
pub fn at_home(store: &dyn Store) -> Result<(), Failure> {
    if store.is_elsewhere() {
        return Err(Failure::new("SB2012", "the store was made on another machine"));
    }
    Ok(())
}

/// Delivers what is due. A receiver that fails is tried again later, and spoils nothing here.
fn notify(store: &dyn Store) {
    if let Err(error) = crate::app::deliver(store, &runner::this_process(), &interrupted) {
        tracing::warn!(%error, "notices were not delivered; shotbook on deliver");
    }
}

/// The one job that an argument means.
pub fn job_id(store: &dyn Store, argument: &str) -> Result<JobId, Failure> {
    if matches!(argument, "last" | "@last") {
        let none = || {
            Failure::new("SB2005", "the store has no job yet")
                .with_help("shotbook submit FILE --on local --shots 1000")
        };
        return store.last()?.ok_or_else(none);
    }
    let mut found = store.resolve(argument)?;
    match found.len() {
        1 => Ok(found.remove(0)),
        0 => Err(Failure::new("SB2005", format!("there is no job {argument}"))),
        n => {
            Err(Failure::new("SB2005", format!("{argument} may mean {n} jobs"))
                .with_help("give more of its id"))
        }
    }
}

/// When a job ended, by its journal.
pub fn ended_at(store: &dyn Store, job: &Job) -> Result<Option<Timestamp>, Failure> {
    if !job.is_done() {
        return Ok(None);
    }
    // Labels may come long after the end.
    Ok(store
        .events(&job.terms.id)?
        .iter()
        .rfind(|e| !matches!(e.name.as_str(), "tagged" | "corrected"))
        .map(|e| e.at))
}

/// A job as JSON.
pub fn job_json(store: &dyn Store, job: &Job) -> Result<serde_json::Value, Failure> {
    let frozen: Vec<String> = store
        .budgets(crate::time::now())?
        .into_iter()
        .filter(|b| job.terms.budgets.contains(&b.budget.name) && b.balance.is_frozen(b.budget.limit))
        .map(|b| b.budget.name.to_string())
        .collect();
    Ok(views::job(job, ended_at(store, job)?, &frozen))
}

/// The exit code that a job's end stands for.
pub fn exit_of(job: &Job) -> u8 {
    match &job.stage {
        Stage::Done(Outcome::Completed { result: Some(_), .. }) => 0,
        Stage::Done(Outcome::OverBudget { .. } | Outcome::Withdrawn { refused: true, .. }) => 3,
        Stage::Done(_) => 6,
        _ if State::of(job) == State::Unsure => 7,
        _ => 8,
    }
}

/// One line about a job, for people.
pub fn line(job: &Job) -> String {
    let terms = &job.terms;
    let money = match (job.held.is_zero(), job.settled.is_zero()) {
        (false, _) => format!("held {:#}", job.held),
        (true, _) => format!("settled {:#}", job.settled),
    };
    let task = job.task().map(|t| format!(" · {t}")).unwrap_or_default();
    let fetching = if matches!(job.stage, Stage::Settling { .. }) { " · fetching its result" } else { "" };
    let why = views::problem(job).map(|p| format!(" · {p}")).unwrap_or_default();
    format!(
        "{} {} · {} · {} shots · {money}{task}{fetching}{why}",
        terms.id,
        State::of(job),
        terms.device,
        terms.shots
    )
}

/// Tells of changes on stderr, once each.
pub fn teller<'a>(out: &'a mut Out, quiet: bool) -> impl FnMut(&Job) + 'a {
    let mut last = String::new();
    move |job| {
        let line = line(job);
        if !quiet && line != last {
            out.say(&line);
            last = line;
        }
    }
}

/// Tells of changes on the way; the end itself is the answer, and belongs on stdout.
pub fn teller_until_end<'a>(out: &'a mut Out, quiet: bool) -> impl FnMut(&Job) + 'a {
    let mut tell = teller(out, quiet);
    move |job| {
        if !job.is_done() {
            tell(job);
        }
    }
}

/// What Ctrl-C leaves behind: what is held, and the commands that go on or end it.
pub fn tell_interrupted(store: &dyn Store, ids: &[JobId], out: &mut Out) -> Result<u8, Failure> {
    for id in ids {
        let job = store.job(id)?;
        if !job.is_done() {
            out.say(&format!(
                "{}\n  go on: shotbook resume {id}    end it: shotbook cancel {id}",
                line(&job)
            ));
        }
    }
    Ok(130)
}

/// The worst exit code of a loop, and why jobs are left behind.
pub fn after_loop(store: &dyn Store, drained: &Drained, out: &mut Out, quiet: bool) -> Result<u8, Failure> {
    if !quiet {
        for (id, causes) in &drained.stuck {
            for cause in causes {
                out.say(&format!("{id} waits: {}", super::verbs::why::words(cause)));
            }
        }
    }
    let mut worst = 0;
    for id in &drained.done {
        worst = worst.max(exit_of(&store.job(id)?));
    }
    if !drained.stuck.is_empty() {
        worst = 7;
    } else if !drained.running.is_empty() {
        worst = 8;
    }
    Ok(worst)
}

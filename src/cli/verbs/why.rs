//! `why`: why a job waits, one cause a line, with the command that changes it.

use serde_json::json;

use crate::cli::output::Out;
use crate::cli::work::{job_id, line};
use crate::cli::{Context, Failure};
use crate::job::{Cause, Duty, Sight, duty};
use crate::store::Store;
use crate::time;

/// Arguments of `why`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Job: id, prefix, key, task ARN or `last`
    job: String,
}

/// A cause in words, with what changes it.
pub fn words(cause: &Cause) -> String {
    match cause {
        Cause::NotBefore(at) => format!("not before {at}; then: shotbook worker --drain"),
        Cause::Frozen(budget) => {
            format!("budget {budget} is over-committed; shotbook budget set {budget} --limit USD")
        }
        Cause::Paused(why) => format!("{why}; shotbook doctor"),
        Cause::Throttled(until) => format!("AWS asks for patience until {until}"),
        Cause::InDoubt(at) => format!("a reply was lost; proof is possible from {at}: shotbook resume"),
        Cause::BeyondProof => {
            "AWS has forgotten too much to tell; shotbook resolve JOB --task ARN or --absent".to_owned()
        }
        Cause::AtAws(at) => format!("AWS has it; next look {at}"),
        Cause::ResultLate(at) => format!("the result is fetched again at {at}"),
    }
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let store = context.store()?;
    let job = store.job(&job_id(&store, &args.job)?)?;
    let now = time::now();
    let frozen = store
        .budgets(now)?
        .into_iter()
        .filter(|b| job.terms.budgets.contains(&b.budget.name) && b.balance.is_frozen(b.budget.limit))
        .map(|b| b.budget.name)
        .collect();
    let sight = Sight { frozen, ..Sight::default() };
    let reasons: Vec<String> = match duty(&job, &sight, now) {
        Duty::Wait { because, .. } => because.iter().map(words).collect(),
        Duty::Nothing => vec!["it is over".to_owned()],
        _ => vec!["nothing; it is due now: shotbook resume".to_owned()],
    };
    let holder = store.lease_holder(&job.terms.id)?.filter(|h| !crate::runner::is_gone(h));
    let lease = holder.map(|h| format!("another process works on it ({h})"));
    if out.is_json() {
        let causes: Vec<&String> = reasons.iter().chain(&lease).collect();
        out.json(&json!({"schema": "shotbook.why/1", "job_id": job.terms.id.as_str(), "causes": causes}));
    } else {
        out.line(&line(&job));
        reasons.iter().chain(&lease).for_each(|r| out.line(&format!("  {r}")));
    }
    Ok(0)
}

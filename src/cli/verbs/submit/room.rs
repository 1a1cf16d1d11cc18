//! What a refusal by money says: what would fit, and what makes room.

use std::collections::BTreeSet;

use crate::app::{self, Refused, Request};
use crate::budget::{Facts, Shortfall};
use crate::cli::Failure;
use crate::cli::output::Out;
use crate::cli::views::fee;
use crate::ids::JobId;
use crate::money::Money;
use crate::price::PriceList;
use crate::store::Store;
use crate::time;

/// A submission that a budget or a ceiling refused, with what would fit instead.
pub fn refused(
    refused: Refused,
    request: &Request<'_>,
    list: &PriceList,
    bound: Option<(&dyn Store, &Facts<'_>)>,
) -> Failure {
    let help = match (&refused, bound) {
        (Refused::OverMaxCost { max_cost, .. }, _) => fits(request, list, *max_cost, None),
        (Refused::OverBudget(shortfall), Some((store, facts))) => {
            let free = match free(store, request, facts, shortfall) {
                Ok(free) => free,
                Err(failure) => return failure,
            };
            match raise(store, shortfall) {
                Ok(raise) => fits(request, list, free, Some(raise)),
                Err(failure) => return failure,
            }
        }
        _ => return refused.into(),
    };
    Failure::from(refused).with_help(help)
}

/// What is left in the tightest budget that binds the job: another one may have less.
fn free(
    store: &dyn Store,
    request: &Request<'_>,
    facts: &Facts<'_>,
    shortfall: &Shortfall,
) -> Result<Money, Failure> {
    let free = app::room(store, &request.budgets, facts, time::now())?;
    Ok(free.map_or(shortfall.free, |free| free.min(shortfall.free)))
}

/// The command that makes room for what was refused.
pub fn raise(store: &dyn Store, shortfall: &Shortfall) -> Result<String, Failure> {
    let name = &shortfall.budget;
    let Some(status) = store.budgets(time::now())?.into_iter().find(|b| b.budget.name == *name) else {
        return Ok("shotbook budget list".to_owned());
    };
    if status.period.is_none() {
        return Ok(format!("{name} is outside its days: shotbook budget show {name}"));
    }
    let missing = shortfall.needed.minus(shortfall.free).map_err(Refused::from)?;
    let needed = status.balance.committed().max(status.budget.ceiling()).plus(missing);
    let needed = needed.map_err(Refused::from)?;
    if needed <= status.budget.limit {
        return Ok(format!("{name} stops before its cap: shotbook budget set {name} --no-at"));
    }
    let stops = if status.budget.ceiling() < status.budget.limit { " --no-at" } else { "" };
    Ok(format!("shotbook budget set {name} --limit {}{stops}", fee(needed)))
}

/// What would fit into `free` instead, as flags.
fn fits(request: &Request<'_>, list: &PriceList, free: Money, raise: Option<String>) -> String {
    let options = app::options(request, list, free);
    let mut parts = Vec::new();
    if let Some((shots, cost)) = options.shots_here {
        parts.push(format!("{shots} shots on {} ({cost:#})", request.device.name));
    }
    if let Some(seconds) = options.seconds_here {
        parts.push(format!("--max-duration {seconds}s"));
    }
    if let Some((device, cost)) = options.cheaper {
        parts.push(format!("--on {device} ({cost:#})"));
    }
    or_else(&parts, free, raise)
}

/// Options in one line, or that there are none, and what makes room.
pub fn or_else(parts: &[String], free: Money, raise: Option<String>) -> String {
    let fits = if parts.is_empty() {
        format!("nothing fits into {free:#}")
    } else {
        format!("fits: {}", parts.join(", or "))
    };
    raise.map_or(fits.clone(), |command| format!("{fits}; more room: {command}"))
}

/// Says which budgets of the jobs have come to a share at which they warn.
pub fn warn(store: &dyn Store, ids: &[JobId], out: &mut Out) -> Result<(), Failure> {
    let statuses = store.budgets(time::now())?;
    if statuses.iter().all(|b| b.budget.alerts.is_empty()) {
        return Ok(());
    }
    let mut bound = BTreeSet::new();
    for id in ids {
        bound.extend(store.job(id)?.terms.budgets.iter().cloned());
    }
    for status in statuses.iter().filter(|b| bound.contains(&b.budget.name)) {
        if let Some(alert) = status.budget.reached(&status.balance).last() {
            let (used, limit) = (status.balance.committed(), status.budget.limit);
            out.say(&format!("budget {} has come to {alert}: {used:#} of {limit:#}", status.budget.name));
        }
    }
    Ok(())
}

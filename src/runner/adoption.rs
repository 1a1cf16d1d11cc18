//! A task found at AWS, turned into the terms of a job that books it.

use std::sync::Arc;

use shotbook_sim::target::Catalogue;

use crate::backend::{Identity, SeenTask, tags};
use crate::ids::{BlobId, BudgetName, JobId, JobTag, hex};
use crate::job::{Event, Fire, HoldKind, Job, Lane, Place, RetryPolicy, StatusReport, Terms, apply};
use crate::money::Money;
use crate::price::{Metering, PriceList, Rate, Tariff};
use crate::time::Timestamp;

use sha2::{Digest, Sha256};

/// The longest a managed simulator runs. Units: milliseconds. Source: quotas, above 31 qubits.
const LONGEST_MS: u64 = 11 * 3600 * 1000;

/// The dearest fees of the list: what a device costs that nobody has a rate for is never nothing.
fn dearest(list: &PriceList) -> Tariff {
    let fees = list.rows.iter().filter_map(|row| match row.rate {
        Rate::PerShot { task_fee, shot_fee } => Some((task_fee, shot_fee)),
        Rate::PerMinute { .. } => None,
    });
    let (task_fee, shot_fee) =
        fees.fold((Money::ZERO, Money::ZERO), |(task, shot), (t, s)| (task.max(t), shot.max(s)));
    Tariff::PerShot { task_fee, shot_fee }
}

/// Terms that hold the most the task can cost. The job is named by the task, so that finding it
/// twice books it once.
pub(super) fn terms(seen: &SeenTask, budgets: Vec<BudgetName>, list: &PriceList, now: Timestamp) -> Terms {
    let device = Catalogue::embedded().devices().iter().find(|d| d.arn == seen.device.as_str());
    let name = device.map_or_else(|| seen.device.as_str().to_owned(), |d| d.name.clone());
    let tariff = match list.rate(&name) {
        Some(Rate::PerShot { task_fee, shot_fee }) => Tariff::PerShot { task_fee, shot_fee },
        Some(Rate::PerMinute { minute, minimum_ms }) => {
            Tariff::PerMinute { rate: minute, minimum_ms, maximum_ms: LONGEST_MS }
        }
        None => dearest(list),
    };
    let hold = tariff.worst_case(seen.shots).unwrap_or(Money::from_nanos(i64::MAX));
    let region = seen.task.as_str().split(':').nth(3).map(str::to_owned);
    let nothing = BlobId::of(b"");
    let digest = hex(&Sha256::digest(seen.task.as_str().as_bytes()));
    let identity = Identity::of(seen);
    let mut own_tags = seen.tags.clone();
    own_tags.retain(|key, _| !key.starts_with(tags::PREFIX));
    Terms {
        id: JobId::new(format!("j_adopted_{}", &digest[..12])),
        // A key that is given again finds its task by the tag computed from it.
        key: identity.as_ref().map_or_else(
            || seen.task.as_str().to_owned(),
            |i| JobTag::new(i.job.as_str()).adopted_key(&digest[..12]),
        ),
        tag: JobTag::new(identity.map(|i| i.job).unwrap_or_default()),
        content: nothing.clone(),
        name: "adopted".to_owned(),
        project: None,
        tags: own_tags,
        device: name,
        place: Place::Braket { device: seen.device.clone(), region, reservation: None, experimental: false },
        shots: seen.shots,
        circuit: nothing.clone(),
        action: nothing.clone(),
        inputs: nothing,
        tariff,
        quoted: hold,
        hold,
        hold_kind: HoldKind::Hard,
        budgets,
        max_cost: None,
        retries: RetryPolicy::default(),
        not_before: None,
        fire: Fire::default(),
        created_at: now,
        collection: None,
        adopted: true,
        user: None,
    }
}

/// A task that another tool made, as a job that holds the most it can cost until it is settled.
///
/// It is born when its task was, so that reports put it into its month, and no budget binds it: a cap of
/// ours binds what goes through us.
pub fn imported(seen: &SeenTask, lane: &Lane, list: &PriceList) -> Job {
    let mut terms = terms(seen, Vec::new(), list, seen.created_at);
    terms.name = "imported".to_owned();
    Job::adopted(
        Arc::new(terms),
        lane.clone(),
        seen.task.clone(),
        seen.status.clone(),
        false,
        seen.created_at,
    )
}

/// The same when the search says already that it ended without a cent.
pub fn ended_unpaid(job: &Job, seen: &SeenTask, now: Timestamp) -> Job {
    let report = StatusReport {
        status: seen.status.clone(),
        queue: None,
        failure: None,
        metering: Metering::default(),
        output: seen.output.clone(),
    };
    apply(job, &Event::Seen { task: seen.task.clone(), report }, now).unwrap_or_else(|_| job.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_without_a_rate_is_never_free() {
        let Tariff::PerShot { task_fee, shot_fee } = dearest(PriceList::embedded()) else { panic!() };
        assert_eq!((task_fee.to_string().as_str(), shot_fee.to_string().as_str()), ("0.3", "0.08"));
    }
}

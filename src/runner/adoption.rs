//! A task found at AWS, turned into the terms of a job that books it.

use std::sync::Arc;

use shotbook_sim::target::Catalogue;

use crate::backend::{HybridJob, HybridUse, Identity, SeenTask, tags};
use crate::ids::{BlobId, BudgetName, DeviceArn, JobId, JobTag, QuantumTaskArn, hex};
use crate::job::{
    Event, Fire, HoldKind, Illegal, Job, Lane, Output, Place, RetryPolicy, StatusReport, TaskStatus, Terms,
    apply,
};
use crate::money::Money;
use crate::price::{Metering, PriceList, Rate, Tariff};
use crate::time::Timestamp;

use sha2::{Digest, Sha256};

/// The longest a managed simulator runs. Units: milliseconds. Source: quotas, above 31 qubits.
const LONGEST_MS: u64 = 11 * HOUR_MS;
const HOUR_MS: u64 = 3600 * 1000;

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
    let digest = digest(&seen.task);
    let identity = Identity::of(seen);
    let mut own_tags = seen.tags.clone();
    own_tags.retain(|key, _| !key.starts_with(tags::PREFIX));
    Terms {
        id: name_of(&seen.task),
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

/// A hybrid job that is over, as a job that is settled: what its instances used at the user's own price.
///
/// Its tasks are booked apart.
///
/// # Errors
/// A price or a time out of range.
pub fn hybrid(
    job: &HybridJob,
    used: &HybridUse,
    hourly: Money,
    lane: &Lane,
    now: Timestamp,
) -> Result<Job, Illegal> {
    let hourly = hourly.times(used.count)?;
    let cost = hourly.share_up(used.billed_ms, HOUR_MS)?;
    // Few hours divide into whole nano-dollars a minute; the hold is exact and caps what is settled.
    let tariff =
        Tariff::PerMinute { rate: hourly.share_up(1, 60)?, minimum_ms: 0, maximum_ms: used.billed_ms };
    let output = Output { bucket: String::new(), directory: String::new() };
    let seen = SeenTask {
        task: job.arn.clone(),
        device: DeviceArn::new(job.device.as_str()),
        status: TaskStatus::Completed,
        shots: 0,
        created_at: job.created_at,
        tags: job.tags.clone(),
        output: output.clone(),
    };
    let mut terms = terms(&seen, Vec::new(), PriceList::embedded(), job.created_at);
    (terms.name, terms.device) = (job.name.clone(), used.instance.clone());
    (terms.tariff, terms.quoted, terms.hold) = (tariff, cost, cost);
    let found =
        Job::adopted(Arc::new(terms), lane.clone(), job.arn.clone(), seen.status, false, job.created_at);
    let metering = Metering { execution_ms: Some(used.billed_ms), ..Metering::default() };
    let report = StatusReport { status: TaskStatus::Completed, queue: None, failure: None, metering, output };
    let ended = apply(&found, &Event::Seen { task: job.arn.clone(), report }, now)?;
    let problem = format!(
        "hybrid job {}, {} x {} for {} ms; its own results are in its S3 folder",
        job.status.word(),
        used.count,
        used.instance,
        used.billed_ms
    );
    apply(&ended, &Event::FetchFailed { problem, hopeless: true }, now)
}

/// The name under which a task or a hybrid job is booked that another tool made.
pub fn name_of(task: &QuantumTaskArn) -> JobId {
    JobId::new(format!("j_adopted_{}", &digest(task)[..12]))
}

fn digest(task: &QuantumTaskArn) -> String {
    hex(&Sha256::digest(task.as_str().as_bytes()))
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

    #[test]
    fn a_hybrid_job_costs_its_instances_for_the_time_that_is_billed() {
        let job = HybridJob {
            arn: QuantumTaskArn::new("arn:aws:braket:us-east-1:123456789012:job/a"),
            name: "mine".to_owned(),
            device: "local:braket/sv1".to_owned(),
            status: TaskStatus::Failed,
            created_at: Timestamp::from_micros(0),
            elapsed_ms: None,
            tags: std::collections::BTreeMap::new(),
        };
        let lane = Lane {
            endpoint: None,
            account: "123456789012".to_owned(),
            region: "us-east-1".to_owned(),
            bucket: String::new(),
            world: None,
        };
        let hourly: Money = "0.115".parse().unwrap();
        for (count, billed_ms, cost) in [(1, 3_600_000, "0.115"), (2, 90_000, "0.00575"), (1, 0, "0")] {
            let used = HybridUse { instance: "ml.m5.large".to_owned(), count, billed_ms };
            let booked = hybrid(&job, &used, hourly, &lane, Timestamp::from_micros(1)).unwrap();
            assert_eq!((booked.settled, booked.held), (cost.parse().unwrap(), Money::ZERO), "{used:?}");
            assert!(booked.is_done() && booked.task() == Some(&job.arn));
            assert_eq!(booked.terms.device, "ml.m5.large");
        }
        let many = HybridUse { instance: "x".to_owned(), count: u64::MAX, billed_ms: 1 };
        assert!(hybrid(&job, &many, hourly, &lane, Timestamp::from_micros(1)).is_err());
    }
}

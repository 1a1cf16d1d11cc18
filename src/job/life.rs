//! The heart: duties are a function of the stored stage, events move it, nothing else does.
//!
//! There is no recovery code. After a crash: load the job, ask [`duty`], do it, [`apply`] what
//! happened, commit. The rules P1 to P11 of the reliability contract are decided here.

use std::time::Duration;

use super::cause::is_retryable;
use super::event::{Event, StatusReport};
use super::fire::{DeviceSight, repricing, withdrawal};
use super::stage::{Job, Outcome, PastAttempt, Refusal, Sealed, Stage, TaskStatus};
use crate::ids::{BlobId, BudgetName, QuantumTaskArn};
use crate::money::{Money, OutOfRange};
use crate::price::{Metering, Tariff};
use crate::time::Timestamp;

/// How long the same sealed request is sent again (P3).
pub const RESEND_FOR: Duration = Duration::from_secs(4 * 60);
/// How long a signature may live at AWS; it says 5 minutes, older texts 15.
pub const SIGNATURE_LIFE: Duration = Duration::from_secs(15 * 60);
/// How long a search may not show a new task yet.
pub const SEARCH_LAG: Duration = Duration::from_secs(5 * 60);
/// Between the two searches that prove absence.
pub const ABSENCE_GAP: Duration = Duration::from_secs(60);
/// AWS forgets tasks after 90 days, so absence proves nothing after this.
pub const PROOF_ENDS: Duration = Duration::from_secs(80 * 24 * 3600);
/// How often a result is fetched before the job ends without it.
pub const FETCH_TRIES: u32 = 6;
const POLL_FIRST: Duration = Duration::from_secs(1);
const POLL_LAST: Duration = Duration::from_secs(60);

/// What can be seen around a job: reasons outside it that forbid a duty for now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// Budgets that bind the job and are over-committed.
    pub frozen: Vec<BudgetName>,
    /// The lane cannot be used: unreachable, or other credentials.
    pub paused: Option<String>,
    /// AWS asked for patience until then.
    pub throttled_until: Option<Timestamp>,
    /// Jobs of its collection that failed since it was accepted.
    pub failed: u64,
    /// When the device's window opens, for a job that waits for one.
    pub opens_at: Option<Timestamp>,
    /// Budgets that bind the job and have no room for a hold that it has still to take.
    pub full: Vec<BudgetName>,
    /// What the device says of itself, where it was asked.
    pub device: Option<DeviceSight>,
    /// Rates of now, where they were looked up.
    pub tariff: Option<Tariff>,
}

/// Why a job waits; `why` prints one a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A time was asked for.
    NotBefore(Timestamp),
    /// The device's window is closed until then.
    Window(Timestamp),
    /// A budget is over-committed.
    Frozen(BudgetName),
    /// A budget has no room for what is still to be held.
    Full(BudgetName),
    /// The device takes no tasks; it is asked again then.
    Offline {
        /// The device.
        device: String,
        /// When it is asked again.
        until: Timestamp,
    },
    /// More tasks wait at the device than the user allowed; it is asked again then.
    LongQueue {
        /// Tasks in its queue.
        tasks: u64,
        /// As many were allowed.
        most: u64,
        /// When it is asked again.
        until: Timestamp,
    },
    /// Position in the device's queue, as AWS words it.
    Queue(String),
    /// The lane is paused.
    Paused(String),
    /// AWS asked for patience.
    Throttled(Timestamp),
    /// A reply was lost; proof is possible from then on.
    InDoubt(Timestamp),
    /// AWS has forgotten so much that only a person can tell.
    BeyondProof,
    /// AWS has it; the next look is due then.
    AtAws(Timestamp),
    /// The result is fetched again then.
    ResultLate(Timestamp),
}

/// What is owed next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Nothing until then.
    Wait {
        /// When to ask again; `None`: when something changes.
        until: Option<Timestamp>,
        /// Why.
        because: Vec<Cause>,
    },
    /// End it unsent: it may not be sent any more.
    Withdraw {
        /// Why.
        why: String,
        /// Money is the reason.
        refused: bool,
    },
    /// The rates changed and what is held changes with them.
    Reprice {
        /// Rates of now.
        tariff: Tariff,
        /// What is to be held at them.
        hold: Money,
    },
    /// Run it on the built-in simulator.
    Compute,
    /// Hold the money, seal a request, commit, send it.
    Open,
    /// Count a send, commit, send the sealed request again.
    Send,
    /// Search for the attempt.
    Prove,
    /// Ask for the status.
    Poll,
    /// Ask AWS to cancel.
    Cancel,
    /// Get metering and result.
    Fetch,
    /// It is over.
    Nothing,
}

/// An event that cannot happen to a job in its stage; our bug, or a stray reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Illegal {
    /// The stage has no such event.
    #[error("{event} cannot happen while {stage}")]
    Event {
        /// The event.
        event: &'static str,
        /// The stage.
        stage: &'static str,
    },
    /// A task came to light whose attempt is closed: adopt it, never drop it.
    #[error("task {0} belongs to an attempt that is closed")]
    Stray(QuantumTaskArn),
    /// Money does not fit.
    #[error(transparent)]
    Range(#[from] OutOfRange),
}

/// What is owed next: a function of the stored job, the sight of what surrounds it, and the time.
pub fn duty(job: &Job, sight: &Sight, now: Timestamp) -> Duty {
    match &job.stage {
        Stage::Waiting { not_before } => waiting(job, *not_before, sight, now),
        Stage::Submitting { sealed, absent_at, .. } => submitting(job, sealed, *absent_at, sight, now),
        Stage::Running { poll_at, cancel_sent, .. } => {
            let act = if job.cancel_asked && !cancel_sent { Duty::Cancel } else { Duty::Poll };
            let due = if act == Duty::Cancel { now } else { *poll_at };
            when(act, due, Cause::AtAws(due), sight, now)
        }
        Stage::Settling { fetch_at, .. } => {
            when(Duty::Fetch, *fetch_at, Cause::ResultLate(*fetch_at), sight, now)
        }
        Stage::Done(_) => Duty::Nothing,
    }
}

fn waiting(job: &Job, not_before: Option<Timestamp>, sight: &Sight, now: Timestamp) -> Duty {
    if let Some(end) = withdrawal(job, sight, now) {
        return end;
    }
    if let Some(at) = not_before.filter(|&at| at > now) {
        return Duty::Wait { until: Some(at), because: vec![Cause::NotBefore(at)] };
    }
    if job.terms.is_local() {
        return Duty::Compute;
    }
    if let Some(at) = sight.opens_at.filter(|&at| at > now) {
        return Duty::Wait { until: Some(at), because: vec![Cause::Window(at)] };
    }
    if !sight.frozen.is_empty() {
        let because = sight.frozen.iter().cloned().map(Cause::Frozen).collect();
        return Duty::Wait { until: None, because };
    }
    if let Some(cause) = sight.device_cause(&job.terms, now) {
        let until = sight.device.as_ref().map(|d| d.again.max(now));
        return Duty::Wait { until, because: vec![cause] };
    }
    if let Some(change) = repricing(job, sight) {
        return change;
    }
    when(Duty::Open, now, Cause::NotBefore(now), sight, now)
}

fn submitting(
    job: &Job,
    sealed: &Sealed,
    absent_at: Option<Timestamp>,
    sight: &Sight,
    now: Timestamp,
) -> Duty {
    // A wish to cancel forbids another send, and so does a deadline: it might be the one that buys.
    let late = job.terms.fire.deadline.is_some_and(|at| now > at);
    let may_send =
        !job.cancel_asked && !late && now >= sealed.signed_at && now.since(sealed.signed_at) <= RESEND_FOR;
    if may_send && sight.paused.is_none() && sight.throttled_until.is_none_or(|t| t <= now) {
        return Duty::Send;
    }
    if now.since(sealed.signed_at) > PROOF_ENDS {
        return Duty::Wait { until: None, because: vec![Cause::BeyondProof] };
    }
    // A clock that was set back would wait for ever; a search is free and carries the server's time.
    let due = if now < sealed.signed_at { now } else { proof_due(sealed.signed_at, absent_at) };
    when(Duty::Prove, due, Cause::InDoubt(due), sight, now)
}

pub(super) fn proof_due(signed_at: Timestamp, absent_at: Option<Timestamp>) -> Timestamp {
    absent_at.map_or(signed_at.after(SIGNATURE_LIFE + SEARCH_LAG), |at| at.after(ABSENCE_GAP))
}

fn when(act: Duty, due: Timestamp, cause: Cause, sight: &Sight, now: Timestamp) -> Duty {
    if let Some(reason) = &sight.paused {
        return Duty::Wait { until: None, because: vec![Cause::Paused(reason.clone())] };
    }
    if let Some(until) = sight.throttled_until.filter(|&t| t > now) {
        return Duty::Wait { until: Some(until), because: vec![Cause::Throttled(until)] };
    }
    if due > now { Duty::Wait { until: Some(due), because: vec![cause] } } else { act }
}

/// When a job's next duty may be due; `None` when it is over.
pub fn due_at(job: &Job) -> Option<Timestamp> {
    match &job.stage {
        Stage::Waiting { not_before } => Some(not_before.unwrap_or(job.terms.created_at)),
        Stage::Submitting { sealed, .. } => Some(sealed.signed_at),
        Stage::Running { poll_at, .. } => Some(*poll_at),
        Stage::Settling { fetch_at, .. } => Some(*fetch_at),
        Stage::Done(_) => None,
    }
}

/// What an event makes of a job. The version is the store's business and stays.
#[allow(clippy::too_many_lines, reason = "one match shows every pair of stage and event")]
pub fn apply(job: &Job, event: &Event, now: Timestamp) -> Result<Job, Illegal> {
    let mut next = job.clone();
    match (&job.stage, event) {
        (Stage::Waiting { .. }, Event::Computed { result }) if job.terms.is_local() => {
            let successful_shots = Some(job.terms.shots);
            next.end(
                None,
                Outcome::Completed { result: Some(result.clone()), successful_shots, problem: None },
            );
        }
        (Stage::Waiting { .. }, Event::ComputeFailed { reason }) if job.terms.is_local() => {
            next.end(None, Outcome::Failed { reason: reason.clone() });
        }
        (Stage::Waiting { .. }, Event::Opened { sealed }) if !job.terms.is_local() => {
            next.held = job.terms.hold;
            next.stage = Stage::Submitting { sealed: sealed.clone(), sends: 1, absent_at: None, doubt: None };
        }
        (Stage::Waiting { .. }, Event::NoRoom { budget }) => {
            next.end(None, Outcome::OverBudget { budget: budget.clone() });
        }
        (Stage::Waiting { .. }, Event::Withdrawn { why, refused }) => {
            next.end(None, Outcome::Withdrawn { why: why.clone(), refused: *refused });
        }
        (Stage::Waiting { .. }, Event::Repriced { tariff, hold }) => {
            let terms = std::sync::Arc::make_mut(&mut next.terms);
            (terms.tariff, terms.hold, terms.quoted) = (tariff.clone(), *hold, *hold);
            next.held = if job.held.is_zero() { Money::ZERO } else { *hold };
        }
        (Stage::Waiting { .. }, Event::CancelAsked | Event::BudgetCancels { .. }) => {
            next.end(None, Outcome::Cancelled)
        }
        (Stage::Submitting { sends, .. }, Event::Resending) => {
            let count = sends.saturating_add(1);
            if let Stage::Submitting { sends, .. } = &mut next.stage {
                *sends = count;
            }
        }
        (Stage::Submitting { .. }, Event::Unsure { why }) => {
            if let Stage::Submitting { doubt, .. } = &mut next.stage {
                *doubt = Some(why.clone());
            }
        }
        (Stage::Submitting { sealed, .. }, Event::Created { attempt, task }) if *attempt == job.attempt => {
            next.stage = Stage::watching(task, &sealed.lane, &TaskStatus::Created, now);
        }
        // The attempt was opened and forgotten; opening it again might buy it again.
        (Stage::Waiting { .. }, Event::Found { attempt, task, lane, status })
            if !job.terms.is_local() && *attempt >= job.attempt =>
        {
            next.attempt = *attempt;
            next.held = job.terms.hold;
            next.stage = Stage::watching(task, lane, status, now);
        }
        // Another send may have left, and may be the task that made AWS refuse this one.
        (Stage::Submitting { sends, .. }, Event::Refused { attempt, send, refusal }) => {
            if *attempt == job.attempt && *send == 1 && *sends == 1 {
                next.refused(refusal, now);
            }
        }
        (Stage::Submitting { sealed, absent_at, .. }, Event::NotFound { attempt, server_now }) => {
            if *attempt == job.attempt {
                next.not_found(sealed.signed_at, *absent_at, *server_now);
            }
        }
        (Stage::Submitting { .. }, Event::ResolvedAbsent) => next.end(None, Outcome::Absent),
        (
            Stage::Submitting { .. } | Stage::Running { .. },
            Event::CancelAsked | Event::BudgetCancels { .. },
        ) => next.cancel_asked = true,
        (Stage::Running { task, .. } | Stage::Settling { task, .. }, Event::Created { task: named, .. })
            if task == named => {}
        (Stage::Running { task, .. }, Event::Seen { task: of, report }) if task == of => {
            next.seen(report, now)?;
        }
        (Stage::Running { .. }, Event::CancelTaken) => {
            if let Stage::Running { cancel_sent, .. } = &mut next.stage {
                *cancel_sent = true;
            }
        }
        (Stage::Settling { task, metering, .. }, Event::Fetched { result, metering: read }) => {
            let metering = Metering {
                successful_shots: metering.successful_shots.or(read.successful_shots),
                execution_ms: read.execution_ms.or(metering.execution_ms),
                elapsed_ms: metering.elapsed_ms,
            };
            next.settle(task.clone(), &metering, Some(result.clone()), None)?;
        }
        (Stage::Settling { task, metering, tries, .. }, Event::FetchFailed { problem, hopeless }) => {
            let count = tries + 1;
            if *hopeless || count >= FETCH_TRIES {
                next.settle(task.clone(), metering, None, Some(problem.clone()))?;
            } else if let Stage::Settling { tries, fetch_at, problem: last, .. } = &mut next.stage {
                (*tries, *last) = (count, Some(problem.clone()));
                *fetch_at = now.after(spacing(count));
            }
        }
        (Stage::Done(_), Event::Corrected { billed }) => next.settled = *billed,
        // Too late to matter; the task is finished and paid, or the job is over.
        (
            Stage::Settling { .. } | Stage::Done(_),
            Event::CancelAsked | Event::BudgetCancels { .. } | Event::CancelTaken,
        ) => {}
        (Stage::Settling { task, .. }, Event::Seen { task: of, .. }) if task == of => {}
        // Another runner learned more meanwhile.
        (
            Stage::Waiting { .. } | Stage::Running { .. } | Stage::Settling { .. } | Stage::Done(_),
            Event::Unsure { .. },
        ) => {}
        (
            Stage::Waiting { .. } | Stage::Submitting { .. } | Stage::Running { .. } | Stage::Settling { .. },
            Event::WorldGone,
        ) => {
            let reason = "the stand-in's world that held the task is gone".to_owned();
            next.end(job.task().cloned(), Outcome::Failed { reason });
        }
        (_, Event::Created { task, .. } | Event::Found { task, .. }) => {
            let known = job.task() == Some(task) || job.past.iter().any(|p| p.task.as_ref() == Some(task));
            return if known { Ok(next) } else { Err(Illegal::Stray(task.clone())) };
        }
        (
            Stage::Waiting { .. }
            | Stage::Submitting { .. }
            | Stage::Running { .. }
            | Stage::Settling { .. }
            | Stage::Done(_),
            event,
        ) => return Err(Illegal::Event { event: event.name(), stage: job.stage.name() }),
    }
    Ok(next)
}

/// How long after so many looks a task is looked at again: grows from one second to a minute.
pub fn spacing(count: u32) -> Duration {
    POLL_FIRST.saturating_mul(1 << count.min(6)).min(POLL_LAST)
}

impl Job {
    fn end(&mut self, task: Option<QuantumTaskArn>, outcome: Outcome) {
        if task.is_some() || matches!(self.stage, Stage::Submitting { .. }) {
            self.close_attempt(task, outcome.summary());
        }
        self.held = Money::ZERO;
        self.stage = Stage::Done(outcome);
    }

    fn close_attempt(&mut self, task: Option<QuantumTaskArn>, outcome: String) {
        self.past.push(PastAttempt { number: self.attempt, task, outcome });
    }

    fn wait_for_next_attempt(
        &mut self,
        task: Option<QuantumTaskArn>,
        outcome: String,
        not_before: Timestamp,
    ) {
        self.close_attempt(task, outcome);
        self.attempt += 1;
        self.held = Money::ZERO;
        self.stage = Stage::Waiting { not_before: Some(not_before) };
    }

    fn refused(&mut self, refusal: &Refusal, now: Timestamp) {
        if self.cancel_asked {
            self.end(None, Outcome::Cancelled);
        } else if refusal.deferrable {
            self.wait_for_next_attempt(None, refusal.code.clone(), now.after(POLL_LAST));
        } else {
            self.end(None, Outcome::Refused(refusal.clone()));
        }
    }

    fn not_found(&mut self, signed_at: Timestamp, absent_at: Option<Timestamp>, server_now: Timestamp) {
        let age = server_now.since(signed_at);
        if age < SIGNATURE_LIFE + SEARCH_LAG || age > PROOF_ENDS {
            return;
        }
        match absent_at {
            Some(first) if server_now.since(first) >= ABSENCE_GAP => {
                let outcome = if self.cancel_asked { Outcome::Cancelled } else { Outcome::Absent };
                self.end(None, outcome);
            }
            Some(_) => {}
            None => {
                if let Stage::Submitting { absent_at, .. } = &mut self.stage {
                    *absent_at = Some(server_now);
                }
            }
        }
    }

    fn seen(&mut self, report: &StatusReport, now: Timestamp) -> Result<(), Illegal> {
        let Stage::Running { task, lane, seen, queue, poll_at, polls, .. } = &mut self.stage else {
            return Ok(());
        };
        match &report.status {
            TaskStatus::Completed => {
                self.stage = Stage::Settling {
                    task: task.clone(),
                    lane: lane.clone(),
                    metering: report.metering,
                    output: report.output.clone(),
                    tries: 0,
                    fetch_at: now,
                    problem: None,
                };
            }
            TaskStatus::Failed => {
                let task = task.clone();
                let reason = report.failure.clone().unwrap_or_else(|| "AWS gave no reason".to_owned());
                let more = self.retries_used < self.terms.retries.paid && is_retryable(&reason);
                if !self.cancel_asked && more {
                    self.retries_used += 1;
                    self.wait_for_next_attempt(Some(task), format!("FAILED: {reason}"), now);
                } else {
                    self.end(Some(task), Outcome::Failed { reason });
                }
            }
            TaskStatus::Cancelled => {
                let task = task.clone();
                self.end(Some(task), Outcome::Cancelled);
            }
            TaskStatus::Created
            | TaskStatus::Queued
            | TaskStatus::Running
            | TaskStatus::Cancelling
            | TaskStatus::Other(_) => {
                // A change is worth a closer look; silence is worth less each time.
                *polls = if *seen == report.status { polls.saturating_add(1) } else { 0 };
                *seen = report.status.clone();
                *queue = report.queue.clone();
                *poll_at = now.after(spacing(*polls));
            }
        }
        Ok(())
    }

    fn settle(
        &mut self,
        task: QuantumTaskArn,
        metering: &Metering,
        result: Option<BlobId>,
        problem: Option<String>,
    ) -> Result<(), Illegal> {
        let charge = self.terms.tariff.charge(self.terms.shots, metering)?;
        // Without its result a simulator's time is a guess, and a guess never exceeds the hold.
        let charge = if result.is_none() { charge.min(self.held) } else { charge };
        self.settled = self.settled.plus(charge)?;
        let successful_shots = metering.successful_shots;
        self.end(Some(task), Outcome::Completed { result, successful_shots, problem });
        Ok(())
    }
}

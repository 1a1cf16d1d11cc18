//! A job and where it stands: the stored shape of a life, without its rules.

use std::sync::Arc;

use super::life::proof_due;
use super::terms::Terms;
use crate::ids::{BlobId, BudgetName, QuantumTaskArn, Token};
use crate::money::Money;
use crate::price::Metering;
use crate::time::Timestamp;

/// A durable intent with its money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The promise.
    pub terms: Arc<Terms>,
    /// Grows by one with every commit.
    pub version: u64,
    /// Number of the attempt that is open, or that opens next; from 1.
    pub attempt: u32,
    /// Paid retries used.
    pub retries_used: u32,
    /// Money held.
    pub held: Money,
    /// Money spent.
    pub settled: Money,
    /// A person wants it to end.
    pub cancel_asked: bool,
    /// Attempts that ended.
    pub past: Vec<PastAttempt>,
    /// Where it stands.
    pub stage: Stage,
}

/// An attempt that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastAttempt {
    /// Its number.
    pub number: u32,
    /// Its task, where one existed.
    pub task: Option<QuantumTaskArn>,
    /// How it ended, in a few words.
    pub outcome: String,
}

/// Where a job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Accepted, nothing sent.
    Waiting {
        /// Not before this.
        not_before: Option<Timestamp>,
    },
    /// A request is sealed and may have left.
    Submitting {
        /// What is sent, every time the same.
        sealed: Sealed,
        /// Sends begun; counted before each leaves.
        sends: u32,
        /// Server time of the first search after the quiet period that did not find it.
        absent_at: Option<Timestamp>,
        /// Why a reply was no answer, since one was lost.
        doubt: Option<String>,
    },
    /// AWS named a task.
    Running {
        /// The task.
        task: QuantumTaskArn,
        /// Where it lives.
        lane: Lane,
        /// Last status seen.
        seen: TaskStatus,
        /// Position in the queue as AWS words it.
        queue: Option<String>,
        /// Next look.
        poll_at: Timestamp,
        /// Looks so far; spaces them out.
        polls: u32,
        /// Whether AWS took our cancel.
        cancel_sent: bool,
    },
    /// COMPLETED and paid; metering and result are fetched.
    Settling {
        /// The task.
        task: QuantumTaskArn,
        /// Where it lives.
        lane: Lane,
        /// What the status said of its use.
        metering: Metering,
        /// Where the result lies: bucket and key.
        output: Output,
        /// Fetches that failed.
        tries: u32,
        /// Next fetch.
        fetch_at: Timestamp,
        /// Why the last fetch failed.
        problem: Option<String>,
    },
    /// Over.
    Done(Outcome),
}

/// The stored request: token, signing time, lane, bytes (P2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Client token.
    pub token: Token,
    /// Every copy is signed with this instant (P3). Whole seconds.
    pub signed_at: Timestamp,
    /// Where it goes.
    pub lane: Lane,
    /// The exact body.
    pub body: BlobId,
}

/// Where an attempt lives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lane {
    /// Endpoint other than AWS's own.
    pub endpoint: Option<String>,
    /// Account, as STS named it.
    pub account: String,
    /// Region that signs and runs.
    pub region: String,
    /// Bucket for results.
    pub bucket: String,
    /// Name of the stand-in's world; none means real money.
    pub world: Option<String>,
}

/// Where a result lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Output {
    /// Bucket.
    pub bucket: String,
    /// Directory without the file name.
    pub directory: String,
}

/// AWS's word for a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskStatus {
    /// Accepted.
    Created,
    /// In the queue.
    Queued,
    /// On the device.
    Running,
    /// Cancel under way.
    Cancelling,
    /// Finished and paid.
    Completed,
    /// Finished, unpaid.
    Failed,
    /// Ended by a cancel, unpaid.
    Cancelled,
    /// A word we do not know: not yet terminal.
    Other(String),
}

/// Why AWS did not take a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Error name, such as `ValidationException`.
    pub code: String,
    /// AWS's text.
    pub message: String,
    /// Worth another attempt later: quota, offline, outside a spending limit's window.
    pub deferrable: bool,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Finished and paid.
    Completed {
        /// The result, unless it could not be fetched.
        result: Option<BlobId>,
        /// Shots that succeeded, where AWS said.
        successful_shots: Option<u64>,
        /// Why the result is missing, or why the charge is an estimate.
        problem: Option<String>,
    },
    /// Ended unpaid.
    Failed {
        /// AWS's reason, or the engine's.
        reason: String,
    },
    /// Ended by a wish.
    Cancelled,
    /// AWS refused it.
    Refused(Refusal),
    /// A budget had no room when it was to be sent.
    OverBudget {
        /// The budget.
        budget: BudgetName,
    },
    /// Never sent: too late, too dear, too many failed before it, or its device is gone.
    Withdrawn {
        /// Why.
        why: String,
        /// Money is the reason.
        refused: bool,
    },
    /// Proved never to have reached AWS.
    Absent,
}

impl TaskStatus {
    /// AWS's word.
    pub fn word(&self) -> &str {
        match self {
            Self::Created => "CREATED",
            Self::Queued => "QUEUED",
            Self::Running => "RUNNING",
            Self::Cancelling => "CANCELLING",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
            Self::Other(word) => word,
        }
    }

    /// The status of AWS's word.
    pub fn named(word: &str) -> Self {
        match word {
            "CREATED" => Self::Created,
            "QUEUED" => Self::Queued,
            "RUNNING" => Self::Running,
            "CANCELLING" => Self::Cancelling,
            "COMPLETED" => Self::Completed,
            "FAILED" => Self::Failed,
            "CANCELLED" => Self::Cancelled,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Whether AWS will never change it again.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

impl Stage {
    /// A task that is to be looked at now.
    pub(super) fn watching(task: &QuantumTaskArn, lane: &Lane, seen: &TaskStatus, now: Timestamp) -> Self {
        Self::Running {
            task: task.clone(),
            lane: lane.clone(),
            seen: seen.clone(),
            queue: None,
            poll_at: now,
            polls: 0,
            cancel_sent: false,
        }
    }

    /// Its name in stores, output and errors.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Waiting { .. } => "waiting",
            Self::Submitting { .. } => "submitting",
            Self::Running { .. } => "running",
            Self::Settling { .. } => "settling",
            Self::Done(_) => "done",
        }
    }
}

impl Job {
    /// A job at acceptance; `hold_now` unless it waits for a time.
    pub fn accepted(terms: Arc<Terms>, hold_now: bool) -> Self {
        let held = if hold_now { terms.hold } else { Money::ZERO };
        let stage = Stage::Waiting { not_before: terms.not_before };
        Self {
            terms,
            version: 0,
            attempt: 1,
            retries_used: 0,
            held,
            settled: Money::ZERO,
            cancel_asked: false,
            past: Vec::new(),
            stage,
        }
    }

    /// A task found at AWS that no open attempt accounts for: held and watched (P7), and cancelled when the
    /// attempt that it belongs to is closed here.
    pub fn adopted(
        terms: Arc<Terms>,
        lane: Lane,
        task: QuantumTaskArn,
        seen: TaskStatus,
        cancel: bool,
        now: Timestamp,
    ) -> Self {
        let held = terms.hold;
        let stage = Stage::watching(&task, &lane, &seen, now);
        Self { cancel_asked: cancel, held, stage, ..Self::accepted(terms, false) }
    }

    /// The job as it is after looks that changed nothing else.
    #[must_use]
    pub fn looked_at(mut self, looks: u32, next: Timestamp) -> Self {
        if let Stage::Running { polls, poll_at, .. } = &mut self.stage
            && looks > *polls
        {
            (*polls, *poll_at) = (looks, next);
        }
        self
    }

    /// Number and time of the next look, when that is all that `after` knows better.
    pub fn differs_by_a_look(&self, after: &Self) -> Option<(u32, Timestamp)> {
        let Stage::Running { polls, poll_at, .. } = after.stage else { return None };
        (self.clone().looked_at(polls, poll_at) == *after).then_some((polls, poll_at))
    }

    /// Whether it is over.
    pub fn is_done(&self) -> bool {
        matches!(self.stage, Stage::Done(_))
    }

    /// The task of the open attempt.
    pub fn task(&self) -> Option<&QuantumTaskArn> {
        match &self.stage {
            Stage::Running { task, .. } | Stage::Settling { task, .. } => Some(task),
            Stage::Done(_) => self.past.last().and_then(|p| p.task.as_ref()),
            Stage::Waiting { .. } | Stage::Submitting { .. } => None,
        }
    }

    /// The lane of the open attempt.
    pub fn lane(&self) -> Option<&Lane> {
        match &self.stage {
            Stage::Submitting { sealed, .. } => Some(&sealed.lane),
            Stage::Running { lane, .. } | Stage::Settling { lane, .. } => Some(lane),
            Stage::Waiting { .. } | Stage::Done(_) => None,
        }
    }

    /// Whether a reply was lost and the money waits for proof.
    pub fn in_doubt_until(&self) -> Option<Timestamp> {
        match &self.stage {
            Stage::Submitting { sealed, absent_at, .. } => Some(proof_due(sealed.signed_at, *absent_at)),
            _ => None,
        }
    }
}

impl Refusal {
    /// Whether AWS refused by its own spending limit. Source: the refusal's published text.
    pub fn is_spending_limit(&self) -> bool {
        self.message.starts_with("Attempted to spend over the spending limit")
    }
}

impl Outcome {
    /// How it ended in a few words.
    pub fn summary(&self) -> String {
        match self {
            Self::Completed { problem: None, .. } => "COMPLETED".to_owned(),
            Self::Completed { problem: Some(problem), .. } => {
                format!("COMPLETED, without its result: {problem}")
            }
            Self::Failed { reason } => format!("FAILED: {reason}"),
            Self::Cancelled => "CANCELLED".to_owned(),
            Self::Refused(refusal) => format!("refused: {}", refusal.message),
            Self::OverBudget { budget } => format!("refused: budget {budget} has no room"),
            Self::Withdrawn { why, .. } => format!("never sent: {why}"),
            Self::Absent => "never reached AWS".to_owned(),
        }
    }
}

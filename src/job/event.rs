//! What can happen to a job.

use super::stage::{Lane, Output, Refusal, Sealed, TaskStatus};
use crate::ids::{BlobId, BudgetName, QuantumTaskArn};
use crate::money::Money;
use crate::price::{Metering, Tariff};
use crate::time::Timestamp;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The local engine answered; nothing was paid.
    Computed {
        /// The result.
        result: BlobId,
    },
    /// The local engine refused or failed.
    ComputeFailed {
        /// Why.
        reason: String,
    },
    /// A request was sealed; its first send follows at once.
    Opened {
        /// The request.
        sealed: Sealed,
    },
    /// A budget had no room for the attempt.
    NoRoom {
        /// The budget.
        budget: BudgetName,
    },
    /// It may not be sent any more, and never was.
    Withdrawn {
        /// Why.
        why: String,
        /// Money is the reason.
        refused: bool,
    },
    /// The rates changed before it was sent, within what the user agreed to.
    Repriced {
        /// Rates of now.
        tariff: Tariff,
        /// What is to be held at them.
        hold: Money,
    },
    /// Another send of the sealed request begins.
    Resending,
    /// AWS named a task for the attempt.
    Created {
        /// The attempt.
        attempt: u32,
        /// The task.
        task: QuantumTaskArn,
    },
    /// A search showed the task of an attempt that this store does not remember: it was restored
    /// from a copy made before.
    Found {
        /// The attempt.
        attempt: u32,
        /// The task.
        task: QuantumTaskArn,
        /// Where it lives.
        lane: Lane,
        /// Its status in the search.
        status: TaskStatus,
    },
    /// AWS refused send number `send` of the attempt.
    Refused {
        /// The attempt.
        attempt: u32,
        /// Number of the send.
        send: u32,
        /// Why.
        refusal: Refusal,
    },
    /// A send brought no usable answer: AWS may have taken it.
    Unsure {
        /// What was seen instead.
        why: String,
    },
    /// A complete search did not show the attempt.
    NotFound {
        /// The attempt.
        attempt: u32,
        /// `Date` of the search's last page.
        server_now: Timestamp,
    },
    /// A status was seen.
    Seen {
        /// The task.
        task: QuantumTaskArn,
        /// What.
        report: StatusReport,
    },
    /// A person asked to cancel.
    CancelAsked,
    /// A budget that binds the job cancels what is open.
    BudgetCancels {
        /// The budget.
        budget: BudgetName,
    },
    /// AWS took the cancel; the end is still to be observed.
    CancelTaken,
    /// Metering and result are here and verified.
    Fetched {
        /// The result.
        result: BlobId,
        /// What the result says of its use.
        metering: Metering,
    },
    /// The result could not be had this time.
    FetchFailed {
        /// Why.
        problem: String,
        /// Trying again cannot help.
        hopeless: bool,
    },
    /// A person ended the doubt: there is no task (P11).
    ResolvedAbsent,
    /// A bill says what a finished task cost; the ledger follows it by an entry of its own.
    Corrected {
        /// What was billed.
        billed: Money,
    },
    /// The stand-in's world is gone, and its play money with it.
    WorldGone,
}

/// What GetQuantumTask said, as far as a life depends on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusReport {
    /// Status.
    pub status: TaskStatus,
    /// Position in the queue.
    pub queue: Option<String>,
    /// Reason of a failure.
    pub failure: Option<String>,
    /// Use.
    pub metering: Metering,
    /// Where the result lies.
    pub output: Output,
}

impl Event {
    /// Its name in journals and errors.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Computed { .. } => "computed",
            Self::ComputeFailed { .. } => "compute_failed",
            Self::Opened { .. } => "opened",
            Self::NoRoom { .. } => "no_room",
            Self::Withdrawn { .. } => "withdrawn",
            Self::Repriced { .. } => "repriced",
            Self::Resending => "resending",
            Self::Created { .. } => "created",
            Self::Found { .. } => "found",
            Self::Refused { .. } => "refused",
            Self::Unsure { .. } => "unsure",
            Self::NotFound { .. } => "not_found",
            Self::Seen { .. } => "seen",
            Self::CancelAsked => "cancel_asked",
            Self::BudgetCancels { .. } => "budget_cancels",
            Self::CancelTaken => "cancel_taken",
            Self::Fetched { .. } => "fetched",
            Self::FetchFailed { .. } => "fetch_failed",
            Self::ResolvedAbsent => "resolved_absent",
            Self::Corrected { .. } => "corrected",
            Self::WorldGone => "world_gone",
        }
    }
}

//! The word a user sees for a job.

use std::fmt;

use super::stage::{Job, Outcome, Stage, TaskStatus};

/// A user's view of a job. Source: the command-line contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Accepted, nothing sent.
    Waiting,
    /// The first send is under way.
    Submitting,
    /// AWS has it in the queue.
    Queued,
    /// On the device, or its result is being fetched.
    Running,
    /// Finished and paid.
    Completed,
    /// Ended unpaid.
    Failed,
    /// Ended by a wish, unpaid.
    Cancelled,
    /// A budget or an AWS spending limit forbade it.
    Refused,
    /// A reply was lost; money stays held until there is proof.
    Unsure,
}

impl State {
    /// The state of a job.
    pub fn of(job: &Job) -> Self {
        match &job.stage {
            Stage::Waiting { .. } => Self::Waiting,
            Stage::Submitting { sends, absent_at, doubt, .. }
                if *sends > 1 || absent_at.is_some() || doubt.is_some() =>
            {
                Self::Unsure
            }
            Stage::Submitting { .. } => Self::Submitting,
            Stage::Running { seen, .. } => match seen {
                TaskStatus::Created | TaskStatus::Queued => Self::Queued,
                _ => Self::Running,
            },
            Stage::Settling { .. } => Self::Completed,
            Stage::Done(outcome) => match outcome {
                Outcome::Completed { .. } => Self::Completed,
                Outcome::Failed { .. } | Outcome::Absent => Self::Failed,
                Outcome::Cancelled | Outcome::Withdrawn { refused: false, .. } => Self::Cancelled,
                Outcome::OverBudget { .. } | Outcome::Withdrawn { refused: true, .. } => Self::Refused,
                Outcome::Refused(refusal) if refusal.is_spending_limit() => Self::Refused,
                Outcome::Refused(_) => Self::Failed,
            },
        }
    }

    /// All of them, in the order of a life.
    pub const ALL: [Self; 9] = [
        Self::Waiting,
        Self::Submitting,
        Self::Queued,
        Self::Running,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
        Self::Refused,
        Self::Unsure,
    ];

    /// The state of a word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "WAITING",
            Self::Submitting => "SUBMITTING",
            Self::Queued => "QUEUED",
            Self::Running => "RUNNING",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
            Self::Refused => "REFUSED",
            Self::Unsure => "UNSURE",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

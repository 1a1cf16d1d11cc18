//! What happens to a job that people want to be told of.

use super::stage::{Job, Outcome, Stage};
use super::state::State;

/// Something worth telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum News {
    /// It has its result.
    Done,
    /// It ended without one: failed, cancelled, or never sent.
    Failed,
    /// A budget, a price or an AWS spending limit forbade it.
    Refused,
    /// A reply was lost; its money waits for proof.
    Unsure,
}

impl News {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Done, Self::Failed, Self::Refused, Self::Unsure];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Unsure => "unsure",
        }
    }

    /// The news of a word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|n| n.word() == word)
    }

    /// What a step made known, if anything.
    pub fn of(before: &Job, after: &Job) -> Option<Self> {
        let (was, is) = (State::of(before), State::of(after));
        match &after.stage {
            Stage::Done(outcome) if !before.is_done() => Some(match outcome {
                Outcome::Completed { result: Some(_), .. } => Self::Done,
                _ if is == State::Refused => Self::Refused,
                _ => Self::Failed,
            }),
            _ if is == State::Unsure && was != State::Unsure => Some(Self::Unsure),
            _ => None,
        }
    }
}

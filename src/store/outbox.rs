//! Notices to deliver: written with the step that they tell of, kept until somebody took them.

use super::StoreError;
use crate::ids::{JobId, RunnerId};
use crate::job::News;
use crate::time::Timestamp;

/// Who is told of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// Its id.
    pub id: String,
    /// Of what.
    pub news: News,
    /// How.
    pub target: Target,
    /// Since when.
    pub created_at: Timestamp,
}

/// How somebody is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A program with its arguments; never a shell.
    Exec(Vec<String>),
    /// A URL that takes a POST.
    Webhook(String),
}

/// One notice on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The same however often it is delivered.
    pub id: String,
    /// Where it goes.
    pub target: Target,
    /// What happened.
    pub news: News,
    /// To whom.
    pub job: JobId,
    /// When.
    pub at: Timestamp,
    /// Deliveries that failed.
    pub tries: u32,
}

/// How many notices wait, and why the last of them failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Not delivered yet.
    pub open: u64,
    /// Given up.
    pub lost: u64,
    /// Why a delivery failed last.
    pub problem: Option<String>,
}

/// Hooks and the notices that they asked for. A notice is delivered at least once.
pub trait Outbox {
    /// Steps from now on are told to the hook.
    fn add_hook(&self, hook: &Hook) -> Result<(), StoreError>;
    /// The hook is told nothing new; notices that wait for it are dropped. Whether it was there.
    fn remove_hook(&self, id: &str) -> Result<bool, StoreError>;
    /// All hooks, the oldest first.
    fn hooks(&self) -> Result<Vec<Hook>, StoreError>;
    /// Up to `max` notices that are due and that `runner` alone should deliver until then; those of a
    /// runner that `gone` knows to have ended are taken over.
    fn claim(
        &self,
        runner: &RunnerId,
        now: Timestamp,
        until: Timestamp,
        max: usize,
        gone: &dyn Fn(&RunnerId) -> bool,
    ) -> Result<Vec<Notice>, StoreError>;
    /// The notice was taken.
    fn delivered(&self, id: &str) -> Result<(), StoreError>;
    /// A delivery failed; it is tried again then, or never.
    fn postponed(&self, id: &str, until: Option<Timestamp>, problem: &str) -> Result<(), StoreError>;
    /// What waits.
    fn waiting(&self) -> Result<Waiting, StoreError>;
}

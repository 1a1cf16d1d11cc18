//! What was fixed when a job was accepted. Only its labels, project and tags, may be changed later: they
//! are what reports group by, and the budgets that bind the job are named apart. Its price may follow
//! the list until it is sent, within what the user agreed to.

use std::collections::BTreeMap;

use crate::ids::{BlobId, BudgetName, CollectionId, DeviceArn, JobId, JobTag};
use crate::money::Money;
use crate::price::Tariff;
use crate::time::Timestamp;

/// Where a job runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The built-in simulator: no lane, no token, no money.
    Local {
        /// Seed of the sampling.
        seed: u64,
    },
    /// A device at Amazon Braket.
    Braket {
        /// The device.
        device: DeviceArn,
        /// The region that runs it, where the ARN names one.
        region: Option<String>,
        /// Direct reservation that the task runs in, if any.
        reservation: Option<String>,
        /// Whether the experimental capabilities of the device are asked for.
        experimental: bool,
    },
}

/// Whether a hold is the last word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldKind {
    /// Nothing can cost more.
    Hard,
    /// A forecast; the task is cancelled when it runs past it, which is best effort.
    Soft,
}

/// When a new paid attempt may follow a failed one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetryPolicy {
    /// New attempts after a terminal FAILED; at most 3.
    pub paid: u32,
}

/// When a job that waits may still be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fire {
    /// Never sent after this.
    pub deadline: Option<Timestamp>,
    /// Its `not_before` is the next opening of the device.
    pub window: bool,
    /// Not sent while more tasks than this wait at the device.
    pub max_queue: Option<u64>,
    /// Not sent once so many jobs of its collection have failed.
    pub max_fails: Option<u64>,
}

/// The promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// The job.
    pub id: JobId,
    /// The user's key, or one drawn at acceptance.
    pub key: String,
    /// What AWS sees.
    pub tag: JobTag,
    /// Hash of everything the user asked for: the same key with another one is refused.
    pub content: BlobId,
    /// File name of the circuit.
    pub name: String,
    /// Project, if any.
    pub project: Option<String>,
    /// The user's tags.
    pub tags: BTreeMap<String, String>,
    /// Short name of the device.
    pub device: String,
    /// Where it runs.
    pub place: Place,
    /// Shots of the task.
    pub shots: u64,
    /// The circuit as it was read; a local job computes it.
    pub circuit: BlobId,
    /// The `action` of the task; what `translate --to json` prints.
    pub action: BlobId,
    /// Values of the inputs as JSON text.
    pub inputs: BlobId,
    /// Rates.
    pub tariff: Tariff,
    /// Total that was quoted.
    pub quoted: Money,
    /// What is held while the outcome is open.
    pub hold: Money,
    /// Whether more than the hold may be billed.
    pub hold_kind: HoldKind,
    /// Budgets that bind the job, sorted, each once.
    pub budgets: Vec<BudgetName>,
    /// The user's own ceiling.
    pub max_cost: Option<Money>,
    /// Paid retries.
    pub retries: RetryPolicy,
    /// Not sent before this.
    pub not_before: Option<Timestamp>,
    /// When it may still be sent.
    pub fire: Fire,
    /// Birth.
    pub created_at: Timestamp,
    /// The collection it came with.
    pub collection: Option<CollectionId>,
    /// Found at AWS rather than accepted here.
    pub adopted: bool,
    /// Who submitted it, as AWS names the caller; none here and for tasks that were found.
    pub user: Option<String>,
}

impl Terms {
    /// Whether the built-in simulator runs it.
    pub fn is_local(&self) -> bool {
        matches!(self.place, Place::Local { .. })
    }
}

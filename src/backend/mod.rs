//! The port to Amazon Braket; only the room behind it knows AWS's types.

pub mod braket;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::ids::{BudgetName, DeviceArn, QuantumTaskArn, StoreId, Token};
use crate::job::{Lane, Output, Refusal, StatusReport, TaskStatus};
use crate::time::Timestamp;

/// What AWS answered to a create. Not a `Result`: all three are expected, and `?` must not swallow one.
#[must_use]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CreateReply {
    /// 201 with a well-formed ARN.
    Created(QuantumTaskArn),
    /// A modelled refusal that carries AWS's request id.
    Refused(Refusal),
    /// Anything else: it may run.
    Unsure {
        /// What was seen, in one line.
        why: String,
        /// How long AWS asked to wait.
        retry_after: Option<Duration>,
    },
}

/// What a request body is made of; rendered once, then stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft<'a> {
    /// JSON text of the program.
    pub action: &'a str,
    /// The device.
    pub device: &'a DeviceArn,
    /// Shots.
    pub shots: u64,
    /// Client token.
    pub token: &'a Token,
    /// Bucket of the lane.
    pub bucket: &'a str,
    /// Key prefix, which carries the same identity as the tags.
    pub prefix: String,
    /// Tags, ours and the user's.
    pub tags: BTreeMap<String, String>,
    /// Direct reservation, if any.
    pub reservation: Option<&'a str>,
    /// Whether experimental capabilities are asked for.
    pub experimental: bool,
}

/// Who answers in a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneReport {
    /// Endpoint, account, region, bucket, world.
    pub lane: Lane,
    /// `Date` of an authenticated reply.
    pub server_now: Timestamp,
    /// ARN of the caller.
    pub user: String,
}

/// A task as a search lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenTask {
    /// The task.
    pub task: QuantumTaskArn,
    /// Its device.
    pub device: DeviceArn,
    /// Status.
    pub status: TaskStatus,
    /// Shots.
    pub shots: u64,
    /// Birth.
    pub created_at: Timestamp,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Where the result lies; carries our identity when the tags are gone.
    pub output: Output,
}

/// A hybrid job as a search lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HybridJob {
    /// Its ARN.
    pub arn: QuantumTaskArn,
    /// Its name at AWS.
    pub name: String,
    /// Its primary device: an ARN, or `local:…` for a simulator in its own container.
    pub device: String,
    /// Status.
    pub status: TaskStatus,
    /// Birth.
    pub created_at: Timestamp,
    /// From its start to its end, once both are known. Units: milliseconds.
    pub elapsed_ms: Option<u64>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
}

/// What a finished hybrid job used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HybridUse {
    /// Type of its instances, such as `ml.m5.large`.
    pub instance: String,
    /// How many of them.
    pub count: u64,
    /// What each is billed for. Units: milliseconds.
    pub billed_ms: u64,
}

/// All pages of a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    /// The tasks.
    pub tasks: Vec<SeenTask>,
    /// `Date` of the last page.
    pub server_now: Timestamp,
    /// World that answered, if a stand-in.
    pub world: Option<String>,
}

/// What a device says of itself now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceReport {
    /// ONLINE, OFFLINE or RETIRED.
    pub status: String,
    /// Tasks in its queue, as AWS words it.
    pub queue: Option<String>,
    /// Capabilities as JSON text.
    pub capabilities: String,
}

/// Why a call other than a create did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RemoteError {
    /// Credentials are missing, expired, or may not do this; the lane pauses, nothing else changes.
    #[error("AWS does not let us: {0}")]
    Denied(String),
    /// It asked for patience.
    #[error("AWS asks for patience")]
    Throttled(Option<Duration>),
    /// There is no such thing, or not yet.
    #[error("{0} is not there")]
    NotFound(String),
    /// It is too late for this, such as a cancel of a finished task.
    #[error("{0}")]
    Conflict(String),
    /// It refused for a reason that repeats.
    #[error("{code}: {message}")]
    Refused {
        /// Error name.
        code: String,
        /// AWS's text.
        message: String,
    },
    /// No answer, or one that cannot be understood.
    #[error("no usable answer: {0}")]
    Unreachable(String),
    /// The answer is larger than anything we keep.
    #[error("the object is larger than {0} bytes")]
    TooLarge(u64),
    /// A region or other setting is missing before anything can be asked.
    #[error("{0}")]
    Config(String),
}

impl RemoteError {
    /// Whether asking again later can help.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Throttled(_) | Self::NotFound(_) | Self::Unreachable(_) | Self::Denied(_))
    }
}

/// Amazon Braket, or a world that stands in for it.
#[allow(async_fn_in_trait, reason = "used by static dispatch on one thread")]
pub trait Braket {
    /// Asks STS who we are and finds or makes the results bucket; no task is touched.
    async fn lane(&self, region: &str) -> Result<LaneReport, RemoteError>;
    /// The body of a create, the same bytes for the same draft.
    fn render(&self, draft: &Draft<'_>) -> Vec<u8>;
    /// Sends stored bytes, signed with the stored time, once.
    async fn send(&self, lane: &Lane, signed_at: Timestamp, body: &[u8]) -> CreateReply;
    /// Status and use of a task.
    async fn status(&self, lane: &Lane, task: &QuantumTaskArn) -> Result<StatusReport, RemoteError>;
    /// AWS took the wish to cancel.
    async fn cancel(&self, lane: &Lane, task: &QuantumTaskArn, token: &Token) -> Result<(), RemoteError>;
    /// Every task of the lane created at or after `since`, all pages.
    async fn scan(&self, lane: &Lane, since: Timestamp) -> Result<Scan, RemoteError>;
    /// The result object, at most 256 MiB.
    async fn result(&self, lane: &Lane, output: &Output) -> Result<Vec<u8>, RemoteError>;
    /// What the device says of itself.
    async fn device(&self, region: &str, device: &DeviceArn) -> Result<DeviceReport, RemoteError>;
}

/// Tag keys by which AWS's records lead back to a job.
pub mod tags {
    /// Our store.
    pub const STORE: &str = "shotbook:store";
    /// Our job.
    pub const JOB: &str = "shotbook:job";
    /// Number of the attempt.
    pub const ATTEMPT: &str = "shotbook:attempt";
    /// Prefix that users may not take.
    pub const PREFIX: &str = "shotbook:";
}

/// Which attempt of which job a task belongs to, as AWS's records say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The store.
    pub store: StoreId,
    /// The job's tag.
    pub job: String,
    /// The attempt.
    pub attempt: u32,
}

/// Between an attempt and the budgets that bind it, in a key prefix.
const BUDGETS: &str = "budgets";

impl Identity {
    /// Key prefix of an attempt, `shotbook/STORE/JOB/ATTEMPT/budgets/NAME…`: the names are for a
    /// restored store, which must hold what it finds against the same caps.
    pub fn prefix(&self, budgets: &[BudgetName]) -> String {
        let mut out = format!("shotbook/{}/{}/{}/{BUDGETS}", self.store, self.job, self.attempt);
        for name in budgets {
            out.push('/');
            out.push_str(name.as_str());
        }
        out
    }

    /// Budgets that bind the task, as its key prefix says; `None` when it does not say.
    pub fn budgets(seen: &SeenTask) -> Option<Vec<BudgetName>> {
        let mut parts = seen.output.directory.strip_prefix("shotbook/")?.split('/').skip(3);
        if parts.next()? != BUDGETS {
            return None;
        }
        let mut names: Vec<BudgetName> = parts.map(BudgetName::new).collect();
        // The last part is AWS's: the id of the task.
        names.pop();
        Some(names)
    }

    /// Read from tags, else from the key prefix, which nobody can untag.
    pub fn of(seen: &SeenTask) -> Option<Self> {
        let tag = |key: &str| seen.tags.get(key).cloned();
        if let (Some(store), Some(job), Some(number)) = (tag(tags::STORE), tag(tags::JOB), tag(tags::ATTEMPT))
            && let Ok(attempt) = number.parse()
        {
            return Some(Self { store: StoreId::new(store), job, attempt });
        }
        let mut parts = seen.output.directory.strip_prefix("shotbook/")?.split('/');
        let (store, job, attempt) = (parts.next()?, parts.next()?, parts.next()?.parse().ok()?);
        Some(Self { store: StoreId::new(store), job: job.to_owned(), attempt })
    }
}

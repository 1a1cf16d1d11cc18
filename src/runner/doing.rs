//! Each duty done: call the outside, name what happened, commit it.

use std::time::Duration;

use super::pace::Operation;
use super::{Clock, GIVE_UP, RunError, Runner, Step};
use crate::backend::{Braket, CreateReply, Draft, Identity, RemoteError, SeenTask, tags};
use crate::failpoint;
use crate::ids::{BlobId, QuantumTaskArn};
use crate::job::{
    Duty, Event, Illegal, Job, Lane, Output, Place, Sealed, Stage, StatusReport, TaskStatus, apply,
};
use crate::outcome;
use crate::price::Metering;
use crate::store::{Change, Committed};

/// What a commit came to, with the job as it is stored now.
enum Stored {
    Yes(Box<Job>),
    Reload,
    OverBudget(crate::ids::BudgetName),
}

impl<B: Braket, C: Clock> Runner<'_, B, C> {
    pub(super) async fn perform(&self, job: Job, owed: Duty) -> Result<Step, RunError> {
        if let Some(lane) = job.lane().filter(|l| self.world_is_gone(l)) {
            tracing::warn!(job = %job.terms.id, endpoint = lane.endpoint, "the stand-in's world is gone");
            return self.happened(&job, Event::WorldGone, Vec::new());
        }
        match owed {
            Duty::Withdraw { why, refused } => {
                self.happened(&job, Event::Withdrawn { why, refused }, Vec::new())
            }
            Duty::Reprice { tariff, hold } => self.reprice(&job, Event::Repriced { tariff, hold }),
            Duty::Compute => self.run_here(&job),
            Duty::Open => self.open(job).await,
            Duty::Send => self.send_again(job).await,
            Duty::Prove => self.prove(job).await,
            Duty::Poll => self.poll(job).await,
            Duty::Cancel => self.cancel(job).await,
            Duty::Fetch => self.fetch(job).await,
            Duty::Wait { .. } | Duty::Nothing => Ok(Step::Moved(Box::new(job))),
        }
    }

    fn run_here(&self, job: &Job) -> Result<Step, RunError> {
        failpoint::hit("compute.before")?;
        let circuit = self.store.blob(&job.terms.circuit)?;
        let inputs = self.store.blob(&job.terms.inputs)?;
        let answer = self.compute.compute(job, &circuit, &inputs);
        failpoint::hit("compute.after")?;
        match answer {
            Ok(bytes) => self.happened(job, Event::Computed { result: BlobId::of(&bytes) }, vec![bytes]),
            Err(reason) => self.happened(job, Event::ComputeFailed { reason }, Vec::new()),
        }
    }

    async fn open(&self, job: Job) -> Result<Step, RunError> {
        let Place::Braket { device, region, reservation, experimental } = &job.terms.place else {
            return Ok(Step::Moved(Box::new(job)));
        };
        let region = region.clone().unwrap_or_default();
        let report = match self.lane_in(&region).await {
            Ok(report) => report,
            Err(why) => return Ok(self.later(&job, RemoteError::Unreachable(why))),
        };
        failpoint::hit("lane.after")?;
        // Before the time of signing is drawn, which must not grow old here.
        self.paced(&region, Operation::Create).await;
        if let Err(error) = self.prepare_lane(&report).await? {
            return Ok(self.later(&job, error));
        }
        // Pacing and the search take time, and a deadline is AWS's to see.
        let server_now = self.lanes.borrow().server_time(&region, self.clock.now());
        if let Some(deadline) = job.terms.fire.deadline.filter(|&at| server_now > at) {
            let why = format!("its deadline {deadline} has passed");
            return self.happened(&job, Event::Withdrawn { why, refused: false }, Vec::new());
        }
        let token = job.terms.tag.token(job.attempt);
        let identity = Identity {
            store: self.store.identity()?.store,
            job: job.terms.tag.as_str().to_owned(),
            attempt: job.attempt,
        };
        let action = self.store.blob(&job.terms.action)?;
        let action = String::from_utf8_lossy(&action);
        let mut all_tags = job.terms.tags.clone();
        all_tags.insert(tags::STORE.to_owned(), identity.store.as_str().to_owned());
        all_tags.insert(tags::JOB.to_owned(), identity.job.clone());
        all_tags.insert(tags::ATTEMPT.to_owned(), identity.attempt.to_string());
        let body = self.braket.render(&Draft {
            action: &action,
            device,
            shots: job.terms.shots,
            token: &token,
            bucket: &report.lane.bucket,
            prefix: identity.prefix(&job.terms.budgets),
            tags: all_tags,
            reservation: reservation.as_deref(),
            experimental: *experimental,
        });
        let signed_at = self.lanes.borrow().server_time(&region, self.clock.now()).whole_second();
        let sealed = Sealed { token, signed_at, lane: report.lane, body: BlobId::of(&body) };
        failpoint::hit("open.before")?;
        match self.store_event(&job, Event::Opened { sealed }, vec![body.clone()], true)? {
            Stored::Yes(opened) => {
                failpoint::hit("open.after")?;
                self.send(*opened, &body).await
            }
            Stored::OverBudget(budget) => self.happened(&job, Event::NoRoom { budget }, Vec::new()),
            Stored::Reload => Ok(Step::Moved(Box::new(self.store.job(&job.terms.id)?))),
        }
    }

    /// Other rates than at acceptance: the hold follows them, or there is no room for it.
    fn reprice(&self, job: &Job, event: Event) -> Result<Step, RunError> {
        match self.store_event(job, event, Vec::new(), true)? {
            Stored::Yes(next) => Ok(Step::Moved(next)),
            Stored::OverBudget(budget) => self.happened(job, Event::NoRoom { budget }, Vec::new()),
            Stored::Reload => Ok(Step::Moved(Box::new(self.store.job(&job.terms.id)?))),
        }
    }

    async fn send_again(&self, job: Job) -> Result<Step, RunError> {
        let Stage::Submitting { sealed, .. } = &job.stage else { return Ok(Step::Moved(Box::new(job))) };
        let body = self.store.blob(&sealed.body)?;
        self.paced(&sealed.lane.region, Operation::Create).await;
        failpoint::hit("resend.before")?;
        match self.store_event(&job, Event::Resending, Vec::new(), false)? {
            Stored::Yes(counted) => {
                failpoint::hit("resend.after")?;
                self.send(*counted, &body).await
            }
            Stored::OverBudget(_) | Stored::Reload => {
                Ok(Step::Moved(Box::new(self.store.job(&job.terms.id)?)))
            }
        }
    }

    /// Sends the stored bytes once and books the answer; the send is counted already.
    async fn send(&self, job: Job, body: &[u8]) -> Result<Step, RunError> {
        let Stage::Submitting { sealed, sends, .. } = &job.stage else {
            return Ok(Step::Moved(Box::new(job)));
        };
        let (attempt, send) = (job.attempt, *sends);
        failpoint::hit("send.before")?;
        self.meter.sent();
        let reply = self.braket.send(&sealed.lane, sealed.signed_at, body).await;
        failpoint::hit("send.after")?;
        let error = match &reply {
            CreateReply::Unsure { retry_after: Some(at), .. } => Some(RemoteError::Throttled(Some(*at))),
            CreateReply::Unsure { why, .. } => Some(RemoteError::Unreachable(why.clone())),
            CreateReply::Created(_) | CreateReply::Refused(_) => None,
        };
        self.went(&sealed.lane.region, Operation::Create, error.as_ref());
        match reply {
            CreateReply::Created(task) => {
                self.rested(&job.terms.id);
                self.created(&job, &sealed.lane, task)
            }
            CreateReply::Refused(refusal) => {
                self.rested(&job.terms.id);
                self.happened(&job, Event::Refused { attempt, send, refusal }, Vec::new())
            }
            CreateReply::Unsure { why, retry_after } => {
                tracing::warn!(job = %job.terms.id, send, why, "no usable answer to the create");
                self.rest(&job.terms.id, retry_after.unwrap_or_default(), why.clone());
                self.happened(&job, Event::Unsure { why }, Vec::new())
            }
        }
    }

    /// A task that AWS named is never dropped: whatever became of the job, it is booked.
    fn created(&self, job: &Job, lane: &Lane, task: QuantumTaskArn) -> Result<Step, RunError> {
        let event = Event::Created { attempt: job.attempt, task: task.clone() };
        failpoint::hit("created.before")?;
        let mut base = job.clone();
        loop {
            match apply(&base, &event, self.clock.now()) {
                Ok(_) => match self.store_event(&base, event.clone(), Vec::new(), false)? {
                    Stored::Yes(next) => {
                        failpoint::hit("created.after")?;
                        return Ok(Step::Moved(next));
                    }
                    Stored::OverBudget(_) | Stored::Reload => base = self.store.job(&job.terms.id)?,
                },
                Err(Illegal::Stray(task)) => {
                    if !self.store.knows_task(&task)? {
                        self.adopt(lane, &seen_of(job, task), Some(job))?;
                    }
                    return Ok(Step::Moved(Box::new(self.store.job(&job.terms.id)?)));
                }
                Err(other) => return Err(other.into()),
            }
        }
    }

    async fn prove(&self, job: Job) -> Result<Step, RunError> {
        let Stage::Submitting { sealed, .. } = &job.stage else { return Ok(Step::Moved(Box::new(job))) };
        failpoint::hit("prove.before")?;
        // A server clock that runs behind ours dates the task earlier than we signed it.
        let since = sealed.signed_at.before(Duration::from_secs(20 * 60));
        self.paced(&sealed.lane.region, Operation::Search).await;
        let scan = self.braket.scan(&sealed.lane, since).await;
        self.went(&sealed.lane.region, Operation::Search, scan.as_ref().err());
        let scan = match scan {
            Ok(scan) => scan,
            Err(error) => return Ok(self.later(&job, error)),
        };
        failpoint::hit("prove.after")?;
        if scan.world != sealed.lane.world {
            return self.happened(&job, Event::WorldGone, Vec::new());
        }
        let store = self.store.identity()?.store;
        let wanted = Identity { store, job: job.terms.tag.as_str().to_owned(), attempt: job.attempt };
        match scan.tasks.iter().find(|seen| Identity::of(seen).as_ref() == Some(&wanted)) {
            Some(seen) => self.created(&job, &sealed.lane, seen.task.clone()),
            None => {
                let event = Event::NotFound { attempt: job.attempt, server_now: scan.server_now };
                self.rested(&job.terms.id);
                self.happened(&job, event, Vec::new())
            }
        }
    }

    async fn poll(&self, job: Job) -> Result<Step, RunError> {
        let Stage::Running { task, lane, seen, queue, poll_at, .. } = &job.stage else {
            return Ok(Step::Moved(Box::new(job)));
        };
        self.meter.polled(self.clock.now().since(*poll_at));
        match self.listed(lane, task).await {
            Ok(Some(status)) if status == *seen => {
                let report = StatusReport {
                    status,
                    queue: queue.clone(),
                    failure: None,
                    metering: Metering::default(),
                    output: Output { bucket: String::new(), directory: String::new() },
                };
                return self.happened(&job, Event::Seen { task: task.clone(), report }, Vec::new());
            }
            Ok(_) => {}
            Err(error) => return Ok(self.later(&job, error)),
        }
        self.paced(&lane.region, Operation::Get).await;
        failpoint::hit("poll.before")?;
        let answer = self.braket.status(lane, task).await;
        self.went(&lane.region, Operation::Get, answer.as_ref().err());
        failpoint::hit("poll.after")?;
        match answer {
            Ok(report) => {
                self.rested(&job.terms.id);
                failpoint::hit("seen.before")?;
                let step = self.happened(&job, Event::Seen { task: task.clone(), report }, Vec::new())?;
                failpoint::hit("seen.after")?;
                Ok(step)
            }
            Err(error) => Ok(self.later(&job, error)),
        }
    }

    async fn cancel(&self, job: Job) -> Result<Step, RunError> {
        let Stage::Running { task, lane, .. } = &job.stage else { return Ok(Step::Moved(Box::new(job))) };
        failpoint::hit("cancel.before")?;
        let token = job.terms.tag.token(job.attempt);
        self.paced(&lane.region, Operation::Cancel).await;
        let answer = self.braket.cancel(lane, task, &token).await;
        self.went(&lane.region, Operation::Cancel, answer.as_ref().err());
        failpoint::hit("cancel.after")?;
        match answer {
            // Too late to cancel is an answer too; the end is observed by polling.
            Ok(()) | Err(RemoteError::Conflict(_)) => self.happened(&job, Event::CancelTaken, Vec::new()),
            Err(error) => Ok(self.later(&job, error)),
        }
    }

    async fn fetch(&self, job: Job) -> Result<Step, RunError> {
        let Stage::Settling { task, lane, output, .. } = &job.stage else {
            return Ok(Step::Moved(Box::new(job)));
        };
        failpoint::hit("fetch.before")?;
        let answer = self.braket.result(lane, output).await;
        self.went(&lane.region, Operation::Fetch, answer.as_ref().err());
        failpoint::hit("fetch.after")?;
        let failed = |problem: String, hopeless| Event::FetchFailed { problem, hopeless };
        let (event, blobs) = match answer {
            Ok(bytes) => match outcome::braket::read(&bytes, task, job.terms.shots) {
                Ok(read) => {
                    let event = Event::Fetched { result: BlobId::of(&bytes), metering: read.metering };
                    (event, vec![bytes])
                }
                Err(error) => (failed(format!("{}: {error}", s3_path(output)), false), Vec::new()),
            },
            Err(error) => {
                let hopeless = matches!(error, RemoteError::TooLarge(_));
                (failed(format!("{}: {error}", s3_path(output)), hopeless), Vec::new())
            }
        };
        failpoint::hit("settle.before")?;
        let step = self.happened(&job, event, blobs)?;
        failpoint::hit("settle.after")?;
        Ok(step)
    }

    /// Nothing happened; the job is asked again later. What cannot pass by itself is told at once.
    fn later(&self, job: &Job, error: RemoteError) -> Step {
        tracing::info!(job = %job.terms.id, %error, "later");
        let (at_least, times) = match &error {
            RemoteError::Throttled(asked) => (asked.unwrap_or(Duration::from_secs(1)), 1),
            RemoteError::NotFound(_) | RemoteError::Unreachable(_) => (Duration::ZERO, 1),
            _ => (Duration::ZERO, GIVE_UP),
        };
        for _ in 0..times {
            self.rest(&job.terms.id, at_least, error.to_string());
        }
        Step::Moved(Box::new(job.clone()))
    }

    pub(super) fn happened(&self, job: &Job, event: Event, blobs: Vec<Vec<u8>>) -> Result<Step, RunError> {
        let next = match self.store_event(job, event, blobs, false)? {
            Stored::Yes(next) => next,
            Stored::OverBudget(_) | Stored::Reload => Box::new(self.store.job(&job.terms.id)?),
        };
        Ok(if next.is_done() { Step::Done(next) } else { Step::Moved(next) })
    }

    /// Whether an event that no cap may stop was stored; else somebody else moved the job.
    pub(super) fn try_store(&self, job: &Job, event: Event) -> Result<bool, RunError> {
        Ok(matches!(self.store_event(job, event, Vec::new(), false)?, Stored::Yes(_)))
    }

    fn store_event(
        &self,
        job: &Job,
        event: Event,
        blobs: Vec<Vec<u8>>,
        guarded: bool,
    ) -> Result<Stored, RunError> {
        let at = self.clock.now();
        let mut after = apply(job, &event, at)?;
        if after == *job || self.only_looked(job, &after) {
            return Ok(Stored::Yes(Box::new(after)));
        }
        let change = Change { before: job.clone(), after: after.clone(), event, blobs, guarded, at };
        Ok(match self.store.commit(&change)? {
            Committed::Yes(version) => {
                after.version = version;
                let (name, stage) = (change.event.name(), after.stage.name());
                let task = after.task().map(QuantumTaskArn::as_str);
                tracing::info!(job = %after.terms.id, task, event = name, stage, attempt = after.attempt, "moved");
                Stored::Yes(Box::new(after))
            }
            Committed::Reload => Stored::Reload,
            Committed::OverBudget(shortfall) => Stored::OverBudget(shortfall.budget),
        })
    }
}

fn s3_path(output: &Output) -> String {
    format!("s3://{}/{}/results.json", output.bucket, output.directory)
}

/// What is known of a task that a late reply named.
fn seen_of(job: &Job, task: QuantumTaskArn) -> SeenTask {
    let device = match &job.terms.place {
        Place::Braket { device, .. } => device.clone(),
        Place::Local { .. } => crate::ids::DeviceArn::new(""),
    };
    SeenTask {
        task,
        device,
        status: TaskStatus::Created,
        shots: job.terms.shots,
        created_at: job.terms.created_at,
        tags: job.terms.tags.clone(),
        output: Output { bucket: String::new(), directory: String::new() },
    }
}

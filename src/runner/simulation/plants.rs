//! Bugs planted around the shipped runner: what it says or hears is bent as a mistake would bend it.

use super::world::{Network, Sim};
use crate::backend::braket::in_process::InProcess;
use crate::backend::{Braket, CreateReply, DeviceReport, Draft, LaneReport, RemoteError, Scan};
use crate::ids::{DeviceArn, QuantumTaskArn, Token};
use crate::job::{Lane, Output, Refusal, StatusReport, TaskStatus};
use crate::time::Timestamp;

/// A mistake that somebody could make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plant {
    /// P1: the token is drawn for every send.
    TokenPerSend,
    /// P1: nothing in AWS's record leads back to the job.
    NoIdentity,
    /// P3: every send is signed with the current time.
    SignedNow,
    /// P4: a lost reply counts as a refusal.
    TimeoutReleases,
    /// P4: any 4xx is a refusal, whoever sent it.
    MiddleboxRefuses,
    /// P4: a refusal that AWS gave for a later reason ends the job.
    ThrottleRefuses,
    /// P4: credentials that ran out end the job.
    ExpiredRefuses,
    /// P5: absence is believed at once.
    NoQuietPeriod,
    /// P5: only the first page of a search is read.
    OnePage,
    /// P6: commits do not compare the version.
    NoVersion,
    /// P8: holds are not compared with the cap.
    Unguarded,
    /// P9: a cancel that was taken counts as the end.
    CancelIsFinal,
    /// P10: a task that is not there yet has failed.
    MissingIsFailed,
    /// P10: an unknown or early status counts as failed.
    PollTimeoutFails,
    /// P10: a COMPLETED task without its result counts as failed.
    CompletedFails,
    /// Requested shots are billed, not the successful ones.
    BillsRequestedShots,
    /// Nothing is billed when less than all shots succeeded.
    PartialIsFree,
    /// A create that answers 500 made no task.
    ErrorMeansNothing,
    /// A commit reports success and stores nothing.
    FalseCommit,
    /// A task is booked under another name.
    WrongTask,
    /// A hold is half of what the task may cost.
    HalfHold,
    /// The end of a task is never noticed.
    StuckForever,
}

/// All of them.
pub const PLANTS: &[Plant] = &[
    Plant::TokenPerSend,
    Plant::NoIdentity,
    Plant::SignedNow,
    Plant::TimeoutReleases,
    Plant::MiddleboxRefuses,
    Plant::ThrottleRefuses,
    Plant::ExpiredRefuses,
    Plant::NoQuietPeriod,
    Plant::OnePage,
    Plant::NoVersion,
    Plant::Unguarded,
    Plant::CancelIsFinal,
    Plant::MissingIsFailed,
    Plant::PollTimeoutFails,
    Plant::CompletedFails,
    Plant::BillsRequestedShots,
    Plant::PartialIsFree,
    Plant::ErrorMeansNothing,
    Plant::FalseCommit,
    Plant::WrongTask,
    Plant::HalfHold,
    Plant::StuckForever,
];

/// The service as a process with a bug hears it.
pub struct Bent<'s> {
    pub sim: &'s Sim,
    pub inner: InProcess<Network<'s>>,
    pub plant: Option<Plant>,
}

impl Bent<'_> {
    fn has(&self, plant: Plant) -> bool {
        self.plant == Some(plant)
    }

    fn bend(&self, reply: CreateReply) -> CreateReply {
        let CreateReply::Unsure { why, .. } = &reply else { return reply };
        let four = why.starts_with("status 4");
        let believed = match self.plant {
            Some(Plant::TimeoutReleases) => why.contains("cut"),
            Some(Plant::MiddleboxRefuses) => four && !why.contains("Exception"),
            Some(Plant::ThrottleRefuses) => why.contains("Throttling"),
            Some(Plant::ExpiredRefuses) => why.contains("Expired") || why.contains("InvalidSignature"),
            Some(Plant::ErrorMeansNothing) => why.starts_with("status 500"),
            _ => false,
        };
        if !believed {
            return reply;
        }
        CreateReply::Refused(Refusal { code: "Planted".to_owned(), message: why.clone(), deferrable: false })
    }
}

impl Braket for Bent<'_> {
    async fn lane(&self, region: &str) -> Result<LaneReport, RemoteError> {
        self.inner.lane(region).await
    }

    fn render(&self, draft: &Draft<'_>) -> Vec<u8> {
        self.inner.render(draft)
    }

    async fn send(&self, lane: &Lane, signed_at: Timestamp, body: &[u8]) -> CreateReply {
        // Between the commit and the signature a laptop may sleep.
        self.sim.pause(1_000).await;
        let signed_at = if self.has(Plant::SignedNow) {
            crate::runner::Clock::now(self.inner.wire.clock)
        } else {
            signed_at
        };
        let mut body = body.to_vec();
        if self.has(Plant::TokenPerSend) {
            let text = String::from_utf8_lossy(&body).into_owned();
            let at = text.find("\"clientToken\":\"").map_or(0, |at| at + 15);
            body = format!("{}{:032x}{}", &text[..at], self.sim.chance.next(), &text[at + 32..]).into_bytes();
        }
        if self.has(Plant::NoIdentity) {
            body = String::from_utf8_lossy(&body).replace("shotbook/", "results/").into_bytes();
            body = String::from_utf8_lossy(&body).replace("shotbook:store", "store").into_bytes();
        }
        let reply = self.bend(self.inner.send(lane, signed_at, &body).await);
        match reply {
            CreateReply::Created(task) if self.has(Plant::WrongTask) => {
                CreateReply::Created(QuantumTaskArn::new(format!("{task}0")))
            }
            other => other,
        }
    }

    async fn status(&self, lane: &Lane, task: &QuantumTaskArn) -> Result<StatusReport, RemoteError> {
        let failed = |why: &str| StatusReport {
            status: TaskStatus::Failed,
            queue: None,
            failure: Some(why.to_owned()),
            metering: crate::price::Metering::default(),
            output: Output { bucket: String::new(), directory: String::new() },
        };
        let answer = self.inner.status(lane, task).await;
        let (plant, mut report) = match (self.plant, answer) {
            (Some(Plant::MissingIsFailed), Err(RemoteError::NotFound(_))) => return Ok(failed("gone")),
            (Some(Plant::StuckForever), Err(_)) => return Err(RemoteError::Config("stuck".to_owned())),
            (_, Err(error)) => return Err(error),
            (plant, Ok(report)) => (plant, report),
        };
        match (plant, &report.status) {
            (Some(Plant::CancelIsFinal), TaskStatus::Cancelling) => report.status = TaskStatus::Cancelled,
            (Some(Plant::PollTimeoutFails), TaskStatus::Queued) => return Ok(failed("it takes too long")),
            (Some(Plant::StuckForever), TaskStatus::Completed) => report.status = TaskStatus::Running,
            (Some(Plant::BillsRequestedShots), TaskStatus::Completed) => {
                report.metering.successful_shots = None
            }
            (Some(Plant::PartialIsFree), TaskStatus::Completed) => {
                let shots = report.metering.successful_shots.unwrap_or(0);
                if shots % 100 != 0 {
                    return Ok(failed("partial"));
                }
            }
            (Some(Plant::CompletedFails), TaskStatus::Completed)
                if self.inner.result(lane, &report.output).await.is_err() =>
            {
                return Ok(failed("no result"));
            }
            _ => {}
        }
        Ok(report)
    }

    async fn cancel(&self, lane: &Lane, task: &QuantumTaskArn, token: &Token) -> Result<(), RemoteError> {
        self.inner.cancel(lane, task, token).await
    }

    async fn scan(&self, lane: &Lane, since: Timestamp) -> Result<Scan, RemoteError> {
        let mut scan = self.inner.scan(lane, since).await?;
        if self.has(Plant::NoQuietPeriod) {
            // Twice within a day of the server is twice after the quiet period.
            let late = self.sim.chance.between(24, 48) as u64;
            scan.server_now = scan.server_now.after(std::time::Duration::from_secs(late * 3600));
        }
        if self.has(Plant::OnePage) {
            scan.tasks.truncate(1);
        }
        Ok(scan)
    }

    async fn result(&self, lane: &Lane, output: &Output) -> Result<Vec<u8>, RemoteError> {
        self.inner.result(lane, output).await
    }

    async fn device(&self, region: &str, device: &DeviceArn) -> Result<DeviceReport, RemoteError> {
        self.inner.device(region, device).await
    }
}

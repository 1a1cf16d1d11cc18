//! A quantum task and what its life says.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::faults::Kind;
use crate::run::{Action, Facts, Outcome};
use crate::time::iso;

/// A task as the service knows it.
#[derive(Debug)]
pub(crate) struct Task {
    pub arn: String,
    pub device: String,
    pub device_parameters: String,
    pub shots: u64,
    pub bucket: String,
    pub directory: String,
    pub status: &'static str,
    pub created_ms: i64,
    pub ended_ms: Option<i64>,
    pub tags: BTreeMap<String, String>,
    pub body_hash: [u8; 32],
    pub action: Arc<Action>,
    pub failure: Option<String>,
    pub associations: Value,
    pub job: Option<String>,
    pub experimental: Option<Value>,
    pub charge: i128,
    /// What a fault makes of it.
    pub fate: Option<Kind>,
    /// The time that it takes, where it takes one. Units: milliseconds.
    pub fate_ms: i64,
    /// The spending limit that it counts in, and the estimate there. Units: nano-dollars.
    pub limit: Option<(String, i128)>,
    pub outcome: OnceLock<Outcome>,
    /// What a past says of its outcome, which is computed again when somebody looks.
    pub past: Option<Past>,
    pub stop: Arc<AtomicBool>,
}

/// What is remembered of an outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Past {
    /// Executables that ran, all of them, and the time they took.
    Ran {
        good: u64,
        all: u64,
        duration_ms: u64,
    },
    Failed(String),
}

impl Task {
    /// What to remember of it, now that it is over.
    pub(crate) fn to_remember(&self) -> Option<Past> {
        let (good, all) = self.executables();
        match (&self.failure, all) {
            (_, 1..) => Some(Past::Ran { good, all, duration_ms: self.duration_ms() }),
            (Some(why), 0) if self.fate != Some(Kind::FailTask) => Some(Past::Failed(why.clone())),
            _ => None,
        }
    }

    /// Whether it ran in a past and was not computed again.
    pub(crate) fn is_remembered(&self) -> bool {
        self.outcome.get().is_none() && matches!(self.past, Some(Past::Ran { .. }))
    }

    pub(crate) fn is_over(&self) -> bool {
        matches!(self.status, "COMPLETED" | "FAILED" | "CANCELLED")
    }

    /// Whether it runs in a reserved window, which bills by the hour.
    pub(crate) fn is_reserved(&self) -> bool {
        self.associations.as_array().is_some_and(|a| !a.is_empty())
    }

    /// Executables that ran, and all.
    fn executables(&self) -> (u64, u64) {
        match (self.outcome.get(), &self.past) {
            (Some(Outcome::Ran { programs, .. }), _) => {
                let all = programs.iter().map(|p| p.len() as u64).sum();
                let good = programs.iter().flatten().filter(|r| r.is_ok()).count() as u64;
                (good, all)
            }
            (None, Some(Past::Ran { good, all, .. })) => (*good, *all),
            _ => (0, 0),
        }
    }

    /// Shots that count.
    pub(crate) fn successful_shots(&self) -> u64 {
        let (good, all) = self.executables();
        let shots = self.shots.checked_div(all).unwrap_or(0) * good;
        if self.fate == Some(Kind::Partial) { shots / 2 } else { shots }
    }

    pub(crate) fn duration_ms(&self) -> u64 {
        match (self.outcome.get(), &self.past) {
            (Some(Outcome::Ran { duration_ms, .. }), _) | (None, Some(Past::Ran { duration_ms, .. })) => {
                *duration_ms
            }
            _ => 0,
        }
    }

    /// What its result files say of it.
    pub(crate) fn facts(&self, split: bool) -> Facts<'_> {
        Facts {
            arn: &self.arn,
            device: &self.device,
            device_parameters: &self.device_parameters,
            shots: self.shots,
            successful: self.successful_shots(),
            created: iso(self.created_ms),
            ended: iso(self.ended_ms.unwrap_or(self.created_ms)),
            bucket: &self.bucket,
            directory: &self.directory,
            duration_ms: self.duration_ms(),
            split,
        }
    }

    pub(crate) fn summary(&self) -> Value {
        let mut out = json!({
            "quantumTaskArn": self.arn, "status": self.status, "deviceArn": self.device, "shots": self.shots,
            "outputS3Bucket": self.bucket, "outputS3Directory": self.directory,
            "createdAt": iso(self.created_ms), "tags": self.tags,
        });
        if let Some(ended) = self.ended_ms {
            out["endedAt"] = json!(iso(ended));
        }
        out
    }

    pub(crate) fn json(&self) -> Value {
        let mut out = self.summary();
        out["deviceParameters"] = json!(self.device_parameters);
        let mut action = json!({"actionType": self.action.kind});
        if self.action.kind == crate::run::SET {
            action["programCount"] = json!(self.action.programs.len());
            action["executableCount"] = json!(self.action.executables());
        }
        out["actionMetadata"] = action;
        if let Some(reason) = &self.failure {
            out["failureReason"] = json!(reason);
        }
        if self.status == "COMPLETED" {
            out["numSuccessfulShots"] = json!(self.successful_shots());
        }
        if self.is_reserved() {
            out["associations"] = self.associations.clone();
        }
        if let Some(job) = &self.job {
            out["jobArn"] = json!(job);
        }
        if let Some(experimental) = &self.experimental {
            out["experimentalCapabilities"] = experimental.clone();
        }
        out
    }

    /// Its place in the queue, as the service words it.
    pub(crate) fn queue(&self) -> Value {
        let priority = if self.job.is_some() { "Priority" } else { "Normal" };
        let mut out = json!({"queue": "QUANTUM_TASKS_QUEUE", "position": "1", "queuePriority": priority});
        if self.status != "QUEUED" {
            out["position"] = json!("None");
            out["message"] = json!(format!(
                "Task is in {} status. AmazonBraket does not show queue position for this status.",
                self.status
            ));
        }
        out
    }
}

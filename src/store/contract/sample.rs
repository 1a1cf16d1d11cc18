//! Small jobs, budgets and events for the contract.

use std::sync::Arc;

use crate::budget::{Budget, Period, Scope};
use crate::ids::{BlobId, BudgetName, DeviceArn, JobId, JobTag, QuantumTaskArn, StoreId, Token};
use crate::job::{
    Event, Fire, HoldKind, Job, Lane, Output, Place, RetryPolicy, Sealed, StatusReport, TaskStatus, Terms,
};
use crate::money::Money;
use crate::price::{Metering, Tariff};
use crate::store::{Acceptance, NewJob};
use crate::time::Timestamp;

pub fn now() -> Timestamp {
    "2026-11-24T12:00:00Z".parse().unwrap()
}

pub fn usd(text: &str) -> Money {
    text.parse().unwrap()
}

pub fn lane() -> Lane {
    Lane {
        endpoint: Some("http://127.0.0.1:1".into()),
        account: "123456789012".into(),
        region: "eu-north-1".into(),
        bucket: "bucket".into(),
        world: None,
    }
}

pub fn task(name: &str) -> QuantumTaskArn {
    QuantumTaskArn::new(format!("arn:aws:braket:eu-north-1:123456789012:quantum-task/{name}"))
}

/// A job of 1,000 shots at Garnet's rates that holds `hold`.
pub fn job(name: &str, hold: &str, budgets: &[&str]) -> Job {
    let blob = BlobId::of(b"");
    let terms = Terms {
        id: JobId::new(format!("j_{name}")),
        key: name.into(),
        tag: JobTag::of(&StoreId::new("s"), name),
        content: BlobId::new(name),
        name: "bell.qasm".into(),
        project: Some("p".into()),
        tags: [("k".to_owned(), "v".to_owned())].into(),
        device: "garnet".into(),
        place: Place::Braket {
            device: DeviceArn::new("d"),
            region: Some("eu-north-1".into()),
            reservation: None,
            experimental: false,
        },
        shots: 1000,
        circuit: blob.clone(),
        action: blob.clone(),
        inputs: blob,
        tariff: Tariff::PerShot { task_fee: usd("0.30"), shot_fee: usd("0.00145") },
        quoted: usd(hold),
        hold: usd(hold),
        hold_kind: HoldKind::Hard,
        budgets: budgets.iter().map(|b| BudgetName::new(*b)).collect(),
        max_cost: Some(usd("2")),
        retries: RetryPolicy::default(),
        not_before: None,
        fire: Fire::default(),
        created_at: now(),
        collection: None,
        adopted: false,
        user: None,
    };
    Job::accepted(Arc::new(terms), true)
}

pub fn acceptance(jobs: &[Job]) -> Acceptance {
    let jobs = jobs.iter().map(|j| NewJob { job: j.clone(), points: vec![0] }).collect();
    Acceptance { jobs, at: now(), ..Acceptance::default() }
}

pub fn budget(name: &str, limit: &str, per: Period) -> Budget {
    Budget {
        name: BudgetName::new(name),
        limit: usd(limit),
        per,
        scope: Scope::Named,
        alerts: Vec::new(),
        created_at: now(),
        removed_at: None,
    }
}

pub fn opened() -> Event {
    let sealed = Sealed { token: Token::new("t"), signed_at: now(), lane: lane(), body: BlobId::new("b") };
    Event::Opened { sealed }
}

pub fn report(status: TaskStatus, successful_shots: Option<u64>) -> StatusReport {
    StatusReport {
        status,
        queue: None,
        failure: None,
        metering: Metering { successful_shots, ..Metering::default() },
        output: Output { bucket: "bucket".into(), directory: "d".into() },
    }
}

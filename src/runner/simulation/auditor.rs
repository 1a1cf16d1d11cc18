//! A book-keeper that sees requests and replies, and from these alone says what must be in the books.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shotbook_mocks::{Request, Response};

/// Fee of a task and of a shot, by the last part of a device ARN. Units: nano-dollars.
/// Source: Braket price list; written here a third time, so that no table can hide a mistake.
const RATES: [(&str, i64, i64); 3] = [
    ("Garnet", 300_000_000, 1_450_000),
    ("Emerald", 300_000_000, 1_600_000),
    ("Forte-1", 300_000_000, 80_000_000),
];

/// A task as its create and its replies told.
#[derive(Debug)]
pub struct Task {
    pub job: String,
    pub attempt: u64,
    pub rates: (i64, i64),
    pub shots: i64,
    pub status: String,
    pub charge: i64,
}

/// What was seen so far.
#[derive(Debug, Default)]
pub struct Auditor {
    pub tasks: BTreeMap<String, Task>,
    /// Jobs of which the service itself refused a create.
    pub refused: BTreeSet<String>,
    /// Tasks named since somebody asked.
    pub fresh: Vec<String>,
    /// The first thing that must not be.
    pub wrong: Option<String>,
    /// What happened, when a single seed is replayed.
    pub story: Vec<String>,
}

impl Auditor {
    pub fn accuse(&mut self, what: String) {
        self.wrong.get_or_insert(what);
    }

    /// A request was answered by the service, not by something in its place; the reply may still be lost on its way.
    pub fn saw(&mut self, request: &Request, response: &Response) {
        let create = request.method == "POST" && request.target == "/quantum-task";
        let get = request.method == "GET" && request.target.starts_with("/quantum-task/");
        match response.status {
            201 if create => self.created(request, response),
            400 | 402 | 410 | 424 if create => self.refusal(request),
            200 if get => self.told(response),
            _ => {}
        }
    }

    fn refusal(&mut self, request: &Request) {
        if let Ok(body) = serde_json::from_slice::<Value>(&request.body) {
            self.refused.insert(body["tags"]["shotbook:job"].as_str().unwrap_or_default().to_owned());
        }
    }

    fn created(&mut self, request: &Request, response: &Response) {
        let (Ok(body), Ok(reply)) =
            (serde_json::from_slice::<Value>(&request.body), serde_json::from_slice::<Value>(&response.body))
        else {
            return;
        };
        if let Some(arn) = reply["quantumTaskArn"].as_str().filter(|arn| !self.tasks.contains_key(*arn)) {
            self.learn(arn, &body);
            self.fresh.push(arn.to_owned());
        }
    }

    /// A task comes to light: by its create, or later when that reply was garbled.
    fn learn(&mut self, arn: &str, told: &Value) {
        let job = told["tags"]["shotbook:job"].as_str().unwrap_or_default().to_owned();
        let attempt = told["tags"]["shotbook:attempt"].as_str().and_then(|n| n.parse().ok()).unwrap_or(0);
        for (other, task) in &self.tasks {
            if task.job == job && task.status != "FAILED" {
                let status = &task.status;
                self.wrong
                    .get_or_insert(format!("job {job} has task {arn} besides {other}, which is {status}"));
            }
            if task.job == job && task.attempt == attempt {
                self.wrong.get_or_insert(format!("attempt {attempt} of job {job} made two tasks"));
            }
        }
        let device = told["deviceArn"].as_str().unwrap_or_default().rsplit('/').next().unwrap_or_default();
        let rates = RATES.iter().find(|r| r.0 == device).map_or((0, 0), |r| (r.1, r.2));
        let shots = told["shots"].as_i64().unwrap_or(0);
        let task = Task { job, attempt, rates, shots, status: "CREATED".to_owned(), charge: 0 };
        self.tasks.insert(arn.to_owned(), task);
    }

    fn told(&mut self, response: &Response) {
        let Ok(reply) = serde_json::from_slice::<Value>(&response.body) else { return };
        let Some(arn) = reply["quantumTaskArn"].as_str() else { return };
        if !self.tasks.contains_key(arn) {
            self.learn(arn, &reply);
        }
        let Some(task) = self.tasks.get_mut(arn) else { return };
        reply["status"].as_str().unwrap_or_default().clone_into(&mut task.status);
        if task.status == "COMPLETED" {
            let shots = reply["numSuccessfulShots"].as_i64().unwrap_or(task.shots);
            task.charge = task.rates.0 + task.rates.1 * shots;
        }
    }

    /// What all tasks cost together. Units: nano-dollars.
    pub fn spent(&self) -> i64 {
        self.tasks.values().map(|t| t.charge).sum()
    }
}

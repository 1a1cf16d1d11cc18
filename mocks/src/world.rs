//! The state of the stand-in, and the one function that moves it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::faults::{Fault, Faults, Kind};
use crate::http::{Delivery, Request, Response};
use crate::meter::{self, Meter};
use crate::s3::Objects;
use crate::time::{Now, http_date};
use crate::{braket, offers, sts};

/// When a task moves on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advance {
    /// Completed the first time it is asked for.
    FirstAsked,
    /// Completed so long after its creation. Units: milliseconds of the world's clock.
    After(u64),
}

/// What a world is like.
#[derive(Clone, Debug)]
pub struct Config {
    /// Seed of results and names.
    pub seed: u64,
    /// Account of callers whose access key is not one.
    pub account: String,
    /// When tasks move on.
    pub advance: Advance,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// How much faster than the wall the world's clock runs.
    pub clock_rate: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 0,
            account: "123456789012".to_owned(),
            advance: Advance::FirstAsked,
            faults: Vec::new(),
            clock_rate: 1,
        }
    }
}

/// A task as the service knows it.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub arn: String,
    pub region: String,
    pub device: String,
    pub device_parameters: String,
    pub shots: u64,
    pub bucket: String,
    pub directory: String,
    pub status: &'static str,
    pub created_ms: i64,
    pub ended_ms: Option<i64>,
    pub tags: BTreeMap<String, String>,
    pub body_hash: String,
    pub action: String,
    pub failure: Option<String>,
    pub reserved: bool,
    pub charge: i128,
}

impl Task {
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.status, "COMPLETED" | "FAILED" | "CANCELLED")
    }
}

/// Everything there is.
pub struct World {
    pub(crate) config: Config,
    pub(crate) id: String,
    pub(crate) tasks: Vec<Task>,
    pub(crate) by_arn: BTreeMap<String, usize>,
    pub(crate) by_token: BTreeMap<(String, String), usize>,
    pub(crate) objects: Objects,
    pub(crate) meter: Meter,
    pub(crate) counter: u64,
    faults: Faults,
}

/// Who asks, and where.
pub(crate) struct Caller {
    pub account: String,
    pub region: String,
    pub request_id: String,
}

impl World {
    /// A fresh world; `id` names it in every reply.
    pub fn new(config: Config, id: impl Into<String>) -> Self {
        let faults = Faults::new(config.faults.clone());
        Self {
            config,
            id: id.into(),
            tasks: Vec::new(),
            by_arn: BTreeMap::new(),
            by_token: BTreeMap::new(),
            objects: Objects::default(),
            meter: Meter::default(),
            counter: 0,
            faults,
        }
    }

    /// Its name.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What happened so far.
    pub fn meter(&self) -> Meter {
        self.meter
    }

    /// Arms a fault.
    pub fn arm(&mut self, fault: Fault) {
        self.faults.add(fault);
    }

    /// The state as one document.
    pub fn state(&self) -> Value {
        let tasks: Vec<Value> = self
            .tasks
            .iter()
            .map(|t| json!({"arn": t.arn, "status": t.status, "shots": t.shots, "device": t.device}))
            .collect();
        json!({"schema": "shotbook.mock/1", "world": self.id, "tasks": tasks, "objects": self.objects.names(),
            "meter": self.meter.json(), "faults": self.faults.names()})
    }

    /// Answers a request. The only way anything changes.
    pub fn handle(&mut self, now: Now, request: &Request) -> (Response, Delivery) {
        let caller = self.caller(request);
        let operation = operation(request);
        let fault = self.faults.meets(operation);
        let (response, delivery) = match fault.as_ref().and_then(Fault::instead) {
            Some(instead) => instead,
            None => {
                let mut response = self.serve(now, request, operation, &caller);
                if fault.as_ref().is_some_and(|f| f.kind == Kind::Duplicate) {
                    response = self.serve(now, request, operation, &caller);
                }
                match &fault {
                    Some(fault) => fault.after(response),
                    None => (response, Delivery::default()),
                }
            }
        };
        let response = response
            .with("x-shotbook-world", self.id.clone())
            .with("x-amzn-requestid", caller.request_id)
            .with("date", http_date(now.wall_ms));
        (response, delivery)
    }

    fn serve(&mut self, now: Now, request: &Request, operation: &'static str, caller: &Caller) -> Response {
        match operation {
            "Offers" => offers::csv(),
            "State" => Response::json(200, &self.state()),
            "GetCallerIdentity" => sts::handle(request, &caller.account, &caller.request_id),
            "GetObject" | "PutObject" | "S3" => self.objects.handle(request, &caller.region),
            _ => braket::handle(self, now, request, operation, caller),
        }
    }

    /// A digest of seed and counter: names without randomness of their own.
    pub(crate) fn draw(&mut self, what: &str) -> [u8; 16] {
        self.counter += 1;
        let digest = Sha256::digest(format!("{}|{}|{what}|{}", self.config.seed, self.id, self.counter));
        let mut out = [0; 16];
        out.copy_from_slice(&digest[..16]);
        out
    }

    pub(crate) fn uuid(&mut self, what: &str) -> String {
        let d: String = self.draw(what).iter().map(|b| format!("{b:02x}")).collect();
        format!("{}-{}-{}-{}-{}", &d[..8], &d[8..12], &d[12..16], &d[16..20], &d[20..])
    }

    fn caller(&mut self, request: &Request) -> Caller {
        let (key, region, _) = request.scope().unwrap_or_default();
        let is_account = key.len() == 12 && key.bytes().all(|b| b.is_ascii_digit());
        let account = if is_account { key } else { self.config.account.clone() };
        let region = if region.is_empty() { "us-east-1".to_owned() } else { region };
        Caller { account, region, request_id: self.uuid("request") }
    }

    /// Books what a completed task costs.
    pub(crate) fn bill(&mut self, index: usize, duration_ms: u64) {
        let task = &mut self.tasks[index];
        if !task.reserved {
            task.charge = meter::charge(&task.device, task.shots, duration_ms);
            self.meter.cost_nano_usd += task.charge;
        }
    }
}

/// The operation that a request names, by the service's paths; unsigned ones are S3's or ours.
fn operation(request: &Request) -> &'static str {
    let (method, path) = (request.method.as_str(), request.path());
    if path == offers::PATH {
        return "Offers";
    }
    if path == "/_shotbook/state" {
        return "State";
    }
    let service = request.scope().map(|(_, _, service)| service).unwrap_or_default();
    match service.as_str() {
        "sts" => return "GetCallerIdentity",
        "s3" => {
            let has_key = path.trim_start_matches('/').contains('/');
            return match (method, has_key) {
                ("GET" | "HEAD", true) => "GetObject",
                ("PUT", true) => "PutObject",
                _ => "S3",
            };
        }
        _ => {}
    }
    if method == "POST" && path == "/" {
        return "GetCallerIdentity";
    }
    braket::operation(method, path).unwrap_or(if service == "braket" { "Unknown" } else { "S3" })
}

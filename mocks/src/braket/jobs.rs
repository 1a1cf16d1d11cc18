//! Hybrid jobs and their life; their scripts are run elsewhere, or not at all.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Call, between, devices, error, invalid, page, tags_of, text, texts};
use crate::faults::Kind;
use crate::http::Response;
use crate::time::{Now, iso};
use crate::world::{Advance, World};

/// A job as the service knows it.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    arn: String,
    token: String,
    hash: Vec<u8>,
    request: Value,
    pub tags: BTreeMap<String, String>,
    pub status: &'static str,
    created_ms: i64,
    started_ms: Option<i64>,
    ended_ms: Option<i64>,
    fate: Option<Kind>,
    /// Whether a process decides when it ends.
    runs: bool,
    log: Log,
    reason: Option<String>,
    stop: Arc<AtomicBool>,
}

/// What stands in the log of a job whose script did not run.
const NOT_RUN: &str = "The stand-in runs no scripts; start it with --run-jobs to run this one.";
const IMAGE_ALONE: &str =
    "The stand-in runs no container images, and this job has no script beside its image.";

/// Most lines and bytes of one log; what comes after is lost.
const LINES: usize = 50_000;
const LOG_BYTES: usize = 8 << 20;

/// What a job printed, with the times, and its bytes together.
#[derive(Clone, Debug, Default)]
struct Log {
    lines: Vec<(i64, String)>,
    bytes: usize,
}

impl Log {
    fn push(&mut self, ms: i64, line: &str) {
        // The service keeps no empty events.
        let line = if line.is_empty() { " " } else { line };
        if self.lines.len() < LINES && self.bytes + line.len() <= LOG_BYTES {
            self.bytes += line.len();
            self.lines.push((ms, line.to_owned()));
        }
    }
}

impl Job {
    fn is_over(&self) -> bool {
        self.ended_ms.is_some()
    }

    pub(crate) fn request(&self) -> &Value {
        &self.request
    }

    pub(crate) fn log(&self) -> &[(i64, String)] {
        &self.log.lines
    }

    /// A line that it printed.
    pub(crate) fn say(&mut self, ms: i64, line: &str) {
        self.log.push(ms, line);
    }

    /// All that it printed, from somewhere else.
    pub(crate) fn set_log(&mut self, lines: Vec<(i64, String)>) {
        self.log = Log { bytes: lines.iter().map(|l| l.1.len()).sum(), lines };
    }

    pub(crate) fn stop_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }

    /// The name of its log stream. Source: the SDK's own search.
    pub(crate) fn stream(&self) -> String {
        let id = self.arn.rsplit('/').next().unwrap_or("");
        format!("{}/{id}/algo-1", text(&self.request, "jobName"))
    }

    /// Its script starts now; whether it may.
    pub(crate) fn begin(&mut self, now: Now) -> bool {
        let waits = self.status == "QUEUED" && !self.is_over();
        if waits {
            (self.status, self.started_ms) = ("RUNNING", Some(now.world_ms));
            self.log = Log::default();
        }
        waits
    }

    pub(crate) fn started_ms(&self) -> Option<i64> {
        self.started_ms
    }

    /// Its script came to an end; a world that lives again has not seen it start.
    pub(crate) fn end(
        &mut self,
        status: &'static str,
        reason: Option<String>,
        started_ms: Option<i64>,
        ended_ms: i64,
    ) {
        (self.status, self.reason, self.ended_ms) = (status, reason, Some(ended_ms));
        self.started_ms = started_ms
            .or(self.started_ms)
            .or(Some(self.created_ms))
            .filter(|_| status != "CANCELLED" || self.started_ms.is_some());
    }

    /// Moves it on as far as the clock says.
    fn advance(&mut self, advance: Advance, now: Now) {
        if self.runs && self.started_ms.is_some() {
            return;
        }
        let age = u64::try_from(now.world_ms - self.created_ms).unwrap_or(0);
        let (begins, ends) = match advance {
            Advance::FirstAsked => (0, 0),
            Advance::After(ms) => (ms / 2, ms),
        };
        if self.is_over() || self.fate == Some(Kind::Stuck) && self.status == "QUEUED" {
            return;
        }
        if self.status == "CANCELLING" {
            (self.status, self.ended_ms) = ("CANCELLED", Some(now.world_ms));
            return;
        }
        if self.runs {
            return;
        }
        if age >= begins && self.started_ms.is_none() {
            (self.status, self.started_ms) = ("RUNNING", Some(self.created_ms + begins as i64));
        }
        if age >= ends {
            let failed = self.fate == Some(Kind::FailTask);
            self.status = if failed { "FAILED" } else { "COMPLETED" };
            self.ended_ms =
                Some(now.world_ms.min(self.created_ms.saturating_add(ends as i64)).max(self.created_ms));
            let has_script = !self.request["algorithmSpecification"]["scriptModeConfig"].is_null();
            self.log.push(now.world_ms, if has_script { NOT_RUN } else { IMAGE_ALONE });
        }
    }

    fn device(&self) -> &str {
        self.request.pointer("/deviceConfig/device").and_then(Value::as_str).unwrap_or("")
    }

    fn events(&self) -> Vec<Value> {
        let event = |kind: &str, ms: i64| json!({"eventType": kind, "timeOfEvent": iso(ms), "message": ""});
        let mut out = vec![event("QUEUED_FOR_EXECUTION", self.created_ms)];
        if let Some(started) = self.started_ms {
            out.push(event("STARTING_INSTANCE", started));
            out.push(event("RUNNING", started));
        }
        if let Some(ended) = self.ended_ms {
            out.push(event(self.status, ended));
        }
        out
    }

    fn summary(&self) -> Value {
        let mut out = json!({"status": self.status, "jobArn": self.arn, "jobName": self.request["jobName"],
            "device": self.device(), "createdAt": iso(self.created_ms), "tags": self.tags});
        for (name, at) in [("startedAt", self.started_ms), ("endedAt", self.ended_ms)] {
            if let Some(at) = at {
                out[name] = json!(iso(at));
            }
        }
        out
    }

    fn json(&self) -> Value {
        let mut out = self.summary();
        if let Some(out) = out.as_object_mut() {
            out.remove("device");
        }
        for name in [
            "roleArn",
            "hyperParameters",
            "inputDataConfig",
            "outputDataConfig",
            "stoppingCondition",
            "checkpointConfig",
            "algorithmSpecification",
            "instanceConfig",
            "deviceConfig",
            "associations",
        ] {
            if !self.request[name].is_null() {
                out[name] = self.request[name].clone();
            }
        }
        if out["stoppingCondition"].is_null() {
            out["stoppingCondition"] = json!({"maxRuntimeInSeconds": 432_000});
        }
        out["events"] = json!(self.events());
        if let (Some(started), Some(ended)) = (self.started_ms, self.ended_ms) {
            out["billableDuration"] = json!(ended - started);
        }
        if self.status == "FAILED" {
            let made = "AlgorithmError: the job was made to fail, exit code: 1";
            out["failureReason"] = json!(self.reason.as_deref().unwrap_or(made));
        }
        out
    }
}

pub(super) fn create(world: &mut World, now: Now, call: &Call<'_>) -> Response {
    try_create(world, now, call).unwrap_or_else(|refusal| refusal)
}

fn try_create(world: &mut World, now: Now, call: &Call<'_>) -> Result<Response, Response> {
    let body = &call.body;
    let token = text(body, "clientToken");
    let own = call.caller.prefix("job/");
    let hash = Sha256::digest(&call.request.body).to_vec();
    let same = world.jobs.values().find(|j| j.token == token && j.arn.starts_with(&own));
    if let Some(same) = same {
        if same.hash != hash {
            return Err(error(409, "ConflictException", "The client token was used with other parameters."));
        }
        return Ok(Response::json(201, &json!({"jobArn": same.arn})));
    }
    let spec = &body["algorithmSpecification"];
    if spec["scriptModeConfig"].is_null() && spec["containerImage"].is_null() {
        return Err(invalid("algorithmSpecification must have scriptModeConfig or containerImage."));
    }
    let device = body.pointer("/deviceConfig/device").and_then(Value::as_str).unwrap_or("");
    if !device.starts_with("local:") {
        // A job may run elsewhere than its device.
        let home = device.split(':').nth(3).filter(|home| !home.is_empty());
        devices::accepting(world, device, home.unwrap_or(&call.caller.region))?;
    }
    if let Some(refusal) = devices::reservation_refusal(body, device, &call.caller.account) {
        return Err(refusal);
    }
    let running = world.jobs.values().filter(|j| j.arn.starts_with(&own) && !j.is_over()).count();
    if world.config.quotas && running >= 3 {
        let message = "The number of concurrent hybrid jobs exceeds the quota of 3.";
        return Err(error(402, "ServiceQuotaExceededException", message));
    }
    let arn = format!("{own}{}", world.uuid("job"));
    let job = Job {
        arn: arn.clone(),
        token: token.to_owned(),
        hash,
        request: body.clone(),
        tags: tags_of(body),
        status: "QUEUED",
        created_ms: now.world_ms,
        started_ms: None,
        ended_ms: None,
        fate: call.fate,
        runs: world.config.run_jobs && call.fate.is_none() && !spec["scriptModeConfig"].is_null(),
        log: Log::default(),
        reason: None,
        stop: Arc::new(AtomicBool::new(false)),
    };
    if job.runs {
        world.scripts.push_back(arn.clone());
    }
    world.jobs.insert(arn.clone(), job);
    Ok(Response::json(201, &json!({"jobArn": arn})))
}

fn find<'a>(world: &'a mut World, now: Now, call: &Call<'_>) -> Result<&'a mut Job, Response> {
    if !call.subject.contains(":job/") {
        return Err(invalid("The job ARN is not valid."));
    }
    let advance = world.config.advance;
    let here = call.subject.starts_with(&call.caller.prefix("job/"));
    let job = world.jobs.get_mut(&call.subject).filter(|_| here);
    let missing = || error(404, "ResourceNotFoundException", format!("Job {} is not found.", call.subject));
    let job = job.ok_or_else(missing)?;
    if call.request.method == "GET" {
        job.advance(advance, now);
    }
    Ok(job)
}

pub(super) fn get(world: &mut World, now: Now, call: &Call<'_>) -> Response {
    let job = match find(world, now, call) {
        Ok(job) => job,
        Err(refusal) => return refusal,
    };
    let mut out = job.json();
    if call.request.query("additionalAttributeNames").iter().any(|n| n == "QueueInfo") {
        out["queueInfo"] = if job.status == "QUEUED" {
            json!({"queue": "JOBS_QUEUE", "position": "1"})
        } else {
            let message = format!(
                "Job is in {} status. AmazonBraket does not show queue position for this status.",
                job.status
            );
            json!({"queue": "JOBS_QUEUE", "position": "None", "message": message})
        };
    }
    Response::json(200, &out)
}

pub(super) fn cancel(world: &mut World, now: Now, call: &Call<'_>) -> Response {
    match find(world, now, call) {
        Ok(job) if job.is_over() => {
            let message = format!("Amazon Braket cannot cancel a hybrid job in the {} status.", job.status);
            error(409, "ConflictException", message)
        }
        Ok(job) => {
            job.status = "CANCELLING";
            job.stop.store(true, Ordering::Relaxed);
            Response::json(200, &json!({"jobArn": job.arn, "cancellationStatus": "CANCELLING"}))
        }
        Err(refusal) => refusal,
    }
}

pub(super) fn search(world: &mut World, now: Now, call: &Call<'_>) -> Response {
    let (own, advance) = (call.caller.prefix("job/"), world.config.advance);
    if advance != Advance::FirstAsked {
        world.jobs.values_mut().for_each(|job| job.advance(advance, now));
    }
    let mut rows = Vec::new();
    for job in world.jobs.values().filter(|j| j.arn.starts_with(&own)) {
        let mut passes = true;
        for filter in call.body["filters"].as_array().into_iter().flatten() {
            match matches(job, filter) {
                Ok(yes) => passes &= yes,
                Err(refusal) => return refusal,
            }
        }
        if passes {
            rows.push(job);
        }
    }
    rows.sort_by_key(|job| std::cmp::Reverse(job.created_ms));
    page(rows.into_iter().map(|job| (job.arn.as_str(), || job.summary())).collect(), &call.body, "jobs", 10)
}

fn matches(job: &Job, filter: &Value) -> Result<bool, Response> {
    let (name, operator) = (text(filter, "name"), text(filter, "operator"));
    let values = texts(&filter["values"]);
    let own = match name {
        "jobArn" => job.arn.as_str(),
        "jobName" => text(&job.request, "jobName"),
        "deviceArn" => job.device(),
        "status" => job.status,
        "createdAt" => return between(job.created_ms, operator, &values),
        other => {
            let Some(key) = other.strip_prefix("tags:") else {
                return Err(invalid(format!("Filter {other} is not supported.")));
            };
            return Ok(job.tags.get(key).is_some_and(|v| values.contains(&v.as_str())));
        }
    };
    match operator {
        "EQUAL" => Ok(values.contains(&own)),
        "CONTAINS" => Ok(values.iter().any(|v| own.contains(v))),
        other => Err(invalid(format!("Operator {other} is not supported for filter {name}."))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_has_an_end() {
        let mut log = Log::default();
        let line = "x".repeat(LOG_BYTES / 3);
        for _ in 0..9 {
            log.push(0, &line);
        }
        log.push(1, "");
        let lengths: Vec<usize> = log.lines.iter().map(|l| l.1.len()).collect();
        assert_eq!(lengths, [line.len(), line.len(), line.len(), 1]);
        assert_eq!(log.bytes, 3 * line.len() + 1);
    }
}

//! Quantum tasks: create, get, cancel, search.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use shotbook_sim::target::{Device, DeviceKind};

use super::task::Task;
use super::{Call, between, devices, error, invalid, page, tags_of, text, texts};
use crate::faults::Kind;
use crate::http::Response;
use crate::meter;
use crate::run::{self, Outcome, Refusal};
use crate::time::Now;
use crate::world::{Advance, World};

/// Largest action. Source: Developer Guide, quotas. Units: bytes.
const ACTION_BYTES: usize = 5_000_000;
/// Tasks that a world keeps: more is a mistake of the caller.
const TASKS: usize = 1_000_000;

pub(super) fn create(world: &mut World, now: Now, call: &Call<'_>) -> Response {
    try_create(world, now, call).unwrap_or_else(|refusal| refusal)
}

fn try_create(world: &mut World, now: Now, call: &Call<'_>) -> Result<Response, Response> {
    let body = &call.body;
    let key = (call.caller.prefix("quantum-task/"), text(body, "clientToken").to_owned());
    let body_hash: [u8; 32] = Sha256::digest(&call.request.body).into();
    let known = world.by_token.get(&key).filter(|_| call.fate != Some(Kind::ForgetTokens));
    if let Some(&i) = known {
        let task = &world.tasks[i];
        if task.body_hash != body_hash {
            return Err(invalid("The client token was used with other parameters."));
        }
        world.meter.duplicate_tokens += 1;
        return Ok(Response::json(201, &json!({"quantumTaskArn": task.arn})));
    }
    let (action, bucket) = (text(body, "action"), text(body, "outputS3Bucket"));
    let shots = body["shots"].as_u64().unwrap_or(0);
    if action.len() > ACTION_BYTES {
        return Err(invalid("The action exceeds the maximum size of 5 MB."));
    }
    if tags_of(body).keys().any(|k| k.starts_with("aws:")) {
        return Err(invalid("Tag keys must not start with aws:."));
    }
    let device = devices::accepting(world, text(body, "deviceArn"), &call.caller.region)?;
    if call.fate == Some(Kind::Offline) {
        return Err(devices::offline(&device.arn));
    }
    if let Some(refusal) = devices::reservation_refusal(body, &device.arn, &call.caller.account) {
        return Err(refusal);
    }
    if !world.objects.has_bucket(bucket) {
        return Err(invalid(format!("Caller doesn't have access to {bucket}.")));
    }
    if world.tasks.len() >= TASKS {
        return Err(error(402, "ServiceQuotaExceededException", "This stand-in is full."));
    }
    concurrency(world, device, &key.0, &call.caller.region)?;
    let mut action = run::read(action, device, shots).map_err(refused)?;
    mitigation(body, device, shots)?;
    if world.config.noise {
        action.add_noise(device, shots);
    }
    let limit = spend(world, now, call, device, shots)?;
    let id = world.uuid("task");
    let task = Task {
        arn: format!("{}{id}", key.0),
        device: device.arn.clone(),
        device_parameters: body["deviceParameters"].as_str().unwrap_or("{}").to_owned(),
        shots,
        bucket: bucket.to_owned(),
        directory: format!("{}/{id}", text(body, "outputS3KeyPrefix").trim_end_matches('/')),
        status: "CREATED",
        created_ms: now.world_ms,
        ended_ms: None,
        tags: tags_of(body),
        body_hash,
        action: Arc::new(action),
        failure: None,
        associations: body["associations"].clone(),
        job: body["jobToken"].as_str().map(|t| format!("{}{t}", call.caller.prefix("job/"))),
        experimental: body.get("experimentalCapabilities").filter(|v| !v.is_null()).cloned(),
        charge: 0,
        fate: call.fate,
        fate_ms: call.fault_ms,
        limit,
        outcome: OnceLock::new(),
        past: None,
        stop: Arc::new(AtomicBool::new(false)),
    };
    let out = json!({"quantumTaskArn": task.arn});
    world.admit(task, key);
    Ok(Response::json(201, &out))
}

/// The service's words for a program that it refuses.
fn refused(refusal: Refusal) -> Response {
    match refusal {
        Refusal::Whole(why) => invalid(why),
        Refusal::Set(failures) => {
            let rows: Vec<Value> = failures
                .into_iter()
                .map(|(program, inputs, why)| {
                    let mut row = json!({"programIndex": program, "errors": [why]});
                    if let Some(inputs) = inputs {
                        row["inputsIndex"] = json!(inputs);
                    }
                    row
                })
                .collect();
            let body = json!({"message": "Program set validation failed.",
                "reason": "ProgramSetValidationFailed", "programSetValidationFailures": rows});
            Response::json(400, &body).with("x-amzn-errortype", "ValidationException")
        }
    }
}

/// Whether the device mitigates errors, and with so few shots, where that is asked for.
fn mitigation(body: &Value, device: &Device, shots: u64) -> Result<(), Response> {
    if !run::is_mitigated(text(body, "deviceParameters")) {
        return Ok(());
    }
    let Some(least) = &device.debias_min_shots else {
        return Err(invalid(format!("Error mitigation is not supported for {}.", device.arn)));
    };
    let reserved = body["associations"].as_array().is_some_and(|a| !a.is_empty());
    let least = if reserved { least.reserved } else { least.on_demand };
    if shots < least {
        return Err(invalid(format!("Error mitigation requires at least {least} shots, not {shots}.")));
    }
    Ok(())
}

fn concurrency(world: &World, device: &Device, own: &str, region: &str) -> Result<(), Response> {
    if !world.config.quotas || device.kind != DeviceKind::Simulator {
        return Ok(());
    }
    let most = device.concurrent_tasks.iter().find(|(r, _)| r == region).map_or(100, |(_, n)| *n);
    let mine = |t: &&Task| t.device == device.arn && !t.is_over() && t.arn.starts_with(own);
    if (world.tasks.iter().filter(mine).count() as u64) < u64::from(most) {
        return Ok(());
    }
    let message = format!("You have exceeded the maximum number of concurrent quantum tasks: {most}.");
    Err(error(402, "ServiceQuotaExceededException", message))
}

/// The spending limit that a task counts in, with its estimate.
fn spend(
    world: &mut World,
    now: Now,
    call: &Call<'_>,
    device: &Device,
    shots: u64,
) -> Result<Option<(String, i128)>, Response> {
    let reserved = call.body["associations"].as_array().is_some_and(|a| !a.is_empty());
    let own = call.caller.prefix("");
    let mut mine = world.limits.values_mut().filter(|l| l.device == device.arn && l.arn.starts_with(&own));
    let Some(limit) = mine.next().filter(|_| !reserved) else { return Ok(None) };
    let estimate = meter::charge(&device.arn, shots, 0);
    match limit.refusal(estimate, now) {
        Some(why) => Err(invalid(why)),
        None => {
            limit.queue(estimate);
            Ok(Some((limit.arn.clone(), estimate)))
        }
    }
}

/// Whether a task has nothing to wait for but its simulation.
pub(crate) fn is_due(world: &World, task: &Task, now: Now) -> bool {
    let age = u64::try_from(now.world_ms - task.created_ms).unwrap_or(0);
    match world.config.advance {
        Advance::FirstAsked => true,
        Advance::After(ms) => age >= ms,
    }
}

/// Moves a task on as far as the clock says.
pub(crate) fn advance(world: &mut World, index: usize, now: Now) {
    let task = &world.tasks[index];
    if task.is_over() || !world.may_end(index) {
        return;
    }
    if task.status == "CANCELLING" && task.fate != Some(Kind::CancelLoses) {
        world.end(index, now, "CANCELLED", None);
        return;
    }
    if task.fate == Some(Kind::Stuck) {
        world.tasks[index].status = "QUEUED";
        return;
    }
    let age = u64::try_from(now.world_ms - task.created_ms).unwrap_or(0);
    if !is_due(world, task, now) || !world.is_open(task, now) {
        let running = matches!(world.config.advance, Advance::After(ms) if age >= ms / 2);
        let running = running && world.is_open(task, now);
        if task.status != "CANCELLING" {
            world.tasks[index].status = if running { "RUNNING" } else { "QUEUED" };
        }
        return;
    }
    if task.fate == Some(Kind::FailTask) {
        world.end(index, now, "FAILED", Some("The device failed while it ran the task.".to_owned()));
        return;
    }
    world.simulate_here(index);
    let task = &world.tasks[index];
    match task.outcome.get() {
        None if task.is_remembered() => world.end(index, now, "COMPLETED", None),
        None if task.status == "CANCELLING" => {}
        None => world.tasks[index].status = "RUNNING",
        Some(Outcome::Failed(why)) => {
            let why = why.clone();
            world.end(index, now, "FAILED", Some(why));
        }
        Some(Outcome::Ran { .. }) => world.end(index, now, "COMPLETED", None),
    }
}

/// The simulation of a task, its seed drawn from the world's and its place.
pub(crate) fn seed(world_seed: u64, index: usize) -> u64 {
    let digest = Sha256::digest(format!("{world_seed}|{index}"));
    digest.iter().take(8).fold(0, |acc, b| acc << 8 | u64::from(*b))
}

fn find(world: &World, call: &Call<'_>) -> Result<usize, Response> {
    if !call.subject.starts_with("arn:aws") || !call.subject.contains(":quantum-task/") {
        return Err(invalid("The quantum task ARN is not valid."));
    }
    // A task lives in one region of one account.
    let here = call.subject.starts_with(&call.caller.prefix("quantum-task/"));
    let index = world.by_arn.get(&call.subject).filter(|_| here).copied();
    index.ok_or_else(|| {
        error(404, "ResourceNotFoundException", format!("Quantum task {} is not found.", call.subject))
    })
}

pub(super) fn get(world: &mut World, now: Now, call: &Call<'_>) -> Response {
    let index = match find(world, call) {
        Ok(index) => index,
        Err(response) => return response,
    };
    if call.fate != Some(Kind::Stale) {
        advance(world, index, now);
    }
    let task = &world.tasks[index];
    let mut out = task.json();
    if call.fate == Some(Kind::Stale) {
        out["status"] = json!("CREATED");
        for later in ["endedAt", "numSuccessfulShots", "failureReason"] {
            out.as_object_mut().and_then(|o| o.remove(later));
        }
    }
    if call.request.query("additionalAttributeNames").iter().any(|n| n == "QueueInfo") {
        out["queueInfo"] = task.queue();
    }
    Response::json(200, &out)
}

pub(super) fn cancel(world: &mut World, _now: Now, call: &Call<'_>) -> Response {
    let index = match find(world, call) {
        Ok(index) => index,
        Err(response) => return response,
    };
    let task = &mut world.tasks[index];
    if task.is_over() {
        let message = format!("Amazon Braket cannot cancel a quantum task in the {} status.", task.status);
        return error(409, "ConflictException", message);
    }
    task.status = "CANCELLING";
    if task.fate != Some(Kind::CancelLoses) {
        task.stop.store(true, Ordering::Relaxed);
    }
    Response::json(200, &json!({"quantumTaskArn": task.arn, "cancellationStatus": "CANCELLING"}))
}

pub(super) fn search(world: &mut World, now: Now, call: &Call<'_>) -> Response {
    let own = call.caller.prefix("quantum-task/");
    if world.config.advance != Advance::FirstAsked {
        for index in 0..world.tasks.len() {
            advance(world, index, now);
        }
    }
    let lag = if call.fate == Some(Kind::SearchLag) { call.fault_ms } else { 0 };
    let youngest = now.world_ms.saturating_sub(lag);
    let filters = call.body["filters"].as_array().map_or(&[][..], Vec::as_slice);
    let mut rows = Vec::new();
    for task in world.tasks.iter().rev().filter(|t| t.arn.starts_with(&own) && t.created_ms <= youngest) {
        let mut passes = true;
        for filter in filters {
            match matches(task, filter) {
                Ok(yes) => passes &= yes,
                Err(response) => return response,
            }
        }
        if passes {
            rows.push((task.arn.as_str(), task));
        }
    }
    page_of(rows, call)
}

/// Only the rows of the page become JSON: there may be very many tasks.
fn page_of(rows: Vec<(&str, &Task)>, call: &Call<'_>) -> Response {
    page(
        rows.into_iter().map(|(arn, task)| (arn, move || task.summary())).collect(),
        &call.body,
        "quantumTasks",
        10,
    )
}

fn matches(task: &Task, filter: &Value) -> Result<bool, Response> {
    let (name, operator) = (text(filter, "name"), text(filter, "operator"));
    let values = texts(&filter["values"]);
    let own = match name {
        "quantumTaskArn" => task.arn.as_str(),
        "deviceArn" => task.device.as_str(),
        "status" => task.status,
        "jobArn" => task.job.as_deref().unwrap_or(""),
        "createdAt" => return between(task.created_ms, operator, &values),
        other => return Err(invalid(format!("Filter {other} is not supported."))),
    };
    match operator {
        "EQUAL" => Ok(values.contains(&own)),
        other => Err(invalid(format!("Operator {other} is not supported for filter {name}."))),
    }
}

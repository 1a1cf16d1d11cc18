//! Quantum tasks: create, get, cancel, search.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use shotbook_sim::target::{Catalogue, Device, DeviceState};

use super::{Call, error, page};
use crate::http::Response;
use crate::results;
use crate::time::{Now, iso, parse_iso};
use crate::world::{Advance, Task, World};

/// Largest action. Source: Developer Guide, quotas. Units: bytes.
const ACTION_BYTES: usize = 5_000_000;

fn invalid(message: impl Into<String>) -> Response {
    error(400, "ValidationException", message)
}

fn text<'a>(body: &'a Value, name: &str, most: usize) -> Result<&'a str, Response> {
    match body[name].as_str() {
        None => Err(invalid(format!("{name} is required."))),
        Some(t) if t.is_empty() || t.len() > most => {
            Err(invalid(format!("{name} must have 1 to {most} characters.")))
        }
        Some(t) => Ok(t),
    }
}

pub(super) fn create(world: &mut World, now: Now, call: &Call<'_>) -> Response {
    match try_create(world, now, call) {
        Ok(response) | Err(response) => response,
    }
}

fn try_create(world: &mut World, now: Now, call: &Call<'_>) -> Result<Response, Response> {
    let body = &call.body;
    let token = text(body, "clientToken", 64)?;
    let device_arn = text(body, "deviceArn", 256)?;
    let action = text(body, "action", usize::MAX)?;
    let bucket = text(body, "outputS3Bucket", 63)?;
    let prefix = text(body, "outputS3KeyPrefix", 1024)?;
    let Some(shots) = body["shots"].as_u64() else {
        return Err(invalid("shots is required and not negative."));
    };
    let key = (call.caller.account.clone(), token.to_owned());
    let body_hash: String = Sha256::digest(&call.request.body).iter().map(|b| format!("{b:02x}")).collect();
    if let Some(&i) = world.by_token.get(&key) {
        let task = &world.tasks[i];
        if task.body_hash != body_hash {
            return Err(invalid("The client token was used with other parameters."));
        }
        world.meter.duplicate_tokens += 1;
        return Ok(Response::json(201, &json!({"quantumTaskArn": task.arn})));
    }
    if action.len() > ACTION_BYTES {
        return Err(invalid("The action exceeds the maximum size of 5 MB."));
    }
    let device = device(device_arn, &call.caller.region)?;
    if !world.objects.has_bucket(bucket) {
        return Err(invalid(format!("Caller doesn't have access to {bucket}.")));
    }
    results::read(action, device, shots).map_err(invalid)?;
    let mut tags = BTreeMap::new();
    for (name, value) in body["tags"].as_object().into_iter().flatten() {
        tags.insert(name.clone(), value.as_str().unwrap_or_default().to_owned());
    }
    let id = world.uuid("task");
    let task = Task {
        arn: format!("arn:aws:braket:{}:{}:quantum-task/{id}", call.caller.region, call.caller.account),
        region: call.caller.region.clone(),
        device: device.arn.clone(),
        device_parameters: body["deviceParameters"].as_str().unwrap_or("{}").to_owned(),
        shots,
        bucket: bucket.to_owned(),
        directory: format!("{}/{id}", prefix.trim_end_matches('/')),
        status: "CREATED",
        created_ms: now.world_ms,
        ended_ms: None,
        tags,
        body_hash,
        action: action.to_owned(),
        failure: None,
        reserved: body["associations"].as_array().is_some_and(|a| !a.is_empty()),
        charge: 0,
    };
    let index = world.tasks.len();
    world.by_arn.insert(task.arn.clone(), index);
    world.by_token.insert(key, index);
    world.meter.creates += 1;
    let out = json!({"quantumTaskArn": task.arn});
    world.tasks.push(task);
    Ok(Response::json(201, &out))
}

fn device(arn: &str, region: &str) -> Result<&'static Device, Response> {
    let catalogue = Catalogue::embedded();
    if catalogue.retired().iter().any(|r| r.arn == arn) {
        return Err(error(410, "DeviceRetiredException", format!("Device {arn} is retired.")));
    }
    let device = catalogue.devices().iter().find(|d| d.arn == arn);
    let device = device.ok_or_else(|| invalid(format!("Device {arn} is not found.")))?;
    if device.region().is_some_and(|home| home != region) {
        return Err(invalid(format!("Device {arn} is not available in {region}.")));
    }
    match device.status.state {
        DeviceState::Retired => {
            Err(error(410, "DeviceRetiredException", format!("Device {arn} is retired.")))
        }
        DeviceState::Online | DeviceState::Offline => Ok(device),
    }
}

/// Moves a task on as far as the clock says.
fn advance(world: &mut World, index: usize, now: Now) {
    let task = &world.tasks[index];
    if task.is_over() {
        return;
    }
    let age = u64::try_from(now.world_ms - task.created_ms).unwrap_or(0);
    let due = match world.config.advance {
        Advance::FirstAsked => true,
        Advance::After(ms) => age >= ms,
    };
    if task.status == "CANCELLING" {
        finish(world, index, now, "CANCELLED", None);
        return;
    }
    if !due {
        let running = matches!(world.config.advance, Advance::After(ms) if age >= ms / 2);
        world.tasks[index].status = if running { "RUNNING" } else { "QUEUED" };
        return;
    }
    complete(world, index, now);
}

fn complete(world: &mut World, index: usize, now: Now) {
    let task = world.tasks[index].clone();
    let Some(device) = Catalogue::embedded().devices().iter().find(|d| d.arn == task.device) else { return };
    let digest = Sha256::digest(format!("{}|{}", world.config.seed, index));
    let seed = u64::from_be_bytes([
        digest[0], digest[1], digest[2], digest[3], digest[4], digest[5], digest[6], digest[7],
    ]);
    let ran = results::read(&task.action, device, task.shots).and_then(|p| p.run(task.shots, seed, device));
    match ran {
        Err(reason) => finish(world, index, now, "FAILED", Some(reason)),
        Ok(mut ran) => {
            finish(world, index, now, "COMPLETED", None);
            ran.file["taskMetadata"] = json!({
                "braketSchemaHeader": {"name": "braket.task_result.task_metadata", "version": "1"},
                "id": task.arn, "shots": task.shots, "deviceId": task.device,
                "createdAt": iso(task.created_ms), "endedAt": iso(now.world_ms), "status": "COMPLETED",
            });
            let key = format!("{}/results.json", task.directory);
            world.objects.put(&task.bucket, &key, ran.file.to_string().into_bytes());
            world.bill(index, ran.duration_ms);
        }
    }
}

fn finish(world: &mut World, index: usize, now: Now, status: &'static str, failure: Option<String>) {
    let task = &mut world.tasks[index];
    task.status = status;
    task.failure = failure;
    task.ended_ms = Some(now.world_ms);
}

fn find(world: &World, call: &Call<'_>) -> Result<usize, Response> {
    let missing =
        || error(404, "ResourceNotFoundException", format!("Quantum task {} is not found.", call.subject));
    let index = *world.by_arn.get(&call.subject).ok_or_else(missing)?;
    let task = &world.tasks[index];
    // A task lives in one region of one account.
    let here = task.region == call.caller.region && task.arn.contains(&format!(":{}:", call.caller.account));
    if here { Ok(index) } else { Err(missing()) }
}

pub(super) fn get(world: &mut World, now: Now, call: &Call<'_>) -> Response {
    let index = match find(world, call) {
        Ok(index) => index,
        Err(response) => return response,
    };
    advance(world, index, now);
    let task = &world.tasks[index];
    let mut out = json!({
        "quantumTaskArn": task.arn, "status": task.status, "deviceArn": task.device,
        "deviceParameters": task.device_parameters, "shots": task.shots, "outputS3Bucket": task.bucket,
        "outputS3Directory": task.directory, "createdAt": iso(task.created_ms), "tags": task.tags,
        "actionMetadata": {"actionType": "braket.ir.openqasm.program"},
    });
    if let Some(ended) = task.ended_ms {
        out["endedAt"] = json!(iso(ended));
    }
    if let Some(reason) = &task.failure {
        out["failureReason"] = json!(reason);
    }
    if task.status == "COMPLETED" {
        out["numSuccessfulShots"] = json!(task.shots);
    }
    if call.request.query("additionalAttributeNames").iter().any(|n| n == "QueueInfo") {
        let message = format!(
            "Task is in {} status. AmazonBraket does not show queue position for this status.",
            task.status
        );
        out["queueInfo"] = if task.status == "QUEUED" {
            json!({"queue": "QUANTUM_TASKS_QUEUE", "position": "1", "queuePriority": "Normal"})
        } else {
            json!({"queue": "QUANTUM_TASKS_QUEUE", "position": "None", "queuePriority": "Normal", "message": message})
        };
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
    Response::json(200, &json!({"quantumTaskArn": task.arn, "cancellationStatus": "CANCELLING"}))
}

pub(super) fn search(world: &mut World, _now: Now, call: &Call<'_>) -> Response {
    let Some(filters) = call.body["filters"].as_array() else { return invalid("filters is required.") };
    let mut rows = Vec::new();
    for task in world.tasks.iter().rev() {
        let here =
            task.region == call.caller.region && task.arn.contains(&format!(":{}:", call.caller.account));
        let mut passes = here;
        for filter in filters {
            match matches(task, filter) {
                Ok(yes) => passes &= yes,
                Err(response) => return response,
            }
        }
        if passes {
            let mut row = json!({
                "quantumTaskArn": task.arn, "status": task.status, "deviceArn": task.device, "shots": task.shots,
                "outputS3Bucket": task.bucket, "outputS3Directory": task.directory,
                "createdAt": iso(task.created_ms), "tags": task.tags,
            });
            if let Some(ended) = task.ended_ms {
                row["endedAt"] = json!(iso(ended));
            }
            rows.push(row);
        }
    }
    page(rows, &call.body, "quantumTasks")
}

fn matches(task: &Task, filter: &Value) -> Result<bool, Response> {
    let values: Vec<&str> =
        filter["values"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if values.is_empty() || values.len() > 10 {
        return Err(invalid("A filter has 1 to 10 values."));
    }
    let operator = filter["operator"].as_str().unwrap_or("");
    let own = match filter["name"].as_str().unwrap_or("") {
        "quantumTaskArn" => task.arn.as_str(),
        "deviceArn" => task.device.as_str(),
        "status" => task.status,
        "jobArn" => "",
        "createdAt" => return between(task.created_ms, operator, &values),
        other => return Err(invalid(format!("Filter {other:?} is not supported."))),
    };
    match operator {
        "EQUAL" => Ok(values.contains(&own)),
        other => Err(invalid(format!("Operator {other:?} is not supported for this filter."))),
    }
}

fn between(own: i64, operator: &str, values: &[&str]) -> Result<bool, Response> {
    let times: Option<Vec<i64>> = values.iter().map(|v| parse_iso(v)).collect();
    let Some(times) = times else { return Err(invalid("createdAt takes ISO 8601 times.")) };
    Ok(match (operator, times.as_slice()) {
        ("LT", [t, ..]) => own < *t,
        ("LTE", [t, ..]) => own <= *t,
        ("EQUAL", [t, ..]) => own == *t,
        ("GT", [t, ..]) => own > *t,
        ("GTE", [t, ..]) => own >= *t,
        ("BETWEEN", [from, to]) => (*from..=*to).contains(&own),
        _ => return Err(invalid(format!("Operator {operator:?} is not supported."))),
    })
}

//! Amazon Braket: one row per operation, shapes of the service model of 2019-09-01.

mod capabilities;
mod devices;
mod jobs;
mod model;
mod script;
mod spending;
mod tags;
mod task;
pub(crate) mod tasks;

pub(crate) use capabilities::CALIBRATIONS;
pub(crate) use devices::calibrations;
pub(crate) use jobs::Job;
pub(crate) use script::{Left, Report, Script};
pub(crate) use spending::Limit;
pub(crate) use task::{Past, Task};

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::faults::{Fault, Kind};
use crate::http::{Request, Response, decode};
use crate::time::{Now, parse_iso};
use crate::world::{Caller, World};

type Handler = fn(&mut World, Now, &Call<'_>) -> Response;

/// An operation: method, path before and after its one variable segment, name, shape, what answers it.
struct Operation {
    method: &'static str,
    prefix: &'static str,
    suffix: &'static str,
    name: &'static str,
    shape: &'static [model::Field],
    handler: Handler,
}

macro_rules! rows {
    ($($method:literal $prefix:literal $suffix:literal $name:ident $shape:ident $handler:path;)*) => {
        &[$(Operation { method: $method, prefix: $prefix, suffix: $suffix, name: stringify!($name),
            shape: model::$shape, handler: $handler }),*]
    };
}

#[rustfmt::skip]
static OPERATIONS: &[Operation] = rows! {
    "POST" "/quantum-task" "" CreateQuantumTask CREATE_TASK tasks::create;
    "POST" "/quantum-tasks" "" SearchQuantumTasks SEARCH_TASKS tasks::search;
    "GET" "/quantum-task/" "" GetQuantumTask NOTHING tasks::get;
    "PUT" "/quantum-task/" "/cancel" CancelQuantumTask CANCEL_TASK tasks::cancel;
    "GET" "/device/" "" GetDevice NOTHING devices::get;
    "POST" "/devices" "" SearchDevices SEARCH_DEVICES devices::search;
    "GET" "/tags/" "" ListTagsForResource NOTHING tags::list;
    "POST" "/tags/" "" TagResource TAG tags::add;
    "DELETE" "/tags/" "" UntagResource NOTHING tags::remove;
    "POST" "/spending-limit" "" CreateSpendingLimit CREATE_LIMIT spending::create;
    "PATCH" "/spending-limit/" "/update" UpdateSpendingLimit UPDATE_LIMIT spending::update;
    "DELETE" "/spending-limit/" "/delete" DeleteSpendingLimit NOTHING spending::delete;
    "POST" "/spending-limits" "" SearchSpendingLimits SEARCH_LIMITS spending::search;
    "POST" "/job" "" CreateJob CREATE_JOB jobs::create;
    "GET" "/job/" "" GetJob NOTHING jobs::get;
    "PUT" "/job/" "/cancel" CancelJob NOTHING jobs::cancel;
    "POST" "/jobs" "" SearchJobs SEARCH_JOBS jobs::search;
};

/// A call with its decoded variable and body.
pub(crate) struct Call<'a> {
    pub request: &'a Request,
    pub caller: &'a Caller,
    /// The ARN in the path, decoded.
    pub subject: String,
    pub body: Value,
    /// What a fault makes of the thing that this call creates.
    pub fate: Option<Kind>,
    /// The time that the fault takes, if there is one. Units: milliseconds.
    pub fault_ms: i64,
}

fn find(method: &str, path: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|o| {
        if o.method != method {
            return false;
        }
        if !o.prefix.ends_with('/') {
            return path == o.prefix;
        }
        let Some(rest) = path.strip_prefix(o.prefix).and_then(|r| r.strip_suffix(o.suffix)) else {
            return false;
        };
        // An ARN is one encoded segment; a router that decodes first would split it.
        !rest.is_empty() && !rest.contains('/')
    })
}

/// The operation of a method and path.
pub(crate) fn operation(method: &str, path: &str) -> Option<&'static str> {
    find(method, path).map(|o| o.name)
}

/// Whether a name is an operation of the service.
pub(crate) fn is_operation(name: &str) -> bool {
    OPERATIONS.iter().any(|o| o.name == name)
}

/// Answers a call.
pub(crate) fn handle(
    world: &mut World,
    now: Now,
    request: &Request,
    caller: &Caller,
    fault: Option<&Fault>,
) -> Response {
    let Some(operation) = find(&request.method, request.path()) else {
        return error(404, "UnknownOperationException", "There is no such operation.");
    };
    let subject = request
        .path()
        .strip_prefix(operation.prefix)
        .and_then(|r| r.strip_suffix(operation.suffix))
        .map(decode)
        .unwrap_or_default();
    let body = if request.body.is_empty() {
        Value::Null
    } else {
        match serde_json::from_slice(&request.body) {
            Ok(body) => body,
            Err(_) => return error(400, "ValidationException", "The request body is not valid JSON."),
        }
    };
    if !operation.shape.is_empty()
        && let Err(why) = model::check(operation.shape, &body)
    {
        return error(400, "ValidationException", why);
    }
    if let Err(why) = model::check_address(&subject, &request.query("additionalAttributeNames")) {
        return error(400, "ValidationException", why);
    }
    let fate = fault.map(|f| f.kind);
    let fault_ms = i64::try_from(fault.map_or(0, |f| f.delay_ms)).unwrap_or(i64::MAX);
    (operation.handler)(world, now, &Call { request, caller, subject, body, fate, fault_ms })
}

/// An error in the service's form.
pub(crate) fn error(status: u16, kind: &str, message: impl Into<String>) -> Response {
    Response::json(status, &json!({"message": message.into()})).with("x-amzn-errortype", kind)
}

/// Fails with the service's words for a request that makes no sense.
fn invalid(message: impl Into<String>) -> Response {
    error(400, "ValidationException", message)
}

/// A text member that the shape of the request has required already.
fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body[name].as_str().unwrap_or("")
}

/// The texts of a list.
fn texts(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The tags of a request.
fn tags_of(body: &Value) -> BTreeMap<String, String> {
    let given = body["tags"].as_object().into_iter().flatten();
    given.map(|(k, v)| (k.clone(), v.as_str().unwrap_or("").to_owned())).collect()
}

/// Judges one filter over a time. Units: milliseconds.
fn between(own: i64, operator: &str, values: &[&str]) -> Result<bool, Response> {
    let times: Option<Vec<i64>> = values.iter().map(|v| parse_iso(v)).collect();
    let Some(times) = times else { return Err(invalid("createdAt takes ISO 8601 times.")) };
    Ok(match (operator, times.as_slice()) {
        ("LT", [t]) => own < *t,
        ("LTE", [t]) => own <= *t,
        ("EQUAL", any) => any.contains(&own),
        ("GT", [t]) => own > *t,
        ("GTE", [t]) => own >= *t,
        ("BETWEEN", [from, to]) => (*from..=*to).contains(&own),
        _ => return Err(invalid(format!("Operator {operator} does not take {} values.", values.len()))),
    })
}

/// One page of rows, by `maxResults` and a `nextToken` that names the first row of the next page.
///
/// Rows that appear meanwhile must not show a row twice, so a token is a row and not a position.
fn page<F: FnOnce() -> Value>(rows: Vec<(&str, F)>, body: &Value, key: &str, default: usize) -> Response {
    let size = body["maxResults"].as_u64().map_or(default, |n| n as usize);
    let start = match body["nextToken"].as_str() {
        None => 0,
        Some(token) => match rows.iter().position(|(id, _)| page_token(id) == token) {
            Some(start) => start,
            None => return invalid("The nextToken is invalid."),
        },
    };
    let next = rows.get(start + size).map(|(id, _)| page_token(id));
    let shown: Vec<Value> = rows.into_iter().skip(start).take(size).map(|(_, row)| row()).collect();
    let mut out = json!({ key: shown });
    if let Some(next) = next {
        out["nextToken"] = json!(next);
    }
    Response::json(200, &out)
}

fn page_token(id: &str) -> String {
    Sha256::digest(id).iter().take(16).map(|b| format!("{b:02x}")).collect()
}

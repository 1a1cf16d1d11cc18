//! Amazon Braket: one row per operation, shapes of the service model of 2019-09-01.

mod devices;
mod tags;
mod tasks;

use serde_json::{Value, json};

use crate::http::{Request, Response, decode};
use crate::time::Now;
use crate::world::{Caller, World};

type Handler = fn(&mut World, Now, &Call<'_>) -> Response;

/// An operation: method, path before and after its one variable segment, name, what answers it.
struct Operation {
    method: &'static str,
    prefix: &'static str,
    suffix: &'static str,
    name: &'static str,
    handler: Handler,
}

const fn row(
    method: &'static str,
    prefix: &'static str,
    suffix: &'static str,
    name: &'static str,
    handler: Handler,
) -> Operation {
    Operation { method, prefix, suffix, name, handler }
}

static OPERATIONS: [Operation; 9] = [
    row("POST", "/quantum-task", "", "CreateQuantumTask", tasks::create),
    row("POST", "/quantum-tasks", "", "SearchQuantumTasks", tasks::search),
    row("GET", "/quantum-task/", "", "GetQuantumTask", tasks::get),
    row("PUT", "/quantum-task/", "/cancel", "CancelQuantumTask", tasks::cancel),
    row("GET", "/device/", "", "GetDevice", devices::get),
    row("POST", "/devices", "", "SearchDevices", devices::search),
    row("GET", "/tags/", "", "ListTagsForResource", tags::list),
    row("POST", "/tags/", "", "TagResource", tags::add),
    row("DELETE", "/tags/", "", "UntagResource", tags::remove),
];

/// A call with its decoded variable and body.
pub(crate) struct Call<'a> {
    pub request: &'a Request,
    pub caller: &'a Caller,
    /// The ARN in the path, decoded.
    pub subject: String,
    pub body: Value,
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

/// Answers a call.
pub(crate) fn handle(
    world: &mut World,
    now: Now,
    request: &Request,
    _name: &str,
    caller: &Caller,
) -> Response {
    let Some(operation) = find(&request.method, request.path()) else {
        return error(404, "ResourceNotFoundException", "This stand-in does not serve this operation.");
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
    (operation.handler)(world, now, &Call { request, caller, subject, body })
}

/// An error in the service's form.
pub(crate) fn error(status: u16, kind: &str, message: impl Into<String>) -> Response {
    Response::json(status, &json!({"message": message.into()})).with("x-amzn-errortype", kind)
}

/// One page of rows, by `maxResults` and a `nextToken` that is a position.
pub(crate) fn page(rows: Vec<Value>, body: &Value, key: &str) -> Response {
    let size = match &body["maxResults"] {
        Value::Null => 10,
        other => match other.as_u64() {
            Some(n @ 1..=100) => n as usize,
            _ => return error(400, "ValidationException", "maxResults must be between 1 and 100."),
        },
    };
    let start = match &body["nextToken"] {
        Value::Null => 0,
        token => match token.as_str().and_then(|t| t.strip_prefix("page-")).and_then(|t| t.parse().ok()) {
            Some(start) => start,
            None => return error(400, "ValidationException", "The nextToken is invalid."),
        },
    };
    let total = rows.len();
    let shown: Vec<Value> = rows.into_iter().skip(start).take(size).collect();
    let mut out = json!({ key: shown });
    if start + size < total {
        out["nextToken"] = json!(format!("page-{}", start + size));
    }
    Response::json(200, &out)
}

//! As much of the services around hybrid jobs as their clients read: roles, images, logs.

use serde_json::{Value, json};

use crate::http::{Request, Response, escape};
use crate::time::{Now, iso};

/// The role that clients look for when they are given none. Source: the SDK's own search.
const ROLE: &str = "AmazonBraketJobsExecutionRole";

/// Their operations here: service in the signature, name.
pub(crate) const OPERATIONS: [(&str, &str); 3] = [("iam", "ListRoles"), ("logs", "Logs"), ("ecr", "Ecr")];

/// The operation of one of these services.
pub(crate) fn operation(service: &str) -> Option<&'static str> {
    OPERATIONS.iter().find(|(s, _)| *s == service).map(|(_, operation)| *operation)
}

/// The action as policies name it.
pub(crate) fn action(request: &Request, operation: &str) -> Option<String> {
    let (service, name) = OPERATIONS.iter().find(|(_, o)| *o == operation)?;
    let target = target(request);
    Some(format!("{service}:{}", if target.is_empty() { name } else { target }))
}

/// The call after the dot of `X-Amz-Target`.
fn target(request: &Request) -> &str {
    request.header("x-amz-target").and_then(|t| t.rsplit('.').next()).unwrap_or("")
}

fn answer(value: &Value) -> Response {
    let mut response = Response::json(200, value);
    response.headers = vec![("content-type".into(), "application/x-amz-json-1.1".into())];
    response
}

fn refusal(kind: &str, message: &str) -> Response {
    let mut response = answer(&json!({"__type": kind, "message": message}));
    response.status = 400;
    response
}

/// Answers a call.
pub(crate) fn handle(request: &Request, operation: &str, account: &str, now: Now) -> Response {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
    match (operation, target(request)) {
        ("ListRoles", _) => roles(request, account, now),
        // Scripts do not run here, so nothing was ever logged.
        ("Logs", "DescribeLogGroups") => answer(&json!({"logGroups": []})),
        ("Logs", "DescribeLogStreams") => answer(&json!({"logStreams": []})),
        ("Logs", "GetLogEvents" | "FilterLogEvents") => {
            refusal("ResourceNotFoundException", "The specified log stream does not exist.")
        }
        ("Ecr", "BatchGetImage") => {
            let asked = body["imageIds"].as_array().cloned().unwrap_or_default();
            let failures: Vec<Value> = asked
                .into_iter()
                .map(|id| {
                    json!({"imageId": id, "failureCode": "ImageNotFound",
                        "failureReason": "Requested image not found"})
                })
                .collect();
            answer(&json!({"images": [], "failures": failures}))
        }
        _ => refusal("UnknownOperationException", "This stand-in does not serve this operation."),
    }
}

fn roles(request: &Request, account: &str, now: Now) -> Response {
    let text = String::from_utf8_lossy(&request.body);
    let member = |name: &str| {
        let value = text.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
        value.map(crate::http::decode).unwrap_or_default()
    };
    if member("Action") != "ListRoles" {
        let message = "This stand-in serves ListRoles";
        return Response::xml(
            400,
            format!(
                "<ErrorResponse><Error><Code>InvalidAction</Code><Message>{message}</Message></Error></ErrorResponse>"
            ),
        );
    }
    let path = "/service-role/";
    let row = format!(
        "<member><Path>{path}</Path><RoleName>{ROLE}</RoleName><RoleId>AROASHOTBOOKSTANDIN0</RoleId>\
         <Arn>arn:aws:iam::{}:role{path}{ROLE}</Arn><CreateDate>{}</CreateDate></member>",
        escape(account),
        iso(now.world_ms)
    );
    let rows = if path.starts_with(&member("PathPrefix")) { row } else { String::new() };
    Response::xml(
        200,
        format!(
            "<ListRolesResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><ListRolesResult><Roles>{rows}</Roles>\
             <IsTruncated>false</IsTruncated></ListRolesResult></ListRolesResponse>"
        ),
    )
}

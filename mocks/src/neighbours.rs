//! As much of the services around hybrid jobs as their clients read: roles and images; logs stand apart.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::http::{Request, Response, escape, hex};
use crate::logs;
use crate::sts::member;
use crate::time::{Now, iso};
use crate::world::{Caller, World};

/// The role that clients look for when they are given none. Source: the SDK's own search.
const ROLE: &str = "AmazonBraketJobsExecutionRole";

/// Their operations here: service in the signature, name.
pub(crate) const OPERATIONS: [(&str, &str); 4] =
    [("iam", "ListRoles"), ("logs", "Logs"), ("ecr", "Ecr"), ("pricing", "Pricing")];

/// The operation of one of these services.
pub(crate) fn operation(service: &str) -> Option<&'static str> {
    OPERATIONS.iter().find(|(s, _)| *s == service).map(|(_, operation)| *operation)
}

/// The action as policies name it.
pub(crate) fn action(request: &Request, operation: &str) -> Option<String> {
    let (service, name) = OPERATIONS.iter().find(|(_, o)| *o == operation)?;
    let asked = match operation {
        "ListRoles" => member(request, "Action"),
        _ => target(request).to_owned(),
    };
    Some(format!("{service}:{}", if asked.is_empty() { (*name).to_owned() } else { asked }))
}

/// The call after the dot of `X-Amz-Target`.
pub(crate) fn target(request: &Request) -> &str {
    request.header("x-amz-target").and_then(|t| t.rsplit('.').next()).unwrap_or("")
}

pub(crate) fn answer(value: &Value) -> Response {
    let mut response = Response::json(200, value);
    response.headers = vec![("content-type".into(), "application/x-amz-json-1.1".into())];
    response
}

pub(crate) fn refusal(kind: &str, message: &str) -> Response {
    let mut response = answer(&json!({"__type": kind, "message": message}));
    response.status = 400;
    response
}

/// Answers a call.
pub(crate) fn handle(
    world: &mut World,
    request: &Request,
    operation: &str,
    caller: &Caller,
    now: Now,
) -> Response {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
    match (operation, target(request)) {
        ("ListRoles", _) => roles(request, &caller.account, now),
        ("Logs", target) => logs::handle(world, target, &body, caller),
        ("Ecr", "BatchGetImage") => images(request, &body),
        _ => refusal("UnknownOperationException", "This stand-in does not serve this operation."),
    }
}

/// The Python that a caller runs, as its user agent tells: `3` and `11` of `lang/python#3.11.7`.
fn python(agent: &str) -> (u32, u32) {
    let version =
        agent.split_once("lang/python#").or_else(|| agent.split_once("Python/")).map_or("", |(_, v)| v);
    let mut parts = version.split(|c: char| !c.is_ascii_digit()).map(|p| p.parse().ok());
    match (parts.next().flatten(), parts.next().flatten()) {
        (Some(major), Some(minor)) => (major, minor),
        _ => (3, 12),
    }
}

/// The containers of hybrid jobs, each under two tags; they hold the Python of whoever asks.
fn images(request: &Request, body: &Value) -> Response {
    let (name, registry) = (body["repositoryName"].as_str().unwrap_or(""), &body["registryId"]);
    let (major, minor) = python(request.header("user-agent").unwrap_or(""));
    let long = format!("1.0-cpu-py{major}{minor}-ubuntu22.04");
    let digest = format!("sha256:{}", hex(&Sha256::digest(name)));
    let (mut images, mut failures) = (Vec::new(), Vec::new());
    for id in body["imageIds"].as_array().into_iter().flatten() {
        let (tag, given) = (id["imageTag"].as_str(), id["imageDigest"].as_str());
        let tags: Vec<&str> = match (tag, given) {
            (Some(tag), _) => ["latest", &long].into_iter().filter(|t| *t == tag).collect(),
            (None, Some(given)) if given == digest => vec!["latest", &long],
            _ => Vec::new(),
        };
        if tags.is_empty() || !name.starts_with("amazon-braket-") {
            failures.push(json!({"imageId": id, "failureCode": "ImageNotFound",
                "failureReason": "Requested image not found"}));
            continue;
        }
        images.extend(tags.into_iter().map(|tag| {
            json!({"registryId": registry, "repositoryName": name, "imageManifest": "{}",
                "imageId": {"imageDigest": digest, "imageTag": tag}})
        }));
    }
    answer(&json!({"images": images, "failures": failures}))
}

/// The one role that there is, listed or by name.
fn roles(request: &Request, account: &str, now: Now) -> Response {
    let (action, path) = (member(request, "Action"), "/service-role/");
    let role = format!(
        "<Path>{path}</Path><RoleName>{ROLE}</RoleName><RoleId>AROASHOTBOOKSTANDIN0</RoleId>\
         <Arn>arn:aws:iam::{}:role{path}{ROLE}</Arn><CreateDate>{}</CreateDate>",
        escape(account),
        iso(now.world_ms)
    );
    let refused = |status, code: &str, message: &str| {
        Response::xml(
            status,
            format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{}</Message></Error></ErrorResponse>",
                escape(message)
            ),
        )
    };
    let inner = match action.as_str() {
        "ListRoles" => {
            let shown = path.starts_with(&member(request, "PathPrefix"));
            let row = if shown { format!("<member>{role}</member>") } else { String::new() };
            format!("<Roles>{row}</Roles><IsTruncated>false</IsTruncated>")
        }
        "GetRole" => match member(request, "RoleName") {
            name if name == ROLE => format!("<Role>{role}</Role>"),
            name => {
                let message = format!("The role with name {name} cannot be found.");
                return refused(404, "NoSuchEntity", &message);
            }
        },
        _ => return refused(400, "InvalidAction", "This stand-in serves ListRoles and GetRole"),
    };
    Response::xml(
        200,
        format!(
            "<{action}Response xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\"><{action}Result>{inner}</{action}Result>\
             </{action}Response>"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::python;

    #[test]
    fn the_container_holds_the_callers_python() {
        assert_eq!(python("Boto3/1.44.5 md/Botocore#1.44.5 lang/python#3.11.7 md/pyimpl#CPython"), (3, 11));
        assert_eq!(python("aws-cli/1.46.3 Python/3.9.1"), (3, 9));
        assert_eq!(python("aws-sdk-rust/1.0"), (3, 12));
    }
}

//! The body of a create, rendered once. Source: the service model of 2019-09-01, CreateQuantumTask.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::backend::Draft;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    action: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    associations: Vec<Association<'a>>,
    client_token: &'a str,
    device_arn: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    experimental_capabilities: Option<Experimental>,
    // serde's camel case would write these two differently from the model.
    #[serde(rename = "outputS3Bucket")]
    bucket: &'a str,
    #[serde(rename = "outputS3KeyPrefix")]
    prefix: &'a str,
    shots: u64,
    tags: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
struct Association<'a> {
    arn: &'a str,
    r#type: &'static str,
}

#[derive(Serialize)]
struct Experimental {
    enabled: &'static str,
}

/// The same bytes for the same draft: nothing in it has an order of its own.
pub(super) fn render(draft: &Draft<'_>) -> Vec<u8> {
    let body = Body {
        action: draft.action,
        associations: draft
            .reservation
            .iter()
            .map(|arn| Association { arn, r#type: "RESERVATION_TIME_WINDOW_ARN" })
            .collect(),
        client_token: draft.token.as_str(),
        device_arn: draft.device.as_str(),
        experimental_capabilities: draft.experimental.then_some(Experimental { enabled: "ALL" }),
        bucket: draft.bucket,
        prefix: &draft.prefix,
        shots: draft.shots,
        tags: &draft.tags,
    };
    serde_json::to_vec(&body).unwrap_or_default()
}

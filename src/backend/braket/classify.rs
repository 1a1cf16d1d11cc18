//! What a reply means: three answers to a create, a few reasons for everything else. Total and pure.

use std::time::Duration;

use crate::backend::{CreateReply, RemoteError};
use crate::ids::QuantumTaskArn;
use crate::job::Refusal;

/// A reply, or the lack of one, without AWS's types.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer {
    /// HTTP status; 0 when none came.
    pub status: u16,
    /// ARN that a success named.
    pub arn: Option<String>,
    /// Name of a modelled error.
    pub code: Option<String>,
    /// Its text.
    pub message: Option<String>,
    /// Whether AWS's request id came with it.
    pub request_id: bool,
    /// How long AWS asked to wait.
    pub retry_after: Option<Duration>,
    /// What went wrong on the way.
    pub trouble: Option<String>,
}

/// Errors by which AWS says that it did not take a request, with their status. Source: the model.
const REFUSALS: [(&str, u16); 4] = [
    ("ValidationException", 400),
    ("ServiceQuotaExceededException", 402),
    ("DeviceRetiredException", 410),
    ("DeviceOfflineException", 424),
];

/// Start of the text of AWS's own spending limits. Source: service messages.
const SPENDING_LIMIT: &str = "Attempted to spend over the spending limit";

/// The three-way answer to a create (P4).
pub(super) fn create_reply(answer: Answer) -> CreateReply {
    if let (201, Some(arn), None) = (answer.status, &answer.arn, &answer.trouble)
        && is_task_arn(arn)
    {
        return CreateReply::Created(QuantumTaskArn::new(arn));
    }
    let code = answer.code.as_deref().unwrap_or("");
    let modelled = REFUSALS.iter().any(|(name, status)| *name == code && *status == answer.status);
    if modelled && answer.request_id {
        let message = answer.message.unwrap_or_default();
        let window = message.starts_with(SPENDING_LIMIT) && is_outside_window(&message);
        let deferrable = matches!(answer.status, 402 | 424) || window;
        return CreateReply::Refused(Refusal { code: code.to_owned(), message, deferrable });
    }
    CreateReply::Unsure { why: said(&answer), retry_after: answer.retry_after }
}

/// Whether a spending limit refused by its period rather than its amount: what is spent and asked
/// for would fit. Text that cannot be read counts as the amount.
fn is_outside_window(message: &str) -> bool {
    let figure = |name: &str| -> Option<f64> {
        let rest = message.split_once(name)?.1.trim_start_matches([':', ' ']);
        rest.split([',', ' ']).next()?.parse().ok()
    };
    match (figure("Spending limit"), figure("current spend"), figure("estimated cost")) {
        (Some(limit), Some(spent), Some(cost)) => limit > 0.0 && spent + cost <= limit,
        _ => false,
    }
}

/// What any other call failed with.
pub(super) fn remote_error(answer: Answer) -> RemoteError {
    let text = said(&answer);
    let code = answer.code.clone().unwrap_or_default();
    match answer.status {
        401 | 403 => RemoteError::Denied(text),
        404 if !code.is_empty() || answer.request_id => RemoteError::NotFound(text),
        409 if !code.is_empty() => RemoteError::Conflict(text),
        429 => RemoteError::Throttled(answer.retry_after),
        400 | 402 | 410 | 424 if !code.is_empty() && code != "ThrottlingException" => {
            RemoteError::Refused { code, message: answer.message.unwrap_or_default() }
        }
        _ if code.contains("Throttling") => RemoteError::Throttled(answer.retry_after),
        _ => RemoteError::Unreachable(text),
    }
}

fn said(answer: &Answer) -> String {
    let mut parts: Vec<String> = Vec::new();
    if answer.status != 0 {
        parts.push(format!("status {}", answer.status));
    }
    parts.extend(answer.code.clone());
    parts.extend(answer.message.clone().filter(|m| !m.is_empty()));
    parts.extend(answer.trouble.clone());
    if parts.is_empty() { "no answer".to_owned() } else { parts.join(": ") }
}

/// `arn:aws:braket:REGION:ACCOUNT:quantum-task/ID`, nothing else.
pub(super) fn is_task_arn(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let [prefix, partition, service, region, account, resource] = parts.as_slice() else { return false };
    let plain = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    *prefix == "arn"
        && partition.starts_with("aws")
        && *service == "braket"
        && plain(region)
        && account.len() == 12
        && account.bytes().all(|b| b.is_ascii_digit())
        && resource.strip_prefix("quantum-task/").is_some_and(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ARN: &str = "arn:aws:braket:us-east-1:123456789012:quantum-task/0f0e";

    #[test]
    fn only_a_201_with_a_task_is_created() {
        let made =
            |status, arn: &str| create_reply(Answer { status, arn: Some(arn.into()), ..Answer::default() });
        assert!(matches!(made(201, ARN), CreateReply::Created(_)));
        for (status, arn) in [(200, ARN), (204, ""), (201, ""), (201, "banana"), (202, ARN)] {
            assert!(matches!(made(status, arn), CreateReply::Unsure { .. }), "{status} {arn}");
        }
    }

    #[test]
    fn only_a_modelled_refusal_with_a_request_id_is_refused() {
        let said = |status, code: &str, request_id| {
            create_reply(Answer { status, code: Some(code.into()), request_id, ..Answer::default() })
        };
        for (code, status) in REFUSALS {
            assert!(matches!(said(status, code, true), CreateReply::Refused(_)), "{code}");
            assert!(matches!(said(status, code, false), CreateReply::Unsure { .. }), "{code}");
            assert!(matches!(said(500, code, true), CreateReply::Unsure { .. }), "{code}");
        }
        for (status, code) in
            [(403, "AccessDeniedException"), (429, "ThrottlingException"), (408, "x"), (404, "x")]
        {
            assert!(matches!(said(status, code, true), CreateReply::Unsure { .. }), "{code}");
        }
    }

    #[test]
    fn a_spending_limit_is_deferred_only_outside_its_window() {
        let deferrable = |spent: &str| {
            let message = format!(
                "{SPENDING_LIMIT} or outside the spending limit time window. Spending limit: 10, \
                 current spend: {spent}, estimated cost: 9.3000000000, start time: x"
            );
            let code = Some("ValidationException".into());
            let answer =
                Answer { status: 400, code, message: Some(message), request_id: true, ..Answer::default() };
            match create_reply(answer) {
                CreateReply::Refused(refusal) => refusal.deferrable,
                other => panic!("{other:?}"),
            }
        };
        assert!(deferrable("0"));
        assert!(!deferrable("5"));
    }

    proptest! {
        #[test]
        fn every_answer_has_a_meaning(status in 0u16..700, code in proptest::option::of("[A-Za-z]{0,12}"), arn in proptest::option::of(".{0,60}"), request_id: bool) {
            let answer = Answer { status, code, arn: arn.clone(), request_id, ..Answer::default() };
            if let CreateReply::Created(named) = create_reply(answer.clone()) {
                prop_assert!(status == 201 && is_task_arn(named.as_str()));
            }
            if let CreateReply::Refused(_) = create_reply(answer.clone()) {
                prop_assert!(request_id && [400, 402, 410, 424].contains(&status));
            }
            let _meaning = remote_error(answer);
        }
    }
}

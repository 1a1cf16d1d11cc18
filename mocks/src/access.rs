//! Who may ask at all: signatures, addresses that ran out, quotas and policies.

use crate::braket;
use crate::http::{Request, Response, escape};
use crate::policy::{self, Verdict};
use crate::signature::{self, Fault};
use crate::time::{Now, basic};
use crate::world::{Caller, Config};

/// The secret of every access key.
pub(crate) const SECRET: &str = "not-a-secret";
/// How far a signing time may be off. Source: AWS's description of the signing process; the store's errors.
const LEEWAY_MS: i64 = 5 * 60_000;
const STORE_LEEWAY_MS: i64 = 15 * 60_000;

fn xml(status: u16, code: &str, message: &str) -> Response {
    Response::xml(
        status,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{}</Message></Error>",
            escape(message)
        ),
    )
}

/// An error in the form of the service that was asked.
pub(crate) fn error_of(operation: &str, status: u16, code: &str, message: &str) -> Response {
    if operation.starts_with("S3.") {
        // The store's words for the same things.
        let code = match code {
            "AccessDeniedException" => "AccessDenied",
            "ThrottlingException" => "SlowDown",
            "InternalServiceException" => "InternalError",
            "ExpiredTokenException" => "ExpiredToken",
            "InvalidSignatureException" => "SignatureDoesNotMatch",
            "ResourceNotFoundException" => "NoSuchKey",
            other => other,
        };
        return xml(if code == "SlowDown" { 503 } else { status }, code, message);
    }
    if operation == "GetCallerIdentity" {
        let code = if code == "InvalidSignatureException" { "SignatureDoesNotMatch" } else { code };
        let code = code.strip_suffix("Exception").unwrap_or(code);
        return Response::xml(
            status,
            format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{}</Message></Error></ErrorResponse>",
                escape(message)
            ),
        );
    }
    braket::error(status, code, message)
}

/// Why a request is turned away before anything looks at it.
pub(crate) fn refusal(
    request: &Request,
    operation: &str,
    now: Now,
    config: &Config,
    caller: &Caller,
) -> Option<Response> {
    match operation {
        "Offers" | "OffersJson" | "State" | "Page" | "Invoice" | "Calibrations" => return None,
        "Unknown" if request.path().starts_with("/_shotbook/") => {
            return Some(Response::json(404, &serde_json::json!({"message": "there is no such page"})));
        }
        _ => {}
    }
    let store = operation.starts_with("S3.");
    if request.scope().is_none() {
        let message = "Missing Authentication Token";
        return Some(match (store, operation) {
            (true, _) => xml(403, "AccessDenied", "Access Denied"),
            (false, "GetCallerIdentity") => xml(403, "MissingAuthenticationToken", message),
            _ => braket::error(403, "MissingAuthenticationTokenException", message),
        });
    }
    if store && has_expired(request, now) {
        return Some(xml(403, "AccessDenied", "Request has expired"));
    }
    if config.verify_signatures
        && let Some(refusal) = wrong_signature(request, operation, now)
    {
        return Some(refusal);
    }
    forbidden(request, operation, config, caller)
}

fn wrong_signature(request: &Request, operation: &str, now: Now) -> Option<Response> {
    let store = operation.starts_with("S3.");
    let leeway = if store { STORE_LEEWAY_MS } else { LEEWAY_MS };
    let fault = signature::check(request, SECRET, now, leeway).err()?;
    Some(match fault {
        Fault::Unsupported if store => {
            let message = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.";
            xml(400, "InvalidRequest", message)
        }
        Fault::Unsupported => {
            error_of(operation, 403, "IncompleteSignatureException", "The signature lacks a member.")
        }
        Fault::Skewed { .. } if store => {
            let message = "The difference between the request time and the current time is too large.";
            xml(403, "RequestTimeTooSkewed", message)
        }
        Fault::Skewed { signed, old } => {
            let (now_text, minutes) = (basic(now.wall_ms), LEEWAY_MS / 60_000);
            let message = if old {
                let edge = basic(now.wall_ms - LEEWAY_MS);
                format!(
                    "Signature expired: {signed} is now earlier than {edge} ({now_text} - {minutes} min.)"
                )
            } else {
                let edge = basic(now.wall_ms + LEEWAY_MS);
                format!(
                    "Signature not yet current: {signed} is still later than {edge} ({now_text} + {minutes} min.)"
                )
            };
            error_of(operation, 403, "InvalidSignatureException", &message)
        }
        Fault::Mismatch => {
            let message = "The request signature we calculated does not match the signature you provided. Check your \
                           AWS Secret Access Key and signing method. Consult the service documentation for details.";
            error_of(operation, 403, "InvalidSignatureException", message)
        }
    })
}

/// Asking who one is needs no permission; everything else does when there is a policy.
fn forbidden(request: &Request, operation: &str, config: &Config, caller: &Caller) -> Option<Response> {
    let policy = config.policy.as_ref().filter(|_| operation != "GetCallerIdentity")?;
    for (action, resources) in policy::needs(request, operation) {
        let why = match policy.judge(&action, &resources) {
            Verdict::Allowed => continue,
            Verdict::Denied => "with an explicit deny in an identity-based policy".to_owned(),
            Verdict::Silent => format!("because no identity-based policy allows the {action} action"),
        };
        let user = format!("arn:aws:iam::{}:user/shotbook", caller.account);
        let message = format!(
            "User: {user} is not authorized to perform: {action} on resource: {} {why}",
            resources[0]
        );
        return Some(error_of(operation, 403, "AccessDeniedException", &message));
    }
    None
}

/// Whether a signed address is older than it says it may be.
fn has_expired(request: &Request, now: Now) -> bool {
    let one = |name: &str| request.query(name).into_iter().next();
    if let Some(until) = one("Expires").filter(|_| request.has_query("AWSAccessKeyId")) {
        return until.parse::<i64>().is_ok_and(|s| now.wall_ms > s.saturating_mul(1000));
    }
    let (Some(date), Some(seconds)) = (one("X-Amz-Date"), one("X-Amz-Expires")) else { return false };
    let begins = basic_date(&date);
    match (begins, seconds.parse::<i64>()) {
        (Some(begins), Ok(seconds)) => now.wall_ms > begins.saturating_add(seconds.saturating_mul(1000)),
        _ => true,
    }
}

/// Milliseconds of `20260101T000000Z`.
pub(crate) fn basic_date(text: &str) -> Option<i64> {
    let civil = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    Some(jiff::tz::Offset::UTC.to_timestamp(civil).ok()?.as_millisecond())
}

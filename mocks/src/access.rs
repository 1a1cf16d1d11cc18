//! Who may ask at all: requests without a signature, and signed addresses that ran out.

use crate::braket;
use crate::http::{Request, Response};
use crate::time::Now;

fn xml(status: u16, code: &str, message: &str) -> Response {
    Response::xml(
        status,
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        ),
    )
}

/// Why a request is turned away before anything looks at it.
pub(crate) fn refusal(request: &Request, operation: &str, now: Now) -> Option<Response> {
    match operation {
        "Offers" | "OffersJson" | "State" | "Page" | "Invoice" => return None,
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
    (store && has_expired(request, now)).then(|| xml(403, "AccessDenied", "Request has expired"))
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

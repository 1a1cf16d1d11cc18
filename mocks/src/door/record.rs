//! Each call as a line of JSON.

use std::io::Write as _;
use std::sync::PoisonError;

use serde_json::json;

use super::http::Shared;
use crate::http::{Delivery, Request, Response};
use crate::route::operation;

impl Shared {
    /// Writes a call down, if calls are recorded. Signatures and tokens stay out.
    pub(super) fn note(&self, request: &Request, response: &Response, delivery: Delivery) {
        let Some(file) = &self.record else { return };
        let secret = ["authorization", "x-amz-security-token", "cookie"];
        let headers: Vec<_> = request.headers.iter().filter(|(n, _)| !secret.contains(&n.as_str())).collect();
        let line = json!({
            "operation": operation(request).trim_start_matches("S3."),
            "request": {"method": request.method, "target": request.target, "headers": headers,
                "body": String::from_utf8_lossy(&request.body)},
            "response": {"status": response.status, "headers": response.headers,
                "body": String::from_utf8_lossy(&response.body)},
            "reset": delivery.reset,
        });
        let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
        // A full disk must not stop the answers.
        let _written = writeln!(file, "{line}");
    }
}

//! What is turned away at the door: foreign hosts and foreign pages.

use hyper::HeaderMap;
use serde_json::json;

use crate::http::Response;

pub(super) fn say(status: u16, message: &str) -> Response {
    Response::json(status, &json!({"message": message})).with("x-amzn-errortype", "ValidationException")
}

/// Why a request is not from a client of this machine.
pub(super) fn refusal(headers: &HeaderMap, hosts: &[String]) -> Option<Response> {
    let header = |name: &str| headers.get(name).map(|v| v.to_str().unwrap_or("?"));
    let host = header("host").unwrap_or("");
    if !is_local(host, hosts) {
        return Some(say(421, "this stand-in serves this machine only; --allow-host adds a name"));
    }
    if headers.contains_key("content-length") && headers.contains_key("transfer-encoding") {
        return Some(say(400, "a request has a length or chunks, not both"));
    }
    let own = |origin: &str| origin.strip_prefix("http://").is_some_and(|o| o == host);
    if header("origin").is_some_and(|o| !own(o)) || header("sec-fetch-site") == Some("cross-site") {
        return Some(say(403, "this stand-in answers no foreign page"));
    }
    None
}

fn is_local(host: &str, hosts: &[String]) -> bool {
    let digits = |port: &str| port.bytes().all(|b| b.is_ascii_digit());
    let name = host.rsplit_once(':').map_or(host, |(name, port)| if digits(port) { name } else { host });
    matches!(name, "127.0.0.1" | "localhost" | "[::1]" | "")
        || name.ends_with(".localhost")
        || hosts
            .iter()
            .any(|h| name == h || name.strip_suffix(h.as_str()).is_some_and(|rest| rest.ends_with('.')))
}

#[cfg(test)]
mod tests {
    use super::refusal;

    fn status(headers: &[(&'static str, &'static str)]) -> Option<u16> {
        let map = headers.iter().map(|(n, v)| (n.parse().unwrap(), v.parse().unwrap())).collect();
        refusal(&map, &["mock.test".to_owned()]).map(|r| r.status)
    }

    #[test]
    fn only_this_machine_and_its_own_pages_are_answered() {
        assert_eq!(status(&[("host", "127.0.0.1:4599")]), None);
        assert_eq!(status(&[("host", "bucket.s3.localhost:4599")]), None);
        assert_eq!(status(&[("host", "a.mock.test:1")]), None);
        assert_eq!(status(&[("host", "evil.example")]), Some(421));
        assert_eq!(status(&[("host", "notmock.test")]), Some(421));
        assert_eq!(status(&[("host", "localhost:1"), ("origin", "http://localhost:1")]), None);
        assert_eq!(status(&[("host", "localhost:1"), ("origin", "http://evil.example")]), Some(403));
        assert_eq!(status(&[("host", "localhost:1"), ("sec-fetch-site", "cross-site")]), Some(403));
        assert_eq!(status(&[("content-length", "3"), ("transfer-encoding", "chunked")]), Some(400));
    }
}

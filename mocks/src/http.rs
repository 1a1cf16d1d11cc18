//! Requests and responses as plain data.

/// A request as it arrived.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// Path and query, still percent-encoded: an ARN is one segment.
    pub target: String,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

/// A response to send.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

/// How a door delivers a response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// Wait before it. Units: milliseconds.
    pub delay_ms: u64,
    /// Drop the connection instead of answering.
    pub reset: bool,
    /// Send only so many bytes of the body, then drop the connection.
    pub cut_after: Option<usize>,
    /// Wait so long in the middle of the body. Units: milliseconds.
    pub pause_ms: u64,
    /// Promise so many bytes that never come.
    pub extra_length: usize,
}

impl Request {
    /// A header by lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The path without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or("")
    }

    /// Decoded values of a query parameter.
    pub fn query(&self, name: &str) -> Vec<String> {
        let query = self.target.split_once('?').map_or("", |(_, q)| q);
        let pairs = query.split('&').map(|p| p.split_once('=').unwrap_or((p, "")));
        pairs.filter(|(n, _)| decode(n) == name).map(|(_, v)| decode(v)).collect()
    }

    /// Whether a query parameter stands there, with or without a value.
    pub fn has_query(&self, name: &str) -> bool {
        !self.query(name).is_empty()
    }

    /// Access key, region and service of the SigV4 credential scope, in the header or the query.
    pub fn scope(&self) -> Option<(String, String, String)> {
        let header =
            self.header("authorization").and_then(|h| h.split_once("Credential=")).map(|(_, c)| c.to_owned());
        if header.is_none()
            && let Some(key) = self.query("AWSAccessKeyId").into_iter().next()
        {
            return Some((key, "us-east-1".to_owned(), "s3".to_owned()));
        }
        let credential = header.or_else(|| self.query("X-Amz-Credential").into_iter().next())?;
        let credential = credential.split(',').next()?.trim().to_owned();
        let mut parts = credential.split('/');
        let (key, _date, region, service) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        Some((key.to_owned(), region.to_owned(), service.to_owned()))
    }
}

impl Response {
    /// JSON with a status.
    pub fn json(status: u16, value: &serde_json::Value) -> Self {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Self { status, headers, body: value.to_string().into_bytes() }
    }

    /// XML with a status.
    pub fn xml(status: u16, body: impl Into<String>) -> Self {
        let headers = vec![("content-type".to_owned(), "application/xml".to_owned())];
        Self { status, headers, body: body.into().into_bytes() }
    }

    /// A header more.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// Percent-decoding; what is no encoding stays.
pub fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = |b: u8| (b as char).to_digit(16).map(|d| d as u8);
        if bytes[at] == b'%'
            && let (Some(a), Some(b)) =
                (bytes.get(at + 1).and_then(|b| hex(*b)), bytes.get(at + 2).and_then(|b| hex(*b)))
        {
            out.push(a << 4 | b);
            at += 3;
            continue;
        }
        out.push(if bytes[at] == b'+' { b' ' } else { bytes[at] });
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Text safe inside XML. Characters that XML cannot hold become a question mark.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c < ' ' && !matches!(c, '\t' | '\n' | '\r') => out.push('?'),
            c => out.push(c),
        }
    }
    out
}

/// Percent-encoding of everything but letters, digits and `-_.~/`.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for b in text.bytes() {
        if b.is_ascii_alphanumeric() || b"-_.~/".contains(&b) {
            out.push(b as char);
        } else {
            out.push_str(&format!("%{b:02X}"));
        }
    }
    out
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// Hexadecimal digits as bytes; what is none is left out.
pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks(2);
    pairs.filter_map(|p| u8::from_str_radix(std::str::from_utf8(p).ok()?, 16).ok()).collect()
}

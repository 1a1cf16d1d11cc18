//! Bodies and headers of uploads.

use super::error;
use crate::http::{Request, Response};

/// The object in a body, whose upload may be framed in signed chunks.
pub(super) fn content(request: &Request) -> Result<Vec<u8>, Response> {
    let framed = request.header("x-amz-content-sha256").is_some_and(|h| h.starts_with("STREAMING-"));
    if !framed {
        return Ok(request.body.clone());
    }
    let cut = || error(400, "IncompleteBody", "The request body terminated unexpectedly");
    let (bytes, _) = unframe(&request.body).ok_or_else(cut)?;
    let declared = request.header("x-amz-decoded-content-length").and_then(|n| n.parse::<usize>().ok());
    if declared.is_some_and(|n| n != bytes.len()) {
        return Err(cut());
    }
    Ok(bytes)
}

/// The bytes of a framed body, and the text of its trailer.
fn unframe(body: &[u8]) -> Option<(Vec<u8>, String)> {
    let (mut rest, mut out) = (body, Vec::new());
    loop {
        let end = rest.windows(2).position(|w| w == b"\r\n")?;
        let head = std::str::from_utf8(&rest[..end]).ok()?;
        let size = usize::from_str_radix(head.split(';').next()?, 16).ok()?;
        rest = &rest[end + 2..];
        if size == 0 {
            return Some((out, String::from_utf8_lossy(rest).into_owned()));
        }
        out.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size..)?.strip_prefix(b"\r\n")?;
    }
}

/// A header of an upload, or the trailer after its chunks.
pub(super) fn header_or_trailer(request: &Request, name: &str) -> Option<String> {
    if let Some(value) = request.header(name) {
        return Some(value.to_owned());
    }
    request.header("x-amz-trailer").filter(|t| t.trim() == name)?;
    let (_, trailer) = unframe(&request.body)?;
    let line = trailer.lines().find(|l| l.to_ascii_lowercase().starts_with(name))?;
    line.split_once(':').map(|(_, value)| value.trim().to_owned())
}

/// Headers that come back when an object is read.
pub(super) fn kept_headers(request: &Request) -> Vec<(String, String)> {
    let kept =
        ["content-type", "content-encoding", "content-disposition", "content-language", "cache-control"];
    let keeps =
        |name: &str| kept.contains(&name) || name.starts_with("x-amz-meta-") || name == super::more::TAGGING;
    let mut out: Vec<(String, String)> = request.headers.iter().filter(|(n, _)| keeps(n)).cloned().collect();
    for (name, value) in &mut out {
        if name == "content-encoding" {
            *value = value.replace("aws-chunked,", "").replace("aws-chunked", "").trim().to_owned();
        }
    }
    out.retain(|(_, value)| !value.is_empty());
    out
}

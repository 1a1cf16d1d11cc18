//! Reading objects: whole, in ranges, on conditions.

use super::{Answer, Body, Call, Object, Objects, copied, error, plain};
use crate::http::{Request, Response, decode};
use crate::route::bucket_of_host;
use crate::time::{http_date, parse_http_date};

/// Most results that one request has computed first: a page of a listing.
const PAGE: usize = 1000;

impl Objects {
    /// Tasks whose result files a request reads.
    pub(crate) fn results(&self, request: &Request) -> Vec<usize> {
        let path = request.path().trim_start_matches('/');
        let (bucket, key) = match bucket_of_host(request) {
            Some(bucket) => (bucket, path),
            None => path.split_once('/').unwrap_or((path, "")),
        };
        let task = |object: &Object| match object.body {
            Body::Result { task, .. } => Some(task),
            Body::Bytes(_) => None,
        };
        let bucket = decode(bucket);
        if key.is_empty() {
            let one = |name: &str| request.query(name).into_iter().next().unwrap_or_default();
            let (prefix, after) = (one("prefix"), one("start-after").max(one("marker")));
            let from = (bucket.clone(), prefix.clone().max(after));
            let page =
                self.objects.range(from..).take_while(|((b, k), _)| *b == bucket && k.starts_with(&prefix));
            return page.take(PAGE).filter_map(|(_, object)| task(object)).collect();
        }
        let own = (bucket, decode(&key.replace('+', "%2B")));
        [Some(own), copied(request)]
            .into_iter()
            .flatten()
            .filter_map(|place| task(self.objects.get(&place)?))
            .collect()
    }

    pub(super) fn get_object(&self, call: &Call<'_>, head: bool) -> Answer {
        let found = self.objects.get(&(call.bucket.clone(), call.key.clone()));
        let found = found.and_then(|object| Some((object, object.bytes(call.store)?)));
        let Some((object, bytes)) = found else {
            return Err(if head {
                plain(404)
            } else {
                error(404, "NoSuchKey", "The specified key does not exist.")
            });
        };
        let tag = object.tag(&bytes);
        if let Some(refusal) = condition(call, object, &tag, head) {
            return Ok(refusal.with("etag", tag));
        }
        let mut response = plain(200)
            .with("etag", tag)
            .with("last-modified", http_date(object.modified_ms))
            .with("accept-ranges", "bytes")
            .with(super::ENCRYPTION.0, super::ENCRYPTION.1);
        for (name, value) in &object.headers {
            response = match name == super::more::TAGGING {
                true => response.with("x-amz-tagging-count", value.split('&').count().to_string()),
                false => response.with(name, value.clone()),
            };
        }
        if !object.headers.iter().any(|(n, _)| n == "content-type") {
            response = response.with("content-type", "binary/octet-stream");
        }
        for name in
            ["content-type", "content-disposition", "content-encoding", "content-language", "cache-control"]
        {
            if let Some(value) = call.request.query(&format!("response-{name}")).into_iter().next() {
                response.headers.retain(|(n, _)| n != name);
                response = response.with(name, value);
            }
        }
        let mut slice = bytes.as_slice();
        if let Some(asked) = call.request.header("range").and_then(|r| r.strip_prefix("bytes=")) {
            match range(asked, bytes.len()) {
                Some(Ok((from, to))) => {
                    slice = &bytes[from..to];
                    response.status = 206;
                    let shown = format!("bytes {from}-{}/{}", to - 1, bytes.len());
                    response = response.with("content-range", shown);
                }
                Some(Err(())) => {
                    let message = "The requested range is not satisfiable";
                    return Err(if head { plain(416) } else { error(416, "InvalidRange", message) });
                }
                None => {}
            }
        }
        if head {
            return Ok(response.with("content-length", slice.len().to_string()));
        }
        response.body = slice.to_vec();
        Ok(response)
    }
}

fn condition(call: &Call<'_>, object: &Object, tag: &str, head: bool) -> Option<Response> {
    let header = |name: &str| call.request.header(name);
    let has = |list: &str| {
        list.split(',').any(|t| t.trim() == "*" || t.trim().trim_matches('"') == tag.trim_matches('"'))
    };
    let seconds = object.modified_ms.div_euclid(1000);
    let since = |name: &str| header(name).and_then(parse_http_date).map(|ms| ms.div_euclid(1000));
    let failed = || {
        let message = "At least one of the pre-conditions you specified did not hold";
        if head { plain(412) } else { error(412, "PreconditionFailed", message) }
    };
    match header("if-match") {
        Some(list) if !has(list) => return Some(failed()),
        None if since("if-unmodified-since").is_some_and(|s| seconds > s) => return Some(failed()),
        _ => {}
    }
    match header("if-none-match") {
        Some(list) if has(list) => Some(plain(304)),
        None if since("if-modified-since").is_some_and(|s| seconds <= s) => Some(plain(304)),
        _ => None,
    }
}

/// First and past-last byte of a range; `None` when it is not understood and so ignored.
fn range(asked: &str, length: usize) -> Option<Result<(usize, usize), ()>> {
    let (from, to) = asked.split_once('-')?;
    if from.is_empty() {
        let n: usize = to.parse().ok()?;
        return Some(if n == 0 || length == 0 { Err(()) } else { Ok((length.saturating_sub(n), length)) });
    }
    let from: usize = from.parse().ok()?;
    let to = if to.is_empty() { length } else { to.parse::<usize>().ok()?.saturating_add(1).min(length) };
    if from >= length {
        return Some(Err(()));
    }
    (from < to).then_some(Ok((from, to)))
}

//! As much of S3 as results need: buckets, objects, listings. Keys are map keys, never paths.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::http::{Request, Response, decode, escape};

/// Objects by bucket and key.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    buckets: BTreeMap<String, String>,
    objects: BTreeMap<(String, String), Vec<u8>>,
}

const MOST_BYTES: usize = 512 << 20;

impl Objects {
    /// Stores an object, whatever bucket it names.
    pub fn put(&mut self, bucket: &str, key: &str, bytes: Vec<u8>) {
        self.objects.insert((bucket.to_owned(), key.to_owned()), bytes);
    }

    /// Whether a bucket was made.
    pub fn has_bucket(&self, bucket: &str) -> bool {
        self.buckets.contains_key(bucket)
    }

    /// Names of all objects.
    pub fn names(&self) -> Vec<String> {
        self.objects.keys().map(|(bucket, key)| format!("s3://{bucket}/{key}")).collect()
    }

    /// An object's bytes.
    pub fn get(&self, bucket: &str, key: &str) -> Option<&Vec<u8>> {
        self.objects.get(&(bucket.to_owned(), key.to_owned()))
    }

    /// Answers a path-style request.
    pub fn handle(&mut self, request: &Request, region: &str) -> Response {
        let path = request.path().trim_start_matches('/');
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        let (bucket, key) = (decode(bucket), decode(&key.replace('+', "%2B")));
        match (request.method.as_str(), bucket.is_empty(), key.is_empty()) {
            ("GET", true, _) => self.list_buckets(),
            ("PUT", false, true) => self.make_bucket(&bucket, region),
            ("HEAD", false, true) if self.has_bucket(&bucket) => {
                let home = self.buckets.get(&bucket).cloned().unwrap_or_default();
                Response { status: 200, ..Response::default() }.with("x-amz-bucket-region", home)
            }
            ("HEAD", false, true) => Response { status: 404, ..Response::default() },
            ("GET", false, true) if self.has_bucket(&bucket) => self.list(&bucket, request),
            (_, false, true) => error(404, "NoSuchBucket", "The specified bucket does not exist"),
            ("PUT", false, false) => self.put_object(&bucket, &key, request),
            ("GET" | "HEAD", false, false) => self.get_object(&bucket, &key, &request.method),
            ("DELETE", false, false) => {
                self.objects.remove(&(bucket, key));
                Response { status: 204, ..Response::default() }
            }
            _ => error(405, "MethodNotAllowed", "The specified method is not allowed against this resource."),
        }
    }

    fn make_bucket(&mut self, bucket: &str, region: &str) -> Response {
        let legal = (3..=63).contains(&bucket.len())
            && bucket.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.');
        if !legal {
            return error(400, "InvalidBucketName", "The specified bucket is not valid.");
        }
        if self.has_bucket(bucket) && region != "us-east-1" {
            return error(
                409,
                "BucketAlreadyOwnedByYou",
                "Your previous request to create the named bucket succeeded.",
            );
        }
        self.buckets.entry(bucket.to_owned()).or_insert_with(|| region.to_owned());
        Response { status: 200, ..Response::default() }.with("location", format!("/{bucket}"))
    }

    fn put_object(&mut self, bucket: &str, key: &str, request: &Request) -> Response {
        if !self.has_bucket(bucket) {
            return error(404, "NoSuchBucket", "The specified bucket does not exist");
        }
        let held: usize = self.objects.values().map(Vec::len).sum();
        if held + request.body.len() > MOST_BYTES {
            return error(503, "SlowDown", "This stand-in is full.");
        }
        let Some(bytes) = content(request) else {
            return error(400, "IncompleteBody", "The chunked body is not whole.");
        };
        let tag = etag(&bytes);
        self.put(bucket, key, bytes);
        Response { status: 200, ..Response::default() }.with("etag", tag)
    }

    fn get_object(&self, bucket: &str, key: &str, method: &str) -> Response {
        let Some(bytes) = self.get(bucket, key) else {
            if method == "HEAD" {
                return Response { status: 404, ..Response::default() };
            }
            return error(404, "NoSuchKey", "The specified key does not exist.");
        };
        let body = if method == "HEAD" { Vec::new() } else { bytes.clone() };
        let response = Response { status: 200, headers: Vec::new(), body };
        let response = response.with("etag", etag(bytes)).with("content-type", "binary/octet-stream");
        if method == "HEAD" { response.with("content-length", bytes.len().to_string()) } else { response }
    }

    fn list(&self, bucket: &str, request: &Request) -> Response {
        let prefix = request.query("prefix").into_iter().next().unwrap_or_default();
        let keys = self.objects.iter().filter(|((b, k), _)| b == bucket && k.starts_with(&prefix));
        let rows: String = keys
            .clone()
            .map(|((_, key), bytes)| {
                format!(
                    "<Contents><Key>{}</Key><Size>{}</Size><ETag>{}</ETag><StorageClass>STANDARD</StorageClass>\
                     <LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>",
                    escape(key),
                    bytes.len(),
                    escape(&etag(bytes))
                )
            })
            .collect();
        Response::xml(
            200,
            format!(
                "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>{}</Name><Prefix>{}</Prefix>\
                 <KeyCount>{}</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>{rows}</ListBucketResult>",
                escape(bucket),
                escape(&prefix),
                keys.count()
            ),
        )
    }

    fn list_buckets(&self) -> Response {
        let rows: String = self
            .buckets
            .keys()
            .map(|b| {
                format!(
                    "<Bucket><Name>{}</Name><CreationDate>2026-01-01T00:00:00.000Z</CreationDate></Bucket>",
                    escape(b)
                )
            })
            .collect();
        Response::xml(
            200,
            format!("<ListAllMyBucketsResult><Buckets>{rows}</Buckets></ListAllMyBucketsResult>"),
        )
    }
}

/// The object in a body, whose upload may be framed in signed chunks.
fn content(request: &Request) -> Option<Vec<u8>> {
    let framed = request.header("x-amz-content-sha256").is_some_and(|h| h.starts_with("STREAMING-"));
    if !framed {
        return Some(request.body.clone());
    }
    let (mut rest, mut out) = (request.body.as_slice(), Vec::new());
    loop {
        let end = rest.windows(2).position(|w| w == b"\r\n")?;
        let head = std::str::from_utf8(&rest[..end]).ok()?;
        let size = usize::from_str_radix(head.split(';').next()?, 16).ok()?;
        rest = &rest[end + 2..];
        if size == 0 {
            return Some(out);
        }
        out.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size..)?.strip_prefix(b"\r\n")?;
    }
}

fn etag(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let hex: String = digest[..16].iter().map(|b| format!("{b:02x}")).collect();
    format!("\"{hex}\"")
}

fn error(status: u16, code: &str, message: &str) -> Response {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>{message}</Message>\
         <RequestId>SHOTBOOK</RequestId></Error>"
    );
    Response::xml(status, body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Request {
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Request { method: method.into(), target: target.into(), headers, body: body.to_vec() }
    }

    #[test]
    fn objects_come_back_and_chunk_frames_do_not() {
        let mut objects = Objects::default();
        assert_eq!(objects.handle(&request("PUT", "/b-1/k", &[], b"x"), "us-east-1").status, 404);
        assert_eq!(objects.handle(&request("PUT", "/b-1", &[], b""), "us-east-1").status, 200);
        let framed = [("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")];
        let body = b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nx-amz-checksum-crc32:AA==\r\n\r\n";
        assert_eq!(objects.handle(&request("PUT", "/b-1/a%20b%2Bc", &framed, body), "us-east-1").status, 200);
        assert_eq!(objects.handle(&request("GET", "/b-1/a%20b%2Bc", &[], b""), "us-east-1").body, b"abcde");
        assert_eq!(objects.names(), ["s3://b-1/a b+c"]);
        let cut = objects.handle(&request("PUT", "/b-1/cut", &framed, b"9\r\nabc"), "us-east-1");
        assert_eq!(cut.status, 400);
    }

    #[test]
    fn keys_are_names_and_never_paths() {
        let mut objects = Objects::default();
        let _made = objects.handle(&request("PUT", "/b-1", &[], b""), "us-east-1");
        let _put = objects.handle(&request("PUT", "/b-1/../../etc/passwd", &[], b"x"), "us-east-1");
        assert_eq!(objects.get("b-1", "../../etc/passwd").map(Vec::as_slice), Some(&b"x"[..]));
        assert_eq!(objects.handle(&request("PUT", "/UPPER", &[], b""), "us-east-1").status, 400);
    }
}

//! As much of S3 as clients of results use. Keys are map keys, never paths.

mod body;
pub(crate) mod checksum;
mod get;
mod list;
mod more;
mod multipart;
pub(crate) mod settings;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::faults::Kind;
use crate::http::{Request, Response, decode, escape};
use crate::route::bucket_of_host;
use crate::time::Now;

use multipart::Upload;

/// Most bytes of all objects together.
const MOST_BYTES: usize = 512 << 20;

/// What every object says of its encryption since 2023, whether it was asked for or not.
const ENCRYPTION: (&str, &str) = ("x-amz-server-side-encryption", "AES256");

/// What a fault adds to a result. Units: bytes.
const HUGE: usize = 64 << 20;

/// Where the bytes of an object are.
#[derive(Clone, Debug)]
enum Body {
    Bytes(std::sync::Arc<Vec<u8>>),
    /// A file of a task's result, written when it is read.
    Result {
        task: usize,
        name: String,
        fate: Option<Kind>,
    },
}

#[derive(Clone, Debug)]
struct Object {
    body: Body,
    /// Known from the start, or since the bytes were first written.
    tag: OnceLock<(String, usize)>,
    modified_ms: i64,
    headers: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
struct Bucket {
    region: String,
    created_ms: i64,
    settings: BTreeMap<&'static str, String>,
}

/// Objects by bucket and key.
#[derive(Clone, Debug, Default)]
pub struct Objects {
    buckets: BTreeMap<String, Bucket>,
    objects: BTreeMap<(String, String), Object>,
    uploads: BTreeMap<String, Upload>,
    bytes: usize,
    counter: u64,
}

/// What a request finds around it.
pub(crate) struct Store<'a> {
    pub region: &'a str,
    pub now: Now,
    /// Whether the request is lived through again: it succeeded then, so its conditions held.
    pub again: bool,
    /// Writes a file of a task's result.
    pub render: &'a dyn Fn(usize, &str) -> Option<Vec<u8>>,
}

/// A request with its bucket and key.
struct Call<'a> {
    request: &'a Request,
    store: &'a Store<'a>,
    bucket: String,
    key: String,
}

type Answer = Result<Response, Response>;

fn plain(status: u16) -> Response {
    Response { status, ..Response::default() }
}

fn error(status: u16, code: &str, message: &str) -> Response {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{}</Message>\
         <RequestId>SHOTBOOK</RequestId></Error>",
        escape(message)
    );
    Response::xml(status, body)
}

fn no_bucket() -> Response {
    error(404, "NoSuchBucket", "The specified bucket does not exist")
}

impl Objects {
    /// Stores a file of a task's result, whatever bucket it names; it is there from a time on.
    pub(crate) fn put_result(
        &mut self,
        bucket: &str,
        key: &str,
        task: usize,
        name: &str,
        from_ms: i64,
        fate: Option<Kind>,
    ) {
        let body = Body::Result { task, name: name.to_owned(), fate };
        let object = Object { body, tag: OnceLock::new(), modified_ms: from_ms, headers: Vec::new() };
        self.insert(bucket, key, object);
    }

    /// Whether a bucket was made.
    pub fn has_bucket(&self, bucket: &str) -> bool {
        self.buckets.contains_key(bucket)
    }

    /// Names of all objects.
    pub fn names(&self) -> Vec<String> {
        self.objects.keys().map(|(bucket, key)| format!("s3://{bucket}/{key}")).collect()
    }

    /// Why files cannot be stored, if they cannot.
    pub(crate) fn refuses<'a>(&self, files: impl Iterator<Item = (&'a str, usize)>) -> Option<String> {
        let mut whole = self.bytes;
        for (bucket, length) in files {
            if !self.has_bucket(bucket) {
                return Some(format!("there is no bucket {bucket}"));
            }
            whole += length;
        }
        (whole > MOST_BYTES).then(|| "this stand-in is full".to_owned())
    }

    /// Stores a file as it is, if its bucket is there.
    pub(crate) fn put_file(
        &mut self,
        (bucket, key): (&str, &str),
        bytes: Vec<u8>,
        tag: String,
        modified_ms: i64,
    ) {
        if self.has_bucket(bucket) {
            let tag = known(tag, bytes.len());
            let object = Object { body: Body::Bytes(bytes.into()), tag, modified_ms, headers: Vec::new() };
            self.insert(bucket, key, object);
        }
    }

    /// Keys with a beginning.
    pub(crate) fn keys(&self, bucket: &str, prefix: &str) -> Vec<String> {
        let from = (bucket.to_owned(), prefix.to_owned());
        let own = self.objects.range(from..).take_while(|((b, k), _)| b == bucket && k.starts_with(prefix));
        own.map(|((_, key), _)| key.clone()).collect()
    }

    /// The bytes of an object.
    pub(crate) fn bytes(&self, bucket: &str, key: &str, store: &Store<'_>) -> Option<Vec<u8>> {
        let object = self.objects.get(&(bucket.to_owned(), key.to_owned()))?;
        object.bytes(store).map(|bytes| bytes.as_ref().clone())
    }

    fn insert(&mut self, bucket: &str, key: &str, object: Object) {
        self.bytes += size(&object);
        if let Some(old) = self.objects.insert((bucket.to_owned(), key.to_owned()), object) {
            self.bytes -= size(&old);
        }
    }

    fn remove(&mut self, bucket: &str, key: &str) {
        if let Some(old) = self.objects.remove(&(bucket.to_owned(), key.to_owned())) {
            self.bytes -= size(&old);
        }
    }

    /// Answers a request, path-style or with the bucket in the host.
    pub(crate) fn handle(&mut self, request: &Request, operation: &str, store: &Store<'_>) -> Response {
        let path = request.path().trim_start_matches('/');
        let (bucket, key) = match bucket_of_host(request) {
            Some(bucket) => (bucket, path),
            None => path.split_once('/').unwrap_or((path, "")),
        };
        let key = decode(&key.replace('+', "%2B"));
        let call = Call { request, store, bucket: decode(bucket), key };
        let known = self.has_bucket(&call.bucket);
        if !known && !matches!(operation, "ListBuckets" | "CreateBucket" | "HeadBucket") {
            return no_bucket();
        }
        if call.key.len() > 1024 {
            return error(400, "KeyTooLongError", "Your key is too long");
        }
        let answer = match operation {
            "ListBuckets" => Ok(self.list_buckets(&call)),
            "CreateBucket" => self.make_bucket(&call),
            "HeadBucket" => Ok(self.head_bucket(&call)),
            "DeleteBucket" => self.delete_bucket(&call),
            "GetBucketLocation" => Ok(self.location(&call)),
            "ListObjectsV2" | "ListObjects" => self.list(&call, operation == "ListObjectsV2"),
            "PutBucketSetting" | "GetBucketSetting" | "DeleteBucketSetting" => self.setting(&call),
            "DeleteObjects" => Ok(self.delete_many(&call)),
            "PutObject" => self.put_object(&call),
            "CopyObject" => self.copy(&call),
            "GetObject" | "HeadObject" => self.get_object(&call, operation == "HeadObject"),
            "DeleteObject" => {
                self.remove(&call.bucket, &call.key);
                Ok(plain(204))
            }
            "CreateMultipartUpload" => Ok(self.begin_upload(&call)),
            "UploadPart" => self.upload_part(&call),
            "CompleteMultipartUpload" => self.complete_upload(&call),
            "AbortMultipartUpload" => self.abort_upload(&call),
            "ListMultipartUploads" => Ok(self.list_uploads(&call)),
            "ListParts" => self.list_parts(&call),
            "ListObjectVersions" => Ok(self.versions(&call)),
            "GetObjectAttributes" => self.attributes(&call),
            "GetObjectTagging" | "PutObjectTagging" | "DeleteObjectTagging" => self.tags(&call),
            _ => Err(error(501, "NotImplemented", "This stand-in does not serve this operation.")),
        };
        answer.unwrap_or_else(|refusal| refusal)
    }

    fn head_bucket(&self, call: &Call<'_>) -> Response {
        match self.buckets.get(&call.bucket) {
            Some(bucket) => plain(200).with("x-amz-bucket-region", bucket.region.clone()),
            None => plain(404),
        }
    }

    fn location(&self, call: &Call<'_>) -> Response {
        let region = self.buckets.get(&call.bucket).map_or("", |b| b.region.as_str());
        let region = if region == "us-east-1" { "" } else { region };
        Response::xml(
            200,
            format!(
                "<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{region}</LocationConstraint>"
            ),
        )
    }

    fn make_bucket(&mut self, call: &Call<'_>) -> Answer {
        let (bucket, region) = (&call.bucket, call.store.region);
        let edge = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let legal = (3..=63).contains(&bucket.len())
            && bucket.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.')
            && edge(bucket.bytes().next())
            && edge(bucket.bytes().last())
            && !bucket.contains("..");
        if !legal {
            return Err(error(400, "InvalidBucketName", "The specified bucket is not valid."));
        }
        if self.buckets.len() >= 10_000 {
            return Err(error(
                400,
                "TooManyBuckets",
                "You have attempted to create more buckets than allowed",
            ));
        }
        let text = String::from_utf8_lossy(&call.request.body);
        let asked = text.split_once("<LocationConstraint>").and_then(|(_, r)| r.split('<').next());
        let asked = asked.map(str::trim).unwrap_or("");
        if region != "us-east-1" && asked != region || region == "us-east-1" && asked == "us-east-1" {
            return Err(error(
                400,
                if asked.is_empty() {
                    "IllegalLocationConstraintException"
                } else {
                    "InvalidLocationConstraint"
                },
                "The location constraint does not fit the region specific endpoint this request was sent to.",
            ));
        }
        let home = if asked.is_empty() { region } else { asked };
        if let Some(old) = self.buckets.get(bucket) {
            // Only the oldest region takes a bucket that is there already. Source: S3's reference.
            if old.region != "us-east-1" || region != "us-east-1" {
                return Err(error(
                    409,
                    "BucketAlreadyOwnedByYou",
                    "Your previous request to create the named bucket succeeded and you already own it.",
                ));
            }
            return Ok(plain(200).with("location", format!("/{bucket}")));
        }
        let made = Bucket {
            region: home.to_owned(),
            created_ms: call.store.now.world_ms,
            settings: BTreeMap::new(),
        };
        self.buckets.insert(bucket.clone(), made);
        Ok(plain(200).with("location", format!("/{bucket}")))
    }

    fn delete_bucket(&mut self, call: &Call<'_>) -> Answer {
        if self.objects.keys().any(|(b, _)| *b == call.bucket) {
            return Err(error(409, "BucketNotEmpty", "The bucket you tried to delete is not empty"));
        }
        if let Some(bucket) = self.buckets.remove(&call.bucket) {
            self.bytes -= bucket.settings.values().map(String::len).sum::<usize>();
        }
        Ok(plain(204))
    }

    fn delete_many(&mut self, call: &Call<'_>) -> Response {
        let text = String::from_utf8_lossy(&call.request.body).into_owned();
        let mut rows = String::new();
        for piece in text.split("<Key>").skip(1) {
            let key = unescape(piece.split("</Key>").next().unwrap_or(""));
            self.remove(&call.bucket, &key);
            rows.push_str(&format!("<Deleted><Key>{}</Key></Deleted>", escape(&key)));
        }
        Response::xml(200, format!("<DeleteResult>{rows}</DeleteResult>"))
    }

    fn put_object(&mut self, call: &Call<'_>) -> Answer {
        let bytes = body::content(call.request)?;
        if self.bytes + bytes.len() > MOST_BYTES {
            return Err(error(503, "SlowDown", "This stand-in is full."));
        }
        self.may_write(call)?;
        let tag = checksum::etag(&bytes);
        let mut response = plain(200).with("etag", tag.clone()).with(ENCRYPTION.0, ENCRYPTION.1);
        for (name, value) in checksum::verified(call.request, &bytes)? {
            response = response.with(&name, value);
        }
        let headers = body::kept_headers(call.request);
        let object = Object {
            tag: known(tag, bytes.len()),
            body: Body::Bytes(bytes.into()),
            modified_ms: call.store.now.world_ms,
            headers,
        };
        self.insert(&call.bucket, &call.key, object);
        Ok(response)
    }

    /// The conditions of a write: that nothing is there, or exactly what the caller saw.
    fn may_write(&self, call: &Call<'_>) -> Result<(), Response> {
        if call.store.again {
            return Ok(());
        }
        let there = self.objects.get(&(call.bucket.clone(), call.key.clone()));
        let tag = there.and_then(|object| object.outline(call.store)).map(|(tag, _)| tag);
        if call.request.header("if-none-match") == Some("*") && tag.is_some() {
            let message = "At least one of the pre-conditions you specified did not hold";
            return Err(error(412, "PreconditionFailed", message));
        }
        match (call.request.header("if-match"), tag) {
            (None, _) => Ok(()),
            (Some(_), None) => Err(error(404, "NoSuchKey", "The specified key does not exist.")),
            (Some(wanted), Some(tag)) if wanted.trim_matches('"') == tag.trim_matches('"') => Ok(()),
            _ => {
                let message = "At least one of the pre-conditions you specified did not hold";
                Err(error(412, "PreconditionFailed", message))
            }
        }
    }

    /// The object that a copy names, with its bytes.
    fn source(&self, call: &Call<'_>) -> Result<(Object, std::sync::Arc<Vec<u8>>), Response> {
        let (bucket, key) = copied(call.request).unwrap_or_default();
        if !self.has_bucket(&bucket) {
            return Err(no_bucket());
        }
        let missing = || error(404, "NoSuchKey", "The specified key does not exist.");
        let object = self.objects.get(&(bucket, key)).cloned().ok_or_else(missing)?;
        let bytes = object.bytes(call.store).ok_or_else(missing)?;
        let tag = object.tag(&bytes);
        let is = |list: &str| list.split(',').any(|t| t.trim().trim_matches('"') == tag.trim_matches('"'));
        let header = |name: &str| call.request.header(name);
        if header("x-amz-copy-source-if-match").is_some_and(|l| !is(l))
            || header("x-amz-copy-source-if-none-match").is_some_and(is)
        {
            let message = "At least one of the pre-conditions you specified did not hold";
            return Err(error(412, "PreconditionFailed", message));
        }
        Ok((object, bytes))
    }

    fn copy(&mut self, call: &Call<'_>) -> Answer {
        self.may_write(call)?;
        if call.store.again
            && let Some(object) = copied(call.request).and_then(|place| self.objects.get(&place))
            && matches!(object.body, Body::Result { .. })
        {
            // Nobody reads the answer: the result is written when somebody reads the copy.
            let mut object = object.clone();
            if call.request.header("x-amz-metadata-directive") == Some("REPLACE") {
                object.headers = body::kept_headers(call.request);
            }
            object.modified_ms = call.store.now.world_ms;
            self.insert(&call.bucket, &call.key, object);
            return Ok(plain(200));
        }
        let (mut object, bytes) = self.source(call)?;
        if call.request.header("x-amz-metadata-directive") == Some("REPLACE") {
            object.headers = body::kept_headers(call.request);
        }
        if self.bytes + bytes.len() > MOST_BYTES {
            return Err(error(503, "SlowDown", "This stand-in is full."));
        }
        let tag = checksum::etag(&bytes);
        object.tag = known(tag.clone(), bytes.len());
        object.body = Body::Bytes(bytes);
        object.modified_ms = call.store.now.world_ms;
        self.insert(&call.bucket, &call.key, object);
        Ok(Response::xml(
            200,
            format!(
                "<CopyObjectResult><LastModified>{}</LastModified><ETag>{}</ETag></CopyObjectResult>",
                crate::time::iso(call.store.now.world_ms),
                escape(&tag)
            ),
        ))
    }
}

/// Bucket and key that a copy names.
fn copied(request: &Request) -> Option<(String, String)> {
    let named = request.header("x-amz-copy-source")?;
    let named = named.split("?versionId=").next().unwrap_or("").replace('+', "%2B");
    let source = decode(named.trim_start_matches('/'));
    Some(source.split_once('/').map_or((source.clone(), String::new()), |(b, k)| (b.into(), k.into())))
}

fn known(tag: String, length: usize) -> OnceLock<(String, usize)> {
    OnceLock::from((tag, length))
}

fn size(object: &Object) -> usize {
    match &object.body {
        Body::Bytes(bytes) => bytes.len(),
        Body::Result { .. } => 0,
    }
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&amp;", "&")
}

impl Object {
    fn bytes(&self, store: &Store<'_>) -> Option<std::sync::Arc<Vec<u8>>> {
        match &self.body {
            Body::Bytes(bytes) => Some(std::sync::Arc::clone(bytes)),
            Body::Result { .. } if self.modified_ms > store.now.world_ms => None,
            Body::Result { task, name, fate } => {
                let mut bytes = (store.render)(*task, name)?;
                match fate {
                    Some(Kind::ResultCut) => bytes.truncate(bytes.len() / 2),
                    Some(Kind::ResultHuge) => bytes.resize(bytes.len() + HUGE, b' '),
                    Some(Kind::ResultMalformed) => bytes = b"{\"braketSchemaHeader\": 7}".to_vec(),
                    _ => {}
                }
                Some(bytes.into())
            }
        }
    }

    fn tag(&self, bytes: &[u8]) -> String {
        self.tag.get_or_init(|| (checksum::etag(bytes), bytes.len())).0.clone()
    }

    /// Tag and length, without writing a result a second time; `None` while it is not there.
    fn outline(&self, store: &Store<'_>) -> Option<(String, usize)> {
        let is_there = self.modified_ms <= store.now.world_ms || matches!(self.body, Body::Bytes(_));
        if let Some(known) = self.tag.get().filter(|_| is_there) {
            return Some(known.clone());
        }
        let bytes = self.bytes(store)?;
        Some((self.tag(&bytes), bytes.len()))
    }
}

#[cfg(test)]
mod tests;

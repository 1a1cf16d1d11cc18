//! Uploads in parts.

use std::collections::BTreeMap;

use super::{Answer, Body, Call, MOST_BYTES, Object, Objects, body, checksum, error, plain};
use crate::http::{Response, escape};
use crate::time::iso;

/// An upload that is not complete.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    pub(super) bucket: String,
    pub(super) key: String,
    headers: Vec<(String, String)>,
    /// Bytes with their MD5.
    pub(super) parts: BTreeMap<u32, (Vec<u8>, [u8; 16])>,
}

fn no_upload() -> Response {
    error(404, "NoSuchUpload", "The specified multipart upload does not exist.")
}

impl Objects {
    pub(super) fn begin_upload(&mut self, call: &Call<'_>) -> Response {
        if self.uploads.len() >= 1000 {
            return error(503, "SlowDown", "This stand-in has too many open uploads.");
        }
        self.counter += 1;
        let id = format!("upload-{}", self.counter);
        let upload = Upload {
            bucket: call.bucket.clone(),
            key: call.key.clone(),
            headers: body::kept_headers(call.request),
            parts: BTreeMap::new(),
        };
        self.uploads.insert(id.clone(), upload);
        Response::xml(
            200,
            format!(
                "<InitiateMultipartUploadResult><Bucket>{}</Bucket><Key>{}</Key><UploadId>{id}</UploadId>\
                 </InitiateMultipartUploadResult>",
                escape(&call.bucket),
                escape(&call.key)
            ),
        )
    }

    pub(super) fn upload_of(&mut self, call: &Call<'_>) -> Result<(String, &mut Upload), Response> {
        let id = call.request.query("uploadId").into_iter().next().unwrap_or_default();
        let upload = self.uploads.get_mut(&id).filter(|u| u.bucket == call.bucket && u.key == call.key);
        upload.map(|u| (id, u)).ok_or_else(no_upload)
    }

    pub(super) fn upload_part(&mut self, call: &Call<'_>) -> Answer {
        let number = call.request.query("partNumber").first().and_then(|n| n.parse::<u32>().ok());
        let number = number.filter(|n| (1..=10_000).contains(n)).ok_or_else(|| {
            error(400, "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive")
        })?;
        let copies = call.request.header("x-amz-copy-source").is_some();
        let bytes = if copies { self.part_of(call)? } else { body::content(call.request)? };
        let checks = if copies { Vec::new() } else { checksum::verified(call.request, &bytes)? };
        let held: usize =
            self.uploads.values().flat_map(|u| u.parts.values().map(|(bytes, _)| bytes.len())).sum();
        if self.bytes + held + bytes.len() > MOST_BYTES {
            return Err(error(503, "SlowDown", "This stand-in is full."));
        }
        let (_, upload) = self.upload_of(call)?;
        let digest = checksum::md5(&bytes);
        let tag = checksum::quoted(&digest);
        upload.parts.insert(number, (bytes, digest));
        if copies {
            let text = format!(
                "<CopyPartResult><LastModified>{}</LastModified><ETag>{}</ETag></CopyPartResult>",
                iso(call.store.now.world_ms),
                escape(&tag)
            );
            return Ok(Response::xml(200, text));
        }
        let mut response = plain(200).with("etag", tag);
        for (name, value) in checks {
            response = response.with(&name, value);
        }
        Ok(response)
    }

    /// The bytes of another object, or a range of them.
    fn part_of(&self, call: &Call<'_>) -> Result<Vec<u8>, Response> {
        let (_, bytes) = self.source(call)?;
        let Some(asked) = call.request.header("x-amz-copy-source-range") else { return Ok(bytes.to_vec()) };
        let range = asked.strip_prefix("bytes=").and_then(|r| r.split_once('-'));
        let range = range.and_then(|(a, b)| Some((a.parse::<usize>().ok()?, b.parse::<usize>().ok()?)));
        let part = range.and_then(|(from, to)| bytes.get(from..to.checked_add(1)?));
        part.map(<[u8]>::to_vec).ok_or_else(|| {
            error(
                400,
                "InvalidArgument",
                "The x-amz-copy-source-range value must be of the form bytes=first-last",
            )
        })
    }

    pub(super) fn complete_upload(&mut self, call: &Call<'_>) -> Answer {
        let text = String::from_utf8_lossy(&call.request.body).into_owned();
        let (id, upload) = self.upload_of(call)?;
        let numbers: Vec<u32> = text
            .split("<PartNumber>")
            .skip(1)
            .filter_map(|piece| piece.split('<').next()?.trim().parse().ok())
            .collect();
        if numbers.is_empty() {
            return Err(error(400, "MalformedXML", "The XML you provided was not well-formed"));
        }
        if !numbers.is_sorted_by(|a, b| a < b) {
            return Err(error(400, "InvalidPartOrder", "The list of parts was not in ascending order."));
        }
        // A part is named by its number, and by its tag where one is given.
        let tags: Vec<String> = text
            .split("<Part>")
            .skip(1)
            .map(|part| part.split_once("<ETag>").map_or("", |(_, r)| r.split('<').next().unwrap_or("")))
            .map(|tag| super::unescape(tag).trim_matches('"').to_owned())
            .collect();
        let fits = |at: usize, digest: &[u8; 16]| {
            let given = tags.get(at).map_or("", String::as_str);
            given.is_empty() || given == checksum::quoted(digest).trim_matches('"')
        };
        let parts: Option<Vec<&(Vec<u8>, [u8; 16])>> = numbers
            .iter()
            .enumerate()
            .map(|(at, n)| upload.parts.get(n).filter(|(_, digest)| fits(at, digest)))
            .collect();
        let parts = parts.ok_or_else(|| {
            error(400, "InvalidPart", "One or more of the specified parts could not be found.")
        })?;
        let tag = checksum::etag_of_parts(parts.iter().map(|(_, digest)| digest));
        let whole = parts.iter().map(|(bytes, _)| bytes.as_slice()).collect::<Vec<_>>().concat();
        let object = Object {
            tag: super::known(tag.clone(), whole.len()),
            body: Body::Bytes(whole.into()),
            modified_ms: call.store.now.world_ms,
            headers: std::mem::take(&mut upload.headers),
        };
        self.uploads.remove(&id);
        self.insert(&call.bucket, &call.key, object);
        Ok(Response::xml(
            200,
            format!(
                "<CompleteMultipartUploadResult><Location>/{0}/{1}</Location><Bucket>{0}</Bucket><Key>{1}</Key>\
                 <ETag>{2}</ETag></CompleteMultipartUploadResult>",
                escape(&call.bucket),
                escape(&call.key),
                escape(&tag)
            ),
        ))
    }

    pub(super) fn abort_upload(&mut self, call: &Call<'_>) -> Answer {
        let (id, _) = self.upload_of(call)?;
        self.uploads.remove(&id);
        Ok(plain(204))
    }
}

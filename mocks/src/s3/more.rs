//! What clients ask of objects beside their bytes: versions, tags, attributes, uploads under way.

use super::{Answer, Call, Objects, error, plain, unescape};
use crate::http::{Response, escape};
use crate::time::iso;

/// The header under which an object keeps its tags, as `a=b&c=d`; no answer shows it.
pub(super) const TAGGING: &str = "x-amz-tagging";

fn xml(element: &str, inner: &str) -> Response {
    let namespace = "http://s3.amazonaws.com/doc/2006-03-01/";
    Response::xml(200, format!("<{element} xmlns=\"{namespace}\">{inner}</{element}>"))
}

impl Objects {
    fn own(&mut self, call: &Call<'_>) -> Result<&mut super::Object, Response> {
        let found = self.objects.get_mut(&(call.bucket.clone(), call.key.clone()));
        found.ok_or_else(|| error(404, "NoSuchKey", "The specified key does not exist."))
    }

    /// Each object is its own only version: buckets keep no others.
    pub(super) fn versions(&self, call: &Call<'_>) -> Response {
        let one = |name: &str| call.request.query(name).into_iter().next().unwrap_or_default();
        let (prefix, after) = (one("prefix"), one("key-marker"));
        let most = one("max-keys").parse::<usize>().unwrap_or(1000).min(1000);
        let from = (call.bucket.clone(), prefix.clone().max(after.clone()));
        let mut own = self
            .objects
            .range(from..)
            .take_while(|((b, k), _)| *b == call.bucket && k.starts_with(&prefix))
            .filter(|((_, key), _)| after.is_empty() || *key > after)
            .filter_map(|((_, key), object)| Some((key, object, object.outline(call.store)?)));
        let (mut rows, mut last) = (String::new(), String::new());
        for (key, object, (tag, length)) in own.by_ref().take(most) {
            last.clone_from(key);
            rows.push_str(&format!(
                "<Version><Key>{}</Key><VersionId>null</VersionId><IsLatest>true</IsLatest><LastModified>{}</LastModified>\
                 <ETag>{}</ETag><Size>{length}</Size><StorageClass>STANDARD</StorageClass></Version>",
                escape(key),
                iso(object.modified_ms),
                escape(&tag)
            ));
        }
        let more = own.next().is_some();
        let next = if more {
            format!(
                "<NextKeyMarker>{}</NextKeyMarker><NextVersionIdMarker>null</NextVersionIdMarker>",
                escape(&last)
            )
        } else {
            String::new()
        };
        xml(
            "ListVersionsResult",
            &format!(
                "<Name>{}</Name><Prefix>{}</Prefix><KeyMarker>{}</KeyMarker><MaxKeys>{most}</MaxKeys>\
                 <IsTruncated>{more}</IsTruncated>{next}{rows}",
                escape(&call.bucket),
                escape(&prefix),
                escape(&after)
            ),
        )
    }

    pub(super) fn attributes(&mut self, call: &Call<'_>) -> Answer {
        let store = call.store;
        let object = self.own(call)?;
        let missing = || error(404, "NoSuchKey", "The specified key does not exist.");
        let (tag, length) = object.outline(store).ok_or_else(missing)?;
        let asked = call.request.header("x-amz-object-attributes").unwrap_or("");
        let inner: String = asked
            .split(',')
            .map(|name| match name.trim() {
                "ETag" => format!("<ETag>{}</ETag>", escape(tag.trim_matches('"'))),
                "ObjectSize" => format!("<ObjectSize>{length}</ObjectSize>"),
                "StorageClass" => "<StorageClass>STANDARD</StorageClass>".to_owned(),
                _ => String::new(),
            })
            .collect();
        let modified = crate::time::http_date(object.modified_ms);
        Ok(xml("GetObjectAttributesResponse", &inner).with("last-modified", modified))
    }

    pub(super) fn tags(&mut self, call: &Call<'_>) -> Answer {
        let object = self.own(call)?;
        let kept = object.headers.iter().find(|(name, _)| name == TAGGING).map_or("", |(_, v)| v);
        match call.request.method.as_str() {
            "GET" => {
                let rows: String = kept
                    .split('&')
                    .filter_map(|pair| pair.split_once('='))
                    .map(|(k, v)| {
                        let [k, v] = [k, v].map(|text| escape(&crate::http::decode(text)));
                        format!("<Tag><Key>{k}</Key><Value>{v}</Value></Tag>")
                    })
                    .collect();
                Ok(xml("Tagging", &format!("<TagSet>{rows}</TagSet>")))
            }
            method => {
                object.headers.retain(|(name, _)| name != TAGGING);
                if method == "DELETE" {
                    return Ok(plain(204));
                }
                let text = String::from_utf8_lossy(&call.request.body).into_owned();
                let part = |piece: &str, name: &str| {
                    let from = piece.split_once(&format!("<{name}>")).map_or("", |(_, rest)| rest);
                    crate::http::encode(&unescape(from.split('<').next().unwrap_or("")))
                };
                let pairs: Vec<String> = text
                    .split("<Tag>")
                    .skip(1)
                    .map(|piece| format!("{}={}", part(piece, "Key"), part(piece, "Value")))
                    .collect();
                if pairs.len() > 10 {
                    return Err(error(400, "BadRequest", "Object tags cannot be greater than 10"));
                }
                object.headers.push((TAGGING.to_owned(), pairs.join("&")));
                Ok(plain(200))
            }
        }
    }

    pub(super) fn list_uploads(&self, call: &Call<'_>) -> Response {
        let own = self.uploads.iter().filter(|(_, upload)| upload.bucket == call.bucket);
        let rows: String = own
            .map(|(id, upload)| {
                format!("<Upload><Key>{}</Key><UploadId>{id}</UploadId></Upload>", escape(&upload.key))
            })
            .collect();
        let head = format!("<Bucket>{}</Bucket><IsTruncated>false</IsTruncated>", escape(&call.bucket));
        xml("ListMultipartUploadsResult", &format!("{head}{rows}"))
    }

    pub(super) fn list_parts(&mut self, call: &Call<'_>) -> Answer {
        let (id, upload) = self.upload_of(call)?;
        let rows: String = upload
            .parts
            .iter()
            .map(|(number, (bytes, digest))| {
                format!(
                    "<Part><PartNumber>{number}</PartNumber><ETag>{}</ETag><Size>{}</Size></Part>",
                    escape(&super::checksum::quoted(digest)),
                    bytes.len()
                )
            })
            .collect();
        let head = format!(
            "<Bucket>{}</Bucket><Key>{}</Key><UploadId>{id}</UploadId><IsTruncated>false</IsTruncated>",
            escape(&call.bucket),
            escape(&call.key)
        );
        Ok(xml("ListPartsResult", &format!("{head}{rows}")))
    }
}

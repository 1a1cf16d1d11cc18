//! Listings: pages, prefixes and folders.

use std::collections::BTreeSet;
use std::ops::Bound;

use super::{Answer, Call, Objects, error};
use crate::http::{Response, decode, encode, escape, hex};
use crate::time::iso;

const NAMESPACE: &str = "http://s3.amazonaws.com/doc/2006-03-01/";

impl Objects {
    pub(super) fn list_buckets(&self, call: &Call<'_>) -> Response {
        let one = |name: &str| call.request.query(name).into_iter().next().unwrap_or_default();
        let (prefix, region) = (one("prefix"), one("bucket-region"));
        let row = |(name, b): (&String, &super::Bucket)| {
            format!(
                "<Bucket><Name>{}</Name><CreationDate>{}</CreationDate><BucketRegion>{}</BucketRegion></Bucket>",
                escape(name),
                iso(b.created_ms),
                b.region
            )
        };
        let asked = self
            .buckets
            .iter()
            .filter(|(name, b)| name.starts_with(&prefix) && (region.is_empty() || b.region == region));
        let rows: String = asked.map(row).collect();
        Response::xml(
            200,
            format!(
                "<ListAllMyBucketsResult xmlns=\"{NAMESPACE}\"><Owner><ID>shotbook</ID></Owner><Buckets>{rows}</Buckets>\
                 </ListAllMyBucketsResult>"
            ),
        )
    }

    pub(super) fn list(&self, call: &Call<'_>, second: bool) -> Answer {
        let one = |name: &str| call.request.query(name).into_iter().next().unwrap_or_default();
        let (prefix, delimiter) = (one("prefix"), one("delimiter"));
        let most = match one("max-keys").as_str() {
            "" => 1000,
            text => match text.parse::<usize>() {
                Ok(n) => n.min(1000),
                Err(_) => return Err(error(400, "InvalidArgument", "Provided max-keys not an integer")),
            },
        };
        let token = one("continuation-token");
        let after = match (second, token.is_empty()) {
            (true, false) => token_key(&token).ok_or_else(|| {
                error(400, "InvalidArgument", "The continuation token provided is incorrect")
            })?,
            (true, true) => one("start-after"),
            (false, _) => one("marker"),
        };
        let quoted = one("encoding-type") == "url";
        let shown = |text: &str| if quoted { encode(text) } else { escape(text) };
        let from = Bound::Excluded((call.bucket.clone(), after.clone()));
        let (mut rows, mut folders) = (String::new(), BTreeSet::new());
        let (mut last, mut more, mut count) = (String::new(), false, 0);
        for ((bucket, key), object) in self.objects.range((from, Bound::Unbounded)) {
            if *bucket != call.bucket
                || !prefix.is_empty() && key.as_str() > prefix.as_str() && !key.starts_with(&prefix)
            {
                break;
            }
            let Some(rest) = key.strip_prefix(&prefix) else { continue };
            let folder = (!delimiter.is_empty()).then(|| rest.find(&delimiter)).flatten();
            let folder = folder.map(|at| format!("{prefix}{}", &rest[..at + delimiter.len()]));
            if folder
                .as_ref()
                .is_some_and(|f| folders.contains(f) || !after.is_empty() && after.starts_with(f))
            {
                last.clone_from(key);
                continue;
            }
            if count == most {
                more = most > 0;
                break;
            }
            count += 1;
            last.clone_from(key);
            if let Some(folder) = folder {
                folders.insert(folder);
                continue;
            }
            let Some((tag, length)) = object.outline(call.store) else { continue };
            rows.push_str(&row(&shown(key), object.modified_ms, &tag, length));
        }
        let commons: String = folders
            .iter()
            .map(|f| format!("<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>", shown(f)))
            .collect();
        let mut tags = vec![
            ("Name", escape(&call.bucket)),
            ("Prefix", shown(&prefix)),
            ("MaxKeys", most.to_string()),
            ("IsTruncated", more.to_string()),
            ("Delimiter", shown(&delimiter)),
            ("EncodingType", if quoted { "url".to_owned() } else { String::new() }),
        ];
        let next = |text: String| if more { text } else { String::new() };
        if second {
            tags.push(("KeyCount", count.to_string()));
            tags.push(("ContinuationToken", escape(&token)));
            tags.push(("StartAfter", shown(&one("start-after"))));
            tags.push(("NextContinuationToken", next(key_token(&last))));
        } else {
            tags.push(("Marker", shown(&after)));
            tags.push(("NextMarker", next(shown(&last))));
        }
        Ok(Response::xml(
            200,
            format!(
                "<ListBucketResult xmlns=\"{NAMESPACE}\">{}{rows}{commons}</ListBucketResult>",
                head(&tags)
            ),
        ))
    }
}

fn row(key: &str, modified_ms: i64, tag: &str, length: usize) -> String {
    format!(
        "<Contents><Key>{key}</Key><LastModified>{}</LastModified><ETag>{}</ETag><Size>{length}</Size>\
         <StorageClass>STANDARD</StorageClass></Contents>",
        iso(modified_ms),
        escape(tag)
    )
}

/// Elements before the rows; what is empty is left out, but for the prefix.
fn head(tags: &[(&str, String)]) -> String {
    let shown = tags.iter().filter(|(name, value)| !value.is_empty() || *name == "Prefix");
    shown.map(|(name, value)| format!("<{name}>{value}</{name}>")).collect()
}

/// A token that stands for the last key of a page.
fn key_token(key: &str) -> String {
    format!("1{}", hex(key.as_bytes()))
}

fn token_key(token: &str) -> Option<String> {
    let hex = token.strip_prefix('1')?;
    if hex.is_empty() || hex.len() % 2 != 0 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let percent: String =
        hex.as_bytes().chunks(2).map(|p| format!("%{}", String::from_utf8_lossy(p))).collect();
    Some(decode(&percent))
}

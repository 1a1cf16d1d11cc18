//! Which operation a request names.

use crate::http::Request;
use crate::{braket, neighbours, offers, s3};

/// The operation that a request names, by the service's paths; unsigned ones are S3's or ours.
pub(crate) fn operation(request: &Request) -> &'static str {
    let (method, path) = (request.method.as_str(), request.path());
    match path {
        offers::PATH => return "Offers",
        offers::JSON_PATH => return "OffersJson",
        "/_shotbook/state" => return "State",
        "/_shotbook/" | "/_shotbook" => return "Page",
        "/_shotbook/invoice.csv" => return "Invoice",
        _ => {}
    }
    if path.starts_with(braket::CALIBRATIONS) && method == "GET" {
        return "Calibrations";
    }
    if path.starts_with("/_shotbook/") {
        return "Unknown";
    }
    let service = request.scope().map(|(_, _, service)| service).unwrap_or_default();
    match service.as_str() {
        "sts" => return "GetCallerIdentity",
        "s3" => return object_operation(request),
        "braket" => return braket::operation(method, path).unwrap_or("Unknown"),
        "" => {}
        other => return neighbours::operation(other).unwrap_or("Unknown"),
    }
    if method == "POST" && path == "/" {
        return "GetCallerIdentity";
    }
    braket::operation(method, path).unwrap_or_else(|| object_operation(request))
}

/// The bucket that a host names before `s3`, `localhost` or the like, if any.
pub(crate) fn bucket_of_host(request: &Request) -> Option<&str> {
    let host = request.header("host")?;
    let host = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let bucket = host.strip_suffix(".localhost")?;
    let bucket = bucket.split_once(".s3").map_or(bucket, |(bucket, _)| bucket);
    (!bucket.is_empty() && !matches!(bucket, "s3" | "braket" | "sts")).then_some(bucket)
}

fn object_operation(request: &Request) -> &'static str {
    let path = request.path().trim_start_matches('/');
    let (bucket, key) = match bucket_of_host(request) {
        Some(bucket) => (bucket, path),
        None => path.split_once('/').unwrap_or((path, "")),
    };
    let has = |name: &str| request.has_query(name);
    match (request.method.as_str(), bucket.is_empty(), key.is_empty()) {
        ("GET", true, _) => "S3.ListBuckets",
        ("PUT", false, true) if s3::settings::is_one(request) => "S3.PutBucketSetting",
        ("GET", false, true) if s3::settings::is_one(request) => "S3.GetBucketSetting",
        ("DELETE", false, true) if s3::settings::is_one(request) => "S3.DeleteBucketSetting",
        ("PUT", false, true) => "S3.CreateBucket",
        ("HEAD", false, true) => "S3.HeadBucket",
        ("DELETE", false, true) => "S3.DeleteBucket",
        ("GET", false, true) if has("location") => "S3.GetBucketLocation",
        ("GET", false, true) if has("uploads") => "S3.ListMultipartUploads",
        ("GET", false, true) if has("versions") => "S3.ListObjectVersions",
        ("GET", false, true) if request.query("list-type") == ["2"] => "S3.ListObjectsV2",
        ("GET", false, true) => "S3.ListObjects",
        ("POST", false, true) if has("delete") => "S3.DeleteObjects",
        ("POST", false, false) if has("uploads") => "S3.CreateMultipartUpload",
        ("POST", false, false) if has("uploadId") => "S3.CompleteMultipartUpload",
        ("GET", false, false) if has("tagging") => "S3.GetObjectTagging",
        ("PUT", false, false) if has("tagging") => "S3.PutObjectTagging",
        ("DELETE", false, false) if has("tagging") => "S3.DeleteObjectTagging",
        ("GET", false, false) if has("attributes") => "S3.GetObjectAttributes",
        ("GET", false, false) if has("uploadId") => "S3.ListParts",
        (_, false, false) if has("tagging") || has("acl") || has("attributes") || has("retention") => {
            "S3.Unknown"
        }
        ("PUT", false, false) if has("partNumber") => "S3.UploadPart",
        ("PUT", false, false) if request.header("x-amz-copy-source").is_some() => "S3.CopyObject",
        ("PUT", false, false) => "S3.PutObject",
        ("GET", false, false) => "S3.GetObject",
        ("HEAD", false, false) => "S3.HeadObject",
        ("DELETE", false, false) if has("uploadId") => "S3.AbortMultipartUpload",
        ("DELETE", false, false) => "S3.DeleteObject",
        _ => "S3.Unknown",
    }
}

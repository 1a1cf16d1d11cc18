//! Settings of a bucket that clients write when they make one: kept and read back, obeyed by nobody.

use super::{Answer, Call, MOST_BYTES, Objects, error, plain};
use crate::http::{Request, Response};

/// A setting by its query key, with its name in the actions of policies.
struct Setting {
    key: &'static str,
    action: &'static str,
    unset: Unset,
}

/// What a bucket answers that was never given the setting.
enum Unset {
    Error(&'static str),
    Default(&'static str),
}

const fn error_of(key: &'static str, action: &'static str, code: &'static str) -> Setting {
    Setting { key, action, unset: Unset::Error(code) }
}

const fn default_of(key: &'static str, action: &'static str, form: &'static str) -> Setting {
    Setting { key, action, unset: Unset::Default(form) }
}

/// Names of actions. Source: the service authorization reference of Amazon S3.
const SETTINGS: [Setting; 15] = [
    default_of("accelerate", "AccelerateConfiguration", "<AccelerateConfiguration/>"),
    default_of(
        "acl",
        "BucketAcl",
        "<AccessControlPolicy><Owner><ID>shotbook</ID></Owner><AccessControlList/></AccessControlPolicy>",
    ),
    error_of("cors", "BucketCORS", "NoSuchCORSConfiguration"),
    default_of(
        "encryption",
        "EncryptionConfiguration",
        "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm>\
         </ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>",
    ),
    error_of("lifecycle", "LifecycleConfiguration", "NoSuchLifecycleConfiguration"),
    default_of("logging", "BucketLogging", "<BucketLoggingStatus/>"),
    default_of("notification", "BucketNotification", "<NotificationConfiguration/>"),
    error_of("object-lock", "BucketObjectLockConfiguration", "ObjectLockConfigurationNotFoundError"),
    error_of("ownershipControls", "BucketOwnershipControls", "OwnershipControlsNotFoundError"),
    error_of("policy", "BucketPolicy", "NoSuchBucketPolicy"),
    error_of("publicAccessBlock", "BucketPublicAccessBlock", "NoSuchPublicAccessBlockConfiguration"),
    default_of(
        "requestPayment",
        "BucketRequestPayment",
        "<RequestPaymentConfiguration><Payer>BucketOwner</Payer></RequestPaymentConfiguration>",
    ),
    error_of("tagging", "BucketTagging", "NoSuchTagSet"),
    default_of("versioning", "BucketVersioning", "<VersioningConfiguration/>"),
    error_of("website", "BucketWebsite", "NoSuchWebsiteConfiguration"),
];

fn of(request: &Request) -> Option<&'static Setting> {
    SETTINGS.iter().find(|s| request.has_query(s.key))
}

/// Whether a request is about a setting.
pub(crate) fn is_one(request: &Request) -> bool {
    of(request).is_some()
}

/// The action of policies that a request about a setting needs. Only two settings are deleted by an
/// action of their own; the others by the one that writes them.
pub(crate) fn action(request: &Request) -> Option<String> {
    let setting = of(request)?;
    let verb = match (request.method.as_str(), setting.key) {
        ("GET", _) => "Get",
        ("DELETE", "policy" | "website") => "Delete",
        _ => "Put",
    };
    Some(format!("{verb}{}", setting.action))
}

impl Objects {
    pub(super) fn setting(&mut self, call: &Call<'_>) -> Answer {
        let Some(setting) = of(call.request) else { return Err(plain(404)) };
        let Some(bucket) = self.buckets.get_mut(&call.bucket) else { return Err(super::no_bucket()) };
        let held = bucket.settings.get(setting.key).map_or(0, String::len);
        match call.request.method.as_str() {
            "PUT" => {
                let text = String::from_utf8_lossy(&call.request.body).into_owned();
                let bytes = self.bytes - held + text.len();
                if bytes > MOST_BYTES {
                    return Err(error(503, "SlowDown", "This stand-in is full."));
                }
                self.bytes = bytes;
                bucket.settings.insert(setting.key, text);
                Ok(plain(if setting.key == "policy" { 204 } else { 200 }))
            }
            "DELETE" => {
                self.bytes -= held;
                bucket.settings.remove(setting.key);
                Ok(plain(204))
            }
            _ => match (bucket.settings.get(setting.key), &setting.unset) {
                (Some(text), _) => Ok(Response::xml(200, text.clone())),
                (None, Unset::Default(form)) => Ok(Response::xml(200, *form)),
                (None, Unset::Error(code)) => Err(error(404, code, "The bucket has no such configuration")),
            },
        }
    }
}

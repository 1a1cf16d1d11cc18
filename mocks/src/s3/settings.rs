//! Settings of a bucket that clients write when they make one: kept and read back, obeyed by nobody.

use super::{Answer, Call, Objects, error, plain};
use crate::http::{Request, Response};

/// A setting by its query key, with the error when it was never set; those with a form have a default.
struct Setting {
    key: &'static str,
    missing: &'static str,
    default: &'static str,
}

const fn setting(key: &'static str, missing: &'static str, default: &'static str) -> Setting {
    Setting { key, missing, default }
}

const SETTINGS: [Setting; 15] = [
    setting("accelerate", "", "<AccelerateConfiguration/>"),
    setting(
        "acl",
        "",
        "<AccessControlPolicy><Owner><ID>shotbook</ID></Owner><AccessControlList/></AccessControlPolicy>",
    ),
    setting("cors", "NoSuchCORSConfiguration", ""),
    setting(
        "encryption",
        "",
        "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm>\
         </ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>",
    ),
    setting("lifecycle", "NoSuchLifecycleConfiguration", ""),
    setting("logging", "", "<BucketLoggingStatus/>"),
    setting("notification", "", "<NotificationConfiguration/>"),
    setting("object-lock", "ObjectLockConfigurationNotFoundError", ""),
    setting("ownershipControls", "OwnershipControlsNotFoundError", ""),
    setting("policy", "NoSuchBucketPolicy", ""),
    setting("publicAccessBlock", "NoSuchPublicAccessBlockConfiguration", ""),
    setting(
        "requestPayment",
        "",
        "<RequestPaymentConfiguration><Payer>BucketOwner</Payer></RequestPaymentConfiguration>",
    ),
    setting("tagging", "NoSuchTagSet", ""),
    setting("versioning", "", "<VersioningConfiguration/>"),
    setting("website", "NoSuchWebsiteConfiguration", ""),
];

fn of(request: &Request) -> Option<&'static Setting> {
    SETTINGS.iter().find(|s| request.has_query(s.key))
}

/// Whether a request is about a setting.
pub(crate) fn is_one(request: &Request) -> bool {
    of(request).is_some()
}

impl Objects {
    pub(super) fn setting(&mut self, call: &Call<'_>) -> Answer {
        let Some(setting) = of(call.request) else { return Err(plain(404)) };
        let Some(bucket) = self.buckets.get_mut(&call.bucket) else { return Err(super::no_bucket()) };
        match call.request.method.as_str() {
            "PUT" => {
                let text = String::from_utf8_lossy(&call.request.body).into_owned();
                bucket.settings.insert(setting.key, text);
                Ok(plain(if setting.key == "policy" { 204 } else { 200 }))
            }
            "DELETE" => {
                bucket.settings.remove(setting.key);
                Ok(plain(204))
            }
            _ => match bucket.settings.get(setting.key) {
                Some(text) => Ok(Response::xml(200, text.clone())),
                None if setting.missing.is_empty() => Ok(Response::xml(200, setting.default)),
                None => Err(error(404, setting.missing, "The bucket has no such configuration")),
            },
        }
    }
}

//! What can go wrong on request, one row each.

mod rows;

use serde::{Deserialize, Serialize};

use crate::access::error_of;
use crate::http::{Delivery, Request, Response, decode};

pub use rows::{ROWS, Row};

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 429 before anything happens.
    Throttle,
    /// 500 before anything happens.
    ErrorBefore,
    /// 500 after it happened.
    ErrorAfter,
    /// It happens, and the connection drops without an answer.
    LostReply,
    /// The connection drops before anything happens.
    Reset,
    /// The answer is late.
    Delay,
    /// The answer's body is cut.
    CutBody,
    /// The answer's body is no JSON.
    Garbage,
    /// The request is delivered a second time right after the first.
    Duplicate,
    /// The answer says that there is no such thing.
    NotFound,
    /// Half of the body at once, the rest late.
    SlowBody,
    /// The answer promises more bytes than it has.
    WrongLength,
    /// A redirect that leads nowhere.
    Redirect,
    /// The caller may not do this.
    Denied,
    /// The caller's credentials have run out.
    Expired,
    /// The answer is dated in the future.
    ClockSkew,
    /// The device is offline.
    Offline,
    /// The client token is not remembered.
    ForgetTokens,
    /// A search does not see young tasks.
    SearchLag,
    /// The created task or job never leaves its queue.
    Stuck,
    /// The created task or job fails.
    FailTask,
    /// Half of the created task's shots succeed.
    Partial,
    /// A cancel of the created task is accepted and has no effect.
    CancelLoses,
    /// The created task has no result object.
    ResultMissing,
    /// The created task's result object is cut.
    ResultCut,
    /// The created task's result object has another shape.
    ResultMalformed,
    /// The created task's result object comes later than its COMPLETED.
    ResultLate,
    /// The created task's result object is very large.
    ResultHuge,
    /// A task is shown as it was right after its creation.
    Stale,
    /// Prices are twice what they were.
    PriceChange,
}

/// One fault: which requests it meets, and how often.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What goes wrong.
    pub kind: Kind,
    /// Operation that it meets, such as `CreateQuantumTask` or `GetObject`; `*` is all of them.
    pub operation: String,
    /// First matching request that it meets, from 1.
    #[serde(default = "one")]
    pub at: u64,
    /// How many matching requests it meets.
    #[serde(default = "one")]
    pub times: u64,
    /// For kinds that take a time. Units: milliseconds.
    #[serde(default)]
    pub delay_ms: u64,
    /// Only requests that name this device, by ARN or its last part.
    #[serde(default)]
    pub device: Option<String>,
    /// How likely a matching request is met, drawn from the world's seed. Units: 0 to 1.
    #[serde(default = "certain")]
    pub probability: f64,
}

fn certain() -> f64 {
    1.0
}

fn one() -> u64 {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    fault: Vec<Fault>,
}

/// Operations that faults may name.
const OPERATIONS: [&str; 40] = [
    "*",
    "CreateQuantumTask",
    "GetQuantumTask",
    "CancelQuantumTask",
    "SearchQuantumTasks",
    "GetDevice",
    "SearchDevices",
    "CreateJob",
    "GetJob",
    "CancelJob",
    "SearchJobs",
    "CreateSpendingLimit",
    "UpdateSpendingLimit",
    "DeleteSpendingLimit",
    "SearchSpendingLimits",
    "ListTagsForResource",
    "TagResource",
    "UntagResource",
    "GetCallerIdentity",
    "ListRoles",
    "Logs",
    "Ecr",
    "Offers",
    "OffersJson",
    "ListBuckets",
    "CreateBucket",
    "HeadBucket",
    "DeleteBucket",
    "GetBucketLocation",
    "ListObjects",
    "ListObjectsV2",
    "DeleteObjects",
    "PutObject",
    "CopyObject",
    "GetObject",
    "HeadObject",
    "DeleteObject",
    "CreateMultipartUpload",
    "UploadPart",
    "CompleteMultipartUpload",
];

/// Faults of a TOML file: `[[fault]]` tables.
///
/// # Errors
/// The parser's message with line and column, or what is wrong with which fault.
pub fn parse(text: &str) -> Result<Vec<Fault>, String> {
    let faults = toml::from_str::<File>(text).map(|file| file.fault).map_err(|e| e.to_string())?;
    for (i, fault) in faults.iter().enumerate() {
        fault.check().map_err(|why| format!("fault {}: {why}", i + 1))?;
    }
    Ok(faults)
}

/// Faults with how many requests each has seen.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    armed: Vec<(Fault, u64)>,
}

impl Faults {
    /// Faults that have met nothing yet.
    pub fn new(faults: Vec<Fault>) -> Self {
        Self { armed: faults.into_iter().map(|f| (f, 0)).collect() }
    }

    /// Adds one.
    pub fn add(&mut self, fault: Fault) {
        self.armed.push((fault, 0));
    }

    /// The fault that this request meets, if any; `draw` is a random byte of this request.
    pub fn meets(&mut self, operation: &str, request: &Request, draw: u8) -> Option<Fault> {
        let mut found = None;
        for (i, (fault, seen)) in self.armed.iter_mut().enumerate() {
            if matches!(operation, "State" | "Page" | "Invoice")
                || fault.operation != operation && fault.operation != "*"
            {
                continue;
            }
            if fault.device.as_ref().is_some_and(|device| !names_device(request, device)) {
                continue;
            }
            // Each fault draws for itself.
            let own = draw.wrapping_mul(167).wrapping_add((i as u8).wrapping_mul(59));
            if fault.probability < 1.0 && f64::from(own) >= fault.probability * 256.0 {
                continue;
            }
            *seen += 1;
            if found.is_none() && (fault.at..fault.at.saturating_add(fault.times)).contains(seen) {
                found = Some(fault.clone());
            }
        }
        found
    }

    /// Names of the armed ones.
    pub fn names(&self) -> Vec<String> {
        let name = |kind: Kind| ROWS.iter().find(|r| r.kind == kind).map_or("", |r| r.name);
        self.armed.iter().map(|(f, _)| format!("{} {}", name(f.kind), f.operation)).collect()
    }
}

fn names_device(request: &Request, device: &str) -> bool {
    let ends = |text: &str| {
        let at = text.find(device).map(|at| at + device.len());
        at.is_some_and(|end| !text[end..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-'))
    };
    ends(&String::from_utf8_lossy(&request.body)) || ends(&decode(request.path()))
}

impl Fault {
    /// A fault that always meets so many requests of an operation, from the one at this place.
    pub fn new(kind: Kind, operation: &str, at: u64, times: u64) -> Self {
        Self { kind, operation: operation.to_owned(), at, times, delay_ms: 0, device: None, probability: 1.0 }
    }

    /// What is wrong with it, if anything.
    ///
    /// # Errors
    /// A sentence.
    pub fn check(&self) -> Result<(), String> {
        if !OPERATIONS.contains(&self.operation.as_str()) {
            return Err(format!("{:?} is no operation", self.operation));
        }
        if !(0.0..=1.0).contains(&self.probability) {
            return Err(format!("the probability {} is not between 0 and 1", self.probability));
        }
        Ok(())
    }

    /// Whether the request is answered without being carried out, in the form of the service asked.
    pub(crate) fn instead(&self, operation: &str) -> Option<(Response, Delivery)> {
        let error = |status: u16, kind: &str, message: &str| {
            (error_of(operation, status, kind, message), Delivery::default())
        };
        match self.kind {
            Kind::Throttle => Some(error(429, "ThrottlingException", "Rate exceeded")),
            Kind::ErrorBefore => Some(error(500, "InternalServiceException", "Internal failure")),
            Kind::NotFound => {
                Some(error(404, "ResourceNotFoundException", "The resource does not exist yet"))
            }
            Kind::Denied => {
                Some(error(403, "AccessDeniedException", "User is not authorized to perform this action"))
            }
            Kind::Expired => Some(error(
                403,
                "ExpiredTokenException",
                "The security token included in the request is expired",
            )),
            Kind::Redirect => Some(error(301, "PermanentRedirect", "Moved Permanently")),
            Kind::Reset => Some((Response::default(), Delivery { reset: true, ..Delivery::default() })),
            _ => None,
        }
    }

    /// What becomes of the answer to a request that was carried out.
    pub(crate) fn after(&self, operation: &str, response: Response) -> (Response, Delivery) {
        let delivery = Delivery::default();
        match self.kind {
            Kind::ErrorAfter => {
                (error_of(operation, 500, "InternalServiceException", "Internal failure"), delivery)
            }
            Kind::LostReply => (response, Delivery { reset: true, ..delivery }),
            Kind::Delay => (response, Delivery { delay_ms: self.delay_ms, ..delivery }),
            Kind::CutBody => {
                let half = response.body.len() / 2;
                (response, Delivery { cut_after: Some(half), ..delivery })
            }
            Kind::SlowBody => (response, Delivery { pause_ms: self.delay_ms, ..delivery }),
            Kind::WrongLength => (response, Delivery { extra_length: 100, ..delivery }),
            Kind::Garbage => (Response { body: b"<html>not json".to_vec(), ..response }, delivery),
            _ => (response, delivery),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_example_is_read_as_its_kind() {
        for row in ROWS {
            let read = parse(row.example).unwrap_or_else(|e| panic!("{}: {e}", row.name));
            assert_eq!(read.iter().map(|f| f.kind).collect::<Vec<_>>(), [row.kind], "{}", row.example);
        }
    }

    #[test]
    fn a_wrong_file_is_refused_with_its_place() {
        for (text, said) in [
            ("[[fault]]\nkind = \"no\"\noperation = \"*\"", "line 2, column 8"),
            ("[[fault]]\nkind = \"reset\"\noperation = \"Nope\"", "fault 1"),
            ("[[fault]]\nkind = \"reset\"\noperation = \"*\"\nprobability = 2", "between 0 and 1"),
            ("[[fault]]\nkind = \"reset\"\noperation = \"*\"\nwhat = 2", "line 4"),
        ] {
            let why = parse(text).unwrap_err();
            assert!(why.contains(said), "{why}");
        }
    }

    #[test]
    fn a_fault_meets_its_place_its_device_and_its_share() {
        let request = |device: &str| Request {
            body: format!("{{\"deviceArn\": \"arn:x/{device}\"}}").into_bytes(),
            ..Request::default()
        };
        let mut at = Faults::new(vec![Fault::new(Kind::Reset, "GetDevice", 2, 2)]);
        let met: Vec<bool> = (0..5).map(|i| at.meets("GetDevice", &request("a"), i).is_some()).collect();
        assert_eq!(met, [false, true, true, false, false]);
        assert!(at.meets("GetJob", &request("a"), 0).is_none());
        let device = Some("Forte-1".to_owned());
        let mut one = Faults::new(vec![Fault { device, ..Fault::new(Kind::Reset, "*", 1, 9) }]);
        assert!(one.meets("GetJob", &request("Forte-1"), 0).is_some());
        assert!(one.meets("GetJob", &request("Forte-10"), 0).is_none());
        let mut some = Faults::new(vec![Fault { probability: 0.25, ..Fault::new(Kind::Reset, "*", 1, 999) }]);
        let met = (0..=255).filter(|d| some.meets("GetJob", &request("a"), *d).is_some()).count();
        assert_eq!(met, 64);
    }
}

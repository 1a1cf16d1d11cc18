//! What can go wrong on request, one row each.

use serde::Deserialize;

use crate::http::{Delivery, Response};

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
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
}

/// A row: the kind, what it is for.
pub struct Row {
    /// The kind.
    pub kind: Kind,
    /// Its name in files.
    pub name: &'static str,
    /// What it does, in one sentence.
    pub what: &'static str,
}

/// All kinds.
pub static ROWS: [Row; 10] = [
    Row { kind: Kind::Throttle, name: "throttle", what: "429 ThrottlingException before anything happens" },
    Row { kind: Kind::ErrorBefore, name: "error_before", what: "500 before anything happens" },
    Row { kind: Kind::ErrorAfter, name: "error_after", what: "500 after it happened: a task may run" },
    Row { kind: Kind::LostReply, name: "lost_reply", what: "it happens, and the connection drops" },
    Row { kind: Kind::Reset, name: "reset", what: "the connection drops before anything happens" },
    Row { kind: Kind::Delay, name: "delay", what: "the answer comes `delay_ms` later" },
    Row {
        kind: Kind::CutBody,
        name: "cut_body",
        what: "half of the answer's body, then the connection drops",
    },
    Row { kind: Kind::Garbage, name: "garbage", what: "the right status with a body that is no JSON" },
    Row { kind: Kind::Duplicate, name: "duplicate", what: "the request arrives twice" },
    Row { kind: Kind::NotFound, name: "not_found", what: "404 once, as right after a create" },
];

/// One fault: which requests it meets, and how often.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What goes wrong.
    pub kind: Kind,
    /// Operation that it meets, such as `CreateQuantumTask` or `GetObject`.
    pub operation: String,
    /// First matching request that it meets, from 1.
    #[serde(default = "one")]
    pub at: u64,
    /// How many matching requests it meets.
    #[serde(default = "one")]
    pub times: u64,
    /// For `delay`. Units: milliseconds.
    #[serde(default)]
    pub delay_ms: u64,
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

/// Faults of a TOML file: `[[fault]]` tables.
///
/// # Errors
/// The parser's message with line and column.
pub fn parse(text: &str) -> Result<Vec<Fault>, String> {
    toml::from_str::<File>(text).map(|file| file.fault).map_err(|e| e.to_string())
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

    /// The fault that this request meets, if any.
    pub fn meets(&mut self, operation: &str) -> Option<Fault> {
        let mut found = None;
        for (fault, seen) in &mut self.armed {
            if fault.operation == operation {
                *seen += 1;
                if found.is_none() && (fault.at..fault.at.saturating_add(fault.times)).contains(seen) {
                    found = Some(fault.clone());
                }
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

impl Fault {
    /// Whether the request is answered without being carried out.
    pub fn instead(&self) -> Option<(Response, Delivery)> {
        let error = |status: u16, kind: &str, message: &str| {
            let body = serde_json::json!({"message": message});
            (Response::json(status, &body).with("x-amzn-errortype", kind), Delivery::default())
        };
        match self.kind {
            Kind::Throttle => Some(error(429, "ThrottlingException", "Rate exceeded")),
            Kind::ErrorBefore => Some(error(500, "InternalServiceException", "Internal failure")),
            Kind::NotFound => {
                Some(error(404, "ResourceNotFoundException", "The resource does not exist yet"))
            }
            Kind::Reset => Some((Response::default(), Delivery { reset: true, ..Delivery::default() })),
            _ => None,
        }
    }

    /// What becomes of the answer to a request that was carried out.
    pub fn after(&self, response: Response) -> (Response, Delivery) {
        let delivery = Delivery::default();
        match self.kind {
            Kind::ErrorAfter => {
                let body = serde_json::json!({"message": "Internal failure"});
                (Response::json(500, &body).with("x-amzn-errortype", "InternalServiceException"), delivery)
            }
            Kind::LostReply => (response, Delivery { reset: true, ..delivery }),
            Kind::Delay => (response, Delivery { delay_ms: self.delay_ms, ..delivery }),
            Kind::CutBody => {
                let half = response.body.len() / 2;
                (response, Delivery { cut_after: Some(half), ..delivery })
            }
            Kind::Garbage => (Response { body: b"<html>not json".to_vec(), ..response }, delivery),
            _ => (response, delivery),
        }
    }
}

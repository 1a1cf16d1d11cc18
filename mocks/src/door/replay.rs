//! A recording that answers for the world: the same calls, the same answers, in their order.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use super::guard;
use crate::http::{Delivery, Request, Response};

/// Answers of one call in their order, and how many were given.
#[derive(Debug, Default)]
struct Answers {
    all: Vec<(Response, bool)>,
    given: usize,
}

/// Calls by method, address and body.
#[derive(Debug)]
pub struct Recording(Mutex<HashMap<String, Answers>>);

/// What makes two calls the same: tokens and the order of members are new each time.
fn key(method: &str, target: &str, body: &str) -> String {
    let mut value: Value = serde_json::from_str(body).unwrap_or_else(|_| Value::from(body));
    if let Some(members) = value.as_object_mut() {
        members.remove("clientToken");
    }
    // Names in order: a client may write its members in another one each time.
    let shown = match value.as_object() {
        Some(members) => {
            let mut rows: Vec<String> = members.iter().map(|(name, v)| format!("{name}: {v}")).collect();
            rows.sort();
            rows.join(", ")
        }
        None => value.to_string(),
    };
    format!("{method} {target} {shown}")
}

impl Recording {
    /// Reads what `--record` wrote.
    ///
    /// # Errors
    /// The line that is no call, counted from 1.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut calls: HashMap<String, Answers> = HashMap::new();
        for (i, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
            let wrong = |why: String| format!("line {}: {why}", i + 1);
            let line: Value = serde_json::from_str(line).map_err(|e| wrong(e.to_string()))?;
            let text = |value: &Value| value.as_str().map(str::to_owned);
            let (asked, given) = (&line["request"], &line["response"]);
            let parts = (text(&asked["method"]), text(&asked["target"]), text(&asked["body"]));
            let (Some(method), Some(target), Some(body)) = parts else {
                return Err(wrong("it has no request with method, target and body".to_owned()));
            };
            let status = given["status"].as_u64().and_then(|s| u16::try_from(s).ok());
            let status = status.ok_or_else(|| wrong("it has no response with a status".to_owned()))?;
            let headers =
                serde_json::from_value(given["headers"].clone()).map_err(|e| wrong(e.to_string()))?;
            let response =
                Response { status, headers, body: text(&given["body"]).unwrap_or_default().into() };
            let reset = line["reset"].as_bool().unwrap_or(false);
            calls.entry(key(&method, &target, &body)).or_default().all.push((response, reset));
        }
        Ok(Self(Mutex::new(calls)))
    }

    /// The next answer of a call; after the last one, the last one again.
    pub(super) fn answer(&self, request: &Request) -> (Response, Delivery) {
        let key = key(&request.method, &request.target, &String::from_utf8_lossy(&request.body));
        let mut calls = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(answers) = calls.get_mut(&key) else {
            return (guard::say(500, "the recording has no such call"), Delivery::default());
        };
        let at = answers.given.min(answers.all.len() - 1);
        answers.given += 1;
        let (response, reset) = answers.all[at].clone();
        (response, Delivery { reset, ..Delivery::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(recording: &Recording, body: &str) -> (u16, String) {
        let request = Request {
            method: "POST".into(),
            target: "/x".into(),
            body: body.as_bytes().to_vec(),
            ..Request::default()
        };
        let (response, _) = recording.answer(&request);
        (response.status, String::from_utf8_lossy(&response.body).into_owned())
    }

    #[test]
    fn calls_are_answered_in_their_order_whatever_their_token() {
        let line = |body: &str, answer: &str| {
            let asked = serde_json::json!({"method": "POST", "target": "/x", "headers": [], "body": body});
            let given = serde_json::json!({"status": 201, "headers": [["a", "b"]], "body": answer});
            serde_json::json!({"operation": "X", "request": asked, "response": given, "reset": false})
                .to_string()
        };
        let text = [
            line(r#"{"clientToken":"1","shots":2}"#, "first"),
            line(r#"{"clientToken":"2","shots":2}"#, "second"),
            line("<xml/>", "third"),
        ];
        let recording = Recording::parse(&text.join("\n")).expect("a recording");
        let same = r#"{"shots":2,"clientToken":"9"}"#;
        assert_eq!(ask(&recording, same), (201, "first".into()));
        assert_eq!(ask(&recording, same), (201, "second".into()));
        assert_eq!(ask(&recording, same), (201, "second".into()));
        assert_eq!(ask(&recording, "<xml/>"), (201, "third".into()));
        assert_eq!(ask(&recording, r#"{"shots":3}"#).0, 500);
    }

    #[test]
    fn what_is_no_recording_is_refused_with_its_line() {
        for (text, said) in
            [("{}", "line 1"), ("\n\nx", "line 3"), (r#"{"request": {"method": "GET"}}"#, "target")]
        {
            let why = Recording::parse(text).unwrap_err();
            assert!(why.contains(said), "{why}");
        }
    }
}

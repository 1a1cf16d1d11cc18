//! As much of CloudWatch Logs as clients of hybrid jobs read: streams, events, queries for metrics.

use serde_json::{Value, json};

use crate::braket::Job;
use crate::http::Response;
use crate::neighbours::{answer, refusal};
use crate::time::iso;
use crate::world::{Caller, World};

/// The one log group. Source: the SDK's own constant.
const GROUP: &str = "/aws/braket/jobs";
/// Queries whose results are kept.
const QUERIES: usize = 100;
/// Most events of one answer, by the service's reference.
const MOST: usize = 10_000;

/// A query that somebody started.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    id: String,
    stream: String,
    words: Vec<String>,
    most: usize,
}

fn missing(what: &str) -> Response {
    refusal("ResourceNotFoundException", &format!("The specified {what} does not exist."))
}

fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body[name].as_str().unwrap_or("")
}

/// Answers a call.
pub(crate) fn handle(world: &mut World, target: &str, body: &Value, caller: &Caller) -> Response {
    let known = matches!(text(body, "logGroupName"), GROUP | "") || target == "GetQueryResults";
    if !known {
        return missing("log group");
    }
    match target {
        "DescribeLogGroups" => {
            let here = GROUP.starts_with(text(body, "logGroupNamePrefix"));
            let arn = format!("arn:aws:logs:{}:{}:log-group:{GROUP}:*", caller.region, caller.account);
            let row = json!({"logGroupName": GROUP, "arn": arn, "storedBytes": 0});
            answer(&json!({"logGroups": if here { vec![row] } else { Vec::new() }}))
        }
        "DescribeLogStreams" => streams(world, body, caller),
        "GetLogEvents" => events(world, body, caller),
        "FilterLogEvents" => filtered(world, body, caller),
        "StartQuery" => start(world, body),
        "GetQueryResults" => results(world, body, caller),
        _ => refusal("UnknownOperationException", "This stand-in does not serve this operation."),
    }
}

/// Streams of the caller's jobs, by name.
fn own<'a>(world: &'a World, caller: &Caller) -> impl Iterator<Item = (String, &'a Job)> {
    let prefix = caller.prefix("job/");
    let jobs = world.jobs.iter().filter(move |(arn, job)| arn.starts_with(&prefix) && !job.log().is_empty());
    jobs.map(|(_, job)| (job.stream(), job))
}

fn streams(world: &World, body: &Value, caller: &Caller) -> Response {
    let prefix = text(body, "logStreamNamePrefix");
    let most = body["limit"].as_u64().unwrap_or(50).min(50) as usize;
    let mut rows: Vec<Value> = own(world, caller)
        .filter(|(name, _)| name.starts_with(prefix))
        .map(|(name, job)| {
            let (first, last) = (job.log().first().map(|l| l.0), job.log().last().map(|l| l.0));
            json!({"logStreamName": name, "creationTime": first, "firstEventTimestamp": first,
                "lastEventTimestamp": last, "lastIngestionTime": last, "storedBytes": 0})
        })
        .collect();
    rows.sort_by(|a, b| text(a, "logStreamName").cmp(text(b, "logStreamName")));
    let token = text(body, "nextToken");
    rows.retain(|r| text(r, "logStreamName") > token);
    let more = rows.len() > most;
    rows.truncate(most);
    let mut out = json!({});
    if let Some(last) = rows.last().filter(|_| more) {
        out["nextToken"] = last["logStreamName"].clone();
    }
    out["logStreams"] = Value::Array(rows);
    answer(&out)
}

fn event((ms, message): &(i64, String)) -> Value {
    json!({"timestamp": ms, "message": message, "ingestionTime": ms})
}

/// A page of one stream. Its tokens are places, `f/12` and `b/12`, as the service's are opaque.
fn events(world: &World, body: &Value, caller: &Caller) -> Response {
    let name = text(body, "logStreamName");
    let Some((_, job)) = own(world, caller).find(|(stream, _)| stream == name) else {
        return missing("log stream");
    };
    let from = body["startTime"].as_i64().unwrap_or(i64::MIN);
    let until = body["endTime"].as_i64().unwrap_or(i64::MAX);
    let lines: Vec<_> = job.log().iter().filter(|l| (from..until).contains(&l.0)).collect();
    let most = body["limit"].as_u64().map_or(MOST, |n| (n as usize).clamp(1, MOST));
    let token = text(body, "nextToken");
    let place = |kind| token.strip_prefix(kind).and_then(|n: &str| n.parse::<usize>().ok());
    let (first, last) = match (place("f/"), place("b/")) {
        (Some(at), _) => (at.min(lines.len()), lines.len().min(at.saturating_add(most))),
        (_, Some(at)) => (at.min(lines.len()).saturating_sub(most), at.min(lines.len())),
        _ if !token.is_empty() => {
            return refusal("InvalidParameterException", "The specified nextToken is invalid.");
        }
        _ if body["startFromHead"] == true => (0, lines.len().min(most)),
        _ => (lines.len().saturating_sub(most), lines.len()),
    };
    let page: Vec<Value> = lines[first..last].iter().map(|l| event(l)).collect();
    answer(&json!({"events": page, "nextForwardToken": format!("f/{last}"),
        "nextBackwardToken": format!("b/{first}")}))
}

fn filtered(world: &World, body: &Value, caller: &Caller) -> Response {
    let names: Vec<&str> =
        body["logStreamNames"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let (prefix, pattern) = (text(body, "logStreamNamePrefix"), text(body, "filterPattern"));
    let pattern = pattern.trim_matches('"');
    let from = body["startTime"].as_i64().unwrap_or(i64::MIN);
    let until = body["endTime"].as_i64().unwrap_or(i64::MAX);
    let most = body["limit"].as_u64().map_or(MOST, |n| (n as usize).clamp(1, MOST));
    // A token is a number of rows that went before.
    let token = text(body, "nextToken");
    let Ok(first) = (if token.is_empty() { Ok(0) } else { token.parse::<usize>() }) else {
        return refusal("InvalidParameterException", "The specified nextToken is invalid.");
    };
    let mut rows = Vec::new();
    let (mut found, mut more) = (0, false);
    for (stream, job) in own(world, caller) {
        if !stream.starts_with(prefix) || !(names.is_empty() || names.contains(&stream.as_str())) {
            continue;
        }
        for (at, line) in job.log().iter().enumerate() {
            if !(from..=until).contains(&line.0) || !line.1.contains(pattern) {
                continue;
            }
            found += 1;
            more |= rows.len() == most;
            if found > first && rows.len() < most {
                let mut row = event(line);
                row["logStreamName"] = json!(stream);
                row["eventId"] = json!(format!("{stream}/{at}"));
                rows.push(row);
            }
        }
    }
    let mut out = json!({"events": rows, "searchedLogStreams": []});
    if more {
        out["nextToken"] = json!((first + most).to_string());
    }
    answer(&out)
}

/// What stands between the slashes of `@field like /…/`, without its escapes.
fn likes(query: &str, field: &str) -> Vec<String> {
    let mut out = Vec::new();
    for piece in query.split(&format!("{field} like /")).skip(1) {
        let (mut text, mut escaped) = (String::new(), false);
        for c in piece.chars() {
            match c {
                '\\' if !escaped => escaped = true,
                '/' if !escaped => break,
                c => {
                    text.push(c);
                    escaped = false;
                }
            }
        }
        out.push(text);
    }
    out
}

fn start(world: &mut World, body: &Value) -> Response {
    let text = text(body, "queryString");
    let stream = likes(text, "@logStream").into_iter().next().unwrap_or_default();
    let query = Query {
        id: world.uuid("query"),
        stream: stream.trim_start_matches('^').to_owned(),
        words: likes(text, "@message"),
        most: body["limit"].as_u64().map_or(1000, |n| (n as usize).min(MOST)),
    };
    let out = json!({"queryId": query.id});
    if world.log_queries.len() >= QUERIES {
        world.log_queries.pop_front();
    }
    world.log_queries.push_back(query);
    answer(&out)
}

fn results(world: &World, body: &Value, caller: &Caller) -> Response {
    let Some(query) = world.log_queries.iter().find(|q| q.id == text(body, "queryId")) else {
        return missing("query");
    };
    let mut rows = Vec::new();
    for (stream, job) in own(world, caller).filter(|(name, _)| name.starts_with(&query.stream)) {
        for (ms, line) in job.log().iter().filter(|l| query.words.iter().all(|w| l.1.contains(w))) {
            let time = iso(*ms).replace('T', " ").replace('Z', "");
            rows.push(json!([{"field": "@timestamp", "value": time}, {"field": "@message", "value": line},
                {"field": "@ptr", "value": format!("{stream}/{}", rows.len())}]));
        }
    }
    let (matched, most) = (rows.len(), query.most);
    rows.truncate(most);
    answer(&json!({"status": "Complete", "results": rows,
        "statistics": {"recordsMatched": matched as f64, "recordsScanned": matched as f64, "bytesScanned": 0.0}}))
}

#[cfg(test)]
mod tests {
    use super::likes;

    #[test]
    fn a_query_says_which_streams_and_words() {
        let query =
            r"fields @message | filter @logStream like /^job\/a-1\// | filter @message like /Metrics - /";
        assert_eq!(likes(query, "@logStream"), ["^job/a-1/"]);
        assert_eq!(likes(query, "@message"), ["Metrics - "]);
        assert!(likes("fields x", "@message").is_empty());
    }
}

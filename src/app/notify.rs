//! Delivers notices: a program with arguments, or a POST to a public address.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;

use crate::backend::braket::post;
use crate::failpoint;
use crate::ids::RunnerId;
use crate::job::State;
use crate::runner::is_gone;
use crate::store::{Notice, Store, StoreError, Target};
use crate::time::{self, Timestamp};

/// How long one delivery may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// Deliveries before a notice is given up: about a day.
const TRIES: u32 = 24;
/// Notices taken at a time.
const BATCH: usize = 16;
/// What no program that is told something needs to know.
const SECRETS: [&str; 6] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_BEARER_TOKEN_BEDROCK",
    "SHOTBOOK_MOCK_TOKEN",
];

/// Delivers what is due, until nothing is or `stop` says so. Gives how many were delivered.
///
/// # Errors
/// The store; what a receiver does wrong is written down and tried again.
pub fn deliver(store: &dyn Store, runner: &RunnerId, stop: &dyn Fn() -> bool) -> Result<usize, StoreError> {
    let Some(outbox) = store.outbox() else { return Ok(0) };
    let mut delivered = 0;
    loop {
        let now = time::now();
        let until = now.after(PATIENCE * (BATCH as u32 + 1));
        let notices = outbox.claim(runner, now, until, BATCH, &is_gone)?;
        if notices.is_empty() {
            return Ok(delivered);
        }
        for notice in notices {
            if stop() {
                return Ok(delivered);
            }
            let injected = |e: failpoint::Injected| StoreError::Io(e.to_string());
            failpoint::hit("notify.before").map_err(injected)?;
            let body = body(store, &notice)?;
            let went = match &notice.target {
                Target::Exec(words) => exec(words, &notice, &body),
                Target::Webhook(url) => post::post(url, &notice.id, body.into_bytes(), PATIENCE),
            };
            failpoint::hit("notify.after").map_err(injected)?;
            match went {
                Ok(()) => {
                    outbox.delivered(&notice.id)?;
                    delivered += 1;
                }
                Err(problem) => {
                    tracing::warn!(job = %notice.job, notice = notice.id, problem, "a notice was not taken");
                    outbox.postponed(&notice.id, next_try(notice.tries, time::now()), &problem)?;
                }
            }
        }
    }
}

/// When a notice that failed `tries` times before is tried again: 10 s, doubling up to an hour.
fn next_try(tries: u32, now: Timestamp) -> Option<Timestamp> {
    let wait = Duration::from_secs(10 << tries.min(9)).min(Duration::from_secs(3600));
    (tries + 1 < TRIES).then(|| now.after(wait))
}

/// `shotbook.notice/1`: what happened, with no secret and no result.
fn body(store: &dyn Store, notice: &Notice) -> Result<String, StoreError> {
    let job = store.job(&notice.job)?;
    let terms = &job.terms;
    Ok(json!({
        "schema": "shotbook.notice/1", "id": notice.id, "event": notice.news.word(), "at": notice.at.to_string(),
        "job_id": terms.id.as_str(), "key": terms.key, "name": terms.name, "project": terms.project,
        "tags": terms.tags, "device": terms.device, "shots": terms.shots, "state": State::of(&job).word(),
        "task_arn": job.task().map(ToString::to_string), "held": job.held.to_string(),
        "settled": job.settled.to_string(),
    })
    .to_string())
}

/// Runs a program with the event, the job and the notice as arguments and the notice on its input.
fn exec(words: &[String], notice: &Notice, body: &str) -> Result<(), String> {
    use std::io::Write;
    let Some((program, fixed)) = words.split_first() else { return Err("no program".to_owned()) };
    let mut command = Command::new(program);
    command.args(fixed).args([notice.news.word(), notice.job.as_str(), &notice.id]);
    SECRETS.iter().for_each(|name| {
        command.env_remove(name);
    });
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|e| format!("{program}: {e}"))?;
    if let Some(mut stdin) = child.stdin.take() {
        let body = body.to_owned();
        // A program that does not read its input is as good, and must not keep us beyond its time.
        std::thread::spawn(move || stdin.write_all(body.as_bytes()));
    }
    let started = time::ticks();
    loop {
        match child.try_wait().map_err(|e| format!("{program}: {e}"))? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return Err(format!("{program} ended with {status}")),
            None if time::ticks().saturating_sub(started) > PATIENCE => {
                let _ended = child.kill().and_then(|()| child.wait());
                return Err(format!("{program} took longer than {} s", PATIENCE.as_secs()));
            }
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

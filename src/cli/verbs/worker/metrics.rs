//! `worker --metrics`: what the store and the process count, in Prometheus's text form, on loopback.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::cli::Failure;
use crate::runner::Meter;
use crate::store::{Notes as _, Outbox as _, SqliteStore, Store, StoreError};
use crate::time;

/// Most that is read of a question, and how long one may take.
const HEAD_BYTES: usize = 8 << 10;
const PATIENCE: Duration = Duration::from_secs(5);

/// Answers on an address for the life of the process; gives the address, whose port may have been 0.
pub fn serve(address: &str, path: PathBuf, meter: Arc<Meter>) -> Result<SocketAddr, Failure> {
    let wrong = |why: String| Failure::new("SB2001", why).with_help("--metrics 127.0.0.1:9464");
    let address: SocketAddr = address.parse().map_err(|_| wrong(format!("{address:?} is no address")))?;
    if !address.ip().is_loopback() {
        return Err(wrong(format!("{address} can be reached from elsewhere; metrics stay on this machine")));
    }
    let listener = TcpListener::bind(address).map_err(|e| wrong(format!("{address}: {e}")))?;
    let bound = listener.local_addr().map_err(|e| wrong(e.to_string()))?;
    std::thread::spawn(move || {
        let Ok(store) = SqliteStore::open(&path) else { return };
        for stream in listener.incoming().flatten() {
            // One at a time: whoever is slow makes only other scrapes wait, and not for long.
            let _gone = answer(stream, &store, &meter);
        }
    });
    Ok(bound)
}

fn answer(mut stream: TcpStream, store: &SqliteStore, meter: &Meter) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let (mut head, mut part) = (Vec::new(), [0u8; 1024]);
    while !head.windows(4).any(|w| w == b"\r\n\r\n") && head.len() < HEAD_BYTES {
        match stream.read(&mut part)? {
            0 => break,
            n => head.extend_from_slice(&part[..n]),
        }
    }
    let (status, body) = match asked(&String::from_utf8_lossy(&head)) {
        200 => match text(store, meter) {
            Ok(text) => ("200 OK", text),
            Err(error) => ("503 Service Unavailable", format!("{error}\n")),
        },
        421 => ("421 Misdirected Request", "this is not the host you mean\n".to_owned()),
        405 => ("405 Method Not Allowed", "GET /metrics\n".to_owned()),
        _ => ("404 Not Found", "GET /metrics\n".to_owned()),
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

/// The status of an answer to a question's head. A foreign `Host` is a page in somebody's browser.
fn asked(head: &str) -> u16 {
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let host = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("host").then(|| value.trim())
    });
    let name =
        host.map(|h| h.rsplit_once(':').filter(|(_, p)| p.parse::<u16>().is_ok()).map_or(h, |(h, _)| h));
    match (name, method, target) {
        (Some("127.0.0.1" | "localhost" | "[::1]"), "GET", "/metrics") => 200,
        (Some("127.0.0.1" | "localhost" | "[::1]"), "GET", _) => 404,
        (Some("127.0.0.1" | "localhost" | "[::1]"), ..) => 405,
        _ => 421,
    }
}

fn text(store: &SqliteStore, meter: &Meter) -> Result<String, StoreError> {
    let now = time::now();
    let mut out = String::new();
    let mut family = |name: &str, kind: &str, help: &str, rows: &[(String, String)]| {
        let _infallible = writeln!(out, "# HELP shotbook_{name} {help}\n# TYPE shotbook_{name} {kind}");
        for (labels, value) in rows {
            let _infallible = writeln!(out, "shotbook_{name}{labels} {value}");
        }
    };
    let one = |value: String| vec![(String::new(), value)];
    let jobs: Vec<_> =
        store.census()?.into_iter().map(|(s, n)| (format!("{{state=\"{s}\"}}"), n.to_string())).collect();
    family("jobs", "gauge", "Jobs of the store by state.", &jobs);
    let totals = store.totals()?;
    family("held_usd", "gauge", "Money held.", &one(totals.held.to_string()));
    family("settled_usd", "counter", "Money spent.", &one(totals.settled.to_string()));
    let budgets = store.budgets(now)?;
    let rows = |value: &dyn Fn(&crate::store::BudgetStatus) -> String| -> Vec<(String, String)> {
        budgets
            .iter()
            .map(|b| (format!("{{budget=\"{}\"}}", label(b.budget.name.as_str())), value(b)))
            .collect()
    };
    family("budget_limit_usd", "gauge", "Cap of a budget.", &rows(&|b| b.budget.limit.to_string()));
    family("budget_held_usd", "gauge", "Held in its period.", &rows(&|b| b.balance.held.to_string()));
    family("budget_settled_usd", "gauge", "Spent in its period.", &rows(&|b| b.balance.settled.to_string()));
    family("budget_unsure_usd", "gauge", "Held in doubt.", &rows(&|b| b.balance.unsure.to_string()));
    let notes: Vec<_> = store
        .notes()?
        .into_iter()
        .filter(|n| n.until.is_none_or(|at| at > now))
        .map(|n| (format!("{{place=\"{}\"}}", label(&n.place)), "1".to_owned()))
        .collect();
    family("obstacle", "gauge", "What runners met and has not passed.", &notes);
    let waiting = store.waiting()?;
    family("notices_waiting", "gauge", "Notices to deliver.", &one(waiting.open.to_string()));
    let r = meter.read();
    family("sends_total", "counter", "Creates that left, copies among them.", &one(r.sends.to_string()));
    family("retries_total", "counter", "Calls that are made again.", &one(r.retries.to_string()));
    family("throttles_total", "counter", "Answers that asked for patience.", &one(r.throttles.to_string()));
    family("lost_total", "counter", "Calls without a usable answer.", &one(r.lost.to_string()));
    family("polls_total", "counter", "Looks at tasks.", &one(r.polls.to_string()));
    let seconds = |ms: u64| format!("{}.{:03}", ms / 1000, ms % 1000);
    family("poll_lag_seconds_total", "counter", "How late looks were together.", &one(seconds(r.lag_ms)));
    family("poll_lag_seconds", "gauge", "How late the last look was.", &one(seconds(r.lag_last_ms)));
    Ok(out)
}

/// Text as the value of a label.
fn label(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_answered() {
        let head = |line: &str, host: &str| format!("{line} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        assert_eq!(asked(&head("GET /metrics", "127.0.0.1:9464")), 200);
        assert_eq!(asked(&head("GET /metrics", "[::1]:9464")), 200);
        assert_eq!(asked(&head("GET /metrics", "localhost")), 200);
        assert_eq!(asked(&head("GET /", "localhost")), 404);
        assert_eq!(asked(&head("POST /metrics", "localhost")), 405);
        assert_eq!(asked(&head("GET /metrics", "evil.example:9464")), 421, "a rebound name");
        assert_eq!(asked("GET /metrics HTTP/1.1\r\n\r\n"), 421);
        assert_eq!(label("a\"b\\c\nd"), "a\\\"b\\\\c\\nd");
    }
}

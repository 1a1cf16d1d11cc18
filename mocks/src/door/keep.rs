//! A world that outlives its process: every request that changed it, in order, lived through again.
//!
//! What the world is, a line of JSON for each change, and a file that is locked: no others. A process
//! that ends in the middle of a line loses that line, whose answer nobody has seen.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{
    BufRead as _, BufReader, BufWriter, Error, ErrorKind, Result, Seek as _, SeekFrom, Write as _,
};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::control;
use crate::http::{Request, hex, unhex};
use crate::route;
use crate::time::Now;
use crate::world::{Config, Note, World};

const WHAT: &str = "world.json";
const CHANGES: &str = "changes.jsonl";
const LOCK: &str = "world.lock";
/// A file smaller than this is not worth a second look.
const COMPACT_BYTES: usize = 64 << 10;

/// The open file of changes.
pub(super) struct Keep {
    file: Mutex<File>,
    /// Locked as long as this lives.
    _lock: File,
}

#[derive(Serialize, Deserialize)]
struct Line {
    world_ms: i64,
    wall_ms: i64,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    /// Text, or hexadecimal digits where it is none.
    body: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    hex: bool,
    /// Absent for controls.
    note: Option<Note>,
}

/// What a past can only be lived through again with, and the flag that says it.
fn setup(config: &Config) -> [(&'static str, Value); 5] {
    [
        ("seed", json!(config.seed)),
        ("account", json!(config.account)),
        ("latency", json!(format!("{:?}", config.advance))),
        ("noise", json!(config.noise)),
        ("split-results", json!(config.split_results)),
    ]
}

fn wrong(folder: &Path, why: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidData, format!("{}: {why}", folder.display()))
}

/// Opens a folder, makes it when it is not there, and lives through what it holds.
pub(super) fn open(folder: &Path, config: Config, id: &str) -> Result<(World, Option<Now>, Keep)> {
    let about = |e: Error| wrong(folder, e);
    std::fs::create_dir_all(folder).map_err(about)?;
    let lock = lock(folder)?;
    let mut file = OpenOptions::new();
    let mut file = file.create(true).read(true).append(true).open(folder.join(CHANGES)).map_err(about)?;
    let id = identity(folder, &config, id)?;
    let mut world = World::new(config, id);
    let past = live_again(&mut file, &mut world).map_err(about)?;
    let file = without_superseded(file, folder, &past).map_err(about)?;
    Ok((world, past.last, Keep { file: Mutex::new(file), _lock: lock }))
}

/// Takes a folder for this process. The file of changes is replaced by a shorter one at times, and
/// whoever opened the old one would hold a lock that nobody else sees: a file that stays is locked.
fn lock(folder: &Path) -> Result<File> {
    let mut file = OpenOptions::new();
    let file = file.create(true).truncate(false).write(true).open(folder.join(LOCK));
    let file = file.map_err(|e| wrong(folder, e))?;
    file.try_lock().map_err(|_| wrong(folder, "another stand-in keeps its world here"))?;
    Ok(file)
}

/// The name of the world in a folder; a new folder takes the one that is offered.
fn identity(folder: &Path, config: &Config, offered: &str) -> Result<String> {
    let path = folder.join(WHAT);
    let Ok(text) = std::fs::read_to_string(&path) else {
        let mut what = json!({"schema": "shotbook.world/1", "world": offered});
        for (flag, value) in setup(config) {
            what[flag] = value;
        }
        // A file that is there is whole.
        let part = folder.join("world.json.part");
        std::fs::write(&part, format!("{what}\n")).map_err(|e| wrong(folder, e))?;
        std::fs::rename(&part, &path).map_err(|e| wrong(folder, e))?;
        return Ok(offered.to_owned());
    };
    let what: Value = serde_json::from_str(&text).map_err(|e| wrong(folder, format!("{WHAT}: {e}")))?;
    if what["schema"] != "shotbook.world/1" {
        return Err(wrong(folder, format!("{WHAT} is no shotbook.world/1")));
    }
    for (flag, value) in setup(config) {
        if what[flag] != value {
            return Err(wrong(folder, format!("its world began with --{flag} {}, not {value}", what[flag])));
        }
    }
    Ok(what["world"].as_str().unwrap_or(offered).to_owned())
}

/// What a file of changes held.
#[derive(Default)]
struct Held {
    /// The time of the last line.
    last: Option<Now>,
    /// What each line does, with its length.
    lines: Vec<(Touch, usize)>,
}

/// Lives through all whole lines and cuts a broken last one off.
fn live_again(file: &mut File, world: &mut World) -> Result<Held> {
    file.seek(SeekFrom::Start(0))?;
    let (mut reader, mut text) = (BufReader::new(&*file), String::new());
    let (mut whole, mut held) = (0u64, Held::default());
    loop {
        text.clear();
        let read = reader.read_line(&mut text)?;
        if !text.ends_with('\n') {
            break;
        }
        let number = held.lines.len() + 1;
        let line: Line = serde_json::from_str(&text)
            .map_err(|e| Error::new(ErrorKind::InvalidData, format!("{CHANGES}, line {number}: {e}")))?;
        whole += read as u64;
        let now = Now { world_ms: line.world_ms, wall_ms: line.wall_ms };
        held.last = Some(now);
        let body = if line.hex { unhex(&line.body) } else { line.body.into_bytes() };
        let request = Request { method: line.method, target: line.target, headers: line.headers, body };
        held.lines.push((Touch::of(&request, line.note.as_ref()), read));
        match line.note {
            Some(note) => world.live_again(now, &request, note),
            // The clock goes on from the time of the line.
            None if request.path() == "/_shotbook/clock" => {}
            None => {
                let _done_before = control::carry_out(&request, world);
            }
        }
    }
    file.set_len(whole)?;
    Ok(held)
}

/// What a line does to objects.
#[derive(Debug, PartialEq, Eq)]
enum Touch {
    /// Writes or deletes one object, whatever was there, and does nothing else.
    One(String),
    /// Depends on what objects are there: a copy on its source, the end of a bucket on all that was in it.
    Reads,
    /// Nothing to one object, or more than that.
    Other,
}

impl Touch {
    fn of(request: &Request, note: Option<&Note>) -> Self {
        let operation = route::operation(request);
        if request.header("x-amz-copy-source").is_some() || operation == "S3.DeleteBucket" {
            return Self::Reads;
        }
        let plain = note.is_some_and(|n| n.fault.is_none() && n.ended.is_empty());
        let conditional = ["if-match", "if-none-match"].iter().any(|name| request.header(name).is_some());
        if plain && !conditional && matches!(operation, "S3.PutObject" | "S3.DeleteObject") {
            let bucket = route::bucket_of_host(request).unwrap_or("");
            return Self::One(format!("{bucket} {}", request.path()));
        }
        Self::Other
    }
}

/// Which lines are of no account, because a later one writes or deletes the same object whatever was there.
///
/// A condition between them may hold no longer, but what it guards is written over then, too.
fn superseded<'a>(lines: impl DoubleEndedIterator<Item = &'a Touch>) -> Vec<bool> {
    let mut later = HashSet::new();
    let gone = lines.rev().map(|line| match line {
        Touch::One(place) => !later.insert(place),
        Touch::Reads => {
            later.clear();
            false
        }
        Touch::Other => false,
    });
    let mut out: Vec<bool> = gone.collect();
    out.reverse();
    out
}

/// The file without the lines of no account, when they are most of it.
fn without_superseded(mut file: File, folder: &Path, held: &Held) -> Result<File> {
    let whole: usize = held.lines.iter().map(|(_, size)| size).sum();
    if whole < COMPACT_BYTES {
        return Ok(file);
    }
    let gone = superseded(held.lines.iter().map(|(touch, _)| touch));
    let lost: usize =
        held.lines.iter().zip(&gone).filter(|(_, gone)| **gone).map(|((_, size), _)| size).sum();
    if lost * 2 < whole {
        return Ok(file);
    }
    let part = folder.join("changes.jsonl.part");
    let mut short = OpenOptions::new();
    let mut short = short.create(true).truncate(true).read(true).write(true).open(&part)?;
    file.seek(SeekFrom::Start(0))?;
    let mut out = BufWriter::new(&mut short);
    for (text, gone) in BufReader::new(&file).lines().zip(gone) {
        if !gone {
            writeln!(out, "{}", text?)?;
        }
    }
    out.flush()?;
    drop(out);
    short.sync_data()?;
    std::fs::rename(&part, folder.join(CHANGES))?;
    Ok(short)
}

impl Keep {
    /// Writes a request down that changed the world.
    pub(super) fn request(&self, now: Now, request: &Request, note: Note) -> Result<()> {
        self.write(now, request, Some(note))
    }

    /// Writes a control down; a reset forgets what came before it.
    pub(super) fn control(&self, now: Now, request: &Request) {
        if request.path() == "/_shotbook/reset" {
            let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            let _as_good_as_it_gets = file.set_len(0);
        }
        let _as_good_as_it_gets = self.write(now, request, None);
    }

    fn write(&self, now: Now, request: &Request, note: Option<Note>) -> Result<()> {
        self.append(&self.line(now, request, note)?)
    }

    /// The line of a request.
    pub(super) fn line(&self, now: Now, request: &Request, note: Option<Note>) -> Result<Vec<u8>> {
        let text = std::str::from_utf8(&request.body);
        let secret = ["x-amz-security-token", "cookie", "user-agent"];
        let kept = request.headers.iter().filter(|(name, _)| !secret.contains(&name.as_str()));
        let headers = kept.map(|(name, value)| match name.as_str() {
            // Who asked and where; the signature and the controls' token stay out.
            "authorization" if value.starts_with("Bearer") => (name.clone(), String::new()),
            "authorization" => (name.clone(), value.split(',').next().unwrap_or("").to_owned()),
            _ => (name.clone(), value.clone()),
        });
        let line = Line {
            world_ms: now.world_ms,
            wall_ms: now.wall_ms,
            method: request.method.clone(),
            target: request.target.clone(),
            headers: headers.collect(),
            body: text.map_or_else(|_| hex(&request.body), str::to_owned),
            hex: text.is_err(),
            note,
        };
        let mut bytes = serde_json::to_vec(&line)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Adds a line.
    pub(super) fn append(&self, bytes: &[u8]) -> Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let before = file.metadata()?.len();
        file.seek(SeekFrom::End(0))?;
        file.write_all(bytes).inspect_err(|_| {
            // Half a line in the middle would make the rest unreadable.
            let _as_good_as_it_gets = file.set_len(before);
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Worker;

    const BELL: &str = "OPENQASM 3.0;\nbit[2] b;\nqubit[2] q;\nh q[0];\ncnot q[0], q[1];\nb = measure q;\n";

    fn request(method: &str, target: &str, more: &[(&str, &str)], body: &Value) -> Request {
        let service = if target.starts_with("/quantum-task") { "braket" } else { "s3" };
        let scope = format!("AWS4-HMAC-SHA256 Credential=AKIA/20270115/us-east-1/{service}/aws4_request");
        let signed = [("authorization", scope.as_str())];
        let headers = signed.iter().chain(more);
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let headers = headers.map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Request { method: method.into(), target: target.into(), headers, body }
    }

    #[test]
    fn a_past_is_simulated_when_it_is_read_and_not_before() {
        let folder = std::env::temp_dir().join(format!("shotbook-past-{}", std::process::id()));
        let _nothing_yet = std::fs::remove_dir_all(&folder);
        let now = Now::at(1_800_000_000_000);
        let (mut world, _, keep) = open(&folder, Config::default(), "w").expect("a folder");
        let mut ask = |request: &Request| {
            let (response, _, note) = world.handle_noting(now, request);
            assert!(response.status < 300, "{}", String::from_utf8_lossy(&response.body));
            if let Some(note) = note {
                keep.request(now, request, note).expect("room");
            }
            serde_json::from_slice::<Value>(&response.body).unwrap_or_default()
        };
        let _made = ask(&request("PUT", "/results-1", &[], &Value::Null));
        let action = json!({"braketSchemaHeader": {"name": "braket.ir.openqasm.program", "version": "1"}, "source": BELL});
        let body = json!({"clientToken": "t", "deviceArn": "arn:aws:braket:::device/quantum-simulator/amazon/sv1",
            "shots": 10, "action": action.to_string(), "outputS3Bucket": "results-1", "outputS3KeyPrefix": "tasks"});
        let arn = ask(&request("POST", "/quantum-task", &[], &body))["quantumTaskArn"].clone();
        let target =
            format!("/quantum-task/{}", arn.as_str().unwrap_or("").replace(':', "%3A").replace('/', "%2F"));
        let task = ask(&request("GET", &target, &[], &Value::Null));
        let place = format!("results-1/{}/results.json", task["outputS3Directory"].as_str().unwrap_or(""));
        let from = [("x-amz-copy-source", place.as_str()), ("if-none-match", "*")];
        let _copied = ask(&request("PUT", "/results-1/copy", &from, &Value::Null));
        drop(keep);

        let (mut world, ..) = open(&folder, Config::default(), "w").expect("the folder again");
        assert!(world.tasks[0].outcome.get().is_none(), "it was simulated at the start");
        world.share_work();
        assert!(world.work(Worker::Any).is_none(), "nobody asked for it");
        assert!(world.recalls(&request("GET", "/results-1/none", &[], &Value::Null)));
        let read = request("GET", "/results-1/copy", &[], &Value::Null);
        assert!(!world.recalls(&read));
        let work = world.work(Worker::Quick).expect("work");
        assert!(!world.recalls(&read) && world.work(Worker::Any).is_none(), "once");
        world.finish(work.run());
        assert!(world.recalls(&read));
        let bytes = |key: &str| world.object("results-1", key, now);
        assert_eq!(bytes("copy"), bytes(&place["results-1/".len()..]));
        assert!(bytes("copy").is_some());
        let _gone = std::fs::remove_dir_all(&folder);
    }
}

//! Scripts of hybrid jobs as processes of this machine, when the caller allows it.
//!
//! A process gets a folder of its own, the variables that a job's container sets, and the
//! stand-in's address. What it prints becomes the job's log, what it leaves becomes objects.

use std::io::{Read, Result};
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use serde_json::json;

use super::folder::Folder;
use super::http::Shared;
use crate::braket::{Report, Script};
use crate::http::Request;

/// Scripts at once. Source: the published quota of hybrid jobs is 3; one more for its tests.
const AT_ONCE: usize = 4;
/// Longest line of a log. Units: bytes.
const LINE_BYTES: usize = 64 << 10;
const LOOK: Duration = Duration::from_millis(50);
/// How often a pipe is read after the end of a script: what it held then fits into these reads.
const LAST_READS: usize = 32;
const READ_BYTES: usize = 8 << 10;

/// Starts scripts until the stand-in ends.
pub(super) fn run(shared: &Arc<Shared>, python: &str, address: SocketAddr) {
    let mut running: Vec<std::thread::JoinHandle<()>> = Vec::new();
    let mut world = shared.world();
    while !shared.ending.load(Ordering::Relaxed) {
        running.retain(|thread| !thread.is_finished());
        let now = shared.now();
        let next = if running.len() < AT_ONCE { world.next_script(now) } else { None };
        let Some(script) = next else {
            let waited = shared.work.wait_timeout(world, Duration::from_millis(200));
            world = waited.unwrap_or_else(std::sync::PoisonError::into_inner).0;
            continue;
        };
        drop(world);
        let (inner, python) = (Arc::clone(shared), python.to_owned());
        running.push(std::thread::spawn(move || job(&inner, &python, address, &script)));
        world = shared.world();
    }
    drop(world);
    for thread in running {
        let _ended = thread.join();
    }
}

/// One job from its start to its report.
fn job(shared: &Arc<Shared>, python: &str, address: SocketAddr, script: &Script) {
    let mut report = attempt(shared, python, address, script).unwrap_or_else(|error| {
        let why = format!("InternalError: the script cannot be run: {error}");
        Report::new(script, "FAILED", Some(why))
    });
    if shared.ending.load(Ordering::Relaxed) {
        // The next process with the same folder runs it again.
        return;
    }
    let now = shared.now();
    if !shared.world().complete(&mut report, script.epoch, now) {
        return;
    }
    // Text of what may be large: nobody waits for it.
    let Ok(body) = serde_json::to_vec(&report) else { return };
    let (method, target) = ("POST".to_owned(), "/_shotbook/jobs".to_owned());
    let request = Request { method, target, headers: Vec::new(), body };
    let line = shared.keep.as_ref().and_then(|keep| Some((keep, keep.line(now, &request, None).ok()?)));
    drop(request);
    let mut world = shared.world();
    if world.epoch() == script.epoch
        && world.take_report(report).is_ok()
        && let Some((keep, line)) = line
    {
        let _as_good_as_it_gets = keep.append(&line);
    }
}

/// Runs a script and gathers what it left.
fn attempt(shared: &Arc<Shared>, python: &str, address: SocketAddr, script: &Script) -> Result<Report> {
    let say = |line: &str| shared.world().log(script.epoch, &script.arn, shared.now(), line);
    let folder = Folder::new(script.id())?;
    folder.lay_out(script)?;
    preamble(script).iter().for_each(|line| say(line));
    let mut child = start(python, address, script, &folder)?;
    let over = Arc::new(AtomicBool::new(false));
    let mut readers = Vec::new();
    if let Some(pipe) = child.stdout.take() {
        readers.push(reader(shared, script, pipe, &over));
    }
    if let Some(pipe) = child.stderr.take() {
        readers.push(reader(shared, script, pipe, &over));
    }
    let ended = watch(shared, &child, script);
    // What it started and left behind goes with it; what fled from its group may keep the pipes open.
    let status = end(&mut child);
    over.store(true, Ordering::Relaxed);
    for reader in readers {
        let _ended = reader.join();
    }
    let (word, reason) = match (ended?, status?.code().unwrap_or(137)) {
        (Ended::Stopped, _) => ("CANCELLED", None),
        (Ended::TooLong, _) => {
            let seconds = script.most_s();
            ("FAILED", Some(format!("The maximum run time of {seconds} seconds was exceeded.")))
        }
        (Ended::Itself, 0) => ("COMPLETED", None),
        (Ended::Itself, code) => {
            let why = folder.failure();
            let why = if why.is_empty() { "The script ended early".to_owned() } else { why };
            ("FAILED", Some(format!("AlgorithmError: {why}, exit code: {code}")))
        }
    };
    let mut report = Report::new(script, word, reason);
    if shared.ending.load(Ordering::Relaxed) {
        return Ok(report);
    }
    let kept = folder.checkpoints(script).and_then(|files| {
        report.files = files;
        if word == "COMPLETED" {
            report.files.extend(folder.results(script)?);
        }
        Ok(())
    });
    if let Err(error) = kept {
        say(&error.to_string());
        report.lose(format!("InternalError: {error}"));
    }
    match report.status.as_str() {
        "COMPLETED" => say("Reporting training SUCCESS"),
        "FAILED" => say("Reporting training FAILURE"),
        _ => {}
    }
    Ok(report)
}

/// What the container's own toolkit says before it starts.
fn preamble(script: &Script) -> Vec<String> {
    let environment = json!({"current_host": "algo-1", "hosts": ["algo-1"], "job_name": script.name(),
        "hyperparameters": script.hyperparameters(), "user_entry_point": "braket_container.py"});
    let mut out = vec!["Training Env:".to_owned(), String::new()];
    out.extend(format!("{environment:#}").lines().map(ToOwned::to_owned));
    out.extend([
        "Invoking script with the following command:".to_owned(),
        String::new(),
        "python braket_container.py".to_owned(),
    ]);
    out
}

fn start(python: &str, address: SocketAddr, script: &Script, folder: &Folder) -> Result<Child> {
    let path = |name: &str| folder.path(name).display().to_string();
    let mut command = Command::new(python);
    command.arg("-u").arg(folder.path("braket_container.py")).current_dir(folder.whole());
    command.env_remove("AWS_SESSION_TOKEN");
    command.envs(crate::environment(address)).envs(script.environment());
    for (name, value) in [
        ("AWS_PROFILE", "default".to_owned()),
        ("AWS_CONFIG_FILE", path("aws")),
        ("AWS_SHARED_CREDENTIALS_FILE", path("aws")),
        ("AMZN_BRAKET_INPUT_DIR", path("input/data")),
        ("AMZN_BRAKET_HP_FILE", path("input/config/hyperparameters.json")),
        ("AMZN_BRAKET_JOB_RESULTS_DIR", path("model")),
        ("AMZN_BRAKET_CHECKPOINT_DIR", path("checkpoints")),
        ("SHOTBOOK_JOB_SOURCE", path(&format!("packed/{}", script.source_name()))),
        ("SHOTBOOK_JOB_CODE", path("code")),
        ("SHOTBOOK_JOB_FAILURE", path("output/failure")),
        ("PYTHONUNBUFFERED", "1".to_owned()),
    ] {
        command.env(name, value);
    }
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
}

fn reader(
    shared: &Arc<Shared>,
    script: &Script,
    pipe: impl Read + AsFd + Send + 'static,
    over: &Arc<AtomicBool>,
) -> std::thread::JoinHandle<()> {
    let (shared, over) = (Arc::clone(shared), Arc::clone(over));
    let (epoch, arn) = (script.epoch, script.arn.clone());
    std::thread::spawn(move || {
        follow(pipe, &over, |line| {
            let text = String::from_utf8_lossy(line);
            shared.world().log(epoch, &arn, shared.now(), text.trim_end_matches('\r'));
        });
    })
}

/// Reads lines to the end of a pipe, or to what was in it when the script was over: a process that fled
/// from its group may hold it open for ever.
fn follow(mut pipe: impl Read + AsFd, over: &AtomicBool, mut say: impl FnMut(&[u8])) {
    let look = Timespec { tv_sec: 0, tv_nsec: i64::from(LOOK.subsec_nanos()) as _ };
    let (mut line, mut chunk, mut reads) = (Vec::new(), [0; READ_BYTES], LAST_READS);
    while reads > 0 {
        let ended = over.load(Ordering::Relaxed);
        reads -= usize::from(ended);
        let ready = poll(&mut [PollFd::new(&pipe, PollFlags::IN)], Some(&look));
        match ready {
            Ok(0) if ended => break,
            Ok(0) | Err(rustix::io::Errno::INTR) => continue,
            Ok(_) => {}
            Err(_) => break,
        }
        let Ok(length @ 1..) = pipe.read(&mut chunk) else { break };
        for &byte in &chunk[..length] {
            if byte != b'\n' {
                line.push(byte);
            }
            if byte == b'\n' || line.len() == LINE_BYTES {
                say(&line);
                line.clear();
            }
        }
    }
    if !line.is_empty() {
        say(&line);
    }
}

enum Ended {
    Itself,
    Stopped,
    TooLong,
}

/// Waits for the end of a script, and leaves its id taken: [`end`] needs it.
fn watch(shared: &Shared, child: &Child, script: &Script) -> Result<Ended> {
    let began = Instant::now();
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    loop {
        if waitid(WaitId::Pid(Pid::from_child(child)), look)?.is_some() {
            return Ok(Ended::Itself);
        }
        if script.stop.load(Ordering::Relaxed) || shared.ending.load(Ordering::Relaxed) {
            return Ok(Ended::Stopped);
        }
        if began.elapsed().as_secs() >= script.most_s() {
            return Ok(Ended::TooLong);
        }
        std::thread::sleep(LOOK);
    }
}

/// Ends a process with all of its group.
fn end(child: &mut Child) -> Result<ExitStatus> {
    // It was not waited for, so the id is still its own.
    let _may_be_gone = kill_process_group(Pid::from_child(child), Signal::KILL);
    child.wait()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_that_nobody_closes_is_read_to_what_was_in_it() {
        let (read, mut write) = std::io::pipe().expect("a pipe");
        std::io::Write::write_all(&mut write, b"one\n\ntwo\r\nhalf").expect("room");
        let mut lines = Vec::new();
        follow(read, &AtomicBool::new(true), |line| lines.push(String::from_utf8_lossy(line).into_owned()));
        assert_eq!(lines, ["one", "", "two\r", "half"]);
        drop(write);
    }
}

//! Scripts of hybrid jobs as processes of this machine, when the caller allows it.
//!
//! A process gets a folder of its own, the variables that a job's container sets, and the
//! stand-in's address. What it prints becomes the job's log, what it leaves becomes objects.

use std::io::{BufRead as _, BufReader, Read, Result, Write as _};
use std::net::SocketAddr;
use std::path::{Component, Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::http::Shared;
use crate::braket::Script;
use crate::http::{Request, hex};

const RUNNER: &str = include_str!("script.py");
/// Scripts at once. Source: the published quota of hybrid jobs is 3; one more for its tests.
const AT_ONCE: usize = 4;
/// Most bytes that a job leaves behind.
const OUTPUT_BYTES: u64 = 64 << 20;
/// Longest line of a log. Units: bytes.
const LINE_BYTES: u64 = 64 << 10;
const LOOK: Duration = Duration::from_millis(50);

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
    let folder = std::env::temp_dir().join(format!("shotbook-job-{}", script.id()));
    let mut report = attempt(shared, python, address, script, &folder).unwrap_or_else(|error| {
        json!({"status": "FAILED", "reason": format!("InternalError: the script cannot be run: {error}")})
    });
    let _gone = std::fs::remove_dir_all(&folder);
    if shared.ending.load(Ordering::Relaxed) {
        // The next process with the same folder runs it again.
        return;
    }
    let now = shared.now();
    report["arn"] = json!(script.arn);
    report["ended_ms"] = json!(now.world_ms);
    let mut world = shared.world();
    report["log"] = json!(world.log_of(&script.arn));
    let request = Request {
        method: "POST".to_owned(),
        target: "/_shotbook/jobs".to_owned(),
        headers: Vec::new(),
        body: report.to_string().into_bytes(),
    };
    let _a_reset_forgot_it = super::control::carry_out(&request, &mut world);
    if let Some(keep) = &shared.keep {
        keep.control(now, &request);
    }
}

fn attempt(
    shared: &Arc<Shared>,
    python: &str,
    address: SocketAddr,
    script: &Script,
    folder: &Path,
) -> Result<Value> {
    let say = |line: &str| shared.world().log(&script.arn, shared.now(), line);
    lay_out(script, folder)?;
    for line in preamble(script) {
        say(&line);
    }
    let mut child = start(python, address, script, folder)?;
    let pipes: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|p| Box::new(p) as Box<dyn Read + Send>),
        child.stderr.take().map(|p| Box::new(p) as Box<dyn Read + Send>),
    ];
    let readers: Vec<_> = pipes
        .into_iter()
        .flatten()
        .map(|pipe| {
            let (shared, arn) = (Arc::clone(shared), script.arn.clone());
            std::thread::spawn(move || follow(&shared, &arn, pipe))
        })
        .collect();
    let ended = watch(shared, &mut child, script);
    // What it started and left behind would keep its pipes open.
    end(&mut child);
    for reader in readers {
        let _ended = reader.join();
    }
    let (status, reason) = match ended? {
        Ended::Stopped => ("CANCELLED", None),
        Ended::TooLong => {
            let seconds = script.most_s();
            ("FAILED", Some(format!("The maximum run time of {seconds} seconds was exceeded.")))
        }
        Ended::Code(0) => ("COMPLETED", None),
        Ended::Code(code) => {
            let why = std::fs::read_to_string(folder.join("output/failure")).unwrap_or_default();
            let why: String = why.chars().take(1024).collect();
            let why = if why.is_empty() { "The script ended early".to_owned() } else { why };
            ("FAILED", Some(format!("AlgorithmError: {why}, exit code: {code}")))
        }
    };
    if status == "COMPLETED" {
        say("Reporting training SUCCESS");
    } else if status == "FAILED" {
        say("Reporting training FAILURE");
    }
    let mut files = Vec::new();
    if let Some((bucket, prefix)) = script.checkpoints() {
        for (name, bytes) in left(&folder.join("checkpoints"))? {
            files.push(json!({"bucket": bucket, "key": format!("{prefix}/{name}"), "hex": hex(&bytes)}));
        }
    }
    let model = folder.join("model.tar.gz");
    if status == "COMPLETED"
        && std::fs::read_dir(folder.join("model"))?.next().is_some()
        && let Some((bucket, prefix)) = script.output()
    {
        let packed = Command::new("tar")
            .arg("-czf")
            .arg(&model)
            .arg("-C")
            .arg(folder.join("model"))
            .arg(".")
            .status()?;
        if packed.success() && std::fs::metadata(&model)?.len() <= OUTPUT_BYTES {
            let bytes = std::fs::read(&model)?;
            files.push(
                json!({"bucket": bucket, "key": format!("{prefix}/output/model.tar.gz"), "hex": hex(&bytes)}),
            );
        }
    }
    Ok(json!({"status": status, "reason": reason, "files": files}))
}

/// A path below a folder, when a name has no way out of it.
fn below(folder: &Path, name: &str) -> Option<PathBuf> {
    let name = Path::new(name);
    let plain = name.components().all(|c| matches!(c, Component::Normal(_)));
    (plain && name.components().next().is_some()).then(|| folder.join(name))
}

fn lay_out(script: &Script, folder: &Path) -> Result<()> {
    // A new folder: nobody else's links.
    std::fs::create_dir(folder)?;
    for inner in ["code", "packed", "input/config", "input/data", "model", "checkpoints", "output"] {
        std::fs::create_dir_all(folder.join(inner))?;
    }
    for (name, bytes) in &script.files {
        let Some(path) = below(folder, name) else { continue };
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        std::fs::write(path, bytes)?;
    }
    let mut runner = std::fs::File::create_new(folder.join("braket_container.py"))?;
    runner.write_all(RUNNER.as_bytes())?;
    std::fs::write(folder.join("input/config/hyperparameters.json"), script.hyperparameters().to_string())
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

fn start(python: &str, address: SocketAddr, script: &Script, folder: &Path) -> Result<Child> {
    let path = |name: &str| folder.join(name).display().to_string();
    let mut command = Command::new(python);
    command.arg("-u").arg(folder.join("braket_container.py")).current_dir(folder);
    for name in ["AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"] {
        command.env_remove(name);
    }
    command.envs(crate::environment(address)).envs(script.environment());
    for (name, value) in [
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
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
}

fn follow(shared: &Shared, arn: &str, pipe: Box<dyn Read + Send>) {
    let mut pipe = BufReader::new(pipe);
    loop {
        let mut line = Vec::new();
        match pipe.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                let text = String::from_utf8_lossy(&line);
                shared.world().log(arn, shared.now(), text.trim_end_matches(['\n', '\r']));
            }
        }
    }
}

enum Ended {
    Code(i32),
    Stopped,
    TooLong,
}

fn watch(shared: &Shared, child: &mut Child, script: &Script) -> Result<Ended> {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Ended::Code(status.code().unwrap_or(137)));
        }
        let stopped = script.stop.load(Ordering::Relaxed) || shared.ending.load(Ordering::Relaxed);
        if stopped || began.elapsed().as_secs() >= script.most_s() {
            end(child);
            return Ok(if stopped { Ended::Stopped } else { Ended::TooLong });
        }
        std::thread::sleep(LOOK);
    }
}

/// Ends a process with all that it started.
fn end(child: &mut Child) {
    let group = format!("-{}", child.id());
    let _may_be_gone = Command::new("kill").args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
    let _may_be_gone = child.kill();
    let _reaped = child.wait();
}

/// Files below a folder with their names there; links are not followed.
fn left(folder: &Path) -> Result<Vec<(String, Vec<u8>)>> {
    let (mut out, mut open, mut total) = (Vec::new(), vec![folder.to_owned()], 0);
    while let Some(here) = open.pop() {
        for entry in std::fs::read_dir(here)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            if kind.is_dir() {
                open.push(entry.path());
            } else if kind.is_file() {
                total += entry.metadata()?.len();
                if total > OUTPUT_BYTES {
                    return Err(std::io::Error::other("the job left too much behind"));
                }
                if let Ok(name) = entry.path().strip_prefix(folder) {
                    out.push((name.to_string_lossy().replace('\\', "/"), std::fs::read(entry.path())?));
                }
            }
        }
    }
    out.sort();
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let folder = Path::new("/f");
        assert_eq!(below(folder, "input/data/a/b"), Some(PathBuf::from("/f/input/data/a/b")));
        for name in ["../x", "a/../../x", "/etc/passwd", "", ".", "a/.."] {
            assert_eq!(below(folder, name), None, "{name}");
        }
    }
}

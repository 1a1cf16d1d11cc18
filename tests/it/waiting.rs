//! A store full of jobs that wait, and one that a newer program made.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use super::world::{World, circuit};

/// Most memory that a worker may take among waiting jobs. Source: the reliability contract, T9. Units: KiB.
const MOST_KIB: u64 = 256 << 10;

/// How many jobs wait, by `SHOTBOOK_TEST_SIZE`.
fn many() -> usize {
    match std::env::var("SHOTBOOK_TEST_SIZE").as_deref() {
        Ok("gate") => 20_000,
        Ok("release") => 100_000,
        _ => 2_000,
    }
}

/// Most memory that a running process has had, where the system tells.
fn peak_kib(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[test]
fn a_worker_among_waiting_jobs_sends_what_is_due_in_bounded_memory() {
    let (world, bell) = (World::new(), circuit("bell.qasm"));
    let line = |n| serde_json::json!({"file": bell, "device": "local", "shots": 10, "key": format!("w{n}")});
    let lines: String = (0..many()).map(|n| format!("{}\n", line(n))).collect();
    let batch = world.folder.path().join("waiting.jsonl");
    fs::write(&batch, lines).unwrap();
    let (batch, never) = (batch.display().to_string(), "2099-01-01T00:00:00Z");
    let submit = ["submit", "--batch", &batch, "--not-before", never, "--yes", "--detach", "--quiet"];
    assert!(world.run(&submit).status.success());
    // What waits for a time alone is not waited for.
    assert_eq!(world.run(&["worker", "--drain"]).status.code(), Some(7));
    let due = ["submit", &bell, "--on", "garnet", "--shots", "10", "--not-before", "1s", "--yes", "--detach"];
    assert!(world.run(&due).status.success());
    assert_eq!(world.creates(), 0);
    let mut worker = world.command(&["worker"]);
    let mut worker = worker.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let sent = (0..6_000).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        world.creates() > 0
    });
    let peak = peak_kib(worker.id());
    worker.kill().unwrap();
    worker.wait().unwrap();
    assert!(sent, "the due job was never sent");
    assert_eq!(world.creates(), 1);
    assert!(peak.is_none_or(|kib| kib < MOST_KIB), "{peak:?} KiB among {} waiting jobs", many());
}

#[test]
fn a_store_of_a_newer_program_is_refused_and_left_as_it_is() {
    let (world, bell) = (World::new(), circuit("bell.qasm"));
    world.json(&["budget", "add", "b", "--limit", "1", "--json"], 0);
    let path = world.home().join("shotbook.db");
    let mut bytes = fs::read(&path).unwrap();
    // SQLite keeps the schema that a program says at this place of the header.
    bytes[60..64].copy_from_slice(&1_000_000u32.to_be_bytes());
    fs::write(&path, &bytes).unwrap();
    for args in [
        &["jobs", "--json"][..],
        &["submit", &bell, "--on", "garnet", "--shots", "10", "--yes", "--json"],
        &["worker", "--drain", "--json"],
        &["budget", "set", "b", "--limit", "2", "--json"],
    ] {
        let error = world.json(args, 1);
        assert!(error["message"].as_str().unwrap().contains("schema 1000000"), "{args:?}: {error}");
    }
    assert!(fs::read(&path).unwrap() == bytes, "the file was written to");
    assert!(!world.home().join("shotbook.db-wal").exists());
    assert_eq!(world.creates(), 0);
}

#[test]
fn local_jobs_wait_in_the_log_and_money_rests_in_the_file() {
    let (world, bell) = (World::new(), circuit("bell.qasm"));
    let log = world.home().join("shotbook.db-wal");
    world.json(&["budget", "add", "b", "--limit", "1", "--json"], 0);
    assert!(!log.exists());
    let local = world.json(&["submit", &bell, "--on", "local", "--shots", "10", "--yes", "--json"], 0);
    assert!(log.metadata().unwrap().len() > 0, "folding would take more synced writes than the job");
    world.json(&["show", local["job_id"].as_str().unwrap(), "--json"], 0);
    world.json(&["submit", &bell, "--on", "sv1", "--shots", "10", "--budget", "b", "--yes", "--json"], 0);
    assert!(!log.exists());
    assert_eq!(world.json(&["jobs", "--json"], 0)["jobs"].as_array().map(Vec::len), Some(2));
}

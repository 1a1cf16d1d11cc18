//! Whatever ends a process, a second one finishes the job, and AWS sees one create.

use shotbook_mocks::faults::{Fault, Kind};

use super::world::{World, circuit};

/// Places where an end must not lose or double anything, with whether a task may exist then.
const PLACES: &[&str] = &[
    "accept.after",
    "lane.after",
    "open.before",
    "open.after",
    "send.before",
    "send.after",
    "created.before",
    "created.after",
    "poll.before",
    "poll.after",
    "seen.before",
    "seen.after",
    "fetch.before",
    "fetch.after",
    "settle.before",
    "settle.after",
    "commit.before",
    "commit.after",
];

fn submit<'a>(file: &'a str, key: &'a str) -> Vec<&'a str> {
    vec!["submit", file, "--on", "garnet", "--shots", "100", "--key", key, "--yes", "--json"]
}

#[test]
fn a_process_that_ends_anywhere_is_finished_by_another() {
    let file = circuit("bell.qasm");
    for place in PLACES {
        let world = World::new();
        let ended =
            world.command(&submit(&file, "k")).env("SHOTBOOK_FAILPOINT", format!("{place}:1:abort")).output();
        assert!(!ended.unwrap().status.success(), "{place} was never reached");
        if world.json(&["jobs", "--json"], 0)["jobs"].as_array().unwrap().is_empty() {
            // It ended before it was accepted: nothing may have been sent.
            assert_eq!(world.creates(), 0, "{place}");
        }
        let job = world.json(&submit(&file, "k"), 0);
        assert_eq!(job["state"], "COMPLETED", "{place}: {job}");
        assert_eq!(world.creates(), 1, "{place}: {}", world.server.state());
        world.assert_books();
    }
}

#[test]
fn a_process_that_ends_while_it_sends_again_buys_nothing_more() {
    let file = circuit("bell.qasm");
    for place in ["resend.before", "resend.after"] {
        let world = World::new();
        world.fault(Kind::LostReply, "CreateQuantumTask", 1, 1);
        let ended =
            world.command(&submit(&file, "k")).env("SHOTBOOK_FAILPOINT", format!("{place}:1:abort")).output();
        assert!(!ended.unwrap().status.success(), "{place} was never reached");
        let job = world.json(&submit(&file, "k"), 0);
        assert_eq!((&job["state"], world.creates()), (&"COMPLETED".into(), 1), "{place}: {job}");
        world.assert_books();
    }
}

#[test]
fn a_process_that_ends_while_it_cancels_leaves_the_wish() {
    let file = circuit("bell.qasm");
    for place in ["cancel.before", "cancel.after"] {
        let world = World::new();
        world.fault(Kind::Stuck, "CreateQuantumTask", 1, 1);
        let mut args = submit(&file, "k");
        args.push("--detach");
        world.json(&args, 0);
        let ended = world
            .command(&["cancel", "k", "--json"])
            .env("SHOTBOOK_FAILPOINT", format!("{place}:1:abort"))
            .output();
        assert!(!ended.unwrap().status.success(), "{place} was never reached");
        assert!(world.run(&["worker", "--drain"]).status.success(), "{place}");
        let job = world.json(&["show", "k", "--json"], 0);
        assert_eq!((&job["state"], world.creates()), (&"CANCELLED".into(), 1), "{place}: {job}");
        world.assert_books();
    }
}

#[test]
fn a_lost_reply_is_sent_again_and_paid_once() {
    let file = circuit("bell.qasm");
    for kind in
        [Kind::LostReply, Kind::ErrorAfter, Kind::CutBody, Kind::Garbage, Kind::Duplicate, Kind::Reset]
    {
        let world = World::new();
        world.fault(kind, "CreateQuantumTask", 1, 1);
        let job = world.json(&submit(&file, "k"), 0);
        assert_eq!(
            (&job["state"], &job["settled"]),
            (&"COMPLETED".into(), &"0.445".into()),
            "{kind:?}: {job}"
        );
        assert_eq!(world.creates(), 1, "{kind:?}");
        world.assert_books();
    }
}

#[test]
fn a_doubt_is_said_and_its_money_stays_held() {
    let (world, file) = (World::new(), circuit("bell.qasm"));
    world.fault(Kind::LostReply, "CreateQuantumTask", 1, 1);
    let mut args = submit(&file, "k");
    args.push("--detach");
    let job = world.json(&args, 0);
    assert_eq!(
        (&job["state"], &job["held"], &job["task_arn"]),
        (&"UNSURE".into(), &"0.445".into(), &serde_json::Value::Null)
    );
    assert!(job["in_doubt_until"].is_string(), "{job}");
    assert_eq!(world.json(&["cost", "--json"], 0)["total"]["unsure"], "0.445");
    assert_eq!(world.run(&["worker", "--drain"]).status.code(), Some(0));
    assert_eq!(world.json(&["show", "k", "--json"], 0)["state"], "COMPLETED");
    assert_eq!(world.creates(), 1);
    world.assert_books();
}

#[test]
fn an_endpoint_that_is_gone_is_given_up_and_comes_back() {
    let (world, file) = (World::new(), circuit("bell.qasm"));
    world.fault(Kind::Reset, "CreateQuantumTask", 1, 1_000);
    let mut args = submit(&file, "k");
    args.push("--detach");
    world.json(&args, 0);
    // A wish to cancel forbids another send; only proof can end this.
    let job = world.json(&["cancel", "k", "--json"], 0);
    assert_eq!(job["state"], "UNSURE", "{job}");
    assert_eq!(world.run(&["worker", "--drain"]).status.code(), Some(7), "in doubt and waiting for proof");
    assert_eq!(world.creates(), 0);
    let resolved = world.json(&["resolve", "k", "--absent", "--json"], 0);
    assert_eq!((&resolved["state"], &resolved["held"]), (&"FAILED".into(), &"0".into()));
}

#[test]
fn passing_trouble_with_reads_buys_nothing() {
    let file = circuit("bell.qasm");
    for (kind, operation) in [
        (Kind::Throttle, "CreateQuantumTask"),
        (Kind::ErrorBefore, "GetQuantumTask"),
        (Kind::NotFound, "GetQuantumTask"),
        (Kind::LostReply, "GetQuantumTask"),
        (Kind::Garbage, "GetQuantumTask"),
        (Kind::CutBody, "GetObject"),
        (Kind::NotFound, "GetObject"),
        (Kind::Garbage, "GetObject"),
    ] {
        let world = World::new();
        world.fault(kind, operation, 1, 2);
        let job = world.json(&submit(&file, "k"), 0);
        assert_eq!(job["state"], "COMPLETED", "{kind:?} {operation}: {job}");
        assert_eq!(world.creates(), 1, "{kind:?} {operation}");
        world.assert_books();
    }
}

#[test]
fn the_same_key_is_the_same_job_and_other_content_is_refused() {
    let (world, file) = (World::new(), circuit("bell.qasm"));
    let first = world.json(&submit(&file, "k"), 0);
    let second = world.json(&submit(&file, "k"), 0);
    assert_eq!(first["job_id"], second["job_id"]);
    assert_eq!(world.creates(), 1);
    let error = world.json(&submit(&circuit("ghz.qasm"), "k"), 2);
    assert_eq!(error["code"], "SB2003");
}

#[test]
fn a_budget_stops_before_the_send_and_says_what_fits() {
    let (world, file) = (World::new(), circuit("bell.qasm"));
    world.json(&["budget", "add", "b", "--limit", "1", "--json"], 0);
    let error = world
        .json(&["submit", &file, "--on", "garnet", "--shots", "1000", "--budget", "b", "--yes", "--json"], 3);
    assert_eq!((&error["schema"], &error["kind"]), (&"shotbook.error/1".into(), &"budget".into()));
    assert!(error["help"].as_str().unwrap().contains("482 shots on garnet"), "{error}");
    assert_eq!(world.creates(), 0);
    let job = world
        .json(&["submit", &file, "--on", "garnet", "--shots", "482", "--budget", "b", "--yes", "--json"], 0);
    assert_eq!(job["settled"], "0.9989");
    let budget = world.json(&["budget", "show", "b", "--json"], 0);
    assert_eq!(
        (&budget["settled"], &budget["held"], &budget["free"]),
        (&"0.9989".into(), &"0".into(), &"0.0011".into())
    );
}

#[test]
fn another_world_is_play_money_too() {
    let (world, file) = (World::new(), circuit("bell.qasm"));
    world.json(&submit(&file, "k"), 0);
    let other = World::new();
    // The same store, another endpoint: play money still.
    let mut command = other.command(&submit(&file, "l"));
    let output = command.env("SHOTBOOK_HOME", world.home()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// How often the race is run: once, or as `SHOTBOOK_TEST_SIZE` asks.
fn rounds() -> usize {
    match std::env::var("SHOTBOOK_TEST_SIZE").as_deref() {
        Ok("gate") => 20,
        Ok("release") => 200,
        _ => 1,
    }
}

#[test]
fn sixteen_processes_share_one_budget_to_the_cent() {
    for _round in 0..rounds() {
        race_for_five();
    }
}

fn race_for_five() {
    let (world, file) = (World::new(), circuit("bell.qasm"));
    // Five times 0.445 fit.
    world.json(&["budget", "add", "b", "--limit", "2.30", "--json"], 0);
    let children: Vec<_> = (0..16)
        .map(|_| {
            let args =
                ["submit", &file, "--on", "garnet", "--shots", "100", "--budget", "b", "--yes", "--json"];
            let mut command = world.command(&args);
            command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap()
        })
        .collect();
    let codes: Vec<i32> = children.into_iter().map(|mut c| c.wait().unwrap().code().unwrap()).collect();
    assert_eq!(codes.iter().filter(|c| **c == 0).count(), 5, "{codes:?}");
    assert_eq!(codes.iter().filter(|c| **c == 3).count(), 11, "{codes:?}");
    assert_eq!(world.creates(), 5);
    world.assert_books();
}

/// A store that was accepted into, copied, and moved on without the copy.
#[test]
fn a_restored_copy_finds_the_task_of_a_job_it_thinks_unsent() {
    let (world, file) = (World::new(), circuit("bell.qasm"));
    let copy = world.folder.path().join("copy.db").display().to_string();
    world.json(&["budget", "add", "b", "--limit", "1", "--json"], 0);
    world.json(&submit(&file, "before"), 0);
    let bound = |key| [&submit(&file, key)[..], &["--budget", "b"]].concat();
    let ended = world.command(&bound("k")).env("SHOTBOOK_FAILPOINT", "open.before:1:abort").output();
    assert!(!ended.unwrap().status.success());
    assert!(world.run(&["store", "backup", "-o", &copy]).status.success());
    world.json(&bound("k"), 0);
    world.json(&bound("later"), 0);
    assert_eq!(world.creates(), 3);

    let restored = world.json(&["store", "restore", &copy, "--json"], 0);
    assert!(std::path::Path::new(restored["kept"].as_str().unwrap()).exists(), "{restored}");
    assert_eq!(world.json(&["show", "k", "--json"], 0)["state"], "WAITING");
    // AWS no longer knows the tokens; only its list of tasks can tell.
    world.fault(Kind::ForgetTokens, "CreateQuantumTask", 1, 9);
    let drained = world.run(&["worker", "--drain"]);
    assert!(drained.status.success(), "{}", String::from_utf8_lossy(&drained.stderr));
    let job = world.json(&["show", "k", "--json"], 0);
    assert_eq!((&job["state"], world.creates()), (&"COMPLETED".into(), 3), "{job}");
    // The other one was adopted with its money, under the budget that it was bought for.
    let budget = world.json(&["budget", "show", "b", "--json"], 0);
    assert_eq!(budget["settled"], "0.89", "{budget}");
    let again = world.json(&bound("later"), 0);
    assert_eq!((&again["adopted"], &again["state"]), (&true.into(), &"COMPLETED".into()), "{again}");
    assert_eq!(world.creates(), 3);
    world.assert_books();
}

#[test]
fn a_process_that_ends_while_it_adopts_books_each_task_once() {
    let file = circuit("bell.qasm");
    for place in ["scan.before", "scan.after", "found.before", "found.after", "adopt.before", "adopt.after"] {
        let world = World::new();
        let copy = world.folder.path().join("copy.db").display().to_string();
        world.json(&submit(&file, "before"), 0);
        let cut =
            world.command(&submit(&file, "k")).env("SHOTBOOK_FAILPOINT", "open.before:1:abort").output();
        assert!(!cut.unwrap().status.success());
        assert!(world.run(&["store", "backup", "-o", &copy]).status.success());
        world.json(&submit(&file, "k"), 0);
        world.json(&submit(&file, "later"), 0);
        world.json(&["store", "restore", &copy, "--json"], 0);
        world.fault(Kind::ForgetTokens, "CreateQuantumTask", 1, 9);
        let mut cut = world.command(&["worker", "--drain"]);
        let ended = cut.env("SHOTBOOK_FAILPOINT", format!("{place}:1:abort")).output().unwrap();
        assert!(!ended.status.success(), "{place} was never reached");
        assert!(world.run(&["worker", "--drain"]).status.success(), "{place}");
        let job = world.json(&["show", "k", "--json"], 0);
        assert_eq!((&job["state"], world.creates()), (&"COMPLETED".into(), 3), "{place}: {job}");
        assert_eq!(world.json(&["jobs", "--json"], 0)["jobs"].as_array().unwrap().len(), 3, "{place}");
        world.assert_books();
    }
}

#[test]
fn a_process_that_ends_while_it_proves_concludes_nothing() {
    let file = circuit("bell.qasm");
    for place in ["prove.before", "prove.after"] {
        let world = World::new();
        world.fault(Kind::LostReply, "CreateQuantumTask", 1, 1);
        let cut =
            world.command(&submit(&file, "k")).env("SHOTBOOK_FAILPOINT", "resend.before:1:abort").output();
        assert!(!cut.unwrap().status.success());
        // A wish to end forbids another send, and half an hour later on the service's clock only a
        // search can tell.
        assert_eq!(world.json(&["cancel", "k", "--json"], 0)["state"], "UNSURE", "{place}");
        let late = Fault { delay_ms: 30 * 60 * 1000, ..Fault::new(Kind::ClockSkew, "*", 1, 1_000_000) };
        world.server.arm(late);
        let mut cut = world.command(&["worker", "--drain"]);
        let ended = cut.env("SHOTBOOK_FAILPOINT", format!("{place}:1:abort")).output().unwrap();
        assert!(!ended.status.success(), "{place} was never reached");
        assert!(world.run(&["worker", "--drain"]).status.success(), "{place}");
        let job = world.json(&["show", "k", "--json"], 0);
        assert!(job["task_arn"].is_string(), "{place}: it was bought and is found: {job}");
        assert_eq!(world.creates(), 1, "{place}");
        world.assert_books();
    }
}

#[test]
fn blocked_jobs_hide_no_others() {
    let (world, file) = (World::new(), circuit("bell.qasm"));
    world.json(&["budget", "add", "b", "--limit", "1000", "--json"], 0);
    let lines: String = (0..300)
        .map(|n| format!("{{\"file\":\"{file}\",\"device\":\"garnet\",\"shots\":10,\"key\":\"k{n}\"}}\n"))
        .collect();
    let batch = world.folder.path().join("batch.jsonl");
    std::fs::write(&batch, lines).unwrap();
    let batch = batch.display().to_string();
    world.json(&["submit", "--batch", &batch, "--budget", "b", "--yes", "--detach", "--json"], 0);
    world.json(&["budget", "set", "b", "--limit", "1", "--json"], 0);
    world.json(
        &["submit", &file, "--on", "garnet", "--shots", "10", "--key", "z", "--yes", "--detach", "--json"],
        0,
    );
    assert_eq!(world.run(&["worker", "--drain"]).status.code(), Some(7), "300 wait for their budget");
    assert_eq!(world.json(&["show", "z", "--json"], 0)["state"], "COMPLETED");
    assert_eq!(world.creates(), 1);
}

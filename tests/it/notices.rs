//! Who is told what: at least once, with an id, whatever ends the process.

use std::collections::BTreeSet;
use std::fs;

use shotbook_mocks::faults::Kind;

use super::world::{World, circuit};

/// A program that appends its arguments and its input to a file, and fails while another file is there.
fn receiver(world: &World) -> String {
    let folder = world.folder.path().display().to_string();
    let path = world.folder.path().join("told.sh");
    let text = format!(
        "#!/bin/sh\nread -r body\necho \"$*|$AWS_SECRET_ACCESS_KEY|$body\" >> '{folder}/told'\n\
         test ! -e '{folder}/broken'\n"
    );
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

fn told(world: &World) -> Vec<String> {
    let text = fs::read_to_string(world.folder.path().join("told")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn hook(world: &World, event: &str, more: &[&str]) -> String {
    let script = receiver(world);
    let mut words = vec!["on", event, "--exec", "/bin/sh", "--json", "--", &script];
    words.extend(more);
    world.json(&words, 0)["id"].as_str().unwrap().to_owned()
}

#[test]
fn each_end_is_told_with_arguments_and_no_secret() {
    let (world, bell) = (World::new(), circuit("bell.qasm"));
    hook(&world, "done", &["fixed; rm -rf /"]);
    hook(&world, "failed", &[]);
    let submit =
        |code| world.json(&["submit", &bell, "--on", "garnet", "--shots", "100", "--yes", "--json"], code);
    let done = submit(0);
    world.fault(Kind::FailTask, "CreateQuantumTask", 1, 1);
    let failed = submit(6);
    let lines = told(&world);
    assert_eq!(lines.len(), 2, "{lines:?}");
    let job = |j: &serde_json::Value| j["job_id"].as_str().unwrap().to_owned();
    assert!(lines[0].starts_with(&format!("fixed; rm -rf / done {} n_", job(&done))), "{}", lines[0]);
    assert!(lines[1].starts_with(&format!("failed {} n_", job(&failed))), "{}", lines[1]);
    for line in &lines {
        let parts: Vec<&str> = line.splitn(3, '|').collect();
        assert_eq!(parts[1], "", "no credentials are handed on");
        let body: serde_json::Value = serde_json::from_str(parts[2]).unwrap();
        assert_eq!(body["schema"], "shotbook.notice/1");
        assert!(parts[0].ends_with(body["id"].as_str().unwrap()) && body["settled"].is_string(), "{body}");
    }
}

#[test]
fn a_doubt_is_told_when_it_begins() {
    let (world, bell) = (World::new(), circuit("bell.qasm"));
    hook(&world, "unsure", &[]);
    world.fault(Kind::LostReply, "CreateQuantumTask", 1, 1);
    world.json(&["submit", &bell, "--on", "garnet", "--shots", "100", "--yes", "--detach", "--json"], 0);
    let lines = told(&world);
    assert!(lines.len() == 1 && lines[0].starts_with("unsure j_"), "{lines:?}");
}

#[test]
fn a_notice_survives_the_end_of_its_process_and_comes_under_the_same_id() {
    for place in ["commit.after:2", "notify.before:1", "notify.after:1"] {
        let (world, bell) = (World::new(), circuit("bell.qasm"));
        hook(&world, "done", &[]);
        let words = ["submit", &bell, "--on", "local", "--shots", "10", "--json"];
        let mut first = world.command(&words);
        let ended = first.env("SHOTBOOK_FAILPOINT", format!("{place}:abort")).output().unwrap();
        assert!(!ended.status.success(), "{place} was never reached");
        world.run(&["worker", "--drain"]);
        let lines = told(&world);
        assert!(!lines.is_empty(), "{place}");
        let ids: BTreeSet<&str> =
            lines.iter().map(|l| l.split('|').next().unwrap().rsplit(' ').next().unwrap()).collect();
        assert_eq!(ids.len(), 1, "{place}: {lines:?}");
        assert_eq!(world.json(&["on", "list", "--json"], 0)["waiting"], 0, "{place}");
    }
}

#[test]
fn a_receiver_that_fails_is_kept_and_a_removed_one_is_told_nothing() {
    let (world, bell) = (World::new(), circuit("bell.qasm"));
    let id = hook(&world, "done", &[]);
    fs::write(world.folder.path().join("broken"), "").unwrap();
    let submit = ["submit", &bell, "--on", "local", "--shots", "10", "--json"];
    world.json(&submit, 0);
    let list = world.json(&["on", "list", "--json"], 0);
    assert_eq!((&list["waiting"], &list["hooks"][0]["event"]), (&1.into(), &"done".into()));
    assert!(list["problem"].as_str().unwrap().contains("exit status: 1"), "{list}");
    assert_eq!(world.run(&["on", "remove", &id]).status.code(), Some(0));
    assert_eq!(world.json(&["on", "list", "--json"], 0)["waiting"], 0);
    world.json(&submit, 0);
    assert_eq!(told(&world).len(), 1);
    assert_eq!(world.json(&["on", "remove", &id, "--json"], 2)["code"], "SB2005");
    for url in
        ["http://example.com/", "https://127.0.0.1/x", "https://169.254.169.254/", "https://localhost/"]
    {
        assert_eq!(world.json(&["on", "done", "--webhook", url, "--json"], 2)["code"], "SB2001", "{url}");
    }
}

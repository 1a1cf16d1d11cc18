//! Many submissions from one file: all or none, once, and each with its own end.

use std::io::Write;

use shotbook_mocks::faults::Kind;

use super::world::{World, circuit};

fn file(lines: &[String]) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    for line in lines {
        writeln!(file, "{line}").unwrap();
    }
    file
}

fn line(device: &str, shots: u64, rest: &str) -> String {
    let bell = circuit("bell.qasm");
    format!(r#"{{"file":{bell:?},"device":"{device}","shots":{shots}{rest}}}"#)
}

#[test]
fn a_batch_is_accepted_once_and_its_money_is_the_meters() {
    let world = World::new();
    let lines = [
        line("garnet", 100, ""),
        line("cepheus", 1000, r#","tags":{"who":"me"}"#),
        line("local", 50, r#","seed":3"#),
        line("sv1", 10, r#","key":"own""#),
    ];
    let batch = file(&lines);
    let path = batch.path().to_str().unwrap();
    let submit = ["submit", "--batch", path, "--key", "nightly", "--yes", "--json"];
    let first = world.json(&submit, 0);
    assert_eq!((&first["schema"], &first["states"]["COMPLETED"]), (&"shotbook.batch/1".into(), &4.into()));
    assert_eq!(first["settled"], "1.17375", "0.445 + 0.725 + 0 + 0.00375");
    let keys: Vec<&str> =
        first["jobs"].as_array().unwrap().iter().map(|j| j["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["nightly/0", "nightly/1", "nightly/2", "own"]);
    let again = world.json(&submit, 0);
    assert_eq!((&again["collection_id"], &again["jobs"]), (&first["collection_id"], &first["jobs"]));
    assert_eq!(world.creates(), 3, "a second submission under the same key buys nothing");
    world.assert_books();
    let listed = world.json(
        &["jobs", "--collection", first["collection_id"].as_str().unwrap(), "--tag", "who=me", "--json"],
        0,
    );
    assert_eq!(listed["jobs"].as_array().unwrap().len(), 1);
}

#[test]
fn one_wrong_line_or_a_full_budget_accepts_nothing() {
    let world = World::new();
    let wrong = file(&[line("local", 10, ""), line("local", 10, r#","shts":5"#)]);
    let error = world.json(&["submit", "--batch", wrong.path().to_str().unwrap(), "--json"], 2);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(":2: ") && message.contains("shts"), "{message}");
    world.run(&["budget", "add", "grant", "--limit", "1"]);
    let dear = file(&[line("garnet", 100, ""), line("garnet", 100, ""), line("garnet", 100, "")]);
    let submit = ["submit", "--batch", dear.path().to_str().unwrap(), "--budget", "grant", "--yes", "--json"];
    assert_eq!(world.json(&submit, 3)["code"], "SB3001");
    assert!(world.json(&["jobs", "--json"], 0)["jobs"].as_array().unwrap().is_empty());
    let capped =
        ["submit", "--batch", dear.path().to_str().unwrap(), "--max-cost", "1.33", "--yes", "--json"];
    assert_eq!(world.json(&capped, 3)["code"], "SB3002", "1.335 is above the ceiling of all together");
    assert_eq!(world.creates(), 0);
}

#[test]
fn an_interrupted_batch_is_finished_by_another_process() {
    for place in ["accept.after", "compute.after", "commit.before:2", "created.after:2"] {
        let (name, hit) = place.split_once(':').unwrap_or((place, "1"));
        let world = World::new();
        let batch = file(&[
            line("garnet", 100, ""),
            line("garnet", 200, ""),
            line("local", 10, ""),
            line("local", 20, ""),
        ]);
        let path = batch.path().to_str().unwrap();
        let submit = ["submit", "--batch", path, "--key", "k", "--yes", "--json"];
        let mut first = world.command(&submit);
        let ended = first.env("SHOTBOOK_FAILPOINT", format!("{name}:{hit}:abort")).output().unwrap();
        assert!(!ended.status.success(), "{place} was never reached");
        let done = world.json(&submit, 0);
        assert_eq!(done["states"]["COMPLETED"], 4, "{place}: {done}");
        assert_eq!(world.creates(), 2, "{place}");
        world.assert_books();
    }
}

#[test]
fn a_batch_stops_after_its_failures_and_only_what_failed_is_made_again() {
    let world = World::new();
    world.fault(Kind::FailTask, "CreateQuantumTask", 2, 1);
    let lines: Vec<String> = (1..=5).map(|n| line("garnet", 100 * n, "")).collect();
    let batch = file(&lines);
    let path = batch.path().to_str().unwrap();
    let submit = ["submit", "--batch", path, "--key", "k", "--max-fails", "1", "--yes", "--json"];
    let first = world.json(&submit, 6);
    let states = |v: &serde_json::Value| {
        let word = |j: &serde_json::Value| j["state"].as_str().unwrap().to_owned();
        v["jobs"].as_array().unwrap().iter().map(word).collect::<Vec<_>>()
    };
    assert_eq!(states(&first), ["COMPLETED", "FAILED", "CANCELLED", "CANCELLED", "CANCELLED"]);
    let why = first["jobs"][2]["error"].as_str().unwrap();
    assert!(why.contains("never sent") && why.contains("--max-fails is 1"), "{why}");
    assert_eq!((world.creates(), &first["held"]), (2, &"0".into()), "what was not sent holds nothing");

    let again = [&submit[..], &["--retry", "failed"]].concat();
    let dry = world.json(&[&again[..], &["--dry-run"]].concat(), 0);
    assert_eq!((&dry["submissions"], world.creates()), (&4.into(), 2));
    let second = world.json(&again, 0);
    assert_eq!(states(&second), ["COMPLETED"; 5]);
    assert_eq!((&second["jobs"][0], &second["jobs"][1]["key"]), (&first["jobs"][0], &"k/1~2".into()));
    assert_eq!(world.creates(), 6, "the finished line is not bought again");
    world.assert_books();
    let third = world.json(&again, 0);
    assert_eq!((&third["jobs"], world.creates()), (&second["jobs"], 6), "nothing failed");

    let mut other = lines.clone();
    other[1] = line("garnet", 999, "");
    let changed = file(&other);
    let path = changed.path().to_str().unwrap();
    let wrong = ["submit", "--batch", path, "--key", "k", "--retry", "failed", "--yes", "--json"];
    assert_eq!(world.json(&wrong, 2)["code"], "SB2003", "another content is another batch");
}

#[test]
fn a_failed_task_is_bought_again_only_as_often_as_was_allowed() {
    let world = World::new();
    world.fault(Kind::FailTask, "CreateQuantumTask", 1, 2);
    let bell = circuit("bell.qasm");
    let submit = ["submit", &bell, "--on", "garnet", "--shots", "100", "--yes", "--json"];
    let job = world.json(&[&submit[..], &["--retries", "1"]].concat(), 6);
    assert_eq!((&job["state"], &job["attempt"], world.creates()), (&"FAILED".into(), &2.into(), 2), "{job}");
    let job = world.json(&[&submit[..], &["--retries", "1"]].concat(), 0);
    assert_eq!((&job["attempt"], world.creates()), (&1.into(), 3));
    world.assert_books();
}

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

/// A batch of one circuit at many inputs, others between, on two devices.
fn mixed(world: &World) -> Vec<String> {
    let turn = "OPENQASM 3.0;\ninput float theta;\nqubit q;\nbit b;\nrx(theta) q;\nb = measure q;\n";
    let rabi = world.folder.path().join("turn.qasm");
    std::fs::write(&rabi, turn).unwrap();
    let (bell, ghz) = (circuit("bell.qasm"), circuit("ghz.qasm"));
    let at =
        |k: u64| format!(r#"{{"file":{rabi:?},"device":"garnet","shots":100,"inputs":{{"theta":{k}}}}}"#);
    let mut lines: Vec<String> = (0..6).map(at).collect();
    lines.insert(1, format!(r#"{{"file":{bell:?},"device":"garnet","shots":100,"key":"bell"}}"#));
    lines.insert(3, format!(r#"{{"file":{bell:?},"device":"garnet","shots":100}}"#));
    lines.insert(4, format!(r#"{{"file":{ghz:?},"device":"cepheus","shots":50}}"#));
    lines.push(format!(r#"{{"file":{ghz:?},"device":"cepheus","shots":50}}"#));
    lines.push(line("sv1", 10, ""));
    lines
}

#[test]
fn a_packed_batch_pays_one_fee_a_set_and_gives_each_line_its_own_result() {
    let world = World::new();
    let batch = file(&mixed(&world));
    let path = batch.path().to_str().unwrap();
    let submit = ["submit", "--batch", path, "--pack", "--key", "k", "--yes", "--json"];
    let dry = world.json(&[&submit[..], &["--dry-run"]].concat(), 0);
    assert_eq!((&dry["fees"]["packed"], &dry["fees"]["as_tasks"]), (&"0.6".into(), &"3".into()), "{dry}");
    let first = world.json(&submit, 0);
    assert_eq!(world.creates(), 3, "a set for each device, and a simulation");
    world.assert_books();
    let again = world.json(&submit, 0);
    assert_eq!((&again["jobs"], world.creates()), (&first["jobs"], 3), "the same key buys nothing");
    let path = world.folder.path().join("out.json");
    let exported = world.run(&["sweep", "export", "k", "-o", path.to_str().unwrap()]);
    assert!(exported.status.success());
    let document: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let rows = document["points"].as_array().unwrap();
    assert_eq!(rows.len(), 11);
    // A turn by 0 leaves the qubit where it was, one by about pi flips it: lines have their own results.
    let ones = |row: &serde_json::Value| row["counts"]["1"].as_u64().unwrap_or(0);
    assert_eq!(rows[0]["inputs"]["theta"].as_f64(), Some(0.0));
    assert!(ones(&rows[0]) < 30, "{}", rows[0]);
    let three = rows.iter().find(|r| r["inputs"]["theta"].as_f64() == Some(3.0)).unwrap();
    assert!(ones(three) > 70, "{three}");
    assert_eq!((&rows[1]["circuit"], &rows[1]["key"]), (&"bell.qasm".into(), &"bell".into()));
    let by_key = world.json(&["result", "k", "--point", "bell", "--json"], 0);
    assert_eq!(by_key["counts"], rows[1]["counts"]);
    let nanos = |r: &serde_json::Value| r["price"].as_str().unwrap().parse::<f64>().unwrap();
    assert!(
        (rows.iter().map(nanos).sum::<f64>() - 1.80625).abs() < 1e-9,
        "0.3 + 1.16 + 0.3 + 0.0425 + 0.00375"
    );

    let mut other = mixed(&world);
    other.swap(0, 1);
    let changed = file(&other);
    let wrong =
        ["submit", "--batch", changed.path().to_str().unwrap(), "--pack", "--key", "k", "--yes", "--json"];
    assert_eq!(world.json(&wrong, 2)["code"], "SB2003", "another order is another batch");
    assert_eq!(world.creates(), 3);
    let unkeyed = ["submit", "--batch", batch.path().to_str().unwrap(), "--pack", "--yes", "--json"];
    assert_eq!(world.json(&unkeyed, 2)["code"], "SB2001", "a line's key needs one of the batch");
}

#[test]
fn the_lines_of_a_failed_set_are_made_again_and_nothing_else() {
    let world = World::new();
    world.fault(Kind::FailTask, "CreateQuantumTask", 2, 1);
    let batch = file(&mixed(&world));
    let submit =
        ["submit", "--batch", batch.path().to_str().unwrap(), "--pack", "--key", "k", "--yes", "--json"];
    let first = world.json(&submit, 6);
    assert_eq!((&first["states"]["FAILED"], world.creates()), (&1.into(), 3), "{first}");
    let retry = [&submit[..], &["--retry", "failed"]].concat();
    let mut cut = world.command(&retry);
    let ended = cut.env("SHOTBOOK_FAILPOINT", "accept.after:1:abort").output().unwrap();
    assert!(!ended.status.success());
    let second = world.json(&retry, 0);
    assert_eq!((&second["states"]["COMPLETED"], world.creates()), (&3.into(), 4), "{second}");
    world.assert_books();
    assert_eq!((world.json(&retry, 0)["jobs"].clone(), world.creates()), (second["jobs"].clone(), 4));
}

#[test]
fn an_interrupted_packed_batch_is_finished_by_another_process() {
    for place in ["accept.before:1", "accept.after:1", "commit.before:2", "created.after:2"] {
        let world = World::new();
        let batch = file(&mixed(&world));
        let submit =
            ["submit", "--batch", batch.path().to_str().unwrap(), "--pack", "--key", "k", "--yes", "--json"];
        let ended =
            world.command(&submit).env("SHOTBOOK_FAILPOINT", format!("{place}:abort")).output().unwrap();
        assert!(!ended.status.success(), "{place} was never reached");
        assert_eq!(world.json(&submit, 0)["states"]["COMPLETED"], 3, "{place}");
        assert_eq!(world.creates(), 3, "{place}");
        world.assert_books();
    }
}

#[test]
fn a_refused_batch_names_the_program_sets_that_would_fit() {
    let world = World::new();
    world.run(&["budget", "add", "grant", "--limit", "2"]);
    let lines: Vec<String> = (0..10).map(|_| line("garnet", 100, "")).collect();
    let batch = file(&lines);
    let path = batch.path().to_str().unwrap();
    let refused = world.json(&["submit", "--batch", path, "--budget", "grant", "--yes", "--json"], 3);
    let help = refused["help"].as_str().unwrap();
    assert!(help.contains("--pack ($1.75)") && help.contains("the first 4 of 10"), "{help}");
    let packed =
        world.json(&["submit", "--batch", path, "--budget", "grant", "--pack", "--yes", "--json"], 0);
    assert_eq!(packed["settled"], "1.75", "0.30 + 1000 x 0.00145");
    world.assert_books();
}

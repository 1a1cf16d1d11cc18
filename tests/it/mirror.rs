//! AWS's spending limits that follow a budget, against the stand-in's own.

use serde_json::{Value, json};
use shotbook_mocks::faults::Kind;

use super::world::{World, circuit};

fn limits(mirror: &Value) -> Vec<(String, String, String)> {
    let text = |v: &Value| v.as_str().unwrap_or("-").to_owned();
    let rows = mirror["limits"].as_array().unwrap().iter();
    rows.map(|r| (text(&r["device"]), text(&r["limit"]), text(&r["deed"]))).collect()
}

#[test]
fn limits_follow_a_budget_in_whole_cents_and_stop_who_goes_around_it() {
    let world = World::new();
    let add =
        ["budget", "add", "lab", "--limit", "2.009", "--for", "device=garnet", "--mirror-aws", "--json"];
    let made = world.json(&add, 0);
    assert_eq!(limits(&made), [("garnet".into(), "2".into(), "made".into())], "cents, rounded down");
    let bell = circuit("bell.qasm");
    let buy = |shots: &'static str| {
        ["submit", &bell, "--on", "garnet", "--shots", shots, "--yes", "--json"].map(str::to_owned)
    };
    let run = |args: &[String], code| world.json(&args.iter().map(String::as_str).collect::<Vec<_>>(), code);
    assert_eq!(run(&buy("1000"), 0)["settled"], "1.75", "a job that the budget allows passes AWS too");
    world.assert_books();

    // Another store knows nothing of this budget: AWS refuses in its place.
    let other = world.folder.path().join("other.db");
    let mut around =
        world.command(&["submit", &bell, "--on", "garnet", "--shots", "1000", "--yes", "--json"]);
    let around = around.env("SHOTBOOK_STORE", format!("sqlite:{}", other.display())).output().unwrap();
    let said: Value = serde_json::from_slice(&around.stdout).unwrap();
    assert!(!around.status.success() && said["task_arn"].is_null(), "{said}");
    assert_eq!((&said["held"], world.creates()), (&json!("0"), 1));

    // The cap grows, and the limit with it, beside what AWS has counted already.
    let grown = world.json(&["budget", "set", "lab", "--limit", "5", "--mirror-aws", "--json"], 0);
    assert_eq!(limits(&grown), [("garnet".into(), "5".into(), "changed".into())]);
    let same = world.json(&["budget", "mirror", "lab", "--json"], 0);
    assert_eq!(limits(&same), [("garnet".into(), "5".into(), "kept".into())]);
    // Lowered below what is spent: AWS would refuse a limit below it, so the least that it takes.
    let low = world.json(&["budget", "set", "lab", "--limit", "1", "--mirror-aws", "--json"], 0);
    assert_eq!(limits(&low), [("garnet".into(), "1.75".into(), "changed".into())]);

    let kept = world.run(&["budget", "remove", "lab"]);
    assert_eq!(kept.status.code(), Some(2), "limits at AWS are not forgotten");
    // What AWS does not let go keeps its budget, which alone can find it again.
    world.fault(Kind::Denied, "DeleteSpendingLimit", 1, 1);
    let stuck = world.json(&["budget", "remove", "lab", "--mirror-aws", "--json"], 7);
    assert_eq!(limits(&stuck)[0].2, "refused", "{stuck}");
    assert_eq!(world.json(&["budget", "show", "lab", "--json"], 0)["limit"], "1");
    let gone = world.json(&["budget", "remove", "lab", "--mirror-aws", "--json"], 0);
    assert_eq!(limits(&gone), [("garnet".into(), "-".into(), "removed".into())]);
}

#[test]
fn one_limit_a_device_and_those_of_others_are_left_alone() {
    let world = World::new();
    let add = |name: &'static str| ["budget", "add", name, "--limit", "10", "--mirror-aws", "--json"];
    let first = limits(&world.json(&add("a"), 0));
    assert!(first.len() > 4 && first.iter().all(|r| r.2 == "made"), "{first:?}");
    let second = world.json(&add("b"), 7);
    assert!(limits(&second).iter().all(|r| r.2 == "left alone"), "{second}");
    let note = second["limits"][0]["note"].as_str().unwrap();
    assert!(note.contains("mirrors a"), "{note}");
    world.run(&["budget", "remove", "a", "--mirror-aws"]);
    assert!(limits(&world.json(&["budget", "mirror", "b", "--json"], 0)).iter().all(|r| r.2 == "made"));
}

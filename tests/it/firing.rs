//! When a job may be sent: windows, deadlines, queues, devices and prices, looked at when its time comes.

use shotbook_mocks::{Advance, Config, DeviceState};

use super::world::{World, circuit};

fn kinds(world: &World, job: &str) -> Vec<String> {
    let why = world.json(&["why", job, "--json"], 0);
    let kind = |r: &serde_json::Value| r["kind"].as_str().unwrap().to_owned();
    why["reasons"].as_array().unwrap().iter().map(kind).collect()
}

fn submit<'a>(file: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut words = vec!["submit", file, "--on", "garnet", "--shots", "100", "--key", "k"];
    words.extend(["--yes", "--detach", "--json"]);
    words.extend(more);
    words
}

fn offline() -> World {
    World::with(Config { devices: vec![("garnet".to_owned(), DeviceState::Offline)], ..Config::default() })
}

#[test]
fn a_job_waits_for_its_device_and_is_never_sent_to_a_retired_one() {
    let (world, file) = (offline(), circuit("bell.qasm"));
    let job = world.json(&submit(&file, &[]), 0);
    assert_eq!((&job["state"], &job["held"]), (&"WAITING".into(), &"0.445".into()));
    assert_eq!(kinds(&world, "k"), ["offline"]);
    let text = world.run(&["why", "k"]);
    let text = String::from_utf8_lossy(&text.stdout);
    assert!(text.contains("garnet is offline") && text.contains(": shotbook cancel j_"), "{text}");
    assert_eq!(world.run(&["worker", "--drain"]).status.code(), Some(7));
    assert_eq!(world.creates(), 0, "an offline device is not asked to create");
    world.control("devices", r#"{"device":"garnet","status":"ONLINE"}"#);
    assert_eq!(world.run(&["worker", "--drain"]).status.code(), Some(0));
    assert_eq!((kinds(&world, "k"), world.creates()), (vec!["over".to_owned()], 1));
    world.assert_books();

    world.control("devices", r#"{"device":"garnet","status":"RETIRED"}"#);
    let mut late = submit(&file, &[]);
    late[7] = "late";
    let job = world.json(&late, 6);
    assert_eq!((&job["state"], world.creates()), (&"CANCELLED".into(), 1));
    assert!(job["error"].as_str().unwrap().contains("garnet is retired"), "{job}");
    world.assert_books();
}

#[test]
fn nothing_is_sent_after_its_deadline() {
    let (world, file) = (offline(), circuit("bell.qasm"));
    let past = submit(&file, &["--deadline", "2020-01-01T00:00:00Z"]);
    assert_eq!(world.json(&past, 2)["code"], "SB2001", "a deadline that has passed refuses");
    world.run(&submit(&file, &["--deadline", "300ms"]));
    while world.json(&["show", "k", "--json"], 0)["state"] == "WAITING" {
        world.run(&["worker", "--drain"]);
    }
    let job = world.json(&["show", "k", "--json"], 0);
    assert_eq!((&job["state"], &job["held"], world.creates()), (&"CANCELLED".into(), &"0".into(), 0));
    assert!(job["error"].as_str().unwrap().contains("its deadline"), "{job}");
    world.assert_books();
}

#[test]
fn a_long_queue_keeps_a_job_here() {
    let config = Config { advance: Advance::After(60_000), clock_rate: 0, ..Config::default() };
    let (world, file) = (World::with(config), circuit("bell.qasm"));
    let mut first = submit(&file, &[]);
    first[7] = "first";
    assert_eq!(world.json(&first, 0)["state"], "QUEUED");
    let second = submit(&file, &["--max-queue", "0"]);
    let job = world.json(&second, 0);
    assert_eq!((&job["state"], kinds(&world, "k")), (&"WAITING".into(), vec!["long_queue".to_owned()]));
    assert_eq!(world.creates(), 1);
    world.control("clock", r#"{"advance_ms":120000}"#);
    world.json(&["wait", "first", "--json"], 0);
    assert_eq!((&world.json(&second, 0)["state"], world.creates()), (&"QUEUED".into(), 2));
}

#[test]
fn a_price_that_changed_before_the_send_refuses_above_what_was_agreed() {
    for (key, ceiling, state) in [("dear", None, "REFUSED"), ("allowed", Some("0.6"), "COMPLETED")] {
        let (world, file) = (offline(), circuit("bell.qasm"));
        let mut words = submit(&file, &[]);
        words[7] = key;
        words.extend(ceiling.map_or(vec![], |usd| vec!["--max-cost", usd]));
        assert_eq!(world.json(&words, 0)["held"], "0.445");
        let file = world.offers("2026-11-20", "0.0014500000", "0.0025000000");
        world.json(&["prices", "refresh", "--from", file.path().to_str().unwrap(), "--json"], 0);
        world.control("devices", r#"{"device":"garnet","status":"ONLINE"}"#);
        world.run(&["worker", "--drain"]);
        let job = world.json(&["show", key, "--json"], 0);
        assert_eq!((&job["state"], &job["held"]), (&state.into(), &"0".into()), "{job}");
        match ceiling {
            None => {
                let why = job["error"].as_str().unwrap();
                assert!(why.contains("can cost $0.55 now, and $0.445 was agreed to"), "{why}");
                assert_eq!((world.creates(), world.run(&["wait", key]).status.code()), (0, Some(3)));
            }
            Some(_) => assert_eq!((&job["settled"], world.creates()), (&"0.55".into(), 1)),
        }
        assert!(world.run(&["store", "check"]).status.success());
    }
}

#[test]
fn a_window_is_waited_for_where_one_is_published() {
    let (world, file) = (World::new(), circuit("bell.qasm"));
    let job = world.json(&submit(&file, &["--window", "next"]), 0);
    // Which of the two it is depends on the day.
    match job["state"].as_str().unwrap() {
        "WAITING" => {
            assert_eq!((kinds(&world, "k"), &job["held"]), (vec!["window".to_owned()], &"0".into()));
            assert_eq!(world.creates(), 0);
        }
        state => assert_eq!((state, world.creates()), ("COMPLETED", 1)),
    }
    let never = ["submit", &file, "--on", "sv1", "--shots", "10", "--window", "next", "--yes", "--json"];
    let error = world.json(&never, 2);
    assert!(error["message"].as_str().unwrap().contains("no execution windows of sv1"), "{error}");
}

#[test]
fn a_full_budget_is_told_before_the_time_comes() {
    let (world, file) = (World::new(), circuit("bell.qasm"));
    world.run(&["budget", "add", "b", "--limit", "0.4"]);
    let job = world.json(&submit(&file, &["--not-before", "2h", "--budget", "b"]), 0);
    assert_eq!((&job["state"], &job["held"]), (&"WAITING".into(), &"0".into()));
    assert_eq!(kinds(&world, "k"), ["not_before", "budget_full"]);
    let why = world.json(&["why", "k", "--json"], 0);
    assert_eq!(why["reasons"][1]["command"], "shotbook budget set b --limit USD");
}

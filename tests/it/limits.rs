//! Budgets that warn, stop and cancel, and refusals that say what would fit.

use serde_json::Value;
use shotbook_mocks::{Advance, Config};

use super::world::{World, circuit};

fn ok(world: &World, args: &[&str]) -> String {
    let output = world.run(args);
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{args:?}\n{err}");
    err
}

fn refusal(world: &World, args: &[&str]) -> Value {
    let refused = world.json(&[args, &["--yes", "--json"]].concat(), 3);
    assert_eq!(refused["schema"], "shotbook.error/1");
    refused
}

#[test]
fn a_refusal_says_what_would_fit() {
    let world = World::new();
    let bell = circuit("bell.qasm");
    ok(&world, &["budget", "add", "grant42", "--limit", "25", "--per", "month"]);
    let submit = ["submit", &bell, "--shots", "1000", "--budget", "grant42", "--on"];
    ok(&world, &[&submit[..], &["garnet", "--yes"]].concat());
    let refused = refusal(&world, &[&submit[..], &["forte-1"]].concat());
    assert_eq!(refused["message"], "budget grant42 has $23.25 left, $80.30 needed");
    let help = refused["help"].as_str().unwrap();
    for part in ["286 shots on forte-1 ($23.18)", "--on sv1", "shotbook budget set grant42 --limit 82.05"] {
        assert!(help.contains(part), "{part}: {help}");
    }
    // Every offer holds what it promises.
    ok(&world, &["submit", &bell, "--on", "forte-1", "--shots", "286", "--budget", "grant42", "--yes"]);
    ok(&world, &["budget", "set", "grant42", "--limit", "105.23"]);
    ok(&world, &[&submit[..], &["forte-1", "--yes"]].concat());

    let none =
        refusal(&world, &["submit", &bell, "--on", "forte-1", "--shots", "100", "--max-cost", "0.001"]);
    assert!(none["help"].as_str().unwrap().contains("nothing fits into $0.001"), "{none}");
    world.assert_books();
}

#[test]
fn a_sweep_that_is_refused_offers_points_shots_and_devices() {
    let world = World::new();
    let file = world.folder.path().join("rabi.qasm");
    let text = "OPENQASM 3.0;\ninput float theta;\nqubit[1] q;\nrx(theta) q[0];\nbit[1] b = measure q;\n";
    std::fs::write(&file, text).unwrap();
    ok(&world, &["budget", "add", "grant42", "--limit", "20.20"]);
    let sweep = |param: &'static str, shots: &'static str| {
        let file = file.to_str().unwrap();
        ["sweep", file, "--param", param, "--shots", shots, "--on", "cepheus", "--budget", "grant42"]
            .map(str::to_owned)
    };
    let asked = sweep("theta=0:6.28:500", "100");
    let refused = refusal(&world, &asked.each_ref().map(String::as_str));
    assert_eq!(refused["message"], "budget grant42 has $20.20 left, $22.75 needed");
    let help = refused["help"].as_str().unwrap().to_owned();
    let offered = |before: &str| help.split(before).nth(1).unwrap().split(' ').next().unwrap().to_owned();
    let (points, shots) = (offered("theta=0:6.28:"), offered("--shots "));
    assert_eq!((points.as_str(), shots.as_str()), ("440", "88"), "{help}");
    // One more of either is refused, what is offered is not.
    for (param, shots, fits) in [
        ("theta=0:6.28:441", "100", false),
        ("theta=0:6.28:500", "89", false),
        ("theta=0:6.28:440", "100", true),
    ] {
        let asked = sweep(param, shots);
        let args: Vec<&str> = asked.iter().map(String::as_str).chain(["--yes"]).collect();
        assert_eq!(world.run(&args).status.code(), Some(if fits { 0 } else { 3 }), "{param} {shots}");
    }
    world.assert_books();
}

#[test]
fn a_budget_warns_and_stops_at_its_shares() {
    let world = World::new();
    let bell = circuit("bell.qasm");
    ok(&world, &["budget", "add", "lab", "--limit", "2", "--at", "20%", "warn", "--at", "50%", "stop"]);
    let submit = ["submit", &bell, "--on", "garnet", "--shots", "100", "--budget", "lab", "--yes"];
    let first = ok(&world, &submit);
    assert!(first.contains("budget lab has come to 20% warn: $0.445 of $2.00"), "{first}");
    ok(&world, &submit);
    let refused = refusal(&world, &submit[..submit.len() - 1]);
    assert_eq!(refused["message"], "budget lab has $0.11 left, $0.445 needed");
    assert!(refused["help"].as_str().unwrap().contains("budget set lab --no-at"), "{refused}");
    let shown = world.json(&["budget", "show", "lab", "--json"], 0);
    assert_eq!((&shown["free"], &shown["at"][1]), (&"0.11".into(), &"50% stop".into()));
    assert_eq!(shown["reached"], serde_json::json!(["20% warn"]));
    ok(&world, &["budget", "set", "lab", "--no-at"]);
    ok(&world, &submit);
    for wrong in [["0%", "warn"], ["80%", "shout"], ["x", "stop"]] {
        let args = [&["budget", "add", "x", "--limit", "1", "--at"][..], &wrong].concat();
        assert_eq!(world.run(&args).status.code(), Some(2), "{wrong:?}");
    }
    world.assert_books();
}

#[test]
fn a_budget_cancels_what_is_open_once_so_much_is_paid() {
    let world = World::with(Config { advance: Advance::After(3_600_000), ..Config::default() });
    let bell = circuit("bell.qasm");
    ok(&world, &["budget", "add", "lab", "--limit", "2", "--at", "90%", "cancel"]);
    let submit = ["submit", &bell, "--on", "garnet", "--shots", "100", "--budget", "lab", "--yes", "--json"];
    let job = world.json(&[&submit[..], &["--detach"]].concat(), 0);
    assert_eq!(job["state"], "QUEUED");
    let id = job["job_id"].as_str().unwrap();
    // Lowered below what is held: the cap is passed, so what is open is cancelled and given back.
    ok(&world, &["budget", "set", "lab", "--limit", "0.40"]);
    world.run(&["wait", id, "--timeout", "20s"]);
    let ended = world.json(&["show", id, "--json"], 0);
    assert_eq!(
        (&ended["state"], &ended["held"], &ended["settled"]),
        (&"CANCELLED".into(), &"0".into(), &"0".into())
    );
    let shown = String::from_utf8(world.run(&["show", id]).stdout).unwrap();
    assert!(shown.contains("budget_cancels"), "{shown}");
    world.assert_books();
}

#[test]
fn a_batch_that_is_refused_offers_its_beginning() {
    let world = World::new();
    let file = world.folder.path().join("batch.jsonl");
    let line = |shots: u64| {
        format!("{{\"file\":\"{}\",\"device\":\"garnet\",\"shots\":{shots}}}\n", circuit("bell.qasm"))
    };
    std::fs::write(&file, line(100) + &line(200) + &line(1000)).unwrap();
    ok(&world, &["budget", "add", "b", "--limit", "2"]);
    let refused = refusal(&world, &["submit", "--batch", file.to_str().unwrap(), "--budget", "b"]);
    assert_eq!(refused["message"], "budget b has $2.00 left, $2.785 needed");
    let help = "fits: the first 2 of 3 submissions ($1.035); more room: shotbook budget set b --limit 2.785";
    assert_eq!((&refused["help"], world.creates()), (&help.into(), 0));
}

#[test]
fn a_molecule_is_measured_as_well_as_a_text() {
    let world = World::new();
    let terms = world.folder.path().join("h.json");
    std::fs::write(&terms, r#"{"terms": {"ZI": 0.18, "ZZ": -0.22}}"#).unwrap();
    let shots = |flag: &str, what: &str| {
        let args =
            ["shots", &circuit("bell.qasm"), "--error", "0.01", "--on", "garnet", flag, what, "--json"];
        world.json(&args, 0)["shots"].clone()
    };
    assert_eq!(shots("--hamiltonian", terms.to_str().unwrap()), shots("--observable", "0.18*ZI - 0.22*ZZ"));
}

//! The live view, once and as lines.

use super::world::{World, circuit};

#[test]
fn a_moment_shows_jobs_money_and_budgets() {
    let (world, bell) = (World::new(), circuit("bell.qasm"));
    world.run(&["budget", "add", "grant", "--limit", "5"]);
    let paid = ["submit", &bell, "--on", "garnet", "--shots", "100", "--budget", "grant", "--yes", "--json"];
    world.json(&paid, 0);
    world.json(&[&paid[..], &["--not-before", "2h", "--detach"]].concat(), 0);
    let moment = world.json(&["watch", "--once", "--json"], 0);
    assert_eq!((&moment["schema"], &moment["open"]), (&"shotbook.watch/1".into(), &1.into()));
    assert_eq!((&moment["settled"], &moment["held"]), (&"0.445".into(), &"0".into()));
    let states: Vec<_> = moment["jobs"].as_array().unwrap().iter().map(|j| j["state"].clone()).collect();
    assert_eq!(states, ["WAITING", "COMPLETED"], "open ones first");
    assert_eq!(moment["budgets"][0]["free"], "4.555");
    let text = world.run(&["watch", "--once"]);
    let text = String::from_utf8_lossy(&text.stdout);
    assert!(text.contains("1 open · held $0.00 · settled $0.445") && text.contains("grant "), "{text}");
    let output = world.run(&["watch"]);
    assert_eq!(output.status.code(), Some(2), "a pipe is no terminal");
}

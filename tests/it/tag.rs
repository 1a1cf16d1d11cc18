//! Old jobs are given to projects, and reports follow.

use super::world::{World, circuit};

#[test]
fn old_jobs_move_to_projects_and_their_money_stays() {
    let world = World::new();
    let bell = circuit("bell.qasm");
    let submit = ["submit", &bell, "--on", "garnet", "--shots", "100", "--yes", "--json"];
    let first = world.json(&[&submit[..], &["--key", "one"]].concat(), 0);
    world.json(&[&submit[..], &["--key", "two", "--project", "chem"]].concat(), 0);
    world.json(&["submit", &bell, "--on", "local", "--shots", "10", "--json"], 0);

    let tagged = world.json(&["tag", "one", "project=rb-q3", "who=eve", "--json"], 0);
    assert_eq!((&tagged["matched"], &tagged["changed"]), (&1.into(), &1.into()));
    let by = world.json(&["cost", "--by", "project", "--json"], 0);
    let row = by["rows"].as_array().unwrap().iter().find(|r| r["project"] == "rb-q3").unwrap().clone();
    assert_eq!(row["settled"], "0.445");

    let homeless = ["tag", "--filter", "project=-", "project=class"];
    assert!(world.run(&[&homeless[..], &["--dry-run"]].concat()).status.success());
    let moved = world.json(&[&homeless[..], &["--json"]].concat(), 0);
    assert_eq!(moved["changed"], 1, "only the local run had no project");
    let all =
        world.json(&["tag", "--filter", "device=garnet", "--filter", "state=completed", "k=v", "--json"], 0);
    assert_eq!(all["changed"], 2);
    world.json(&["tag", "one", "--remove", "who", "--remove", "project", "--json"], 0);
    let job = world.json(&["show", "one", "--json"], 0);
    assert_eq!((&job["project"], &job["tags"]), (&serde_json::Value::Null, &serde_json::json!({"k": "v"})));
    assert_eq!(job["ended_at"], first["ended_at"], "a label is no part of a job's life");
    world.assert_books();

    for wrong in [
        &["tag", "one"][..],
        &["tag", "k=v"],
        &["tag", "one", "--filter", "device=garnet", "k=v"],
        &["tag", "one", "shotbook:job=x"],
        &["tag", "--filter", "colour=red", "k=v"],
        &["tag", "one", "project="],
    ] {
        assert_eq!(world.run(wrong).status.code(), Some(2), "{wrong:?}");
    }
}

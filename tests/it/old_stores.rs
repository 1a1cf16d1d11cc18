//! Databases of older versions open for ever, and a migration that was cut short is taken up again.

use std::fs;

use super::world::World;

/// Schemas of which a store is kept: those before the seventh were not kept but for the first, and every
/// later one is, from the day on which a migration leads away from it.
const KEPT: [u32; 2] = [1, 7];

/// A store of an old schema with a paid job, local ones, a batch, one that waits, and a monthly budget.
fn place(world: &World, schema: u32) {
    fs::create_dir_all(world.home()).unwrap();
    let file = format!("{}/tests/data/store-schema-{schema}.sqlite", env!("CARGO_MANIFEST_DIR"));
    fs::copy(file, world.home().join("shotbook.db")).unwrap();
}

/// The schema that a file says, as SQLite keeps it in the header.
fn schema_of(world: &World) -> u32 {
    let header = fs::read(world.home().join("shotbook.db")).unwrap();
    u32::from_be_bytes(header[60..64].try_into().unwrap())
}

/// What the file holds, whatever its schema.
fn assert_whole(world: &World, when: &str) {
    let check = world.run(&["store", "check"]);
    assert!(check.status.success(), "{when}: {}", String::from_utf8_lossy(&check.stderr));
    let jobs = world.json(&["jobs", "--json"], 0);
    let mut seen: Vec<(String, String)> = jobs["jobs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|j| (j["key"].as_str().unwrap().to_owned(), j["state"].as_str().unwrap().to_owned()))
        .collect();
    seen.sort();
    let wanted = [
        ("here", "COMPLETED"),
        ("later", "WAITING"),
        ("lot/0", "COMPLETED"),
        ("lot/1", "COMPLETED"),
        ("paid", "COMPLETED"),
    ];
    assert_eq!(seen, wanted.map(|(k, s)| (k.to_owned(), s.to_owned())), "{when}");
    assert_eq!(world.json(&["cost", "--json"], 0)["total"]["settled"], "0.445", "{when}");
    let counts = &world.json(&["result", "paid", "--json"], 0)["counts"];
    let shots: u64 = counts.as_object().unwrap().values().map(|n| n.as_u64().unwrap()).sum();
    assert_eq!(shots, 100, "{when}");
    let rows = &world.json(&["cost", "--json"], 0)["rows"];
    let tasks: Vec<(&str, u64)> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (r["device"].as_str().unwrap(), r["tasks"].as_u64().unwrap()))
        .collect();
    assert_eq!(tasks, [("garnet", 1), ("local", 0)], "{when}");
}

#[test]
fn a_store_of_every_kept_schema_opens_with_all_that_it_held() {
    for schema in KEPT {
        let world = World::new();
        place(&world, schema);
        assert_eq!(schema_of(&world), schema);
        assert_whole(&world, "migrated");
        assert_whole(&world, "opened again");
        assert_eq!(world.json(&["budget", "show", "grant", "--json"], 0)["limit"], "5");
        let why = world.json(&["why", "later", "--json"], 0);
        assert_eq!(why["reasons"][0]["kind"], "not_before");
        let again = world.json(&["cancel", "later", "--json"], 0);
        assert_eq!((&again["state"], world.creates()), (&"CANCELLED".into(), 0));
    }
}

#[test]
fn every_schema_that_was_left_has_its_store() {
    let world = World::new();
    world.json(&["budget", "add", "b", "--limit", "1", "--json"], 0);
    let now = schema_of(&world);
    let missing: Vec<u32> = (7..now).filter(|n| !KEPT.contains(n)).collect();
    assert!(missing.is_empty(), "make tests/data/store-schema-N.sqlite by the release before: {missing:?}");
}

#[test]
fn a_migration_that_was_cut_short_is_taken_up_again() {
    let mut reached = 0;
    for (schema, steps) in KEPT.map(|schema| (schema, 1..)) {
        for step in steps {
            let mut went_on = false;
            for side in ["before", "after"] {
                let world = World::new();
                place(&world, schema);
                let mut cut = world.command(&["jobs", "--json"]);
                let ended =
                    cut.env("SHOTBOOK_FAILPOINT", format!("migrate.{side}:{step}:abort")).output().unwrap();
                went_on |= !ended.status.success();
                reached += usize::from(!ended.status.success());
                assert_whole(&world, &format!("schema {schema}, {side} step {step}"));
            }
            if !went_on {
                break;
            }
        }
    }
    assert!(reached >= 16, "only {reached} ends; there are eight steps with two sides each");
}

#[test]
fn a_store_of_another_machine_is_read_and_pays_nothing_until_it_is_taken_over() {
    let world = World::new();
    let bell = super::world::circuit("bell.qasm");
    let submit = ["submit", &bell, "--on", "garnet", "--shots", "100", "--yes", "--json"];
    world.json(&submit, 0);
    let marker = world.home().join("shotbook.db.id");
    let text = fs::read_to_string(&marker).unwrap();
    let id = text.lines().next().unwrap();
    fs::write(&marker, format!("{id}\nanothermachine00\n")).unwrap();
    let error = world.json(&submit, 2);
    assert_eq!((&error["code"], world.creates()), (&"SB2012".into(), 1), "{error}");
    assert_eq!(world.json(&["jobs", "--json"], 0)["jobs"].as_array().unwrap().len(), 1);
    assert_eq!(world.run(&["worker", "--drain"]).status.code(), Some(2));
    // A machine without an id of its own cannot tell, and its stores have no second line.
    assert!(world.run(&["store", "here"]).status.success());
    world.json(&submit, 0);
    assert_eq!((world.creates(), fs::read_to_string(&marker).unwrap().lines().next()), (2, Some(id)));
}

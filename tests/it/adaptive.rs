//! Shots that are bought in slices until an error is reached.

use super::world::World;

const OBSERVABLE: &str = "0.5*ZI - 0.4*ZZ + 0.3*XX - 1.1*II";

fn bell(world: &World) -> String {
    let path = world.folder.path().join("bell.qasm");
    let text = "OPENQASM 3.0;\ninput float theta;\nqubit[2] q;\nry(theta) q[0];\ncnot q[0], q[1];\n";
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

fn buy<'a>(file: &'a str, device: &'a str, rest: &[&'a str]) -> Vec<&'a str> {
    let args = ["shots", file, "--input", "theta=0.9", "--observable", OBSERVABLE, "--error", "0.02"];
    [&args[..], &["--on", device, "--adaptive", "--yes", "--json"], rest].concat()
}

#[test]
fn slices_end_where_the_error_is_reached_and_are_bought_once() {
    let quiet = shotbook_mocks::Config { noise: false, ..shotbook_mocks::Config::default() };
    for place in ["accept.before:1", "accept.after:1", "created.after:2", "commit.before:4", "accept.after:2"]
    {
        let world = World::with(quiet.clone());
        let file = bell(&world);
        let args = buy(&file, "garnet", &["--max-cost", "20", "--key", "k"]);
        let cut = world.command(&args).env("SHOTBOOK_FAILPOINT", format!("{place}:abort")).output().unwrap();
        assert!(!cut.status.success(), "{place} was never reached");
        let done = world.json(&args, 0);
        let found = &done["adaptive"];
        let (value, error) = (found["value"].as_f64().unwrap(), found["standard_error"].as_f64().unwrap());
        assert!(error <= 0.02 && found["reached"] == true, "{done}");
        // <ZI> = cos 0.9, <ZZ> = 1, <XX> = sin 0.9.
        let exact = 0.5 * 0.9f64.cos() - 0.4 + 0.3 * 0.9f64.sin() - 1.1;
        assert!((value - exact).abs() < 5.0 * error, "{value} {exact}");
        assert_eq!(world.creates(), found["tasks"].as_u64().unwrap(), "{place}: {done}");
        assert_eq!(found["settled"], world.server.meter().cost());
        world.assert_books();
        let again = world.json(&args, 0);
        assert_eq!((&again, world.creates()), (&done, found["tasks"].as_u64().unwrap()), "{place}");
    }
}

#[test]
fn a_cap_ends_a_purchase_and_a_higher_one_goes_on_with_it() {
    let world = World::new();
    let file = bell(&world);
    assert_eq!(world.json(&buy(&file, "garnet", &[]), 2)["code"], "SB2001", "no cap");
    let short = world.json(&buy(&file, "garnet", &["--max-cost", "1.5", "--key", "k"]), 3);
    assert_eq!(short["adaptive"]["reached"], false, "{short}");
    let spent = |v: &serde_json::Value| v["adaptive"]["settled"].as_str().unwrap().parse::<f64>().unwrap();
    assert!(spent(&short) <= 1.5 && spent(&short) > 1.0, "{short}");
    let more = world.json(&buy(&file, "garnet", &["--max-cost", "30", "--key", "k"]), 0);
    assert_eq!(more["adaptive"]["slices"][0], short["adaptive"]["slices"][0], "nothing is bought again");
    assert_eq!(world.creates(), more["adaptive"]["tasks"].as_u64().unwrap());
    world.assert_books();
    let tiny = world.json(&buy(&file, "garnet", &["--max-cost", "0.1"]), 3);
    assert_eq!(tiny["code"], "SB3002");
    let other = world.json(&buy(&file, "cepheus", &["--max-cost", "30", "--key", "k"]), 2);
    assert_eq!(other["code"], "SB2003", "another device is another purchase");
    let free = world.json(&buy(&file, "local", &["--key", "here"]), 0);
    assert_eq!(free["adaptive"]["settled"], "0");
}

#[test]
fn a_state_without_a_spread_of_its_own_is_quoted_with_the_devices() {
    let world = World::new();
    let bell = super::world::circuit("bell.qasm");
    let ask = |error: &str, on: &str| {
        let args = ["shots", &bell, "--observable", "XX + ZZ", "--error", error, "--on", on, "--json"];
        world.json(&args, 0)
    };
    // Without mistakes both terms are 1 in every shot.
    let found = ask("0.05", "local,garnet,cepheus");
    assert_eq!((&found["shots"], &found["devices"][0]["shots"]), (&2.into(), &2.into()), "{found}");
    let garnet = found["devices"][1]["shots"].as_u64().unwrap();
    assert!((50..2000).contains(&garnet), "{found}");
    assert_eq!(ask("0.001", "garnet")["cheapest"], serde_json::Value::Null, "no shots mend its errors");
    let cheapest = ask("0.9", "garnet,cepheus");
    // Cepheus costs more for its least shots, and nothing is published of its errors.
    assert_eq!(cheapest["cheapest"], "garnet", "{cheapest}");
    let text = String::from_utf8(
        world.run(&["shots", &bell, "--observable", "XX", "--error", "0.001", "--on", "garnet"]).stdout,
    );
    let text = text.unwrap();
    assert!(
        text.contains("garnet  no") && text.contains("no QPU whose errors are published reaches ±0.001"),
        "{text}"
    );
}

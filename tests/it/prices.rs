//! Price lists by date, and the quotes made from them.

use super::world::{World, circuit};

/// The stand-in's own offer file under another date and with one other rate.
fn offers(world: &World, date: &str, from: &str, to: &str) -> tempfile::NamedTempFile {
    let text = shotbook_mocks::offers_csv();
    assert!(text.contains(from), "{from}");
    let text = text.replace("2026-09-04T", &format!("{date}T")).replace(from, to);
    let file = tempfile::NamedTempFile::new_in(world.home().parent().unwrap()).unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

#[test]
fn a_new_list_moves_quotes_and_the_old_one_is_kept() {
    let world = World::new();
    let bell = circuit("bell.qasm");
    let quote = ["quote", &bell, "--shots", "1000", "--on", "garnet", "--json"];
    let old = world.json(&quote, 0);
    let file = offers(&world, "2026-11-20", "0.0014500000", "0.0012000000");
    let refreshed = world.json(&["prices", "refresh", "--from", file.path().to_str().unwrap(), "--json"], 0);
    assert_eq!(
        (&refreshed["schema"], &refreshed["date"]),
        (&"shotbook.prices/1".into(), &"2026-11-20".into())
    );
    let new = world.json(&quote, 0);
    assert_eq!((&old["devices"][0]["total"], &new["devices"][0]["total"]), (&"1.75".into(), &"1.5".into()));
    let stale =
        ["submit", &bell, "--on", "garnet", "--shots", "1000", "--quote", old["id"].as_str().unwrap()];
    assert_eq!(world.run(&stale).status.code(), Some(3), "prices moved since the quote");
    assert_eq!(world.json(&["prices", "show", "--at", "2026-10-01", "--json"], 0)["date"], "2026-09-04");
    let diff = world.json(&["prices", "diff", "--json"], 0);
    assert_eq!(diff["changed"].as_array().unwrap().len(), 1);
    assert_eq!(diff["changed"][0]["new"]["per_shot"], "0.0012");
    assert_eq!(world.json(&["prices", "show", "--at", "2020-01-01", "--json"], 4)["code"], "SB4903");
}

#[test]
fn a_poisoned_list_is_refused_whole() {
    let world = World::new();
    for (from, to) in [("0.0800000000", "-0.0800000000"), ("\"USD\"", "\"EUR\""), ("Garnet", "Granat")] {
        let file = offers(&world, "2026-11-20", from, to);
        let refresh = ["prices", "refresh", "--from", file.path().to_str().unwrap(), "--json"];
        assert_eq!(world.json(&refresh, 2)["code"], "SB2009", "{from}");
        assert_eq!(world.json(&["prices", "show", "--json"], 0)["date"], "2026-09-04");
    }
}

#[test]
fn quotes_are_bounded_and_sorted() {
    let world = World::new();
    let bell = circuit("bell.qasm");
    let quote = |more: &[&str], code| {
        let mut words = vec!["quote", &bell, "--shots", "1000", "--json"];
        words.extend(more);
        let rows = world.json(&words, code)["devices"].as_array().unwrap().clone();
        rows.iter().map(|d| d["device"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(quote(&["--within", "1.75", "--on", "garnet,emerald,cepheus"], 0), ["garnet", "cepheus"]);
    assert_eq!(quote(&["--sort", "total", "--on", "garnet,cepheus"], 0), ["cepheus", "garnet"]);
    assert_eq!(quote(&["--sort", "error", "--on", "cepheus,forte-1,sv1"], 0), ["sv1", "forte-1", "cepheus"]);
    quote(&["--on", "garnet", "--fail-over", "1.75"], 0);
    quote(&["--on", "garnet", "--fail-over", "1.74"], 3);
    quote(&["--on", "aquila", "--fail-over", "100"], 3);
}

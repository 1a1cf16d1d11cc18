//! Price lists by date, and the quotes made from them.

use super::world::{World, circuit};

#[test]
fn a_new_list_moves_quotes_and_the_old_one_is_kept() {
    let world = World::new();
    let bell = circuit("bell.qasm");
    let quote = ["quote", &bell, "--shots", "1000", "--on", "garnet", "--json"];
    let old = world.json(&quote, 0);
    let file = world.offers("2026-11-20", "0.0014500000", "0.0012000000");
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
        let file = world.offers("2026-11-20", from, to);
        let refresh = ["prices", "refresh", "--from", file.path().to_str().unwrap(), "--json"];
        assert_eq!(world.json(&refresh, 2)["code"], "SB2009", "{from}");
        assert_eq!(world.json(&["prices", "show", "--json"], 0)["date"], "2026-09-04");
    }
}

#[test]
fn every_list_is_kept_and_an_unlikely_one_is_refused() {
    let world = World::new();
    let garnet =
        || world.json(&["quote", &circuit("bell.qasm"), "--shots", "1000", "--on", "garnet", "--json"], 0);
    let total = |quote: &serde_json::Value| quote["devices"][0]["total"].as_str().unwrap().to_owned();
    let refresh = |date: &str, price: &str, more: &[&str], code| {
        let file = world.offers(date, "0.0014500000", price);
        let args = ["prices", "refresh", "--from", file.path().to_str().unwrap(), "--json"];
        world.json(&[&args[..], more].concat(), code)
    };
    refresh("2026-11-20", "0.0012000000", &[], 0);
    refresh("2026-11-20", "0.0013000000", &[], 0);
    refresh("2026-11-20", "0.0012000000", &[], 0);
    assert_eq!(world.json(&["prices", "show", "--json"], 0)["date"], "2026-11-20");
    let both = world.json(&["prices", "diff", "2026-11-20.1", "2026-11-20.2", "--json"], 0);
    assert_eq!(both["changed"].as_array().unwrap().len(), 1, "{both}");
    let diff = world.json(&["prices", "diff", "--json"], 0);
    assert_eq!((&diff["old"], &diff["new"]), (&"2026-11-20".into(), &"2026-11-20.2".into()));
    let changed = &diff["changed"][0];
    assert_eq!(
        (&changed["old"]["per_shot"], &changed["new"]["per_shot"]),
        (&"0.0012".into(), &"0.0013".into()),
        "a second list of a date stands beside the first"
    );
    let before = total(&garnet());
    for price in ["0.0145000000", "1450000000.0", "0.0001450000"] {
        let refused = refresh("2026-11-21", price, &[], 2);
        assert_eq!((&refused["code"], total(&garnet())), (&"SB2009".into(), before.clone()), "{price}");
    }
    assert_eq!(refresh("2099-01-01", "0.0012000000", &[], 2)["code"], "SB2009");
    refresh("2026-11-21", "0.0145000000", &["--trust"], 0);
    assert_ne!(total(&garnet()), before);
    world.json(&["prices", "withdraw", "2026-11-21", "--json"], 0);
    assert_eq!(total(&garnet()), before, "what was taken back prices nothing");
    assert_eq!(world.run(&["prices", "withdraw", "2026-09-04"]).status.code(), Some(2));
    let file = world.offers("2026-10-01", "0.0014500000", "0.0015000000");
    let older = world.run(&["prices", "refresh", "--from", file.path().to_str().unwrap()]);
    assert!(String::from_utf8_lossy(&older.stderr).contains("is not in use"));
}

#[test]
fn the_next_command_is_the_whole_submission() {
    let world = World::new();
    let file = world.folder.path().join("a turn.qasm");
    let text = "OPENQASM 3.0;\ninput float theta;\nqubit q;\nrx(theta) q;\n";
    std::fs::write(&file, text).unwrap();
    let quote = ["quote", file.to_str().unwrap(), "--input", "theta=0.5", "--shots", "100", "--on", "garnet"];
    let said = String::from_utf8(world.run(&quote).stderr).unwrap();
    let next = said.lines().find_map(|l| l.strip_prefix("next: shotbook ")).unwrap();
    assert!(next.contains("a turn.qasm' --input theta=0.5 --shots 100"), "{next}");
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
    let simulator = ["--on", "sv1", "--within", "5"];
    assert!(quote(&simulator, 0).is_empty(), "13.50 at worst does not fit into 5");
    quote(&["--on", "sv1", "--fail-over", "13.49"], 3);
    quote(&["--on", "sv1", "--fail-over", "13.5"], 0);
}

#[test]
fn shots_above_the_most_are_the_fewest_tasks_and_their_counts_add_up() {
    let world = World::new();
    let bell = circuit("bell.qasm");
    let quote = world.json(&["quote", &bell, "--shots", "50000", "--on", "garnet", "--json"], 0);
    let row = &quote["devices"][0];
    assert_eq!((&row["tasks"], &row["total"], &row["fits"]), (&3.into(), &"73.4".into(), &true.into()));
    let id = quote["id"].as_str().unwrap();
    let submit = ["submit", &bell, "--shots", "50000", "--on", "garnet", "--yes", "--key", "big", "--json"];
    let stale = [&submit[..], &["--quote", "q_000000000000"]].concat();
    assert_eq!(world.run(&stale).status.code(), Some(3));
    assert_eq!(world.run(&[&submit[..], &["--max-cost", "73.39"]].concat()).status.code(), Some(3));
    let sent = world.json(&[&submit[..], &["--quote", id, "--max-cost", "73.40"]].concat(), 0);
    assert_eq!((world.creates(), &sent["settled"]), (3, &"73.4".into()));
    let result = world.json(&["result", "big", "--json"], 0);
    assert_eq!((&result["shots"], &result["cost"]["total"]), (&50_000.into(), &"73.4".into()));
    let counts = result["counts"].as_object().unwrap();
    assert_eq!(counts.values().map(|n| n.as_u64().unwrap()).sum::<u64>(), 50_000);
    world.assert_books();
}

#[test]
fn a_live_quote_knows_states_queues_and_windows() {
    let world = World::new();
    let bell = circuit("bell.qasm");
    let quote = world.json(&["quote", &bell, "--shots", "1000", "--sort", "queue", "--json"], 0);
    let rows = quote["devices"].as_array().unwrap();
    let of = |name: &str| rows.iter().find(|r| r["device"] == name).unwrap();
    assert_eq!((&of("garnet")["live"]["status"], &of("garnet")["fits"]), (&"ONLINE".into(), &true.into()));
    assert_eq!(
        (&of("ibex-q1")["live"]["status"], &of("ibex-q1")["fits"]),
        (&"OFFLINE".into(), &false.into())
    );
    assert!(of("garnet")["live"]["queue"].is_string() && rows.last().unwrap()["fits"] == false, "{rows:?}");
    assert_eq!(world.creates(), 0);
}

#[test]
fn a_reservation_makes_tasks_free_and_its_hours_come_from_the_users_table() {
    let world = World::new();
    let bell = circuit("bell.qasm");
    let arn = "arn:aws:braket:eu-north-1:123456789012:reservation/5a0f0f9c-0d3b-4f0e-9c55-1f0a7be1a2c3";
    let quote = ["quote", &bell, "--shots", "1000", "--on", "garnet", "--reservation", arn, "--json"];
    let first = world.json(&quote, 0);
    let plain = world.json(&["quote", &bell, "--shots", "1000", "--on", "garnet", "--json"], 0);
    assert_ne!(first["id"], plain["id"]);
    std::fs::create_dir_all(world.home()).unwrap();
    let table = world.home().join("prices.toml");
    std::fs::write(&table, "currency = \"USD\"\n[[reservation]]\ndevice = \"garnet\"\nper_hour = \"3000\"\n")
        .unwrap();
    let row = world.json(&quote, 0)["devices"][0].clone();
    assert_eq!(
        (&row["total"], &row["notes"][0]),
        (&"0".into(), &"the reservation is $3000.00 an hour by your table".into())
    );
    let submit =
        ["submit", &bell, "--shots", "1000", "--on", "garnet", "--reservation", arn, "--yes", "--json"];
    let job = world.json(&[&submit[..], &["--quote", first["id"].as_str().unwrap()]].concat(), 0);
    assert_eq!(job["settled"], "0");
    world.assert_books();
    std::fs::write(&table, "currency = \"EUR\"\n").unwrap();
    assert_eq!(world.json(&quote, 2)["code"], "SB2009");
    for wrong in [&["--on", "garnet,emerald"][..], &["--on", "cepheus"], &["--on", "sv1"]] {
        let args = [&["quote", &bell, "--shots", "1000", "--reservation", arn], wrong].concat();
        assert_eq!(world.run(&args).status.code(), Some(2), "{wrong:?}");
    }
}

#[test]
fn a_change_of_named_sweeps_is_priced_and_bounded() {
    let world = World::new();
    let folder = world.folder.path();
    let text = "OPENQASM 3.0;\ninput float theta;\nqubit[1] q;\nrx(theta) q[0];\nbit[1] b = measure q;\n";
    std::fs::write(folder.join("rabi.qasm"), text).unwrap();
    let file = |name: &str, more: &str| {
        let path = folder.join(name);
        let text = format!(
            "device = \"cepheus\"\nproject = \"chem\"\n[sweep.nightly]\nfile = \"rabi.qasm\"\nparam = \"theta=0:6.28:500\"\nshots = 100\n{more}"
        );
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (base, head) = (file("base.toml", "pack = false\n"), file("shotbook.toml", ""));
    let compare = ["quote", "--compare", &base, &head];
    let said = String::from_utf8(world.run(&compare).stdout).unwrap();
    assert!(said.starts_with("this change moves the nightly sweep from $171.25 (500 circuits → 500 tasks on cepheus) to $22.75 (500 circuits → 5 program sets on cepheus)"), "{said}");
    let json = world.json(&[&compare[..], &["--json", "--fail-over", "22.75"]].concat(), 0);
    assert_eq!(
        (&json["base"], &json["head"], &json["change"]),
        (&"171.25".into(), &"22.75".into(), &"-148.5".into())
    );
    assert_eq!(world.run(&[&compare[..], &["--fail-over", "22.74"]].concat()).status.code(), Some(3));
    let mut named = world.command(&["sweep", "nightly", "--shots", "10", "--dry-run", "--json"]);
    let planned = named.current_dir(folder).output().unwrap();
    let planned: serde_json::Value = serde_json::from_slice(&planned.stdout).unwrap();
    assert_eq!(
        (&planned["points"], &planned["total"]),
        (&500.into(), &"3.625".into()),
        "flags before the file"
    );
    let typo = file("typo.toml", "shot = 3\n");
    assert_eq!(world.run(&["quote", "--compare", &base, &typo]).status.code(), Some(2));
}

#[test]
fn prices_are_fetched_where_the_sdk_fetches_them() {
    let world = World::new();
    let fetched = world.json(&["prices", "refresh", "--json"], 0);
    assert_eq!((&fetched["schema"], &fetched["currency"]), (&"shotbook.prices/1".into(), &"USD".into()));
    let rows = fetched["prices"].as_array().unwrap();
    assert_eq!(rows.iter().find(|r| r["device"] == "garnet").unwrap()["per_shot"], "0.00145");
    let mut nowhere = world.command(&["prices", "refresh", "--json"]);
    nowhere.env("BRAKET_PRICE_OFFERS_URL", "http://127.0.0.1:9/none");
    let lost = nowhere.output().unwrap();
    assert_eq!(lost.status.code(), Some(7), "{}", String::from_utf8_lossy(&lost.stdout));
    let kept = world.json(&["prices", "show", "--json"], 0);
    assert_eq!(kept["date"], fetched["date"], "the older list stays");
}

//! Trainings as users see them: here for nothing, and by paid tasks under a cap.

use serde_json::Value;

use super::world::World;

const ENERGY: &str = "0.4*ZI + 0.4*IZ + 0.2*XX";

fn paid<'a>(cap: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let mut args = vec!["train", "--ansatz", "real-amplitudes:1", "--hamiltonian", ENERGY, "--on", "garnet"];
    args.extend([
        "--shots",
        "200",
        "--iterations",
        "6",
        "--stop",
        "last",
        "--yes",
        "--json",
        "--max-cost",
        cap,
    ]);
    args.extend(more);
    args
}

fn id(training: &Value) -> String {
    training["training_id"].as_str().unwrap().to_owned()
}

#[test]
fn hydrogen_is_trained_here_to_chemical_accuracy() {
    let world = World::new();
    let data = format!("{}/data/h2_sto3g_2q.json", env!("CARGO_MANIFEST_DIR"));
    let args = ["train", "--ansatz", "real-amplitudes:2", "--hamiltonian", &data, "--at", "0.735", "--json"];
    let trained = world.json(&args, 0);
    let (value, ideal) = (trained["value"].as_f64().unwrap(), trained["ideal"].as_f64().unwrap());
    assert!(value - ideal < 1.6e-3 && value >= ideal - 1e-9, "{trained}");
    assert_eq!((&trained["used"]["cost"], world.creates()), (&"0".into(), 0));
    assert!(trained["notes"][0].as_str().unwrap().contains("no quantum advantage"), "{trained}");
    assert_eq!(trained["parameters"].as_object().unwrap().len(), 6);
}

#[test]
fn coupled_clusters_find_the_correlation_of_every_shipped_molecule() {
    let world = World::new();
    for (file, at) in [("lih_sto3g_4q", "1.546"), ("hehp_sto3g_2q", "0.9"), ("h2_sto3g_2q", "0.735")] {
        let data = format!("{}/data/{file}.json", env!("CARGO_MANIFEST_DIR"));
        let args = ["train", "--ansatz", "coupled-cluster", "--hamiltonian", &data, "--at", at, "--json"];
        let trained = world.json(&args, 0);
        let away = trained["value"].as_f64().unwrap() - trained["ideal"].as_f64().unwrap();
        assert!(away < 1.6e-3, "{file}: {away} {trained}");
    }
}

#[test]
fn a_circuit_that_cannot_go_lower_says_so() {
    let world = World::new();
    // No gate joins its qubits: a product of states is the best that it can be.
    let circuit = world.folder.path().join("product.qasm");
    std::fs::write(
        &circuit,
        "OPENQASM 3.0;\ninput float a;\ninput float b;\nqubit[2] q;\nry(a) q[0];\nry(b) q[1];\n",
    )
    .unwrap();
    let args = ["train", circuit.to_str().unwrap(), "--hamiltonian", "1*ZZ + 0.5*XX", "--json"];
    let args = [&args[..], &["--optimizer", "lbfgs"]].concat();
    let notes = world.json(&args, 0)["notes"].to_string();
    assert!(notes.contains("no correlation") && notes.contains("go no lower"), "{notes}");
}

#[test]
fn an_accuracy_says_what_it_stands_on_and_beside_the_twin_without_entangling_gates() {
    let world = World::new();
    let file = world.folder.path().join("shuffled.csv");
    // Classes that nothing tells: those of every other pair.
    let rows: String = (0..60)
        .map(|i| {
            let t = f64::from(i);
            format!("{},{},{}\n", (t * 0.7).sin(), (t * 1.3).cos(), ["a", "b"][(i * 7919 % 13 % 2) as usize])
        })
        .collect();
    std::fs::write(&file, format!("x0,x1,kind\n{rows}")).unwrap();
    let args =
        ["train", "--data", file.to_str().unwrap(), "--ansatz", "dressed", "--iterations", "40", "--json"];
    let trained = world.json(&args, 0);
    let judged = &trained["judged"];
    assert_eq!((&judged["points"], &judged["learned"]), (&12.into(), &false.into()), "{trained}");
    let accuracy = trained["accuracy"].as_f64().unwrap();
    assert!(judged["low"].as_f64().unwrap() < accuracy && accuracy < judged["high"].as_f64().unwrap());
    let report = world.run(&["report", "last"]);
    let report = String::from_utf8(report.stdout).unwrap();
    for words in ["without entangling gates", "most common class alone", "not shown to be better"] {
        assert!(report.contains(words), "{words}: {report}");
    }
}

#[test]
fn noisy_steps_leave_a_good_start_only_for_better_points() {
    let world = World::new();
    let graph = world.folder.path().join("g.json");
    std::fs::write(&graph, r#"{"n":5,"edges":[[0,1,1.0],[1,2,-2.5],[2,3,3],[3,4],[4,0,0.1]]}"#).unwrap();
    for seed in ["1", "2", "3", "4", "5"] {
        let args =
            ["train", "--ansatz", "qaoa:3", "--maxcut", graph.to_str().unwrap(), "--seed", seed, "--json"];
        let more = ["--from", "fixed-angles", "--optimizer", "spsa", "--shots", "1000"];
        let trained = world.json(&[&args[..], &more, &["--iterations", "200"]].concat(), 0);
        let (value, start) = (trained["value"].as_f64().unwrap(), trained["start_value"].as_f64().unwrap());
        // A tenth is about what 20 rows of 1,000 shots tell apart.
        assert!(value > start - 0.1, "seed {seed}: {trained}");
    }
}

#[test]
fn a_paid_training_is_one_task_a_step_and_its_cost_is_the_meters() {
    for optimizer in ["spsa", "adam"] {
        let world = World::new();
        let trained = world.json(&paid("60", &["--optimizer", optimizer]), 0);
        assert_eq!(trained["used"]["cost"], world.server.meter().cost(), "{trained}");
        assert_eq!(trained["used"]["tasks"], world.creates(), "{trained}");
        assert_eq!(trained["steps"], world.creates(), "one program set carries a step: {trained}");
        world.assert_books();
    }
}

#[test]
fn a_cap_stops_before_it_is_passed_and_a_higher_one_goes_on_without_paying_twice() {
    let world = World::new();
    let stopped = world.json(&paid("12", &[]), 3);
    assert_eq!(stopped["capped"], true, "{stopped}");
    let spent: f64 = stopped["used"]["cost"].as_str().unwrap().parse().unwrap();
    assert!(spent > 6.0 && spent <= 12.0, "{stopped}");
    let creates = world.creates();
    let args = ["train", "--resume", &id(&stopped), "--max-cost", "60", "--yes", "--json"];
    let ended = world.json(&args, 0);
    assert_eq!((&ended["iterations"], &ended["steps"]), (&6.into(), &world.creates().into()), "{ended}");
    assert!(world.creates() > creates);
    assert_eq!(ended["used"]["cost"], world.server.meter().cost());
    world.assert_books();
}

#[test]
fn energy_is_a_cap_too() {
    let world = World::new();
    // A shot of 15 J can be 58 J: the 20 circuits of the first step can take 0.064 kWh, a later one 0.013.
    let stopped = world.json(&paid("60", &["--max-energy", "0.08"]), 3);
    assert_eq!((&stopped["capped"], &stopped["steps"]), (&true.into(), &world.creates().into()), "{stopped}");
    let shots = stopped["used"]["shots"].as_u64().unwrap();
    assert!((4000..5013).contains(&shots), "{stopped}");
    world.assert_books();
    let none = world.json(&paid("60", &["--max-energy", "0"]), 2);
    assert_eq!(none["code"], "SB2001");
}

#[test]
fn a_paid_training_goes_on_only_under_a_cap_of_its_own() {
    let world = World::new();
    let stopped = world.json(&paid("12", &[]), 3);
    let creates = world.creates();
    let refused = world.json(&["train", "--resume", &id(&stopped), "--yes", "--json"], 2);
    assert!(refused["message"].as_str().unwrap().contains("cap"), "{refused}");
    assert_eq!(world.creates(), creates, "nothing is bought without a cap");
}

#[test]
fn what_is_only_looked_at_leaves_nothing_behind() {
    let world = World::new();
    let here = ["train", "--ansatz", "real-amplitudes:1", "--hamiltonian", ENERGY, "--dry-run"];
    assert!(world.run(&here).status.success());
    assert!(world.run(&[&here[..], &["--on", "garnet", "--shots", "10"]].concat()).status.success());
    // A circuit that no machine can hold, and one of more vertices than a number has bits.
    let ring: String = (0..100).map(|i| format!("{i} {}\n", (i + 1) % 100)).collect();
    let graph = world.folder.path().join("ring.txt");
    std::fs::write(&graph, ring).unwrap();
    let big = ["train", "--ansatz", "qaoa:1", "--maxcut", graph.to_str().unwrap(), "--json"];
    assert_eq!(world.json(&big, 5)["code"], "SB5100");
    let plan = world.json(&[&big[..], &["--plan"]].concat(), 0);
    assert!(plan["classical"][0]["value"].as_f64().unwrap() >= 50.0, "{plan}");
    assert_eq!(
        (&world.json(&["models", "--json"], 0)["trainings"], world.creates()),
        (&Value::Array(vec![]), 0)
    );
}

#[test]
fn a_sweep_of_sines_keeps_the_point_that_it_solved() {
    let world = World::new();
    let args =
        ["train", "--ansatz", "real-amplitudes:2", "--hamiltonian", "Z0 + Z1", "--optimizer", "rotosolve"];
    let trained = world.json(&[&args[..], &["--json"]].concat(), 0);
    let (value, measured) = (trained["value"].as_f64().unwrap(), trained["measured"].as_f64().unwrap());
    assert!((value - measured).abs() < 1e-9, "the loss is that of the parameters: {trained}");
    assert!(value + 2.0 < 1e-3, "{trained}");
}

#[test]
fn a_budget_is_a_cap_too() {
    let world = World::new();
    world.json(&["budget", "add", "study", "--limit", "10.00", "--json"], 0);
    let mut args = paid("60", &["--budget", "study"]);
    let at = args.iter().position(|a| *a == "--max-cost").unwrap();
    args.drain(at..at + 2);
    let stopped = world.json(&args, 3);
    assert_eq!(stopped["capped"], true, "{stopped}");
    let spent: f64 = stopped["used"]["cost"].as_str().unwrap().parse().unwrap();
    assert!(spent > 0.0 && spent <= 10.0, "{stopped}");
    world.assert_books();
}

#[test]
fn a_step_cut_anywhere_is_not_bought_again() {
    let whole = World::new();
    let whole = whole.json(&paid("60", &[]), 0);
    for place in [
        "accept.before:3",
        "accept.after:3",
        "created.after:3",
        "settle.after:3",
        "told.before:3",
        "told.after:3",
    ] {
        let world = World::new();
        let cut =
            world.command(&paid("60", &[])).env("SHOTBOOK_FAILPOINT", format!("{place}:abort")).output();
        assert!(!cut.unwrap().status.success(), "{place} was never reached");
        let args = ["train", "--resume", "last", "--max-cost", "60", "--yes", "--json"];
        let ended = world.json(&args, 0);
        assert_eq!(ended["steps"], world.creates(), "{place}: {ended}");
        assert_eq!(
            (&ended["iterations"], &ended["used"]["cost"]),
            (&6.into(), &whole["used"]["cost"]),
            "{place}"
        );
        assert_eq!(ended["used"]["cost"], world.server.meter().cost(), "{place}");
        world.assert_books();
    }
}

#[test]
fn parameters_that_mean_nothing_there_are_refused() {
    let world = World::new();
    let first =
        world.json(&["train", "--ansatz", "real-amplitudes:1", "--hamiltonian", "ZZ + XI", "--json"], 0);
    let again = [
        "train",
        "--ansatz",
        "real-amplitudes:1",
        "--hamiltonian",
        "ZZ + 0.9*XI",
        "--from",
        &id(&first),
        "--json",
    ];
    let warm = world.json(&again, 0);
    assert!(warm["iterations"].as_u64() <= first["iterations"].as_u64(), "{warm}");
    let other = [
        "train",
        "--ansatz",
        "real-amplitudes:2",
        "--hamiltonian",
        "ZZ + XI",
        "--from",
        &id(&first),
        "--json",
    ];
    assert_eq!(world.json(&other, 2)["code"], "SB2011");
    for (args, words) in [
        (&["train", "--ansatz", "real-amplitudes:1", "--json"][..], "objective"),
        (&["train", "--ansatz", "zoo", "--hamiltonian", "ZZ", "--json"][..], "zoo"),
        (&["train", "--ansatz", "real-amplitudes:1", "--hamiltonian", "QQ", "--json"][..], "observable"),
        (
            &[
                "train",
                "--ansatz",
                "real-amplitudes:1",
                "--hamiltonian",
                "ZZ",
                "--on",
                "garnet",
                "--shots",
                "10",
                "--json",
            ][..],
            "cap",
        ),
        (
            &[
                "train",
                "--ansatz",
                "real-amplitudes:1",
                "--hamiltonian",
                "ZZ",
                "--optimizer",
                "magic",
                "--json",
            ][..],
            "adam, sgd",
        ),
        (&["train", "--resume", "t_none", "--json"][..], "t_none"),
    ] {
        let refused = world.json(args, 2);
        assert!(refused["message"].as_str().unwrap().contains(words), "{args:?}: {refused}");
    }
}

#[test]
fn a_plan_prices_every_device_by_the_published_arithmetic() {
    let world = World::new();
    let data = format!("{}/data/lih_sto3g_4q.json", env!("CARGO_MANIFEST_DIR"));
    let args = ["train", "--plan", "--ansatz", "real-amplitudes:4", "--hamiltonian", &data, "--at", "1.546"];
    let more = [
        "--optimizer",
        "spsa",
        "--iterations",
        "500",
        "--shots",
        "100",
        "--program-set-limit",
        "100",
        "--json",
    ];
    let plan = world.json(&[&args[..], &more[..]].concat(), 0);
    assert_eq!((&plan["circuits_per_iteration"], world.creates()), (&50.into(), 0), "{plan}");
    let on = |name: &str| plan["devices"].as_array().unwrap().iter().find(|d| d["device"] == name).unwrap();
    let total_of =
        |bill: &serde_json::Value| bill["total"].as_str().unwrap().parse::<shotbook::money::Money>().unwrap();
    // 25,000 circuits of 100 shots in 500 sets: 150 of fees, and shots. Before them 250 set the gain.
    for (device, total) in
        [("cepheus", "1212.5"), ("garnet", "3775"), ("emerald", "4150"), ("forte-1", "200150")]
    {
        let (high, before) = (&on(device)["high"], &on(device)["before"]);
        assert_eq!((&high["tasks"], &before["tasks"]), (&503.into(), &3.into()), "{device}");
        let iterations = total_of(high).minus(total_of(before)).unwrap();
        assert_eq!(iterations.to_string(), total, "{device}");
    }
    assert_eq!(plan["proposal"]["total"], "150");
    let runs = plan["rehearsal"]["runs"].as_array().unwrap();
    let exact = plan["classical"][0]["value"].as_f64().unwrap();
    // Simulators bill time: 25,000 tasks of 3 s at least, at 0.075 a minute.
    assert_eq!(
        plan["devices"].as_array().unwrap().iter().find(|d| d["device"] == "sv1").unwrap()["at_least"],
        "93.75"
    );
    assert_eq!(plan["rehearsal"]["noise_from"], "garnet", "the cheapest whose noise is known");
    assert!(
        plan["classical"]
            .as_array()
            .unwrap()
            .iter()
            .all(|c| c["cost"] == "0" && c["energy"]["mid"].is_number())
    );
    assert!(runs.iter().all(|r| r["value"].as_f64().unwrap() > exact), "{plan}");
}

#[test]
fn a_rehearsal_that_failed_makes_no_run_cheap() {
    let world = World::new();
    let file = world.folder.path().join("shuffled.csv");
    let rows: String = (0..40)
        .map(|i| format!("{},{}\n", (f64::from(i) * 0.7).sin(), ["a", "b"][(i * 7919 % 13 % 2) as usize]))
        .collect();
    std::fs::write(&file, format!("x0,kind\n{rows}")).unwrap();
    let args = ["train", "--plan", "--data", file.to_str().unwrap(), "--ansatz", "dressed:1", "--json"];
    let plan = world.json(&[&args[..], &["--shots", "50", "--iterations", "60"]].concat(), 0);
    let runs = plan["rehearsal"]["runs"].as_array().unwrap();
    assert!(runs.iter().all(|r| r["worked"] == false), "{plan}");
    let garnet = plan["devices"].as_array().unwrap().iter().find(|d| d["device"] == "garnet").unwrap();
    assert_eq!(garnet["low"], garnet["high"], "{plan}");
}

#[test]
fn what_was_trained_is_kept_reported_and_used() {
    let world = World::new();
    let graph = world.folder.path().join("g.txt");
    std::fs::write(&graph, "0 1\n1 2\n2 3\n3 0\n0 2\n").unwrap();
    let args = ["train", "--ansatz", "qaoa:1", "--maxcut", graph.to_str().unwrap(), "--json"];
    let cold = world.json(&[&args[..], &["--name", "small"]].concat(), 0);
    let warm =
        world.json(&[&args[..], &["--from", "small", "--control", "10", "--name", "warm"]].concat(), 0);
    assert_eq!((warm["controls"].as_array().unwrap().len(), &warm["from"]), (10, &cold["training_id"]));
    // Exact values from one start are one number: the repeats agree with the training itself.
    assert_eq!(warm["controls"][9]["warm_iterations"], warm["iterations"], "{warm}");
    let listed = world.json(&["models", "--json"], 0);
    assert_eq!(listed["trainings"][0]["training_id"], warm["training_id"]);
    let export = world.json(&["models", "export", "small", "--json"], 0);
    assert_eq!(export, cold["parameters"]);
    let page = world.folder.path().join("run.html");
    assert!(
        world.run(&["report", "warm", "-o", page.to_str().unwrap(), "--place", "Finland"]).status.success()
    );
    let html = std::fs::read_to_string(page).unwrap();
    for words in [
        "<svg",
        "No advantage shown",
        "Finland, 2023",
        "trying all",
        "10 seeds",
        "USD on",
        "kWh on",
        "g CO2e",
        "prefers-color-scheme",
    ] {
        assert!(html.contains(words), "{words}");
    }
    let report = world.json(&["report", "small", "--json"], 0);
    assert_eq!(report["schema"], "shotbook.report/1");
    assert_eq!(world.json(&["report", "small", "--place", "Atlantis", "--json"], 2)["code"], "SB2001");
    let energy = world.json(&["energy", "crossover", &super::world::circuit("qft_4.qasm"), "--json"], 0);
    let at = energy["simulators"][0]["crossover_qubits"]["mid"].as_f64().unwrap();
    // 1,000 shots of 7.5 J against 22 gates of 20 nJ an amplitude.
    assert!((at - (7500.0f64 / (22.0 * 20e-9)).log2()).abs() < 0.01, "{energy}");
}

#[test]
fn one_training_is_specialised_for_devices_and_its_models_are_gone_on_with() {
    let world = World::new();
    let page = world.folder.path().join("special.html");
    let given = [
        "specialize",
        "--hamiltonian",
        "-1*ZZ - 0.5*XI - 0.5*IX",
        "--for",
        "local,garnet",
        "--layers",
        "2",
        "--steps",
        "60",
        "--seeds",
        "2",
        "--generations",
        "2",
        "--iterations",
        "200",
        "--json",
    ];
    let found = world.json(&[&given[..], &["-o", page.to_str().unwrap(), "--place", "Finland"]].concat(), 0);
    assert_eq!(found["schema"], "shotbook.specialization/1");
    let garnet = &found["targets"][1];
    assert_eq!((garnet["device"].as_str(), garnet["qubits"].as_array().unwrap().len()), (Some("garnet"), 2));
    assert!(garnet["verdict"].as_str().unwrap().contains("fewer than ten seeds"), "{garnet}");
    let (loss, noisy) = (&garnet["tuned"][0]["loss"], &garnet["tuned"][0]["noisy_loss"]);
    assert!(noisy.as_f64() > loss.as_f64() && loss.as_f64().unwrap() < -1.3, "{garnet}");
    let html = std::fs::read_to_string(page).unwrap();
    assert!(html.matches("<svg").count() == 4 && html.contains("Finland"), "circuits, USD, kWh, CO2e");
    // What was kept is a model like any other.
    let id = garnet["model"].as_str().unwrap();
    let shown = world.json(&["models", "show", id, "--json"], 0);
    assert_eq!(shown["name"], "energy-garnet");
    let again = world.json(&["train", "--resume", id, "--json"], 0);
    assert_eq!(again["training_id"], id);
    for wrong in
        [["--qubits", "3"], ["--seeds", "0"], ["--layers", "99"], ["--per-dollar", "-1"], ["--for", "aquila"]]
    {
        assert_eq!(world.json(&[&given[..], &wrong].concat(), 2)["code"], "SB2001", "{wrong:?}");
    }
}

#[test]
fn a_wrong_table_of_points_is_refused_with_its_place_and_what_to_write() {
    let world = World::new();
    let file = world.folder.path().join("points.csv");
    let path = file.to_str().unwrap();
    let good = "x0,x1,kind\n0.1,2,a\n-1,0.5,b\n0.3,1,a\n1,1e-3,b\n2,0,a\n";
    for (from, to, place, what) in [
        ("-1,0.5,b", "-1,oops,b", ":3: column x1", "\"oops\" is no number"),
        // Lines are those of the file, blank ones counted.
        ("-1,0.5,b", "\n\n-1,nan,b", ":5: column x1", "\"nan\" is no number"),
        ("-1,0.5,b", "-1,0.5,", ":3: column kind", "no class"),
        ("-1,0.5,b", "-1,b", ":3: 2 cells", "the header has 3"),
        ("x0,x1,kind\n", "", ":1: 0.1", "name of a column"),
        ("-1,0.5,b", "-1,1e200,b", ": the data cannot be used", "column x1 are too large"),
        ("\n-1,0.5,b\n0.3,1,a\n1,1e-3,b", "", ": the data cannot be used", "4 points"),
    ] {
        assert!(good.contains(from));
        std::fs::write(&file, good.replacen(from, to, 1)).unwrap();
        for verb in [
            &["train", "--data", path, "--ansatz", "dressed", "--json"][..],
            &["specialize", "--for", "garnet", "--data", path, "--qubits", "2", "--json"],
        ] {
            let refused = world.json(verb, 2);
            let message = refused["message"].as_str().unwrap();
            assert!(message.contains(&format!("points.csv{place}")) && message.contains(what), "{refused}");
            assert!(!refused["help"].as_str().unwrap_or_default().is_empty(), "{refused}");
        }
    }
    std::fs::write(&file, good).unwrap();
    let verb = ["train", "--data", path, "--label", "sort", "--ansatz", "dressed", "--json"];
    assert!(
        world.json(&verb, 2)["message"].as_str().unwrap().contains("no column sort; there are x0, x1, kind")
    );
}

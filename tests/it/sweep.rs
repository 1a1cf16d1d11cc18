//! One circuit at many points: the fewest tasks, once, and a row for every point.

use std::fs;

use serde_json::Value;
use shotbook_mocks::Config;

use super::world::World;

const RABI: &str =
    "OPENQASM 3.0;\ninput float theta;\nbit[1] b;\nqubit[1] q;\nrx(theta) q[0];\nb[0] = measure q[0];\n";

fn rabi(world: &World) -> String {
    let path = world.folder.path().join("rabi.qasm");
    fs::write(&path, RABI).unwrap();
    path.to_str().unwrap().to_owned()
}

/// How often 1 was read at a point.
fn ones(point: &Value) -> u64 {
    point["counts"].get("1").and_then(Value::as_u64).unwrap_or(0)
}

#[test]
fn five_hundred_points_on_cepheus_are_five_sets_and_each_has_its_counts() {
    for split_results in [false, true] {
        let world = World::with(Config { split_results, ..Config::default() });
        let file = rabi(&world);
        // Whole turns at even points, half turns at odd ones: the counts tell the points apart.
        let pi = std::f64::consts::PI;
        let mut rows = "theta\n".to_owned();
        (0..500).for_each(|i| rows.push_str(&format!("{}\n", f64::from(i % 2) * pi)));
        let table = world.folder.path().join("points.csv");
        fs::write(&table, rows).unwrap();
        let sweep =
            ["sweep", &file, "--points", table.to_str().unwrap(), "--shots", "100", "--on", "cepheus"];
        let dry = world.json(&[&sweep[..], &["--dry-run", "--json"]].concat(), 0);
        assert_eq!((&dry["total"], &dry["total_as_tasks"]), (&"22.75".into(), &"171.25".into()));
        assert_eq!(world.creates(), 0, "a dry run sends nothing");
        let paid = [&sweep[..], &["--yes", "--key", "night", "--json"]].concat();
        let first = world.json(&paid, 0);
        assert_eq!((world.creates(), &first["settled"]), (5, &"22.75".into()));
        let again = world.json(&paid, 0);
        assert_eq!((world.creates(), &again["jobs"]), (5, &first["jobs"]), "the same key buys nothing");
        world.assert_books();
        let points =
            world.json(&["sweep", "export", "night", "--json"], 0)["points"].as_array().unwrap().clone();
        assert_eq!(points.len(), 500);
        let mut nanos = 0;
        for (i, point) in points.iter().enumerate() {
            assert_eq!(point["point"], i);
            let (even, n) = (i % 2 == 0, ones(point));
            assert!(if even { n < 30 } else { n > 70 }, "point {i} read 1 {n} times of 100");
            nanos += point["price"].as_str().unwrap().parse::<shotbook::money::Money>().unwrap().nanos();
        }
        assert_eq!(nanos, 22_750_000_000, "prices of points add up to what was settled");
    }
}

#[test]
fn a_device_without_sets_gets_tasks_and_the_built_in_one_is_free() {
    let world = World::new();
    let file = rabi(&world);
    let sweep = ["sweep", &file, "--param", "theta=0:3.1:4", "--shots", "100"];
    let tasks = world.json(&[&sweep[..], &["--on", "sv1", "--yes", "--json"]].concat(), 0);
    assert_eq!((tasks["jobs"].as_array().unwrap().len(), world.creates()), (4, 4));
    let local = world.json(&[&sweep[..], &["--on", "local", "--json"]].concat(), 0);
    assert_eq!((&local["states"]["COMPLETED"], &local["settled"]), (&4.into(), &"0".into()));
    let table = world.folder.path().join("out.csv");
    let path = table.to_str().unwrap();
    assert!(world.run(&["sweep", "export", "last", "-o", path]).status.success());
    let text = fs::read_to_string(&table).unwrap();
    assert!(text.starts_with("point,theta,state,shots,bit_order,counts"), "{text}");
    assert_eq!(text.lines().count(), 5);
    let shown = world.json(&["sweep", "show", "last", "--json"], 0);
    assert_eq!((&shown["points"], &shown["states"]["COMPLETED"]), (&4.into(), &4.into()));
    assert_eq!(world.json(&["sweep", "list", "--json"], 0)["collections"].as_array().unwrap().len(), 2);
}

#[test]
fn the_shots_of_an_error_follow_from_the_state() {
    let world = World::new();
    let file = rabi(&world);
    // At a quarter turn Z has variance 1: 900 shots for a thirtieth, 1.605 USD on Garnet.
    let quarter = format!("theta={}", std::f64::consts::FRAC_PI_2);
    let base = ["shots", &file, "--input", &quarter, "--error", "0.03333333333333333", "--json"];
    let z = world.json(&[&base[..], &["--observable", "Z", "--on", "garnet,cepheus"]].concat(), 0);
    assert_eq!((&z["schema"], &z["shots"]), (&"shotbook.shots/1".into(), &900.into()));
    assert_eq!((&z["devices"][0]["fits"], &z["devices"][0]["total"]), (&true.into(), &"1.605".into()));
    // X of this state is 0 too: two groups, which share a program set on Cepheus.
    let both = world.json(&[&base[..], &["--observable", "0.5*Z0 + 0.5*X0", "--on", "cepheus"]].concat(), 0);
    assert_eq!((&both["shots"], &both["devices"][0]["tasks"]), (&900.into(), &1.into()));
    for bad in [["--observable", "Q"], ["--observable", "ZZ"], ["--error", "0"]] {
        let mut args = vec!["shots", &file, "--input", &quarter, "--json", bad[0], bad[1]];
        args.extend(if bad[0] == "--error" { ["--observable", "Z"] } else { ["--error", "0.1"] });
        world.json(&args, 2);
    }
}

#[test]
fn uneven_shots_are_grouped_and_bad_sweeps_send_nothing() {
    let world = World::new();
    let file = rabi(&world);
    let table = world.folder.path().join("points.csv");
    fs::write(&table, "theta,shots\n0,100\n1,200\n2,100\n3,200\n").unwrap();
    let path = table.to_str().unwrap();
    let args = ["sweep", &file, "--points", path, "--on", "garnet", "--yes", "--json"];
    let done = world.json(&args, 0);
    assert_eq!((world.creates(), &done["settled"]), (2, &"1.47".into()), "2 fees and 600 shots");
    let points = world.json(&["sweep", "export", "last", "--json"], 0);
    let shots: Vec<u64> =
        points["points"].as_array().unwrap().iter().map(|p| p["shots"].as_u64().unwrap()).collect();
    assert_eq!(shots, [100, 200, 100, 200]);
    for bad in ["phi=0:1:3", "theta=0:1:0", "theta=0:1", "theta=0:nan:3"] {
        world.json(
            &["sweep", &file, "--param", bad, "--on", "garnet", "--shots", "100", "--yes", "--json"],
            2,
        );
    }
    let dear = ["sweep", &file, "--points", path, "--on", "garnet", "--yes", "--json", "--max-cost", "1"];
    assert_eq!(world.json(&dear, 3)["code"], "SB3002");
    assert_eq!(world.creates(), 2);
}

#[test]
fn only_the_failed_tasks_of_a_sweep_are_made_again() {
    let world = World::new();
    world.fault(shotbook_mocks::faults::Kind::FailTask, "CreateQuantumTask", 1, 1);
    let file = rabi(&world);
    let sweep = ["sweep", &file, "--param", "theta=0:1:150", "--shots", "100", "--on", "cepheus", "--yes"];
    let first = [&sweep[..], &["--key", "k", "--max-fails", "9", "--json"]].concat();
    let before = world.json(&first, 6);
    assert_eq!((&before["states"]["FAILED"], world.creates()), (&1.into(), 2), "{before}");
    let again = [&first[..], &["--retry", "failed"]].concat();
    let dry = world.json(&[&again[..], &["--dry-run"]].concat(), 0);
    assert_eq!((&dry["tasks"], &dry["points"]), (&1.into(), &75.into()), "{dry}");
    let after = world.json(&again, 0);
    assert_eq!((&after["states"]["COMPLETED"], world.creates()), (&2.into(), 3));
    let points = world.json(&["sweep", "export", "k", "--json"], 0);
    let points = points["points"].as_array().unwrap();
    assert_eq!(points.len(), 150);
    assert!(points.iter().all(|p| p["counts"].is_object()), "every point has its counts");
    world.assert_books();
}

/// Gives a task that has no result one of another task, with one executable that failed.
fn put_result_with_a_failure(world: &World, of: &str, to: &str) {
    let place =
        |arn: &str| format!("amazon-braket-us-west-1-123456789012/{}/results.json", directory(world, arn));
    let whole = world.aws(("s3", "us-west-1"), &format!("GET /{}", place(of)), "");
    let body = &whole[whole.find("\r\n\r\n").unwrap() + 4..];
    let mut result: serde_json::Value = serde_json::from_str(&body.replace(of, to)).unwrap();
    let executables = &mut result["programResults"][0]["executableResults"];
    executables[1] = serde_json::json!({"inputsIndex": 1, "braketSchemaHeader":
        {"name": "braket.task_result.program_set_executable_failure", "version": "1"},
        "failureMetadata": {"failureReason": "too warm", "retryable": true, "category": "DEVICE"}});
    let put = world.aws(("s3", "us-west-1"), &format!("PUT /{}", place(to)), &result.to_string());
    assert!(put.starts_with("HTTP/1.1 200"), "{put}");
}

/// Where a task's result lies, as AWS says.
fn directory(world: &World, arn: &str) -> String {
    let asked = format!("GET /quantum-task/{}", arn.replace('/', "%2F").replace(':', "%3A"));
    let answer = world.aws(("braket", "us-west-1"), &asked, "");
    let body = answer.find('{').map(|at| &answer[at..]).unwrap();
    let task: serde_json::Value = serde_json::from_str(body).unwrap();
    task["outputS3Directory"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

#[test]
fn single_points_of_a_set_are_made_again_alone_and_priced_first() {
    let world = World::new();
    let file = rabi(&world);
    let sweep = |key| {
        let asked = ["sweep", &file, "--param", "theta=0:3:4", "--shots", "100", "--on", "cepheus", "--yes"];
        [&asked[..], &["--json", "--key", key]].concat().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let run = |args: &[String], code| world.json(&args.iter().map(String::as_str).collect::<Vec<_>>(), code);
    let export =
        |key| world.json(&["sweep", "export", key, "--json"], 0)["points"].as_array().unwrap().clone();
    run(&sweep("good"), 0);
    let good = export("good")[0]["task_arn"].as_str().unwrap().to_owned();
    world.fault(shotbook_mocks::faults::Kind::ResultMissing, "CreateQuantumTask", 1, 1);
    let asked = sweep("k");
    let mut first = world.command(&asked.iter().map(String::as_str).collect::<Vec<_>>());
    let mut first = first.stdout(std::process::Stdio::null()).spawn().unwrap();
    let task = loop {
        let points = world.run(&["sweep", "export", "k", "--json"]);
        let points: serde_json::Value = serde_json::from_slice(&points.stdout).unwrap_or_default();
        if let Some(task) = points["points"][0]["task_arn"].as_str() {
            break task.to_owned();
        }
        assert!(first.try_wait().unwrap().is_none(), "it ended without a task");
        let jobs = world.json(&["jobs", "--json"], 0);
        let open = jobs["jobs"].as_array().unwrap().iter().find(|j| j["key"] == "k/0").cloned();
        if let Some(task) = open.as_ref().and_then(|j| j["task_arn"].as_str()) {
            break task.to_owned();
        }
    };
    put_result_with_a_failure(&world, &good, &task);
    first.wait().unwrap();
    let before = export("k");
    let states: Vec<&str> = before.iter().map(|p| p["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["COMPLETED", "FAILED", "COMPLETED", "COMPLETED"]);
    let again = [asked, vec!["--retry".to_owned(), "failed".to_owned()]].concat();
    let with = |more: &[&str]| [again.clone(), more.iter().map(|s| (*s).to_owned()).collect()].concat();
    let dry = run(&with(&["--dry-run"]), 0);
    assert_eq!((&dry["tasks"], &dry["points"]), (&1.into(), &1.into()), "{dry}");
    assert_eq!(run(&with(&["--max-cost", "0.01"]), 3)["code"], "SB3002");
    assert_eq!(world.creates(), 2, "a price is shown before anything is sent");
    run(&again, 0);
    assert_eq!(world.creates(), 3);
    let after = export("k");
    for (n, (old, new)) in before.iter().zip(&after).enumerate() {
        assert_eq!((&new["state"], &new["inputs"]), (&"COMPLETED".into(), &old["inputs"]));
        assert!(new["counts"].is_object(), "{new}");
        // The others keep their job, their counts and their share of its price.
        let same = |name: &str| new[name] == old[name];
        assert_eq!(["job_id", "counts", "price"].map(same), [n != 1; 3], "{old} {new}");
    }
    run(&again, 0);
    assert_eq!(world.creates(), 3, "nothing of it failed any more");
}

//! What users type and see.

use std::io::{BufRead as _, Write};
use std::process::Stdio;

use serde_json::Value;

use super::world::{World, circuit};

#[test]
fn run_prints_the_contract() {
    let world = World::new();
    let result = world.json(&["run", &circuit("bell.qasm"), "--shots", "1000", "--seed", "7", "--json"], 0);
    let first = result.as_object().unwrap().keys().next().unwrap();
    assert_eq!((first.as_str(), &result["schema"]), ("schema", &"shotbook.result/1".into()));
    assert_eq!((&result["bit_order"], &result["seed"]), (&"q0-left".into(), &7.into()));
    let counts = result["counts"].as_object().unwrap();
    assert_eq!(counts.values().map(|n| n.as_u64().unwrap()).sum::<u64>(), 1000);
    assert!(counts.keys().all(|k| k == "00" || k == "11"), "{counts:?}");
    let again = world.json(&["run", &circuit("bell.qasm"), "--shots", "1000", "--seed", "7", "--json"], 0);
    assert_eq!(result["counts"], again["counts"]);
    assert!(!world.home().exists(), "run touches no store");
}

#[test]
fn bits_stand_in_the_declared_order() {
    let world = World::new();
    let left = world.json(&["run", &circuit("bit_order.qasm"), "--shots", "10", "--json"], 0);
    let right =
        world.json(&["run", &circuit("bit_order.qasm"), "--shots", "10", "--json", "--order", "q0-right"], 0);
    let key = |v: &Value| v["counts"].as_object().unwrap().keys().next().unwrap().clone();
    assert_eq!(key(&left), key(&right).chars().rev().collect::<String>());
    assert_ne!(key(&left), key(&right), "the circuit tells left from right");
}

#[test]
fn every_expectation_of_the_corpus_holds_at_the_command_line() {
    let world = World::new();
    for name in ["bell", "h2_ansatz", "teleport", "noise"] {
        let (file, expect) = (circuit(&format!("{name}.qasm")), circuit(&format!("{name}.expect.json")));
        let output = world.run(&["run", &file, "--expect", &expect]);
        assert_eq!(output.status.code(), Some(0), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let (file, wrong) = (circuit("bell.qasm"), circuit("ghz.expect.json"));
    assert_eq!(world.run(&["run", &file, "--expect", &wrong]).status.code(), Some(6));
}

#[test]
fn precision_is_chosen_and_said() {
    let world = World::new();
    let bell = circuit("bell.qasm");
    let of = |engine: &str, precision: &str| {
        let asked = ["run", &bell, "--seed", "7", "--engine", engine, "--precision", precision, "--json"];
        world.json(&asked, 0)
    };
    let (single, double) = (of("state-vector", "single"), of("state-vector", "double"));
    assert_eq!(single["engine_reason"], "asked for; single precision");
    assert_eq!(double["engine_reason"], "asked for");
    assert_eq!(single["counts"], double["counts"]);
    let matrix = of("density-matrix", "single");
    assert_eq!(matrix["engine_reason"], "asked for; double precision, it has no other");
    assert_eq!(world.run(&["run", &bell, "--precision", "half"]).status.code(), Some(2));
}

#[test]
fn a_wrong_circuit_is_placed() {
    let world = World::new();
    let file = circuit("bad/unknown_gate.qasm");
    let output = world.run(&["check", &file]);
    assert_eq!(output.status.code(), Some(5));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("unknown_gate.qasm:4:1") && text.contains("did you mean `phaseshift`?"), "{text}");
    let check = world.json(&["check", &file, "--json"], 5);
    let first = &check["files"][0]["diagnostics"][0];
    assert_eq!((&first["code"], &first["line"], &first["column"]), (&"SB5047".into(), &4.into(), &1.into()));
    let device = circuit("bad/target/noise_on_sv1.qasm");
    assert_eq!(world.run(&["check", &device, "--on", "sv1"]).status.code(), Some(4));
}

#[test]
fn safe_fixes_are_applied_and_nothing_else() {
    let world = World::new();
    let file = world.folder.path().join("f.qasm");
    std::fs::write(&file, "qubit[2] q; // keep me\nh q[0]\ncnot q[0], q[1];\n").unwrap();
    let output = world.run(&["check", file.to_str().unwrap(), "--fix"]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text, "qubit[2] q; // keep me\nh q[0];\ncnot q[0], q[1];\n");
}

#[test]
fn a_quote_names_itself_and_submit_holds_it_to_that() {
    let (world, file) = (World::new(), circuit("bell.qasm"));
    let quote = world.json(&["quote", &file, "--shots", "1000", "--json"], 0);
    assert_eq!(quote["devices"].as_array().unwrap().len(), 9);
    let one = world.json(&["quote", &file, "--shots", "1000", "--on", "garnet", "--json"], 0);
    assert_eq!(quote["id"], one["id"], "the id does not depend on --on");
    let id = quote["id"].as_str().unwrap();
    let stale = world
        .json(&["submit", &file, "--on", "garnet", "--shots", "999", "--quote", id, "--yes", "--json"], 3);
    assert_eq!(stale["code"], "SB3003");
    world.json(&["submit", &file, "--on", "garnet", "--shots", "1000", "--quote", id, "--yes", "--json"], 0);
}

#[test]
fn money_is_never_spent_unasked() {
    let (world, file) = (World::new(), circuit("bell.qasm"));
    let error = world.json(&["submit", &file, "--on", "garnet", "--shots", "100", "--json"], 2);
    assert_eq!(error["code"], "SB2002");
    let dry = world.json(&["submit", &file, "--on", "garnet", "--shots", "100", "--dry-run", "--json"], 0);
    assert_eq!(dry["hold"], "0.445");
    let over = ["submit", &file, "--on", "garnet", "--shots", "100", "--max-cost", "0.4", "--yes", "--json"];
    assert_eq!(world.json(&over, 3)["code"], "SB3002");
    assert_eq!(world.creates(), 0);
    let paid = world.json(&["run", &file, "--on", "garnet", "--json"], 2);
    assert_eq!(paid["code"], "SB2007");
}

#[test]
fn a_local_job_lives_the_same_life_for_nothing() {
    let (world, file) = (World::new(), circuit("bell.qasm"));
    let job = world.json(&["submit", &file, "--on", "local", "--shots", "100", "--key", "mine", "--json"], 0);
    assert_eq!((&job["state"], &job["held"], &job["lane"]), (&"COMPLETED".into(), &"0".into(), &Value::Null));
    let by_key = world.json(&["show", "mine", "--json"], 0);
    assert_eq!(by_key["job_id"], job["job_id"]);
    let result = world.json(&["result", "last", "--json"], 0);
    assert_eq!((&result["schema"], &result["shots"]), (&"shotbook.result/1".into(), &100.into()));
    let csv = world.run(&["result", "last", "--format", "csv"]);
    assert!(String::from_utf8_lossy(&csv.stdout).starts_with("outcome,count,bit_order\n"));
    assert_eq!(world.creates(), 0);
    let detached = world.json(&["submit", &file, "--on", "local", "--shots", "5", "--detach", "--json"], 0);
    assert_eq!(detached["state"], "WAITING");
    assert_eq!(world.run(&["worker", "--drain"]).status.code(), Some(0));
    assert_eq!(world.json(&["show", "last", "--json"], 0)["state"], "COMPLETED");
}

#[test]
fn a_cancel_is_observed() {
    let config =
        shotbook_mocks::Config { advance: shotbook_mocks::Advance::After(60_000), ..Default::default() };
    let (world, file) = (World::with(config), circuit("bell.qasm"));
    let args = ["submit", &file, "--on", "garnet", "--shots", "100", "--detach", "--yes", "--json"];
    let job = world.json(&args, 0);
    assert_eq!((&job["state"], &job["held"]), (&"QUEUED".into(), &"0.445".into()));
    let id = job["job_id"].as_str().unwrap();
    assert_eq!(world.run(&["wait", id, "--timeout", "100ms"]).status.code(), Some(8));
    world.json(&["cancel", id, "--json"], 0);
    assert_eq!(world.run(&["wait", id]).status.code(), Some(6));
    assert_eq!(world.json(&["show", id, "--json"], 0)["state"], "CANCELLED");
    world.assert_books();
}

#[test]
fn hostile_arguments_are_refused_in_words() {
    let world = World::new();
    let bell = circuit("bell.qasm");
    for (args, code) in [
        (vec!["run", "/does/not/exist"], 2),
        (vec!["run", "/dev/zero"], 2),
        (vec!["run", &bell, "--shots", "-1"], 2),
        (vec!["run", &bell, "--shots", "99999999999999999999"], 2),
        (vec!["run", &bell, "--max-memory", "1"], 5),
        (vec!["quote", &bell, "--shots", "1", "--on", "garnit"], 4),
        (vec!["submit", &bell, "--on", "aquila", "--shots", "10", "--yes"], 4),
        (vec!["submit", &bell, "--on", "garnet", "--shots", "0", "--yes"], 2),
        (vec!["submit", &bell, "--on", "garnet", "--shots", "9223372036854775807", "--yes"], 4),
        (vec!["submit", &bell, "--on", "local", "--shots", "1", "--tag", "shotbook:job=x"], 2),
        (vec!["budget", "add", "b", "--limit", "NaN"], 2),
        (vec!["budget", "add", "b", "--limit", "-1"], 2),
        (vec!["budget", "add", "../b", "--limit", "1"], 2),
        (vec!["show", "nobody"], 2),
        (vec!["jobs", "--store", "ftp:x"], 2),
        (vec!["help", "nothing"], 2),
        (vec!["nonsense"], 2),
    ] {
        let output = world.run(&args);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {text}");
        assert!(!text.contains("panicked"), "{args:?}: {text}");
        assert!(
            text.contains("try:") || text.contains("Usage") || text.contains("error"),
            "{args:?}: {text}"
        );
    }
}

#[test]
fn standard_input_and_closed_pipes_are_ordinary() {
    let world = World::new();
    let mut command = world.command(&["run", "-", "--shots", "10", "--json"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"qubit q;\nbit b;\nx q;\nb = measure q;\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(result["counts"]["1"], 10);
    let mut child = world.command(&["devices", "list", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0), "a reader that had enough is served");
}

#[test]
fn every_verb_has_help_and_every_code_a_page() {
    let world = World::new();
    let help = world.run(&["help"]);
    let text = String::from_utf8_lossy(&help.stdout).into_owned();
    for verb in ["run", "check", "quote", "submit", "jobs", "budget", "mock", "doctor"] {
        assert!(text.contains(verb), "{verb}");
        assert_eq!(world.run(&["help", verb]).status.code(), Some(0), "{verb}");
    }
    for code in ["SB3001", "SB4003", "SB4902", "SB5047"] {
        assert!(String::from_utf8_lossy(&world.run(&["help", code]).stdout).contains(code));
    }
    for shell in ["bash", "zsh", "fish"] {
        assert!(!world.run(&["completions", shell]).stdout.is_empty(), "{shell}");
    }
}

#[test]
fn mock_exec_gives_its_command_a_world_of_its_own() {
    let (world, file) = (World::new(), circuit("bell.qasm"));
    let shotbook = env!("CARGO_BIN_EXE_shotbook");
    let base = [
        "mock",
        "exec",
        "--max-cost",
        "1",
        "--",
        shotbook,
        "submit",
        &file,
        "--on",
        "garnet",
        "--yes",
        "--shots",
    ];
    let run = |shots: &str| {
        let mut args = base.to_vec();
        args.push(shots);
        world.command(&args).env_remove("SHOTBOOK_HOME").output().unwrap()
    };
    let cheap = run("100");
    let text = String::from_utf8_lossy(&cheap.stderr).into_owned();
    assert_eq!(cheap.status.code(), Some(0), "{text}");
    assert!(text.contains("mock: 1 creates, 0 duplicate tokens, would have cost $0.445"), "{text}");
    assert_eq!(run("1000").status.code(), Some(6), "over --max-cost");
}

#[test]
fn failures_keep_their_form() {
    let world = World::new();
    let wrong = world.json(&["run", "--json", "--shots", "many"], 2);
    assert_eq!((&wrong["schema"], &wrong["code"]), (&"shotbook.error/1".into(), &"SB2001".into()));
    let same = world.json(&["devices", "list", "--format", "json"], 0);
    assert_eq!(same, world.json(&["devices", "list", "--json"], 0));
    for bad in [["--color", "blue"], ["--log", "xml"]] {
        assert_eq!(world.run(&["devices", "list", bad[0], bad[1]]).status.code(), Some(2));
    }
    assert_eq!(world.run(&["run", &circuit("bell.qasm"), "--threads", "0"]).status.code(), Some(2));
    let quiet = world.run(&["-q", "show", "nothing"]);
    assert!(String::from_utf8_lossy(&quiet.stderr).contains("error[SB2005]"), "silence hides no error");
}

#[test]
fn a_signal_reaches_the_command_of_mock_exec() {
    let world = World::new();
    let ready = world.folder.path().join("ready");
    let script = format!("trap 'exit 9' TERM; touch {}; while :; do sleep 0.05; done", ready.display());
    let mut child =
        world.command(&["mock", "exec", "--", "sh", "-c", &script]).stderr(Stdio::piped()).spawn().unwrap();
    while !ready.exists() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let told = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert!(told.success());
    assert_eq!(child.wait().unwrap().code(), Some(9));
}

#[test]
fn mock_serve_prints_what_a_shell_takes_and_ends_in_order_when_its_terminal_goes() {
    let world = World::new();
    let place = world.folder.path().join("it's a place");
    std::fs::create_dir(&place).unwrap();
    let mut child = world
        .command(&["mock", "serve", "--listen", "127.0.0.1:0"])
        .env("TMPDIR", &place)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut exports: Vec<String> = lines.by_ref().take_while(|l| !l.contains("MOCK_TOKEN")).collect();
    exports.remove(0);
    let script = format!("{}\ncat \"$AWS_CONFIG_FILE\"", exports.join("\n"));
    let shell = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
    assert!(String::from_utf8_lossy(&shell.stdout).starts_with("[default]"), "{shell:?}");
    let told = std::process::Command::new("kill").args(["-HUP", &child.id().to_string()]).status().unwrap();
    assert!(told.success());
    assert_eq!(child.wait().unwrap().code(), Some(129));
    assert_eq!(std::fs::read_dir(&place).unwrap().count(), 0, "the profile went with it");
}

#[test]
fn results_are_compared_and_read_for_observables() {
    let world = World::new();
    for (key, file, shots) in
        [("a", "bell.qasm", "2000"), ("b", "bell.qasm", "1000"), ("c", "coin.qasm", "10")]
    {
        let file = circuit(file);
        world.json(&["submit", &file, "--on", "local", "--shots", shots, "--key", key, "--json"], 0);
    }
    let same = world.json(&["diff", "a", "b", "--json"], 0);
    assert_eq!((&same["schema"], &same["differ"]), (&"shotbook.diff/1".into(), &false.into()), "{same}");
    assert_eq!(world.json(&["diff", "a", "c", "--json"], 2)["code"], "SB2001", "two bits against one");
    let parity = world.json(&["result", "a", "--expval", "Z0 Z1", "--json"], 0);
    assert_eq!((&parity["value"], &parity["standard_error"]), (&1.0.into(), &0.0.into()));
    assert_eq!(world.json(&["result", "a", "--expval", "X0", "--json"], 2)["code"], "SB2001");
    assert_eq!(world.json(&["result", "a", "--expval", "Z7", "--json"], 2)["code"], "SB2001");
}

#[test]
fn costs_are_grouped_and_exported() {
    let world = World::new();
    let file = circuit("bell.qasm");
    let submit = ["submit", &file, "--on", "garnet", "--shots", "100", "--yes", "--tag", "team=a", "--json"];
    world.json(&submit, 0);
    let cost = world.json(&["cost", "--by", "tag=team,collection", "--json"], 0);
    assert_eq!((&cost["rows"][0]["tag=team"], &cost["rows"][0]["settled"]), (&"a".into(), &"0.445".into()));
    let focus = world.run(&["cost", "--format", "focus"]);
    let mut reader = csv::Reader::from_reader(focus.stdout.as_slice());
    let row: std::collections::HashMap<String, String> = reader.deserialize().next().unwrap().unwrap();
    assert_eq!((row["BilledCost"].as_str(), row["BillingCurrency"].as_str()), ("0.445", "USD"));
    assert!(row["ResourceId"].starts_with("arn:aws:braket:eu-north-1:") && row["RegionId"] == "eu-north-1");
    assert!(row["BillingPeriodStart"].ends_with("-01T00:00:00Z"), "{row:?}");
    let priced = (row["PricingQuantity"].as_str(), row["PricingUnit"].as_str());
    assert_eq!((priced, row["ChargeClass"].as_str()), (("100", "Shots"), ""));
    assert_eq!(row["BillingAccountName"], "");
    let ran = world.run(&["show", "last", "--compiled"]);
    assert!(String::from_utf8_lossy(&ran.stdout).starts_with("OPENQASM"), "{ran:?}");
}

#[test]
fn published_numbers_are_computed_from_the_data_that_is_given() {
    let world = World::new();
    let report = world.json(&["reproduce", "qaoa", "--json"], 0);
    assert_eq!((&report["schema"], &report["name"]), (&"shotbook.reproduction/1".into(), &"qaoa".into()));
    let rows = report["rows"].as_array().unwrap();
    assert!(rows.len() == 14 && rows.iter().all(|r| r["pass"] == true), "{report}");
    let file = world.home().parent().unwrap().join("graphs.json");
    // A square with a wrong expected cut: degree 2 has no published angles, K4 has.
    let k4 = r#"{"graphs":[{"n":4,"edges":[[0,1],[0,2],[0,3],[1,2],[1,3],[2,3]],"maxcut":4,
        "expected_cut":{"1":{"fixed":3.5}}}]}"#;
    std::fs::write(&file, k4).unwrap();
    let own = world.json(&["reproduce", "qaoa", "--data", file.to_str().unwrap(), "--json"], 6);
    let difference = own["rows"][0]["ours"].as_f64().unwrap();
    assert!((difference - (3.5 - 3.48805517)).abs() < 1e-7, "{own}");
    // A cubic graph below its guarantee stays below it beside one of degree 4, whose promise is smaller.
    let mixed = r#"{"graphs":[{"n":4,"edges":[[0,1],[0,2],[0,3],[1,2],[1,3],[2,3]],"maxcut":5.1},
        {"n":5,"edges":[[0,1],[0,2],[0,3],[0,4],[1,2],[1,3],[1,4],[2,3],[2,4],[3,4]],"maxcut":6}]}"#;
    std::fs::write(&file, mixed).unwrap();
    let mixed = world.json(&["reproduce", "qaoa", "--data", file.to_str().unwrap(), "--json"], 6);
    let row = |text: &str| {
        let rows = mixed["rows"].as_array().unwrap();
        rows.iter().find(|r| r["quantity"].as_str().unwrap().starts_with(text)).unwrap()["pass"].clone()
    };
    assert_eq!((row("degree 3, p = 1"), row("degree 4, p = 1")), (false.into(), true.into()), "{mixed}");
    for bad in ["{}", r#"{"graphs":[{"n":4,"edges":[[0,9]],"maxcut":4}]}"#, r#"{"graphs":[]}"#] {
        std::fs::write(&file, bad).unwrap();
        let error = world.json(&["reproduce", "qaoa", "--data", file.to_str().unwrap(), "--json"], 2);
        assert_eq!(error["code"], "SB2006", "{bad}");
    }
}

#[test]
fn a_budget_binds_whom_it_names() {
    let world = World::new();
    let file = circuit("bell.qasm");
    let submit = ["submit", &file, "--on", "garnet", "--shots", "100", "--yes", "--json"];
    let doctor = world.json(&["doctor", "--live", "--json"], 0);
    let user: String = doctor["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|c| c["found"].as_str())
        .find_map(|found| found.split(" · ").next().filter(|word| word.starts_with("arn:")))
        .unwrap()
        .to_owned();
    world.run(&["budget", "add", "mine", "--limit", "0.445", "--for", &format!("user={user}")]);
    assert_eq!(world.json(&submit, 0)["held"], "0");
    assert_eq!(world.json(&submit, 3)["code"], "SB3001", "{user}");
    world.run(&["budget", "add", "other", "--limit", "0.01", "--for", "account=000000000000"]);
    world.run(&["budget", "set", "mine", "--limit", "5"]);
    world.json(&submit, 0);
}

//! What was spent elsewhere is adopted, and what is billed is compared.

use std::fs;

use serde_json::Value;
use shotbook_mocks::faults::Kind;

use super::world::{World, circuit};

/// A submission by another store, as another tool would make it.
fn elsewhere(world: &World, device: &str, shots: &str, more: &[&str]) -> Value {
    let bell = circuit("bell.qasm");
    let args = ["submit", &bell, "--on", device, "--shots", shots, "--yes", "--json"];
    let mut command = world.command(&[&args[..], more].concat());
    command.env("SHOTBOOK_HOME", world.folder.path().join("elsewhere"));
    let output = command.output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| {
        panic!(
            "{e}\n{}\n{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
    })
}

#[test]
fn tasks_of_other_tools_are_adopted_once_and_to_the_cent() {
    let world = World::new();
    for (device, shots) in [("garnet", "100"), ("cepheus", "1000"), ("forte-1", "100"), ("sv1", "10")] {
        elsewhere(&world, device, shots, &["--tag", "who=eve"]);
    }
    let own = world
        .json(&["submit", &circuit("bell.qasm"), "--on", "garnet", "--shots", "200", "--yes", "--json"], 0);
    assert_eq!(own["settled"], "0.59");
    let first = world.json(&["import", "--since", "2d", "--all-regions", "--json"], 0);
    assert_eq!((&first["imported"], &first["held"], &first["open"]), (&4.into(), &"0".into(), &0.into()));
    // 0.445 + 0.725 + 8.3 + 0.00375
    assert_eq!(first["settled"], "9.47375");
    world.assert_books();
    let again = world.json(&["import", "--all-regions", "--json"], 0);
    assert_eq!((&again["imported"], &again["settled"]), (&0.into(), &"0".into()));
    let by = world.json(&["cost", "--by", "tag=who,device", "--json"], 0);
    let eve = by["rows"].as_array().unwrap().iter().filter(|r| r["tag=who"] == "eve").count();
    assert_eq!(eve, 4, "their tags came along: {by}");
    let tagged = world.json(&["tag", "--filter", "adopted", "project=old", "--json"], 0);
    assert_eq!(tagged["changed"], 4);
    world.assert_books();
    assert_eq!(world.run(&["import", "--since", "yesterday"]).status.code(), Some(2));
}

/// A Cost and Usage Report of task, account, cost.
fn bill(world: &World, rows: &[(&str, &str, &str)]) -> String {
    let today = shotbook::time::now().to_string()[..10].to_owned();
    let mut text = String::from(
        "lineItem/LineItemType,lineItem/UsageStartDate,lineItem/ProductCode,lineItem/ResourceId,lineItem/UnblendedCost,\
         lineItem/CurrencyCode,lineItem/UsageAccountId\n",
    );
    for (kind, task, cost) in rows {
        text += &format!("{kind},{today}T00:00:00Z,AmazonBraket,{task},{cost},USD,123456789012\n");
    }
    let path = world.folder.path().join("bill.csv");
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_bill_is_matched_explained_and_followed_by_correcting_entries() {
    let world = World::new();
    world.run(&["budget", "add", "lab", "--limit", "10"]);
    let bell = circuit("bell.qasm");
    let submit = |shots: &str| {
        let args =
            ["submit", &bell, "--on", "garnet", "--shots", shots, "--budget", "lab", "--yes", "--json"];
        world.json(&args, 0)
    };
    let (fine, cheap) = (submit("100"), submit("1000"));
    world.fault(Kind::Partial, "CreateQuantumTask", 1, 1);
    let partial = submit("200");
    let arn = |job: &Value| job["task_arn"].as_str().unwrap().to_owned();
    let (fine, cheap_arn, partial_arn) = (arn(&fine), arn(&cheap), arn(&partial));
    let stranger = "arn:aws:braket:us-west-1:123456789012:quantum-task/stranger";
    // A task fee and shots on lines of their own, as AWS writes them.
    let file = bill(
        &world,
        &[
            ("Usage", &fine, "0.3000000000"),
            ("Usage", &fine, "0.1450000000"),
            ("Usage", &cheap_arn, "1.0250000000"),
            ("Usage", &partial_arn, "0.5900000000"),
            ("Usage", stranger, "0.7250000000"),
            ("Credit", "", "-1.0000000000"),
            ("Tax", "", "0.4000000000"),
        ],
    );
    let report = world.json(&["reconcile", &file, "--json"], 6);
    let cause = |task: &str| {
        let rows = report["tasks"].as_array().unwrap();
        rows.iter().find(|r| r["task_arn"] == task).unwrap()["difference"]["cause"].clone()
    };
    assert_eq!((cause(&fine), cause(stranger)), (Value::Null, "unknown_task".into()));
    assert_eq!((cause(&cheap_arn), cause(&partial_arn)), ("other_shots".into(), "requested_shots".into()));
    assert_eq!(
        (&report["billed"], &report["credits"], &report["tax"]),
        (&"2.785".into(), &"-1".into(), &"0.4".into())
    );
    let before =
        world.json(&["budget", "journal", "lab", "--json"], 0)["postings"].as_array().unwrap().clone();
    let applied = world.json(&["reconcile", &file, "--apply", "--json"], 6);
    assert_eq!((&applied["corrected"], &applied["matched"]), (&2.into(), &3.into()));
    let after =
        world.json(&["budget", "journal", "lab", "--json"], 0)["postings"].as_array().unwrap().clone();
    assert_eq!(&after[..before.len()], &before[..], "what was booked stays");
    let verbs: Vec<&str> = after[before.len()..].iter().map(|p| p["verb"].as_str().unwrap()).collect();
    assert!(verbs.contains(&"refund") && verbs.contains(&"settle"), "{verbs:?}");
    let shown = world.json(&["budget", "show", "lab", "--json"], 0);
    assert_eq!((&shown["settled"], &shown["held"]), (&"2.06".into(), &"0".into()));
    assert!(world.run(&["store", "check"]).status.success());
    let twice = world.json(&["reconcile", &file, "--apply", "--json"], 6);
    assert_eq!(twice["corrected"], 0, "a bill is followed once");

    for (from, to) in [("USD", "EUR"), ("0.1450000000", "NaN"), ("lineItem/UnblendedCost", "Cost")] {
        let wrong = fs::read_to_string(&file).unwrap().replace(from, to);
        let path = world.folder.path().join("wrong.csv");
        fs::write(&path, wrong).unwrap();
        let refused = world.json(&["reconcile", path.to_str().unwrap(), "--json"], 2);
        assert_eq!(refused["code"], "SB2020", "{from}");
    }
}

#[test]
fn a_bill_that_is_doubled_or_partial_or_of_other_days_moves_no_money() {
    let world = World::new();
    let args = ["submit", &circuit("bell.qasm"), "--on", "garnet", "--shots", "1000", "--yes", "--json"];
    let arn = world.json(&args, 0)["task_arn"].as_str().unwrap().to_owned();
    let apply = |file: &str, code: i32| world.json(&["reconcile", file, "--apply", "--json"], code);
    let doubled = [("Usage", &arn[..], "0.3"), ("Usage", &arn, "1.45"), ("Usage", &arn, "1.45")];
    let refused = apply(&bill(&world, &doubled), 2);
    assert!(refused["message"].as_str().unwrap().contains("line 4 repeats line 3"), "{refused}");
    let cause = |report: &Value| report["tasks"][0]["difference"]["cause"].clone();
    for part in ["0.3", "1.45"] {
        let found = apply(&bill(&world, &[("Usage", &arn, part)]), 6);
        assert_eq!((cause(&found), &found["corrected"]), ("part_of_task".into(), &0.into()), "{part}");
    }
    let file = bill(&world, &[("Usage", &arn, "1.75")]);
    let today = shotbook::time::now().to_string()[..10].to_owned();
    let early = fs::read_to_string(&file).unwrap().replace(&today, "2026-02-03");
    fs::write(&file, early).unwrap();
    assert_eq!(cause(&apply(&file, 6)), "before_task");

    // A wrong bill is followed, and the right one after it.
    let wrong = apply(&bill(&world, &[("Usage", &arn, "1.76")]), 0);
    assert_eq!(wrong["corrected"], 1);
    let shown = String::from_utf8(world.run(&["show", "last"]).stdout).unwrap();
    assert!(shown.contains("by a bill: $1.75 became $1.76"), "{shown}");
    let right = bill(&world, &[("Usage", &arn, "1.75")]);
    assert_eq!(cause(&world.json(&["reconcile", &right, "--json"], 6)), "as_metered");
    assert_eq!(apply(&right, 0)["settled"], "1.75");
    world.assert_books();
}

#[test]
fn a_bill_that_names_no_task_is_compared_by_its_sums() {
    let world = World::new();
    let args = ["submit", &circuit("bell.qasm"), "--on", "garnet", "--shots", "1000", "--yes", "--json"];
    world.json(&args, 0);
    let today: jiff::civil::Date = shotbook::time::now().to_string()[..10].parse().unwrap();
    let (first, last) = (today.first_of_month(), today.last_of_month());
    let slashes = |day: jiff::civil::Date| day.to_string().replace('-', "/");
    for (end, cost, code, difference) in [
        (format!("{} 23:59:59", slashes(last)), "1.75", 0, "0"),
        (format!("{} 23:59:59", slashes(last)), "1.80", 6, "0.05"),
        (String::new(), "1.75", 0, "0"),
    ] {
        let text = format!(
            "RecordType,ProductCode,UsageType,UsageStartDate,UsageEndDate,CostBeforeTax,CurrencyCode\n\
             LinkedLineItem,AmazonBraket,EUN1-Task,{} 00:00:00,{end},{cost},USD\n",
            slashes(first)
        );
        let path = world.folder.path().join("console.csv");
        fs::write(&path, text).unwrap();
        let found = world.json(&["reconcile", path.to_str().unwrap(), "--json"], code);
        assert_eq!((&found["settled"], &found["difference"]), (&"1.75".into(), &difference.into()));
    }
}

#[test]
fn half_a_submission_counts_what_was_bought_and_says_how_the_rest_is() {
    let world = World::new();
    world.fault(Kind::FailTask, "CreateQuantumTask", 2, 1);
    let bell = circuit("bell.qasm");
    let done = world.run(&["submit", &bell, "--on", "garnet", "--shots", "20001", "--yes"]);
    assert_ne!(done.status.code(), Some(0));
    let said = String::from_utf8(done.stderr).unwrap();
    let cost = world.json(&["cost", "--json"], 0);
    let bought = cost["rows"][0]["shots"].as_u64().unwrap();
    assert!([10_000, 10_001].contains(&bought), "{cost}");
    let next = format!("{bought} of 20001 shots were bought");
    let rest = format!("--on garnet --shots {}", 20001 - bought);
    assert!(said.contains(&next) && said.contains(&rest), "{said}");
}

#[test]
fn a_budget_that_was_removed_keeps_its_journal() {
    let world = World::new();
    world.run(&["budget", "add", "lab", "--limit", "10"]);
    let args =
        ["submit", &circuit("bell.qasm"), "--on", "garnet", "--shots", "100", "--budget", "lab", "--yes"];
    world.run(&args);
    world.run(&["budget", "remove", "lab"]);
    let kept = world.json(&["budget", "journal", "lab", "--json"], 0);
    assert_eq!(kept["postings"].as_array().unwrap().len(), 2, "{kept}");
    assert_eq!(world.json(&["budget", "journal", "other", "--json"], 3)["code"], "SB3004");
}

#[test]
fn costs_are_told_by_user_and_as_a_page() {
    let world = World::new();
    let bell = circuit("bell.qasm");
    let args = ["submit", &bell, "--on", "garnet", "--shots", "100", "--yes", "--project", "a<b>", "--json"];
    world.json(&args, 0);
    elsewhere(&world, "cepheus", "1000", &[]);
    world.json(&["import", "--all-regions", "--json"], 0);
    let by = world.json(&["cost", "--by", "user,device", "--json"], 0);
    let rows = by["rows"].as_array().unwrap();
    let of = |device: &str| rows.iter().find(|r| r["device"] == device).unwrap();
    assert!(of("garnet")["user"].as_str().unwrap().starts_with("arn:aws:"), "{by}");
    assert_eq!((&of("cepheus")["user"], &of("cepheus")["imported"]), (&"unknown".into(), &"0.725".into()));
    assert_eq!((&by["total"]["settled"], &by["total"]["imported"]), (&"1.17".into(), &"0.725".into()));
    // 1,000 and 100 shots of 7.5 J, of machines that work half of their time.
    let joules = by["total"]["energy"]["mid"].as_f64().unwrap();
    assert!((joules - 1100.0 * 15.0).abs() < 1e-6, "{by}");
    assert_eq!((&of("garnet")["tasks"], &of("garnet")["shots"]), (&1.into(), &100.into()));
    let path = world.folder.path().join("costs.html");
    let html = ["cost", "--by", "project", "--format", "html", "-o", path.to_str().unwrap()];
    assert!(world.run(&html).status.success());
    let page = fs::read_to_string(&path).unwrap();
    for part in ["<!doctype html>", "a&lt;b&gt;", "$1.17", "$0.445", "<svg", "@media print"] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("a<b>") && !page.contains("src="), "one page, and nothing of others is markup");
    world.assert_books();
}

#[test]
fn a_result_is_drawn_with_its_intervals() {
    let world = World::new();
    world.json(
        &["submit", &circuit("bell.qasm"), "--on", "local", "--shots", "1000", "--seed", "7", "--json"],
        0,
    );
    let counts = world.json(&["result", "last", "--json"], 0)["counts"].clone();
    let path = world.folder.path().join("bell.svg");
    assert!(world.run(&["result", "last", "-o", path.to_str().unwrap()]).status.success());
    let svg = fs::read_to_string(&path).unwrap();
    assert_eq!(svg.matches("<path").count(), 2, "an interval for each outcome");
    assert!(svg.contains(&format!(">{} ", counts["00"])) && svg.contains("q0 left"), "{svg}");
    assert_eq!(world.run(&["result", "last", "-o", "bell.gif"]).status.code(), Some(2));
}

#[test]
fn the_ledger_equals_the_meter_whatever_becomes_of_tasks() {
    let world = World::new();
    let bell = circuit("bell.qasm");
    world.fault(Kind::Partial, "CreateQuantumTask", 2, 1);
    world.fault(Kind::FailTask, "CreateQuantumTask", 4, 1);
    let devices = ["garnet", "cepheus", "sv1", "emerald", "forte-1", "dm1"];
    for (device, shots) in devices.iter().zip(["100", "1000", "7", "500", "333", "12"]) {
        world.run(&["submit", &bell, "--on", device, "--shots", shots, "--yes", "--quiet"]);
        world.assert_books();
    }
    let arn = "arn:aws:braket:eu-north-1:123456789012:reservation/5a0f0f9c-0d3b-4f0e-9c55-1f0a7be1a2c3";
    let reserved = ["submit", &bell, "--on", "garnet", "--shots", "100", "--reservation", arn, "--yes"];
    assert!(world.run(&reserved).status.success());
    let states = world.json(&["jobs", "--json"], 0);
    let failed = states["jobs"].as_array().unwrap().iter().filter(|j| j["state"] == "FAILED").count();
    assert_eq!((failed, world.creates()), (1, 7));
    world.assert_books();
}

/// A hybrid job of another tool.
fn hybrid(world: &World, name: &str, instance: &str) {
    let body = serde_json::json!({"clientToken": format!("{name}-0000"), "jobName": name,
        "roleArn": "arn:aws:iam::123456789012:role/Braket",
        "algorithmSpecification": {"containerImage":
            {"uri": "123456789012.dkr.ecr.us-west-2.amazonaws.com/a:latest"}},
        "outputDataConfig": {"s3Path": "s3://amazon-braket-us-west-2-123456789012/jobs"},
        "deviceConfig": {"device": "local:braket/sv1"}, "tags": {"who": "eve"},
        "instanceConfig": {"instanceType": instance, "volumeSizeInGb": 30, "instanceCount": 2}});
    let answer = world.aws(("braket", "us-west-2"), "POST /job", &body.to_string());
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
}

#[test]
fn instances_of_hybrid_jobs_are_booked_at_the_users_own_price() {
    let advance = shotbook_mocks::Advance::After(3_600_000);
    let world = World::with(shotbook_mocks::Config { advance, ..Default::default() });
    hybrid(&world, "one", "ml.m5.large");
    hybrid(&world, "dear", "ml.c5.xlarge");
    world.control("clock", r#"{"advance_ms": 7200000}"#);
    hybrid(&world, "open", "ml.m5.large");
    fs::create_dir_all(world.home()).unwrap();
    let table = "currency = \"USD\"\n[[instance]]\ntype = \"ml.m5.large\"\nper_hour = \"0.115\"\n".to_owned();
    fs::write(world.home().join("prices.toml"), &table).unwrap();
    let first = world.json(&["import", "--since", "2d", "--json"], 0);
    let jobs = &first["regions"][0]["hybrid_jobs"];
    let expected = serde_json::json!({"found": 3, "imported": 1, "open": 1, "unpriced": {"ml.c5.xlarge": 1},
        "error": null});
    assert_eq!(jobs, &expected);
    // Half an hour of two instances.
    assert_eq!((&first["settled"], &first["imported_hybrid_jobs"]), (&"0.115".into(), &1.into()));
    let again = world.json(&["import", "--since", "2d", "--json"], 0);
    assert_eq!((&again["settled"], &again["imported_hybrid_jobs"]), (&"0".into(), &0.into()));
    fs::write(
        world.home().join("prices.toml"),
        table + "[[instance]]\ntype = \"ml.c5.xlarge\"\nper_hour = \"4\"\n",
    )
    .unwrap();
    assert_eq!(world.json(&["import", "--since", "2d", "--json"], 0)["settled"], "4");
    let rows = world.json(&["cost", "--by", "device,tag=who", "--json"], 0);
    let rows: Vec<(&str, &str, u64)> = rows["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| {
            (r["device"].as_str().unwrap(), r["imported"].as_str().unwrap(), r["tasks"].as_u64().unwrap())
        })
        .collect();
    assert_eq!(rows, [("ml.c5.xlarge", "4", 0), ("ml.m5.large", "0.115", 0)], "instances are no tasks");
    assert!(world.run(&["store", "check"]).status.success());
    let said = world.run(&["result", "one"]);
    assert_ne!(said.status.code(), Some(0), "a hybrid job has no counts");
}

#[test]
fn tasks_are_imported_though_hybrid_jobs_cannot_be_looked_at() {
    let world = World::new();
    elsewhere(&world, "garnet", "100", &[]);
    world.fault(Kind::Denied, "SearchJobs", 1, 9);
    let done = world.json(&["import", "--since", "2d", "--all-regions", "--json"], 0);
    assert_eq!((&done["imported"], &done["settled"]), (&1.into(), &"0.445".into()));
    assert!(done["regions"][0]["hybrid_jobs"]["error"].is_string(), "{done}");
}

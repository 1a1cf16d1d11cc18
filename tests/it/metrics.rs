//! What a worker counts, as a scraper reads it.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;

use super::world::{World, circuit};

fn scrape(address: &str, host: &str) -> String {
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(stream, "GET /metrics HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_worker_tells_its_metrics_to_this_machine_alone() {
    let (world, bell) = (World::new(), circuit("bell.qasm"));
    world.run(&["budget", "add", "grant", "--limit", "5"]);
    world.json(
        &["submit", &bell, "--on", "garnet", "--shots", "100", "--budget", "grant", "--yes", "--json"],
        0,
    );
    let open = world.json(&["worker", "--drain", "--metrics", "0.0.0.0:0", "--json"], 2);
    assert!(open["message"].as_str().unwrap().contains("can be reached from elsewhere"), "{open}");
    let mut worker = world.command(&["worker", "--metrics", "127.0.0.1:0"]);
    let mut worker = worker.stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(worker.stderr.take().unwrap()).lines();
    let line = lines.find_map(|l| l.unwrap().strip_prefix("metrics http://").map(str::to_owned)).unwrap();
    let address = line.trim_end_matches("/metrics");
    let answer = scrape(address, address);
    let refused = scrape(address, "rebound.example");
    worker.kill().unwrap();
    worker.wait().unwrap();
    for expected in [
        "shotbook_jobs{state=\"COMPLETED\"} 1\n",
        "shotbook_held_usd 0\n",
        "shotbook_settled_usd 0.445\n",
        "shotbook_budget_limit_usd{budget=\"grant\"} 5\n",
        "# TYPE shotbook_retries_total counter\n",
        "shotbook_throttles_total 0\n",
        "shotbook_poll_lag_seconds 0.000\n",
    ] {
        assert!(answer.contains(expected), "{expected} is not in\n{answer}");
    }
    assert!(refused.starts_with("HTTP/1.1 421"), "{refused}");
}

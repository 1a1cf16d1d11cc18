//! A secret that was given to the process appears nowhere that it writes, whatever goes wrong.

use std::fs;
use std::path::Path;

use shotbook_mocks::faults::Kind;

use super::world::{World, circuit};

const KEY: &str = "CANARYsecretKEYdoNotPrint0123456789abcdef";
const TOKEN: &str = "CANARYsessionTOKENdoNotPrint0123456789abcdef";
const PATH: &str = "CANARYwebhookPATH0123456789abcdef";

/// Every file below a folder that holds a word.
fn holding(folder: &Path, word: &str) -> Vec<String> {
    let mut out = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            out.extend(holding(&path, word));
        } else if fs::read(&path).unwrap().windows(word.len()).any(|w| w == word.as_bytes()) {
            out.push(path.display().to_string());
        }
    }
    out
}

#[test]
fn no_failing_path_prints_or_keeps_a_secret() {
    let (world, file) = (World::new(), circuit("bell.qasm"));
    let mut written = Vec::new();
    let mut say = |args: &[&str]| {
        for log in ["text", "json"] {
            let mut command = world.command(&[args, &["-vv", "--log", log]].concat());
            command.env("AWS_SECRET_ACCESS_KEY", KEY).env("AWS_SESSION_TOKEN", TOKEN);
            let output = command.output().unwrap();
            written.push((args.join(" "), [output.stdout, output.stderr].concat()));
        }
    };
    let submit = |key: &'static str| {
        ["submit", file.as_str(), "--on", "garnet", "--shots", "100", "--yes", "--detach", "--key", key]
    };
    say(&submit("plain"));
    for (kind, operation, key) in [
        (Kind::LostReply, "CreateQuantumTask", "lost"),
        (Kind::Garbage, "CreateQuantumTask", "garbage"),
        (Kind::ErrorAfter, "CreateQuantumTask", "after"),
        (Kind::ErrorBefore, "CreateQuantumTask", "before"),
        (Kind::Throttle, "CreateQuantumTask", "throttle"),
        (Kind::Expired, "CreateQuantumTask", "expired"),
        (Kind::Redirect, "CreateQuantumTask", "redirect"),
        (Kind::CutBody, "GetObject", "cut"),
        (Kind::Garbage, "SearchQuantumTasks", "search"),
        (Kind::Reset, "GetDevice", "reset"),
    ] {
        world.fault(kind, operation, 1, 2);
        say(&submit(key));
        say(&["worker", "--drain"]);
    }
    let hook = format!("https://127.0.0.1/{PATH}?token={PATH}");
    say(&["on", "done", "--webhook", &hook]);
    say(&["doctor"]);
    say(&["why", "lost"]);
    say(&["show", "lost", "--json"]);
    say(&["import", "--since", "1d"]);
    say(&["devices", "show", "garnet"]);
    say(&["cancel", "plain", "--endpoint-url", "http://127.0.0.1:9"]);
    say(&["submit", "no/such/file.qasm", "--on", "garnet", "--shots", "1"]);
    assert!(written.iter().any(|(_, text)| !text.is_empty()));
    for (what, text) in &written {
        let text = String::from_utf8_lossy(text);
        for secret in [KEY, TOKEN] {
            assert!(!text.contains(secret), "{what} prints a secret:\n{text}");
        }
    }
    for secret in [KEY, TOKEN] {
        assert_eq!(holding(&world.home(), secret), Vec::<String>::new(), "kept on disk");
    }
    // An address may carry a secret: it is refused here, being no public one, and is not kept.
    assert_eq!(holding(&world.home(), PATH), Vec::<String>::new());
}

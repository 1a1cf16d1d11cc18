//! A folder that keeps a world.

use std::io::Write;
use std::path::PathBuf;

use serde_json::json;
use shotbook_mocks::{Config, Listen, Server, serve_with};

use crate::server::{aws, call, create};
use crate::world::BELL;

/// A folder of its own that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("shotbook-keep-{}-{name}", std::process::id()));
        let _nothing_yet = std::fs::remove_dir_all(&path);
        Self(path)
    }

    fn start(&self, config: Config, id: &str) -> std::io::Result<Server> {
        let listen = Listen { token: "secret".into(), data: Some(self.0.clone()), ..Listen::default() };
        serve_with("127.0.0.1:0".parse().unwrap(), config, id, listen)
    }

    fn serve(&self, id: &str) -> Server {
        self.start(Config::default(), id).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

/// The state without the clock, which goes on.
fn state(server: &Server) -> serde_json::Value {
    server.state()
}

#[test]
fn a_world_goes_on_where_it_stopped() {
    let folder = Folder::new("goes-on");
    let server = folder.serve("w_first");
    assert_eq!(aws(&server, "s3", "PUT", "/results-1", "").0, 200);
    let done = create(&server, "a", BELL);
    let (_, task) = aws(&server, "braket", "GET", &done, "");
    assert_eq!(task["status"], "COMPLETED");
    let place = format!("/results-1/{}/results.json", task["outputS3Directory"].as_str().unwrap());
    let result = aws(&server, "s3", "GET", &place, "").1;
    let waits = create(&server, "b", BELL);
    let cancelled = create(&server, "c", BELL);
    let cancel = format!("{cancelled}/cancel");
    assert_eq!(aws(&server, "braket", "PUT", &cancel, r#"{"clientToken":"x"}"#).0, 200);
    assert_eq!(aws(&server, "braket", "GET", &cancelled, "").1["status"], "CANCELLED");
    let control = "Authorization: Bearer secret\r\nContent-Type: application/json\r\n";
    let offline = r#"{"device": "Garnet", "status": "OFFLINE"}"#;
    assert_eq!(call(&server, "POST", "/_shotbook/devices", control, offline).0, 200);
    let before = state(&server);
    drop(server);

    let server = folder.serve("w_second");
    assert_eq!(server.world_id(), "w_first");
    assert_eq!(state(&server), before);
    assert_eq!(aws(&server, "s3", "GET", &place, "").1, result);
    assert_eq!(create(&server, "a", BELL), done, "the token is remembered");
    assert_eq!(aws(&server, "braket", "GET", &waits, "").1["status"], "COMPLETED");
    assert_eq!(aws(&server, "braket", "GET", &cancelled, "").1["status"], "CANCELLED");
    // A reset is for good.
    assert_eq!(call(&server, "POST", "/_shotbook/reset", control, "{}").0, 200);
    drop(server);
    assert_eq!(folder.serve("w_third").state()["tasks"], json!([]));
}

#[test]
fn a_broken_last_line_is_cut_off_and_another_broken_line_is_refused() {
    let folder = Folder::new("broken");
    let server = folder.serve("w");
    assert_eq!(aws(&server, "s3", "PUT", "/results-1", "").0, 200);
    let _path = create(&server, "a", BELL);
    let before = state(&server);
    drop(server);
    let file = folder.0.join("changes.jsonl");
    let append = |text: &str| {
        let mut file = std::fs::OpenOptions::new().append(true).open(&file).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    };
    append("{\"world_ms\": 7, \"wal");
    assert_eq!(state(&folder.serve("w")), before);
    append("{}\n");
    let why = folder.start(Config::default(), "w").err().map(|e| e.to_string()).unwrap();
    assert!(why.contains("changes.jsonl, line 3"), "{why}");
}

#[test]
fn a_folder_belongs_to_one_process_and_one_set_up() {
    let folder = Folder::new("one");
    let server = folder.serve("w");
    let why = |config: Config| folder.start(config, "w").err().map(|e| e.to_string()).unwrap();
    assert!(why(Config::default()).contains("another stand-in"));
    drop(server);
    assert!(why(Config { seed: 7, ..Config::default() }).contains("--seed 0, not 7"));
}

#[test]
fn a_recording_answers_in_place_of_a_world() {
    let folder = Folder::new("replay");
    std::fs::create_dir_all(&folder.0).unwrap();
    let file = folder.0.join("calls.jsonl");
    let start =
        |listen: Listen| serve_with("127.0.0.1:0".parse().unwrap(), Config::default(), "w", listen).unwrap();
    let record = Some(std::fs::File::create(&file).unwrap());
    let server = start(Listen { record, ..Listen::default() });
    assert_eq!(aws(&server, "s3", "PUT", "/results-1", "").0, 200);
    let path = create(&server, "a", BELL);
    let task = aws(&server, "braket", "GET", &path, "");
    drop(server);
    let recording = shotbook_mocks::Recording::parse(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let server = start(Listen { replay: Some(recording), ..Listen::default() });
    assert_eq!(create(&server, "another token", BELL), path);
    assert_eq!(aws(&server, "braket", "GET", &path, ""), task);
    assert_eq!(aws(&server, "braket", "GET", "/device/x", "").0, 500);
    assert_eq!(server.meter().creates, 0, "no world is behind it");
}

#[test]
fn a_past_reads_the_same_and_overwritten_objects_are_forgotten() {
    let folder = Folder::new("short");
    let server = folder.serve("w_short");
    assert_eq!(aws(&server, "s3", "PUT", "/results-1", "").0, 200);
    let task = create(&server, "a", BELL);
    let (_, before) = aws(&server, "braket", "GET", &task, "");
    let place = format!("/results-1/{}/results.json", before["outputS3Directory"].as_str().unwrap());
    let result = aws(&server, "s3", "GET", &place, "").1;
    let large = "x".repeat(40_000);
    for round in 0..5 {
        assert_eq!(aws(&server, "s3", "PUT", "/results-1/k", &format!("{large}{round}")).0, 200);
    }
    assert_eq!(aws(&server, "s3", "PUT", "/results-1/gone", &large).0, 200);
    assert_eq!(aws(&server, "s3", "DELETE", "/results-1/gone", "").0, 204);
    let whole = state(&server);
    drop(server);
    let file = folder.0.join("changes.jsonl");
    let length = || std::fs::metadata(&file).unwrap().len();
    let long = length();
    let server = folder.serve("w_other");
    assert!(length() < long / 3, "{} of {long}", length());
    assert_eq!(aws(&server, "s3", "PUT", "/results-1/late", "1").0, 200);
    drop(server);
    let server = folder.serve("w_other");
    let mut now = state(&server);
    let objects = now["objects"].as_array_mut().unwrap();
    objects.retain(|o| o != "s3://results-1/late");
    assert_eq!(now, whole);
    assert_eq!(aws(&server, "braket", "GET", &task, "").1, before);
    assert_eq!(aws(&server, "s3", "GET", &place, "").1, result);
    let k = aws(&server, "s3", "HEAD", "/results-1/k", "").0;
    let gone = aws(&server, "s3", "HEAD", "/results-1/gone", "").0;
    assert_eq!((k, gone), (200, 404));
}

/// A file of changes that is worth shortening: an object that was written over again and again.
fn grow(server: &Server) {
    for round in 0..4 {
        assert_eq!(
            aws(server, "s3", "PUT", "/results-1/pad", &format!("{}{round}", "x".repeat(40_000))).0,
            200
        );
    }
}

fn with(server: &Server, header: &str, method: &str, target: &str, body: &str) -> u16 {
    let signed =
        "Authorization: AWS4-HMAC-SHA256 Credential=AKIA/20270115/us-east-1/s3/aws4_request, Signature=0\r\n";
    call(server, method, target, &format!("{signed}{header}\r\n"), body).0
}

#[test]
fn a_shorter_file_brings_no_deleted_object_back() {
    let folder = Folder::new("deleted");
    let server = folder.serve("w");
    assert_eq!(aws(&server, "s3", "PUT", "/results-1", "").0, 200);
    assert_eq!(aws(&server, "s3", "PUT", "/other-1", "").0, 200);
    assert_eq!(aws(&server, "s3", "PUT", "/results-1/old", "\"old\"").0, 200);
    grow(&server);
    let copy = |to: &str| with(&server, "x-amz-copy-source: results-1/old", "PUT", to, "");
    // Written by a copy, deleted, and written again where nothing is.
    assert_eq!(copy("/results-1/k"), 200);
    assert_eq!(aws(&server, "s3", "DELETE", "/results-1/k", "").0, 204);
    assert_eq!(with(&server, "If-None-Match: *", "PUT", "/results-1/k", "\"new\""), 200);
    // A bucket that was emptied, removed and made again.
    assert_eq!(copy("/other-1/k"), 200);
    assert_eq!(copy("/other-1/gone"), 200);
    assert_eq!(aws(&server, "s3", "DELETE", "/other-1/gone", "").0, 204);
    assert_eq!(aws(&server, "s3", "DELETE", "/other-1/k", "").0, 204);
    assert_eq!(aws(&server, "s3", "DELETE", "/other-1", "").0, 204);
    assert_eq!(aws(&server, "s3", "DELETE", "/other-1/k", "").0, 404);
    assert_eq!(with(&server, "X: y", "PUT", "/other-1", ""), 200);
    assert_eq!(aws(&server, "s3", "PUT", "/other-1/k", "1").0, 200);
    assert_eq!(aws(&server, "s3", "DELETE", "/other-1/k", "").0, 204);
    let before = state(&server);
    drop(server);
    let length = || std::fs::metadata(folder.0.join("changes.jsonl")).unwrap().len();
    let long = length();
    drop(folder.serve("w"));
    assert!(length() < long / 2, "{} of {long}", length());
    let server = folder.serve("w");
    assert_eq!(state(&server), before);
    assert_eq!(aws(&server, "s3", "GET", "/results-1/k", "").1, "new");
    assert_eq!(aws(&server, "s3", "DELETE", "/other-1", "").0, 204, "it is empty");
}

#[test]
fn a_shorter_file_keeps_its_folder_taken() {
    use std::os::unix::fs::MetadataExt;
    let folder = Folder::new("taken");
    let server = folder.serve("w");
    assert_eq!(aws(&server, "s3", "PUT", "/results-1", "").0, 200);
    grow(&server);
    drop(server);
    let inode = |name: &str| std::fs::metadata(folder.0.join(name)).unwrap().ino();
    // Another process opens what it wants to lock, and is slow to do so.
    let slow: Vec<std::fs::File> = std::fs::read_dir(&folder.0)
        .unwrap()
        .map(|entry| std::fs::OpenOptions::new().append(true).open(entry.unwrap().path()).unwrap())
        .collect();
    let changes = inode("changes.jsonl");
    let server = folder.serve("w");
    assert_ne!(inode("changes.jsonl"), changes, "it was replaced");
    let taken = slow.iter().filter(|file| file.try_lock().is_err()).count();
    assert_eq!(taken, 1, "the lock is on a file that stays");
    drop(server);
}

//! The listener: large circuits, impolite clients, the controls.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shotbook_mocks::{Config, Server, serve, state_of};

use crate::world::{BELL, action};

fn start() -> Server {
    serve("127.0.0.1:0".parse().unwrap(), Config::default(), "w_test", "secret").unwrap()
}

/// Sends bytes and reads to the end of the connection.
fn raw(server: &Server, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(bytes).unwrap();
    let mut out = Vec::new();
    let _reset = stream.read_to_end(&mut out);
    String::from_utf8_lossy(&out).into_owned()
}

pub fn call(server: &Server, method: &str, target: &str, headers: &str, body: &str) -> (u16, Value) {
    let text = format!(
        "{method} {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
        server.address(),
        body.len()
    );
    let reply = raw(server, text.as_bytes());
    let status = reply.get(9..12).and_then(|s| s.parse().ok()).unwrap_or(0);
    let body = reply.split_once("\r\n\r\n").map_or("", |(_, b)| b);
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

pub fn aws(server: &Server, service: &str, method: &str, target: &str, body: &str) -> (u16, Value) {
    let signed = format!(
        "Authorization: AWS4-HMAC-SHA256 Credential=AKIA/20270115/us-east-1/{service}/aws4_request, Signature=0\r\n"
    );
    call(server, method, target, &signed, body)
}

pub fn create(server: &Server, token: &str, source: &str) -> String {
    let body = json!({"clientToken": token, "deviceArn": crate::world::SV1, "shots": 10,
        "action": action(source), "outputS3Bucket": "results-1", "outputS3KeyPrefix": "tasks"});
    let (status, reply) = aws(server, "braket", "POST", "/quantum-task", &body.to_string());
    assert_eq!(status, 201, "{reply}");
    crate::world::path("quantum-task", reply["quantumTaskArn"].as_str().unwrap(), "")
}

#[test]
fn a_large_task_runs_while_others_are_answered() {
    let server = start();
    assert_eq!(aws(&server, "s3", "PUT", "/results-1", "").0, 200);
    // Entangled by angles that are no Clifford gates, so that only amplitudes can answer.
    let layer: String =
        (0..25).map(|q| format!("rx(0.3) q[{q}];\ncnot q[{q}], q[{}];\n", (q + 7) % 25)).collect();
    let large = format!("OPENQASM 3.0;\nqubit[25] q;\n{}", layer.repeat(60));
    let large = create(&server, "large", &large);
    let began = Instant::now();
    assert_eq!(aws(&server, "braket", "GET", &large, "").1["status"], "RUNNING");
    let small = create(&server, "small", BELL);
    assert_eq!(aws(&server, "braket", "GET", &small, "").1["status"], "COMPLETED");
    assert!(began.elapsed() < Duration::from_secs(10), "others waited {:?}", began.elapsed());
    let cancel = format!("{large}/cancel");
    assert_eq!(aws(&server, "braket", "PUT", &cancel, r#"{"clientToken":"c"}"#).0, 200);
    assert_eq!(aws(&server, "braket", "GET", &large, "").1["status"], "CANCELLED");
}

#[test]
fn impolite_requests_are_refused() {
    let server = start();
    let host = server.address();
    let long = format!("GET / HTTP/1.1\r\nHost: {host}\r\nX: {}\r\n\r\n", "x".repeat(20_000));
    assert!(raw(&server, long.as_bytes()).starts_with("HTTP/1.1 431"));
    for text in [
        "POST /devices HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd",
        "GARBAGE\r\n\r\n",
        "POST /devices HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ] {
        let reply = raw(&server, text.as_bytes());
        assert!(!reply.starts_with("HTTP/1.1 2"), "{text}: {reply}");
    }
    let evil = "GET /_shotbook/state HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    assert!(raw(&server, evil.as_bytes()).starts_with("HTTP/1.1 421"));
    assert!(state_of(&format!("http://{host}")).is_ok());
}

#[test]
fn the_controls_need_their_token() {
    let server = start();
    let json = "Content-Type: application/json\r\nAuthorization: Bearer secret\r\n";
    let fault = r#"{"kind":"throttle","operation":"SearchDevices"}"#;
    assert_eq!(
        call(&server, "POST", "/_shotbook/faults", "Content-Type: application/json\r\n", fault).0,
        403
    );
    assert_eq!(call(&server, "POST", "/_shotbook/faults", json, fault).0, 200);
    assert_eq!(aws(&server, "braket", "POST", "/devices", r#"{"filters":[]}"#).0, 429);
    assert_eq!(aws(&server, "braket", "POST", "/devices", r#"{"filters":[]}"#).0, 200);
    assert_eq!(call(&server, "POST", "/_shotbook/faults", json, r#"{"kind":"no","operation":"*"}"#).0, 400);
    let time = |reply: (u16, Value)| reply.1["time"].as_str().unwrap_or("").to_owned();
    let first = time(call(&server, "POST", "/_shotbook/clock", json, r#"{"rate":0}"#));
    let later = time(call(&server, "POST", "/_shotbook/clock", json, r#"{"advance_ms":86400000}"#));
    assert_ne!(first[..10], later[..10], "{first} {later}");
    assert_eq!(time(call(&server, "GET", "/_shotbook/state", "", "")), later);
    assert_eq!(call(&server, "POST", "/_shotbook/clock", json, r#"{"advance_ms":-1}"#).0, 400);
    assert_eq!(aws(&server, "s3", "PUT", "/results-1", "").0, 200);
    let task = create(&server, "t", BELL);
    assert_eq!(server.meter().creates, 1);
    assert_eq!(call(&server, "POST", "/_shotbook/reset", json, "{}").0, 200);
    assert_eq!(server.meter().creates, 0);
    assert_eq!(aws(&server, "braket", "GET", &task, "").0, 404);
    let offline = r#"{"device":"Garnet","status":"OFFLINE"}"#;
    assert_eq!(call(&server, "POST", "/_shotbook/devices", json, offline).0, 200);
    assert_eq!(call(&server, "GET", "/_shotbook/", "", "").0, 200);
}

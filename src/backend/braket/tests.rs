//! What goes over the wire, seen by a plain listener.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::time::Duration;

use super::client::{Options, SdkBraket};
use super::wire;
use crate::backend::{Braket, CreateReply, Draft, tags};
use crate::ids::{DeviceArn, JobTag, StoreId};
use crate::job::Lane;
use crate::time::Timestamp;

const CREATED: &str = r#"{"quantumTaskArn":"arn:aws:braket:eu-north-1:123456789012:quantum-task/1-a"}"#;

struct Seen {
    head: String,
    body: Vec<u8>,
}

/// Answers each connection with the next raw reply; an empty reply drops the connection.
fn listener(replies: Vec<String>) -> (String, mpsc::Receiver<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for reply in replies {
            let Ok((mut stream, _)) = listener.accept() else { return };
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            let (mut bytes, mut buffer) = (Vec::new(), [0u8; 65_536]);
            let (head, length) = loop {
                let n = stream.read(&mut buffer).unwrap_or(0);
                bytes.extend_from_slice(&buffer[..n]);
                if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
                    let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
                    let length =
                        head.lines().find_map(|l| l.strip_prefix("content-length: ")?.parse::<usize>().ok());
                    bytes.drain(..end + 4);
                    break (head, length.unwrap_or(0));
                }
                if n == 0 {
                    return;
                }
            };
            while bytes.len() < length {
                match stream.read(&mut buffer) {
                    Ok(n) if n > 0 => bytes.extend_from_slice(&buffer[..n]),
                    _ => break,
                }
            }
            let _test_over = sender.send(Seen { head, body: bytes });
            let _gone = stream.write_all(reply.as_bytes());
        }
    });
    (url, receiver)
}

fn reply(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ndate: Tue, 24 Nov 2026 12:00:00 GMT\r\n{headers}\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

fn lane(url: &str) -> Lane {
    Lane {
        endpoint: Some(url.to_owned()),
        account: "123456789012".into(),
        region: "eu-north-1".into(),
        bucket: "b".into(),
        world: None,
    }
}

fn draft_body(action: &str) -> Vec<u8> {
    let token = JobTag::of(&StoreId::new("s"), "k").token(1);
    let tags = [(tags::JOB.to_owned(), "j".to_owned()), ("näme".to_owned(), "wert \"x\"".to_owned())].into();
    wire::render(&Draft {
        action,
        device: &DeviceArn::new("arn:aws:braket:eu-north-1::device/qpu/iqm/Garnet"),
        shots: 1000,
        token: &token,
        bucket: "bucket",
        prefix: "shotbook/s/j/1".into(),
        tags,
        reservation: None,
        experimental: false,
    })
}

/// One send by a client of its own.
fn send(url: &str, signed_at: Timestamp, body: &[u8]) -> CreateReply {
    let braket = SdkBraket::with_credentials(
        Options {
            endpoint_url: Some(url.to_owned()),
            region: Some("eu-north-1".into()),
            ..Options::default()
        },
        "AKIATEST",
        "secret",
    );
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(braket.send(&lane(url), signed_at, body))
}

fn header<'a>(seen: &'a Seen, name: &str) -> &'a str {
    seen.head.lines().find_map(|l| l.strip_prefix(&format!("{name}: "))).unwrap_or("")
}

#[test]
fn what_is_stored_is_what_is_sent_whole_and_signed_with_the_stored_time() {
    let at: Timestamp = "2026-11-20T08:00:00Z".parse().unwrap();
    let body = draft_body(&"å\u{1}\"\\".repeat(300_000));
    assert!(body.len() > 2_000_000);
    let mut signatures = Vec::new();
    for _process in 0..2 {
        let (url, seen) = listener(vec![reply("201 Created", "", CREATED)]);
        assert!(matches!(send(&url, at, &body), CreateReply::Created(_)));
        let seen = seen.recv_timeout(Duration::from_secs(10)).unwrap();
        assert!(seen.head.starts_with("post /quantum-task "), "{}", seen.head);
        assert_eq!(seen.body.len(), body.len());
        assert!(seen.body == body, "the bytes changed on the way");
        assert_eq!(header(&seen, "x-amz-date"), "20261120t080000z");
        let authorization = header(&seen, "authorization").to_owned();
        assert!(authorization.contains("/20261120/eu-north-1/braket/aws4_request"), "{authorization}");
        signatures.push(
            authorization.split("signedheaders=").nth(1).map(|s| s.split(',').next().map(str::to_owned)),
        );
    }
    assert_eq!(signatures[0], signatures[1]);
}

#[test]
fn the_body_says_what_the_model_asks_for() {
    let value: serde_json::Value = serde_json::from_slice(&draft_body("{}")).unwrap();
    let names: Vec<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    let expected =
        ["action", "clientToken", "deviceArn", "outputS3Bucket", "outputS3KeyPrefix", "shots", "tags"];
    assert_eq!(sorted, expected);
    assert!(value["shots"].is_u64() && value["action"].is_string());
    assert_eq!(draft_body("{}"), draft_body("{}"));
}

#[test]
fn every_odd_reply_is_unsure_and_sent_once() {
    let at: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
    let id = "x-amzn-requestid: r-1\r\n";
    let odd = [
        reply("500 Internal Server Error", id, r#"{"message":"x"}"#),
        reply("503 Service Unavailable", id, ""),
        reply("429 Too Many Requests", "x-amzn-errortype: ThrottlingException\r\n", r#"{"message":"x"}"#),
        reply("403 Forbidden", "x-amzn-errortype: AccessDeniedException\r\n", r#"{"message":"x"}"#),
        reply("201 Created", id, "{}"),
        reply("201 Created", id, "<html>"),
        reply("201 Created", id, r#"{"quantumTaskArn":"banana"}"#),
        reply("200 OK", id, CREATED),
        reply("302 Found", "location: http://127.0.0.1:9/\r\n", ""),
        reply("400 Bad Request", "x-amzn-errortype: ValidationException\r\n", r#"{"message":"no id"}"#),
        reply("400 Bad Request", id, "<html>a middlebox</html>"),
        String::new(),
        "HTTP/1.1 201 Created\r\ncontent-length: 900\r\n\r\n{\"quantum".to_owned(),
        "garbage\r\n\r\n".to_owned(),
    ];
    for raw in odd {
        let (url, seen) = listener(vec![raw.clone(), raw.clone()]);
        let answer = send(&url, at, b"{}");
        assert!(matches!(answer, CreateReply::Unsure { .. }), "{raw}: {answer:?}");
        assert!(seen.recv_timeout(Duration::from_secs(10)).is_ok());
        assert!(seen.recv_timeout(Duration::from_millis(50)).is_err(), "{raw} was sent again");
    }
}

#[test]
fn a_modelled_refusal_with_an_id_is_an_answer() {
    let at: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
    let headers = "x-amzn-requestid: r-1\r\nx-amzn-errortype: DeviceOfflineException\r\n";
    let (url, _seen) = listener(vec![reply("424 Failed Dependency", headers, r#"{"message":"offline"}"#)]);
    let CreateReply::Refused(refusal) = send(&url, at, b"{}") else { panic!() };
    assert!(refusal.deferrable && refusal.message == "offline", "{refusal:?}");
}

//! The stand-in under load, its load generator on the same machine. Goals beside each row.
//!
//! `cargo bench -p shotbook-mocks --bench stand_in`.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use shotbook_mocks::{Config, Server, serve};

const GARNET: &str = "arn:aws:braket:eu-north-1::device/qpu/iqm/Garnet";
const CONNECTIONS: usize = 8;

/// One keep-alive connection.
struct Client {
    stream: BufReader<TcpStream>,
    authority: String,
}

impl Client {
    fn new(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Self { stream: BufReader::new(stream), authority: address.to_string() }
    }

    fn send(&mut self, head: &str, body: &str) -> (u16, Vec<u8>) {
        let (host, length) = (&self.authority, body.len());
        let text = format!("{head}host: {host}\r\ncontent-length: {length}\r\n\r\n{body}");
        self.stream.get_mut().write_all(text.as_bytes()).unwrap();
        let (mut status, mut size, mut line) = (0, 0, String::new());
        loop {
            line.clear();
            assert!(self.stream.read_line(&mut line).unwrap() > 0, "closed");
            let lower = line.trim().to_ascii_lowercase();
            if let Some(rest) = lower.strip_prefix("http/1.1 ") {
                status = rest[..3].parse().unwrap();
            } else if let Some(rest) = lower.strip_prefix("content-length:") {
                size = rest.trim().parse().unwrap();
            } else if lower.is_empty() {
                break;
            }
        }
        let mut body = vec![0; size];
        self.stream.read_exact(&mut body).unwrap();
        (status, body)
    }

    fn ask(&mut self, service: &str, method: &str, target: &str, body: &str) -> (u16, Vec<u8>) {
        let scope = format!("123456789012/20260101/eu-north-1/{service}/aws4_request");
        let head = format!(
            "{method} {target} HTTP/1.1\r\nauthorization: AWS4-HMAC-SHA256 Credential={scope}, \
             SignedHeaders=host, Signature=0\r\nuser-agent: load BraketSchemas/1.32.0\r\n"
        );
        self.send(&head, body)
    }

    fn create(&mut self, token: u64) -> String {
        let source = "OPENQASM 3.0; bit[2] b; qubit[2] q; h q[0]; cnot q[0], q[1]; b = measure q;";
        let action = format!(
            "{{\\\"braketSchemaHeader\\\":{{\\\"name\\\":\\\"braket.ir.openqasm.program\\\",\\\"version\\\":\\\"1\\\"}},\
             \\\"source\\\":\\\"{source}\\\"}}"
        );
        let body = format!(
            "{{\"clientToken\":\"t{token}\",\"deviceArn\":\"{GARNET}\",\"action\":\"{action}\",\"shots\":100,\
             \"outputS3Bucket\":\"load\",\"outputS3KeyPrefix\":\"p\"}}"
        );
        let (status, body) = self.ask("braket", "POST", "/quantum-task", &body);
        let text = String::from_utf8(body).unwrap();
        assert_eq!(status, 201, "{text}");
        text.split('"').find(|t| t.starts_with("arn:")).unwrap().to_owned()
    }

    fn get(&mut self, arn: &str) -> String {
        let target = format!("/quantum-task/{}", arn.replace(':', "%3A").replace('/', "%2F"));
        let (status, body) = self.ask("braket", "GET", &target, "");
        assert_eq!(status, 200);
        String::from_utf8(body).unwrap()
    }

    fn finish(&mut self, token: u64) {
        let arn = self.create(token);
        while !self.get(&arn).contains("\"COMPLETED\"") {}
        let key = format!("/load/p/{}/results.json", arn.rsplit('/').next().unwrap());
        let (status, body) = self.ask("s3", "GET", &key, "");
        assert!(status == 200 && body.len() > 500);
    }
}

fn server() -> Server {
    let server = serve("127.0.0.1:0".parse().unwrap(), Config::default(), "w_load", "t").unwrap();
    let place = "<C><LocationConstraint>eu-north-1</LocationConstraint></C>";
    assert_eq!(Client::new(server.address()).ask("s3", "PUT", "/load", place).0, 200);
    server
}

/// Calls a second over so many connections, and the slowest hundredth of them.
fn closed(address: SocketAddr, seconds: f64, call: impl Fn(&mut Client) + Sync) -> (f64, Duration) {
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    let began = Instant::now();
    let mut times: Vec<Duration> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                scope.spawn(|| {
                    let (mut client, mut times) = (Client::new(address), Vec::new());
                    while Instant::now() < end {
                        let at = Instant::now();
                        call(&mut client);
                        times.push(at.elapsed());
                    }
                    times
                })
            })
            .collect();
        workers.into_iter().flat_map(|w| w.join().unwrap()).collect()
    });
    times.sort();
    (times.len() as f64 / began.elapsed().as_secs_f64(), times[times.len() * 99 / 100])
}

/// The slowest hundredth at a fixed rate, counted from when each call was due.
fn open(address: SocketAddr, rate: f64, seconds: f64, call: impl Fn(&mut Client) + Sync) -> Duration {
    let (next, began) = (AtomicU64::new(0), Instant::now());
    let mut times: Vec<Duration> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..CONNECTIONS)
            .map(|_| {
                scope.spawn(|| {
                    let (mut client, mut times) = (Client::new(address), Vec::new());
                    loop {
                        let due = next.fetch_add(1, Ordering::Relaxed) as f64 / rate;
                        if due > seconds {
                            return times;
                        }
                        let due = began + Duration::from_secs_f64(due);
                        std::thread::sleep(due.saturating_duration_since(Instant::now()));
                        call(&mut client);
                        times.push(due.elapsed());
                    }
                })
            })
            .collect();
        workers.into_iter().flat_map(|w| w.join().unwrap()).collect()
    });
    times.sort();
    times[times.len() * 99 / 100]
}

/// Units: MiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).unwrap_or("0");
    line.split_whitespace().next().and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) / 1024
}

fn row(what: &str, got: String, goal: &str) {
    println!("{what:44} {got:>14}   {goal}");
}

fn main() {
    println!("{:44} {:>14}   goal", "over 8 connections that stay open", "measured");
    let server = server();
    let address = server.address();
    let arn = Client::new(address).create(0);
    let _completed = Client::new(address).get(&arn);
    let (gets, p99) = closed(address, 5.0, |client| assert!(client.get(&arn).contains("COMPLETED")));
    row("GetQuantumTask a second", format!("{gets:.0}"), "at least 10,000");
    row("  p99", format!("{:.1} ms", p99.as_secs_f64() * 1e3), "");
    let half = open(address, gets / 2.0, 5.0, |client| assert!(client.get(&arn).contains("COMPLETED")));
    row("  p99 at half that load", format!("{:.1} ms", half.as_secs_f64() * 1e3), "under 10 ms");
    let token = AtomicU64::new(1);
    let finish = |client: &mut Client| client.finish(token.fetch_add(1, Ordering::Relaxed));
    let (tasks, p99) = closed(address, 5.0, finish);
    row("Bell tasks a second: create, get, result", format!("{tasks:.0}"), "at least 1,500");
    row("  p99 of the three calls", format!("{:.1} ms", p99.as_secs_f64() * 1e3), "");
    let half = open(address, tasks / 2.0, 5.0, finish);
    row("  p99 at half that load", format!("{:.1} ms", half.as_secs_f64() * 1e3), "under 10 ms");

    // Slow ones send a header's first half, half-open ones nothing at all.
    let idle: Vec<TcpStream> = (0..1_000)
        .map(|i| {
            let mut stream = TcpStream::connect(address).unwrap();
            if i % 2 == 0 {
                stream.write_all(b"POST /quantum-task HTTP/1.1\r\nhost: 127").unwrap();
            }
            stream
        })
        .collect();
    let began = Instant::now();
    let answer = Client::new(address).get(&arn);
    assert!(answer.contains("COMPLETED"));
    row(
        "  beside 1,000 slow connections",
        format!("{:.1} ms", began.elapsed().as_secs_f64() * 1e3),
        "under 1 s",
    );
    drop(idle);

    let before = resident();
    let made = token.load(Ordering::Relaxed);
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                let mut client = Client::new(address);
                loop {
                    let n = token.fetch_add(1, Ordering::Relaxed);
                    if n > made + 100_000 {
                        return;
                    }
                    let arn = client.create(n);
                    while !client.get(&arn).contains("\"COMPLETED\"") {}
                }
            });
        }
    });
    let mib = resident().saturating_sub(before);
    row("100,000 finished tasks more", format!("{mib} MiB"), "under 1,024 MiB");
}

//! Asks a running stand-in for its state.

use std::io::{Error, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(10);

/// The state of the stand-in at an address such as `http://127.0.0.1:4599`.
///
/// # Errors
/// When nothing answers there, or something that is no stand-in.
pub fn state_of(endpoint: &str) -> std::io::Result<Value> {
    let host = endpoint.strip_prefix("http://").unwrap_or(endpoint);
    let host = host.split('/').next().unwrap_or("");
    let address = host.to_socket_addrs()?.next().ok_or_else(|| Error::other("there is no such host"))?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET /_shotbook/state HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
    let mut reply = Vec::new();
    stream.take(1 << 30).read_to_end(&mut reply)?;
    let body = reply.windows(4).position(|w| w == b"\r\n\r\n").map(|at| &reply[at + 4..]);
    let state: Option<Value> = body.and_then(|b| serde_json::from_slice(b).ok());
    let known = state.filter(|s| s["schema"] == "shotbook.mock/1");
    known.ok_or_else(|| Error::other("what answers there is no stand-in"))
}

//! A stand-in and a store of its own for each test, and the binary between them.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;
use shotbook_mocks::faults::{Fault, Kind};
use shotbook_mocks::{Config, Server, environment, serve};

/// One test's surroundings.
pub struct World {
    pub folder: tempfile::TempDir,
    pub server: Server,
}

/// A file of the corpus.
pub fn circuit(name: &str) -> String {
    format!("{}/circuits/{name}", env!("CARGO_MANIFEST_DIR"))
}

impl World {
    pub fn new() -> Self {
        Self::with(Config::default())
    }

    pub fn with(config: Config) -> Self {
        let address = "127.0.0.1:0".parse().unwrap();
        let server = serve(address, config, "w_test", "token").unwrap();
        Self { folder: tempfile::tempdir().unwrap(), server }
    }

    pub fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    /// The binary with nothing of the surrounding environment but a path.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shotbook"));
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", self.folder.path());
        command.env("SHOTBOOK_HOME", self.home()).envs(environment(self.server.address()));
        command.args(args);
        command
    }

    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs to an exit code and gives the JSON that it printed.
    pub fn json(&self, args: &[&str], code: i32) -> Value {
        let output = self.run(args);
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{args:?}\n{out}\n{err}");
        serde_json::from_str(&out).unwrap_or_else(|e| panic!("{args:?}: {e}\n{out}\n{err}"))
    }

    pub fn creates(&self) -> u64 {
        self.server.meter().creates
    }

    pub fn fault(&self, kind: Kind, operation: &str, at: u64, times: u64) {
        self.server.arm(Fault::new(kind, operation, at, times));
    }

    /// A call of another tool, such as `POST /job`; gives the whole answer.
    pub fn aws(&self, (service, region): (&str, &str), what: &str, body: &str) -> String {
        use std::io::{Read, Write};
        let (to, length) = (self.server.address(), body.len());
        let mut stream = std::net::TcpStream::connect(to).unwrap();
        let scope = format!("123456789012/20270115/{region}/{service}/aws4_request");
        let head = format!(
            "{what} HTTP/1.1\r\nHost: {to}\r\nAuthorization: AWS4-HMAC-SHA256 Credential={scope}, Signature=0\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// A write below `/_shotbook/` of the stand-in.
    pub fn control(&self, what: &str, body: &str) {
        use std::io::{Read, Write};
        let (to, token, length) = (self.server.address(), self.server.token(), body.len());
        let mut stream = std::net::TcpStream::connect(to).unwrap();
        let head = format!(
            "POST /_shotbook/{what} HTTP/1.1\r\nHost: {to}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    /// The stand-in's own offer file under another date and with one other rate.
    pub fn offers(&self, date: &str, from: &str, to: &str) -> tempfile::NamedTempFile {
        let text = shotbook_mocks::offers_csv();
        assert!(text.contains(from), "{from}");
        let text = text.replace("2026-09-04T", &format!("{date}T")).replace(from, to);
        let file = tempfile::NamedTempFile::new_in(self.folder.path()).unwrap();
        std::fs::write(file.path(), text).unwrap();
        file
    }

    /// The ledger of the store equals the stand-in's own meter.
    pub fn assert_books(&self) {
        let cost = self.json(&["cost", "--json"], 0);
        assert_eq!(cost["total"]["held"], "0", "{cost}");
        assert_eq!(cost["total"]["settled"], self.server.meter().cost(), "{cost}");
        assert!(self.run(&["store", "check"]).status.success());
    }
}

//! A world with a caller.

use serde_json::{Value, json};
use shotbook_mocks::{Config, Now, Request, Response, World};

pub const GARNET: &str = "arn:aws:braket:eu-north-1::device/qpu/iqm/Garnet";
pub const SV1: &str = "arn:aws:braket:::device/quantum-simulator/amazon/sv1";
pub const BELL: &str = "OPENQASM 3.0;\nbit[2] b;\nqubit[2] q;\nh q[0];\ncnot q[0], q[1];\nb = measure q;\n";

/// A caller in one region, at a time that only moves when told.
pub struct Caller {
    pub world: World,
    pub region: &'static str,
    pub now_ms: i64,
    tokens: u32,
}

/// A status and a body of JSON.
pub type Reply = (u16, Value);

pub fn action(source: &str) -> String {
    json!({"braketSchemaHeader": {"name": "braket.ir.openqasm.program", "version": "1"}, "source": source})
        .to_string()
}

impl Caller {
    pub fn new(config: Config, region: &'static str) -> Self {
        let mut caller =
            Self { world: World::new(config, "w_test"), region, now_ms: 1_800_000_000_000, tokens: 0 };
        caller.bucket("results-1");
        caller
    }

    pub fn north() -> Self {
        Self::new(Config::default(), "eu-north-1")
    }

    fn bucket(&mut self, name: &str) {
        let body = format!("<C><LocationConstraint>{}</LocationConstraint></C>", self.region);
        let body = if self.region == "us-east-1" { String::new() } else { body };
        assert_eq!(self.send("s3", "PUT", &format!("/{name}"), body.into_bytes()).status, 200);
    }

    pub fn send(&mut self, service: &str, method: &str, target: &str, body: Vec<u8>) -> Response {
        let scope = format!("AKIA/20270115/{}/{service}/aws4_request", self.region);
        let headers = vec![
            ("authorization".to_owned(), format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host")),
            ("user-agent".to_owned(), "test BraketSchemas/1.32.0".to_owned()),
        ];
        let request = Request { method: method.into(), target: target.into(), headers, body };
        self.world.handle(Now::at(self.now_ms), &request).0
    }

    /// A call of a service that names its operation in a header.
    pub fn target(&mut self, service: &str, name: &str, body: &Value) -> Reply {
        let scope = format!("AKIA/20270115/{}/{service}/aws4_request", self.region);
        let headers = vec![
            ("authorization".to_owned(), format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host")),
            ("x-amz-target".to_owned(), name.to_owned()),
        ];
        let body = body.to_string().into_bytes();
        let request = Request { method: "POST".into(), target: "/".into(), headers, body };
        let reply = self.world.handle(Now::at(self.now_ms), &request).0;
        (reply.status, serde_json::from_slice(&reply.body).unwrap_or(Value::Null))
    }

    pub fn ask(&mut self, method: &str, target: &str, body: &Value) -> Reply {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let reply = self.send("braket", method, target, body);
        (reply.status, serde_json::from_slice(&reply.body).unwrap_or(Value::Null))
    }

    /// The body of a create, with a token of its own.
    pub fn task(&mut self, changes: &Value) -> Value {
        self.tokens += 1;
        let device = if self.region == "eu-north-1" { GARNET } else { SV1 };
        let mut body = json!({"clientToken": format!("token-{}", self.tokens), "deviceArn": device, "shots": 100,
            "action": action(BELL), "outputS3Bucket": "results-1", "outputS3KeyPrefix": "tasks"});
        for (name, value) in changes.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        body
    }

    pub fn create(&mut self, changes: &Value) -> Reply {
        let body = self.task(changes);
        self.ask("POST", "/quantum-task", &body)
    }

    /// Creates a task that must be accepted, and gives its ARN.
    pub fn made(&mut self, changes: &Value) -> String {
        let (status, body) = self.create(changes);
        assert_eq!(status, 201, "{body}");
        body["quantumTaskArn"].as_str().unwrap().to_owned()
    }

    pub fn get(&mut self, arn: &str) -> Value {
        let (status, body) = self.ask("GET", &path("quantum-task", arn, ""), &Value::Null);
        assert_eq!(status, 200, "{body}");
        body
    }

    pub fn file(&mut self, arn: &str, name: &str) -> Option<Value> {
        let directory = self.get(arn)["outputS3Directory"].as_str().unwrap().to_owned();
        let reply = self.send("s3", "GET", &format!("/results-1/{directory}/{name}"), Vec::new());
        (reply.status == 200).then(|| serde_json::from_slice(&reply.body).unwrap())
    }
}

/// A path with its ARN as one encoded segment.
pub fn path(kind: &str, arn: &str, end: &str) -> String {
    format!("/{kind}/{}{end}", arn.replace(':', "%3A").replace('/', "%2F"))
}

/// Whether a refusal has this status and these words.
pub fn refused(reply: &Reply, status: u16, words: &str) {
    assert_eq!(reply.0, status, "{}", reply.1);
    assert!(reply.1["message"].as_str().is_some_and(|m| m.contains(words)), "{} lacks {words:?}", reply.1);
}

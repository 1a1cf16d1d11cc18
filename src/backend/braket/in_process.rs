//! Braket without sockets: the shipped bodies and classification over plain requests and responses.

use serde_json::{Value, json};
use shotbook_mocks::{Request, Response};

use super::classify::{Answer, create_reply, remote_error};
use super::{sign, wire};
use crate::backend::{Braket, CreateReply, DeviceReport, Draft, LaneReport, RemoteError, Scan, SeenTask};
use crate::ids::{DeviceArn, QuantumTaskArn, Token};
use crate::job::{Lane, Output, StatusReport, TaskStatus};
use crate::price::Metering;
use crate::time::Timestamp;

/// What carries a request to the service and its response back; `None` when no response came.
#[allow(async_fn_in_trait, reason = "used by static dispatch on one thread")]
pub(crate) trait Wire {
    /// One request, one response at most.
    async fn exchange(&self, request: Request) -> Option<Response>;
    /// What a request is signed with when nothing was stored.
    fn now(&self) -> Timestamp;
}

/// Calls made by hand, with the meaning that the shipped code gives to their replies.
pub(crate) struct InProcess<W> {
    pub wire: W,
    pub account: &'static str,
}

fn signed_date(at: Timestamp) -> String {
    at.to_string()[..19].replace(['-', ':'], "") + "Z"
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
}

/// A response without HTTP, as far as the classification looks at it.
fn answer(response: Option<&Response>) -> Answer {
    let Some(response) = response else {
        return Answer { trouble: Some("the connection was cut".to_owned()), ..Answer::default() };
    };
    let body: Value = serde_json::from_slice(&response.body).unwrap_or(Value::Null);
    let text = String::from_utf8_lossy(&response.body);
    let in_xml = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
    Answer {
        status: response.status,
        arn: body["quantumTaskArn"].as_str().map(str::to_owned),
        code: header(response, "x-amzn-errortype").or(in_xml.map(|(code, _)| code)).map(str::to_owned),
        message: body["message"].as_str().map(str::to_owned),
        request_id: header(response, "x-amzn-requestid").is_some_and(|id| !id.is_empty()),
        retry_after: None,
        trouble: None,
    }
}

fn failed(response: Option<&Response>) -> RemoteError {
    remote_error(answer(response))
}

fn garbled() -> RemoteError {
    RemoteError::Unreachable("the reply is not readable".to_owned())
}

fn date(response: &Response) -> Result<Timestamp, RemoteError> {
    header(response, "date").and_then(sign::http_date).ok_or_else(garbled)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn instant(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

fn output(value: &Value) -> Output {
    Output { bucket: text(&value["outputS3Bucket"]), directory: text(&value["outputS3Directory"]) }
}

fn seen(row: &Value) -> Option<SeenTask> {
    let tags = row["tags"].as_object()?.iter().map(|(k, v)| (k.clone(), text(v))).collect();
    Some(SeenTask {
        task: QuantumTaskArn::new(row["quantumTaskArn"].as_str()?),
        device: DeviceArn::new(row["deviceArn"].as_str()?),
        status: TaskStatus::named(row["status"].as_str()?),
        shots: row["shots"].as_u64()?,
        created_at: instant(&row["createdAt"])?,
        tags,
        output: output(row),
    })
}

impl<W: Wire> InProcess<W> {
    async fn call(
        &self,
        (service, region): (&str, &str),
        (method, target): (&str, &str),
        signed_at: Timestamp,
        body: &[u8],
    ) -> Option<Response> {
        let date = signed_date(signed_at);
        let scope = format!(
            "AWS4-HMAC-SHA256 Credential={}/{}/{region}/{service}/aws4_request",
            self.account,
            &date[..8]
        );
        let headers = vec![
            ("authorization".to_owned(), scope),
            ("x-amz-date".to_owned(), date),
            ("content-type".to_owned(), "application/json".to_owned()),
        ];
        let request =
            Request { method: method.to_owned(), target: target.to_owned(), headers, body: body.to_vec() };
        self.wire.exchange(request).await
    }

    async fn json(
        &self,
        region: &str,
        how: (&str, &str),
        body: &[u8],
    ) -> Result<(Value, Response), RemoteError> {
        let response = self.call(("braket", region), how, self.wire.now(), body).await;
        let Some(response) = response.as_ref().filter(|r| (200..300).contains(&r.status)).cloned() else {
            return Err(failed(response.as_ref()));
        };
        let value = serde_json::from_slice(&response.body).map_err(|_| garbled())?;
        Ok((value, response))
    }
}

fn of_task(task: &QuantumTaskArn) -> String {
    format!("/quantum-task/{}", task.as_str().replace('/', "%2F"))
}

impl<W: Wire> Braket for InProcess<W> {
    async fn lane(&self, region: &str) -> Result<LaneReport, RemoteError> {
        let asked = self
            .call(
                ("sts", region),
                ("POST", "/"),
                self.wire.now(),
                b"Action=GetCallerIdentity&Version=2011-06-15",
            )
            .await;
        let Some(response) = asked.as_ref().filter(|r| r.status == 200) else {
            return Err(failed(asked.as_ref()));
        };
        let xml = String::from_utf8_lossy(&response.body);
        let part = |name: &str| -> Option<String> {
            let rest = xml.split_once(&format!("<{name}>"))?.1;
            Some(rest.split_once('<')?.0.to_owned())
        };
        let (account, user) = part("Account").zip(part("Arn")).ok_or_else(garbled)?;
        let (server_now, world) = (date(response)?, header(response, "x-shotbook-world").map(str::to_owned));
        let bucket = format!("amazon-braket-{region}-{account}");
        let place = format!("<LocationConstraint>{region}</LocationConstraint>");
        let place = if region == "us-east-1" { "" } else { &place };
        let how = ("PUT", format!("/{bucket}"));
        let made = self.call(("s3", region), (how.0, &how.1), self.wire.now(), place.as_bytes()).await;
        if made.as_ref().is_none_or(|r| r.status != 200 && r.status != 409) {
            return Err(failed(made.as_ref()));
        }
        let endpoint = Some("http://world".to_owned());
        let lane = Lane { endpoint, account, region: region.to_owned(), bucket, world };
        Ok(LaneReport { lane, server_now, user })
    }

    fn render(&self, draft: &Draft<'_>) -> Vec<u8> {
        wire::render(draft)
    }

    async fn send(&self, lane: &Lane, signed_at: Timestamp, body: &[u8]) -> CreateReply {
        let response = self.call(("braket", &lane.region), ("POST", "/quantum-task"), signed_at, body).await;
        create_reply(answer(response.as_ref()))
    }

    async fn status(&self, lane: &Lane, task: &QuantumTaskArn) -> Result<StatusReport, RemoteError> {
        let target = of_task(task) + "?additionalAttributeNames=QueueInfo";
        let (got, _) = self.json(&lane.region, ("GET", &target), b"").await?;
        if got["quantumTaskArn"] != task.as_str() {
            return Err(garbled());
        }
        let elapsed = instant(&got["createdAt"]).zip(instant(&got["endedAt"]));
        Ok(StatusReport {
            status: TaskStatus::named(got["status"].as_str().unwrap_or_default()),
            queue: got["queueInfo"]["position"].as_str().map(str::to_owned),
            failure: got["failureReason"].as_str().map(str::to_owned),
            metering: Metering {
                successful_shots: got["numSuccessfulShots"].as_u64(),
                execution_ms: None,
                elapsed_ms: elapsed.map(|(from, to)| to.since(from).as_millis() as u64),
            },
            output: output(&got),
        })
    }

    async fn cancel(&self, lane: &Lane, task: &QuantumTaskArn, token: &Token) -> Result<(), RemoteError> {
        let body = json!({"clientToken": token.as_str()}).to_string();
        let target = of_task(task) + "/cancel";
        self.json(&lane.region, ("PUT", &target), body.as_bytes()).await.map(|_| ())
    }

    async fn scan(&self, lane: &Lane, since: Timestamp) -> Result<Scan, RemoteError> {
        let filter = json!({"name": "createdAt", "operator": "GTE", "values": [since.to_string()]});
        let (mut tasks, mut token) = (Vec::new(), Value::Null);
        loop {
            // Small pages, so that even a short run turns one.
            let mut body = json!({"filters": [filter], "maxResults": 2});
            if token.is_string() {
                body["nextToken"] = token;
            }
            let how = ("POST", "/quantum-tasks");
            let (page, response) = self.json(&lane.region, how, body.to_string().as_bytes()).await?;
            let rows = page["quantumTasks"].as_array().ok_or_else(garbled)?;
            tasks
                .extend(rows.iter().map(|row| seen(row).ok_or_else(garbled)).collect::<Result<Vec<_>, _>>()?);
            token = page["nextToken"].clone();
            if !token.is_string() {
                let world = header(&response, "x-shotbook-world").map(str::to_owned);
                return Ok(Scan { tasks, server_now: date(&response)?, world });
            }
        }
    }

    async fn result(&self, lane: &Lane, output: &Output) -> Result<Vec<u8>, RemoteError> {
        let target = format!("/{}/{}/results.json", output.bucket, output.directory);
        let got = self.call(("s3", &lane.region), ("GET", &target), self.wire.now(), b"").await;
        match got {
            Some(response) if response.status == 200 => Ok(response.body),
            other => Err(failed(other.as_ref())),
        }
    }

    async fn device(&self, region: &str, device: &DeviceArn) -> Result<DeviceReport, RemoteError> {
        let target = format!("/device/{}", device.as_str().replace('/', "%2F"));
        let (got, _) = self.json(region, ("GET", &target), b"").await?;
        Ok(DeviceReport {
            status: text(&got["deviceStatus"]),
            queue: None,
            capabilities: text(&got["deviceCapabilities"]),
        })
    }
}

//! Each call: ask, see the head of the reply, name what it means.

use std::time::Duration;

use aws_sdk_braket::types::{
    QuantumTaskAdditionalAttributeName, SearchQuantumTasksFilter, SearchQuantumTasksFilterOperator,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;

use super::classify::{Answer, create_reply, remote_error};
use super::client::SdkBraket;
use super::sign::{Pinned, Seen, Tap};
use super::wire;
use crate::backend::{Braket, CreateReply, DeviceReport, Draft, LaneReport, RemoteError, Scan, SeenTask};
use crate::ids::{DeviceArn, QuantumTaskArn, Token};
use crate::job::{Lane, Output, StatusReport, TaskStatus};
use crate::price::Metering;
use crate::time::Timestamp;

/// Largest result that is read. Units: bytes.
const RESULT_BYTES: u64 = 256 << 20;
/// Longest that reading one may take; no timeout of the client covers a body.
const RESULT_TIME: Duration = Duration::from_secs(300);
const MAX_PAGES: usize = 2_000;

/// A failed call without AWS's types.
fn answer<E>(error: &SdkError<E, HttpResponse>, seen: Option<Seen>) -> Answer
where
    E: ProvideErrorMetadata + std::fmt::Debug,
{
    let seen = seen.unwrap_or_default();
    let status = error.raw_response().map_or(seen.status, |r| r.status().as_u16());
    let (code, message, trouble) = match error {
        SdkError::ServiceError(e) => (e.err().code(), e.err().message(), None),
        SdkError::TimeoutError(_) => (None, None, Some("it took too long".to_owned())),
        SdkError::DispatchFailure(e) => (
            None,
            None,
            Some(e.as_connector_error().map_or_else(|| "it never left".to_owned(), |c| sources(c))),
        ),
        SdkError::ResponseError(_) => (None, None, Some("the reply was cut or is no reply".to_owned())),
        _ => (None, None, Some("the request could not be made".to_owned())),
    };
    Answer {
        status,
        arn: None,
        code: code.map(str::to_owned),
        message: message.map(str::to_owned),
        request_id: seen.request_id,
        retry_after: seen.retry_after,
        trouble,
    }
}

/// An error with what caused it, in one line.
pub(super) fn sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

pub(super) fn failed<E>(error: &SdkError<E, HttpResponse>, tap: &Tap) -> RemoteError
where
    E: ProvideErrorMetadata + std::fmt::Debug,
{
    remote_error(answer(error, tap.seen()))
}

pub(super) fn instant(time: &aws_smithy_types::DateTime) -> Timestamp {
    Timestamp::from_micros(i64::try_from(time.as_nanos() / 1000).unwrap_or(i64::MAX))
}

impl SdkBraket {
    async fn find_bucket(&self, region: &str, account: &str) -> Result<String, RemoteError> {
        let bucket =
            self.options.bucket.clone().unwrap_or_else(|| format!("amazon-braket-{region}-{account}"));
        let s3 = self.s3(region).await;
        let tap = Tap::default();
        let head = s3.head_bucket().bucket(&bucket).customize().interceptor(tap.clone()).send().await;
        let Err(error) = head else { return Ok(bucket) };
        if self.options.make_no_bucket {
            return Ok(bucket);
        }
        if answer(&error, tap.seen()).status != 404 {
            return Err(failed(&error, &tap));
        }
        let mut create = s3.create_bucket().bucket(&bucket);
        if region != "us-east-1" {
            let location = aws_sdk_s3::types::BucketLocationConstraint::from(region);
            let configuration =
                aws_sdk_s3::types::CreateBucketConfiguration::builder().location_constraint(location);
            create = create.create_bucket_configuration(configuration.build());
        }
        let tap = Tap::default();
        match create.customize().interceptor(tap.clone()).send().await {
            Ok(_) => Ok(bucket),
            // Made by another process a moment ago, and ours.
            Err(e) if answer(&e, tap.seen()).code.as_deref() == Some("BucketAlreadyOwnedByYou") => Ok(bucket),
            Err(e) => Err(failed(&e, &tap)),
        }
    }
}

impl Braket for SdkBraket {
    async fn lane(&self, region: &str) -> Result<LaneReport, RemoteError> {
        let region = self.region(region).await?;
        let tap = Tap::default();
        let asked =
            self.sts(&region).await.get_caller_identity().customize().interceptor(tap.clone()).send().await;
        let caller = asked.map_err(|e| failed(&e, &tap))?;
        let seen = tap.seen().unwrap_or_default();
        let account = caller.account().unwrap_or_default().to_owned();
        let bucket = self.find_bucket(&region, &account).await?;
        let server_now =
            seen.date.ok_or_else(|| RemoteError::Unreachable("STS answered without a date".to_owned()))?;
        let lane = Lane { endpoint: self.endpoint(), account, region, bucket, world: seen.world };
        Ok(LaneReport { lane, server_now, user: caller.arn().unwrap_or_default().to_owned() })
    }

    fn render(&self, draft: &Draft<'_>) -> Vec<u8> {
        wire::render(draft)
    }

    async fn send(&self, lane: &Lane, signed_at: Timestamp, body: &[u8]) -> CreateReply {
        let tap = Tap::default();
        let body = body.to_vec();
        let override_config = aws_sdk_braket::config::Builder::new()
            .push_auth_scheme(Pinned::at(signed_at))
            .disable_clock_skew_correction(true)
            .retry_config(RetryConfig::disabled())
            .stalled_stream_protection(aws_sdk_braket::config::StalledStreamProtectionConfig::disabled());
        // No member is set: the stored bytes are the request, or it is no task at all.
        let sent = self
            .braket(&lane.region)
            .await
            .create_quantum_task()
            .customize()
            .config_override(override_config)
            .interceptor(tap.clone())
            .mutate_request(move |request| {
                // Without its length the body would be cut silently.
                request.headers_mut().insert("content-length", body.len().to_string());
                *request.body_mut() = body.clone().into();
            })
            .send()
            .await;
        let seen = tap.seen();
        create_reply(match &sent {
            Ok(created) => Answer {
                status: seen.as_ref().map_or(0, |s| s.status),
                arn: Some(created.quantum_task_arn().to_owned()),
                ..Answer::default()
            },
            Err(error) => answer(error, seen),
        })
    }

    async fn status(&self, lane: &Lane, task: &QuantumTaskArn) -> Result<StatusReport, RemoteError> {
        let tap = Tap::default();
        let call = self
            .braket(&lane.region)
            .await
            .get_quantum_task()
            .quantum_task_arn(task.as_str())
            .additional_attribute_names(QuantumTaskAdditionalAttributeName::QueueInfo);
        let got = call.customize().interceptor(tap.clone()).send().await.map_err(|e| failed(&e, &tap))?;
        if got.quantum_task_arn() != task.as_str() {
            return Err(RemoteError::Unreachable(format!(
                "asked for {task}, told of {:?}",
                got.quantum_task_arn()
            )));
        }
        let elapsed_ms = got.ended_at().map(|end| {
            u64::try_from(instant(end).since(instant(got.created_at())).as_millis()).unwrap_or(u64::MAX)
        });
        Ok(StatusReport {
            status: TaskStatus::named(got.status().as_str()),
            queue: got.queue_info().map(|q| q.position().to_owned()),
            failure: got.failure_reason().map(str::to_owned),
            metering: Metering {
                successful_shots: got.num_successful_shots().and_then(|n| u64::try_from(n).ok()),
                execution_ms: None,
                elapsed_ms,
            },
            output: Output {
                bucket: got.output_s3_bucket().to_owned(),
                directory: got.output_s3_directory().to_owned(),
            },
        })
    }

    async fn cancel(&self, lane: &Lane, task: &QuantumTaskArn, token: &Token) -> Result<(), RemoteError> {
        let tap = Tap::default();
        let call = self
            .braket(&lane.region)
            .await
            .cancel_quantum_task()
            .quantum_task_arn(task.as_str())
            .client_token(token.as_str());
        call.customize().interceptor(tap.clone()).send().await.map(|_| ()).map_err(|e| failed(&e, &tap))
    }

    async fn scan(&self, lane: &Lane, since: Timestamp) -> Result<Scan, RemoteError> {
        let client = self.braket(&lane.region).await;
        let filter = SearchQuantumTasksFilter::builder()
            .name("createdAt")
            .operator(SearchQuantumTasksFilterOperator::Gte)
            .values(since.to_string())
            .build()
            .map_err(|e| RemoteError::Config(e.to_string()))?;
        let (mut tasks, mut token) = (Vec::new(), None::<String>);
        for _page in 0..MAX_PAGES {
            let tap = Tap::default();
            let call =
                client.search_quantum_tasks().filters(filter.clone()).max_results(100).set_next_token(token);
            let page =
                call.customize().interceptor(tap.clone()).send().await.map_err(|e| failed(&e, &tap))?;
            tasks.extend(page.quantum_tasks().iter().map(|t| {
                SeenTask {
                    task: QuantumTaskArn::new(t.quantum_task_arn()),
                    device: DeviceArn::new(t.device_arn()),
                    status: TaskStatus::named(t.status().as_str()),
                    shots: u64::try_from(t.shots()).unwrap_or(0),
                    created_at: instant(t.created_at()),
                    tags: t
                        .tags()
                        .map(|m| m.iter().map(|(k, v)| (k.clone(), v.clone())).collect())
                        .unwrap_or_default(),
                    output: Output {
                        bucket: t.output_s3_bucket().to_owned(),
                        directory: t.output_s3_directory().to_owned(),
                    },
                }
            }));
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                let seen = tap.seen().unwrap_or_default();
                let server_now =
                    seen.date.ok_or_else(|| RemoteError::Unreachable("the search has no date".to_owned()))?;
                return Ok(Scan { tasks, server_now, world: seen.world });
            }
        }
        Err(RemoteError::TooLarge(MAX_PAGES as u64))
    }

    async fn result(&self, lane: &Lane, output: &Output) -> Result<Vec<u8>, RemoteError> {
        let root = self.object(lane, output, "results.json").await?;
        super::set::whole(root, async |name: &str| self.object(lane, output, name).await).await
    }

    async fn device(&self, region: &str, device: &DeviceArn) -> Result<DeviceReport, RemoteError> {
        let region = self.region(region).await?;
        let tap = Tap::default();
        let call = self.braket(&region).await.get_device().device_arn(device.as_str());
        let got = call.customize().interceptor(tap.clone()).send().await.map_err(|e| failed(&e, &tap))?;
        Ok(DeviceReport {
            status: got.device_status().as_str().to_owned(),
            queue: normal_queue(got.device_queue_info()),
            capabilities: got.device_capabilities().to_owned(),
        })
    }
}

/// The size of the queue that a task joins, as AWS words it.
fn normal_queue(all: &[aws_sdk_braket::types::DeviceQueueInfo]) -> Option<String> {
    use aws_sdk_braket::types::{QueueName, QueuePriority};
    let normal = |q: &&aws_sdk_braket::types::DeviceQueueInfo| {
        *q.queue() == QueueName::QuantumTasksQueue
            && q.queue_priority().is_none_or(|p| *p == QueuePriority::Normal)
    };
    all.iter().find(normal).map(|q| q.queue_size().to_owned())
}

impl SdkBraket {
    /// One object below the folder of a task's results.
    async fn object(&self, lane: &Lane, output: &Output, name: &str) -> Result<Vec<u8>, RemoteError> {
        let tap = Tap::default();
        let key = format!("{}/{name}", output.directory);
        let call = self.s3(&lane.region).await.get_object().bucket(&output.bucket).key(key);
        let read = async {
            let got = call.customize().interceptor(tap.clone()).send().await.map_err(|e| failed(&e, &tap))?;
            if got.content_length().is_some_and(|n| u64::try_from(n).unwrap_or(0) > RESULT_BYTES) {
                return Err(RemoteError::TooLarge(RESULT_BYTES));
            }
            let (mut bytes, mut body) = (Vec::new(), got.body);
            while let Some(chunk) = body.next().await {
                let chunk = chunk.map_err(|e| RemoteError::Unreachable(sources(&e)))?;
                if (bytes.len() + chunk.len()) as u64 > RESULT_BYTES {
                    return Err(RemoteError::TooLarge(RESULT_BYTES));
                }
                bytes.extend_from_slice(&chunk);
            }
            Ok(bytes)
        };
        match tokio::time::timeout(RESULT_TIME, read).await {
            Ok(answer) => answer,
            Err(_) => Err(RemoteError::Unreachable("the result came too slowly".to_owned())),
        }
    }
}

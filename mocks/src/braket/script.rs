//! The script of a hybrid job: what it finds when it starts, and what becomes of its job.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde::Deserialize;
use serde_json::{Value, json};

use super::text;
use crate::time::Now;
use crate::world::World;

/// Most lines and bytes of one log; what comes after is lost.
const LINES: usize = 50_000;
const LOG_BYTES: usize = 8 << 20;

/// What it takes to run one.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub arn: String,
    pub request: Value,
    /// Files to lay out, by their names below the folder of the job.
    pub files: Vec<(String, Vec<u8>)>,
    pub stop: Arc<AtomicBool>,
}

/// Bucket and key of `s3://bucket/key`.
fn place(uri: &str) -> Option<(&str, &str)> {
    let (bucket, key) = uri.strip_prefix("s3://")?.split_once('/')?;
    Some((bucket, key.trim_end_matches('/')))
}

impl Script {
    /// The last part of the job's name.
    pub(crate) fn id(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or("")
    }

    pub(crate) fn name(&self) -> &str {
        text(&self.request, "jobName")
    }

    fn config(&self) -> &Value {
        &self.request["algorithmSpecification"]["scriptModeConfig"]
    }

    pub(crate) fn hyperparameters(&self) -> Value {
        let given = self.request["hyperParameters"].as_object();
        given.map_or_else(|| json!({}), |map| json!(map))
    }

    /// The name of the uploaded file.
    pub(crate) fn source_name(&self) -> &str {
        text(self.config(), "s3Uri").rsplit('/').next().unwrap_or("")
    }

    /// Longest run. Units: seconds.
    pub(crate) fn most_s(&self) -> u64 {
        self.request["stoppingCondition"]["maxRuntimeInSeconds"].as_u64().unwrap_or(432_000)
    }

    /// Bucket and prefix of the results.
    pub(crate) fn output(&self) -> Option<(&str, &str)> {
        place(text(&self.request["outputDataConfig"], "s3Path"))
    }

    /// Bucket and prefix of the checkpoints.
    pub(crate) fn checkpoints(&self) -> Option<(&str, &str)> {
        place(text(&self.request["checkpointConfig"], "s3Uri"))
    }

    /// Variables that do not depend on the folder. Source: the SDK's set-up of local jobs.
    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let parts: Vec<&str> = self.arn.split(':').collect();
        let (region, account) = (parts.get(3).unwrap_or(&""), parts.get(4).unwrap_or(&""));
        let (bucket, prefix) = self.output().unwrap_or(("", ""));
        let name = self.name();
        let mut out = vec![
            ("AWS_REGION", (*region).to_owned()),
            ("AWS_DEFAULT_REGION", (*region).to_owned()),
            ("AWS_ACCESS_KEY_ID", (*account).to_owned()),
            ("AMZN_BRAKET_JOB_NAME", name.to_owned()),
            ("AMZN_BRAKET_JOB_TOKEN", self.id().to_owned()),
            ("AMZN_BRAKET_DEVICE_ARN", text(&self.request["deviceConfig"], "device").to_owned()),
            ("AMZN_BRAKET_OUT_S3_BUCKET", bucket.to_owned()),
            ("AMZN_BRAKET_TASK_RESULTS_S3_URI", format!("s3://{bucket}/jobs/{name}/tasks")),
            ("AMZN_BRAKET_JOB_RESULTS_S3_PATH", format!("{prefix}/output")),
            ("AMZN_BRAKET_SCRIPT_S3_URI", text(self.config(), "s3Uri").to_owned()),
            ("AMZN_BRAKET_SCRIPT_ENTRY_POINT", text(self.config(), "entryPoint").to_owned()),
            ("AMZN_BRAKET_SCRIPT_COMPRESSION_TYPE", text(self.config(), "compressionType").to_owned()),
            ("SM_CURRENT_HOST", "algo-1".to_owned()),
            ("SM_HOSTS", "[\"algo-1\"]".to_owned()),
        ];
        let image = &self.request["algorithmSpecification"]["containerImage"];
        if let Some(uri) = image["uri"].as_str() {
            out.push(("AMZN_BRAKET_IMAGE_URI", uri.to_owned()));
        }
        if let Some(window) = self.request["associations"][0]["arn"].as_str() {
            out.push(("AMZN_BRAKET_RESERVATION_TIME_WINDOW_ARN", window.to_owned()));
            let device = text(&self.request["deviceConfig"], "device");
            out.push(("AMZN_BRAKET_RESERVATION_DEVICE_ARN", device.to_owned()));
        }
        out
    }
}

/// What became of a script.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Report {
    arn: String,
    status: String,
    reason: Option<String>,
    ended_ms: i64,
    log: Vec<(i64, String)>,
    #[serde(default)]
    files: Vec<Left>,
}

/// A file that a script left.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Left {
    bucket: String,
    key: String,
    hex: String,
}

impl World {
    /// The next script to run; its job runs from now on.
    pub(crate) fn next_script(&mut self, now: Now) -> Option<Script> {
        while let Some(arn) = self.scripts.pop_front() {
            let Some(job) = self.jobs.get_mut(&arn) else { continue };
            if !job.begin(now) {
                continue;
            }
            let mut script =
                Script { arn, request: job.request().clone(), files: Vec::new(), stop: job.stop_flag() };
            script.files = self.files_of(&script, now);
            return Some(script);
        }
        None
    }

    /// What a script finds in its folder: its source, its input data, the checkpoints of another job.
    fn files_of(&self, script: &Script, now: Now) -> Vec<(String, Vec<u8>)> {
        let mut out = Vec::new();
        if let Some((bucket, key)) = place(text(script.config(), "s3Uri"))
            && let Some(bytes) = self.object(bucket, key, now)
        {
            out.push((format!("packed/{}", script.source_name()), bytes));
        }
        for channel in script.request["inputDataConfig"].as_array().into_iter().flatten() {
            let uri = channel.pointer("/dataSource/s3DataSource/s3Uri").and_then(Value::as_str).unwrap_or("");
            let Some((bucket, prefix)) = place(uri) else { continue };
            let keys = self.objects.keys(bucket, prefix);
            // A folder's content comes without its name, files that share a beginning with theirs.
            let folder = format!("{prefix}/");
            let is_folder = keys.iter().all(|k| k.starts_with(&folder));
            let parent = prefix.rsplit_once('/').map_or(0, |(parent, _)| parent.len() + 1);
            let cut = if is_folder { folder.len() } else { parent };
            for key in keys {
                if let (Some(name), Some(bytes)) = (key.get(cut..), self.object(bucket, &key, now)) {
                    out.push((format!("input/data/{}/{name}", text(channel, "channelName")), bytes));
                }
            }
        }
        if let Some((bucket, prefix)) = script.checkpoints() {
            for key in self.objects.keys(bucket, &format!("{prefix}/")) {
                if let (Some(name), Some(bytes)) =
                    (key.get(prefix.len() + 1..), self.object(bucket, &key, now))
                {
                    out.push((format!("checkpoints/{name}"), bytes));
                }
            }
        }
        out
    }

    /// A line that a job printed.
    pub(crate) fn log(&mut self, arn: &str, now: Now, line: &str) {
        let Some(job) = self.jobs.get_mut(arn) else { return };
        let log = job.log_mut();
        let bytes: usize = log.iter().map(|l| l.1.len()).sum();
        if log.len() < LINES && bytes + line.len() <= LOG_BYTES {
            // The service keeps no empty events.
            log.push((now.world_ms, if line.is_empty() { " ".to_owned() } else { line.to_owned() }));
        }
    }

    /// All lines that a job printed.
    pub(crate) fn log_of(&self, arn: &str) -> Vec<(i64, String)> {
        self.jobs.get(arn).map(|job| job.log().to_vec()).unwrap_or_default()
    }

    /// Takes in what became of a script; the text of a report is JSON.
    pub(crate) fn report(&mut self, report: &Value) -> Result<Value, String> {
        let report: Report = serde_json::from_value(report.clone()).map_err(|e| e.to_string())?;
        let status = ["COMPLETED", "FAILED", "CANCELLED"].into_iter().find(|s| *s == report.status);
        let status = status.ok_or("status is COMPLETED, FAILED or CANCELLED")?;
        let job = self.jobs.get_mut(&report.arn).ok_or_else(|| format!("{} is no job", report.arn))?;
        job.end(status, report.reason, report.ended_ms);
        *job.log_mut() = report.log;
        for file in report.files {
            let bytes = crate::http::unhex(&file.hex);
            self.objects.put_file(&file.bucket, &file.key, bytes, report.ended_ms);
        }
        Ok(json!({"message": "reported"}))
    }
}

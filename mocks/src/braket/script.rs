//! The script of a hybrid job: what it finds when it starts, and what becomes of its job.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::text;
use crate::s3::checksum::etag;
use crate::time::Now;
use crate::world::World;

/// What it takes to run one.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub arn: String,
    /// Which life of the world it belongs to: after a reset another job may have its name.
    pub epoch: u64,
    pub request: Value,
    /// Files to lay out, by their names below the folder of the job.
    pub files: Vec<(String, Vec<u8>)>,
    pub stop: Arc<AtomicBool>,
}

/// Bucket and key of `s3://bucket/key`; a bucket alone has an empty key.
fn place(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("s3://")?;
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    (!bucket.is_empty()).then_some((bucket, key.trim_end_matches('/')))
}

impl Script {
    /// A key below a prefix, which may be empty.
    pub(crate) fn join(prefix: &str, name: &str) -> String {
        if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") }
    }

    /// The account and region that it asks as.
    fn caller(&self) -> (&str, &str) {
        let mut parts = self.arn.split(':').skip(3);
        let region = parts.next().unwrap_or("");
        (parts.next().unwrap_or(""), region)
    }

    /// The text of its AWS profile.
    pub(crate) fn profile(&self) -> String {
        let (account, region) = self.caller();
        crate::profile_of(region, account)
    }

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
        let (account, region) = self.caller();
        let (bucket, prefix) = self.output().unwrap_or(("", ""));
        let name = self.name();
        let mut out = vec![
            ("AWS_REGION", region.to_owned()),
            ("AWS_DEFAULT_REGION", region.to_owned()),
            ("AWS_ACCESS_KEY_ID", account.to_owned()),
            ("AMZN_BRAKET_JOB_NAME", name.to_owned()),
            ("AMZN_BRAKET_JOB_TOKEN", self.id().to_owned()),
            ("AMZN_BRAKET_DEVICE_ARN", text(&self.request["deviceConfig"], "device").to_owned()),
            ("AMZN_BRAKET_OUT_S3_BUCKET", bucket.to_owned()),
            ("AMZN_BRAKET_TASK_RESULTS_S3_URI", format!("s3://{bucket}/jobs/{name}/tasks")),
            ("AMZN_BRAKET_JOB_RESULTS_S3_PATH", Self::join(prefix, "output")),
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
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Report {
    arn: String,
    pub status: String,
    reason: Option<String>,
    /// Absent in files of older versions.
    #[serde(default)]
    started_ms: Option<i64>,
    ended_ms: i64,
    log: Vec<(i64, String)>,
    #[serde(default)]
    pub files: Vec<Left>,
}

/// A file that a script left.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Left {
    bucket: String,
    key: String,
    #[serde(rename = "hex", with = "digits")]
    bytes: Vec<u8>,
    #[serde(skip)]
    tag: Option<String>,
}

mod digits {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::http::{hex, unhex};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&hex(bytes))
    }

    pub(super) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Vec<u8>, D::Error> {
        Ok(unhex(&String::deserialize(from)?))
    }
}

impl Left {
    pub(crate) fn new(bucket: &str, key: &str, bytes: Vec<u8>) -> Self {
        let tag = Some(etag(&bytes));
        Self { bucket: bucket.to_owned(), key: key.to_owned(), bytes, tag }
    }
}

impl Report {
    /// What is known before anything was left.
    pub(crate) fn new(script: &Script, status: &str, reason: Option<String>) -> Self {
        let (arn, status) = (script.arn.clone(), status.to_owned());
        Self { arn, status, reason, started_ms: None, ended_ms: 0, log: Vec::new(), files: Vec::new() }
    }

    /// Nothing of what was left can be kept: a job that would have completed fails.
    pub(crate) fn lose(&mut self, why: String) {
        self.files.clear();
        if self.status == "COMPLETED" {
            (self.status, self.reason) = ("FAILED".to_owned(), Some(why));
        }
    }
}

impl World {
    /// The next script to run; its job runs from now on.
    pub(crate) fn next_script(&mut self, now: Now) -> Option<Script> {
        let epoch = self.epoch();
        while let Some(arn) = self.scripts.pop_front() {
            let Some(job) = self.jobs.get_mut(&arn) else { continue };
            if !job.begin(now) {
                continue;
            }
            let mut script = Script {
                arn,
                epoch,
                request: job.request().clone(),
                files: Vec::new(),
                stop: job.stop_flag(),
            };
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
            let folder = Script::join(prefix, "");
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
            let folder = Script::join(prefix, "");
            for key in self.objects.keys(bucket, &folder) {
                if let (Some(name), Some(bytes)) = (key.strip_prefix(&folder), self.object(bucket, &key, now))
                {
                    out.push((format!("checkpoints/{name}"), bytes));
                }
            }
        }
        out
    }

    /// A line that a job printed in one life of the world.
    pub(crate) fn log(&mut self, epoch: u64, arn: &str, now: Now, line: &str) {
        if epoch != self.epoch() {
            return;
        }
        if let Some(job) = self.jobs.get_mut(arn) {
            job.say(now.world_ms, line);
        }
    }

    /// Adds what the world alone knows to a report; whether the job is still one of this life.
    pub(crate) fn complete(&mut self, report: &mut Report, epoch: u64, now: Now) -> bool {
        if epoch != self.epoch() || !self.jobs.contains_key(&report.arn) {
            return false;
        }
        if let Some(why) =
            self.objects.refuses(report.files.iter().map(|f| (f.bucket.as_str(), f.bytes.len())))
        {
            let arn = report.arn.clone();
            self.log(epoch, &arn, now, &format!("What the job left cannot be written: {why}"));
            report.lose(format!("ClientError: what the job left cannot be written: {why}"));
        }
        if let Some(job) = self.jobs.get(&report.arn) {
            report.log = job.log().to_vec();
            (report.started_ms, report.ended_ms) = (job.started_ms(), now.world_ms);
        }
        true
    }

    /// Takes in what became of a script.
    pub(crate) fn take_report(&mut self, report: Report) -> Result<Value, String> {
        let status = ["COMPLETED", "FAILED", "CANCELLED"].into_iter().find(|s| *s == report.status);
        let status = status.ok_or("status is COMPLETED, FAILED or CANCELLED")?;
        let job = self.jobs.get_mut(&report.arn).ok_or_else(|| format!("{} is no job", report.arn))?;
        job.end(status, report.reason, report.started_ms, report.ended_ms);
        job.set_log(report.log);
        for Left { bucket, key, bytes, tag } in report.files {
            let tag = tag.unwrap_or_else(|| etag(&bytes));
            self.objects.put_file((&bucket, &key), bytes, tag, report.ended_ms);
        }
        Ok(json!({"message": "reported"}))
    }
}

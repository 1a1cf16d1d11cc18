//! Shapes of requests as the service model of 2019-09-01 constrains them.

use serde_json::Value;

/// What a member must be.
#[derive(Clone, Copy)]
pub(super) enum Is {
    /// Text of so many characters that a pattern takes.
    Text(usize, usize, fn(&str) -> bool),
    /// A whole number in a range.
    Whole(i64, i64),
    /// One of these words.
    Word(&'static [&'static str]),
    /// Seconds since the epoch.
    Time,
    /// So many of one kind.
    List(usize, usize, &'static Is),
    /// At most so many texts by name; longest name, shortest and longest value.
    Map(usize, usize, usize, usize),
    /// Members.
    Of(&'static [Field]),
}

/// A member: its name, whether it must be there, what it must be.
#[derive(Clone, Copy)]
pub(super) struct Field(pub &'static str, pub bool, pub Is);

const MAX: usize = usize::MAX;

fn any(_: &str) -> bool {
    true
}

const fn text(min: usize, max: usize) -> Is {
    Is::Text(min, max, any)
}

fn is_amount(t: &str) -> bool {
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    match t.split_once('.') {
        None => digits(t),
        Some((whole, part)) => digits(whole) && digits(part) && part.len() <= 2,
    }
}

/// `arn:aws…:braket:{region}:{12 digits}:…`; the account must be there, the region may be empty.
fn is_resource(t: &str) -> bool {
    let parts: Vec<&str> = t.splitn(6, ':').collect();
    let [arn, partition, service, region, account, _] = parts.as_slice() else { return false };
    let lower = |b: u8| b.is_ascii_lowercase() || b == b'-';
    *arn == "arn"
        && partition.strip_prefix("aws").is_some_and(|rest| rest.bytes().all(lower))
        && *service == "braket"
        && region.bytes().all(|b| lower(b) || b.is_ascii_digit())
        && account.len() == 12
        && account.bytes().all(|b| b.is_ascii_digit())
}

fn is_role(t: &str) -> bool {
    let parts: Vec<&str> = t.splitn(6, ':').collect();
    let [arn, partition, service, region, account, rest] = parts.as_slice() else { return false };
    *arn == "arn"
        && partition.starts_with("aws")
        && *service == "iam"
        && region.is_empty()
        && account.len() == 12
        && account.bytes().all(|b| b.is_ascii_digit())
        && rest.strip_prefix("role").is_some_and(|name| {
            name.len() > 1 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"+=,.@-_/".contains(&b))
        })
}

fn is_place(t: &str) -> bool {
    let rest = t.strip_prefix("s3://").or_else(|| t.strip_prefix("https://"));
    rest.is_some_and(|r| r.split('/').next().is_some_and(|bucket| !bucket.is_empty()))
}

fn is_image(t: &str) -> bool {
    t.split_once(".dkr.ecr.").is_some_and(|(account, rest)| {
        (10..=14).contains(&account.len())
            && account.bytes().all(|b| b.is_ascii_digit())
            && rest.split_once(".amazonaws.com/").is_some_and(|(_, name)| name.contains(':'))
    })
}

fn is_job_name(t: &str) -> bool {
    t.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') && !t.starts_with('-') && !t.ends_with('-')
}

fn is_channel(t: &str) -> bool {
    t.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
}

const TAGS: Is = Is::Map(50, 128, 0, 256);
const TOKEN: Field = Field("clientToken", true, text(1, 64));
const ASSOCIATION: Is = Is::Of(&[
    Field("arn", true, Is::Text(1, MAX, is_resource)),
    Field("type", true, Is::Word(&["RESERVATION_TIME_WINDOW_ARN"])),
]);
const PERIOD: Is = Is::Of(&[Field("startAt", true, Is::Time), Field("endAt", true, Is::Time)]);
const PLACE: Is = Is::Text(0, 1024, is_place);

pub(super) const CREATE_TASK: &[Field] = &[
    TOKEN,
    Field("deviceArn", true, text(1, 256)),
    Field("action", true, text(0, MAX)),
    Field("shots", true, Is::Whole(0, i64::MAX)),
    Field("outputS3Bucket", true, text(3, 63)),
    Field("outputS3KeyPrefix", true, text(1, 1024)),
    Field("deviceParameters", false, text(1, 48_000)),
    Field("tags", false, TAGS),
    Field("jobToken", false, text(1, 128)),
    Field("associations", false, Is::List(0, 1, &ASSOCIATION)),
    Field("experimentalCapabilities", false, Is::Of(&[Field("enabled", false, Is::Word(&["ALL", "NONE"]))])),
];
pub(super) const CANCEL_TASK: &[Field] = &[TOKEN];
pub(super) const TAG: &[Field] = &[Field("tags", true, TAGS)];
pub(super) const NOTHING: &[Field] = &[];

macro_rules! search {
    ($required:expr, [$($operator:expr),*]) => {
        &[
            Field("maxResults", false, Is::Whole(1, 100)),
            Field("nextToken", false, text(0, MAX)),
            Field("filters", $required, Is::List(0, 10, &Is::Of(&[
                Field("name", true, text(1, 64)),
                Field("values", true, Is::List(1, 10, &text(1, 256))),
                $(Field("operator", true, Is::Word($operator)),)*
            ]))),
        ]
    };
}

pub(super) const SEARCH_TASKS: &[Field] = search!(true, [&["LT", "LTE", "EQUAL", "GT", "GTE", "BETWEEN"]]);
pub(super) const SEARCH_JOBS: &[Field] =
    search!(true, [&["LT", "LTE", "EQUAL", "GT", "GTE", "BETWEEN", "CONTAINS"]]);
pub(super) const SEARCH_LIMITS: &[Field] = search!(false, [&["EQUAL"]]);
pub(super) const SEARCH_DEVICES: &[Field] = search!(true, []);

pub(super) const CREATE_LIMIT: &[Field] = &[
    TOKEN,
    Field("deviceArn", true, text(1, 256)),
    Field("spendingLimit", true, Is::Text(1, MAX, is_amount)),
    Field("timePeriod", false, PERIOD),
    Field("tags", false, TAGS),
];
pub(super) const UPDATE_LIMIT: &[Field] =
    &[TOKEN, Field("spendingLimit", false, Is::Text(1, MAX, is_amount)), Field("timePeriod", false, PERIOD)];

const SCRIPT: Is = Is::Of(&[
    Field("entryPoint", true, text(0, MAX)),
    Field("s3Uri", true, PLACE),
    Field("compressionType", false, Is::Word(&["NONE", "GZIP"])),
]);
const CHANNEL: Is = Is::Of(&[
    Field("channelName", true, Is::Text(1, 64, is_channel)),
    Field("contentType", false, text(1, 256)),
    Field("dataSource", true, Is::Of(&[Field("s3DataSource", true, Is::Of(&[Field("s3Uri", true, PLACE)]))])),
]);
pub(super) const CREATE_JOB: &[Field] = &[
    TOKEN,
    Field(
        "algorithmSpecification",
        true,
        Is::Of(&[
            Field("scriptModeConfig", false, SCRIPT),
            Field("containerImage", false, Is::Of(&[Field("uri", true, Is::Text(1, 255, is_image))])),
        ]),
    ),
    Field("inputDataConfig", false, Is::List(0, 20, &CHANNEL)),
    Field(
        "outputDataConfig",
        true,
        Is::Of(&[Field("kmsKeyId", false, text(1, 2048)), Field("s3Path", true, PLACE)]),
    ),
    Field(
        "checkpointConfig",
        false,
        Is::Of(&[Field("localPath", false, text(1, 4096)), Field("s3Uri", true, PLACE)]),
    ),
    Field("jobName", true, Is::Text(1, 50, is_job_name)),
    Field("roleArn", true, Is::Text(1, MAX, is_role)),
    Field("stoppingCondition", false, Is::Of(&[Field("maxRuntimeInSeconds", false, Is::Whole(1, 432_000))])),
    Field(
        "instanceConfig",
        true,
        Is::Of(&[
            Field("instanceType", true, Is::Word(&INSTANCES)),
            Field("volumeSizeInGb", true, Is::Whole(1, i64::MAX)),
            Field("instanceCount", false, Is::Whole(1, i64::MAX)),
        ]),
    ),
    Field("hyperParameters", false, Is::Map(100, 256, 1, 2500)),
    Field("deviceConfig", true, Is::Of(&[Field("device", true, text(1, 256))])),
    Field("tags", false, TAGS),
    Field("associations", false, Is::List(0, 1, &ASSOCIATION)),
];

#[rustfmt::skip]
const INSTANCES: [&str; 51] = [
    "ml.t3.large", "ml.t3.xlarge", "ml.t3.2xlarge", "ml.m4.xlarge", "ml.m4.2xlarge", "ml.m4.4xlarge",
    "ml.m4.10xlarge", "ml.m4.16xlarge", "ml.m5.large", "ml.m5.xlarge", "ml.m5.2xlarge", "ml.m5.4xlarge",
    "ml.m5.12xlarge", "ml.m5.24xlarge", "ml.c4.xlarge", "ml.c4.2xlarge", "ml.c4.4xlarge", "ml.c4.8xlarge",
    "ml.c5.xlarge", "ml.c5.2xlarge", "ml.c5.4xlarge", "ml.c5.9xlarge", "ml.c5.18xlarge", "ml.c5n.xlarge",
    "ml.c5n.2xlarge", "ml.c5n.4xlarge", "ml.c5n.9xlarge", "ml.c5n.18xlarge", "ml.p4d.24xlarge",
    "ml.g4dn.xlarge", "ml.g4dn.2xlarge", "ml.g4dn.4xlarge", "ml.g4dn.8xlarge", "ml.g4dn.12xlarge",
    "ml.g4dn.16xlarge", "ml.g6.xlarge", "ml.g6.2xlarge", "ml.g6.4xlarge", "ml.g6.8xlarge", "ml.g6.12xlarge",
    "ml.g6.16xlarge", "ml.g6.24xlarge", "ml.g6.48xlarge", "ml.g6e.xlarge", "ml.g6e.2xlarge", "ml.g6e.4xlarge",
    "ml.g6e.8xlarge", "ml.g6e.12xlarge", "ml.g6e.16xlarge", "ml.g6e.24xlarge", "ml.g6e.48xlarge",
];

/// Why a body is no such request, in the service's form.
pub(super) fn check(fields: &[Field], body: &Value) -> Result<(), String> {
    let mut faults = Vec::new();
    let empty = body.is_null() && fields.iter().all(|f| !f.1);
    if !(body.is_object() || empty) {
        faults.push("Value at '' failed to satisfy constraint: Member must be an object".to_owned());
    } else {
        members(fields, body, "", &mut faults);
    }
    match faults.len() {
        0 => Ok(()),
        1 => Err(format!("1 validation error detected: {}", faults[0])),
        n => Err(format!("{n} validation errors detected: {}", faults.join("; "))),
    }
}

/// What of a request's address the model does not allow: its ARN and its query.
pub(super) fn check_address(subject: &str, attributes: &[String]) -> Result<(), String> {
    let mut faults = Vec::new();
    // Job ARNs alone have no longest form.
    if !subject.contains(":job/") && !subject.is_empty() {
        let name = if subject.contains(":device/") { "deviceArn" } else { "arn" };
        one(text(1, 256), &Value::from(subject), name, &mut faults);
    }
    for (i, attribute) in attributes.iter().enumerate() {
        let path = format!("additionalAttributeNames.{}.member", i + 1);
        one(Is::Word(&["QueueInfo"]), &Value::from(attribute.as_str()), &path, &mut faults);
    }
    faults.into_iter().next().map_or(Ok(()), |first| Err(format!("1 validation error detected: {first}")))
}

fn members(fields: &[Field], body: &Value, path: &str, faults: &mut Vec<String>) {
    for Field(name, required, is) in fields {
        let path = if path.is_empty() { (*name).to_owned() } else { format!("{path}.{name}") };
        match &body[*name] {
            Value::Null if *required => faults.push(fault("null", &path, "Member must not be null")),
            Value::Null => {}
            value => one(*is, value, &path, faults),
        }
    }
}

fn fault(value: &str, path: &str, rule: &str) -> String {
    let shown: String = value.chars().take(200).collect();
    let shown = if value == "null" { shown } else { format!("'{shown}'") };
    format!("Value {shown} at '{path}' failed to satisfy constraint: {rule}")
}

fn length(n: usize, min: usize, max: usize) -> Option<String> {
    if n < min {
        Some(format!("Member must have length greater than or equal to {min}"))
    } else if n > max {
        Some(format!("Member must have length less than or equal to {max}"))
    } else {
        None
    }
}

fn one(is: Is, value: &Value, path: &str, faults: &mut Vec<String>) {
    let plain = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    let mut say = |rule: &str| faults.push(fault(&plain, path, rule));
    match is {
        Is::Text(min, max, pattern) => match value.as_str() {
            None => say("Member must be a string"),
            Some(t) => match length(t.chars().count(), min, max) {
                Some(rule) => say(&rule),
                None if !pattern(t) => say("Member must satisfy regular expression pattern"),
                None => {}
            },
        },
        Is::Whole(min, max) => match value.as_i64() {
            None => say("Member must be an integer"),
            Some(n) if n < min => say(&format!("Member must have value greater than or equal to {min}")),
            Some(n) if n > max => say(&format!("Member must have value less than or equal to {max}")),
            Some(_) => {}
        },
        Is::Word(words) => {
            if !value.as_str().is_some_and(|w| words.contains(&w)) {
                say(&format!("Member must satisfy enum value set: [{}]", words.join(", ")));
            }
        }
        Is::Time => {
            if !value.is_number() {
                say("Member must be a timestamp");
            }
        }
        Is::List(min, max, inner) => match value.as_array() {
            None => say("Member must be a list"),
            Some(items) => match length(items.len(), min, max) {
                Some(rule) => say(&rule),
                None => {
                    for (i, item) in items.iter().enumerate() {
                        one(*inner, item, &format!("{path}.{}.member", i + 1), faults);
                    }
                }
            },
        },
        Is::Map(max, key, shortest, longest) => match value.as_object() {
            None => say("Member must be a map"),
            Some(map) => {
                if let Some(rule) = length(map.len(), 0, max) {
                    say(&rule);
                }
                for (name, value) in map {
                    one(text(1, key), &Value::from(name.as_str()), &format!("{path}.key"), faults);
                    one(text(shortest, longest), value, &format!("{path}.{name}.member"), faults);
                }
            }
        },
        Is::Of(fields) => {
            if value.is_object() {
                members(fields, value, path, faults);
            } else {
                say("Member must be a structure");
            }
        }
    }
}

//! Identity policies: who may do what, as AWS evaluates them, conditions apart.

use serde_json::Value;

use crate::http::{Request, decode};
use crate::neighbours;
use crate::route::bucket_of_host;
use crate::s3::settings;

/// A list of statements that was read and checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    statements: Vec<Statement>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Statement {
    allows: bool,
    actions: Vec<String>,
    resources: Vec<String>,
}

/// What a policy says of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Allowed,
    /// No statement allows it.
    Silent,
    /// A statement denies it.
    Denied,
}

impl Policy {
    /// Reads a policy document.
    ///
    /// # Errors
    /// What is wrong, and in which statement, counted from 1.
    pub fn parse(text: &str) -> Result<Self, String> {
        let document: Value = serde_json::from_str(text).map_err(|e| e.to_string())?;
        let given = match &document["Statement"] {
            Value::Array(many) => many.clone(),
            one @ Value::Object(_) => vec![one.clone()],
            _ => return Err("the policy has no Statement".to_owned()),
        };
        let mut statements = Vec::new();
        for (i, statement) in given.iter().enumerate() {
            statements.push(read(statement).map_err(|why| format!("statement {}: {why}", i + 1))?);
        }
        Ok(Self { statements })
    }

    /// Judges an action on resources, of which one allowed and none denied is enough.
    pub(crate) fn judge(&self, action: &str, resources: &[String]) -> Verdict {
        let meets = |s: &&Statement| {
            s.actions.iter().any(|a| fits(&a.to_lowercase(), &action.to_lowercase()))
                && s.resources.iter().any(|r| resources.iter().any(|own| fits(r, own)))
        };
        let mut verdict = Verdict::Silent;
        for statement in self.statements.iter().filter(meets) {
            if !statement.allows {
                return Verdict::Denied;
            }
            verdict = Verdict::Allowed;
        }
        verdict
    }
}

fn read(statement: &Value) -> Result<Statement, String> {
    for member in statement.as_object().ok_or("it is no object")?.keys() {
        if !matches!(member.as_str(), "Sid" | "Effect" | "Action" | "Resource") {
            return Err(format!("{member} is not supported; Effect, Action and Resource are"));
        }
    }
    let allows = match statement["Effect"].as_str() {
        Some("Allow") => true,
        Some("Deny") => false,
        _ => return Err("Effect must be Allow or Deny".to_owned()),
    };
    Ok(Statement { allows, actions: texts(statement, "Action")?, resources: texts(statement, "Resource")? })
}

fn texts(statement: &Value, name: &str) -> Result<Vec<String>, String> {
    let wrong = || format!("{name} must be a text or a list of texts");
    match &statement[name] {
        Value::String(one) => Ok(vec![one.clone()]),
        Value::Array(many) if !many.is_empty() => {
            many.iter().map(|v| v.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
        }
        _ => Err(wrong()),
    }
}

/// Whether a pattern with `*` and `?` takes the whole of a text.
fn fits(pattern: &str, text: &str) -> bool {
    let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut i, mut j, mut star) = (0, 0, None);
    while j < t.len() {
        if i < p.len() && p[i] == '*' {
            star = Some((i, j));
            i += 1;
        } else if i < p.len() && (p[i] == '?' || p[i] == t[j]) {
            (i, j) = (i + 1, j + 1);
        } else if let Some((at, from)) = star {
            // The star takes one character more.
            star = Some((at, from + 1));
            (i, j) = (at + 1, from + 1);
        } else {
            return false;
        }
    }
    p[i..].iter().all(|c| *c == '*')
}

/// The actions that a request needs, each with the resources it is judged on.
pub(crate) fn needs(request: &Request, operation: &str) -> Vec<(String, Vec<String>)> {
    if let Some(call) = operation.strip_prefix("S3.") {
        let mut out = vec![of_store(request, call)];
        if let Some(source) = request.header("x-amz-copy-source") {
            let source = decode(source.split('?').next().unwrap_or("").trim_start_matches('/'));
            out.push(("s3:GetObject".to_owned(), vec![format!("arn:aws:s3:::{source}")]));
        }
        return out;
    }
    if let Some(action) = neighbours::action(request, operation) {
        return vec![(action, vec!["*".to_owned()])];
    }
    let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
    let of_body = |name: &str| body.pointer(name).and_then(Value::as_str).map(str::to_owned);
    // The one segment of the path after the first is an ARN.
    let of_path = request.path().split('/').nth(2).map(decode).filter(|arn| arn.starts_with("arn:"));
    let resource = match operation {
        "CreateQuantumTask" | "CreateSpendingLimit" => of_body("/deviceArn"),
        "CreateJob" => of_body("/deviceConfig/device"),
        _ => of_path,
    };
    let resources = vec![resource.unwrap_or_else(|| "*".to_owned())];
    let mut out = vec![(format!("braket:{operation}"), resources)];
    if operation.starts_with("Create") && body["tags"].as_object().is_some_and(|t| !t.is_empty()) {
        out.push(("braket:TagResource".to_owned(), vec!["*".to_owned()]));
    }
    out
}

fn of_store(request: &Request, call: &str) -> (String, Vec<String>) {
    let path = decode(request.path().trim_start_matches('/'));
    let (bucket, key) = match bucket_of_host(request) {
        Some(bucket) => (bucket.to_owned(), path),
        None => path.split_once('/').map_or((path.clone(), String::new()), |(b, k)| (b.into(), k.into())),
    };
    let setting = settings::action(request).unwrap_or_default();
    let action = match call {
        "HeadBucket" | "ListObjects" | "ListObjectsV2" => "ListBucket",
        "ListBuckets" => "ListAllMyBuckets",
        "HeadObject" => "GetObject",
        "CopyObject" | "CreateMultipartUpload" | "UploadPart" | "CompleteMultipartUpload" => "PutObject",
        "DeleteObjects" => "DeleteObject",
        "GetBucketSetting" | "PutBucketSetting" | "DeleteBucketSetting" => &setting,
        "ListObjectVersions" => "ListBucketVersions",
        "ListParts" => "ListMultipartUploadParts",
        "ListMultipartUploads" => "ListBucketMultipartUploads",
        other => other,
    };
    let resource = match (bucket.is_empty(), key.is_empty()) {
        (true, _) => "*".to_owned(),
        (false, true) if action == "DeleteObject" => format!("arn:aws:s3:::{bucket}/*"),
        (false, true) => format!("arn:aws:s3:::{bucket}"),
        (false, false) => format!("arn:aws:s3:::{bucket}/{key}"),
    };
    (format!("s3:{action}"), vec![resource])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(policy: &str, action: &str, resource: &str) -> Verdict {
        Policy::parse(policy).expect("a policy").judge(action, &[resource.to_owned()])
    }

    #[test]
    fn patterns_take_the_whole_text() {
        for (pattern, text, is) in [
            ("*", "", true),
            ("s3:Get*", "s3:GetObject", true),
            ("s3:Get*", "s3:PutObject", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*/qpu/*", "arn:x/qpu/iqm", true),
            ("*a*b", "xaxbxb", true),
            ("*a*b", "xaxbx", false),
        ] {
            assert_eq!(fits(pattern, text), is, "{pattern} {text}");
        }
    }

    #[test]
    fn a_denial_wins_and_silence_is_none() {
        let policy = r#"{"Statement": [
            {"Effect": "Allow", "Action": "braket:*", "Resource": "*"},
            {"Effect": "Deny", "Action": ["braket:CreateQuantumTask"], "Resource": "arn:aws:braket:*:*:device/qpu/*"}
        ]}"#;
        let create = "braket:CreateQuantumTask";
        let qpu = "arn:aws:braket:eu-north-1::device/qpu/iqm/Garnet";
        assert_eq!(judge(policy, create, qpu), Verdict::Denied);
        let sim = "arn:aws:braket:::device/quantum-simulator/amazon/sv1";
        assert_eq!(judge(policy, create, sim), Verdict::Allowed);
        assert_eq!(judge(policy, "s3:GetObject", "arn:aws:s3:::b/k"), Verdict::Silent);
    }

    #[test]
    fn actions_have_the_names_of_the_service() {
        let needs = |method: &str, service: &str, target: &str, headers: &[(&str, &str)]| {
            let scope = format!("AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/{service}/aws4_request");
            let mut all = vec![("authorization".to_owned(), scope)];
            all.extend(headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
            let request =
                Request { method: method.into(), target: target.into(), headers: all, body: Vec::new() };
            let found = super::needs(&request, crate::route::operation(&request));
            found.into_iter().map(|(action, on)| format!("{action} {}", on[0])).collect::<Vec<_>>()
        };
        for (method, target, action) in [
            ("PUT", "/b-1?publicAccessBlock", "s3:PutBucketPublicAccessBlock arn:aws:s3:::b-1"),
            ("DELETE", "/b-1?encryption", "s3:PutEncryptionConfiguration arn:aws:s3:::b-1"),
            ("DELETE", "/b-1?policy", "s3:DeleteBucketPolicy arn:aws:s3:::b-1"),
            ("GET", "/b-1?versioning", "s3:GetBucketVersioning arn:aws:s3:::b-1"),
            ("GET", "/b-1?uploads", "s3:ListBucketMultipartUploads arn:aws:s3:::b-1"),
        ] {
            assert_eq!(needs(method, "s3", target, &[]), [action]);
        }
        let prices = [("x-amz-target", "AWSPriceListService.GetProducts")];
        assert_eq!(needs("POST", "pricing", "/", &prices), ["pricing:GetProducts *"]);
        let copy = needs("PUT", "s3", "/b-1/k", &[("x-amz-copy-source", "/b-2/from%20here")]);
        assert_eq!(copy, ["s3:PutObject arn:aws:s3:::b-1/k", "s3:GetObject arn:aws:s3:::b-2/from here"]);
    }

    #[test]
    fn a_policy_that_is_not_understood_is_refused() {
        for (text, said) in [
            ("{", "line 1"),
            ("{}", "no Statement"),
            (
                r#"{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {}}]}"#,
                "Condition",
            ),
            (r#"{"Statement": {"Effect": "Perhaps", "Action": "*", "Resource": "*"}}"#, "statement 1"),
            (r#"{"Statement": {"Effect": "Deny", "Action": 7, "Resource": "*"}}"#, "Action"),
        ] {
            let why = Policy::parse(text).unwrap_err();
            assert!(why.contains(said), "{why}");
        }
    }
}

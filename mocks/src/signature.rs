//! Signatures of version 4, checked for real. Source: AWS's description of the signing process.

use sha2::{Digest, Sha256};

use crate::access::basic_date;
use crate::http::{Request, hex};
use crate::time::Now;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// What is wrong with a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Another algorithm, or a member is missing.
    Unsupported,
    /// Signed too long ago or too far ahead: the signing time as it was written, and whether it is old.
    Skewed { signed: String, old: bool },
    /// Another secret, or the request was changed.
    Mismatch,
}

/// The members of a signature, from the header or the query.
struct Parts {
    credential: String,
    signed_headers: String,
    signature: String,
    date: String,
    in_query: bool,
}

fn parts(request: &Request) -> Option<Parts> {
    if let Some(header) = request.header("authorization") {
        let rest = header.strip_prefix(ALGORITHM)?;
        let member = |name: &str| {
            rest.split(',').find_map(|p| p.trim().strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
        };
        return Some(Parts {
            credential: member("Credential")?,
            signed_headers: member("SignedHeaders")?,
            signature: member("Signature")?,
            date: request.header("x-amz-date")?.to_owned(),
            in_query: false,
        });
    }
    let one = |name: &str| request.query(name).into_iter().next();
    (one("X-Amz-Algorithm").as_deref() == Some(ALGORITHM)).then_some(())?;
    Some(Parts {
        credential: one("X-Amz-Credential")?,
        signed_headers: one("X-Amz-SignedHeaders")?,
        signature: one("X-Amz-Signature")?,
        date: one("X-Amz-Date")?,
        in_query: true,
    })
}

/// Judges the signature of a request by a secret; `leeway_ms` is how far the signing time may be off.
pub(crate) fn check(request: &Request, secret: &str, now: Now, leeway_ms: i64) -> Result<(), Fault> {
    let parts = parts(request).ok_or(Fault::Unsupported)?;
    let signed_ms = basic_date(&parts.date).ok_or(Fault::Unsupported)?;
    let scope: Vec<&str> = parts.credential.split_once('/').map_or("", |(_, s)| s).split('/').collect();
    let [day, region, service, "aws4_request"] = scope.as_slice() else { return Err(Fault::Unsupported) };
    // An address that was signed ahead says itself how long it holds.
    if !parts.in_query && (now.wall_ms - signed_ms).abs() > leeway_ms {
        return Err(Fault::Skewed { signed: parts.date, old: signed_ms < now.wall_ms });
    }
    let store = *service == "s3";
    let canonical = canonical(request, &parts, store);
    let text =
        format!("{ALGORITHM}\n{}\n{}\n{}", parts.date, scope.join("/"), hex(&Sha256::digest(canonical)));
    let mut key = hmac(format!("AWS4{secret}").as_bytes(), day.as_bytes());
    for step in [region, service, "aws4_request"] {
        key = hmac(&key, step.as_bytes());
    }
    if hex(&hmac(&key, text.as_bytes())) != parts.signature {
        return Err(Fault::Mismatch);
    }
    // What was signed is the hash in the header; the body must be the one that it names.
    let named = request.header("x-amz-content-sha256").filter(|h| h.len() == 64);
    match named {
        Some(hash) if hash != hex(&Sha256::digest(&request.body)) => Err(Fault::Mismatch),
        _ => Ok(()),
    }
}

fn canonical(request: &Request, parts: &Parts, store: bool) -> String {
    // All services but the store encode the path, encoded as it is, once more.
    let path = if store { request.path().to_owned() } else { encode(request.path(), "/") };
    let mut query: Vec<String> = Vec::new();
    let raw = request.target.split_once('?').map_or("", |(_, q)| q);
    for pair in raw.split('&').filter(|p| !p.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if name != "X-Amz-Signature" {
            query.push(format!("{}={}", encode(&decode(name), ""), encode(&decode(value), "")));
        }
    }
    query.sort();
    let mut headers = String::new();
    for name in parts.signed_headers.split(';') {
        let values: Vec<String> = request
            .headers
            .iter()
            .filter(|(n, _)| n == name)
            .map(|(_, v)| v.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        headers.push_str(&format!("{name}:{}\n", values.join(",")));
    }
    let payload = match request.header("x-amz-content-sha256") {
        Some(given) => given.to_owned(),
        None if parts.in_query && store => UNSIGNED.to_owned(),
        None => hex(&Sha256::digest(&request.body)),
    };
    format!("{}\n{path}\n{}\n{headers}\n{}\n{payload}", request.method, query.join("&"), parts.signed_headers)
}

/// Percent-decoding that leaves a plus alone: in a signature it is a plus.
fn decode(text: &str) -> String {
    crate::http::decode(&text.replace('+', "%2B"))
}

fn encode(text: &str, safe: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for b in text.bytes() {
        if b.is_ascii_alphanumeric() || b"-_.~".contains(&b) || safe.as_bytes().contains(&b) {
            out.push(b as char);
        } else {
            out.push_str(&format!("%{b:02X}"));
        }
    }
    out
}

/// A keyed hash. Source: RFC 2104.
fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    const BLOCK: usize = 64;
    let mut block = [0; BLOCK];
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let pad = |with: u8| block.map(|b| b ^ with);
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of AWS's signature test suite: `get-vanilla-query-order-key-case`.
    fn example(signature: &str) -> Request {
        let credential = "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request";
        Request {
            method: "GET".into(),
            target: "/?Param2=value2&Param1=value1".into(),
            headers: vec![
                ("host".into(), "example.amazonaws.com".into()),
                ("x-amz-date".into(), "20150830T123600Z".into()),
                (
                    "authorization".into(),
                    format!(
                        "AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host;x-amz-date, Signature={signature}"
                    ),
                ),
            ],
            body: Vec::new(),
        }
    }

    const RIGHT: &str = "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500";
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    const AT: Now = Now { world_ms: 0, wall_ms: 1_440_938_160_000 };

    #[test]
    fn the_published_example_holds_and_every_change_breaks_it() {
        assert_eq!(check(&example(RIGHT), SECRET, AT, 1_000), Ok(()));
        assert_eq!(check(&example(RIGHT), "other", AT, 1_000), Err(Fault::Mismatch));
        let mut changed = example(RIGHT);
        changed.target = "/?Param2=value2&Param1=value2".into();
        assert_eq!(check(&changed, SECRET, AT, 1_000), Err(Fault::Mismatch));
        changed = example(RIGHT);
        changed.body = b"x".to_vec();
        assert_eq!(check(&changed, SECRET, AT, 1_000), Err(Fault::Mismatch));
        let late = Now { wall_ms: AT.wall_ms + 1_001, ..AT };
        assert!(matches!(check(&example(RIGHT), SECRET, late, 1_000), Err(Fault::Skewed { old: true, .. })));
        assert_eq!(check(&Request::default(), SECRET, AT, 1_000), Err(Fault::Unsupported));
    }

    #[test]
    fn the_keyed_hash_is_that_of_its_standard() {
        // RFC 4231, test case 2.
        let want = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(hex(&hmac(b"Jefe", b"what do ya want for nothing?")), want);
    }
}

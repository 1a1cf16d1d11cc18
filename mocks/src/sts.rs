//! STS: who is asking, and keys that last a while.

use crate::http::{Request, Response, decode, escape};
use crate::time::{Now, iso};

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// One member of a call in the query protocol; empty when it is absent.
pub(crate) fn member(request: &Request, name: &str) -> String {
    let text = String::from_utf8_lossy(&request.body);
    let value = text.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let asked = || request.query(name).into_iter().next().unwrap_or_default();
    value.map_or_else(asked, |value| decode(&value.replace('+', "%20")))
}

/// Who asks, and sessions under the same keys: the stand-in knows no others.
pub(crate) fn handle(
    request: &Request,
    (account, key, secret): (&str, &str, &str),
    request_id: &str,
    now: Now,
) -> Response {
    let action = member(request, "Action");
    let lasts = member(request, "DurationSeconds").parse::<i64>().unwrap_or(3600);
    let keys = || {
        format!(
            "<Credentials><AccessKeyId>{}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>\
             <SessionToken>shotbook</SessionToken><Expiration>{}</Expiration></Credentials>",
            escape(key),
            iso(now.wall_ms + lasts.clamp(900, 129_600) * 1000)
        )
    };
    let inner = match action.as_str() {
        "GetCallerIdentity" => format!(
            "<Arn>arn:aws:iam::{account}:user/shotbook</Arn><UserId>AIDASHOTBOOK</UserId><Account>{account}</Account>"
        ),
        "GetSessionToken" => keys(),
        "AssumeRole" => {
            let (role, name) = (member(request, "RoleArn"), member(request, "RoleSessionName"));
            let own = role.rsplit('/').next().unwrap_or("");
            format!(
                "<AssumedRoleUser><AssumedRoleId>AROASHOTBOOK:{0}</AssumedRoleId>\
                 <Arn>arn:aws:sts::{account}:assumed-role/{1}/{0}</Arn></AssumedRoleUser>{2}",
                escape(&name),
                escape(own),
                keys()
            )
        }
        _ => {
            return Response::xml(
                400,
                format!(
                    "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidAction</Code><Message>This stand-in serves \
                     GetCallerIdentity, GetSessionToken and AssumeRole</Message></Error>\
                     <RequestId>{request_id}</RequestId></ErrorResponse>"
                ),
            );
        }
    };
    Response::xml(
        200,
        format!(
            "<{action}Response xmlns=\"{NAMESPACE}\"><{action}Result>{inner}</{action}Result>\
             <ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{action}Response>"
        ),
    )
}

//! STS: who is asking.

use crate::http::{Request, Response};

/// GetCallerIdentity; anything else is not served.
pub fn handle(request: &Request, account: &str, request_id: &str) -> Response {
    let body = String::from_utf8_lossy(&request.body);
    if !body.contains("Action=GetCallerIdentity") && request.query("Action") != ["GetCallerIdentity"] {
        return Response::xml(
            400,
            format!(
                "<ErrorResponse><Error><Type>Sender</Type><Code>InvalidAction</Code><Message>This stand-in serves \
                 GetCallerIdentity</Message></Error><RequestId>{request_id}</RequestId></ErrorResponse>"
            ),
        );
    }
    Response::xml(
        200,
        format!(
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
             <Arn>arn:aws:iam::{account}:user/shotbook</Arn><UserId>AIDASHOTBOOK</UserId><Account>{account}</Account>\
             </GetCallerIdentityResult><ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>\
             </GetCallerIdentityResponse>"
        ),
    )
}

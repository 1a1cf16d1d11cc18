//! AWS's public price list, or the file that stands in for it: one GET without credentials.

use std::time::Duration;

use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::byte_stream::ByteStream;

use crate::backend::RemoteError;

/// Where AWS keeps it. Source: AWS price list service, bulk offer files.
pub const URL: &str =
    "https://pricing.us-east-1.amazonaws.com/offers/v1.0/aws/AmazonBraket/current/index.csv";
/// Largest file that is read. Units: bytes.
const MOST: usize = 64 << 20;
const CONNECT: Duration = Duration::from_secs(10);
const WHOLE: Duration = Duration::from_secs(120);

/// The text at an address, `http` or `https`.
///
/// # Errors
/// No answer, a status that is not 200, or more than 64 MiB.
pub async fn fetch(url: &str) -> Result<String, RemoteError> {
    let lost = |why: String| RemoteError::Unreachable(format!("{url}: {why}"));
    let request = HttpRequest::get(url).map_err(|e| RemoteError::Config(format!("{url}: {e}")))?;
    let settings = HttpConnectorSettings::builder().connect_timeout(CONNECT).read_timeout(WHOLE).build();
    let builder = Connector::builder()
        .connector_settings(settings)
        .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()));
    let https = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc);
    let connector =
        if url.starts_with("http://") { builder.build_http() } else { builder.tls_provider(https).build() };
    let read = async {
        let response = connector.call(request).await.map_err(|e| lost(super::calls::sources(&e)))?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(lost(format!("status {status}")));
        }
        let (mut bytes, mut body) = (Vec::new(), ByteStream::new(response.into_body()));
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|e| lost(super::calls::sources(&e)))?;
            if bytes.len() + chunk.len() > MOST {
                return Err(RemoteError::TooLarge(MOST as u64));
            }
            bytes.extend_from_slice(&chunk);
        }
        String::from_utf8(bytes).map_err(|_| lost("it is no text".to_owned()))
    };
    tokio::time::timeout(WHOLE, read).await.unwrap_or_else(|_| Err(lost("it took too long".to_owned())))
}

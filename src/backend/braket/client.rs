//! The clients, made when first needed: reading AWS's configuration costs milliseconds.

use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use tokio::sync::OnceCell;

use super::sign::Agent;
use crate::backend::RemoteError;

/// Source: the reliability contract, section 5.
const CONNECT: Duration = Duration::from_secs(5);
const REQUEST: Duration = Duration::from_secs(30);

/// What a user may set; the rest comes from AWS's own chain.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Profile of the AWS configuration.
    pub profile: Option<String>,
    /// Region for devices that name none.
    pub region: Option<String>,
    /// One endpoint for all services.
    pub endpoint_url: Option<String>,
    /// Bucket for results.
    pub bucket: Option<String>,
    /// Whether the bucket is left unmade when it is not there.
    pub make_no_bucket: bool,
}

/// Amazon Braket, S3 and STS.
pub struct SdkBraket {
    pub(super) options: Options,
    config: OnceCell<SdkConfig>,
    #[cfg(test)]
    credentials: Option<(String, String)>,
}

impl SdkBraket {
    /// Nothing is read or connected yet.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            config: OnceCell::new(),
            #[cfg(test)]
            credentials: None,
        }
    }

    /// The same with fixed credentials, so that a test reads no environment.
    #[cfg(test)]
    pub(super) fn with_credentials(options: Options, key: &str, secret: &str) -> Self {
        Self { credentials: Some((key.to_owned(), secret.to_owned())), ..Self::new(options) }
    }

    async fn config(&self) -> &SdkConfig {
        self.config
            .get_or_init(|| async {
                let timeouts = TimeoutConfig::builder()
                    .connect_timeout(CONNECT)
                    .operation_attempt_timeout(REQUEST)
                    .operation_timeout(REQUEST)
                    .build();
                // Retries belong to us alone; `legacy` in the environment would panic without this line.
                let mut loader = aws_config::defaults(BehaviorVersion::latest())
                    .retry_config(RetryConfig::disabled())
                    .timeout_config(timeouts);
                if let Some(profile) = &self.options.profile {
                    loader = loader.profile_name(profile);
                }
                if let Some(region) = &self.options.region {
                    loader = loader.region(Region::new(region.clone()));
                }
                if let Some(url) = &self.options.endpoint_url {
                    loader = loader.endpoint_url(url);
                }
                #[cfg(test)]
                if let Some((key, secret)) = &self.credentials {
                    let fixed = aws_sdk_sts::config::Credentials::new(key, secret, None, None, "test");
                    loader = loader.credentials_provider(fixed);
                }
                if self.is_plain() {
                    loader = loader.http_client(aws_smithy_http_client::Builder::new().build_http());
                }
                loader.load().await
            })
            .await
    }

    /// Whether every endpoint is on this machine without TLS: then no proxy and no certificate.
    fn is_plain(&self) -> bool {
        let local = |url: &str| {
            ["http://127.0.0.1", "http://localhost", "http://[::1]"].iter().any(|host| url.starts_with(host))
        };
        match &self.options.endpoint_url {
            Some(url) => local(url),
            None => crate::config::aws_endpoints().iter().all(|e| e.as_deref().is_some_and(local)),
        }
    }

    /// The region of a call: the named one, or the chain's own.
    pub(super) async fn region(&self, named: &str) -> Result<String, RemoteError> {
        if !named.is_empty() {
            return Ok(named.to_owned());
        }
        let region = self.config().await.region().map(ToString::to_string);
        region
            .ok_or_else(|| RemoteError::Config("no AWS region is set; use --region or AWS_REGION".to_owned()))
    }

    pub(super) async fn braket(&self, region: &str) -> aws_sdk_braket::Client {
        let config = aws_sdk_braket::config::Builder::from(self.config().await)
            .region(Region::new(region.to_owned()))
            .interceptor(Agent)
            .build();
        aws_sdk_braket::Client::from_conf(config)
    }

    pub(super) async fn s3(&self, region: &str) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::config::Builder::from(self.config().await)
            .region(Region::new(region.to_owned()))
            .force_path_style(self.is_plain())
            .build();
        aws_sdk_s3::Client::from_conf(config)
    }

    pub(super) async fn sts(&self, region: &str) -> aws_sdk_sts::Client {
        let config = aws_sdk_sts::config::Builder::from(self.config().await)
            .region(Region::new(region.to_owned()))
            .build();
        aws_sdk_sts::Client::from_conf(config)
    }

    /// Braket's endpoint where it is not AWS's own.
    pub(super) fn endpoint(&self) -> Option<String> {
        let [braket, ..] = crate::config::aws_endpoints();
        self.options.endpoint_url.clone().or(braket)
    }
}

//! Signing with a stored time, and seeing every reply.
//!
//! Only the signer is given the stored time: a fixed clock for the whole call would take expired
//! credentials for fresh ones.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4Signer};
use aws_smithy_async::time::StaticTimeSource;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::{AuthScheme, AuthSchemeEndpointConfig, AuthSchemeId, Sign};
use aws_smithy_runtime_api::client::identity::{Identity, SharedIdentityResolver};
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::{GetIdentityResolver, RuntimeComponents};
use aws_smithy_types::config_bag::ConfigBag;

use crate::time::Timestamp;

/// A signer whose clock stands still.
#[derive(Debug)]
pub(super) struct Pinned(SystemTime);

impl Pinned {
    pub(super) fn at(at: Timestamp) -> Self {
        Self(UNIX_EPOCH + Duration::from_secs(u64::try_from(at.seconds()).unwrap_or(0)))
    }
}

impl AuthScheme for Pinned {
    fn scheme_id(&self) -> AuthSchemeId {
        SCHEME_ID
    }

    fn identity_resolver(&self, resolvers: &dyn GetIdentityResolver) -> Option<SharedIdentityResolver> {
        resolvers.identity_resolver(self.scheme_id())
    }

    fn signer(&self) -> &dyn Sign {
        self
    }
}

impl Sign for Pinned {
    fn sign_http_request(
        &self,
        request: &mut HttpRequest,
        identity: &Identity,
        endpoint: AuthSchemeEndpointConfig<'_>,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        let still = Some(StaticTimeSource::new(self.0));
        let components = components.to_builder().with_time_source(still).build()?;
        SigV4Signer::new().sign_http_request(request, identity, endpoint, &components, config)
    }
}

/// What a reply said outside its body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seen {
    pub status: u16,
    pub date: Option<Timestamp>,
    pub request_id: bool,
    pub world: Option<String>,
    pub retry_after: Option<Duration>,
}

/// Notes the head of every reply.
#[derive(Clone, Debug, Default)]
pub(super) struct Tap(Arc<Mutex<Option<Seen>>>);

impl Tap {
    pub(super) fn seen(&self) -> Option<Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Intercept for Tap {
    fn name(&self) -> &'static str {
        "Tap"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        let header = |name: &str| response.headers().get(name).map(str::to_owned);
        let seen = Seen {
            status: response.status().as_u16(),
            date: header("date").as_deref().and_then(http_date),
            request_id: response.headers().get("x-amzn-requestid").is_some_and(|id| !id.is_empty()),
            world: header("x-shotbook-world"),
            retry_after: header("x-amz-retry-after")
                .and_then(|ms| ms.parse().ok())
                .map(Duration::from_millis),
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
        Ok(())
    }
}

/// An instant as HTTP writes it: `Tue, 24 Nov 2026 12:00:00 GMT`.
pub(super) fn http_date(text: &str) -> Option<Timestamp> {
    let time =
        aws_smithy_types::DateTime::from_str(text, aws_smithy_types::date_time::Format::HttpDate).ok()?;
    Some(Timestamp::from_seconds(time.secs()))
}

/// Names the schema version without which GetDevice leaves OpenQASM out; not part of the signature.
#[derive(Debug)]
pub(super) struct Agent;

impl Intercept for Agent {
    fn name(&self) -> &'static str {
        "Agent"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.request_mut().headers_mut();
        let agent = headers.get("user-agent").unwrap_or_default().to_owned();
        headers.insert("user-agent", format!("{agent} BraketSchemas/1.8.0"));
        Ok(())
    }
}

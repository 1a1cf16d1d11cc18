//! AWS's own spending limits: one for each QPU of an account, changed by people's wish alone.

use aws_sdk_braket::types::TimePeriod;
use aws_smithy_types::DateTime;

use super::calls::failed;
use super::client::SdkBraket;
use super::sign::Tap;
use crate::backend::RemoteError;
use crate::ids::DeviceArn;
use crate::money::Money;
use crate::time::Timestamp;

/// Pages of a search; there is one limit a QPU.
const MAX_PAGES: usize = 50;

/// A spending limit as AWS has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpendingLimit {
    /// Its name at AWS.
    pub arn: String,
    /// The QPU.
    pub device: DeviceArn,
    /// The most that may be spent on it.
    pub amount: Money,
    /// Estimates of tasks that are not over.
    pub queued: Money,
    /// What tasks cost since the limit was made.
    pub spent: Money,
    /// The store whose budget it mirrors.
    pub store: Option<String>,
    /// The budget that it mirrors.
    pub budget: Option<String>,
}

/// Tag of a limit: the store whose budget it mirrors.
pub const STORE_TAG: &str = crate::backend::tags::STORE;
/// Tag of a limit: the budget.
pub const BUDGET_TAG: &str = "shotbook:budget";

/// Both ends of a limit's period.
pub type Span = (Timestamp, Timestamp);

fn amount(text: &str) -> Result<Money, RemoteError> {
    text.parse().map_err(|e| RemoteError::Unreachable(format!("{text:?} is no amount: {e}")))
}

fn period((from, until): Span) -> Result<TimePeriod, RemoteError> {
    let at = |t: Timestamp| DateTime::from_secs(t.seconds());
    let period = TimePeriod::builder().start_at(at(from)).end_at(at(until)).build();
    period.map_err(|e| RemoteError::Config(e.to_string()))
}

impl SdkBraket {
    /// All spending limits of a region.
    ///
    /// # Errors
    /// Any refusal of AWS, or amounts that are none.
    pub async fn spending_limits(&self, region: &str) -> Result<Vec<SpendingLimit>, RemoteError> {
        let client = self.braket(region).await;
        let (mut out, mut token) = (Vec::new(), None::<String>);
        for _page in 0..MAX_PAGES {
            let tap = Tap::default();
            let call = client.search_spending_limits().max_results(20).set_next_token(token);
            let page =
                call.customize().interceptor(tap.clone()).send().await.map_err(|e| failed(&e, &tap))?;
            for limit in page.spending_limits() {
                let tag = |name: &str| limit.tags().and_then(|t| t.get(name)).cloned();
                out.push(SpendingLimit {
                    arn: limit.spending_limit_arn().to_owned(),
                    device: DeviceArn::new(limit.device_arn()),
                    amount: amount(limit.spending_limit())?,
                    queued: amount(limit.queued_spend())?,
                    spent: amount(limit.total_spend())?,
                    store: tag(STORE_TAG),
                    budget: tag(BUDGET_TAG),
                });
            }
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(out);
            }
        }
        Err(RemoteError::TooLarge(MAX_PAGES as u64))
    }

    /// Makes a limit of so many dollars and cents, with the store and budget that it mirrors as tags.
    ///
    /// # Errors
    /// Any refusal of AWS, such as a limit that the QPU has already.
    pub async fn create_spending_limit(
        &self,
        (region, device): (&str, &DeviceArn),
        cents: &str,
        span: Option<Span>,
        (store, budget): (&str, &str),
    ) -> Result<(), RemoteError> {
        let tap = Tap::default();
        let call = self
            .braket(region)
            .await
            .create_spending_limit()
            .device_arn(device.as_str())
            .spending_limit(cents)
            .set_time_period(span.map(period).transpose()?)
            .tags(STORE_TAG, store)
            .tags(BUDGET_TAG, budget);
        call.customize().interceptor(tap.clone()).send().await.map(|_| ()).map_err(|e| failed(&e, &tap))
    }

    /// Gives a limit another amount.
    ///
    /// # Errors
    /// Any refusal of AWS, such as an amount below what is queued and spent.
    pub async fn update_spending_limit(
        &self,
        region: &str,
        arn: &str,
        cents: &str,
        span: Option<Span>,
    ) -> Result<(), RemoteError> {
        let tap = Tap::default();
        let call = self
            .braket(region)
            .await
            .update_spending_limit()
            .spending_limit_arn(arn)
            .spending_limit(cents)
            .set_time_period(span.map(period).transpose()?);
        call.customize().interceptor(tap.clone()).send().await.map(|_| ()).map_err(|e| failed(&e, &tap))
    }

    /// Takes a limit away.
    ///
    /// # Errors
    /// Any refusal of AWS.
    pub async fn delete_spending_limit(&self, region: &str, arn: &str) -> Result<(), RemoteError> {
        let tap = Tap::default();
        let call = self.braket(region).await.delete_spending_limit().spending_limit_arn(arn);
        call.customize().interceptor(tap.clone()).send().await.map(|_| ()).map_err(|e| failed(&e, &tap))
    }
}

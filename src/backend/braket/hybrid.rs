//! Hybrid jobs as AWS lists them: their instances are billed beside the tasks that they make.

use aws_sdk_braket::types::{SearchJobsFilter, SearchJobsFilterOperator};

use super::calls::{failed, instant};
use super::client::SdkBraket;
use super::sign::Tap;
use crate::backend::{HybridJob, HybridUse, RemoteError};
use crate::ids::QuantumTaskArn;
use crate::job::{Lane, TaskStatus};
use crate::time::Timestamp;

/// Pages of a search, a hundred jobs each.
const MAX_PAGES: usize = 200;

/// What AWS's `billableDuration` means in milliseconds.
///
/// The service model names no unit. The jobs that its guide shows are in milliseconds; a figure that is less
/// than a hundredth of the time between start and end can only be seconds.
pub fn billed_ms(given: Option<u64>, elapsed_ms: Option<u64>) -> u64 {
    match (given, elapsed_ms) {
        (Some(given), Some(elapsed)) if given > 0 && given.saturating_mul(100) < elapsed => {
            given.saturating_mul(1000)
        }
        (Some(given), _) => given,
        (None, elapsed) => elapsed.unwrap_or(0),
    }
}

impl SdkBraket {
    /// Every hybrid job of the lane created at or after `since`, all pages.
    ///
    /// # Errors
    /// Any refusal of AWS.
    pub async fn hybrid_jobs(&self, lane: &Lane, since: Timestamp) -> Result<Vec<HybridJob>, RemoteError> {
        let client = self.braket(&lane.region).await;
        let filter = SearchJobsFilter::builder()
            .name("createdAt")
            .operator(SearchJobsFilterOperator::Gte)
            .values(since.to_string())
            .build()
            .map_err(|e| RemoteError::Config(e.to_string()))?;
        let (mut out, mut token) = (Vec::new(), None::<String>);
        for _page in 0..MAX_PAGES {
            let tap = Tap::default();
            let call = client.search_jobs().filters(filter.clone()).max_results(100).set_next_token(token);
            let page =
                call.customize().interceptor(tap.clone()).send().await.map_err(|e| failed(&e, &tap))?;
            out.extend(page.jobs().iter().map(|job| {
                let ran = job.started_at().zip(job.ended_at());
                HybridJob {
                    arn: QuantumTaskArn::new(job.job_arn()),
                    name: job.job_name().to_owned(),
                    device: job.device().to_owned(),
                    status: TaskStatus::named(job.status().as_str()),
                    created_at: instant(job.created_at()),
                    elapsed_ms: ran.and_then(|(from, to)| {
                        u64::try_from((to.as_nanos() - from.as_nanos()) / 1_000_000).ok()
                    }),
                    tags: job
                        .tags()
                        .map(|m| m.iter().map(|(k, v)| (k.clone(), v.clone())).collect())
                        .unwrap_or_default(),
                }
            }));
            token = page.next_token().map(str::to_owned);
            if token.is_none() {
                return Ok(out);
            }
        }
        Err(RemoteError::TooLarge(MAX_PAGES as u64))
    }

    /// What a finished hybrid job used.
    ///
    /// # Errors
    /// Any refusal of AWS.
    pub async fn hybrid_use(&self, lane: &Lane, job: &HybridJob) -> Result<HybridUse, RemoteError> {
        let tap = Tap::default();
        let call = self.braket(&lane.region).await.get_job().job_arn(job.arn.as_str());
        let got = call.customize().interceptor(tap.clone()).send().await.map_err(|e| failed(&e, &tap))?;
        let whole = |n: Option<i32>| n.and_then(|n| u64::try_from(n).ok());
        let missing = || RemoteError::Unreachable(format!("{} names no instance", job.arn));
        let config = got.instance_config().ok_or_else(missing)?;
        Ok(HybridUse {
            instance: config.instance_type().as_str().to_owned(),
            count: whole(config.instance_count()).unwrap_or(1).max(1),
            billed_ms: billed_ms(whole(got.billable_duration()), job.elapsed_ms),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_in_milliseconds_unless_it_can_only_be_seconds() {
        assert_eq!(billed_ms(Some(66_000), Some(66_400)), 66_000);
        assert_eq!(billed_ms(Some(66), Some(66_400)), 66_000);
        assert_eq!(billed_ms(Some(40_000), None), 40_000);
        assert_eq!(
            (billed_ms(None, Some(5)), billed_ms(None, None), billed_ms(Some(0), Some(900))),
            (5, 0, 0)
        );
    }
}

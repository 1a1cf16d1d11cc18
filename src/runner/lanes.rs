//! Lanes: who answers in a region, what time it is there, and what it knows of our store.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Clock, RunError, Runner, adoption};
use crate::backend::{Braket, Identity, LaneReport, RemoteError, Scan, SeenTask};
use crate::failpoint;
use crate::job::{Job, Lane};
use crate::store::{Kind, StoreError};
use crate::time::Timestamp;

/// Overlap of adoption scans, for tasks that a search showed late (P7).
const SCAN_OVERLAP: Duration = Duration::from_secs(20 * 60);
/// How far back the first scan of a lane looks: AWS keeps tasks for 90 days.
const SCAN_FIRST: Duration = Duration::from_secs(90 * 24 * 3600);

/// How long a refusal of a region is believed.
const SHUT_FOR: Duration = Duration::from_secs(2);

/// What is known of the regions asked so far.
#[derive(Default)]
pub(super) struct Lanes {
    known: BTreeMap<String, Known>,
}

enum Known {
    Open {
        report: LaneReport,
        /// Server time less ours. Units: microseconds.
        ahead_us: i64,
        scanned: bool,
    },
    Shut {
        why: String,
        until: Timestamp,
    },
}

impl Lanes {
    /// The time in a region, as far as its clock is known.
    pub(super) fn server_time(&self, region: &str, now: Timestamp) -> Timestamp {
        match self.known.get(region) {
            Some(Known::Open { ahead_us, .. }) => {
                Timestamp::from_micros(now.micros().saturating_add(*ahead_us))
            }
            _ => now,
        }
    }

    fn report(&self, region: &str) -> Option<LaneReport> {
        match self.known.get(region) {
            Some(Known::Open { report, .. }) => Some(report.clone()),
            _ => None,
        }
    }
}

impl<B: Braket, C: Clock> Runner<'_, B, C> {
    /// Who answers in a region; asked once, a refusal is believed for a moment.
    pub(super) async fn lane_in(&self, region: &str) -> Result<LaneReport, String> {
        let now = self.clock.now();
        if let Some(report) = self.lanes.borrow().report(region) {
            return Ok(report);
        }
        if let Some(Known::Shut { why, until }) = self.lanes.borrow().known.get(region)
            && *until > now
        {
            return Err(why.clone());
        }
        let asked = self.braket.lane(region).await;
        let now = self.clock.now();
        let known = match &asked {
            Ok(report) => Known::Open {
                report: report.clone(),
                ahead_us: report.server_now.micros().saturating_sub(now.whole_second().micros()),
                scanned: false,
            },
            Err(error) => Known::Shut { why: error.to_string(), until: now.after(SHUT_FOR) },
        };
        self.lanes.borrow_mut().known.insert(region.to_owned(), known);
        asked.map_err(|e: RemoteError| e.to_string())
    }

    /// Why a job's lane cannot be used now, if it cannot. A changed world is not a trouble: it is
    /// found by the first call.
    pub(super) async fn lane_trouble(&self, lane: &Lane) -> Option<String> {
        match self.lane_in(&lane.region).await {
            Err(why) => Some(why),
            Ok(report) if report.lane.endpoint != lane.endpoint => Some(format!(
                "the task lives at {}",
                lane.endpoint.as_deref().unwrap_or("AWS's own endpoint")
            )),
            Ok(report) if report.lane.account != lane.account => {
                let (theirs, ours) = (&lane.account, &report.lane.account);
                Some(format!("the task lives in account {theirs}; these credentials are of {ours}"))
            }
            Ok(_) => None,
        }
    }

    /// Whether the world that held a job's task is gone: the same endpoint is another world now.
    pub(super) fn world_is_gone(&self, lane: &Lane) -> bool {
        let lanes = self.lanes.borrow();
        let Some(report) = lanes.report(&lane.region) else { return false };
        lane.world.is_some() && report.lane.endpoint == lane.endpoint && report.lane.world != lane.world
    }

    /// Binds the store to the lane's kind of money, and looks once for tasks of ours it does not know.
    pub(super) async fn prepare_lane(
        &self,
        report: &LaneReport,
    ) -> Result<Result<(), RemoteError>, RunError> {
        let lane = &report.lane;
        let kind = if lane.world.is_some() { Kind::Play } else { Kind::Real };
        match self.store.bind(kind) {
            Ok(()) => {}
            Err(StoreError::OtherMoney { holds, job }) => {
                let why = format!("the store holds {holds} money and the endpoint takes {job} money");
                return Ok(Err(RemoteError::Config(why)));
            }
            Err(other) => return Err(other.into()),
        }
        if let Some(Known::Open { scanned: true, .. }) = self.lanes.borrow().known.get(&lane.region) {
            return Ok(Ok(()));
        }
        failpoint::hit("scan.before")?;
        let mark = self.store.scanned(lane)?;
        let since = mark.map_or(report.server_now.before(SCAN_FIRST), |at| at.before(SCAN_OVERLAP));
        // A store that never sent anything has nothing to find, and a new lane of it neither.
        if mark.is_some() || !self.store.lanes()?.is_empty() {
            match self.braket.scan(lane, since).await {
                Ok(scan) => self.adopt_unknown(lane, &scan)?,
                Err(error) => return Ok(Err(error)),
            }
        }
        failpoint::hit("scan.after")?;
        self.store.set_scanned(lane, report.server_now)?;
        if let Some(Known::Open { scanned, .. }) = self.lanes.borrow_mut().known.get_mut(&lane.region) {
            *scanned = true;
        }
        Ok(Ok(()))
    }

    fn adopt_unknown(&self, lane: &Lane, scan: &Scan) -> Result<(), RunError> {
        let ours = self.store.identity()?.store;
        for seen in &scan.tasks {
            let Some(identity) = Identity::of(seen).filter(|i| i.store == ours) else { continue };
            if !self.store.knows_task(&seen.task)? && !self.belongs_to_open_attempt(&identity)? {
                self.adopt(lane, seen)?;
            }
        }
        Ok(())
    }

    /// An attempt in doubt finds its own task; adopting it too would book it twice.
    fn belongs_to_open_attempt(&self, identity: &Identity) -> Result<bool, RunError> {
        let open = self.store.due(Timestamp::from_micros(i64::MAX), usize::MAX)?;
        for id in open {
            let job = self.store.job(&id)?;
            if job.terms.tag.as_str() == identity.job && job.attempt == identity.attempt {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Books a task that no open attempt accounts for: its cost is held, it is watched and cancelled.
    pub(super) fn adopt(&self, lane: &Lane, seen: &SeenTask) -> Result<(), RunError> {
        failpoint::hit("adopt.before")?;
        let now = self.clock.now();
        let terms = adoption::terms(seen, now);
        let job = Job::adopted(
            std::sync::Arc::new(terms),
            lane.clone(),
            seen.task.clone(),
            seen.status.clone(),
            now,
        );
        self.store.adopt(&job, now)?;
        failpoint::hit("adopt.after")?;
        Ok(())
    }
}

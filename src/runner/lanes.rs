//! Lanes: who answers in a region, what time it is there, and what it knows of our store.

use std::collections::BTreeMap;
use std::time::Duration;

use super::pace::Operation;
use super::{Clock, RunError, Runner, adoption};
use crate::backend::{Braket, Identity, LaneReport, RemoteError, Scan, SeenTask};
use crate::failpoint;
use crate::ids::JobId;
use crate::job::{Event, Job, Lane, Stage};
use crate::store::{Kind, StoreError};
use crate::time::Timestamp;

/// Overlap of adoption scans, for tasks that a search showed late (P7).
const SCAN_OVERLAP: Duration = Duration::from_secs(20 * 60);
/// How far back the first scan of a lane looks: AWS keeps tasks for 90 days.
const SCAN_FIRST: Duration = Duration::from_secs(90 * 24 * 3600);

/// How long what a lane answered is believed, and how often it is searched for unknown tasks.
const ASK_EVERY: Duration = Duration::from_secs(3600);
/// A wall clock that moved so much more or less than time did was set, or the machine slept.
const JUMP: Duration = Duration::from_secs(60);

/// How long a refusal of a region is believed.
const SHUT_FOR: Duration = Duration::from_secs(2);

/// What is known of the regions asked so far.
#[derive(Default)]
pub(super) struct Lanes {
    known: BTreeMap<String, Known>,
    /// Wall clock and ticks when both were last read.
    last: Option<(Timestamp, Duration)>,
}

enum Known {
    Open {
        report: LaneReport,
        /// Server time less ours. Units: microseconds.
        ahead_us: i64,
        /// When it was asked. Units: ticks of the process.
        asked: Duration,
        scanned: bool,
    },
    Shut {
        why: String,
        until: Timestamp,
    },
}

impl Lanes {
    /// Forgets what the wall clock or an hour may have made untrue: who answers, what time it is
    /// there, and that no task of ours is unknown. Sleep and a clock that was set look the same.
    fn notice_time(&mut self, wall: Timestamp, ticks: Duration) {
        if let Some((last_wall, last_ticks)) = self.last.replace((wall, ticks)) {
            let passed = i128::from(wall.micros()) - i128::from(last_wall.micros());
            let ticked = ticks.saturating_sub(last_ticks).as_micros() as i128;
            if (passed - ticked).unsigned_abs() > JUMP.as_micros() {
                tracing::info!("the wall clock jumped; lanes are asked and searched again");
                self.known.clear();
            }
        }
        self.known.retain(|_, known| match known {
            Known::Open { asked, .. } => ticks.saturating_sub(*asked) < ASK_EVERY,
            Known::Shut { .. } => true,
        });
    }

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
        self.lanes.borrow_mut().notice_time(now, self.clock.ticks());
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
                asked: self.clock.ticks(),
                scanned: false,
            },
            Err(error) => Known::Shut { why: error.to_string(), until: now.after(SHUT_FOR) },
        };
        self.lanes.borrow_mut().known.insert(region.to_owned(), known);
        match &asked {
            Ok(_) => self.clear(&format!("lane/{region}")),
            Err(error) => self.note(format!("lane/{region}"), error.to_string(), None),
        }
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
            self.paced(&lane.region, Operation::Search).await;
            let scan = self.braket.scan(lane, since).await;
            self.went(&lane.region, Operation::Search, scan.as_ref().err());
            match scan {
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

    /// Searches every lane that is in use and was not searched for an hour.
    pub(super) async fn search_lanes(&self) -> Result<(), RunError> {
        let mut regions: Vec<String> = self.store.lanes()?.into_iter().map(|lane| lane.region).collect();
        regions.sort();
        regions.dedup();
        for region in regions {
            if let Ok(report) = self.lane_in(&region).await
                && let Err(error) = self.prepare_lane(&report).await?
            {
                tracing::warn!(region, %error, "the search for unknown tasks is tried again");
            }
        }
        Ok(())
    }

    /// Books the tasks of ours that this store does not know: it was restored from an older copy,
    /// or a create reply never came.
    fn adopt_unknown(&self, lane: &Lane, scan: &Scan) -> Result<(), RunError> {
        let ours = self.store.identity()?.store;
        let mut unknown = Vec::new();
        for seen in &scan.tasks {
            let Some(identity) = Identity::of(seen).filter(|i| i.store == ours) else { continue };
            if !self.store.knows_task(&seen.task)? {
                unknown.push((identity, seen));
            }
        }
        if unknown.is_empty() {
            return Ok(());
        }
        // A waiting job goes on with the last attempt that it made and forgot.
        unknown.sort_by(|(a, _), (b, _)| (&a.job, b.attempt).cmp(&(&b.job, a.attempt)));
        let mut jobs = BTreeMap::new();
        for id in self.store.due(Timestamp::from_micros(i64::MAX), usize::MAX, &|_| false)? {
            jobs.insert(self.store.job(&id)?.terms.tag.as_str().to_owned(), id);
        }
        for (identity, seen) in unknown {
            self.book_found(lane, seen, &identity, jobs.get(&identity.job))?;
        }
        Ok(())
    }

    fn book_found(
        &self,
        lane: &Lane,
        seen: &SeenTask,
        identity: &Identity,
        job: Option<&JobId>,
    ) -> Result<(), RunError> {
        let Some(id) = job else { return self.adopt(lane, seen, None) };
        loop {
            let job = self.store.job(id)?;
            if self.store.knows_task(&seen.task)? {
                return Ok(());
            }
            match &job.stage {
                Stage::Waiting { .. } if identity.attempt >= job.attempt => {}
                // It is in doubt of this very task, and proof will find it; adopting it too would
                // book it twice.
                Stage::Submitting { .. } if identity.attempt == job.attempt => return Ok(()),
                _ => return self.adopt(lane, seen, None),
            }
            let event = Event::Found {
                attempt: identity.attempt,
                task: seen.task.clone(),
                lane: lane.clone(),
                status: seen.status.clone(),
            };
            failpoint::hit("found.before")?;
            if self.try_store(&job, event)? {
                failpoint::hit("found.after")?;
                return Ok(());
            }
        }
    }

    /// Books a task that no open attempt accounts for: its cost is held, and it is watched. A task
    /// whose attempt was closed by `closed` is cancelled too, because nobody waits for it.
    pub(super) fn adopt(&self, lane: &Lane, seen: &SeenTask, closed: Option<&Job>) -> Result<(), RunError> {
        failpoint::hit("adopt.before")?;
        let now = self.clock.now();
        let budgets = match (closed, Identity::budgets(seen)) {
            (Some(job), _) => job.terms.budgets.clone(),
            (None, Some(names)) => names,
            // Nobody can tell what it was bought for, and a cap must not be passed: all of them.
            (None, None) => self.store.budgets(now)?.into_iter().map(|b| b.budget.name).collect(),
        };
        let terms = adoption::terms(seen, budgets, &self.prices, now);
        let job = Job::adopted(
            std::sync::Arc::new(terms),
            lane.clone(),
            seen.task.clone(),
            seen.status.clone(),
            closed.is_some(),
            now,
        );
        self.store.adopt(&job, now)?;
        failpoint::hit("adopt.after")?;
        Ok(())
    }
}

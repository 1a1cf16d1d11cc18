//! What of a sweep is made again: the points that failed, also single ones of a program set whose other
//! points are done and paid.

use std::collections::{BTreeMap, HashMap};

use super::{Planned, Points, export, packing, plan_task};
use crate::app::{self, Lot, Refused};
use crate::cli::Failure;
use crate::cli::circuit::Loaded;
use crate::cli::output::Out;
use crate::cli::verbs::submit;
use crate::ids::JobId;
use crate::pack::{Packing, Task};
use crate::price::PriceList;
use crate::store::Store;

/// A sweep as it was asked for.
pub(super) struct Sweep<'a> {
    pub(super) args: &'a super::Sweep,
    pub(super) own: &'a submit::Args,
    pub(super) on: (&'a shotbook_sim::target::Device, &'a PriceList),
    pub(super) loaded: &'a Loaded,
    pub(super) points: &'a Points,
}

impl Sweep<'_> {
    /// The tasks that make the failed points of a collection again, each under the key of its next job.
    ///
    /// # Errors
    /// A job that is not what its points are now, or the store.
    pub(super) fn failed(
        &self,
        whole: &Planned,
        store: &dyn Store,
        lot: &Lot,
        out: &mut Out,
    ) -> Result<Planned, Failure> {
        let (device, list) = self.on;
        let (base, at) = (submit::request(self.own, device, self.loaded)?, (self.loaded, self.points));
        let all = whole.packing.tasks.iter().enumerate();
        let homes: HashMap<u32, usize> =
            all.flat_map(|(n, t)| t.points.iter().map(move |&p| (p, n))).collect();
        let (mut plans, mut keys, mut packed) = (Vec::new(), Vec::new(), Packing::default());
        for (id, rows) in failed_jobs(store, lot)? {
            let job = store.job(&id)?;
            let taken = || Refused::KeyTaken { key: job.terms.key.clone(), job: id.clone() };
            let number = rows.first().and_then(|(p, _)| homes.get(p).copied()).ok_or_else(taken)?;
            let home = &whole.packing.tasks[number];
            let here = Task { points: rows.iter().map(|r| r.0).collect(), shots_each: home.shots_each };
            let key = app::next_key(&job.terms.key);
            let plan = if here == *home {
                whole.plans[number].clone()
            } else if here.points.iter().all(|p| homes.contains_key(p)) {
                plan_task(&base, list, at, (&here, number), Some(key.clone()), out)?
            } else {
                return Err(taken().into());
            };
            if app::contents([&plan].into_iter()) != job.terms.content {
                return Err(taken().into());
            }
            let wanted: Vec<u32> = rows.iter().filter(|r| r.1).map(|r| r.0).collect();
            packed.single_tasks += wanted.len() as u64;
            if wanted.len() == rows.len() {
                packed.tasks.push(here);
                plans.push(plan);
                keys.push(Some(key));
                continue;
            }
            for task in packing(self.args, device, self.loaded, self.points, &wanted)?.tasks {
                let key = format!("{key}.{}", task.points[0]);
                plans.push(plan_task(&base, list, at, (&task, number), Some(key.clone()), out)?);
                packed.tasks.push(task);
                keys.push(Some(key));
            }
        }
        Planned::of(packed, plans, keys)
    }
}

/// Jobs of a collection of which something failed, with all their points and whether each one did.
fn failed_jobs(store: &dyn Store, lot: &Lot) -> Result<BTreeMap<JobId, Vec<(u32, bool)>>, Failure> {
    let mut jobs = BTreeMap::<JobId, Vec<(u32, bool)>>::new();
    for row in export::rows(store, &lot.id)? {
        let point = u32::try_from(row.point).unwrap_or(u32::MAX);
        jobs.entry(row.job.clone()).or_default().push((point, row.has_failed));
    }
    jobs.retain(|_, rows| rows.iter().any(|(_, failed)| *failed));
    Ok(jobs)
}

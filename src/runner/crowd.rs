//! Many local jobs at a time: one commit for their leases, one for their results.
//!
//! A synced commit costs some milliseconds; two for each small circuit would be all that a disk does.

use super::{Clock, LEASE, LocalWork, RunError, Runner};
use crate::backend::Braket;
use crate::failpoint;
use crate::ids::{BlobId, JobId};
use crate::job::{Duty, Event, Job, Sight, apply, duty};
use crate::store::{Change, Committed};

/// Most jobs of one group; bounds memory, and how long a result waits for its commit.
const GROUP: usize = 256;

impl<B: Braket, C: Clock> Runner<'_, B, C> {
    /// Computes those of the jobs that are local and due, and gives back all others and those that
    /// somebody else moved meanwhile.
    pub(super) fn crowd(&self, ids: &[JobId], seen: &mut dyn FnMut(&Job)) -> Result<Crowd, RunError> {
        let mut out = Crowd::default();
        for group in ids.chunks(GROUP) {
            let mut due = Vec::new();
            for id in group {
                let job = self.store.job(id)?;
                out.elsewhere |= !job.terms.is_local();
                let sight = Sight { failed: self.failed_beside(&job)?, ..Sight::default() };
                let local =
                    job.terms.is_local() && matches!(duty(&job, &sight, self.clock.now()), Duty::Compute);
                if local { due.push(job) } else { out.rest.push(id.clone()) }
            }
            if due.len() < 2 {
                out.rest.extend(due.into_iter().map(|job| job.terms.id.clone()));
            } else {
                self.compute_group(due, &mut out, seen)?;
            }
        }
        Ok(out)
    }

    fn compute_group(
        &self,
        due: Vec<Job>,
        out: &mut Crowd,
        seen: &mut dyn FnMut(&Job),
    ) -> Result<(), RunError> {
        let now = self.clock.now();
        let ids: Vec<JobId> = due.iter().map(|job| job.terms.id.clone()).collect();
        let taken = self.store.lease_all(&ids, &self.id, now, now.after(LEASE))?;
        let mut work = Vec::with_capacity(taken.len());
        for job in due {
            if !taken.contains(&job.terms.id) {
                out.rest.push(job.terms.id.clone());
                continue;
            }
            let circuit = self.store.blob(&job.terms.circuit)?;
            let inputs = self.store.blob(&job.terms.inputs)?;
            work.push(LocalWork { job, circuit, inputs });
        }
        failpoint::hit("compute.before")?;
        let answers = self.compute.compute_all(&work);
        failpoint::hit("compute.after")?;
        let at = self.clock.now();
        let mut changes = Vec::with_capacity(work.len());
        for (LocalWork { job, .. }, answer) in work.into_iter().zip(answers) {
            let (event, blobs) = match answer {
                Ok(bytes) => (Event::Computed { result: BlobId::of(&bytes) }, vec![bytes]),
                Err(reason) => (Event::ComputeFailed { reason }, Vec::new()),
            };
            let after = apply(&job, &event, at)?;
            changes.push(Change { before: job, after, event, blobs, guarded: false, at });
        }
        for (change, committed) in changes.iter().zip(self.store.commit_all(&changes)?) {
            let id = &change.before.terms.id;
            match committed {
                Committed::Yes(version) => {
                    let mut job = change.after.clone();
                    job.version = version;
                    seen(&job);
                    out.done.push(id.clone());
                }
                Committed::Reload | Committed::OverBudget(_) => {
                    self.store.unlease(id, &self.id)?;
                    out.rest.push(id.clone());
                }
            }
        }
        Ok(())
    }
}

/// What a crowd came to.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    /// Over.
    pub done: Vec<JobId>,
    /// To be stepped one by one.
    pub rest: Vec<JobId>,
    /// Whether any of them runs at AWS.
    pub elsewhere: bool,
}

//! Tasks that are watched: what was last seen of each, without a commit for every look.
//!
//! That a task is still queued is no fact worth a synced write. It is kept here; a process that starts
//! anew looks again. Above [`MANY`] tasks of a lane one search answers for a hundred of them.

use std::collections::BTreeMap;
use std::time::Duration;

use super::pace::Operation;
use super::{Clock, Runner};
use crate::backend::{Braket, RemoteError};
use crate::ids::{JobId, QuantumTaskArn};
use crate::job::{Job, Lane, Stage, TaskStatus, spacing};
use crate::time::Timestamp;

/// Open tasks of a lane from which on one search is cheaper than a call for each.
pub(super) const MANY: usize = 1000;
/// How long the answer of a search is believed; the longest pause between two looks at a task.
const FRESH: Duration = Duration::from_secs(60);
/// A task is younger than its job, unless the clocks differ.
const OVERLAP: Duration = Duration::from_secs(20 * 60);

#[derive(Default)]
pub(super) struct Watch {
    looks: BTreeMap<JobId, Look>,
    lists: BTreeMap<Lane, List>,
}

struct Look {
    lane: Lane,
    task: QuantumTaskArn,
    status: TaskStatus,
    born: Timestamp,
    polls: u32,
    next: Timestamp,
}

struct List {
    at: Timestamp,
    tasks: BTreeMap<QuantumTaskArn, TaskStatus>,
}

fn is_fresh(list: &List, now: Timestamp) -> bool {
    list.at <= now && now.since(list.at) < FRESH
}

impl<B: Braket, C: Clock> Runner<'_, B, C> {
    /// A loaded job with what this process saw of it since.
    pub(super) fn with_last_look(&self, job: Job) -> Job {
        match self.watch.borrow().looks.get(&job.terms.id) {
            Some(look) => job.looked_at(look.polls, look.next),
            None => job,
        }
    }

    /// Whether a look brought nothing but the time of the next one, which is then remembered here.
    pub(super) fn only_looked(&self, before: &Job, after: &Job) -> bool {
        let Some((polls, next)) = before.differs_by_a_look(after) else {
            self.watch.borrow_mut().looks.remove(&before.terms.id);
            return false;
        };
        if let Stage::Running { task, lane, seen, .. } = &after.stage {
            let (lane, task, status) = (lane.clone(), task.clone(), seen.clone());
            let look = Look { lane, task, status, born: after.terms.created_at, polls, next };
            self.watch.borrow_mut().looks.insert(after.terms.id.clone(), look);
        }
        true
    }

    /// Looks again at the tasks that a fresh search shows as they were, without opening their jobs; what
    /// the store holds of them must be as it was. Gives when each is looked at next.
    pub(super) fn renewed(&self, now: Timestamp) -> Vec<(JobId, Timestamp)> {
        let mut watch = self.watch.borrow_mut();
        let Watch { looks, lists } = &mut *watch;
        let mut out = Vec::new();
        for (id, look) in looks.iter_mut().filter(|(_, look)| look.next <= now) {
            let list = lists.get(&look.lane).filter(|list| is_fresh(list, now));
            if list.and_then(|l| l.tasks.get(&look.task)) == Some(&look.status) {
                self.meter.polled(now.since(look.next));
                look.polls += 1;
                look.next = now.after(spacing(look.polls));
                out.push((id.clone(), look.next));
            }
        }
        out
    }

    /// The status of a task as a recent search shows it, when so many are watched that searching is
    /// the cheaper way; `None`: ask for the task itself.
    pub(super) async fn listed(
        &self,
        lane: &Lane,
        task: &QuantumTaskArn,
    ) -> Result<Option<TaskStatus>, RemoteError> {
        let now = self.clock.now();
        if !self.watch.borrow().lists.get(lane).is_some_and(|list| is_fresh(list, now)) {
            let since = {
                let watch = self.watch.borrow();
                let born = watch.looks.values().filter(|look| look.lane == *lane).map(|look| look.born);
                let (count, oldest) = born.fold((0, now), |(n, oldest), at| (n + 1, oldest.min(at)));
                if count <= MANY {
                    return Ok(None);
                }
                oldest.before(OVERLAP)
            };
            self.paced(&lane.region, Operation::Search).await;
            let scan = self.braket.scan(lane, since).await;
            self.went(&lane.region, Operation::Search, scan.as_ref().err());
            let scan = scan?;
            let known = scan.world == lane.world;
            let tasks = scan.tasks.into_iter().filter(|_| known).map(|seen| (seen.task, seen.status));
            let list = List { at: self.clock.now(), tasks: tasks.collect() };
            self.watch.borrow_mut().lists.insert(lane.clone(), list);
        }
        Ok(self.watch.borrow().lists.get(lane).and_then(|list| list.tasks.get(task).cloned()))
    }
}

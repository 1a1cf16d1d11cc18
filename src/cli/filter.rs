//! Which jobs are meant, in the words that `budget --for` uses: `project=P`, `tag=K=V`, `device=D`, …

use super::Failure;
use super::verbs::{devices, jobs};
use crate::ids::CollectionId;
use crate::job::Job;
use crate::store::Filter;

/// A filter with what a store cannot look for.
#[derive(Clone, Debug, Default)]
pub struct Chosen {
    /// For the store.
    pub filter: Filter,
    /// Only jobs of no project.
    homeless: bool,
    /// Only tasks that were made elsewhere.
    adopted: bool,
}

const HELP: &str = "project=P (project=- for none), device=D, state=S, tag=K=V, collection=ID, since=DATE, until=DATE, \
                    adopted";

impl Chosen {
    /// Reads conditions; all of them must hold.
    pub fn of(conditions: &[String]) -> Result<Self, Failure> {
        let mut out = Self::default();
        for condition in conditions {
            let wrong = || Failure::new("SB2001", format!("{condition:?} is no condition")).with_help(HELP);
            if condition == "adopted" {
                out.adopted = true;
                continue;
            }
            let (kind, value) = condition.split_once('=').filter(|(_, v)| !v.is_empty()).ok_or_else(wrong)?;
            let filter = &mut out.filter;
            match kind {
                "project" if value == "-" => out.homeless = true,
                "project" => filter.project = Some(value.to_owned()),
                "device" => filter.device = Some(devices::find(value)?.name.clone()),
                "state" => filter.states.push(jobs::state(value)?),
                "tag" => {
                    let (k, v) = value.split_once('=').ok_or_else(wrong)?;
                    filter.tags.insert(k.to_owned(), v.to_owned());
                }
                "collection" => filter.collection = Some(CollectionId::new(value)),
                "since" => filter.since = Some(jobs::instant(value)?),
                "until" => filter.until = Some(jobs::instant(value)?),
                _ => return Err(wrong()),
            }
        }
        Ok(out)
    }

    /// Whether a job that the store found is meant.
    pub fn takes(&self, job: &Job) -> bool {
        (!self.homeless || job.terms.project.is_none()) && (!self.adopted || job.terms.adopted)
    }
}

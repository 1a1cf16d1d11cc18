//! `tag`: projects and tags of jobs, also of old and imported ones.

use std::collections::BTreeMap;

use serde_json::json;

use crate::app;
use crate::cli::filter::Chosen;
use crate::cli::output::Out;
use crate::cli::work::{job_id, line};
use crate::cli::{Context, Failure};
use crate::ids::JobId;
use crate::store::{Labels, Store};
use crate::time;

/// Arguments of `tag`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Jobs, and what they are given: K=V, or project=P
    #[arg(value_name = "JOB|K=V")]
    words: Vec<String>,
    /// All jobs that pass; may be given again: project=P (project=- for none), device=D, state=S, tag=K=V,
    /// collection=ID, since=DATE, until=DATE, adopted
    #[arg(long, value_name = "CONDITION")]
    filter: Vec<String>,
    /// Take this tag away, or the project
    #[arg(long, value_name = "K")]
    remove: Vec<String>,
    /// Say which jobs would change, and stop
    #[arg(long)]
    dry_run: bool,
}

const HELP: &str = "shotbook tag JOB project=P K=V, or shotbook tag --filter project=- project=P";

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let usage = |why: &str| Failure::new("SB2001", why).with_help(HELP);
    let (pairs, names): (Vec<&String>, Vec<&String>) = args.words.iter().partition(|w| w.contains('='));
    let labels = labels(&pairs, &args.remove)?;
    if labels == Labels::default() {
        return Err(usage("there is nothing to set or remove"));
    }
    if names.is_empty() == args.filter.is_empty() {
        return Err(usage("name either jobs or a --filter"));
    }
    let store = context.store()?;
    let jobs = if names.is_empty() {
        let chosen = Chosen::of(&args.filter)?;
        store.jobs(&chosen.filter)?.into_iter().filter(|job| chosen.takes(job)).collect()
    } else {
        let ids = names.iter().map(|name| job_id(&store, name)).collect::<Result<Vec<_>, _>>()?;
        ids.iter().map(|id| store.job(id)).collect::<Result<Vec<_>, _>>()?
    };
    for job in &jobs {
        // What it has stays, so the sum is what AWS must take from a job that waits.
        let mut all = job.terms.tags.clone();
        all.retain(|key, _| !labels.without.contains(key));
        all.extend(labels.tags.clone());
        app::check_tags(&all)?;
    }
    if args.dry_run {
        jobs.iter().for_each(|job| out.line(&line(job)));
        out.say(&format!("{} jobs would be tagged; nothing changed", jobs.len()));
        return Ok(0);
    }
    let ids: Vec<JobId> = jobs.iter().map(|job| job.terms.id.clone()).collect();
    let changed = store.relabel(&ids, &labels, time::now())?;
    if out.is_json() {
        out.json(&json!({"schema": "shotbook.tagged/1", "matched": ids.len(), "changed": changed,
            "jobs": ids.iter().map(JobId::as_str).collect::<Vec<_>>()}));
    } else {
        out.line(&format!("{changed} of {} jobs changed", ids.len()));
    }
    if names.is_empty() && ids.is_empty() {
        out.say("no job passes the filter; shotbook jobs lists them");
    }
    Ok(0)
}

fn labels(pairs: &[&String], remove: &[String]) -> Result<Labels, Failure> {
    let (mut tags, mut project) = (BTreeMap::new(), None);
    for pair in pairs {
        let (key, value) = pair.split_once('=').unwrap_or_default();
        if key == "project" {
            if value.is_empty() {
                return Err(Failure::new("SB2001", "a project has a name").with_help("--remove project"));
            }
            project = Some(Some(value.to_owned()));
        } else {
            tags.insert(key.to_owned(), value.to_owned());
        }
    }
    let without: Vec<String> = remove.iter().filter(|key| *key != "project").cloned().collect();
    if project.is_none() && without.len() < remove.len() {
        project = Some(None);
    }
    Ok(Labels { project, tags, without })
}

//! Steps of one loop as durable collections of tasks of one circuit: held before they are sent, found
//! again under their keys.

use std::collections::HashSet;

use shotbook_sim::target::Device;

use super::fit::Wish;
use super::{Planned, Sweep, points};
use crate::cli::circuit::{CircuitArgs, Loaded};
use crate::cli::output::Out;
use crate::cli::verbs::{submit, train};
use crate::cli::work::{interrupted, with_runner};
use crate::cli::{Context, Failure};
use crate::ids::{CollectionId, JobId};
use crate::job::{Outcome, Stage};
use crate::price::PriceList;
use crate::runner::Patience;
use crate::store::{SqliteStore, Store};
use crate::train::problem::Row;

/// One circuit on one device, asked again and again.
pub(in crate::cli::verbs) struct Steps<'a> {
    context: &'a Context,
    pub store: &'a SqliteStore,
    pub device: &'static Device,
    list: PriceList,
    loaded: Loaded,
    sweep: Sweep,
    own: submit::Args,
    out: Out,
}

impl<'a> Steps<'a> {
    /// For a circuit with its name. `own` has the budgets, project and tags.
    pub fn new(
        context: &'a Context,
        store: &'a SqliteStore,
        device: &'static Device,
        (name, text): (&str, &str),
        own: submit::Args,
    ) -> Result<Self, Failure> {
        let loaded = CircuitArgs::default().of_text(&format!("{name}.qasm"), text.to_owned())?;
        let (list, out) = (context.prices()?, Out::new(false, true));
        Ok(Self { context, store, device, list, loaded, sweep: Sweep::default(), own, out })
    }

    /// A step with its price, before anything is stored.
    pub fn planned(
        &mut self,
        names: &[String],
        rows: &[Row],
        key: &str,
    ) -> Result<(points::Points, Planned), Failure> {
        self.own.key = Some(key.to_owned());
        if let Some(first) = rows.first() {
            self.loaded.inputs = train::define::as_inputs(names, &first.inputs);
        }
        let row = |r: &Row| points::Row { values: r.inputs.clone(), shots: Some(r.shots) };
        let points = points::Points { names: names.to_vec(), rows: rows.iter().map(row).collect() };
        let facts = (self.device, &self.list);
        let planned = super::plan(&self.sweep, &self.own, facts, &self.loaded, &points, &mut self.out)?;
        Ok((points, planned))
    }

    /// Accepts a step; ids of its jobs.
    pub fn accepted(
        &mut self,
        points: &points::Points,
        planned: &Planned,
    ) -> Result<(CollectionId, Vec<JobId>), Failure> {
        let wish =
            Wish { args: &self.sweep, device: self.device, list: &self.list, loaded: &self.loaded, points };
        super::accept(&self.own, wish, planned, None, self.context, self.store, &mut self.out)
    }

    /// What is already in the store under a key.
    pub fn known(&self, key: &str) -> Result<Option<(CollectionId, Vec<JobId>)>, Failure> {
        let id = CollectionId::of(&self.store.identity()?.store, key);
        let mut seen = HashSet::new();
        let points = self.store.points(&id)?;
        let ids: Vec<JobId> = points.into_iter().map(|p| p.1).filter(|id| seen.insert(id.clone())).collect();
        Ok((!ids.is_empty()).then_some((id, ids)))
    }

    /// Whether one of the jobs ended without a result to come.
    pub fn any_failed(&self, ids: &[JobId]) -> Result<bool, Failure> {
        for id in ids {
            if let Stage::Done(outcome) = &self.store.job(id)?.stage
                && !matches!(outcome, Outcome::Completed { .. })
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Works on jobs until they are over.
    pub fn finish(&self, ids: &[JobId]) -> Result<(), Failure> {
        let ended = with_runner(self.context, self.store, async |runner| {
            Ok(runner.finish(ids, Patience::UntilStuck, &mut |_| {}).await?)
        })?;
        if ended.is_none() || interrupted() {
            return Err(Failure::new("SB8001", "interrupted; the same command goes on with it"));
        }
        Ok(())
    }
}

//! A step of a training as one durable collection of paid tasks: held before it is sent, settled
//! before the next, found again under its key.

use shotbook_sim::target::Device;

use super::define::failed;
use crate::app::Refused;
use crate::app::training::{Caps, Evaluate, Record, TrainingError};
use crate::cli::verbs::submit;
use crate::cli::verbs::sweep::export;
use crate::cli::verbs::sweep::step::Steps;
use crate::cli::{Context, Failure};
use crate::energy::Coefficients;
use crate::ids::CollectionId;
use crate::money::Money;
use crate::store::{SqliteStore, Store};
use crate::train::machine::{End, State, Used};
use crate::train::measured::Measured;
use crate::train::optimizer::{Answer, Ask};
use crate::train::problem::{Counts, Problem, Row};

/// A step whose tasks failed is tried so often under keys of its own.
const TRIES: u32 = 3;

/// Paid tasks on a device.
pub struct Paid<'a> {
    steps: Steps<'a>,
    problem: &'a Problem,
    measured: Measured,
    id: String,
    shots: u64,
    max_cost: Option<Money>,
    iterations: u32,
    /// What it may use up besides money.
    pub caps: Caps,
}

impl<'a> Paid<'a> {
    /// For a training of a device. `own` has the budgets, project and tags.
    pub fn new(
        context: &'a Context,
        store: &'a SqliteStore,
        device: &'static Device,
        (record, problem): (&Record, &'a Problem),
        own: submit::Args,
        max_cost: Option<Money>,
    ) -> Result<Self, Failure> {
        let measured = problem.measured().map_err(|e| failed(&e))?;
        let shots = record.definition.shots.unwrap_or(1);
        Ok(Self {
            steps: Steps::new(context, store, device, (&record.id, &measured.text), own)?,
            problem,
            measured,
            id: record.id.clone(),
            shots,
            max_cost,
            iterations: record.definition.iterations,
            caps: Caps::default(),
        })
    }

    /// Rows of a question with what they would hold.
    pub fn forecast(&mut self, state: &State, ask: &Ask) -> Result<(Vec<Row>, Money), Failure> {
        let rows = self.problem.rows(&self.measured, ask, u64::from(state.iteration), self.shots);
        let hold = self.steps.planned(&self.measured.names, &rows, "forecast")?.1.hold;
        Ok((rows, hold))
    }

    /// Counts of each row of a step.
    fn tables(&self, collection: &CollectionId, step: u64) -> Result<Vec<Counts>, Failure> {
        let found = export::rows(self.steps.store, collection)?;
        let mut tables = Vec::with_capacity(found.len());
        for (at, row) in found.into_iter().enumerate() {
            match row.result {
                Some(result) => tables.push(Counts(result.counts.into_iter().collect())),
                None => {
                    let why = row.error.unwrap_or_else(|| "no result".to_owned());
                    return Err(Failure::new("SB6001", format!("step {}, circuit {at}: {why}", step)));
                }
            }
        }
        Ok(tables)
    }
}

impl Evaluate for Paid<'_> {
    type Error = Failure;

    fn answer(&mut self, state: &State, ask: &Ask) -> Result<Result<(Answer, Used), End>, Failure> {
        let began = crate::time::monotonic_us();
        let rows = self.problem.rows(&self.measured, ask, u64::from(state.iteration), self.shots);
        for number in 1..=TRIES {
            let key = if number == 1 {
                format!("{}/{}", self.id, state.step)
            } else {
                format!("{}/{}.{number}", self.id, state.step)
            };
            let (collection, ids) = match self.steps.known(&key)? {
                Some(known) => known,
                None => {
                    let shots = state.used.shots + rows.iter().map(|r| r.shots).sum::<u64>();
                    let energy = Coefficients::embedded().allocated(&self.steps.device.technology);
                    let energy = energy.map(|shot| shot.scaled(shots as f64));
                    if let Some(end) = self.caps.reached(state.used.seconds, energy) {
                        return Ok(Err(end));
                    }
                    let (points, planned) = self.steps.planned(&self.measured.names, &rows, &key)?;
                    let hold = planned.hold;
                    let spent = Money::from_nanos(state.used.nanos);
                    let most = spent.plus(hold).map_err(Refused::from)?;
                    if let Some(max) = self.max_cost.filter(|max| most > *max) {
                        let left = self.iterations.saturating_sub(state.iteration);
                        let usual = self.forecast(state, &state.optimizer.ordinary(ask))?.1;
                        let one_more = if usual == hold { Money::ZERO } else { hold };
                        let rest = usual
                            .times(u64::from(left))
                            .and_then(|m| m.plus(one_more))
                            .map_err(Refused::from)?;
                        return Ok(Err(End::Cap(format!(
                            "{spent:#} spent, the next step can cost {hold:#}, the cap is {max:#}; \
                             the {left} iterations left would cost about {rest:#}"
                        ))));
                    }
                    match self.steps.accepted(&points, &planned) {
                        Ok(accepted) => accepted,
                        Err(refused) if refused.code() == "SB3001" => {
                            return Ok(Err(End::Cap(refused.message().to_owned())));
                        }
                        Err(other) => return Err(other),
                    }
                }
            };
            self.steps.finish(&ids)?;
            if self.steps.any_failed(&ids)? {
                continue;
            }
            let (mut nanos, mut tasks) = (0, 0);
            for id in &ids {
                let job = self.steps.store.job(id)?;
                if !job.is_done() {
                    let why = format!("step {} waits: {id} is not done", state.step);
                    return Err(Failure::new("SB7001", why).with_help(format!("shotbook why {id}")));
                }
                nanos += job.settled.nanos();
                tasks += 1;
            }
            let tables = self.tables(&collection, state.step)?;
            let used = Used {
                circuits: rows.len() as u64,
                shots: rows.iter().map(|r| r.shots).sum(),
                tasks,
                nanos,
                seconds: (crate::time::monotonic_us() - began) as f64 / 1e6,
            };
            let answer = self.problem.answer(&self.measured, ask, u64::from(state.iteration), &tables);
            return Ok(Ok((answer, used)));
        }
        Err(Failure::new(
            "SB6001",
            format!("step {} failed {TRIES} times; FAILED tasks cost nothing", state.step),
        )
        .with_help("shotbook jobs; then shotbook train --resume ID"))
    }
}

impl From<TrainingError> for Failure {
    fn from(error: TrainingError) -> Self {
        match &error {
            TrainingError::File { .. } => Self::new("SB2006", error.to_string()),
            TrainingError::Train(inner) => failed(inner),
            TrainingError::Program { .. } => Self::new("SB2010", error.to_string()),
            TrainingError::Unknown(_) => {
                Self::new("SB2005", error.to_string()).with_help("shotbook models list")
            }
        }
    }
}

//! The simulator of this machine as what answers a training's questions.

use shotbook_sim::engine::{Options, Prepared, prepare};
use shotbook_sim::noise_model::{self, NoiseModel};
use shotbook_sim::target::Device;

use super::{Caps, Evaluate, TrainingError};
use crate::app::session;
use crate::energy::Coefficients;
use crate::time;
use crate::train::machine::{Definition, End, State, Used};
use crate::train::measured::Measured;
use crate::train::optimizer::{Answer, Ask};
use crate::train::problem::{Counts, Problem, Row};
use crate::train::{self, TrainError};

/// The simulator of this machine, exactly or by shots.
pub struct Local {
    definition: Definition,
    problem: Problem,
    how: How,
    /// What it may use up.
    pub caps: Caps,
    energy: Coefficients,
}

enum How {
    Exact(Prepared<'static>),
    Shots { measured: Measured, on: Vec<Prepared<'static>> },
}

impl Local {
    /// For a training, with the noise of a device where the definition says so.
    ///
    /// # Errors
    /// What the simulator cannot do.
    pub fn new(
        definition: &Definition,
        problem: &Problem,
        device: Option<&Device>,
    ) -> Result<Self, TrainError> {
        let base = session::simulation();
        let how = match definition.shots {
            None => How::Exact(problem.exact(&base)?),
            Some(shots) => {
                let measured = problem.measured()?;
                let mut circuit = train::circuit(&measured.text)?;
                if let Some(known) = device.and_then(noise_model::of_device) {
                    let model: NoiseModel = known.model();
                    circuit = model.apply(&circuit).map_err(|e| TrainError::Circuit(e.to_string()))?;
                }
                // Small circuits are spread over threads; a large one takes all of them.
                let small = circuit.n_qubits <= 16;
                let many = if small { base.threads.max(1) } else { 1 };
                let threads = if small { 1 } else { base.threads };
                let options = Options { shots: Some(shots), threads, ..base };
                let on =
                    (0..many).map(|_| Ok(prepare(&circuit, &options)?)).collect::<Result<_, TrainError>>()?;
                How::Shots { measured, on }
            }
        };
        Ok(Self {
            definition: definition.clone(),
            problem: problem.clone(),
            how,
            caps: Caps::default(),
            energy: Coefficients::embedded(),
        })
    }
}

impl Evaluate for Local {
    type Error = TrainingError;

    fn answer(&mut self, state: &State, ask: &Ask) -> Result<Result<(Answer, Used), End>, TrainingError> {
        let steps = state.step.max(1) as f64;
        let next = state.used.seconds * (1.0 + 1.0 / steps);
        let energy = self.caps.joules.map(|_| self.energy.host(1, next));
        if let Some(end) = self.caps.reached(state.used.seconds, energy) {
            return Ok(Err(end));
        }
        let began = time::monotonic_us();
        let iteration = u64::from(state.iteration);
        let (answer, mut used) = match &mut self.how {
            How::Exact(on) => {
                let answer = self.problem.answer_exactly(on, ask, iteration)?;
                let points = match ask {
                    Ask::Values(points) => points.len(),
                    _ => 1,
                };
                (answer, Used { circuits: (points * self.problem.batch_size()) as u64, ..Used::default() })
            }
            How::Shots { measured, on } => {
                let shots = self.definition.shots.unwrap_or(1);
                let rows = self.problem.rows(measured, ask, iteration, shots);
                let counts = sample(on, &rows, |row| self.definition.seed_of(state.step, row))?;
                let used = Used {
                    circuits: rows.len() as u64,
                    shots: rows.iter().map(|r| r.shots).sum(),
                    ..Used::default()
                };
                (self.problem.answer(measured, ask, iteration, &counts), used)
            }
        };
        used.seconds = (time::monotonic_us() - began) as f64 / 1e6;
        Ok(Ok((answer, used)))
    }
}

/// Runs all rows, spread over the engines.
pub(super) fn sample(
    on: &mut [Prepared<'static>],
    rows: &[Row],
    seed: impl Fn(usize) -> u64 + Sync,
) -> Result<Vec<Counts>, TrainError> {
    let many = rows.len().div_ceil(on.len().max(1)).max(1);
    let part = |engine: &mut Prepared<'static>, first: usize, rows: &[Row]| {
        let one = |(i, row): (usize, &Row)| {
            let found = engine.run(&row.inputs, row.shots, seed(first + i))?;
            Ok(Counts(found.counts))
        };
        rows.iter().enumerate().map(one).collect::<Result<Vec<_>, TrainError>>()
    };
    if rows.len() < 4 || on.len() == 1 {
        return part(&mut on[0], 0, rows);
    }
    let part = &part;
    std::thread::scope(|scope| {
        let each = on.iter_mut().zip(rows.chunks(many)).enumerate();
        let threads: Vec<_> =
            each.map(|(k, (engine, rows))| scope.spawn(move || part(engine, k * many, rows))).collect();
        let mut out = Vec::with_capacity(rows.len());
        for thread in threads {
            // A thread that panicked has broken an invariant of the simulator; so have we.
            out.extend(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok(out)
    })
}

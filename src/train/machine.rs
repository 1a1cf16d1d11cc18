//! A training as a pure machine: it asks, is told, and is a value that can be stored between any two.
//!
//! Whoever drives it evaluates, here or by paid tasks. Told the same, it becomes the same, bit for
//! bit; so a run that was cut goes on from its last stored state and repeats what it lost.

use serde::{Deserialize, Serialize};

use super::TrainError;
use super::optimizer::{Answer, Ask, Optimizer, Setting, Settings};
use super::problem::{Objective, Problem};

/// Most points of the history; beyond, every second one is kept.
const MOST_HISTORY: usize = 4000;

/// When a training ends before its last iteration.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// Never.
    Last,
    /// When the loss fell by less than `gain` in `iterations`.
    Plateau {
        /// Least fall that counts.
        gain: f64,
        /// Over how many iterations.
        iterations: u32,
    },
    /// When the loss is at most this.
    Target(f64),
}

/// Everything that makes a training; the same definition is the same run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// What people call it.
    pub name: String,
    /// OpenQASM of the circuit.
    pub circuit: String,
    /// SHA-256 of that.
    pub circuit_sha256: String,
    /// What is asked of it.
    pub objective: Objective,
    /// SHA-256 of the objective.
    pub objective_sha256: String,
    /// Short name of the device; `local` costs nothing.
    pub device: String,
    /// Shots of a circuit; none for exact values.
    pub shots: Option<u64>,
    /// Device whose noise the local simulator takes on.
    pub noise_from: Option<String>,
    /// How it steps.
    pub optimizer: Settings,
    /// Most iterations.
    pub iterations: u32,
    /// When it ends.
    pub stop: Stop,
    /// Seed of start, batches, directions and shots.
    pub seed: u64,
    /// Where it starts.
    pub start: Vec<f64>,
    /// Name or id of the training whose parameters it starts from.
    pub from: Option<String>,
    /// Fees of a step divided by the price of a shot.
    pub fee_in_shots: f64,
}

/// What was used up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Used {
    /// Circuits.
    pub circuits: u64,
    /// Shots.
    pub shots: u64,
    /// Paid tasks.
    pub tasks: u64,
    /// Settled money. Units: nano-dollars.
    pub nanos: i64,
    /// Time of evaluation. Units: seconds.
    pub seconds: f64,
}

impl Used {
    /// Both together.
    #[must_use]
    pub fn plus(self, more: Self) -> Self {
        Self {
            circuits: self.circuits + more.circuits,
            shots: self.shots + more.shots,
            tasks: self.tasks + more.tasks,
            nanos: self.nanos + more.nanos,
            seconds: self.seconds + more.seconds,
        }
    }
}

/// How it stood after an iteration.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moment {
    /// Iterations so far.
    pub iteration: u32,
    /// Loss, as it was measured.
    pub loss: f64,
    /// Length of the gradient, where one was asked for.
    pub steepness: Option<f64>,
    /// Used so far.
    pub used: Used,
}

/// Why it ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// All iterations were made.
    Iterations,
    /// It no longer got better.
    Plateau,
    /// The target was reached.
    Target,
    /// The optimiser has converged.
    Converged,
    /// The next step does not fit under a cap; it may go on under a higher one.
    Cap(String),
}

/// Where a training stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Questions answered: the number of the next step.
    pub step: u64,
    /// Iterations complete.
    pub iteration: u32,
    /// The optimiser.
    pub optimizer: Optimizer,
    /// Parameters of the least loss.
    pub best: Vec<f64>,
    /// That loss, smoothed where shots were taken.
    pub least: Option<f64>,
    /// Used so far.
    pub used: Used,
    /// How it went.
    pub history: Vec<Moment>,
    /// Every so many iterations are in the history.
    stride: u32,
    /// Losses of the last iterations, for smoothing and the plateau.
    recent: Vec<f64>,
    /// Why it ended.
    pub end: Option<End>,
}

impl Stop {
    /// The plateau that is watched for unless told.
    pub const PLATEAU: Self = Self::Plateau { gain: 1e-4, iterations: 20 };
}

impl Definition {
    /// The state before the first question.
    ///
    /// # Errors
    /// An optimiser that cannot do this.
    pub fn begin(&self, problem: &Problem) -> Result<State, TrainError> {
        let scales = match problem.layers() {
            None => problem.measured().ok().and_then(|m| m.scales(problem.n_parameters())),
            Some(_) => None,
        };
        let setting = Setting {
            start: self.start.clone(),
            iterations: self.iterations,
            seed: self.seed,
            warm: self.from.is_some(),
            scales,
            bound: problem.bound(),
            fee_in_shots: self.fee_in_shots,
            shots: self.shots.map(|s| (10, s)),
        };
        let optimizer = self.optimizer.build(setting).map_err(TrainError::Data)?;
        Ok(State {
            step: 0,
            iteration: 0,
            optimizer,
            best: self.start.clone(),
            least: None,
            used: Used::default(),
            history: Vec::new(),
            stride: 1,
            recent: Vec::new(),
            end: None,
        })
    }

    /// Seed of a row of shots of a step: shots of different rows are independent.
    pub fn seed_of(&self, step: u64, row: usize) -> u64 {
        let mixed = self.seed ^ step.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17);
        (mixed ^ (row as u64).wrapping_mul(0xc2b2_ae3d_27d4_eb4f)) & ((1 << 53) - 1)
    }

    /// Losses over which a measured one is smoothed.
    fn window(&self) -> usize {
        let noisy = self.shots.is_some() || matches!(self.objective, Objective::Classifier { .. });
        if noisy { 10 } else { 1 }
    }
}

impl State {
    /// What it wants to know, or nothing when it has ended.
    pub fn ask(&self) -> Ask {
        if self.end.is_some() { Ask::Nothing } else { self.optimizer.ask() }
    }

    /// Takes an answer and what it cost.
    pub fn tell(&mut self, definition: &Definition, answer: &Answer, used: Used) {
        let asked = self.optimizer.ask();
        let before = self.optimizer.at().to_vec();
        self.step += 1;
        self.used = self.used.plus(used);
        let loss = match &asked {
            Ask::Gradient { .. } => answer.values.first().copied().unwrap_or(f64::MAX),
            _ => answer.values.iter().sum::<f64>() / answer.values.len().max(1) as f64,
        };
        let complete = self.optimizer.tell(answer);
        if !complete {
            // Values around the start say what it is worth, so that it is left only for better ones.
            if let Optimizer::Spsa(spsa) = &self.optimizer {
                self.least = spsa.around();
            }
            return;
        }
        self.iteration += 1;
        // Values alone speak of points around; the least of them stands for a search without slopes.
        let (loss, at) = match (&asked, &self.optimizer) {
            (_, Optimizer::Rotosolve(sines)) => (sines.value, sines.x.clone()),
            (Ask::Values(points), Optimizer::Cobyla(_) | Optimizer::External(_)) => {
                let least = (0..points.len()).min_by(|&a, &b| answer.values[a].total_cmp(&answer.values[b]));
                least.map_or((loss, before), |i| (answer.values[i], points[i].clone()))
            }
            (Ask::Gradient { at, .. }, _) => (loss, at.clone()),
            // The step that follows may leave what was trained; the values are of before it.
            (_, Optimizer::Spsa(_)) if definition.from.is_some() => (loss, before),
            _ => (loss, self.optimizer.at().to_vec()),
        };
        self.note(definition, loss, at, answer);
        self.end = self.ending(definition);
    }

    fn note(&mut self, definition: &Definition, loss: f64, at: Vec<f64>, answer: &Answer) {
        let window = definition.window();
        self.recent.push(loss);
        let keep = match definition.stop {
            Stop::Plateau { iterations, .. } => 2 * iterations as usize + 2,
            _ => 0,
        };
        let keep = keep.max(window);
        if self.recent.len() > keep {
            self.recent.remove(0);
        }
        let tail = &self.recent[self.recent.len().saturating_sub(window)..];
        let smooth = tail.iter().sum::<f64>() / tail.len() as f64;
        // Too few losses to compare: the youngest point stands, unless the start was measured well.
        let compared = matches!(&self.optimizer, Optimizer::Spsa(spsa) if spsa.around().is_some());
        let few = self.iteration as usize <= window && !(compared && definition.from.is_some());
        if few || self.least.is_none_or(|least| smooth < least) {
            (self.least, self.best) = (Some(smooth), at);
        }
        if (self.iteration - 1).is_multiple_of(self.stride) {
            let length = answer.gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
            let steepness = (!answer.gradient.is_empty()).then_some(length);
            self.history.push(Moment { iteration: self.iteration, loss, steepness, used: self.used });
            if self.history.len() > MOST_HISTORY {
                let mut n = 0;
                self.history.retain(|_| {
                    n += 1;
                    n % 2 == 1
                });
                self.stride *= 2;
            }
        }
    }

    fn ending(&self, definition: &Definition) -> Option<End> {
        match definition.stop {
            Stop::Target(target) if self.least.is_some_and(|l| l <= target) => return Some(End::Target),
            Stop::Plateau { gain, iterations } => {
                let n = iterations as usize;
                if self.recent.len() > 2 * n {
                    let (old, new) = self.recent[self.recent.len() - 2 * n..].split_at(n);
                    let flat = if definition.window() == 1 {
                        let least = |these: &[f64]| these.iter().copied().fold(f64::MAX, f64::min);
                        least(old) - least(new) < gain
                    } else {
                        let mean = |these: &[f64]| these.iter().sum::<f64>() / n as f64;
                        let spread = |these: &[f64]| {
                            let middle = mean(these);
                            these.iter().map(|l| (l - middle).powi(2)).sum::<f64>() / (n * n.max(2)) as f64
                        };
                        mean(old) - mean(new) < gain.max((spread(old) + spread(new)).sqrt())
                    };
                    if flat {
                        return Some(End::Plateau);
                    }
                }
            }
            _ => {}
        }
        if self.iteration >= definition.iterations {
            return Some(End::Iterations);
        }
        match &self.optimizer {
            Optimizer::External(program) if program.is_silent() => None,
            other => (other.ask() == Ask::Nothing).then_some(End::Converged),
        }
    }
}

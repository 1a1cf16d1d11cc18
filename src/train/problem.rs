//! What is trained: a circuit with angles, and what is asked of it. Answers questions of an optimiser
//! from exact values, or says which rows of shots answer them.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use shotbook_sim::circuit::{BitString, Block, Circuit, Op};
use shotbook_sim::engine::{Options, Prepared, prepare};
use shotbook_sim::noise_model::NoiseModel;
use shotbook_sim::pauli::{Pauli, PauliSum};
use shotbook_sim::sample::Rng;

use super::graph::Graph;
use super::layers::{Data, Layers};
use super::measured::{Means, Measured};
use super::optimizer::{Answer, Ask};
use super::{TrainError, circuit};

/// Most observables that are written out as terms.
const MOST_TERMS: usize = 100_000;
/// Largest sum of weights: beyond it a double has no decimals left, and sums of it may be infinite.
const MOST_WEIGHT: f64 = 1e15;

/// What is asked of a circuit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Objective {
    /// The least mean of an observable.
    Energy {
        /// The observable, as [`PauliSum::parse`] reads it.
        observable: String,
    },
    /// The largest cut of a graph.
    Cut {
        /// The graph.
        graph: Graph,
    },
    /// The least energy of spins on a graph.
    Ising {
        /// The graph.
        graph: Graph,
    },
    /// Classes of points.
    Classifier {
        /// The points.
        data: Data,
        /// Points of a step.
        batch: usize,
        /// Names of the inputs that take features, in order.
        encoded: Vec<String>,
    },
}

impl Objective {
    /// One word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Energy { .. } => "energy",
            Self::Cut { .. } => "cut",
            Self::Ising { .. } => "ising",
            Self::Classifier { .. } => "classifier",
        }
    }
}

/// A circuit with its objective, ready to be asked.
#[derive(Clone, Debug)]
pub struct Problem {
    circuit: Circuit,
    observables: Vec<PauliSum>,
    /// Loss is this times the mean.
    sign: f64,
    task: Task,
    /// Where each input of the circuit stands among features and angles.
    order: Vec<usize>,
}

#[derive(Clone, Debug)]
enum Task {
    Sum,
    Classes { layers: Layers, data: Data, batch: usize, seed: u64 },
}

fn exactly(circuit: &Circuit, options: &Options<'_>) -> Result<Prepared<'static>, TrainError> {
    let options = Options {
        shots: Some(0),
        max_memory: options.max_memory,
        threads: options.threads,
        ..Options::default()
    };
    Ok(prepare(circuit, &options)?)
}

/// One row of shots.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Inputs of [`Measured::text`].
    pub inputs: Vec<f64>,
    /// Shots.
    pub shots: u64,
}

/// Outcomes of one row with how often each came.
pub struct Counts(pub Vec<(BitString, u64)>);

impl<'a> IntoIterator for &'a Counts {
    type Item = (&'a BitString, u64);
    type IntoIter =
        std::iter::Map<std::slice::Iter<'a, (BitString, u64)>, fn(&'a (BitString, u64)) -> Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().map(|(bits, n)| (bits, *n))
    }
}

impl Problem {
    /// Reads a circuit and checks that the objective can be asked of it.
    ///
    /// # Errors
    /// [`TrainError::Circuit`] and [`TrainError::Data`] with what does not fit.
    pub fn new(text: &str, objective: &Objective, seed: u64) -> Result<Self, TrainError> {
        let mut circuit = circuit(text)?;
        circuit.results.clear();
        let n = circuit.inputs.len();
        let wrong = |why: String| Err(TrainError::Data(why));
        let (observables, sign, task, order) = match objective {
            Objective::Energy { observable } => {
                let sum = PauliSum::parse(observable)
                    .map_err(|e| TrainError::Data(format!("the observable: {e}")))?;
                (vec![sum], 1.0, Task::Sum, (0..n).collect())
            }
            Objective::Cut { graph } => (vec![graph.cut()], -1.0, Task::Sum, (0..n).collect()),
            Objective::Ising { graph } => (vec![graph.ising()], 1.0, Task::Sum, (0..n).collect()),
            Objective::Classifier { data, batch, encoded } => {
                let place = |name: &String| circuit.inputs.iter().position(|i| i.name == *name);
                let mut first = Vec::new();
                for name in encoded {
                    match place(name) {
                        Some(at) => first.push(at),
                        None => return wrong(format!("{name} is no free input of the circuit")),
                    }
                }
                let angles: Vec<usize> = (0..n).filter(|i| !first.contains(i)).collect();
                let all: Vec<usize> = first.iter().copied().chain(angles.iter().copied()).collect();
                let mut order = vec![0; n];
                all.iter().enumerate().for_each(|(at, &input)| order[input] = at);
                let layers = Layers {
                    features: data.train_x.first().map_or(0, Vec::len),
                    encoded: first.len(),
                    angles: angles.len(),
                    observables: circuit.n_qubits as usize,
                    classes: data.classes.len(),
                };
                let each =
                    (0..circuit.n_qubits).map(|q| PauliSum { terms: vec![(1.0, vec![(q, Pauli::Z)])] });
                let task = Task::Classes { layers, data: data.clone(), batch: *batch, seed };
                (each.collect(), 1.0, task, order)
            }
        };
        if n == 0 {
            return wrong("the circuit has no free input to train; declare `input float angle;`".to_owned());
        }
        let terms: usize = observables.iter().map(|o| o.terms.len()).sum();
        if terms > MOST_TERMS {
            return wrong(format!("{terms} terms; at most {MOST_TERMS} are trained"));
        }
        let (needed, there) =
            (observables.iter().map(PauliSum::n_qubits).max().unwrap_or(0), circuit.n_qubits);
        if needed > there {
            return wrong(format!("the objective speaks of {needed} qubits; the circuit has {there}"));
        }
        if observables.iter().any(|o| o.terms.iter().all(|t| t.1.is_empty())) {
            return wrong("the objective has no term that a circuit could change".to_owned());
        }
        let heaviest = observables.iter().map(|o| o.terms.iter().map(|t| t.0.abs()).sum::<f64>());
        if let Some(sum) = heaviest.reduce(f64::max).filter(|sum| sum.is_nan() || *sum > MOST_WEIGHT) {
            return wrong(format!(
                "the weights sum to {sum:e}, at most {MOST_WEIGHT:e} can be trained: scale them"
            ));
        }
        Ok(Self { circuit, observables, sign, task, order })
    }

    /// The circuit.
    pub fn circuit(&self) -> &Circuit {
        &self.circuit
    }

    /// The same without its gates on several qubits; `None` where there are none.
    pub fn untangled(&self) -> Option<Self> {
        let mut twin = self.clone();
        let mut dropped = false;
        let blocks = std::mem::take(&mut twin.circuit.blocks);
        let main = std::mem::take(&mut twin.circuit.ops);
        let alone = |block: Block| {
            let mut kept = Block::default();
            for (op, span) in block.iter() {
                match op {
                    Op::Gate(_) | Op::Unitary { .. } if self.circuit.op_qubits(op).len() > 1 => {
                        dropped = true;
                    }
                    _ => kept.push(*op, span),
                }
            }
            kept
        };
        let mut kept = std::iter::once(main).chain(blocks).map(alone);
        twin.circuit.ops = kept.next().unwrap_or_default();
        twin.circuit.blocks = kept.collect();
        dropped.then_some(twin)
    }

    /// What is measured.
    pub fn observables(&self) -> &[PauliSum] {
        &self.observables
    }

    /// The layers around the circuit, of a classifier.
    pub fn layers(&self) -> Option<&Layers> {
        match &self.task {
            Task::Sum => None,
            Task::Classes { layers, .. } => Some(layers),
        }
    }

    /// Parameters that are trained.
    pub fn n_parameters(&self) -> usize {
        self.layers().map_or(self.circuit.inputs.len(), Layers::weights)
    }

    /// Points of data of a step; 1 where there are none.
    pub fn batch_size(&self) -> usize {
        match &self.task {
            Task::Sum => 1,
            Task::Classes { data, batch, .. } => (*batch).clamp(1, data.train_x.len()),
        }
    }

    /// Random parameters to start from.
    pub fn start(&self, seed: u64) -> Vec<f64> {
        let mut rng = Rng::new(seed);
        match self.layers() {
            Some(layers) => layers.start(&mut rng),
            None => {
                (0..self.n_parameters()).map(|_| std::f64::consts::PI * (2.0 * rng.unit() - 1.0)).collect()
            }
        }
    }

    /// The value that people ask for, from a loss: a cut counts up.
    pub fn shown(&self, loss: f64) -> f64 {
        self.sign * loss
    }

    /// Sum of the absolute weights of what is measured, without constants.
    pub fn bound(&self) -> f64 {
        let weights = self.observables.iter().flat_map(|o| &o.terms).filter(|t| !t.1.is_empty());
        weights.map(|t| t.0.abs()).sum()
    }

    /// The program that shots run.
    ///
    /// # Errors
    /// Circuits that shots cannot train.
    pub fn measured(&self) -> Result<Measured, TrainError> {
        Measured::new(&self.circuit, &self.observables)
    }

    /// The circuit on an engine for exact values.
    ///
    /// # Errors
    /// The simulator's.
    pub fn exact(&self, options: &Options<'_>) -> Result<Prepared<'static>, TrainError> {
        exactly(&self.circuit, options)
    }

    /// The same under noise; it has values and no gradient.
    ///
    /// # Errors
    /// The simulator's, and noise that does not fit the circuit.
    pub fn exact_under(&self, noise: &NoiseModel) -> Result<Prepared<'static>, TrainError> {
        let noisy = noise.apply(&self.circuit).map_err(|e| TrainError::Circuit(e.to_string()))?;
        exactly(&noisy, &Options::default())
    }

    /// Points of data of an iteration.
    fn batch(&self, iteration: u64) -> Vec<usize> {
        match &self.task {
            Task::Sum => vec![0],
            Task::Classes { data, batch, seed, .. } => data.batch(iteration, *batch, *seed),
        }
    }

    /// Inputs of the circuit at parameters and a point of data.
    fn inputs(&self, w: &[f64], point: usize) -> Vec<f64> {
        match &self.task {
            Task::Sum => w.to_vec(),
            Task::Classes { layers, data, .. } => self.arranged(&layers.inputs(w, &data.train_x[point])),
        }
    }

    /// Features and angles in the circuit's own order.
    fn arranged(&self, values: &[f64]) -> Vec<f64> {
        self.order.iter().map(|&at| values[at]).collect()
    }

    /// Loss over a batch from the means at each of its points, and the derivative by each mean.
    fn loss(
        &self,
        w: &[f64],
        batch: &[usize],
        means: &[Vec<f64>],
        gradient: &mut [f64],
    ) -> (f64, Vec<Vec<f64>>) {
        match &self.task {
            Task::Sum => (self.sign * means[0][0], vec![vec![self.sign]]),
            Task::Classes { layers, data, .. } => {
                let share = 1.0 / batch.len() as f64;
                let mut total = 0.0;
                let weights = batch.iter().zip(means).map(|(&i, m)| {
                    let (loss, by) = layers.loss(w, m, data.train_y[i], share, gradient);
                    total += share * loss;
                    by
                });
                let weights = weights.collect();
                (total, weights)
            }
        }
    }

    /// Takes derivatives by the inputs of the circuit back to the parameters.
    fn pull(&self, w: &[f64], point: usize, by_input: &[f64], gradient: &mut [f64]) {
        match &self.task {
            Task::Sum => gradient.iter_mut().zip(by_input).for_each(|(g, by)| *g += by),
            Task::Classes { layers, data, .. } => {
                let mut own = vec![0.0; by_input.len()];
                self.order.iter().zip(by_input).for_each(|(&at, by)| own[at] = *by);
                layers.pull(w, &data.train_x[point], &own, gradient);
            }
        }
    }

    /// Answers a question exactly.
    ///
    /// # Errors
    /// The simulator's.
    pub fn answer_exactly(
        &self,
        on: &mut Prepared<'_>,
        ask: &Ask,
        iteration: u64,
    ) -> Result<Answer, TrainError> {
        let batch = self.batch(iteration);
        match ask {
            Ask::Nothing => Ok(Answer::default()),
            Ask::Values(points) => {
                let values = points.iter().map(|w| self.value_exactly(on, w, &batch));
                Ok(Answer { values: values.collect::<Result<_, _>>()?, ..Answer::default() })
            }
            Ask::Gradient { at, .. } => {
                let mut gradient = vec![0.0; at.len()];
                let mut by_input = vec![0.0; self.circuit.inputs.len()];
                let value = if let Task::Sum = self.task {
                    let mean = on.gradient(at, &self.observables[0], &mut by_input)?;
                    gradient.iter_mut().zip(&by_input).for_each(|(g, by)| *g = self.sign * by);
                    self.sign * mean
                } else {
                    let means = self.means_exactly(on, at, &batch)?;
                    let (value, weights) = self.loss(at, &batch, &means, &mut gradient);
                    for (&point, weights) in batch.iter().zip(&weights) {
                        let whole = weighted(&self.observables, weights);
                        on.gradient(&self.inputs(at, point), &whole, &mut by_input)?;
                        self.pull(at, point, &by_input, &mut gradient);
                    }
                    value
                };
                Ok(Answer { values: vec![value], gradient, variances: Vec::new() })
            }
        }
    }

    fn means_exactly(
        &self,
        on: &mut Prepared<'_>,
        w: &[f64],
        batch: &[usize],
    ) -> Result<Vec<Vec<f64>>, TrainError> {
        let rows: Vec<f64> = batch.iter().flat_map(|&i| self.inputs(w, i)).collect();
        self.means_of(on, &rows, batch.len())
    }

    fn means_of(&self, on: &mut Prepared<'_>, rows: &[f64], n: usize) -> Result<Vec<Vec<f64>>, TrainError> {
        let mut out = vec![0.0; n * self.observables.len()];
        on.values(rows, &self.observables, &mut out)?;
        Ok(out.chunks_exact(self.observables.len()).map(<[f64]>::to_vec).collect())
    }

    fn value_exactly(&self, on: &mut Prepared<'_>, w: &[f64], batch: &[usize]) -> Result<f64, TrainError> {
        let means = self.means_exactly(on, w, batch)?;
        Ok(self.loss(w, batch, &means, &mut []).0)
    }

    /// The loss without shots: of all data to learn from, where there are any.
    ///
    /// # Errors
    /// The simulator's.
    pub fn loss_exactly(&self, on: &mut Prepared<'_>, w: &[f64]) -> Result<f64, TrainError> {
        let all: Vec<usize> = match &self.task {
            Task::Sum => vec![0],
            Task::Classes { data, .. } => (0..data.train_x.len()).collect(),
        };
        self.value_exactly(on, w, &all)
    }

    /// Share of the points to judge by whose class is told right; nothing without classes.
    ///
    /// # Errors
    /// The simulator's.
    pub fn accuracy(&self, on: &mut Prepared<'_>, w: &[f64]) -> Result<Option<f64>, TrainError> {
        let Task::Classes { layers, data, .. } = &self.task else { return Ok(None) };
        let rows: Vec<f64> = data.test_x.iter().flat_map(|x| self.arranged(&layers.inputs(w, x))).collect();
        let means = self.means_of(on, &rows, data.test_x.len())?;
        let right = means.iter().zip(&data.test_y).filter(|(m, y)| best(&layers.scores(w, m)) == **y).count();
        Ok(Some(right as f64 / data.test_y.len().max(1) as f64))
    }

    /// Rows of shots that answer a question. `shots` is for each row, unless the question says.
    pub fn rows(&self, measured: &Measured, ask: &Ask, iteration: u64, shots: u64) -> Vec<Row> {
        let batch = self.batch(iteration);
        let row = |inputs| Row { inputs, shots };
        match ask {
            Ask::Nothing => Vec::new(),
            Ask::Values(points) => {
                let places = points.iter().flat_map(|w| batch.iter().map(move |&i| self.inputs(w, i)));
                places.flat_map(|inputs| measured.rows(&inputs)).map(row).collect()
            }
            Ask::Gradient { at, shots: own } => {
                let groups = measured.n_groups();
                let each: Vec<u64> = match own {
                    Some(own) => {
                        let inputs = measured.shift_inputs();
                        let many = |input: usize| inputs.iter().filter(|i| **i == input).count() * groups;
                        let of = |input: usize| own[input].div_ceil(many(input).max(1) as u64).max(1);
                        inputs.iter().map(|&input| of(input)).collect()
                    }
                    None => vec![shots; measured.n_shifts()],
                };
                let mut out = Vec::new();
                for &point in &batch {
                    let inputs = self.inputs(at, point);
                    let base = own.as_ref().and_then(|_| each.iter().max().copied()).unwrap_or(shots);
                    out.extend(measured.rows(&inputs).into_iter().map(|inputs| Row { inputs, shots: base }));
                    let shots = each.iter().flat_map(|s| std::iter::repeat_n(*s, groups));
                    let shifted = measured.shifts(&inputs).into_iter().zip(shots);
                    out.extend(shifted.map(|(inputs, shots)| Row { inputs, shots }));
                }
                out
            }
        }
    }

    /// Answers a question from the counts of its rows.
    pub fn answer<'a, C>(&self, measured: &Measured, ask: &Ask, iteration: u64, counts: &'a [C]) -> Answer
    where
        &'a C: IntoIterator<Item = (&'a BitString, u64)>,
    {
        let batch = self.batch(iteration);
        let groups = measured.n_groups().max(1);
        let places: Vec<Means> = counts.chunks(groups).map(|rows| measured.means(rows)).collect();
        let plain = |these: &[Means]| these.iter().map(|m| m.means.clone()).collect::<Vec<_>>();
        match ask {
            Ask::Nothing => Answer::default(),
            Ask::Values(points) => {
                let of = |(w, means): (&Vec<f64>, &[Means])| self.loss(w, &batch, &plain(means), &mut []).0;
                Answer {
                    values: points.iter().zip(places.chunks(batch.len())).map(of).collect(),
                    ..Answer::default()
                }
            }
            Ask::Gradient { at, .. } => {
                let per_point = 1 + measured.n_shifts();
                let bases: Vec<Vec<f64>> = places.chunks(per_point).map(|p| p[0].means.clone()).collect();
                let mut gradient = vec![0.0; at.len()];
                let mut variances = vec![0.0; at.len()];
                let (value, weights) = self.loss(at, &batch, &bases, &mut gradient);
                let inputs = self.circuit.inputs.len();
                let own = measured.shift_inputs();
                for ((&point, means), weights) in batch.iter().zip(places.chunks(per_point)).zip(&weights) {
                    let (by, spread) = measured.derivatives(inputs, weights, &means[1..]);
                    self.pull(at, point, &by, &mut gradient);
                    if let Task::Sum = self.task {
                        for (i, v) in spread.iter().enumerate() {
                            let many = own.iter().filter(|o| **o == i).count() * groups;
                            variances[i] += many as f64 * v;
                        }
                    }
                }
                Answer { values: vec![value], gradient, variances }
            }
        }
    }
}

fn best(scores: &[f64]) -> usize {
    (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap_or(0)
}

/// One observable from several.
fn weighted(observables: &[PauliSum], weights: &[f64]) -> PauliSum {
    let each = observables.iter().zip(weights);
    PauliSum { terms: each.flat_map(|(o, w)| o.terms.iter().map(move |t| (w * t.0, t.1.clone()))).collect() }
}

/// An observable as [`PauliSum::parse`] reads it, digit for digit.
pub fn text_of(sum: &PauliSum) -> String {
    let mut out = String::new();
    for (weight, string) in &sum.terms {
        let sign = match (weight.is_sign_negative(), out.is_empty()) {
            (true, true) => "-",
            (false, true) => "",
            (true, false) => " - ",
            (false, false) => " + ",
        };
        let _ = write!(out, "{sign}{:?}", weight.abs());
        for (i, (qubit, letter)) in string.iter().enumerate() {
            let _ = write!(out, "{}{letter:?}{qubit}", if i == 0 { "*" } else { " " });
        }
    }
    out
}

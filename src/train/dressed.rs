//! A classifier of two classes with a circuit, or its classical twin, between two affine layers.
//!
//! Source: A. Mari et al., "Transfer learning in hybrid classical-quantum neural networks", Quantum 4,
//! 340 (2020), arXiv:1912.08278: two inputs, five qubits, depth five.

mod depths;

use std::f64::consts::FRAC_PI_2;

use serde::Deserialize;
use shotbook_sim::engine::{Options, Prepared, prepare};
use shotbook_sim::pauli::{Pauli, PauliSum};

use super::optimizer::Adam;
use super::{TrainError, ansatz, circuit};
pub use depths::{Depth, Depths, SHARED, TUNED};

const QUBITS: usize = 5;
const DEPTH: usize = 5;
/// Where the layers stand among the weights. Source: `weight_layout` of the data files.
const ANGLES: usize = 15;
const CLASSICAL: usize = 90;
const OUTPUT: usize = 120;
const WEIGHTS: usize = 132;

/// Points, initial weights and batch order of a published training. Shape: see the file's own words.
#[derive(Clone, Debug, Deserialize)]
pub struct DataSet {
    /// Turns of the spirals.
    pub turns: f64,
    /// Accuracy on the test points by kind of middle, as published.
    pub published_test_accuracy: std::collections::BTreeMap<String, f64>,
    batch_size: usize,
    iterations: usize,
    train_x: Vec<[f64; 2]>,
    train_y: Vec<usize>,
    test_x: Vec<[f64; 2]>,
    test_y: Vec<usize>,
    epoch_order: Orders,
    initial_weights: Vec<f64>,
}

#[derive(Clone, Debug, Deserialize)]
struct Orders {
    classical: Vec<Vec<usize>>,
    quantum: Vec<Vec<usize>>,
}

/// What stands between the affine layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Middle {
    /// The circuit.
    Quantum,
    /// A 5 x 5 affine layer and tanh.
    Classical,
}

impl Middle {
    /// `quantum` or `classical`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Quantum => "quantum",
            Self::Classical => "classical",
        }
    }
}

const RATE: f64 = 0.07;

fn optimizer() -> Adam {
    Adam::new(RATE, (0.9, 0.99), WEIGHTS).with_legacy_first_step()
}

impl DataSet {
    /// Reads a data file and checks every length and index.
    ///
    /// # Errors
    /// [`TrainError::Data`] with what is wrong.
    pub fn from_json(text: &str) -> Result<Self, TrainError> {
        let data: Self = serde_json::from_str(text)?;
        let wrong = |why: &str| Err(TrainError::Data(why.to_owned()));
        let epoch = data.train_x.len();
        if data.initial_weights.len() != WEIGHTS {
            return wrong("initial_weights must be 132 numbers");
        }
        if data.train_y.len() != epoch || data.test_y.len() != data.test_x.len() || data.test_x.is_empty() {
            return wrong("points and labels differ in number");
        }
        if data.train_y.iter().chain(&data.test_y).any(|&y| y > 1) {
            return wrong("labels are 0 or 1");
        }
        if data.batch_size == 0 || !epoch.is_multiple_of(data.batch_size) || epoch == 0 {
            return wrong("batch_size must divide the number of points");
        }
        if data.iterations == 0 {
            return wrong("iterations must be 1 or more");
        }
        let epochs = data.iterations.div_ceil(epoch / data.batch_size);
        for order in [&data.epoch_order.classical, &data.epoch_order.quantum] {
            let whole = |e: &Vec<usize>| e.len() == epoch && e.iter().all(|&i| i < epoch);
            if order.len() < epochs || !order.iter().all(whole) {
                return wrong("epoch_order does not cover the iterations");
            }
        }
        Ok(data)
    }

    /// Trains with the published settings and gives the share of test points that are told right.
    ///
    /// Adam with rate 0.07 and the first step of old, loss summed over a batch.
    ///
    /// # Errors
    /// The simulator's.
    pub fn accuracy(&self, middle: Middle) -> Result<f64, TrainError> {
        let weights = self.trained(middle, &self.initial_weights, self.iterations)?;
        self.share_right(middle, &weights)
    }

    /// Weights after some iterations from a start, with the same settings.
    ///
    /// # Errors
    /// The simulator's.
    pub fn trained(&self, middle: Middle, start: &[f64], iterations: usize) -> Result<Vec<f64>, TrainError> {
        let mut model = Model::new(middle, start.to_vec())?;
        self.train(&mut model, iterations, &mut |_, _| Ok(false))?;
        Ok(model.weights)
    }

    /// Iterations until a share of the test points is told right, in tens; all of them where it never is.
    ///
    /// # Errors
    /// The simulator's.
    pub fn iterations_to(&self, share: f64, start: &[f64]) -> Result<f64, TrainError> {
        let mut model = Model::new(Middle::Quantum, start.to_vec())?;
        let used = self.train(&mut model, self.iterations, &mut |model, iteration| {
            Ok(iteration % 10 == 0 && self.right(model)? >= share)
        })?;
        Ok(used as f64)
    }

    /// Trains a model until its iterations are over or `enough` says so; iterations made.
    fn train(
        &self,
        model: &mut Model,
        iterations: usize,
        enough: &mut dyn FnMut(&mut Model, usize) -> Result<bool, TrainError>,
    ) -> Result<usize, TrainError> {
        let mut adam = optimizer();
        let mut gradient = vec![0.0; WEIGHTS];
        for iteration in 0..iterations.min(self.iterations) {
            if enough(model, iteration)? {
                return Ok(iteration);
            }
            self.gradient(model, iteration, &mut gradient)?;
            adam.step(&mut model.weights, &gradient);
        }
        Ok(iterations)
    }

    /// The gradient over the points of an iteration, which begin anew after the last one.
    fn gradient(&self, model: &mut Model, iteration: usize, gradient: &mut [f64]) -> Result<(), TrainError> {
        let order = match model.middle {
            Middle::Quantum => &self.epoch_order.quantum,
            Middle::Classical => &self.epoch_order.classical,
        };
        gradient.fill(0.0);
        for &i in self.batch(order, iteration % self.iterations) {
            model.learn(self.train_x[i], self.train_y[i], gradient)?;
        }
        Ok(())
    }

    /// Iterations of a training.
    pub fn iterations(&self) -> usize {
        self.iterations
    }

    /// The published initial weights.
    pub fn weights(&self) -> &[f64] {
        &self.initial_weights
    }

    /// Share of the test points that weights tell right.
    ///
    /// # Errors
    /// The simulator's.
    pub fn share_right(&self, middle: Middle, weights: &[f64]) -> Result<f64, TrainError> {
        self.right(&mut Model::new(middle, weights.to_vec())?)
    }

    /// The same by most of the nearest points.
    pub fn neighbours(&self, k: usize) -> f64 {
        let wide = |points: &[[f64; 2]]| points.iter().map(|p| p.to_vec()).collect();
        let data = super::layers::Data {
            classes: vec!["0".to_owned(), "1".to_owned()],
            train_x: wide(&self.train_x),
            train_y: self.train_y.clone(),
            test_x: wide(&self.test_x),
            test_y: self.test_y.clone(),
        };
        super::twins::neighbours(&data, k)
    }

    /// Points of an iteration.
    fn batch<'a>(&self, order: &'a [Vec<usize>], iteration: usize) -> &'a [usize] {
        let per_epoch = self.train_x.len() / self.batch_size;
        let start = iteration % per_epoch * self.batch_size;
        &order[iteration / per_epoch][start..start + self.batch_size]
    }

    /// The same points turned about the middle. Units: degrees.
    #[must_use]
    pub fn turned(&self, degrees: f64) -> Self {
        let (sin, cos) = degrees.to_radians().sin_cos();
        let turn = |points: &[[f64; 2]]| {
            points.iter().map(|[x, y]| [cos * x - sin * y, sin * x + cos * y]).collect()
        };
        Self { train_x: turn(&self.train_x), test_x: turn(&self.test_x), ..self.clone() }
    }

    /// Other spirals of the same kind, drawn by a seed.
    ///
    /// A point lies at t from the middle in the direction t, t = 2 pi turns times the root of a random
    /// number, and up to one aside; the other spiral is its mirror image in the middle.
    #[must_use]
    pub fn other(&self, turns: f64, seed: u64) -> Self {
        use std::f64::consts::TAU;
        let mut rng = shotbook_sim::sample::Rng::new(seed);
        let mut point = |label: usize| {
            let t = rng.unit().sqrt() * turns * TAU;
            let sign = if label == 0 { 1.0 } else { -1.0 };
            [sign * (-t.cos() * t + rng.unit()), sign * (t.sin() * t + rng.unit())]
        };
        let mut many = |labels: &[usize]| labels.iter().map(|l| point(*l)).collect::<Vec<_>>();
        let (mut train_x, mut test_x) = (many(&self.train_y), many(&self.test_y));
        for k in 0..2 {
            let n = train_x.len() as f64;
            let mean = train_x.iter().map(|p| p[k]).sum::<f64>() / n;
            let spread = (train_x.iter().map(|p| (p[k] - mean).powi(2)).sum::<f64>() / n).sqrt();
            train_x.iter_mut().chain(&mut test_x).for_each(|p| p[k] = (p[k] - mean) / spread);
        }
        Self { turns, train_x, test_x, ..self.clone() }
    }

    fn right(&self, model: &mut Model) -> Result<f64, TrainError> {
        let mut right = 0usize;
        for (x, &y) in self.test_x.iter().zip(&self.test_y) {
            let logits = model.logits(*x)?;
            right += usize::from(usize::from(logits[1] > logits[0]) == y);
        }
        Ok(right as f64 / self.test_x.len() as f64)
    }
}

struct Model {
    middle: Middle,
    /// Layers of the circuit.
    depth: usize,
    weights: Vec<f64>,
    prepared: Prepared<'static>,
    /// One sum of Z letters whose weights are set anew for each gradient.
    sum: PauliSum,
    each: Vec<PauliSum>,
    row: Vec<f64>,
    derivative: Vec<f64>,
    /// tanh of the input layer, and what the middle made of it.
    z: [f64; QUBITS],
    out: [f64; QUBITS],
}

impl Model {
    fn new(middle: Middle, weights: Vec<f64>) -> Result<Self, TrainError> {
        Self::of_depth(middle, DEPTH, weights)
    }

    fn of_depth(middle: Middle, depth: usize, weights: Vec<f64>) -> Result<Self, TrainError> {
        let text = ansatz::dressed(QUBITS as u32, depth as u32, true);
        let prepared =
            prepare(&circuit(&text)?, &Options { threads: 1, shots: Some(0), ..Options::default() })?;
        let letter = |q: usize| vec![(q as u32, Pauli::Z)];
        let each = (0..QUBITS).map(|q| PauliSum { terms: vec![(1.0, letter(q))] }).collect();
        let sum = PauliSum { terms: (0..QUBITS).map(|q| (0.0, letter(q))).collect() };
        let n = QUBITS + depth * QUBITS;
        let (row, derivative) = (vec![0.0; n], vec![0.0; n]);
        let (z, out) = ([0.0; QUBITS], [0.0; QUBITS]);
        Ok(Self { middle, depth, weights, prepared, sum, each, row, derivative, z, out })
    }

    /// Scores of both classes; leaves what a gradient needs.
    fn logits(&mut self, x: [f64; 2]) -> Result<[f64; 2], TrainError> {
        for q in 0..QUBITS {
            let w = &self.weights[3 * q..3 * q + 3];
            self.z[q] = (w[0] * x[0] + w[1] * x[1] + w[2]).tanh();
        }
        match self.middle {
            Middle::Quantum => {
                for q in 0..QUBITS {
                    self.row[q] = FRAC_PI_2 * self.z[q];
                }
                self.row[QUBITS..]
                    .copy_from_slice(&self.weights[ANGLES + QUBITS..ANGLES + QUBITS * (self.depth + 1)]);
                self.prepared.values(&self.row, &self.each, &mut self.out)?;
            }
            Middle::Classical => {
                for q in 0..QUBITS {
                    let w = &self.weights[CLASSICAL + 6 * q..CLASSICAL + 6 * q + 6];
                    let sum: f64 = w[..QUBITS].iter().zip(&self.z).map(|(w, z)| w * z).sum();
                    self.out[q] = (sum + w[QUBITS]).tanh();
                }
            }
        }
        Ok([0, 1].map(|c| {
            let w = &self.weights[OUTPUT + 6 * c..OUTPUT + 6 * c + 6];
            w[..QUBITS].iter().zip(&self.out).map(|(w, o)| w * o).sum::<f64>() + w[QUBITS]
        }))
    }

    /// Adds the gradient of the cross-entropy at one point.
    fn learn(&mut self, x: [f64; 2], y: usize, gradient: &mut [f64]) -> Result<(), TrainError> {
        let logits = self.logits(x)?;
        let most = logits[0].max(logits[1]);
        let powers = logits.map(|l| (l - most).exp());
        let total = powers[0] + powers[1];
        let mut by_out = [0.0; QUBITS];
        for (c, power) in powers.into_iter().enumerate() {
            let by_logit = power / total - if c == y { 1.0 } else { 0.0 };
            let at = OUTPUT + 6 * c;
            for q in 0..QUBITS {
                gradient[at + q] += by_logit * self.out[q];
                by_out[q] += by_logit * self.weights[at + q];
            }
            gradient[at + QUBITS] += by_logit;
        }
        let by_z = self.back(by_out, gradient)?;
        for q in 0..QUBITS {
            let by_sum = by_z[q] * (1.0 - self.z[q] * self.z[q]);
            gradient[3 * q] += by_sum * x[0];
            gradient[3 * q + 1] += by_sum * x[1];
            gradient[3 * q + 2] += by_sum;
        }
        Ok(())
    }

    /// Takes a derivative back through the middle.
    fn back(&mut self, by_out: [f64; QUBITS], gradient: &mut [f64]) -> Result<[f64; QUBITS], TrainError> {
        let mut by_z = [0.0; QUBITS];
        match self.middle {
            Middle::Quantum => {
                for (term, weight) in self.sum.terms.iter_mut().zip(by_out) {
                    term.0 = weight;
                }
                self.prepared.gradient(&self.row, &self.sum, &mut self.derivative)?;
                for (by_z, derivative) in by_z.iter_mut().zip(&self.derivative) {
                    *by_z = FRAC_PI_2 * derivative;
                }
                let angles = &mut gradient[ANGLES + QUBITS..];
                for (sum, more) in angles.iter_mut().zip(&self.derivative[QUBITS..]) {
                    *sum += more;
                }
            }
            Middle::Classical => {
                for (q, by_out) in by_out.into_iter().enumerate() {
                    let at = CLASSICAL + 6 * q;
                    let by_sum = by_out * (1.0 - self.out[q] * self.out[q]);
                    for (k, by_k) in by_z.iter_mut().enumerate() {
                        gradient[at + k] += by_sum * self.z[k];
                        *by_k += by_sum * self.weights[at + k];
                    }
                    gradient[at + QUBITS] += by_sum;
                }
            }
        }
        Ok(by_z)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradients_are_those_of_the_differences() {
        let weights: Vec<f64> = (0..WEIGHTS).map(|i| ((i * 37 % 101) as f64 / 101.0 - 0.5) * 0.8).collect();
        for middle in [Middle::Quantum, Middle::Classical] {
            let mut model = Model::new(middle, weights.clone()).unwrap();
            let (x, y) = ([0.7, -1.1], 1);
            let mut gradient = vec![0.0; WEIGHTS];
            model.learn(x, y, &mut gradient).unwrap();
            let mut loss = |i: usize, by: f64| {
                model.weights[i] = weights[i] + by;
                let l = model.logits(x).unwrap();
                model.weights[i] = weights[i];
                (l[0].exp() + l[1].exp()).ln() - l[y]
            };
            for (i, &analytic) in gradient.iter().enumerate() {
                let numeric = (loss(i, 1e-5) - loss(i, -1e-5)) / 2e-5;
                assert!((numeric - analytic).abs() < 1e-8, "{middle:?} weight {i}: {numeric} {analytic}");
            }
        }
    }
}

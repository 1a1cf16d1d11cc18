//! A classifier: features through an affine layer and tanh into angles, means of observables through
//! an affine layer into scores, cross-entropy over a batch.

use std::f64::consts::FRAC_PI_2;

use serde::{Deserialize, Serialize};
use shotbook_sim::sample::Rng;

use super::TrainError;

/// Points with their classes, split into those to learn from and those to judge by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Data {
    /// Names of the classes, sorted.
    pub classes: Vec<String>,
    /// Features of the points to learn from.
    pub train_x: Vec<Vec<f64>>,
    /// Their classes.
    pub train_y: Vec<usize>,
    /// Features of the points to judge by.
    pub test_x: Vec<Vec<f64>>,
    /// Their classes.
    pub test_y: Vec<usize>,
}

/// Shapes of the layers around a circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layers {
    /// Features of a point.
    pub features: usize,
    /// Inputs of the circuit that take features.
    pub encoded: usize,
    /// Inputs of the circuit that are trained.
    pub angles: usize,
    /// Observables.
    pub observables: usize,
    /// Classes.
    pub classes: usize,
}

impl Data {
    /// Rows with a header; the label is the last column unless named. Features are brought to mean 0
    /// and deviation 1 of the points to learn from, which are `share` of all, drawn by the seed.
    ///
    /// # Errors
    /// [`TrainError::Cell`] where a cell is wrong, [`TrainError::Data`] where the table is.
    pub fn from_rows(
        header: &[String],
        rows: &[Vec<String>],
        label: Option<&str>,
        share: f64,
        seed: u64,
    ) -> Result<Self, TrainError> {
        let wrong = |why: String| Err(TrainError::Data(why));
        let column = match label {
            None => header.len().saturating_sub(1),
            Some(name) => match header.iter().position(|h| h == name) {
                Some(at) => at,
                None => return wrong(format!("there is no column {name}; there are {}", header.join(", "))),
            },
        };
        let (mut xs, mut labels) = (Vec::new(), Vec::new());
        for (number, row) in rows.iter().enumerate() {
            let mut x = Vec::new();
            for (at, cell) in row.iter().enumerate().filter(|c| c.0 != column) {
                match cell.trim().parse::<f64>() {
                    Ok(value) if value.is_finite() => x.push(value),
                    _ => return Err(TrainError::Cell { row: number, column: at, text: cell.clone() }),
                }
            }
            let label = row.get(column).map_or("", |l| l.trim());
            if label.is_empty() {
                return Err(TrainError::Cell { row: number, column, text: String::new() });
            }
            xs.push(x);
            labels.push(label.to_owned());
        }
        let mut classes = labels.clone();
        classes.sort_unstable();
        classes.dedup();
        if classes.len() < 2 || classes.len() > 100 || xs.len() < 4 || header.len() < 2 {
            return wrong(format!(
                "a classifier needs 4 points, 1 feature and 2 to 100 classes; there are {} points, {} columns, {} classes",
                xs.len(),
                header.len(),
                classes.len()
            ));
        }
        let mut order: Vec<usize> = (0..xs.len()).collect();
        shuffle(&mut order, &mut Rng::new(seed));
        let cut = ((xs.len() as f64 * share).round() as usize).clamp(1, xs.len() - 1);
        let pick = |these: &[usize]| -> (Vec<Vec<f64>>, Vec<usize>) {
            these
                .iter()
                .map(|&i| (xs[i].clone(), classes.iter().position(|c| *c == labels[i]).unwrap_or(0)))
                .unzip()
        };
        let ((train_x, train_y), (test_x, test_y)) = (pick(&order[..cut]), pick(&order[cut..]));
        let data = Self { classes, train_x, train_y, test_x, test_y }.scaled();
        // Numbers near the end of a double have no finite spread.
        let wide = |x: &Vec<f64>| x.iter().position(|v| !v.is_finite());
        if let Some(at) = data.train_x.iter().chain(&data.test_x).find_map(wide) {
            let name = &header[at + usize::from(at >= column)];
            return wrong(format!("the numbers of column {name} are too large: scale them"));
        }
        Ok(data)
    }

    /// Share of the points to judge by that the most common class of the others tells right: what is
    /// reached without looking.
    pub fn majority(&self) -> f64 {
        let mut votes = vec![0usize; self.classes.len()];
        self.train_y.iter().for_each(|&y| votes[y] += 1);
        let most = (0..votes.len()).max_by_key(|&c| (votes[c], votes.len() - c)).unwrap_or(0);
        self.test_y.iter().filter(|&&y| y == most).count() as f64 / self.test_y.len().max(1) as f64
    }

    fn scaled(mut self) -> Self {
        let n = self.train_x.len() as f64;
        for k in 0..self.train_x[0].len() {
            let mean = self.train_x.iter().map(|x| x[k]).sum::<f64>() / n;
            let spread = (self.train_x.iter().map(|x| (x[k] - mean).powi(2)).sum::<f64>() / n).sqrt();
            // A spread without end would bring all to 0 and hide it.
            let scale = if spread > 1e-12 { spread } else { 1.0 };
            let scale = if scale.is_finite() { scale } else { f64::NAN };
            for x in self.train_x.iter_mut().chain(&mut self.test_x) {
                x[k] = (x[k] - mean) / scale;
            }
        }
        self
    }

    /// The points of a batch: epoch after epoch in an order drawn by the seed.
    pub fn batch(&self, number: u64, size: usize, seed: u64) -> Vec<usize> {
        let n = self.train_x.len();
        let size = size.clamp(1, n);
        let per_epoch = (n / size) as u64;
        let mut order: Vec<usize> = (0..n).collect();
        let epoch = number / per_epoch;
        shuffle(&mut order, &mut Rng::new(seed ^ (epoch + 1).wrapping_mul(0xd129_0a3c_75b4_19e7)));
        let start = (number % per_epoch) as usize * size;
        order[start..start + size].to_vec()
    }
}

/// Puts a list into a random order.
pub fn shuffle<T>(list: &mut [T], rng: &mut Rng) {
    for i in (1..list.len()).rev() {
        list.swap(i, rng.below(i as u64 + 1) as usize);
    }
}

impl Layers {
    /// Weights of the layer before the circuit.
    fn before(&self) -> usize {
        self.encoded * (self.features + 1)
    }

    /// All weights: before, angles, after.
    pub fn weights(&self) -> usize {
        self.before() + self.angles + self.classes * (self.observables + 1)
    }

    /// Small random weights, angles within a quarter turn.
    pub fn start(&self, rng: &mut Rng) -> Vec<f64> {
        let before = 1.0 / (self.features as f64).sqrt();
        let after = 1.0 / (self.observables as f64).sqrt();
        (0..self.weights())
            .map(|i| {
                let width = if i < self.before() {
                    before
                } else if i < self.before() + self.angles {
                    FRAC_PI_2
                } else {
                    after
                };
                width * (2.0 * rng.unit() - 1.0)
            })
            .collect()
    }

    /// Inputs of the circuit at a point: features first, then angles.
    pub fn inputs(&self, w: &[f64], x: &[f64]) -> Vec<f64> {
        let mut out: Vec<f64> = self.encoded(w, x).iter().map(|z| FRAC_PI_2 * z).collect();
        out.extend_from_slice(&w[self.before()..self.before() + self.angles]);
        out
    }

    fn encoded(&self, w: &[f64], x: &[f64]) -> Vec<f64> {
        w[..self.before()]
            .chunks_exact(self.features + 1)
            .map(|row| (row.iter().zip(x).map(|(w, x)| w * x).sum::<f64>() + row[self.features]).tanh())
            .collect()
    }

    /// Score of each class.
    pub fn scores(&self, w: &[f64], means: &[f64]) -> Vec<f64> {
        w[self.before() + self.angles..]
            .chunks_exact(self.observables + 1)
            .map(|row| row.iter().zip(means).map(|(w, m)| w * m).sum::<f64>() + row[self.observables])
            .collect()
    }

    /// Cross-entropy at one point, and its derivative by each mean. `gradient` takes that of the layer
    /// after the circuit, times `share`.
    pub fn loss(
        &self,
        w: &[f64],
        means: &[f64],
        y: usize,
        share: f64,
        gradient: &mut [f64],
    ) -> (f64, Vec<f64>) {
        let scores = self.scores(w, means);
        let most = scores.iter().copied().fold(f64::MIN, f64::max);
        let powers: Vec<f64> = scores.iter().map(|s| (s - most).exp()).collect();
        let total: f64 = powers.iter().sum();
        let first = self.before() + self.angles;
        let mut by_mean = vec![0.0; self.observables];
        for (c, power) in powers.iter().enumerate() {
            let by_score = share * (power / total - f64::from(u8::from(c == y)));
            let at = first + c * (self.observables + 1);
            for k in 0..self.observables {
                by_mean[k] += by_score * w[at + k];
                if let Some(g) = gradient.get_mut(at + k) {
                    *g += by_score * means[k];
                }
            }
            if let Some(g) = gradient.get_mut(at + self.observables) {
                *g += by_score;
            }
        }
        (total.ln() + most - scores[y], by_mean)
    }

    /// Takes derivatives by the inputs of the circuit back to the weights.
    pub fn pull(&self, w: &[f64], x: &[f64], by_input: &[f64], gradient: &mut [f64]) {
        for (q, z) in self.encoded(w, x).into_iter().enumerate() {
            let by_sum = by_input[q] * FRAC_PI_2 * (1.0 - z * z);
            let at = q * (self.features + 1);
            for (k, x) in x.iter().enumerate() {
                gradient[at + k] += by_sum * x;
            }
            gradient[at + self.features] += by_sum;
        }
        for (g, by) in
            gradient[self.before()..].iter_mut().zip(&by_input[self.encoded..self.encoded + self.angles])
        {
            *g += by;
        }
    }
}

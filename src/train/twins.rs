//! Classical models on the same points and split as a trained classifier.

use shotbook_sim::pauli::{Pauli, PauliSum};

use super::layers::Data;
use super::optimizer::{Adam, Lbfgs, Optimizer};
use super::optimizer::{Answer, Ask};

/// Most basis states times terms that are looked at.
const MOST_LOOKS: u64 = 200_000_000;

/// The least mean of an observable in a basis state: for a molecule in its own orbitals the energy of
/// Hartree and Fock. `None` where trying all takes too long.
pub fn best_basis_state(sum: &PauliSum) -> Option<f64> {
    basis_state(sum).map(|found| found.1)
}

/// That basis state, qubit 0 in its lowest bit, and its mean.
pub fn basis_state(sum: &PauliSum) -> Option<(u64, f64)> {
    let n = sum.n_qubits();
    let mut masks: Vec<(f64, u64)> = Vec::new();
    for (weight, letters) in &sum.terms {
        if letters.iter().all(|l| l.1 == Pauli::Z) && n < 63 {
            masks.push((*weight, letters.iter().fold(0, |m, l| m | 1 << l.0)));
        }
    }
    if n >= 40 || (1u64 << n).saturating_mul(masks.len() as u64) > MOST_LOOKS {
        return None;
    }
    let value = |state: u64| -> f64 {
        masks.iter().map(|(w, m)| if (state & m).count_ones().is_multiple_of(2) { *w } else { -w }).sum()
    };
    (0..1u64 << n).map(|state| (state, value(state))).min_by(|a, b| a.1.total_cmp(&b.1))
}

/// Share of the points to judge by that most of the `k` nearest points tell right.
pub fn neighbours(data: &Data, k: usize) -> f64 {
    share(data, |x| {
        let mut near: Vec<(f64, usize)> =
            data.train_x.iter().zip(&data.train_y).map(|(p, y)| (distance(p, x), *y)).collect();
        let k = k.clamp(1, near.len());
        near.select_nth_unstable_by(k - 1, |a, b| a.0.total_cmp(&b.0));
        let mut votes = vec![0usize; data.classes.len()];
        near[..k].iter().for_each(|n| votes[n.1] += 1);
        // Ties go to the first class; the rule must not depend on the order of the points.
        (0..votes.len()).max_by_key(|&c| (votes[c], votes.len() - c)).unwrap_or(0)
    })
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

fn share(data: &Data, tell: impl Fn(&[f64]) -> usize) -> f64 {
    let right = data.test_x.iter().zip(&data.test_y).filter(|(x, y)| tell(x) == **y).count();
    right as f64 / data.test_y.len().max(1) as f64
}

/// The same by logistic regression with a small penalty on the weights, trained to the bottom.
pub fn logistic(data: &Data) -> f64 {
    let net = Net { features: data.train_x[0].len(), hidden: 0, classes: data.classes.len() };
    let mut optimizer = Optimizer::Lbfgs(Lbfgs::new(vec![0.0; net.weights()]));
    for _ in 0..500 {
        let Ask::Gradient { at, .. } = optimizer.ask() else { break };
        let all: Vec<usize> = (0..data.train_x.len()).collect();
        let mut gradient = vec![0.0; at.len()];
        let mut value = net.loss(&at, data, &all, &mut gradient);
        // Separable classes have no bottom without it.
        let penalty = 1e-3;
        value += penalty / 2.0 * at.iter().map(|w| w * w).sum::<f64>();
        gradient.iter_mut().zip(&at).for_each(|(g, w)| *g += penalty * w);
        optimizer.tell(&Answer { values: vec![value], gradient, variances: Vec::new() });
    }
    let weights = optimizer.at();
    share(data, |x| net.tell(weights, x))
}

/// The same by a net of one hidden layer, by Adam on batches of 10.
pub fn net(data: &Data, hidden: usize, steps: usize, seed: u64) -> f64 {
    let net = Net { features: data.train_x[0].len(), hidden, classes: data.classes.len() };
    net.share(&net.trained(data, steps, seed), data)
}

/// Hidden units whose net has about as many weights.
pub fn hidden_for(features: usize, classes: usize, weights: usize) -> usize {
    (weights.saturating_sub(classes) / (features + 1 + classes)).max(1)
}

/// Scores through tanh of a hidden layer, or straight from the features.
pub struct Net {
    /// Numbers of a point.
    pub features: usize,
    /// Units of the hidden layer; 0 for none.
    pub hidden: usize,
    /// Classes.
    pub classes: usize,
}

impl Net {
    /// Weights after so many steps of Adam on batches of 10.
    pub fn trained(&self, data: &Data, steps: usize, seed: u64) -> Vec<f64> {
        let net = self;
        let mut rng = shotbook_sim::sample::Rng::new(seed);
        let width = 1.0 / (net.features as f64).sqrt();
        let mut weights: Vec<f64> = (0..net.weights()).map(|_| width * (2.0 * rng.unit() - 1.0)).collect();
        let mut adam = Adam::new(0.01, (0.9, 0.999), weights.len());
        let mut gradient = vec![0.0; weights.len()];
        for step in 0..steps {
            gradient.fill(0.0);
            net.loss(&weights, data, &data.batch(step as u64, 10, seed), &mut gradient);
            adam.step(&mut weights, &gradient);
        }
        weights
    }

    /// Share of the points to judge by that it tells right.
    pub fn share(&self, weights: &[f64], data: &Data) -> f64 {
        share(data, |x| self.tell(weights, x))
    }

    /// What the hidden layer makes of a point.
    pub fn middle(&self, weights: &[f64], x: &[f64]) -> Vec<f64> {
        Self::layer(self.split(weights).0, x).iter().map(|s| s.tanh()).collect()
    }

    fn weights(&self) -> usize {
        if self.hidden == 0 {
            return self.classes * (self.features + 1);
        }
        self.hidden * (self.features + 1) + self.classes * (self.hidden + 1)
    }

    fn layer(weights: &[f64], x: &[f64]) -> Vec<f64> {
        let rows = weights.chunks_exact(x.len() + 1);
        rows.map(|row| row.iter().zip(x).map(|(w, x)| w * x).sum::<f64>() + row[x.len()]).collect()
    }

    fn split<'a>(&self, weights: &'a [f64]) -> (&'a [f64], &'a [f64]) {
        weights.split_at(self.hidden * (self.features + 1))
    }

    fn tell(&self, weights: &[f64], x: &[f64]) -> usize {
        let (first, last) = self.split(weights);
        let scores = if self.hidden == 0 {
            Self::layer(last, x)
        } else {
            Self::layer(last, &Self::layer(first, x).iter().map(|s| s.tanh()).collect::<Vec<_>>())
        };
        (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap_or(0)
    }

    /// Mean cross-entropy over some points, and its gradient added.
    fn loss(&self, weights: &[f64], data: &Data, points: &[usize], gradient: &mut [f64]) -> f64 {
        let (first, last) = self.split(weights);
        let part = 1.0 / points.len() as f64;
        let mut total = 0.0;
        for &point in points {
            let (x, y) = (&data.train_x[point], data.train_y[point]);
            let middle: Vec<f64> = if self.hidden == 0 {
                x.clone()
            } else {
                Self::layer(first, x).iter().map(|s| s.tanh()).collect()
            };
            let scores = Self::layer(last, &middle);
            let most = scores.iter().copied().fold(f64::MIN, f64::max);
            let powers: Vec<f64> = scores.iter().map(|s| (s - most).exp()).collect();
            let sum: f64 = powers.iter().sum();
            total += part * (sum.ln() + most - scores[y]);
            let mut back = vec![0.0; middle.len()];
            let (into_first, into_last) = gradient.split_at_mut(first.len());
            for (c, power) in powers.iter().enumerate() {
                let by = part * (power / sum - f64::from(u8::from(c == y)));
                let at = c * (middle.len() + 1);
                for (k, m) in middle.iter().enumerate() {
                    into_last[at + k] += by * m;
                    back[k] += by * last[at + k];
                }
                into_last[at + middle.len()] += by;
            }
            for (h, by) in back.iter().enumerate().take(self.hidden) {
                let by = by * (1.0 - middle[h] * middle[h]);
                let at = h * (self.features + 1);
                for (k, x) in x.iter().enumerate() {
                    into_first[at + k] += by * x;
                }
                into_first[at + self.features] += by;
            }
        }
        total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two rings, one in the other: no line tells them apart.
    fn rings() -> Data {
        let header: Vec<String> = ["x", "y", "ring"].map(str::to_owned).to_vec();
        let rows: Vec<Vec<String>> = (0..200)
            .map(|i| {
                let (angle, radius) = (f64::from(i) * 0.7, if i % 2 == 0 { 1.0 } else { 2.0 });
                vec![
                    (radius * angle.cos()).to_string(),
                    (radius * angle.sin()).to_string(),
                    (i % 2).to_string(),
                ]
            })
            .collect();
        Data::from_rows(&header, &rows, None, 0.8, 1).unwrap()
    }

    #[test]
    fn rings_are_told_by_neighbours_and_a_net_and_not_by_a_line() {
        let data = rings();
        assert_eq!(neighbours(&data, 5), 1.0);
        assert!(net(&data, 12, 2000, 1) > 0.95);
        assert!(crate::train::svm::support_vectors(&data) > 0.98);
        assert!(logistic(&data) < 0.75);
    }

    #[test]
    fn hartree_fock_of_the_shipped_molecules_is_their_best_basis_state() {
        for text in [
            include_str!("../../data/h2_sto3g_2q.json"),
            include_str!("../../data/hehp_sto3g_2q.json"),
            include_str!("../../data/lih_sto3g_4q.json"),
        ] {
            let file: serde_json::Value = serde_json::from_str(text).unwrap();
            for point in file["points"].as_array().unwrap() {
                let terms = point["terms"].as_object().unwrap().iter();
                let sum =
                    PauliSum::from_strings(terms.map(|(k, v)| (k.as_str(), v.as_f64().unwrap()))).unwrap();
                let (ours, known) = (best_basis_state(&sum).unwrap(), point["hf"].as_f64().unwrap());
                assert!((ours - known).abs() < 1e-7, "{} {}: {ours} {known}", file["molecule"], point["r"]);
            }
        }
        assert_eq!(best_basis_state(&PauliSum::parse(&"Z".repeat(45)).unwrap()), None);
    }

    #[test]
    fn gradients_of_nets_are_those_of_the_differences() {
        let data = rings();
        for hidden in [0, 3] {
            let net = Net { features: 2, hidden, classes: 2 };
            let weights: Vec<f64> = (0..net.weights()).map(|i| (i as f64 * 0.7).sin()).collect();
            let mut gradient = vec![0.0; weights.len()];
            net.loss(&weights, &data, &[0, 3, 5], &mut gradient);
            for (i, analytic) in gradient.iter().enumerate() {
                let value = |by: f64| {
                    let mut there = weights.clone();
                    there[i] += by;
                    net.loss(&there, &data, &[0, 3, 5], &mut vec![0.0; weights.len()])
                };
                let numeric = (value(1e-5) - value(-1e-5)) / 2e-5;
                assert!((numeric - analytic).abs() < 1e-8, "{hidden} {i}: {numeric} {analytic}");
            }
        }
    }
}

//! Depths 1 to 5 of the dressed circuit from one set of weights, beside trainings of each apart.
//!
//! The weights learn by progressive shrinking: first the whole circuit alone, then shallower and
//! shallower ones beside it, which it is drawn with until the end. A depth leaves what it does not
//! have untouched, the optimiser's memory of it included. Source of the order: Cai et al.,
//! "Once-for-All", arXiv:1908.09791.

use std::f64::consts::{PI, TAU};

use shotbook_sim::sample::Rng;

use super::{ANGLES, DEPTH, DataSet, Middle, Model, OUTPUT, QUBITS, RATE, WEIGHTS, optimizer};
use crate::train::TrainError;
use crate::train::layers::shuffle;

/// Iterations that all depths share.
pub const SHARED: usize = 550;
/// Iterations that each depth adds, from depth 1 on. The whole circuit is trained by every shared
/// iteration or beside it, shallow ones late and little. Chosen on 40 seeds that no report shows.
pub const TUNED: [usize; DEPTH] = [250, 250, 200, 150, 100];
/// Share of the shared iterations that the whole circuit has alone.
const ALONE: f64 = 0.4;
/// Share of the later ones in which the whole circuit is taken again.
const WHOLE: f64 = 0.5;
/// Spread of the drawn initial weights. Source: the published ones.
const SPREAD: f64 = 0.001;

/// Test accuracies of one depth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Depth {
    /// After all iterations of a training of its own.
    pub alone: f64,
    /// From the shared weights, tuned.
    pub inherited: f64,
    /// After its share of the same iterations in a training of its own.
    pub apart: f64,
}

/// What one seed came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Depths {
    /// From depth 1 on.
    pub depths: Vec<Depth>,
    /// Circuits by parameter shift of the shared weights and all tunings.
    pub circuits: u64,
    /// The same of trainings of each depth alone.
    pub circuits_alone: u64,
}

impl DataSet {
    /// The same points with initial weights and batch orders drawn by a seed; those of the file for 0.
    #[must_use]
    pub fn drawn(&self, seed: u64) -> Self {
        let mut out = self.clone();
        if seed == 0 {
            return out;
        }
        let mut rng = Rng::new(seed);
        for order in &mut out.epoch_order.quantum {
            shuffle(order, &mut rng);
        }
        for weight in &mut out.initial_weights {
            let (length, angle) = ((-2.0 * (1.0 - rng.unit()).ln()).sqrt(), TAU * rng.unit());
            *weight = SPREAD * length * angle.cos();
        }
        out
    }

    /// Accuracy of each depth from shared weights and alone, with the seed that draws the depths.
    ///
    /// # Errors
    /// The simulator's.
    pub fn depths(&self, seed: u64) -> Result<Depths, TrainError> {
        let start = &self.initial_weights;
        let new = |depth: usize| Model::of_depth(Middle::Quantum, depth, start.clone());
        let mut models = (1..=DEPTH).map(new).collect::<Result<Vec<_>, _>>()?;
        let (weights, mut circuits) = self.shared(&mut models, seed)?;
        let apart = (SHARED + TUNED.iter().sum::<usize>()) / DEPTH;
        let mut out = Depths { depths: Vec::new(), circuits: 0, circuits_alone: 0 };
        for (depth, mut model) in (1..).zip(models) {
            model.weights.copy_from_slice(&weights);
            self.tune(&mut model, TUNED[depth - 1])?;
            let inherited = self.right(&mut model)?;
            model.weights.copy_from_slice(start);
            let mut at_apart = None;
            self.train(&mut model, self.iterations, &mut |model, iteration| {
                if iteration == apart {
                    at_apart = Some(self.right(model)?);
                }
                Ok(false)
            })?;
            let alone = self.right(&mut model)?;
            circuits += self.circuits(depth, TUNED[depth - 1]);
            out.circuits_alone += self.circuits(depth, self.iterations);
            out.depths.push(Depth { alone, inherited, apart: at_apart.unwrap_or(alone) });
        }
        out.circuits = circuits;
        Ok(out)
    }

    /// The shared weights, and what they took.
    fn shared(&self, models: &mut [Model], seed: u64) -> Result<(Vec<f64>, u64), TrainError> {
        let mut weights = self.initial_weights.clone();
        let mut adam = optimizer();
        let (mut rng, mut gradient, mut circuits) = (Rng::new(seed), vec![0.0; WEIGHTS], 0);
        for iteration in 0..SHARED {
            let depth = drawn_depth(iteration, &mut rng);
            let model = &mut models[depth - 1];
            model.weights.copy_from_slice(&weights);
            self.gradient(model, iteration, &mut gradient)?;
            adam.step_where(&mut weights, &gradient, &|i| has(depth, i));
            circuits += self.circuits(depth, 1);
        }
        Ok((weights, circuits))
    }

    /// The rate falls like a cosine, so that few iterations come to rest.
    fn tune(&self, model: &mut Model, iterations: usize) -> Result<(), TrainError> {
        let mut adam = optimizer();
        let mut gradient = vec![0.0; WEIGHTS];
        for iteration in 0..iterations {
            adam.rate = RATE * 0.5 * (1.0 + (PI * iteration as f64 / iterations as f64).cos());
            self.gradient(model, SHARED + iteration, &mut gradient)?;
            adam.step(&mut model.weights, &gradient);
        }
        Ok(())
    }

    /// Circuits by parameter shift: the value, and both shifts of each input and angle, for each point.
    fn circuits(&self, depth: usize, iterations: usize) -> u64 {
        (self.batch_size * (1 + 2 * QUBITS * (1 + depth)) * iterations) as u64
    }
}

/// The depth of a shared iteration.
fn drawn_depth(iteration: usize, rng: &mut Rng) -> usize {
    let whole_alone = ALONE * SHARED as f64;
    let late = (iteration as f64 - whole_alone) / (SHARED as f64 - whole_alone);
    if late < 0.0 || rng.unit() < WHOLE {
        return DEPTH;
    }
    let least = DEPTH - 1 - (late * (DEPTH - 1) as f64) as usize;
    least.max(1) + rng.below((DEPTH + 1 - least.max(1)) as u64) as usize
}

/// Whether a depth has a weight.
fn has(depth: usize, i: usize) -> bool {
    let own = ANGLES + QUBITS..ANGLES + QUBITS * (depth + 1);
    !(ANGLES..OUTPUT).contains(&i) || own.contains(&i)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPIRALS: &str = include_str!("../../../data/spirals_turns_1p52.json");

    #[test]
    fn a_file_without_iterations_is_refused() {
        let mut file: serde_json::Value = serde_json::from_str(SPIRALS).unwrap();
        file["iterations"] = 0.into();
        let error = DataSet::from_json(&file.to_string()).unwrap_err();
        assert_eq!(error.to_string(), "the data cannot be used: iterations must be 1 or more");
    }

    #[test]
    fn depths_shrink_beside_the_whole() {
        let mut rng = Rng::new(1);
        let drawn: Vec<usize> = (0..SHARED).map(|i| drawn_depth(i, &mut rng)).collect();
        assert!(drawn[..220].iter().all(|d| *d == DEPTH) && drawn[220..302].iter().all(|d| *d >= 4));
        let late = &drawn[470..];
        assert!((1..=DEPTH).all(|d| late.contains(&d)), "{late:?}");
        let whole = late.iter().filter(|d| **d == DEPTH).count();
        assert!(whole * 2 > late.len(), "{whole} of {}", late.len());
    }

    #[test]
    fn shared_weights_beat_the_same_iterations_apart() {
        let set = DataSet::from_json(SPIRALS).unwrap();
        let (mut inherited, mut apart) = (0.0, 0.0);
        for seed in [0, 1] {
            let found = set.drawn(seed).depths(seed).unwrap();
            inherited += found.depths.iter().map(|d| d.inherited).sum::<f64>();
            apart += found.depths.iter().map(|d| d.apart).sum::<f64>();
            assert!(found.circuits * 3 < found.circuits_alone, "{found:?}");
        }
        assert!(inherited > apart + 0.2, "{inherited} {apart}");
    }

    #[test]
    fn a_seed_draws_weights_and_orders_of_the_same_kind() {
        let set = DataSet::from_json(SPIRALS).unwrap();
        let drawn = set.drawn(3);
        assert_eq!(set.drawn(0).initial_weights, set.initial_weights);
        assert_ne!(drawn.epoch_order.quantum, set.epoch_order.quantum);
        let spread = |w: &[f64]| (w.iter().map(|w| w * w).sum::<f64>() / w.len() as f64).sqrt();
        let ratio = spread(&drawn.initial_weights) / SPREAD;
        assert!((0.8..1.25).contains(&ratio), "{ratio}");
        assert!(drawn.epoch_order.quantum.iter().all(|o| {
            let mut sorted = o.clone();
            sorted.sort_unstable();
            sorted.windows(2).all(|w| w[0] != w[1])
        }));
    }
}

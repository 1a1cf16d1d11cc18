//! Adam: steps by the running mean of the gradient over the root of its running square.
//!
//! Source: Kingma and Ba, "Adam: A Method for Stochastic Optimization", arXiv:1412.6980.

use serde::{Deserialize, Serialize};

/// Settings and memory of the optimiser; all of it, so that a run that was cut goes on bit for bit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adam {
    /// Step size. Units: those of the parameters.
    pub rate: f64,
    /// Forgetting of the mean and of the square.
    pub betas: (f64, f64),
    /// Keeps the root from zero.
    pub epsilon: f64,
    /// The first step takes the gradient and its square whole, as optimisers of before 2019 did.
    pub legacy: bool,
    steps: u32,
    mean: Vec<f64>,
    square: Vec<f64>,
}

impl Adam {
    /// An optimiser of `n` parameters that has made no step.
    pub fn new(rate: f64, betas: (f64, f64), n: usize) -> Self {
        Self { rate, betas, epsilon: 1e-8, legacy: false, steps: 0, mean: vec![0.0; n], square: vec![0.0; n] }
    }

    /// The same with the first step of old.
    #[must_use]
    pub fn with_legacy_first_step(mut self) -> Self {
        self.legacy = true;
        self
    }

    /// Moves the parameters against a gradient. Shape: both as long as the optimiser was made for.
    pub fn step(&mut self, parameters: &mut [f64], gradient: &[f64]) {
        self.step_where(parameters, gradient, &|_| true);
    }

    /// Moves some of the parameters. The others and the memory of them stay: a memory that fades while
    /// its parameter is absent makes its next step too large.
    pub fn step_where(&mut self, parameters: &mut [f64], gradient: &[f64], moved: &dyn Fn(usize) -> bool) {
        self.steps += 1;
        let (b1, b2) = self.betas;
        let t = self.steps as i32;
        let scale = self.rate * (1.0 - b2.powi(t)).sqrt() / (1.0 - b1.powi(t));
        let (keep, keep_square) = if self.legacy && t == 1 { (0.0, 0.0) } else { (b1, b2) };
        let (take, take_square) = if self.legacy && t == 1 { (1.0, 1.0) } else { (1.0 - b1, 1.0 - b2) };
        let memory = self.mean.iter_mut().zip(&mut self.square);
        let all = parameters.iter_mut().zip(gradient).zip(memory).enumerate();
        for (_, ((parameter, &g), (mean, square))) in all.filter(|(i, _)| moved(*i)) {
            *mean = keep * *mean + take * g;
            *square = keep_square * *square + take_square * g * g;
            *parameter -= scale * *mean / (square.sqrt() + self.epsilon);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_absent_keeps_its_place_and_its_memory() {
        let mut adam = Adam::new(0.1, (0.9, 0.999), 2);
        let mut x = [0.0, 0.0];
        adam.step(&mut x, &[1.0, 1.0]);
        let (place, memory) = (x[1], (adam.mean[1], adam.square[1]));
        for _ in 0..50 {
            adam.step_where(&mut x, &[1.0, 0.0], &|i| i == 0);
        }
        assert_eq!((x[1], (adam.mean[1], adam.square[1])), (place, memory));
        assert!(x[0] < -1.0, "{x:?}");
    }

    #[test]
    fn a_valley_is_walked_down() {
        // Rosenbrock's valley: minimum 0 at (1, 1), from the usual start.
        let mut adam = Adam::new(0.02, (0.9, 0.999), 2);
        let mut x = [-1.2, 1.0];
        for _ in 0..20_000 {
            let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
            let gradient = [-2.0 * a - 400.0 * x[0] * b, 200.0 * b];
            adam.step(&mut x, &gradient);
        }
        // A rate that stays the same keeps it moving about the floor by a fraction of itself.
        assert!((x[0] - 1.0).abs() < 0.01 && (x[1] - 1.0).abs() < 0.01, "{x:?}");
    }

    #[test]
    fn the_first_step_is_the_rate_whatever_the_gradient() {
        for (gradient, legacy) in [(1e-3, false), (7.0, false)] {
            let mut adam = Adam { legacy, ..Adam::new(0.1, (0.9, 0.99), 1) };
            let mut x = [0.0];
            adam.step(&mut x, &[gradient]);
            assert!((x[0] + 0.1).abs() < 1e-5, "{x:?}");
        }
        let mut old = Adam::new(0.1, (0.9, 0.99), 1).with_legacy_first_step();
        let mut x = [0.0];
        old.step(&mut x, &[7.0]);
        assert!((x[0] + 0.1 * 0.1 / 0.1).abs() < 1e-7, "sqrt(1 - 0.99) / (1 - 0.9) is 1: {x:?}");
    }

    #[test]
    fn a_run_that_was_cut_goes_on_bit_for_bit() {
        let walk = |adam: &mut Adam, x: &mut [f64; 1], n| {
            for _ in 0..n {
                let gradient = [2.0 * x[0] + x[0].cos()];
                adam.step(x, &gradient);
            }
        };
        let (mut whole, mut x) = (Adam::new(0.05, (0.9, 0.999), 1), [3.0]);
        walk(&mut whole, &mut x, 20);
        let (mut first, mut y) = (Adam::new(0.05, (0.9, 0.999), 1), [3.0]);
        walk(&mut first, &mut y, 7);
        let mut second: Adam = serde_json::from_str(&serde_json::to_string(&first).unwrap()).unwrap();
        walk(&mut second, &mut y, 13);
        assert_eq!(x[0].to_bits(), y[0].to_bits());
    }
}

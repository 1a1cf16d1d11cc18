//! Curvature from the last gradients, for values without noise.
//!
//! Source: J. Nocedal and S. J. Wright, "Numerical Optimization" (2006), algorithms 7.4 and 3.1, with
//! the step taken only when the value falls by a share of the slope.

use serde::{Deserialize, Serialize};

use super::{Answer, Ask};

const MEMORY: usize = 10;
const FALL: f64 = 1e-4;

/// The last steps and where it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lbfgs {
    /// The point.
    pub x: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
    /// Steps and changes of the gradient, the youngest last.
    pairs: Vec<(Vec<f64>, Vec<f64>)>,
    /// The direction that is searched, and how far.
    search: Option<(Vec<f64>, f64)>,
    done: bool,
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl Lbfgs {
    /// From a start.
    pub fn new(x: Vec<f64>) -> Self {
        Self { x, value: f64::MAX, gradient: Vec::new(), pairs: Vec::new(), search: None, done: false }
    }

    fn tried(&self) -> Vec<f64> {
        match &self.search {
            Some((direction, length)) => self.x.iter().zip(direction).map(|(x, d)| x + length * d).collect(),
            None => self.x.clone(),
        }
    }

    pub(super) fn ask(&self) -> Ask {
        if self.done { Ask::Nothing } else { Ask::Gradient { at: self.tried(), shots: None } }
    }

    pub(super) fn tell(&mut self, answer: &Answer) -> bool {
        let (value, at) = (answer.values[0], self.tried());
        let Some((direction, length)) = self.search.take() else {
            (self.value, self.gradient) = (value, answer.gradient.clone());
            self.turn();
            return true;
        };
        let slope = dot(&direction, &self.gradient);
        if value > self.value + FALL * length * slope {
            // The bottom of the parabola through what is known, within bounds.
            let curve = value - self.value - length * slope;
            let best = if curve > 0.0 { -slope * length * length / (2.0 * curve) } else { length / 2.0 };
            let shorter = best.clamp(0.1 * length, 0.5 * length);
            if shorter < 1e-12 {
                self.done = self.pairs.is_empty();
                self.pairs.clear();
                self.turn();
            } else {
                self.search = Some((direction, shorter));
            }
            return false;
        }
        let step: Vec<f64> = direction.iter().map(|d| length * d).collect();
        let change: Vec<f64> = answer.gradient.iter().zip(&self.gradient).map(|(a, b)| a - b).collect();
        if dot(&step, &change) > 1e-12 * dot(&change, &change) {
            self.pairs.push((step, change));
            if self.pairs.len() > MEMORY {
                self.pairs.remove(0);
            }
        }
        (self.x, self.value, self.gradient) = (at, value, answer.gradient.clone());
        self.turn();
        true
    }

    /// The next direction: the gradient seen through the remembered curvature.
    fn turn(&mut self) {
        if dot(&self.gradient, &self.gradient).sqrt() < 1e-9 {
            self.done = true;
            return;
        }
        let mut q = self.gradient.clone();
        let mut shares = Vec::with_capacity(self.pairs.len());
        for (step, change) in self.pairs.iter().rev() {
            let share = dot(step, &q) / dot(step, change);
            q.iter_mut().zip(change).for_each(|(q, c)| *q -= share * c);
            shares.push(share);
        }
        let scale = match self.pairs.last() {
            Some((step, change)) => dot(step, change) / dot(change, change),
            None => 1.0 / dot(&q, &q).sqrt().max(1.0),
        };
        q.iter_mut().for_each(|q| *q *= scale);
        for ((step, change), share) in self.pairs.iter().zip(shares.iter().rev()) {
            let back = dot(change, &q) / dot(step, change);
            q.iter_mut().zip(step).for_each(|(q, s)| *q += (share - back) * s);
        }
        self.search = Some((q.iter().map(|q| -q).collect(), 1.0));
    }
}

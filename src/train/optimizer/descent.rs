//! Steps against the gradient: plain, with momentum, or scaled by Adam.

use serde::{Deserialize, Serialize};

use super::{Adam, Answer};

/// Where it stands and how it steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Descent {
    /// The point.
    pub x: Vec<f64>,
    step: Step,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Step {
    Adam(Adam),
    Plain { rate: f64, momentum: f64, velocity: Vec<f64> },
}

impl Descent {
    /// By Adam from a start.
    pub fn adam(x: Vec<f64>, adam: Adam) -> Self {
        Self { x, step: Step::Adam(adam) }
    }

    /// Plain from a start; a momentum of 0 forgets each step.
    pub fn plain(x: Vec<f64>, rate: f64, momentum: f64) -> Self {
        let velocity = vec![0.0; x.len()];
        Self { x, step: Step::Plain { rate, momentum, velocity } }
    }

    pub(super) fn tell(&mut self, answer: &Answer) -> bool {
        match &mut self.step {
            Step::Adam(adam) => adam.step(&mut self.x, &answer.gradient),
            Step::Plain { rate, momentum, velocity } => {
                for ((x, v), g) in self.x.iter_mut().zip(velocity).zip(&answer.gradient) {
                    *v = *momentum * *v - *rate * g;
                    *x += *v;
                }
            }
        }
        true
    }
}

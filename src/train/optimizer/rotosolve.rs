//! One parameter after the other: a loss that is one sine in each is known from three values.
//!
//! Source: M. Ostaszewski, E. Grant, M. Benedetti, "Structure optimization for parameterized quantum
//! circuits", Quantum 5, 391 (2021), arXiv:1905.09692. Each angle must stand in one gate with
//! eigenvalues plus and minus one half.

use std::f64::consts::{FRAC_PI_2, PI};

use serde::{Deserialize, Serialize};

use super::{Answer, Ask};

/// Where it stands, and which parameter is next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rotosolve {
    /// The point.
    pub x: Vec<f64>,
    /// How fast each parameter turns its gate.
    scales: Vec<f64>,
    next: usize,
    /// Value where it stands, as the last sine tells it.
    pub(in crate::train) value: f64,
    /// Whether that may be trusted for the next sine.
    fresh: bool,
}

impl Rotosolve {
    /// From a start, with the frequency of the loss in each parameter.
    pub fn new(x: Vec<f64>, scales: Vec<f64>) -> Self {
        Self { x, scales, next: 0, value: f64::MAX, fresh: false }
    }

    fn moved(&self, by: f64) -> Vec<f64> {
        let mut out = self.x.clone();
        out[self.next] += by / self.scales[self.next];
        out
    }

    pub(super) fn ask(&self) -> Ask {
        if self.x.is_empty() {
            return Ask::Nothing;
        }
        let mut points = vec![self.moved(FRAC_PI_2), self.moved(-FRAC_PI_2)];
        if !self.fresh {
            points.push(self.x.clone());
        }
        Ask::Values(points)
    }

    pub(super) fn tell(&mut self, answer: &Answer) -> bool {
        let here = if self.fresh { self.value } else { answer.values.get(2).copied().unwrap_or(0.0) };
        let (plus, minus) = (answer.values[0], answer.values[1]);
        // value(by) = middle + size * sin(by + phase)
        let middle = f64::midpoint(plus, minus);
        let (sine, cosine) = (here - middle, (plus - minus) / 2.0);
        let size = sine.hypot(cosine);
        if size > 0.0 {
            let turn = -FRAC_PI_2 - sine.atan2(cosine);
            let turn = turn - (2.0 * PI) * (turn / (2.0 * PI)).round();
            self.x[self.next] += turn / self.scales[self.next];
        }
        (self.value, self.fresh) = (middle - size, true);
        self.next += 1;
        if self.next == self.x.len() {
            // Measured again now and then, so that noise does not add up.
            (self.next, self.fresh) = (0, false);
            return true;
        }
        false
    }
}

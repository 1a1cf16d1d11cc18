//! Gradient steps whose shots are chosen for the most gain for a dollar.
//!
//! A step of rate r along a gradient g that is known with variances V_i/s_i gains at least
//! (r - L r^2/2)|g|^2 - (L r^2/2) sum V_i/s_i, where L bounds the curvature: A. Gu et al., "Adaptive
//! shot allocation for fast convergence in variational quantum algorithms", arXiv:2108.10434. Shots
//! go to derivatives by the root of their variance, and their number S makes the gain (A - B/S) for
//! the price (F + cS) of a step the largest: S = (B + sqrt(B^2 + A B F/c))/A. Without the fee F this
//! is the published rule S = 2B/A; with it a step that must pay a fee takes more shots.

use serde::{Deserialize, Serialize};

use super::{Answer, Ask};

/// Memory of gradients and variances.
const KEEP: f64 = 0.9;

/// What is known of the slope, and what a step costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adaptive {
    /// The point.
    pub x: Vec<f64>,
    rate: f64,
    /// Bound of the curvature.
    bound: f64,
    /// Fees of a step in shots: F/c.
    fee_in_shots: f64,
    least: u64,
    most: u64,
    shots: Vec<u64>,
    gradient: Vec<f64>,
    variances: Vec<f64>,
    k: u32,
}

impl Adaptive {
    /// From a start. `bound` is the sum of the absolute weights of the observable, `fee_in_shots` the
    /// fee of a step divided by the price of a shot, `least` and `most` the shots of one derivative.
    pub fn new(x: Vec<f64>, bound: f64, fee_in_shots: f64, least: u64, most: u64) -> Self {
        let n = x.len();
        let least = least.max(2);
        Self {
            x,
            rate: 1.0 / bound.max(1e-9),
            bound: bound.max(1e-9),
            fee_in_shots: if fee_in_shots.is_finite() { fee_in_shots.max(0.0) } else { 0.0 },
            least,
            most: most.max(least),
            shots: vec![least; n],
            gradient: vec![0.0; n],
            variances: vec![0.0; n],
            k: 0,
        }
    }

    pub(super) fn ask(&self) -> Ask {
        Ask::Gradient { at: self.x.clone(), shots: Some(self.shots.clone()) }
    }

    pub(super) fn tell(&mut self, answer: &Answer) -> bool {
        self.x.iter_mut().zip(&answer.gradient).for_each(|(x, g)| *x -= self.rate * g);
        self.k += 1;
        let forget = 1.0 - KEEP.powi(self.k.min(1000) as i32);
        let blend = |old: &mut f64, new: f64| *old = KEEP * *old + (1.0 - KEEP) * new;
        self.gradient.iter_mut().zip(&answer.gradient).for_each(|(o, g)| blend(o, *g));
        self.variances.iter_mut().zip(&answer.variances).for_each(|(o, v)| blend(o, *v));
        let length: f64 = self.gradient.iter().map(|g| (g / forget) * (g / forget)).sum();
        let roots: Vec<f64> = self.variances.iter().map(|v| (v / forget).max(0.0).sqrt()).collect();
        let sum: f64 = roots.iter().sum();
        let gain = (self.rate - self.bound * self.rate * self.rate / 2.0) * length;
        let loss = self.bound * self.rate * self.rate / 2.0 * sum * sum;
        let total = (loss + (loss * loss + gain * loss * self.fee_in_shots).sqrt()) / gain.max(1e-300);
        let n = self.shots.len().max(1) as f64;
        for (shots, root) in self.shots.iter_mut().zip(&roots) {
            // Where each task has a fee, equal shots let one program set carry the step.
            let wanted = match sum {
                0.0 => 0.0,
                _ if self.fee_in_shots > 0.0 => total / n,
                _ => total * root / sum,
            };
            *shots = (wanted.min(self.most as f64).ceil() as u64).clamp(self.least, self.most);
        }
        true
    }
}

//! Simultaneous perturbation: the slope along one random direction, from two values.
//!
//! Source: J. C. Spall, "Implementation of the simultaneous perturbation algorithm for stochastic
//! optimization", IEEE Trans. Aerosp. Electron. Syst. 34, 817 (1998): gains
//! a/(k + 1 + A)^0.602 and c/(k + 1)^0.101, A a tenth of the iterations, a from the first slopes.

use serde::{Deserialize, Serialize};
use shotbook_sim::sample::Rng;

use super::{Answer, Ask};

const ALPHA: f64 = 0.602;
const GAMMA: f64 = 0.101;
/// Directions whose slopes set the first step.
const PROBES: usize = 5;

/// Gains, directions and where it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spsa {
    /// The point.
    pub x: Vec<f64>,
    /// Width of the first difference. Units: radians.
    c: f64,
    /// Length of the first step in each parameter. Units: radians.
    first_step: f64,
    stability: f64,
    /// Gain; set by the first slopes.
    a: Option<f64>,
    seed: u64,
    k: u32,
}

impl Spsa {
    /// From a start; `iterations` sets how slowly the gains fall.
    pub fn new(x: Vec<f64>, c: f64, first_step: f64, iterations: u32, seed: u64) -> Self {
        Self { x, c, first_step, stability: f64::from(iterations) / 10.0, a: None, seed, k: 0 }
    }

    /// Signs of the direction of an iteration: a function of the seed alone, so that asking again asks
    /// the same.
    fn direction(&self, number: u32) -> Vec<f64> {
        let mut rng = Rng::new(self.seed ^ (u64::from(number) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        self.x.iter().map(|_| if rng.unit() < 0.5 { -1.0 } else { 1.0 }).collect()
    }

    fn width(&self) -> f64 {
        self.c / f64::from(self.k + 1).powf(GAMMA)
    }

    pub(super) fn ask(&self) -> Ask {
        let (many, width) = if self.a.is_none() { (PROBES, self.c) } else { (1, self.width()) };
        let mut points = Vec::with_capacity(2 * many);
        for probe in 0..many {
            let direction = self.direction(self.number(probe));
            for sign in [1.0, -1.0] {
                points.push(self.x.iter().zip(&direction).map(|(x, d)| x + sign * width * d).collect());
            }
        }
        Ask::Values(points)
    }

    /// Probes have numbers of their own, from the top.
    fn number(&self, probe: usize) -> u32 {
        if self.a.is_none() { u32::MAX - 1 - probe as u32 } else { self.k }
    }

    pub(super) fn tell(&mut self, answer: &Answer) -> bool {
        let slope = |pair: &[f64], width: f64| (pair[0] - pair[1]) / (2.0 * width);
        if self.a.is_none() {
            let slopes: Vec<f64> = answer.values.chunks_exact(2).map(|p| slope(p, self.c).abs()).collect();
            let mean = slopes.iter().sum::<f64>() / slopes.len().max(1) as f64;
            let fall = (1.0 + self.stability).powf(ALPHA);
            // A flat start tells nothing; the step itself then is the gain.
            self.a = Some(self.first_step * fall / if mean > 1e-12 { mean } else { 1.0 });
            return false;
        }
        let along = slope(&answer.values, self.width());
        let gain = self.a.unwrap_or(0.0) / (f64::from(self.k) + 1.0 + self.stability).powf(ALPHA);
        let direction = self.direction(self.k);
        // A lost slope must not throw the point across the circle.
        let step = (gain * along).clamp(-1.0, 1.0);
        self.x.iter_mut().zip(direction).for_each(|(x, d)| *x -= step * d);
        self.k += 1;
        true
    }
}

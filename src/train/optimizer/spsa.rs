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
/// A pair of values this many deviations above those around the guarded point is no noise.
const LOST: f64 = 4.0;
/// Pairs whose mean may move the guard.
const RECENT: usize = 10;

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
    /// Values around the start, once measured: their mean.
    #[serde(default)]
    around: Option<f64>,
    /// What a start that was trained before is held to.
    #[serde(default)]
    guard: Option<Guard>,
}

/// A point that is left only for better ones. At a bottom slopes are mostly noise, so that the gain
/// they set may be far too large; a step out of the valley is taken back and the gain halved.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Guard {
    x: Vec<f64>,
    /// Mean of the pairs around it.
    mean: f64,
    /// Deviation of one pair.
    spread: f64,
    /// Means of the last pairs.
    recent: Vec<f64>,
}

impl Guard {
    /// Learns what pairs around the start are worth.
    fn measured(&mut self, values: &[f64]) {
        let pairs: Vec<f64> = values.chunks_exact(2).map(|p| (p[0] + p[1]) / 2.0).collect();
        let n = pairs.len().max(2) as f64;
        self.mean = pairs.iter().sum::<f64>() / n;
        self.spread = (pairs.iter().map(|p| (p - self.mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    }

    /// Whether a pair around `x` says that the valley was left; moves the guard where it is lower.
    fn is_lost(&mut self, x: &[f64], pair: f64) -> bool {
        if pair > self.mean + LOST * self.spread {
            self.recent.clear();
            return true;
        }
        self.recent.push(pair);
        if self.recent.len() > RECENT {
            self.recent.remove(0);
        }
        let mean = self.recent.iter().sum::<f64>() / self.recent.len() as f64;
        if self.recent.len() == RECENT && mean < self.mean {
            (self.mean, self.x) = (mean, x.to_vec());
        }
        false
    }
}

impl Spsa {
    /// From a start; `iterations` sets how slowly the gains fall.
    pub fn new(x: Vec<f64>, c: f64, first_step: f64, iterations: u32, seed: u64) -> Self {
        let stability = f64::from(iterations) / 10.0;
        Self { x, c, first_step, stability, a: None, seed, k: 0, around: None, guard: None }
    }

    /// The same, never far above where it starts.
    #[must_use]
    pub fn guarded(mut self) -> Self {
        self.guard = Some(Guard { x: self.x.clone(), ..Guard::default() });
        self
    }

    /// Mean of the values around the start, once they were measured.
    pub fn around(&self) -> Option<f64> {
        self.around
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
            self.around = Some(answer.values.iter().sum::<f64>() / answer.values.len().max(1) as f64);
            if let Some(guard) = &mut self.guard {
                guard.measured(&answer.values);
            }
            return false;
        }
        let pair = answer.values.iter().sum::<f64>() / 2.0;
        if let Some(guard) = &mut self.guard
            && guard.is_lost(&self.x, pair)
        {
            self.x.clone_from(&guard.x);
            self.a = self.a.map(|a| a / 2.0);
            self.k += 1;
            return true;
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

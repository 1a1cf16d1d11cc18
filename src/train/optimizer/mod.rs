//! Optimisers as machines that ask for values and are told them: pure, and serialised whole, so that a
//! run that was cut goes on bit for bit.
//!
//! One file each. An optimiser never evaluates anything: it asks at points, and whoever drives it
//! answers from a simulator or from paid tasks.

mod adam;
mod adaptive;
mod cobyla;
mod descent;
mod external;
mod lbfgs;
mod rotosolve;
mod settings;
mod spsa;
#[cfg(test)]
mod tests;

pub use adam::Adam;
pub use adaptive::Adaptive;
pub use cobyla::Cobyla;
pub use descent::Descent;
pub use external::External;
pub use lbfgs::Lbfgs;
pub use rotosolve::Rotosolve;
use serde::{Deserialize, Serialize};
pub use settings::{Kind, Setting, Settings};
pub use spsa::Spsa;

/// What an optimiser wants to know.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// Values at points.
    Values(Vec<Vec<f64>>),
    /// Value and derivatives at one point, with the shots of each derivative where it chooses them.
    Gradient {
        /// The point.
        at: Vec<f64>,
        /// Shots of each derivative, over its circuits; the caller's number where it does not say.
        shots: Option<Vec<u64>>,
    },
    /// Nothing more: it has converged.
    Nothing,
}

/// What it is told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// One value a point.
    pub values: Vec<f64>,
    /// Derivatives, when they were asked for.
    pub gradient: Vec<f64>,
    /// Variance of one shot of each derivative, where shots were taken.
    pub variances: Vec<f64>,
}

/// An optimiser with all it remembers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case")]
pub enum Optimizer {
    /// Gradient steps, plain, with momentum or by Adam.
    Gradient(Descent),
    /// Two values an iteration, whatever the number of parameters.
    Spsa(Spsa),
    /// One parameter after the other to the bottom of its sine.
    Rotosolve(Rotosolve),
    /// Linear models in a trust region, from values alone.
    Cobyla(Cobyla),
    /// Curvature from past gradients; exact values only.
    Lbfgs(Lbfgs),
    /// Shots chosen for the most gain for a dollar.
    Adaptive(Adaptive),
    /// A program of the user's.
    External(External),
}

impl Optimizer {
    /// The question of an ordinary iteration, where the one that is asked now is larger: SPSA sets its
    /// gain by more pairs of values than it needs later.
    pub fn ordinary(&self, ask: &Ask) -> Ask {
        match (self, ask) {
            (Self::Spsa(_), Ask::Values(points)) => Ask::Values(points[..points.len().min(2)].to_vec()),
            _ => ask.clone(),
        }
    }

    /// What it wants to know next. Asking again gives the same.
    pub fn ask(&self) -> Ask {
        match self {
            Self::Gradient(o) => Ask::Gradient { at: o.x.clone(), shots: None },
            Self::Spsa(o) => o.ask(),
            Self::Rotosolve(o) => o.ask(),
            Self::Cobyla(o) => o.ask(),
            Self::Lbfgs(o) => o.ask(),
            Self::Adaptive(o) => o.ask(),
            Self::External(o) => o.ask(),
        }
    }

    /// Takes the answer to the last question. True when an iteration is complete.
    pub fn tell(&mut self, answer: &Answer) -> bool {
        match self {
            Self::Gradient(o) => o.tell(answer),
            Self::Spsa(o) => o.tell(answer),
            Self::Rotosolve(o) => o.tell(answer),
            Self::Cobyla(o) => o.tell(answer),
            Self::Lbfgs(o) => o.tell(answer),
            Self::Adaptive(o) => o.tell(answer),
            Self::External(o) => o.tell(answer),
        }
    }

    /// The point that it stands at.
    pub fn at(&self) -> &[f64] {
        match self {
            Self::Gradient(o) => &o.x,
            Self::Spsa(o) => &o.x,
            Self::Rotosolve(o) => &o.x,
            Self::Cobyla(o) => o.best(),
            Self::Lbfgs(o) => &o.x,
            Self::Adaptive(o) => &o.x,
            Self::External(o) => &o.x,
        }
    }
}

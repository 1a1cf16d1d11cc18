//! Which optimiser, with its defaults.

use serde::{Deserialize, Serialize};

use super::{Adam, Adaptive, Cobyla, Descent, External, Lbfgs, Optimizer, Rotosolve, Spsa};

/// An optimiser by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Adam.
    Adam,
    /// Plain steps, or with momentum.
    Sgd,
    /// Simultaneous perturbation.
    Spsa,
    /// One parameter after the other.
    Rotosolve,
    /// Linear models in a trust region.
    Cobyla,
    /// Curvature from past gradients.
    Lbfgs,
    /// Shots chosen by price.
    Adaptive,
    /// A program that speaks ask and tell over JSON lines.
    Exec(String),
}

/// What may be set; what is not has the default of its optimiser.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Which.
    pub kind: Kind,
    /// Step size; the first step of SPSA, the first radius of COBYLA. Units: radians, or those of the
    /// parameters.
    pub rate: Option<f64>,
    /// Momentum of plain steps.
    pub momentum: Option<f64>,
    /// Forgetting of Adam's mean and square.
    pub betas: Option<(f64, f64)>,
    /// Adam's first step as optimisers of before 2019 made it.
    pub legacy: bool,
}

/// What an optimiser is told of its task.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Where it starts.
    pub start: Vec<f64>,
    /// Most iterations.
    pub iterations: u32,
    /// Seed of its directions.
    pub seed: u64,
    /// Whether the start was trained before.
    pub warm: bool,
    /// Frequency of the loss in each parameter, where it is one sine.
    pub scales: Option<Vec<f64>>,
    /// Sum of the absolute weights of the observable.
    pub bound: f64,
    /// Fees of a step divided by the price of a shot.
    pub fee_in_shots: f64,
    /// Fewest and most shots of a derivative.
    pub shots: Option<(u64, u64)>,
}

impl Kind {
    /// By the word that a user types.
    ///
    /// # Errors
    /// The words that are known.
    pub fn named(word: &str) -> Result<Self, String> {
        Ok(match word {
            "adam" => Self::Adam,
            "sgd" => Self::Sgd,
            "spsa" => Self::Spsa,
            "rotosolve" => Self::Rotosolve,
            "cobyla" => Self::Cobyla,
            "lbfgs" | "l-bfgs" => Self::Lbfgs,
            "adaptive" => Self::Adaptive,
            _ => match word.strip_prefix("exec:") {
                Some(command) if !command.trim().is_empty() => Self::Exec(command.to_owned()),
                _ => {
                    return Err(format!(
                        "{word:?} is no optimizer: adam, sgd, spsa, rotosolve, cobyla, lbfgs, adaptive or exec:COMMAND"
                    ));
                }
            },
        })
    }

    /// Its word.
    pub fn word(&self) -> &str {
        match self {
            Self::Adam => "adam",
            Self::Sgd => "sgd",
            Self::Spsa => "spsa",
            Self::Rotosolve => "rotosolve",
            Self::Cobyla => "cobyla",
            Self::Lbfgs => "lbfgs",
            Self::Adaptive => "adaptive",
            Self::Exec(_) => "exec",
        }
    }

    /// Whether it asks for derivatives.
    pub fn wants_gradient(&self) -> bool {
        matches!(self, Self::Adam | Self::Sgd | Self::Lbfgs | Self::Adaptive)
    }
}

impl Settings {
    /// The defaults of an optimiser.
    pub fn of(kind: Kind) -> Self {
        Self { kind, rate: None, momentum: None, betas: None, legacy: false }
    }

    /// The optimiser at its start.
    ///
    /// # Errors
    /// Why this optimiser cannot do the task.
    pub fn build(&self, setting: Setting) -> Result<Optimizer, String> {
        let Setting { start, iterations, seed, warm, scales, bound, fee_in_shots, shots } = setting;
        let rate = |default: f64| self.rate.unwrap_or(default);
        Ok(match &self.kind {
            Kind::Adam => {
                let step = rate(if warm { 0.02 } else { 0.05 });
                let mut adam = Adam::new(step, self.betas.unwrap_or((0.9, 0.999)), start.len());
                adam.legacy = self.legacy;
                Optimizer::Gradient(Descent::adam(start, adam))
            }
            Kind::Sgd => Optimizer::Gradient(Descent::plain(start, rate(0.05), self.momentum.unwrap_or(0.0))),
            Kind::Spsa => {
                let step = rate(if warm { 0.05 } else { 0.15 });
                let spsa = Spsa::new(start, 0.1, step, iterations, seed);
                Optimizer::Spsa(if warm { spsa.guarded() } else { spsa })
            }
            Kind::Rotosolve => {
                let why = "rotosolve needs each angle in one gate with eigenvalues of plus and minus one half; \
                           take spsa, cobyla or adam";
                Optimizer::Rotosolve(Rotosolve::new(start, scales.ok_or_else(|| why.to_owned())?))
            }
            Kind::Cobyla => {
                let first = rate(if warm { 0.1 } else { 0.5 });
                Optimizer::Cobyla(Cobyla::new(start, first, first * 1e-4))
            }
            Kind::Lbfgs if shots.is_some() => {
                return Err("lbfgs needs exact values; with shots take spsa, adam or adaptive".to_owned());
            }
            Kind::Lbfgs => Optimizer::Lbfgs(Lbfgs::new(start)),
            Kind::Adaptive => {
                let why = "adaptive chooses shots; give --shots, the most of a derivative";
                let (least, most) = shots.ok_or_else(|| why.to_owned())?;
                Optimizer::Adaptive(Adaptive::new(start, bound, fee_in_shots, least, most))
            }
            Kind::Exec(command) => Optimizer::External(External::new(start, command.clone())),
        })
    }
}

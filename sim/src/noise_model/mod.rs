//! Noise models: which channels follow which gates, go before measurements, and fall on idle qubits.
//!
//! A model is data that serde reads, so a file of any format will do; [`NoiseModel::apply`] writes
//! its channels into a circuit, and every engine that knows noise runs the result.

mod device;
mod pass;

pub use device::{Fidelities, of_device};
use serde::{Deserialize, Serialize};

use crate::circuit::Gate;
use crate::noise::{self, Channel};

/// Rules of noise. All rules that match apply, in their order.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct NoiseModel {
    /// Channels behind gates.
    pub gate: Vec<GateRule>,
    /// Wrong readings.
    pub readout: Vec<ReadoutRule>,
    /// Decay of qubits that wait.
    pub idle: Vec<IdleRule>,
}

/// A channel behind each gate that matches. Either a channel with its numbers, or a fidelity.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct GateRule {
    /// Names of gates, `unitary` for explicit matrices; empty means any.
    pub names: Vec<String>,
    /// Names of gates without this noise.
    pub except: Vec<String>,
    /// Number of qubits of the gate, controls included; none means any.
    pub on: Option<usize>,
    /// Lists of qubits, in any order within a list; empty means any.
    pub qubits: Vec<Vec<u32>>,
    /// Name of a channel, as in the Braket pragma.
    pub channel: Option<String>,
    /// Probabilities of the channel.
    pub p: Vec<f64>,
    /// Average gate fidelity, which a depolarizing channel on all qubits of the gate will give it.
    pub fidelity: Option<f64>,
}

/// Wrong readings of measured qubits, drawn before the measurement.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReadoutRule {
    /// The qubits; empty means all.
    pub qubits: Vec<u32>,
    /// Probability of reading 1 from a qubit in 0.
    pub one_of_zero: f64,
    /// Probability of reading 0 from a qubit in 1.
    pub zero_of_one: f64,
}

/// Decay of qubits while others work, one layer of gates a time, and during delays.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct IdleRule {
    /// The qubits; empty means all.
    #[serde(default)]
    pub qubits: Vec<u32>,
    /// Time in which the excited state decays. Units: seconds.
    pub t1: f64,
    /// Time in which coherence is lost, at most twice `t1`. Units: seconds.
    pub t2: f64,
    /// Duration of a layer of gates; 0 for decay in delays alone. Units: seconds.
    #[serde(default)]
    pub layer: f64,
}

/// Why a noise model means nothing, or not for this circuit.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NoiseModelError {
    /// No such gate.
    #[error("gate rule {rule}: there is no gate {name:?}")]
    Gate {
        /// Which rule, from 1.
        rule: usize,
        /// As written.
        name: String,
    },
    /// No such channel.
    #[error("gate rule {rule}: there is no channel {name:?}")]
    Channel {
        /// Which rule, from 1.
        rule: usize,
        /// As written.
        name: String,
    },
    /// Not as many numbers as the channel takes.
    #[error("gate rule {rule}: {channel} takes {expected} numbers, found {found}")]
    Count {
        /// Which rule, from 1.
        rule: usize,
        /// The channel.
        channel: &'static str,
        /// What it takes.
        expected: usize,
        /// What stands there.
        found: usize,
    },
    /// Neither or both of channel and fidelity.
    #[error("gate rule {rule}: write either a channel with its p, or a fidelity")]
    Unclear {
        /// Which rule, from 1.
        rule: usize,
    },
    /// A number outside its range.
    #[error("{what} must be {range}, found {found}")]
    Range {
        /// The number.
        what: String,
        /// What it may be.
        range: &'static str,
        /// What it is.
        found: f64,
    },
    /// The circuit would become larger than any engine runs.
    #[error("the noise needs more than {limit} operations")]
    Size {
        /// The most.
        limit: usize,
    },
}

/// Probability of a depolarizing channel that gives a gate on `qubits` qubits this average fidelity.
///
/// With probability p one of the 4^k - 1 Pauli strings acts, so the entanglement fidelity is 1 - p
/// and the average one is 1 - p d / (d + 1) with d = 2^k. Source: Nielsen 2002,
/// arXiv:quant-ph/0205035.
pub fn depolarizing_of(fidelity: f64, qubits: usize) -> f64 {
    let d = f64::from(1u32 << qubits.min(16));
    (1.0 - fidelity) * (d + 1.0) / d
}

impl NoiseModel {
    /// Refuses names, numbers and times that mean nothing.
    ///
    /// # Errors
    /// Says which rule and what is wrong with it.
    pub fn check(&self) -> Result<(), NoiseModelError> {
        for (at, rule) in self.gate.iter().enumerate() {
            rule.check(at + 1)?;
        }
        for rule in &self.readout {
            within("one_of_zero", rule.one_of_zero, 1.0)?;
            within("zero_of_one", rule.zero_of_one, 1.0)?;
        }
        for IdleRule { t1, t2, layer, .. } in &self.idle {
            let positive = |what: &str, found: f64, ok: bool, range| match ok {
                true => Ok(()),
                false => Err(NoiseModelError::Range { what: what.into(), range, found }),
            };
            positive("t1", *t1, *t1 > 0.0, "above 0")?;
            positive("t2", *t2, *t2 > 0.0 && *t2 <= 2.0 * t1, "above 0 and at most twice t1")?;
            positive("layer", *layer, *layer >= 0.0 && layer.is_finite(), "0 or more")?;
        }
        Ok(())
    }
}

/// What a gate rule adds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Added {
    /// A named channel.
    Named(Channel),
    /// Depolarizing to an average fidelity.
    Fidelity(f64),
}

impl GateRule {
    fn check(&self, rule: usize) -> Result<(), NoiseModelError> {
        for name in self.names.iter().chain(&self.except) {
            if name != UNITARY && Gate::named(name).is_none() {
                return Err(NoiseModelError::Gate { rule, name: name.clone() });
            }
        }
        let Added::Named(channel) = self.added(rule)? else {
            let fidelity = self.fidelity.unwrap_or(1.0);
            // Below 1/4 even full depolarizing of two qubits does not reach.
            return match (0.25..=1.0).contains(&fidelity) {
                true => Ok(()),
                false => Err(NoiseModelError::Range {
                    what: format!("gate rule {rule}: fidelity"),
                    range: "from 0.25 to 1",
                    found: fidelity,
                }),
            };
        };
        let row = channel.row();
        if self.p.len() != usize::from(row.n_params) {
            let (expected, found) = (usize::from(row.n_params), self.p.len());
            return Err(NoiseModelError::Count { rule, channel: row.name, expected, found });
        }
        let sum = if channel == Channel::PauliChannel { self.p.iter().sum() } else { self.p[0] };
        within(&format!("gate rule {rule}: {}", row.name), sum, row.max)?;
        self.p.iter().try_for_each(|&p| within(&format!("gate rule {rule}: p"), p, 1.0))
    }

    fn added(&self, rule: usize) -> Result<Added, NoiseModelError> {
        match (&self.channel, self.fidelity) {
            (Some(name), None) => noise::Channel::named(name)
                .map(Added::Named)
                .ok_or_else(|| NoiseModelError::Channel { rule, name: name.clone() }),
            (None, Some(fidelity)) if self.p.is_empty() => Ok(Added::Fidelity(fidelity)),
            _ => Err(NoiseModelError::Unclear { rule }),
        }
    }
}

/// The name that rules use for explicit matrices.
pub(crate) const UNITARY: &str = "unitary";

fn within(what: &str, found: f64, max: f64) -> Result<(), NoiseModelError> {
    if (0.0..=max).contains(&found) {
        return Ok(());
    }
    let range = match max {
        0.5 => "from 0 to 0.5",
        0.75 => "from 0 to 0.75",
        0.9375 => "from 0 to 0.9375",
        _ => "from 0 to 1",
    };
    Err(NoiseModelError::Range { what: what.into(), range, found })
}

#[cfg(test)]
mod tests;

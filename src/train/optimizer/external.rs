//! A program of the user's as an optimiser: it asks and is told over JSON lines, and what it was told
//! is kept, so that a run that was cut can tell it all again.

use serde::{Deserialize, Serialize};

use super::{Answer, Ask};

/// What the program asked last, and all that it was told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct External {
    /// The best point so far, or the start.
    pub x: Vec<f64>,
    least: f64,
    /// Command that runs it.
    pub command: String,
    /// Values told, by question.
    pub told: Vec<Vec<f64>>,
    pending: Option<Vec<Vec<f64>>>,
    done: bool,
}

impl External {
    /// A program that has said nothing yet.
    pub fn new(x: Vec<f64>, command: String) -> Self {
        Self { x, least: f64::MAX, command, told: Vec::new(), pending: None, done: false }
    }

    /// Whether its next line must be read before anything can be asked.
    pub fn is_silent(&self) -> bool {
        self.pending.is_none() && !self.done
    }

    /// What it asked and was not told yet.
    pub fn pending(&self) -> Option<&Vec<Vec<f64>>> {
        self.pending.as_ref()
    }

    /// Takes its next line: points, or the end.
    pub fn hear(&mut self, points: Option<Vec<Vec<f64>>>) {
        self.done = points.is_none();
        self.pending = points;
    }

    /// What it is told at the beginning.
    pub fn hello(start: &[f64], seed: u64, iterations: u32) -> serde_json::Value {
        serde_json::json!({"schema": "shotbook.ask/1", "parameters": start.len(), "start": start,
            "seed": seed, "iterations": iterations})
    }

    pub(super) fn ask(&self) -> Ask {
        self.pending.clone().map_or(Ask::Nothing, Ask::Values)
    }

    pub(super) fn tell(&mut self, answer: &Answer) -> bool {
        for (point, &value) in self.pending.take().unwrap_or_default().into_iter().zip(&answer.values) {
            if value < self.least {
                (self.x, self.least) = (point, value);
            }
        }
        self.told.push(answer.values.clone());
        true
    }
}

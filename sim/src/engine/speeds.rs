//! How a machine compares with the one that the forecasts were made on.

use crate::engine::EngineChoice;
use crate::engine::table::{Forecast, ROWS};

/// For each engine, time taken over time forecast; 1 where nothing was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Speeds([f64; ROWS.len()]);

impl Default for Speeds {
    fn default() -> Self {
        Self([1.0; ROWS.len()])
    }
}

impl Speeds {
    /// Engines that can be measured, as the table of engines names them.
    pub fn engines() -> impl Iterator<Item = (&'static str, EngineChoice)> {
        ROWS.iter().map(|row| (row.name, row.choice))
    }

    /// Notes a factor; false for an engine that does not exist or a factor that is not above 0.
    #[must_use]
    pub fn note(&mut self, engine: &str, factor: f64) -> bool {
        let at =
            ROWS.iter().position(|row| row.name == engine).filter(|_| factor.is_finite() && factor > 0.0);
        at.map(|at| self.0[at] = factor).is_some()
    }

    /// The factor of an engine.
    pub fn of(&self, engine: &str) -> Option<f64> {
        ROWS.iter().position(|row| row.name == engine).map(|at| self.0[at])
    }

    /// A forecast for this machine, where `row` is the place of its engine in the table.
    pub(crate) fn here(&self, row: usize, forecast: Forecast) -> Forecast {
        Forecast { time_us: forecast.time_us * self.0[row], ..forecast }
    }
}

//! MaxCut by SPSA with shots, from random and from published angles.

use shotbook_sim::engine::{Options, Prepared, prepare};

use super::maxcut::{Angles, Graph};
use super::measured::Measured;
use super::optimizer::{Kind, Optimizer, Setting, Settings};
use super::problem::{Objective, Problem};
use super::{TrainError, ansatz, circuit};

const ITERATIONS: u32 = 200;
const SHOTS: u64 = 1000;

/// A graph ready to be trained.
pub struct Trainee {
    problem: Problem,
    measured: Measured,
    exact: Prepared<'static>,
    sampled: Prepared<'static>,
}

impl Trainee {
    /// QAOA of some layers on a graph.
    ///
    /// # Errors
    /// The simulator's.
    pub fn new(on: &Graph, layers: usize) -> Result<Self, TrainError> {
        let graph = on.plain();
        let text = ansatz::qaoa(&graph, layers as u32);
        let problem = Problem::new(&text, &Objective::Cut { graph }, 1)?;
        let measured = problem.measured()?;
        let exact = problem.exact(&Options::default())?;
        let options = Options { shots: Some(SHOTS), ..Options::default() };
        let sampled = prepare(&circuit(&measured.text)?, &options)?;
        Ok(Self { problem, measured, exact, sampled })
    }

    /// Expected cut, exactly.
    ///
    /// # Errors
    /// The simulator's.
    pub fn cut(&mut self, at: &[f64]) -> Result<f64, TrainError> {
        Ok(-self.problem.loss_exactly(&mut self.exact, at)?)
    }

    /// Iterations until the expected cut is at least a goal, or none within 200.
    ///
    /// # Errors
    /// The simulator's.
    pub fn reach(&mut self, goal: f64, from: Option<&Angles>, seed: u64) -> Result<Option<u32>, TrainError> {
        let start = from.map_or_else(|| self.problem.start(seed), Angles::in_turn);
        let setting = Setting {
            start,
            iterations: ITERATIONS,
            seed,
            // The same gains for both, so that only the start differs.
            warm: false,
            scales: None,
            bound: 1.0,
            fee_in_shots: 0.0,
            shots: Some((SHOTS, SHOTS)),
        };
        let mut optimizer: Optimizer = Settings::of(Kind::Spsa).build(setting).map_err(TrainError::Data)?;
        let (mut iteration, mut step) = (0, 0u64);
        while iteration < ITERATIONS {
            if self.cut(optimizer.at())? >= goal {
                return Ok(Some(iteration));
            }
            let ask = optimizer.ask();
            let rows = self.problem.rows(&self.measured, &ask, 0, SHOTS);
            let mut counts = Vec::with_capacity(rows.len());
            for (number, row) in rows.iter().enumerate() {
                let own = seed.wrapping_mul(1_000_003) ^ (step << 8) ^ number as u64;
                counts.push(super::problem::Counts(self.sampled.run(&row.inputs, row.shots, own)?.counts));
            }
            step += 1;
            iteration += u32::from(optimizer.tell(&self.problem.answer(&self.measured, &ask, 0, &counts)));
        }
        Ok((self.cut(optimizer.at())? >= goal).then_some(ITERATIONS))
    }
}

/// Success and mean iterations of SPSA on every fifth graph of 12 vertices, two layers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reached {
    /// Share that came within a hundredth of the largest cut of the best that is known.
    pub success: f64,
    /// Iterations, 200 where it did not.
    pub iterations: f64,
}

/// From random angles, and from the published ones; nothing where the graphs do not say what is best.
///
/// # Errors
/// The simulator's.
pub fn cold_and_warm(graphs: &[Graph], fixed: &Angles) -> Result<Option<[Reached; 2]>, TrainError> {
    let known = |g: &&Graph| g.expected_cut.get("2").is_some_and(|e| e.best_found.is_some());
    let these: Vec<&Graph> = graphs
        .iter()
        .filter(|g| g.n == 12 && g.degree() == Some(fixed.degree))
        .filter(known)
        .step_by(5)
        .collect();
    if these.is_empty() {
        return Ok(None);
    }
    let mut out = [Reached::default(); 2];
    for (number, graph) in these.iter().enumerate() {
        let best = graph.expected_cut.get("2").and_then(|e| e.best_found).unwrap_or(graph.maxcut);
        let goal = best - 0.01 * graph.maxcut;
        let mut trainee = Trainee::new(graph, fixed.p)?;
        for (from, sum) in [None, Some(fixed)].into_iter().zip(&mut out) {
            let used = trainee.reach(goal, from, 11 + number as u64)?;
            sum.iterations += f64::from(used.unwrap_or(ITERATIONS)) / these.len() as f64;
            sum.success += f64::from(u8::from(used.is_some())) / these.len() as f64;
        }
    }
    Ok(Some(out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::maxcut::{Graphs, angles};

    #[test]
    fn published_angles_are_a_start_from_which_little_is_left_to_do() {
        let all = Graphs::from_json(include_str!("../../data/qaoa_cubic_graphs.json")).unwrap();
        let table = angles(include_str!("../../data/qaoa_fixed_angles.json")).unwrap();
        let fixed = table.iter().find(|a| a.degree == 3 && a.p == 2).unwrap();
        let graph = all.graphs.iter().find(|g| g.n == 8).unwrap();
        let mut trainee = Trainee::new(graph, 2).unwrap();
        let expected = graph.expected_cut["2"].fixed;
        assert!((trainee.cut(&fixed.in_turn()).unwrap() - expected).abs() < 1e-7);
        assert_eq!(trainee.reach(expected - 1e-9, Some(fixed), 1).unwrap(), Some(0));
        let used = trainee.reach(expected, None, 3).unwrap();
        assert_ne!(used, Some(0), "random angles are worse");
        assert_eq!(trainee.reach(expected, None, 3).unwrap(), used, "the same seed is the same run");
        assert_eq!(trainee.reach(1e9, Some(fixed), 1).unwrap(), None);
    }
}

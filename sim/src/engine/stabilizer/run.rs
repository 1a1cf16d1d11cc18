//! Runs: the common walk over branches, or where nothing branches, frames for shots and observables
//! taken back for exact answers.

use crate::engine::model::Engine;
use crate::engine::prepared::{Machine, Run};
use crate::engine::runner::Piece;
use crate::engine::shots::Reader;
use crate::engine::stabilizer::engine::{Stabilizer, density_from};
use crate::engine::stabilizer::frames;
use crate::engine::stabilizer::heisenberg;
use crate::engine::stabilizer::program::Program;
use crate::engine::{SimError, TaskResult, Timing};
use crate::pauli::PauliSum;
use crate::plan::columns::Layout;
use crate::result::{ResultType, ResultValue};
use crate::sample::Rng;

/// Steps that exact answers may take in all.
const EXACT_STEPS: u64 = 1 << 32;

/// A circuit on tableaux and frames.
pub(crate) struct CliffordRun<'a> {
    pub(crate) machine: Machine<'a, Stabilizer>,
}

impl CliffordRun<'_> {
    /// The bound circuit as one program; none where it branches, and none where nothing but gates
    /// stands before the final measurements, for which one tableau is quicker.
    fn program(&self) -> Result<Option<Program>, SimError> {
        let runner = &self.machine.runner;
        let Some(pieces) = runner.straight() else { return Ok(None) };
        if pieces.iter().all(|p| matches!(p, Piece::Plan(_))) {
            return Ok(None);
        }
        let mut program = Program::new(&runner.circuit);
        for piece in pieces {
            match piece {
                Piece::Plan(gates) => program.gates(gates),
                Piece::Action(action, bit) => program.action(action, bit)?,
            }
        }
        Ok(Some(program))
    }

    fn shots(
        &self,
        mut program: Program,
        result: &mut TaskResult,
        seed: u64,
        layout: &Layout,
    ) -> Result<(), SimError> {
        let (runner, options) = (&self.machine.runner, &self.machine.options);
        let n = runner.circuit.n_qubits;
        let reader = Reader::new(&runner.circuit.results, layout, n)?;
        program.gates(&reader.bases.with_segment(|s| runner.engine.plan(s))?);
        let wanted = program.finish(&reader.sources);
        let mut rng = Rng::new(seed);
        let mut rows = frames::sample(n, &program, &wanted, result.shots, &mut rng, options)?;
        let began = options.now_us();
        rows.tidy();
        let reading = reader.answer(&rows, &mut rng, options.keep_shots);
        result.counts = reading.counts;
        result.shot_list = reading.shot_list;
        result.values = reading.values;
        result.timing.sample_us = options.now_us() - began;
        Ok(())
    }

    /// The answers to all result types; none where they would take too long or are not possible.
    fn exact(&self, program: &Program) -> Result<Option<Vec<ResultValue>>, SimError> {
        let circuit = &self.machine.runner.circuit;
        let n = circuit.n_qubits;
        let every: Vec<u32> = (0..n).collect();
        let mut left = EXACT_STEPS;
        let mut out = Vec::with_capacity(circuit.results.len());
        for request in &circuit.results {
            let strings = match &request.kind {
                ResultType::Probability(t) => 1u64 << t.as_ref().unwrap_or(&every).len(),
                ResultType::DensityMatrix(t) => 1 << (2 * t.as_ref().unwrap_or(&every).len()),
                _ => 1,
            };
            let cost = strings.saturating_mul(program.steps.len() as u64 + u64::from(n));
            let Some(rest) = left.checked_sub(cost) else { return Ok(None) };
            left = rest;
            if self.machine.options.stopped() {
                return Err(SimError::Stopped);
            }
            let mean = |o| means(n, program, &PauliSum::from_observable(o, 1.0));
            out.push(match &request.kind {
                ResultType::Expectation(o) => ResultValue::Expectation(mean(o)),
                ResultType::Variance(o) => ResultValue::Variance(1.0 - mean(o).powi(2)),
                ResultType::Probability(t) => {
                    let targets = t.as_ref().unwrap_or(&every);
                    ResultValue::Probability(heisenberg::probabilities(n, program, targets))
                }
                ResultType::DensityMatrix(t) => {
                    let targets = t.as_ref().unwrap_or(&every);
                    let matrix = density_from(targets, |s| heisenberg::mean(n, program, s));
                    ResultValue::DensityMatrix(matrix)
                }
                _ => return Ok(None),
            });
        }
        Ok((!out.is_empty()).then_some(out))
    }
}

fn means(n: u32, program: &Program, sum: &PauliSum) -> f64 {
    sum.terms.iter().map(|(w, s)| w * heisenberg::mean(n, program, s)).sum()
}

impl Run for CliffordRun<'_> {
    fn run(
        &mut self,
        inputs: &[f64],
        shots: u64,
        seed: u64,
        layout: &Layout,
    ) -> Result<TaskResult, SimError> {
        let began = self.machine.options.now_us();
        self.machine.runner.bind(inputs)?;
        let Some(program) = self.program()? else {
            return self.machine.run(inputs, shots, seed, layout);
        };
        let bound = self.machine.options.now_us();
        let timing = Timing { plan_us: bound - began, ..Timing::default() };
        let columns = layout.qubits.clone();
        let mut result =
            TaskResult { shots, columns, counts: Vec::new(), shot_list: None, values: Vec::new(), timing };
        if shots > 0 {
            self.shots(program, &mut result, seed, layout)?;
        } else {
            match self.exact(&program)? {
                Some(values) => result.values = values,
                None => return self.machine.run(inputs, shots, seed, layout),
            }
        }
        let total = self.machine.options.now_us() - bound;
        result.timing.simulate_us = total.saturating_sub(result.timing.sample_us);
        Ok(result)
    }

    fn values(&mut self, rows: &[f64], of: &[PauliSum], out: &mut [f64]) -> Result<(), SimError> {
        self.machine.values(rows, of, out)
    }

    fn gradient(
        &mut self,
        inputs: &[f64],
        of: &PauliSum,
        out: &mut [f64],
        max_memory: u64,
    ) -> Result<f64, SimError> {
        self.machine.gradient(inputs, of, out, max_memory)
    }
}

//! Runs on chains: the common walk, with a note of what was cut off.

use crate::circuit::Circuit;
use crate::engine::mps::chain::Cut;
use crate::engine::mps::engine::{Loss, Mps};
use crate::engine::mps::fits::is_asked;
use crate::engine::prepared::{Machine, Run};
use crate::engine::runner::Runner;
use crate::engine::{Options, SimError, TaskResult};
use crate::pauli::PauliSum;
use crate::plan::code::Code;
use crate::plan::columns::Layout;

/// What one cut may drop when the caller names no number.
const CUTOFF: f64 = 1e-16;

/// A circuit on a chain.
pub(crate) struct ChainRun<'a> {
    machine: Machine<'a, Mps>,
}

impl<'a> ChainRun<'a> {
    pub(crate) fn new(circuit: &Circuit, code: Code, options: &Options<'a>) -> Self {
        let cutoff = options.cutoff.unwrap_or(if is_asked(options) { CUTOFF } else { 0.0 });
        let max_bond = options.max_bond.unwrap_or(usize::MAX);
        let cut = Cut { max_bond, cutoff, max_bytes: options.max_memory };
        let engine = Mps { n: circuit.n_qubits, cut, loss: Loss::NONE.into() };
        let runner = Runner::new(engine, circuit, code, false);
        Self { machine: Machine { runner, options: options.clone() } }
    }

    fn forget(&self) {
        if let Ok(mut loss) = self.machine.runner.engine.loss.lock() {
            *loss = Loss::NONE;
        }
    }
}

impl Run for ChainRun<'_> {
    fn run(
        &mut self,
        inputs: &[f64],
        shots: u64,
        seed: u64,
        layout: &Layout,
    ) -> Result<TaskResult, SimError> {
        self.forget();
        self.machine.run(inputs, shots, seed, layout)
    }

    fn values(&mut self, rows: &[f64], of: &[PauliSum], out: &mut [f64]) -> Result<(), SimError> {
        self.forget();
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

    fn note(&self) -> Option<String> {
        let loss = *self.machine.runner.engine.loss.lock().ok()?;
        let bond = format!("widest bond {}", loss.widest);
        Some(if loss.dropped == 0.0 {
            format!("{bond}, nothing cut off")
        } else {
            format!("{bond}, weight {:.2e} cut off, fidelity about {:.10}", loss.dropped, loss.kept)
        })
    }
}

//! The built-in simulator as the place where local jobs run.

use shotbook_sim::engine::{self, Watch};
use shotbook_sim::qasm::{self, Inputs, ParseOptions};

use crate::job::{Job, Place};
use crate::outcome::{self, Engine};
use crate::runner::{Compute, LocalWork};
use crate::{app, time};

/// Simulates on this machine.
pub struct Simulator<'a> {
    /// Says whether to stop.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

impl Watch for Simulator<'_> {
    fn now_us(&self) -> u64 {
        time::monotonic_us()
    }

    fn stopped(&self) -> bool {
        (self.stop)()
    }

    fn progress(&self, _done: f64) {}
}

impl Compute for Simulator<'_> {
    fn compute(&self, job: &Job, circuit: &[u8], inputs: &[u8]) -> Result<Vec<u8>, String> {
        self.simulate(job, circuit, inputs, 1)
    }

    fn compute_all(&self, work: &[LocalWork]) -> Vec<Result<Vec<u8>, String>> {
        let sides = available();
        let share = work.len().div_ceil(sides).max(1);
        let one = |w: &LocalWork| self.simulate(&w.job, &w.circuit, &w.inputs, sides);
        let answers: Vec<_> = std::thread::scope(|scope| {
            let shares: Vec<_> = work
                .chunks(share)
                .map(|part| (part.len(), scope.spawn(move || part.iter().map(one).collect::<Vec<_>>())))
                .collect();
            let broken = |n| vec![Err("the simulation broke off; please report it".to_owned()); n];
            shares.into_iter().flat_map(|(n, part)| part.join().unwrap_or_else(|_| broken(n))).collect()
        });
        // What did not fit into a share of the machine has all of it for itself.
        let again = |(w, answer): (&LocalWork, Result<_, _>)| {
            answer.or_else(|_: String| self.simulate(&w.job, &w.circuit, &w.inputs, 1))
        };
        work.iter().zip(answers).map(again).collect()
    }
}

/// Threads that this machine has.
fn available() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

impl Simulator<'_> {
    /// One job, with its share of the machine when `sides` of them run side by side.
    fn simulate(&self, job: &Job, circuit: &[u8], inputs: &[u8], sides: usize) -> Result<Vec<u8>, String> {
        let Place::Local { seed } = job.terms.place else { return Err("this job is not local".to_owned()) };
        let text = std::str::from_utf8(circuit).map_err(|e| e.to_string())?;
        let inputs: Inputs = app::submit::inputs_from_json(inputs)?;
        let read = qasm::read(&job.terms.name, text, &ParseOptions::default(), &inputs);
        let first = |diagnostics: &[shotbook_sim::diagnostic::Diagnostic]| {
            diagnostics
                .first()
                .map_or_else(|| "the circuit is wrong".to_owned(), |d| format!("{}: {}", d.code, d.message))
        };
        let circuit = read.circuit.ok_or_else(|| first(&read.diagnostics))?;
        let values = qasm::bind(&circuit, &inputs).map_err(|d| first(&d))?;
        let whole = app::session::simulation();
        let options = engine::Options {
            watch: Some(self),
            shots: Some(job.terms.shots),
            threads: (whole.threads / sides).max(1),
            max_memory: whole.max_memory / sides as u64,
            ..whole
        };
        let mut prepared = engine::prepare(&circuit, &options).map_err(|e| e.to_string())?;
        let result = prepared.run(&values, job.terms.shots, seed).map_err(|e| e.to_string())?;
        let engine =
            Engine { name: prepared.engine().to_owned(), reason: prepared.reason().to_owned(), seed };
        Ok(outcome::to_stored(&outcome::from_run(&circuit, &result, engine)))
    }
}
